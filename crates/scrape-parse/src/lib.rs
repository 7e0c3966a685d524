//! Parsers for the exposition formats that Prometheus scrapes: text 0.0.4 and 1.0.0, OpenMetrics 1.x and
//! delimited protobuf. Bytes in, borrowed events out: no I/O, no clock, no logging, no async.

mod error;
mod event;
pub mod histogram;
pub mod names;

pub use error::{ErrorClass, ParseError};
pub use event::{LabelSink, MetricType};
