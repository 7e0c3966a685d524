//! Parsers for the exposition formats that Prometheus scrapes: text 0.0.4 and 1.0.0, OpenMetrics 1.x and
//! delimited protobuf. Bytes in, borrowed events out: no I/O, no clock, no logging, no async.

mod accept;
mod error;
pub mod escape;
mod event;
mod exemplar;
mod format;
pub mod histogram;
mod labels;
pub mod names;
mod nhcb;
mod number;
mod parser;
mod protobuf;
mod protocol;
#[cfg(any(test, feature = "reference"))]
pub mod reference;
#[expect(unsafe_code, reason = "vector loads behind bounds checks")]
mod scan;
mod text;
mod unescape;

#[cfg(test)]
mod tests;

pub use accept::accept_header;
pub use error::{ErrorClass, ParseError};
pub use event::{
    Event, Expect, HistogramSeries, HistogramValue, Known, LabelContext, LabelSink, METRIC_NAME,
    MetricType, Scan, Series, Step,
};
pub use exemplar::{Exemplar, Exemplars};
pub use format::Format;
pub use labels::decode_key;
pub use number::{OmFloat, parse_go_float};
pub use parser::{Cursor, Limits, Parser, ParserOptions};
pub use protocol::{ScrapeProtocol, UnknownProtocol};
