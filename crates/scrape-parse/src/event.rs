//! What a parser yields. Everything borrows the input or the parser's scratch memory, so an event lives until
//! the next call on the cursor; nothing is allocated for a line that the caller already knows.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::ParseError;
use crate::exemplar::Exemplars;
use crate::histogram::{FloatHistogram, Histogram};
use crate::labels::LabelsRef;

/// The label that carries the metric name.
pub const METRIC_NAME: &[u8] = b"__name__";

/// The type of a metric family, as `# TYPE` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
#[repr(u8)]
pub enum MetricType {
    /// Not declared, `untyped` (text) or `unknown` (OpenMetrics).
    #[default]
    Unknown = 0,
    /// Monotonic counter.
    Counter = 1,
    /// Gauge.
    Gauge = 2,
    /// Classic or native histogram.
    Histogram = 3,
    /// OpenMetrics gauge histogram.
    GaugeHistogram = 4,
    /// Summary.
    Summary = 5,
    /// OpenMetrics info.
    Info = 6,
    /// OpenMetrics state set.
    StateSet = 7,
}

impl MetricType {
    /// The type of an OpenMetrics `# TYPE` line.
    pub(crate) fn from_openmetrics(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"counter" => Self::Counter,
            b"gauge" => Self::Gauge,
            b"histogram" => Self::Histogram,
            b"gaugehistogram" => Self::GaugeHistogram,
            b"summary" => Self::Summary,
            b"info" => Self::Info,
            b"stateset" => Self::StateSet,
            b"unknown" => Self::Unknown,
            _ => return None,
        })
    }

    /// The name that OpenMetrics and the Prometheus API use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
        }
    }
}

/// Receives decoded labels. The metric name arrives as the label `__name__`; order is the order of the
/// exposition; duplicates and empty values are passed on.
pub trait LabelSink {
    /// One label, unescaped. Names and values are raw bytes; names may be invalid UTF-8 (validity is the
    /// caller's question, see the crate documentation), values are checked UTF-8, except the metric name.
    fn label(&mut self, name: &[u8], value: &[u8]);
}

impl LabelSink for Vec<(Vec<u8>, Vec<u8>)> {
    fn label(&mut self, name: &[u8], value: &[u8]) {
        self.push((name.to_vec(), value.to_vec()));
    }
}

/// Which label of a series is a number and is therefore rewritten to its canonical text: `le` while the last
/// `# TYPE` said histogram, `quantile` while it said summary. Decoded labels depend on it, so a cache must
/// decode a key again when the same text turns up in another context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum LabelContext {
    /// Labels are taken literally.
    #[default]
    Other = 0,
    /// `le` is normalised.
    Histogram = 1,
    /// `quantile` is normalised.
    Summary = 2,
}

impl From<MetricType> for LabelContext {
    fn from(kind: MetricType) -> Self {
        match kind {
            MetricType::Histogram => Self::Histogram,
            MetricType::Summary => Self::Summary,
            _ => Self::Other,
        }
    }
}

/// The answer of [`Cursor::next`](crate::Cursor::next).
#[derive(Debug)]
pub enum Step<'a> {
    /// Something was parsed and consumed.
    Event(Event<'a>),
    /// The piece ends inside an event: keep what is not consumed, append more input, feed again.
    NeedMore,
    /// The body is complete. Every further call answers the same.
    Eof,
}

