//! OpenMetrics 2.0 text, as of the draft 2.0.0-rc0: the cargo feature `om2`.
//!
//! What differs from OpenMetrics 1: the name of a sample is the name of its family, histograms and summaries are
//! one line with a composite value, a start timestamp stands on the line it belongs to, and a line may have any
//! number of exemplars. No string holds a line feed, so lines are split off first and a line is parsed only when
//! it is whole; nothing below [`advance`] has to care for pieces.
//!
//! One line may yield several events: a composite value becomes the series `_count`, `_sum`, `_bucket{le}` or
//! `{quantile}` that the older formats would have shown, or a native histogram, or both, by the same options as
//! in protobuf. The cursor stays at the start of the line until the last of them is out.
//!
//! # What is accepted
//! The grammar of the draft, and what Prometheus' parser takes beyond it: a comma before `}` in a label set, the
//! fields of a composite value in any order, any spelling of infinity that a sample value may have. What the draft
//! forbids and Prometheus does not look at is left alone here too: repeated metadata, families and metrics that
//! are interleaved, repeated series, a count that differs from the `+Inf` bucket, the signs of counters, sums,
//! counts and quantile values, bounds beyond ±Inf of native buckets. So are the SHOULDs.
//!
//! Two things are done otherwise than in Prometheus. An exemplar of a classic histogram goes with the bucket
//! that its value falls into, as in every other format, and not with `_count`. A label `le` beside classic
//! buckets, or `quantile` in a summary, is refused with its place instead of failing in storage.
//!
//! # What is left out
//! Composite values without a type: the draft both allows and forbids them. A family of type unknown, or of no
//! type, has plain numbers.

use alloc::{string::String, vec::Vec};

mod composite;
mod exemplar;
mod explode;
mod key;
mod labels;
mod line;
mod meta;
mod native;
mod predict;
mod tail;
#[cfg(test)]
mod tests;

use crate::event::{Event, HistogramSeries, HistogramValue, LabelContext, Series, Step};
use crate::labels::LabelsRef;
use crate::nhcb::Nhcb;
use crate::parser::Cursor;
use crate::protobuf::{Flavour, Native};
use crate::unescape::unescape_label;
use crate::{ErrorClass, Format, MetricType, ParseError};
use alloc::borrow::Cow;
use composite::Composite;
use explode::Next;
use key::KeyBuilder;
use tail::Found;

pub(crate) use exemplar::{Exemplars, Om2Exemplar};
pub(crate) use key::decode_key;
pub(crate) use predict::expect;

/// What outlives a call.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// The family that the last line belongs to, unescaped, and what its metadata says.
    family: Vec<u8>,
    kind: MetricType,
    has_unit: bool,
    /// A name without its escapes.
    unescaped: Vec<u8>,
    /// Whether the line at the cursor has been parsed and has more to yield.
    active: bool,
    /// Its length, line feed included.
    length: usize,
    next: Next,
    key: KeyBuilder,
    composite: Composite,
    native: Native,
    nhcb: Nhcb,
    timestamp: Option<i64>,
    start_timestamp: i64,
    /// The exemplars of the line.
    exemplars: Vec<Found>,
    /// Where in the piece the line starts.
    line_start: usize,
}

impl State {
    /// Forgets the body, keeps the memory.
    pub(crate) fn reset(&mut self) {
        self.family.clear();
        self.kind = MetricType::Unknown;
        self.has_unit = false;
        self.active = false;
        self.exemplars.clear();
    }
}

/// What is wrong with a line, counted from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fault {
    class: ErrorClass,
    message: &'static str,
    at: usize,
}

type Parsed<T> = Result<T, Fault>;

#[cold]
fn bad<T>(class: ErrorClass, message: &'static str, at: usize) -> Parsed<T> {
    Err(Fault { class, message, at })
}

/// An event that borrows the input alone.
#[derive(Debug, Clone, Copy)]
enum Entry<'p> {
    Help {
        family: Name<'p>,
        text: &'p str,
    },
    Type {
        family: Name<'p>,
        kind: MetricType,
    },
    Unit {
        family: Name<'p>,
        unit: &'p str,
    },
    /// A plain number.
    Sample {
        key: &'p [u8],
        value: f64,
        value_text: &'p [u8],
        timestamp: Option<i64>,
        start_timestamp: i64,
    },
    /// A series out of a composite value, and which exemplars go with it.
    Member {
        value: f64,
        exemplars: Which,
    },
    /// A native histogram.
    Histogram(Flavour),
}

/// A name as written, quotes excluded.
#[derive(Debug, Clone, Copy)]
struct Name<'p> {
    text: &'p [u8],
    escaped: bool,
}

impl<'p> Name<'p> {
    fn unescaped(self) -> Cow<'p, [u8]> {
        if self.escaped {
            Cow::Owned(unescape_label(self.text))
        } else {
            Cow::Borrowed(self.text)
        }
    }
}

/// Some of the exemplars of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    None,
    All,
    /// Those with a value in this classic bucket.
    Bucket(u32),
}

