//! Delimited protobuf: a sequence of length-prefixed `io.prometheus.client.MetricFamily` messages.
//!
//! A message is parsed where it lies once it is whole; events come out of it one at a time, so nothing is built
//! for a family. Per metric one pass over its fields fills scratch that lives in the parser; per series only the
//! tail of the key changes. Labels stay on the wire until [`Series::labels`](crate::Series::labels) asks: their
//! validity depends on bytes that are part of the key, so a caller that has decoded a key once need not do so
//! again. Nothing recurses, and in the steady state nothing is allocated.

use alloc::boxed::Box;

mod bucket;
mod exemplar;
mod family;
mod histogram;
mod key;
mod labels;
mod metric;
mod native;
mod packed;
mod steps;
mod view;
mod wire;

#[cfg(test)]
pub(crate) mod tests;

use self::family::{Head, Kind};
use self::key::KeyBuilder;
use self::labels::LabelTable;
use self::metric::Metric;
use self::steps::{Next, canonical};
use self::wire::{Fault, Frame, Range, frame};
use crate::event::{Expect, Step};
use crate::exemplar::Exemplars;
use crate::nhcb::Nhcb;
use crate::parser::Cursor;
use crate::{ErrorClass, LabelSink, ParseError};

pub(crate) use self::exemplar::{PbExemplar, PbExemplars};
pub(crate) use self::native::{Flavour, Native};
pub(crate) use self::view::{PbLabels, view};

/// What outlives a call: the place in the current message, and scratch.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// Whether a message is being worked on; its prefix starts at the cursor.
    active: bool,
    current: Current,
    /// What the scratch holds, ready to be shown.
    shown: What,
    /// It was looked at and is still to be yielded.
    held: bool,
    key: KeyBuilder,
    labels: LabelTable,
    metric: Metric,
    native: Native,
    nhcb: Nhcb,
    /// Of the metric being worked on.
    timestamp: Option<i64>,
    start: i64,
    /// Position of the metric in its message.
    metric_at: u32,
    /// Whether the metric was yielded as a native histogram.
    native_yielded: bool,
    /// The next bucket that has an exemplar, and its place in the list of those that have.
    exemplar_at: u32,
    exemplar: u32,
}

/// A message in work. Positions count from the end of its prefix.
#[derive(Debug, Clone, Copy, Default)]
struct Current {
    prefix: u32,
    length: u32,
    head: Head,
    next: Next,
    /// Where to look for the next metric.
    rest: u32,
}

/// The answer of [`advance`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ready<'p> {
    NeedMore,
    Eof,
    /// An event is in the scratch; it refers to this message.
    Event(&'p [u8]),
}

/// What is to be shown.
#[derive(Debug, Clone, Copy)]
enum What {
    Help(Range, Range),
    Unit(Range, Range),
    Type(Range, Kind),
    Series { value: f64, exemplar: Source },
    Histogram { flavour: Flavour, exemplar: Source },
}

impl Default for What {
    fn default() -> Self {
        Self::Help(Range::default(), Range::default())
    }
}

/// Which exemplars go with a sample.
#[derive(Debug, Clone, Copy)]
enum Source {
    None,
    Counter,
    /// That of one bucket, by position among those that have one.
    Bucket(u32),
    Native,
    AllBuckets,
}

impl Decoder {
    /// Forgets the body, keeps the memory.
    pub(crate) fn reset(&mut self) {
        self.active = false;
        self.held = false;
        self.current.next = Next::default();
    }
}

/// The next event, past the format-neutral form that the text formats need.
#[inline]
pub(crate) fn next<'a>(cursor: &'a mut Cursor<'_>) -> Result<Step<'a>, ParseError> {
    let parser = &mut *cursor.parser;
    let value = match parser.protobuf.inner_bucket(&parser.options) {
        Some(value) => value,
        None => match advance(cursor)? {
            Ready::NeedMore => return Ok(Step::NeedMore),
            Ready::Eof => return Ok(Step::Eof),
            Ready::Event(message) => match cursor.parser.protobuf.shown {
                What::Series {
                    value,
                    exemplar: Source::None,
                } => value,
                _ => return Ok(Step::Event(view(cursor, message))),
            },
        },
    };
    let event = view::series(cursor, value, Exemplars::default());
    Ok(Step::Event(event))
}

/// Takes the next event if it is a sample of the series with this key; otherwise the event stays for [`next`].
#[inline]
pub(crate) fn expect<'a>(cursor: &'a mut Cursor<'_>, key: &[u8]) -> Result<Expect<'a>, ParseError> {
    let parser = &mut *cursor.parser;
    let sample = match parser.protobuf.inner_bucket(&parser.options) {
        Some(value) => {
            let exemplar = Source::None;
            parser.protobuf.shown = What::Series { value, exemplar };
            Some((value, exemplar))
        }
        None => match advance(cursor)? {
            Ready::NeedMore => return Ok(Expect::NeedMore),
            Ready::Eof => return Ok(Expect::Miss),
            Ready::Event(_) => match cursor.parser.protobuf.shown {
                What::Series { value, exemplar } => Some((value, exemplar)),
                _ => None,
            },
        },
    };
    let decoder = &mut cursor.parser.protobuf;
    match sample.filter(|_| decoder.key.key() == key) {
        Some((value, exemplar)) => Ok(Expect::Hit(view::known(cursor, value, exemplar))),
        None => {
            decoder.held = true;
            Ok(Expect::Miss)
        }
    }
}