/// One entry of an exposition.
#[derive(Debug)]
pub enum Event<'a> {
    /// Help of a family.
    Help {
        /// Family name, unescaped; may be invalid UTF-8.
        family: Cow<'a, [u8]>,
        /// Help text, unescaped.
        text: Cow<'a, str>,
    },
    /// Type of a family.
    Type {
        /// Family name, unescaped; may be invalid UTF-8.
        family: Cow<'a, [u8]>,
        /// The type.
        kind: MetricType,
    },
    /// Unit of a family (OpenMetrics and protobuf).
    Unit {
        /// Family name, unescaped; may be invalid UTF-8.
        family: Cow<'a, [u8]>,
        /// Unit, may be empty.
        unit: Cow<'a, str>,
    },
    /// A comment line of the text format, from `#`, without the line feed; any bytes.
    Comment(&'a [u8]),
    /// One float sample.
    Series(Series<'a>),
    /// One native histogram sample.
    Histogram(HistogramSeries<'a>),
}

/// A float sample of a series the parser has just validated in full.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// Identity of the series within one format: for text and OpenMetrics the bytes from the start of the line
    /// to the end of the name or label set, verbatim; for protobuf a composed key. Two different keys may
    /// stand for the same series.
    pub key: &'a [u8],
    /// The value; every NaN has the bits 0x7ff8000000000001 unless `canonical_nan` is off (protobuf).
    pub value: f64,
    /// The text of the value; empty for protobuf.
    pub value_text: &'a [u8],
    /// Milliseconds since the epoch, if the sample carries a timestamp.
    pub timestamp: Option<i64>,
    /// Start timestamp in milliseconds, 0 if unknown.
    pub start_timestamp: i64,
    /// The exemplars of the sample, decoded on request.
    pub exemplars: Exemplars<'a>,
    /// How the labels are to be read; store it beside the key.
    pub context: LabelContext,
    pub(crate) labels: LabelsRef<'a>,
}

impl Series<'_> {
    /// Decodes name and labels into `sink`, in the order of the exposition.
    ///
    /// # Errors
    /// Protobuf: the labels are malformed, which fails the body. They are validated here and not before, so a
    /// caller that does not know the key has to call this. None for the text formats, whose labels were validated
    /// with the line.
    #[inline]
    pub fn labels(&self, sink: &mut impl LabelSink) -> Result<(), ParseError> {
        self.labels.decode(self.key, self.context, sink)
    }
}

/// A float sample whose key the caller knows: labels were neither decoded nor validated again.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The value; unset (a NaN) if `unchanged`.
    pub value: f64,
    /// The text of the value.
    pub value_text: &'a [u8],
    /// The text of the value equals the expected one: reuse the number it stood for.
    pub unchanged: bool,
    /// Milliseconds since the epoch, if the sample carries a timestamp.
    pub timestamp: Option<i64>,
    /// Start timestamp in milliseconds, 0 if unknown.
    pub start_timestamp: i64,
    /// The exemplars of the sample, decoded on request.
    pub exemplars: Exemplars<'a>,
    /// The context in force. If it differs from the stored one and the key holds `le` or `quantile`, the
    /// labels have to be decoded again with [`decode_key`](crate::decode_key).
    pub context: LabelContext,
}

/// The payload of a native histogram sample.
#[derive(Debug, Clone, Copy)]
pub enum HistogramValue<'a> {
    /// Integer counts.
    Int(&'a Histogram),
    /// Float counts.
    Float(&'a FloatHistogram),
}

/// A native histogram sample: from protobuf, or converted from classic buckets.
#[derive(Debug, Clone, Copy)]
pub struct HistogramSeries<'a> {
    /// Identity of the series, as in [`Series::key`].
    pub key: &'a [u8],
    /// The histogram.
    pub value: HistogramValue<'a>,
    /// Milliseconds since the epoch, if the sample carries a timestamp.
    pub timestamp: Option<i64>,
    /// Start timestamp in milliseconds, 0 if unknown.
    pub start_timestamp: i64,
    /// The exemplars of the sample, decoded on request.
    pub exemplars: Exemplars<'a>,
    /// How the labels are to be read; store it beside the key.
    pub context: LabelContext,
    pub(crate) labels: LabelsRef<'a>,
}

impl HistogramSeries<'_> {
    /// Decodes name and labels into `sink`, in the order of the exposition.
    ///
    /// # Errors
    /// As [`Series::labels`].
    #[inline]
    pub fn labels(&self, sink: &mut impl LabelSink) -> Result<(), ParseError> {
        self.labels.decode(self.key, self.context, sink)
    }
}

/// The answer of [`Cursor::expect`](crate::Cursor::expect).
///
/// # Examples
/// ```
/// use scrape_parse::{Expect, Format, Parser, ParserOptions};
///
/// let mut parser = Parser::new(ParserOptions::new(Format::Text));
/// let mut cursor = parser.feed(b"up 1\nup 0\nother 1\n", true);
/// // What an earlier scrape found: key, text of the value.
/// let (key, value) = (b"up", b"1");
/// assert!(matches!(cursor.expect(key, value)?, Expect::Hit(known) if known.unchanged));
/// assert!(matches!(cursor.expect(key, value)?, Expect::Hit(known) if known.value == 0.0));
/// assert!(matches!(cursor.expect(key, value)?, Expect::Miss));
/// # Ok::<(), scrape_parse::ParseError>(())
/// ```
#[derive(Debug)]
pub enum Expect<'a> {
    /// The next line is another one (or none for the fast path); nothing was consumed.
    Miss,
    /// The piece ends before the answer is known; nothing was consumed.
    NeedMore,
    /// The next line was the expected one and is consumed.
    Hit(Known<'a>),
}

