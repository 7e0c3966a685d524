//! Numbered acceptance cases of a pass, against the in-memory store. `t` advances by one second per scrape.

mod features;
mod harness;
mod labels;
mod limits;
mod metadata;
mod native;
#[cfg(feature = "om2")]
mod om2;

mod staleness;
mod streaming;

use harness::{Bench, STALE, text};
