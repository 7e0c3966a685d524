//! What may stand in a configuration file, section by section, and what it means. Each reader takes a place
//! in a tree and gives back resolved values; what is wrong it reports and replaces by the default, so that
//! the reading goes on.

mod discovery;
mod global;
mod http;
mod job;
mod names;
mod other;
mod probe;
mod relabel;
mod root;

pub(crate) use root::{Job, included, main, patterns};

use crate::load::LoadOptions;

/// What readers need besides the file.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) options: &'a LoadOptions,
}
