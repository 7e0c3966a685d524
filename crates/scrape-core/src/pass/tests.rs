//! Numbered acceptance cases of a pass, against the in-memory store. `t` advances by one second per scrape.

mod harness;
mod labels;
mod limits;

mod staleness;
mod streaming;

use harness::{Bench, STALE, text};
