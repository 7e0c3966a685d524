//! A slow, obvious parser of the text formats: the oracle of tests and fuzzers. It shares no code with the fast
//! one, reads the whole body at once, allocates freely and is written along the grammar. Limits and pieces are
//! not its business.

pub mod agreement;
pub(crate) mod conversion;
mod lazy;
pub mod lockstep;
mod number;
mod openmetrics;
#[cfg(feature = "om2")]
mod openmetrics2;
pub(crate) mod owned;
pub(crate) mod protobuf;
mod reader;
mod start_ts;
mod text;

pub use lazy::{Line, Prediction, parse_lazily, predictions, wrong};

use crate::{
    Cursor, ErrorClass, Event, Exemplars, Format, LabelContext, MetricType, Parser, ParserOptions,
    Step,
};

/// Labels in the order of the exposition.
pub type Labels = Vec<(Vec<u8>, Vec<u8>)>;

/// An event that owns its parts and compares by bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// See [`Event::Help`].
    Help(Vec<u8>, String),
    /// See [`Event::Type`].
    Type(Vec<u8>, MetricType),
    /// See [`Event::Unit`].
    Unit(Vec<u8>, String),
    /// See [`Event::Comment`].
    Comment(Vec<u8>),
    /// See [`Event::Series`].
    Sample(Sample),
    /// See [`Event::Histogram`]; its key and how the payload prints.
    Histogram(Vec<u8>, String),
}

/// A float sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The raw key.
    pub key: Vec<u8>,
    /// Decoded labels, the name among them.
    pub labels: Labels,
    /// Bits of the value.
    pub value: u64,
    /// Milliseconds.
    pub timestamp: Option<i64>,
    /// Milliseconds, 0 if unknown.
    pub start_timestamp: i64,
    /// Labels, bits of the value, milliseconds.
    pub exemplar: Option<(Labels, u64, Option<i64>)>,
}

/// Why a body was refused: class and offset.
pub type Refusal = (ErrorClass, u64);

/// What a body yields, and why it was refused, if it was.
pub type Outcome = (Vec<Item>, Option<Refusal>);

/// Reads a whole body with the slow parser. Protobuf and OpenMetrics 2.0 have others (see [`lockstep`]) and yield
/// nothing.
pub fn parse(body: &[u8], options: &ParserOptions) -> Outcome {
    match options.format {
        Format::Text => text::parse(body, options),
        Format::OpenMetrics => openmetrics::parse(body, options),
        Format::OpenMetrics2 | Format::Protobuf => (Vec::new(), None),
    }
}

/// Reads a body with the real parser, in pieces that end at `cuts` (ascending); without cuts, whole.
pub fn parse_fast(body: &[u8], options: &ParserOptions, cuts: &[usize]) -> Outcome {
    let mut parser = Parser::new(*options);
    let mut items = Vec::new();
    let mut from = 0;
    for (cut, end) in cuts.iter().map(|&c| (c, false)).chain([(body.len(), true)]) {
        let mut cursor = parser.feed(body.get(from..cut).unwrap_or_default(), end);
        match drain(&mut cursor, &mut items) {
            Ok(true) => return (items, None),
            Ok(false) => from += cursor.consumed(),
            Err(refusal) => return (items, Some(refusal)),
        }
    }
    // The last piece was final, so the parser must have decided.
    (items, Some((ErrorClass::Trunc, u64::MAX)))
}

fn drain(cursor: &mut Cursor<'_>, items: &mut Vec<Item>) -> Result<bool, Refusal> {
    loop {
        match cursor.next().map_err(|e| (e.class, e.offset))? {
            Step::Event(event) => items.push(own(&event)),
            Step::NeedMore => return Ok(false),
            Step::Eof => return Ok(true),
        }
    }
}

/// An event as an [`Item`].
pub fn own(event: &Event<'_>) -> Item {
    match event {
        Event::Help { family, text } => Item::Help(family.to_vec(), text.to_string()),
        Event::Type { family, kind } => Item::Type(family.to_vec(), *kind),
        Event::Unit { family, unit } => Item::Unit(family.to_vec(), unit.to_string()),
        Event::Comment(text) => Item::Comment(text.to_vec()),
        Event::Series(series) => {
            let mut labels = Labels::new();
            if series.labels(&mut labels).is_err() {
                labels.clear();
            }
            let exemplar = exemplar(series.exemplars);
            Item::Sample(Sample {
                key: series.key.to_vec(),
                labels,
                value: series.value.to_bits(),
                timestamp: series.timestamp,
                start_timestamp: series.start_timestamp,
                exemplar,
            })
        }
        Event::Histogram(h) => Item::Histogram(h.key.to_vec(), format!("{:?}", h.value)),
    }
}

fn exemplar(mut exemplars: Exemplars<'_>) -> Option<(Labels, u64, Option<i64>)> {
    exemplars.next().map(|e| {
        let mut labels = Labels::new();
        e.labels(&mut labels);
        (labels, e.value.to_bits(), e.timestamp)
    })
}

/// Left to right, only the listed escapes.
fn unescape(raw: &[u8], quotes: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut i = 0;
    while i < raw.len() {
        let (byte, next) = (raw[i], raw.get(i + 1).copied());
        match (byte, next) {
            (b'\\', Some(b'\\')) => out.push(b'\\'),
            (b'\\', Some(b'n')) => out.push(b'\n'),
            (b'\\', Some(b'"')) if quotes => out.push(b'"'),
            _ => {
                out.push(byte);
                i += 1;
                continue;
            }
        }
        i += 2;
    }
    out
}

/// Stands for the name of the metric in pairs as written: no label name can be a lone quote.
const NAME: &[u8] = b"\"";

/// The pairs as written, decoded.
fn decode(pairs: &[(Vec<u8>, Vec<u8>)], kind: MetricType) -> Labels {
    let numeric: &[u8] = match LabelContext::from(kind) {
        LabelContext::Other => b"",
        LabelContext::Histogram => b"le",
        LabelContext::Summary => b"quantile",
    };
    pairs
        .iter()
        .map(|(name, value)| {
            let value = unescape(value, true);
            if name == NAME {
                return (crate::METRIC_NAME.to_vec(), value);
            }
            let name = unescape(name, true);
            match crate::parse_go_float(&value) {
                Some(number) if name == numeric => (name, number::om_text(number).into_bytes()),
                _ => (name, value),
            }
        })
        .collect()
}
