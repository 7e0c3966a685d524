//! Delimited protobuf: a sequence of length-prefixed `io.prometheus.client.MetricFamily` messages.
//!
//! A message is parsed where it lies once it is whole; events come out of it one at a time, so nothing is built
//! for a family. Per metric one pass over its fields fills scratch that lives in the parser; per series only the
//! tail of the key changes. Labels stay on the wire until [`Series::labels`](crate::Series::labels) asks: their
//! validity depends on bytes that are part of the key, so a caller that has decoded a key once need not do so
//! again. Nothing recurses, and in the steady state nothing is allocated.

mod exemplar;
mod family;
mod key;
mod metric;
mod native;
mod view;
mod wire;

#[cfg(test)]
pub(crate) mod tests;

use self::exemplar::Time;
use self::family::{Head, Kind, METRIC};
use self::key::{KeyBuilder, Part};
use self::metric::Metric;
use self::wire::{Fault, Fields, Frame, Range, frame};
use crate::event::Step;
use crate::nhcb::Nhcb;
use crate::parser::{Cursor, ParserOptions};
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
    key: KeyBuilder,
    metric: Metric,
    native: Native,
    nhcb: Nhcb,
    /// Of the metric being worked on.
    timestamp: Option<i64>,
    start: i64,
    /// Position of the metric in its message.
    metric_at: u32,
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

/// What to yield next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Next {
    #[default]
    Help,
    Unit,
    Type,
    Metric,
    SummarySum,
    Quantile(u32),
    ClassicCount,
    ClassicSum,
    ClassicBucket(u32),
    Nhcb,
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
    Bucket(u32),
    Native,
    AllBuckets,
}

impl Decoder {
    /// Forgets the body, keeps the memory.
    pub(crate) fn reset(&mut self) {
        self.active = false;
    }
}

/// The next event, past the format-neutral form that the text formats need.
#[inline]
pub(crate) fn next<'a>(cursor: &'a mut Cursor<'_>) -> Result<Step<'a>, ParseError> {
    Ok(match advance(cursor)? {
        Ready::NeedMore => Step::NeedMore,
        Ready::Eof => Step::Eof,
        Ready::Event(message) => Step::Event(view(cursor, message)),
    })
}

/// Gets the next event into the scratch.
pub(crate) fn advance<'p>(cursor: &mut Cursor<'p>) -> Result<Ready<'p>, ParseError> {
    if let Some(error) = &cursor.parser.failed {
        return Err(ParseError::clone(error));
    }
    loop {
        let input = cursor.input;
        let parser = &mut *cursor.parser;
        let decoder = &mut parser.protobuf;
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
    error
}

impl Decoder {
    /// Gets the next thing that the current message holds into `shown`. False at its end.
    #[inline]
    fn step(&mut self, message: &[u8], options: &ParserOptions) -> Result<bool, Fault> {
        let head = self.current.head;
        self.shown = match self.current.next {
            Next::Help => {
                self.current.next = if head.unit.is_empty() {
                    Next::Type
                } else {
                    Next::Unit
                };
                What::Help(head.name, head.help)
            }
            Next::Unit => {
                self.current.next = Next::Type;
                What::Unit(head.name, head.unit)
            }
            Next::Type => {
                self.current.next = Next::Metric;
                What::Type(head.name, head.kind)
            }
            Next::Metric => {
                let Some(range) = next_metric(message, &mut self.current)? else {
                    return Ok(false);
                };
                self.metric_at = range.start;
                self.metric.read(message, range)?;
                self.key.start_metric(message, &self.metric.labels);
                self.timestamp = Some(self.metric.timestamp_ms).filter(|t| *t != 0);
                self.first_of_metric(options)?
            }
            Next::SummarySum => {
                self.current.next = self.quantile_or_next(0);
                self.classic(Part::Sum, self.metric.summary.sum, options)
            }
            Next::Quantile(i) => {
                self.current.next = self.quantile_or_next(i + 1);
                let (quantile, value) = self.metric.summary.quantiles[i as usize];
                self.key.finish_bound(Part::Quantile, quantile);
                What::Series {
                    value: number(value, options),
                    exemplar: Source::None,
                }
            }
            Next::ClassicCount => {
                self.current.next = Next::ClassicSum;
                self.classic(Part::Count, self.metric.histogram.count(), options)
            }
            Next::ClassicSum => {
                self.current.next = Next::ClassicBucket(0);
                self.classic(Part::Sum, self.metric.histogram.sum, options)
            }
            Next::ClassicBucket(i) => self.bucket(i, options),
            Next::Nhcb => {
                self.current.next = Next::Metric;
                self.converted(options)?
            }
        };
        Ok(true)
    }

    fn classic(&mut self, part: Part, value: f64, options: &ParserOptions) -> What {
        self.key.finish(part);
        What::Series {
            value: number(value, options),
            exemplar: Source::None,
        }
    }

    #[inline]
    fn bucket(&mut self, i: u32, options: &ParserOptions) -> What {
        let histogram = &self.metric.histogram;
        let (bound, value, exemplar) = match histogram.buckets.get(i as usize) {
            Some(bucket) => {
                let source = if bucket.exemplar.is_none() {
                    Source::None
                } else {
                    Source::Bucket(i)
                };
                (bucket.bound, bucket.value(), source)
            }
            None => (f64::INFINITY, histogram.count(), Source::None),
        };
        self.key.finish_bound(Part::Bucket, bound);
        self.current.next = if bound != f64::INFINITY {
            Next::ClassicBucket(i + 1)
        } else if options.nhcb && !self.yields_native(options) {
            Next::Nhcb
        } else {
            Next::Metric
        };
        What::Series {
            value: number(value, options),
            exemplar,
        }
    }