/// The answer of [`Cursor::expect_plain`](crate::Cursor::expect_plain).
#[derive(Debug, Clone, Copy)]
pub enum Plain<'a> {
    /// The next line was the expected one and is consumed.
    Hit(PlainSample<'a>),
    /// The next line is another one; nothing was consumed.
    Miss,
    /// Not a plain line, or not all of it here: nothing was consumed, ask
    /// [`Cursor::expect_full`](crate::Cursor::expect_full).
    Unclear,
}

/// A sample without timestamps whose key the caller knows.
#[derive(Debug, Clone, Copy)]
pub struct PlainSample<'a> {
    /// The value; unset (a NaN) if `unchanged`.
    pub value: f64,
    /// The text of the value.
    pub value_text: &'a [u8],
    /// The text of the value equals the expected one: reuse the number it stood for.
    pub unchanged: bool,
    /// The exemplar of the sample, decoded on request.
    pub exemplars: Exemplars<'a>,
}

impl<'a> PlainSample<'a> {
    /// The same in the form that any sample has.
    #[inline(always)]
    pub fn known(self, context: LabelContext) -> Known<'a> {
        Known {
            value: self.value,
            value_text: self.value_text,
            unchanged: self.unchanged,
            timestamp: None,
            start_timestamp: 0,
            exemplars: self.exemplars,
            context,
        }
    }
}

/// Metadata that a caller remembers from an earlier body, for
/// [`Cursor::expect_meta`](crate::Cursor::expect_meta): lines that followed each other and were about one family.
///
/// # Examples
/// ```
/// use scrape_parse::{Event, Format, KnownMeta, MetricType, Parser, ParserOptions, Step};
///
/// let body = b"# HELP up Is it.\n# TYPE up gauge\nup 1\n";
/// let mut parser = Parser::new(ParserOptions::new(Format::Text));
/// let mut lines = Vec::new();
/// let mut cursor = parser.feed(body, true);
/// while let Step::Event(event) = cursor.next()? {
///     if matches!(event, Event::Help { .. } | Event::Type { .. }) {
///         lines.extend_from_slice(cursor.line());
///     }
/// }
/// drop(cursor);
///
/// parser.reset();
/// let mut cursor = parser.feed(body, true);
/// let known = KnownMeta { lines: &lines, family: b"up", kind: Some(MetricType::Gauge) };
/// assert!(cursor.expect_meta(&known));
/// assert_eq!(cursor.kind(), MetricType::Gauge);
/// assert!(matches!(cursor.next()?, Step::Event(Event::Series(series)) if series.key == b"up"));
/// # Ok::<(), scrape_parse::ParseError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct KnownMeta<'a> {
    /// The lines, each as [`Cursor::line`](crate::Cursor::line) gave it after an [`Event::Help`],
    /// [`Event::Type`] or [`Event::Unit`] under the same options, in the order they came in. Lines that do not
    /// end with a line feed, or are longer together than one line may be, are never found.
    pub lines: &'a [u8],
    /// The family of all these events.
    pub family: &'a [u8],
    /// The type that the last [`Event::Type`] among them declared, if there was one.
    pub kind: Option<MetricType>,
}

/// The answer of [`Cursor::scan_key`](crate::Cursor::scan_key).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan<'a> {
    /// The key of the next line, found without validating it; nothing was consumed. Only if these very bytes
    /// were the key of a [`Series`] before may [`Cursor::take_known`](crate::Cursor::take_known) follow;
    /// otherwise call [`Cursor::next`](crate::Cursor::next) and use *its* key.
    Key(&'a [u8]),
    /// Metadata, a blank line, the end, a malformed line or a format without a fast path: call
    /// [`Cursor::next`](crate::Cursor::next).
    Other,
    /// The piece ends before the line does; nothing was consumed.
    NeedMore,
}
