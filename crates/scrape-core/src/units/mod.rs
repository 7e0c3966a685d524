//! The scalars of a `prometheus.yml` and the texts Prometheus derives from them. Two duration grammars meet
//! here: Prometheus's own (`1h30m`, days and weeks, no fractions) in configuration and labels, and Go's
//! (`1m30s`, `1.5s`) in metric labels. Both must come out byte for byte, since they end up in series.

mod bytes;
mod duration;
mod float;
mod go_duration;

pub use bytes::{ByteSize, ByteSizeError};
pub use duration::{DurationError, PromDuration};
pub use float::{go_float_text, openmetrics_float_text, push_go_float, push_openmetrics_float};
pub use go_duration::{go_duration_text, seconds_text};

#[cfg(test)]
mod tests;