enum Ready<'p> {
    NeedMore,
    Eof,
    Event(Entry<'p>),
}

/// The next event.
#[inline]
pub(crate) fn next<'a>(cursor: &'a mut Cursor<'_>) -> Result<Step<'a>, ParseError> {
    Ok(match advance(cursor)? {
        Ready::NeedMore => Step::NeedMore,
        Ready::Eof => Step::Eof,
        Ready::Event(entry) => Step::Event(view(cursor, entry)),
    })
}

fn advance<'p>(cursor: &mut Cursor<'p>) -> Result<Ready<'p>, ParseError> {
    if let Some(error) = &cursor.parser.failed {
        return Err(ParseError::clone(error));
    }
    loop {
        let input: &'p [u8] = cursor.input;
        let rest = input.get(cursor.pos..).unwrap_or_default();
        let parser = &mut *cursor.parser;
        if parser.om2.active {
            let length = parser.om2.length;
            if rest.len() < length {
                // Only a caller that feeds less than it was asked to keep gets here.
                return Ok(Ready::NeedMore);
            }
            parser.om2.line_start = cursor.pos;
            match parser.om2.step(&parser.options) {
                Ok(Some(entry)) => return Ok(Ready::Event(entry)),
                Ok(None) => {
                    parser.om2.active = false;
                    cursor.pos += length;
                }
                Err(fault) => return Err(fail(cursor, fault)),
            }
            continue;
        }
        if parser.complete {
            if !rest.is_empty() {
                let message = "nothing may follow `# EOF`";
                return Err(cursor.fail(ErrorClass::AfterEof, message, cursor.pos));
            }
            return Ok(if cursor.end {
                Ready::Eof
            } else {
                Ready::NeedMore
            });
        }
        if cursor.too_early() {
            return Ok(Ready::NeedMore);
        }
        let (line, terminated) = match memchr::memchr(b'\n', rest) {
            Some(at) => (rest.get(..at).unwrap_or_default(), true),
            None if cursor.end => (rest, false),
            None => {
                cursor.need_more()?;
                return Ok(Ready::NeedMore);
            }
        };
        cursor.check_line(cursor.pos + line.len())?;
        cursor.parser.retry_at = 0;
        cursor.line_at = cursor.pos;
        if line.starts_with(b"# EOF") {
            cursor.parser.complete = true;
            cursor.pos += 5 + usize::from(terminated && line.len() == 5);
            continue;
        }
        match line::parse(cursor, line, terminated) {
            Ok(Some(entry)) => return Ok(Ready::Event(entry)),
            Ok(None) => {}
            Err(fault) => return Err(fail(cursor, fault)),
        }
    }
}

/// Finishes the parser with a fault of the line at the cursor.
#[cold]
fn fail(cursor: &mut Cursor<'_>, fault: Fault) -> ParseError {
    cursor.fail(fault.class, fault.message, cursor.pos + fault.at)
}

/// The public form of an entry.
#[inline]
fn view<'a>(cursor: &'a Cursor<'_>, entry: Entry<'a>) -> Event<'a> {
    let state = &cursor.parser.om2;
    match entry {
        Entry::Help { family, text } => Event::Help {
            family: family.unescaped(),
            text: if memchr::memchr(b'\\', text.as_bytes()).is_none() {
                Cow::Borrowed(text)
            } else {
                // Escapes and what they stand for are ASCII, so that the text stays UTF-8.
                let text = unescape_label(text.as_bytes());
                Cow::Owned(String::from_utf8_lossy(&text).into_owned())
            },
        },
        Entry::Type { family, kind } => Event::Type {
            family: family.unescaped(),
            kind,
        },
        Entry::Unit { family, unit } => Event::Unit {
            family: family.unescaped(),
            unit: Cow::Borrowed(unit),
        },
        Entry::Sample {
            key,
            value,
            value_text,
            timestamp,
            start_timestamp,
        } => Event::Series(Series {
            key,
            value,
            value_text,
            timestamp,
            start_timestamp,
            exemplars: exemplar::of(cursor, Which::All),
            context: LabelContext::Other,
            labels: LabelsRef::Spans(&cursor.parser.spans),
        }),
        Entry::Member { value, exemplars } => Event::Series(Series {
            key: state.key.key(),
            value,
            value_text: &[],
            timestamp: state.timestamp,
            start_timestamp: state.start_timestamp,
            exemplars: exemplar::of(cursor, exemplars),
            context: LabelContext::Other,
            labels: LabelsRef::Key(Format::OpenMetrics2),
        }),
        Entry::Histogram(flavour) => Event::Histogram(HistogramSeries {
            key: state.key.key(),
            value: match flavour {
                Flavour::Int => HistogramValue::Int(&state.native.int),
                Flavour::Float => HistogramValue::Float(&state.native.float),
            },
            timestamp: state.timestamp,
            start_timestamp: state.start_timestamp,
            exemplars: exemplar::of(cursor, Which::All),
            context: LabelContext::Other,
            labels: LabelsRef::Key(Format::OpenMetrics2),
        }),
    }
}