    /// The first event of the metric just read.
    #[inline]
    fn first_of_metric(&mut self, options: &ParserOptions) -> Result<What, Fault> {
        let metric = &self.metric;
        let start = match self.current.head.kind {
            Kind::Counter => metric.counter.start,
            Kind::Summary => metric.summary.start,
            Kind::Histogram | Kind::GaugeHistogram => metric.histogram.start,
            Kind::Gauge | Kind::Untyped => None,
        };
        self.start = start.map_or(0, Time::millis);
        self.current.next = Next::Metric;
        let (value, exemplar) = match self.current.head.kind {
            Kind::Gauge => (metric.gauge, Source::None),
            Kind::Untyped => (metric.untyped, Source::None),
            Kind::Counter if metric.counter_exemplar.is_empty() => {
                (metric.counter.value, Source::None)
            }
            Kind::Counter => (metric.counter.value, Source::Counter),
            Kind::Summary => {
                self.current.next = Next::SummarySum;
                self.key.finish(Part::Count);
                let value = number(self.metric.summary.count as f64, options);
                return Ok(What::Series {
                    value,
                    exemplar: Source::None,
                });
            }
            Kind::Histogram | Kind::GaugeHistogram => {
                if self.yields_native(options) {
                    return self.native(options);
                }
                if options.nhcb && !options.keep_classic {
                    return self.converted(options);
                }
                self.current.next = Next::ClassicSum;
                self.key.finish(Part::Count);
                let value = number(self.metric.histogram.count(), options);
                return Ok(What::Series {
                    value,
                    exemplar: Source::None,
                });
            }
        };
        self.key.finish(Part::Plain);
        Ok(What::Series {
            value: number(value, options),
            exemplar,
        })
    }

    fn yields_native(&self, options: &ParserOptions) -> bool {
        options.native_histograms && self.metric.histogram.is_native()
    }

    fn native(&mut self, options: &ParserOptions) -> Result<What, Fault> {
        let histogram = &self.metric.histogram;
        let gauge = self.current.head.kind == Kind::GaugeHistogram;
        let flavour = native::build(histogram, gauge, self.metric_at as usize, &mut self.native)?;
        if options.canonical_nan {
            match flavour {
                Flavour::Int => self.native.int.sum = canonical(self.native.int.sum),
                Flavour::Float => canonical_float(&mut self.native.float),
            }
        }
        self.key.finish(Part::Native);
        let classic_too = options.keep_classic && !histogram.buckets.is_empty();
        self.current.next = if classic_too {
            Next::ClassicCount
        } else {
            Next::Metric
        };
        Ok(What::Histogram {
            flavour,
            exemplar: Source::Native,
        })
    }

    /// The histogram with custom buckets that the classic buckets amount to.
    fn converted(&mut self, options: &ParserOptions) -> Result<What, Fault> {
        let histogram = &self.metric.histogram;
        self.nhcb.clear();
        self.nhcb.set_count(histogram.count());
        self.nhcb.set_sum(number(histogram.sum, options));
        for bucket in &histogram.buckets {
            self.nhcb.add_bucket(bucket.bound, bucket.value());
        }
        let gauge = self.current.head.kind == Kind::GaugeHistogram;
        let flavour = self
            .nhcb
            .convert(gauge, &mut self.native)
            .map_err(|error| {
                Fault::new(ErrorClass::Nhcb, self.metric_at as usize, error.message())
            })?;
        self.key.finish(Part::Native);
        Ok(What::Histogram {
            flavour,
            exemplar: Source::AllBuckets,
        })
    }

    fn quantile_or_next(&self, i: u32) -> Next {
        if (i as usize) < self.metric.summary.quantiles.len() {
            Next::Quantile(i)
        } else {
            Next::Metric
        }
    }
}

/// Finds the next metric field. The head has been read, so the fields are known to be well-formed.
fn next_metric(message: &[u8], current: &mut Current) -> Result<Option<Range>, Fault> {
    let mut fields = Fields::new(
        message,
        Range {
            start: current.rest,
            end: current.length,
        },
    );
    while let Some(tag) = fields.tag()? {
        if tag.number == METRIC {
            let range = fields.bytes(tag)?;
            current.rest = range.end;
            return Ok(Some(range));
        }
        fields.skip(tag)?;
    }
    current.rest = current.length;
    Ok(None)
}

/// Every NaN becomes the ordinary one, so that no target can pass off the stale marker as a value.
#[inline]
fn canonical(value: f64) -> f64 {
    if value.is_nan() {
        crate::number::NAN
    } else {
        value
    }
}

/// The value as it is yielded.
#[inline]
fn number(value: f64, options: &ParserOptions) -> f64 {
    if options.canonical_nan {
        canonical(value)
    } else {
        value
    }
}

fn canonical_float(h: &mut crate::histogram::FloatHistogram) {
    for value in [&mut h.sum, &mut h.count, &mut h.zero_count] {
        *value = canonical(*value);
    }
    for value in h.positive_buckets.iter_mut().chain(&mut h.negative_buckets) {
        *value = canonical(*value);
    }
}

/// Decodes name and labels of a composed key.
///
/// # Errors
/// The labels are not valid, or the bytes are no key.
pub(crate) fn decode_key(key: &[u8], sink: &mut impl LabelSink) -> Result<(), ParseError> {
    key::decode(key, sink).map_err(|fault| view::bare(fault, 0, 1, fault.at))
}
