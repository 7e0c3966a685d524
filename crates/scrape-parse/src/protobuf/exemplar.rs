//! Exemplars stay on the wire until somebody asks: here they are checked, found again and decoded.

use super::metric::Metric;
use super::wire::{Fields, Range, Result};
use super::{canonical, message_at};
use crate::LabelSink;
use crate::parser::Cursor;

/// An exemplar's bytes. Almost always one stretch; several only if the sender wrote the field in pieces, which
/// the format says to merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Parts {
    /// First entry of the list of stretches.
    pub(crate) first: u32,
    /// Entry after the last.
    pub(crate) end: u32,
}

impl Parts {
    pub(crate) fn is_none(self) -> bool {
        self.first == self.end
    }

    pub(crate) fn of(self, parts: &[Range]) -> &[Range] {
        parts
            .get(self.first as usize..self.end as usize)
            .unwrap_or_default()
    }
}

const LABEL: i32 = 1;
const VALUE: i32 = 2;
const TIMESTAMP: i32 = 3;

/// Value and time of an exemplar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) value: f64,
    pub(crate) timestamp: Option<i64>,
}

/// Reads the stretches of one exemplar, labels included, into `labels`.
pub(crate) fn read(
    message: &[u8],
    parts: &[Range],
    mut labels: impl FnMut(Range, Range),
) -> Result<Point> {
    let mut value = 0.0;
    let mut time = None;
    for part in parts {
        let mut fields = Fields::new(message, *part);
        while let Some(tag) = fields.tag()? {
            match tag.number {
                LABEL => {
                    let pair = fields.bytes(tag)?;
                    let (name, value) = label_pair(message, pair)?;
                    labels(name, value);
                }
                VALUE => value = fields.double(tag)?,
                TIMESTAMP => {
                    let range = fields.bytes(tag)?;
                    time.get_or_insert_with(Time::default)
                        .read(message, range)?;
                }
                _ => fields.skip(tag)?,
            }
        }
    }
    Ok(Point {
        value,
        timestamp: time.map(Time::millis),
    })
}

/// Checks the shape of one stretch.
pub(crate) fn check(message: &[u8], part: Range) -> Result<()> {
    read(message, &[part], |_, _| ()).map(|_| ())
}

/// The exemplars of one sample, all checked. Small, because every sample carries one of these.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PbExemplars<'a> {
    pub(super) cursor: &'a Cursor<'a>,
    pub(super) list: List,
}

/// Which exemplars of a metric are left to yield.
#[derive(Debug, Clone, Copy)]
pub(super) enum List {
    Done,
    /// The counter's.
    Counter,
    /// That of one classic bucket, by position among the buckets that have one.
    Bucket(u32),
    /// Those of a native histogram that carry a timestamp, from this one on.
    Native(u32),
    /// Those of classic buckets, from this one of the buckets that have one on.
    Buckets {
        next: u32,
        timed_only: bool,
    },
}

impl<'a> PbExemplars<'a> {
    /// The stretches of the next candidate, and whether it needs a timestamp.
    fn take(&mut self) -> Option<(&'a [Range], bool)> {
        let metric: &'a Metric = &self.cursor.parser.protobuf.metric;
        let histogram = &metric.histogram;
        let stretches = |parts: Parts| parts.of(&metric.exemplar_parts);
        match &mut self.list {
            List::Done => None,
            List::Counter => {
                self.list = List::Done;
                Some((&metric.counter_exemplar, false))
            }
            List::Bucket(i) => {
                let (_, parts) = histogram.bucket_exemplars.get(*i as usize)?;
                self.list = List::Done;
                Some((stretches(*parts), false))
            }
            List::Native(next) => {
                let parts = histogram.exemplars.get(*next as usize)?;
                *next += 1;
                Some((stretches(*parts), true))
            }
            List::Buckets { next, timed_only } => {
                let (_, parts) = histogram.bucket_exemplars.get(*next as usize)?;
                *next += 1;
                Some((stretches(*parts), *timed_only))
            }
        }
    }
}

impl<'a> Iterator for PbExemplars<'a> {
    type Item = PbExemplar<'a>;

    fn next(&mut self) -> Option<PbExemplar<'a>> {
        let message = message_at(self.cursor);
        loop {
            let (parts, timed_only) = self.take()?;
            if parts.is_empty() {
                continue;
            }
            // The bytes passed the check, so reading them again succeeds.
            let Ok(mut point) = read(message, parts, |_, _| ()) else {
                continue;
            };
            if timed_only && point.timestamp.is_none() {
                continue;
            }
            if self.cursor.parser.options.canonical_nan {
                point.value = canonical(point.value);
            }
            return Some(PbExemplar {
                message,
                parts,
                point,
            });
        }
    }
}

/// One exemplar on the wire.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PbExemplar<'a> {
    message: &'a [u8],
    parts: &'a [Range],
    pub(crate) point: Point,
}

impl PbExemplar<'_> {
    /// Decodes the labels; names and values are not validated, as upstream does.
    pub(crate) fn labels(&self, sink: &mut impl LabelSink) {
        let message = self.message;
        let read = read(message, self.parts, |name, value| {
            sink.label(name.of(message), value.of(message))
        });
        debug_assert!(read.is_ok(), "exemplar was checked: {read:?}");
    }
}

/// Reads a `LabelPair`; absent fields are empty.
pub(crate) fn label_pair(message: &[u8], pair: Range) -> Result<(Range, Range)> {
    let (mut name, mut value) = (Range::default(), Range::default());
    let mut fields = Fields::new(message, pair);
    while let Some(tag) = fields.tag()? {
        match tag.number {
            1 => name = fields.bytes(tag)?,
            2 => value = fields.bytes(tag)?,
            _ => fields.skip(tag)?,
        }
    }
    Ok((name, value))
}

/// `google.protobuf.Timestamp`, possibly in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Time {
    seconds: i64,
    nanos: i32,
}

impl Time {
    pub(crate) fn read(&mut self, message: &[u8], range: Range) -> Result<()> {
        let mut fields = Fields::new(message, range);
        while let Some(tag) = fields.tag()? {
            match tag.number {
                1 => self.seconds = fields.int(tag)? as i64,
                2 => self.nanos = fields.int(tag)? as i32,
                _ => fields.skip(tag)?,
            }
        }
        Ok(())
    }

    /// Milliseconds, nanoseconds truncated; saturating where upstream's arithmetic would wrap around.
    pub(crate) fn millis(self) -> i64 {
        let exact = i128::from(self.seconds) * 1000 + i128::from(self.nanos / 1_000_000);
        exact.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }
}
