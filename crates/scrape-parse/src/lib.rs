//! Parsers for the exposition formats that Prometheus scrapes: text 0.0.4 and 1.0.0, OpenMetrics 1.x and
//! delimited protobuf. Bytes in, borrowed events out: no I/O, no clock, no logging, no async. The cargo feature `om2`
//! adds OpenMetrics 2.0, of which there is only a draft (2.0.0-rc0 is followed).
//!
//! - [`Format::from_content_type`] and [`accept_header`] negotiate the format.
//! - A [`Parser`] keeps what outlives a piece of input, a [`Cursor`] walks one piece and yields [`Event`]s that
//!   borrow it. `NeedMore` is an answer, so a body can be parsed while it arrives; memory is bounded by the
//!   longest line, for which [`Limits`] has a cap.
//! - A caller that scrapes the same target again and again keeps the raw key of every series and uses
//!   [`Cursor::expect`], [`Cursor::scan_key`] and [`Cursor::take_known`]: labels are then neither decoded nor
//!   validated again, and a value whose text has not changed is not parsed. The same holds for exemplars
//!   ([`Cursor::expect_with_exemplar`]) and for metadata lines ([`Cursor::expect_meta`]).
//! - [`families::families`] is the comfortable layer above, for tools.
//! - The cargo feature `std`, on by default, adds the validator (`strict`) and the lint (`lint`); without it the crate
//!   is `no_std` and needs an allocator.
//!
//! What is accepted and refused is what Prometheus 3 accepts and refuses, bar its bugs. A [`ParseError`] says
//! what was expected and where; the first one is final, and what the body yielded before it has to be dropped.
//! Names are bytes: whether they are valid is asked later ([`names`]), because relabeling may have removed the
//! series by then. Label values and help are checked UTF-8.
//!
//! # Examples
//! ```
//! use scrape_parse::{Event, Format, Parser, ParserOptions, Step};
//!
//! let mut parser = Parser::new(ParserOptions::new(Format::Text));
//! // The body arrives in two pieces that do not care for lines.
//! let mut buffer = b"http_requests_total{code=\"200\"} 10".to_vec();
//! let mut total = 0.0;
//! for (more, end) in [(&b"27\nhttp_requests_total{co"[..], false), (b"de=\"500\"} 3\n", true)] {
//!     buffer.extend_from_slice(more);
//!     let mut cursor = parser.feed(&buffer, end);
//!     while let Step::Event(event) = cursor.next()? {
//!         if let Event::Series(series) = event {
//!             total += series.value;
//!         }
//!     }
//!     let consumed = cursor.consumed();
//!     drop(cursor);
//!     buffer.drain(..consumed);
//! }
//! assert_eq!(total, 1030.0);
//! # Ok::<(), scrape_parse::ParseError>(())
//! ```

#![cfg_attr(not(any(feature = "std", test)), no_std)]

extern crate alloc;

mod accept;
mod error;
pub mod escape;
mod event;
mod exemplar;
pub mod families;
mod format;
pub mod histogram;
mod labels;
#[cfg(feature = "std")]
pub mod lint;
pub mod names;
mod nhcb;
mod number;
#[cfg(feature = "om2")]
mod om2;
#[cfg(not(feature = "om2"))]
#[path = "om2/off.rs"]
mod om2;
mod parser;
mod protobuf;
mod protocol;
#[cfg(any(test, feature = "reference"))]
pub mod reference;
mod scan;
#[cfg(feature = "std")]
pub mod strict;
mod text;
mod unescape;

#[cfg(test)]
mod tests;

pub use accept::accept_header;
pub use error::{ErrorClass, ParseError};
pub use event::{
    Event, Expect, HistogramSeries, HistogramValue, Known, KnownMeta, LabelContext, LabelSink,
    METRIC_NAME, MetricType, Plain, PlainSample, Scan, Series, Step,
};
pub use exemplar::{Exemplar, Exemplars};
pub use format::Format;
pub use labels::decode_key;
pub use number::{OmFloat, parse_go_float};
pub use parser::{Cursor, Limits, Parser, ParserOptions};
pub use protocol::{ScrapeProtocol, UnknownProtocol};
