//! Numbers: sample values and OpenMetrics timestamps, the wider grammar of `le` and `quantile`, and the text
//! that OpenMetrics clients write for a float.

mod format;
mod go;
mod sample;
#[cfg(test)]
mod tests;

pub use format::OmFloat;
pub use go::parse_go_float;
pub(crate) use sample::{NAN, Parsed, parse_number, scan_number};
