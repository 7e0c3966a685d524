//! From the decoder's scratch to public events.

use super::exemplar::List;
use super::wire::Fault;
use super::{Flavour, PbExemplars, Source, What, key};
use crate::event::{Event, HistogramSeries, HistogramValue, Known, LabelContext, Series};
use crate::exemplar::Exemplars;
use crate::labels::LabelsRef;
use crate::parser::Cursor;
use crate::{LabelSink, ParseError};
use alloc::{boxed::Box, string::String};

use alloc::borrow::Cow;

/// Where in the body the labels of a protobuf series came from; its key holds them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PbLabels<'a>(&'a Cursor<'a>);

impl PbLabels<'_> {
    #[inline]
    pub(crate) fn decode(self, key: &[u8], sink: &mut impl LabelSink) -> Result<(), ParseError> {
        // A metric with one series has nothing to remember.
        let several = !matches!(key.last(), Some(&(key::PLAIN | key::NATIVE)));
        let decoder = &self.0.parser.protobuf;
        let places = decoder.key.labels();
        // Only of the key in work are the places known.
        let in_work = core::ptr::eq(key, decoder.key.key());
        if several && in_work && decoder.labels.decode(key, places, sink) {
            return Ok(());
        }
        key::decode(key, sink).map_err(|fault| self.locate(key, fault))
    }

    /// Positions in the key are turned into positions in the body; exact unless the sender scattered the labels
    /// over the metric.
    #[cold]
    fn locate(&self, key: &[u8], fault: Fault) -> ParseError {
        let Self(cursor) = self;
        let decoder = &cursor.parser.protobuf;
        // The first label field, or the metric if there is no label.
        let first = decoder.metric.labels.first();
        let at = first.map_or(decoder.metric_at, |run| run.start) as usize;
        let inside = fault.at.saturating_sub(key::labels_start(key).unwrap_or(0));
        let column = decoder.current.prefix as usize + at + inside;
        let offset = cursor.parser.offset + (cursor.pos + column) as u64;
        bare(fault, offset, cursor.parser.line, column)
    }
}

#[cold]
pub(super) fn bare(fault: Fault, offset: u64, line: u64, column: usize) -> ParseError {
    ParseError {
        class: fault.class,
        message: fault.message.into(),
        offset,
        line,
        column: column as u64 + 1,
        snippet: Box::default(),
        snippet_at: 0,
    }
}

/// The public form of what the decoder holds. In one piece with the caller's code: an event that is returned
/// through memory is copied before it is looked at, and the copies wait for each other.
#[inline(always)]
pub(crate) fn view<'a>(cursor: &'a Cursor<'_>, message: &'a [u8]) -> Event<'a> {
    let decoder = &cursor.parser.protobuf;
    match decoder.shown {
        What::Help(family, text) => Event::Help {
            family: Cow::Borrowed(family.of(message)),
            text: String::from_utf8_lossy(text.of(message)),
        },
        // Upstream does not check the unit; a broken one costs its broken bytes only.
        What::Unit(family, unit) => Event::Unit {
            family: Cow::Borrowed(family.of(message)),
            unit: String::from_utf8_lossy(unit.of(message)),
        },
        What::Type(family, kind) => Event::Type {
            family: Cow::Borrowed(family.of(message)),
            kind: kind.metric_type(),
        },
        What::Series { value, exemplar } => series(cursor, value, exemplars(cursor, exemplar)),
        What::Histogram { flavour, exemplar } => Event::Histogram(HistogramSeries {
            key: decoder.key.key(),
            value: match flavour {
                Flavour::Int => HistogramValue::Int(&decoder.native.int),
                Flavour::Float => HistogramValue::Float(&decoder.native.float),
            },
            timestamp: decoder.timestamp,
            start_timestamp: decoder.start,
            exemplars: exemplars(cursor, exemplar),
            context: LabelContext::Other,
            labels: LabelsRef::Protobuf(PbLabels(cursor)),
        }),
    }
}

/// A sample of the series whose key is composed.
#[inline(always)]
pub(super) fn series<'a>(
    cursor: &'a Cursor<'_>,
    value: f64,
    exemplars: Exemplars<'a>,
) -> Event<'a> {
    let decoder = &cursor.parser.protobuf;
    Event::Series(Series {
        key: decoder.key.key(),
        value,
        value_text: &[],
        timestamp: decoder.timestamp,
        start_timestamp: decoder.start,
        exemplars,
        context: LabelContext::Other,
        labels: LabelsRef::Protobuf(PbLabels(cursor)),
    })
}

/// The same for a caller that knows the key.
#[inline(always)]
pub(super) fn known<'a>(cursor: &'a Cursor<'_>, value: f64, exemplar: Source) -> Known<'a> {
    let decoder = &cursor.parser.protobuf;
    Known {
        value,
        value_text: &[],
        unchanged: false,
        timestamp: decoder.timestamp,
        start_timestamp: decoder.start,
        exemplars: exemplars(cursor, exemplar),
        context: LabelContext::Other,
    }
}

#[inline(always)]
fn exemplars<'a>(cursor: &'a Cursor<'_>, source: Source) -> Exemplars<'a> {
    let metric = &cursor.parser.protobuf.metric;
    let list = match source {
        Source::None => return Exemplars::default(),
        Source::Counter => List::Counter,
        _ if metric.exemplar_parts.is_empty() => return Exemplars::default(),
        Source::Bucket(i) => List::Bucket(i),
        Source::Native if metric.histogram.exemplars.is_empty() => List::Buckets {
            next: 0,
            timed_only: true,
        },
        Source::Native => List::Native(0),
        Source::AllBuckets => List::Buckets {
            next: 0,
            timed_only: false,
        },
    };
    Exemplars::protobuf(PbExemplars { cursor, list })
}
