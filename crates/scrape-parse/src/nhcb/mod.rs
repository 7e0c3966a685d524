//! Classic histograms turned into native ones with custom buckets, while a body is read.
//!
//! Protobuf has a whole histogram in one metric and converts it on the spot. In the text formats the members of a
//! histogram arrive line by line, so [`next`] sits between the line parser and the caller: it takes in the members
//! of one label set and yields the histogram when something else comes. A set that does not convert vanishes; the
//! next one starts afresh.

use alloc::vec::Vec;

mod convert;
mod labels;

#[cfg(test)]
mod tests;

use crate::event::{Event, HistogramSeries, HistogramValue};
use crate::exemplar::{Exemplars, Source};
use crate::labels::LabelsRef;
use crate::parser::{Cursor, Raw};
use crate::protobuf::{Flavour, Native};
use crate::text::RawLine;
use crate::{LabelContext, MetricType, ParseError};

pub(crate) use convert::Nhcb;
use labels::{Member, Members};

/// What is known of the histogram being collected. Everything is owned: it outlives pieces of input.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    collecting: bool,
    members: Members,
    classic: Nhcb,
    native: Native,
    /// Of the first member.
    timestamp: Option<i64>,
    start: i64,
    /// Text of the members' exemplars, and where each ends.
    exemplars: Vec<u8>,
    exemplar_ends: Vec<usize>,
}

impl Collector {
    /// Forgets the body, keeps the memory.
    pub(crate) fn reset(&mut self) {
        self.collecting = false;
    }

    /// Whether there is a histogram to be yielded before anything else is.
    pub(crate) fn is_collecting(&self) -> bool {
        self.collecting
    }

    /// The text of one exemplar of the members.
    pub(crate) fn exemplar(&self, i: usize) -> Option<&[u8]> {
        let end = *self.exemplar_ends.get(i)?;
        let start = i
            .checked_sub(1)
            .map_or(0, |before| self.exemplar_ends[before]);
        self.exemplars.get(start..end)
    }

    fn begin(&mut self, timestamp: Option<i64>, start: i64) {
        self.members.adopt();
        self.classic.clear();
        self.exemplars.clear();
        self.exemplar_ends.clear();
        self.timestamp = timestamp;
        self.start = start;
        self.collecting = true;
    }

    /// Ends collection; the histogram, if the members make one.
    fn finish(&mut self) -> Option<Flavour> {
        if !core::mem::take(&mut self.collecting) {
            return None;
        }
        // A histogram that does not convert is dropped with its classic series, as upstream does.
        self.classic.convert(false, &mut self.native).ok()
    }
}

/// The next event of a text body, classic histograms converted.
pub(crate) fn next<'p>(cursor: &mut Cursor<'p>) -> Result<Raw<'p>, ParseError> {
    loop {
        let mark = cursor.mark();
        let raw = cursor.raw()?;
        let (key, tail, start_timestamp) = match raw {
            Raw::NeedMore => return Ok(raw),
            Raw::Text(RawLine::Series {
                key,
                tail,
                start_timestamp,
            }) if cursor.parser.kind == MetricType::Histogram => (key, tail, start_timestamp),
            _ => {
                return Ok(match cursor.parser.nhcb.finish() {
                    None => raw,
                    Some(flavour) => {
                        cursor.rewind(mark);
                        Raw::Converted(flavour)
                    }
                });
            }
        };
        let parser = &mut *cursor.parser;
        let collector = &mut parser.nhcb;
        let member = collector
            .members
            .examine(key, &parser.spans, &parser.family);
        if collector.collecting
            && !collector.members.same_group()
            && let Some(flavour) = collector.finish()
        {
            cursor.rewind(mark);
            return Ok(Raw::Converted(flavour));
        }
        let Some(member) = member else { return Ok(raw) };
        if !collector.collecting {
            collector.begin(tail.timestamp, start_timestamp);
        }
        match member {
            Member::Bucket(bound) => collector.classic.add_bucket(bound, tail.value),
            Member::Count => collector.classic.set_count(tail.value),
            Member::Sum => collector.classic.set_sum(tail.value),
        }
        if let Some(text) = tail.exemplar {
            collector.exemplars.extend_from_slice(text);
            collector.exemplar_ends.push(collector.exemplars.len());
        }
        if parser.options.keep_classic {
            return Ok(raw);
        }
    }
}

/// The public form of the histogram converted last.
pub(crate) fn view<'a>(cursor: &'a Cursor<'_>, flavour: Flavour) -> Event<'a> {
    let collector = &cursor.parser.nhcb;
    let key = collector.members.key();
    Event::Histogram(HistogramSeries {
        key,
        value: match flavour {
            Flavour::Int => HistogramValue::Int(&collector.native.int),
            Flavour::Float => HistogramValue::Float(&collector.native.float),
        },
        timestamp: collector.timestamp,
        start_timestamp: collector.start,
        exemplars: if collector.exemplar_ends.is_empty() {
            Exemplars::default()
        } else {
            Exemplars(Source::Collected { cursor, next: 0 })
        },
        context: LabelContext::Other,
        labels: LabelsRef::Key(cursor.parser.options.format),
    })
}
