//! Relabeling: the rules of `relabel_configs` and `metric_relabel_configs`, which rewrite, keep or drop label
//! sets. [`RelabelConfig`] is a rule as written, [`Rule`] a rule compiled, [`apply`] runs a list of them in
//! place. Where nothing matches, nothing is allocated.

mod action;
mod config;
mod error;
mod letters;
mod regex;
mod rule;
mod template;
mod validate;

pub use action::{Action, UnknownAction};
pub use config::{ApiRule, RelabelConfig};
pub use error::RelabelError;
pub use regex::{Pattern, PatternError, PatternErrorKind};
pub use rule::{Rule, Step, apply, steps};

#[cfg(test)]
mod tests;