/// Gets the next event into the scratch.
#[inline(never)]
pub(crate) fn advance<'p>(cursor: &mut Cursor<'p>) -> Result<Ready<'p>, ParseError> {
    if let Some(error) = &cursor.parser.failed {
        return Err(ParseError::clone(error));
    }
    loop {
        let input = cursor.input;
        let parser = &mut *cursor.parser;
        let decoder = &mut parser.protobuf;
        if core::mem::take(&mut decoder.held) {
            return Ok(Ready::Event(message_at(cursor)));
        }
        if !decoder.active {
            let rest = input.get(cursor.pos..).unwrap_or_default();
            if rest.is_empty() {
                if cursor.end {
                    parser.complete = true;
                    return Ok(Ready::Eof);
                }
                return Ok(Ready::NeedMore);
            }
            match start_message(cursor, rest) {
                Ok(true) => continue,
                Ok(false) => return Ok(Ready::NeedMore),
                Err(fault) => return Err(fail(cursor, fault, 0)),
            }
        }
        let prefix = decoder.current.prefix as usize;
        let start = cursor.pos + prefix;
        let end = start + decoder.current.length as usize;
        let Some(message) = input.get(start..end) else {
            // Only a caller that feeds less than it was asked to keep gets here.
            return Ok(Ready::NeedMore);
        };
        match decoder.step(message, &parser.options) {
            Ok(true) => return Ok(Ready::Event(message)),
            Ok(false) => finish_message(cursor, end),
            Err(fault) => return Err(fail(cursor, fault, prefix)),
        }
    }
}

/// The message in work, which starts at the cursor.
fn message_at<'a>(cursor: &Cursor<'a>) -> &'a [u8] {
    let current = &cursor.parser.protobuf.current;
    let start = cursor.pos + current.prefix as usize;
    let message = cursor.input.get(start..start + current.length as usize);
    message.unwrap_or_default()
}

fn finish_message(cursor: &mut Cursor<'_>, end: usize) {
    cursor.parser.protobuf.active = false;
    cursor.parser.line += 1;
    cursor.pos = end;
}

/// Starts on the message that `rest` begins with. False if it is not whole yet.
fn start_message(cursor: &mut Cursor<'_>, rest: &[u8]) -> Result<bool, Fault> {
    let cap = match cursor.parser.options.limits.line {
        0 => u64::from(u32::MAX),
        cap => (cap as u64).min(u64::from(u32::MAX)),
    };
    let too_long = || Fault::new(ErrorClass::Limit, 0, "message is longer than the limit");
    // An oversized message is refused by its prefix, before anybody buffers it.
    let (prefix, length) = match frame(rest, false)? {
        Frame::Whole { length, .. } if length as u64 > cap => return Err(too_long()),
        Frame::Partial {
            needed: Some(needed),
        } if needed > cap.saturating_add(wire::MAX_PREFIX as u64) => {
            return Err(too_long());
        }
        Frame::Partial { .. } if cursor.end => return frame(rest, true).map(|_| false),
        Frame::Partial { .. } => return Ok(false),
        Frame::Whole { prefix, length } => (prefix, length),
    };
    let message = rest.get(prefix..prefix + length).unwrap_or_default();
    let whole = Range {
        start: 0,
        end: length as u32,
    };
    let head = family::head(message, whole).map_err(|fault| Fault {
        at: fault.at + prefix,
        ..fault
    })?;
    let Some(first) = head.first_metric else {
        let end = cursor.pos + prefix + length;
        finish_message(cursor, end);
        return Ok(true);
    };
    let decoder = &mut cursor.parser.protobuf;
    decoder.key.start_family(head.name.of(message));
    decoder.active = true;
    decoder.current = Current {
        prefix: prefix as u32,
        length: length as u32,
        head,
        next: Next::Help,
        rest: first,
    };
    Ok(true)
}

#[cold]
fn fail(cursor: &mut Cursor<'_>, fault: Fault, prefix: usize) -> ParseError {
    let column = prefix + fault.at;
    let error = ParseError {
        class: fault.class,
        message: fault.message.into(),
        offset: cursor.parser.offset + (cursor.pos + column) as u64,
        line: cursor.parser.line,
        column: column as u64 + 1,
        snippet: Box::default(),
        snippet_at: 0,
    };
    cursor.parser.failed = Some(Box::new(error.clone()));
    cursor.parser.protobuf.reset();
    error
}

/// Decodes name and labels of a composed key.
///
/// # Errors
/// The labels are not valid, or the bytes are no key.
pub(crate) fn decode_key(key: &[u8], sink: &mut impl LabelSink) -> Result<(), ParseError> {
    key::decode(key, sink).map_err(|fault| view::bare(fault, 0, 1, fault.at))
}
