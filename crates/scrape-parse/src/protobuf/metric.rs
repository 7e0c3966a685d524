//! One `Metric` message, read in a single pass into scratch that is kept from metric to metric. Every payload
//! is read whatever the family's type is, because upstream refuses a body with a malformed payload even where it
//! then ignores it; the type decides later which one counts.

use super::exemplar::{self, Parts, Time};
use super::wire::{BYTES, FIXED64, Fields, Range, Result, Tag, VARINT, zigzag, zigzag32};
use crate::histogram::Span;

/// The scratch of one metric.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metric {
    /// Label fields with their tags, runs of neighbours joined: mostly a single run.
    pub(super) labels: Vec<Range>,
    /// 0 means none.
    pub(super) timestamp_ms: i64,
    pub(super) gauge: f64,
    pub(super) counter: Counter,
    pub(super) untyped: f64,
    pub(super) summary: Summary,
    pub(super) histogram: Histogram,
    /// The stretches of the counter's exemplar.
    pub(super) counter_exemplar: Vec<Range>,
    /// The stretches of the histogram's exemplars, see [`Parts`].
    pub(super) exemplar_parts: Vec<Range>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counter {
    pub(super) value: f64,
    pub(super) start: Option<Time>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Summary {
    pub(super) count: u64,
    pub(super) sum: f64,
    /// (quantile, value)
    pub(super) quantiles: Vec<(f64, f64)>,
    pub(super) start: Option<Time>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Histogram {
    pub(super) count: u64,
    pub(super) count_float: f64,
    pub(super) sum: f64,
    pub(super) buckets: Vec<Bucket>,
    pub(super) schema: i32,
    pub(super) zero_threshold: f64,
    pub(super) zero_count: u64,
    pub(super) zero_count_float: f64,
    pub(super) positive: Side,
    pub(super) negative: Side,
    pub(super) exemplars: Vec<Parts>,
    pub(super) start: Option<Time>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Side {
    pub(super) spans: Vec<Span>,
    pub(super) deltas: Vec<i64>,
    pub(super) counts: Vec<f64>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bucket {
    pub(super) count: u64,
    pub(super) count_float: f64,
    pub(super) bound: f64,
    pub(super) exemplar: Parts,
}

impl Bucket {
    pub(super) fn value(&self) -> f64 {
        either(self.count_float, self.count)
    }
}

/// The float field if it is set, else the integer one.
pub(super) fn either(float: f64, int: u64) -> f64 {
    if float == 0.0 { int as f64 } else { float }
}

impl Side {
    fn clear(&mut self) {
        self.spans.clear();
        self.deltas.clear();
        self.counts.clear();
    }
}

impl Histogram {
    fn clear(&mut self) {
        self.buckets.clear();
        self.exemplars.clear();
        self.positive.clear();
        self.negative.clear();
        (self.count, self.zero_count, self.schema) = (0, 0, 0);
        (
            self.count_float,
            self.zero_count_float,
            self.sum,
            self.zero_threshold,
        ) = (0.0, 0.0, 0.0, 0.0);
        self.start = None;
    }

    /// Whether the metric carries a native histogram. A float zero count alone does not make it one.
    pub(super) fn is_native(&self) -> bool {
        !self.positive.spans.is_empty()
            || !self.negative.spans.is_empty()
            || self.zero_threshold > 0.0
            || self.zero_count > 0
    }

    /// Whether the native histogram has float counts.
    pub(super) fn is_float(&self) -> bool {
        self.count_float > 0.0 || self.zero_count_float > 0.0
    }

    pub(super) fn count(&self) -> f64 {
        either(self.count_float, self.count)
    }
}

impl Metric {
    /// Reads the metric at `range`, forgetting the previous one.
    pub(super) fn read(&mut self, message: &[u8], range: Range) -> Result<()> {
        self.labels.clear();
        self.counter_exemplar.clear();
        self.exemplar_parts.clear();
        self.timestamp_ms = 0;
        self.gauge = 0.0;
        self.untyped = 0.0;
        self.counter = Counter::default();
        let (mut summary_seen, mut histogram_seen) = (false, false);
        let mut fields = Fields::new(message, range);
        while let Some(tag) = fields.tag()? {
            match tag.number {
                1 => {
                    let content = fields.bytes(tag)?;
                    let at = tag.at as u32;
                    match self.labels.last_mut() {
                        Some(run) if run.end == at => run.end = content.end,
                        _ => self.labels.push(Range {
                            start: at,
                            end: content.end,
                        }),
                    }
                }
                2 => {
                    let content = fields.bytes(tag)?;
                    value_message(message, content, &mut self.gauge)?;
                }
                3 => {
                    let content = fields.bytes(tag)?;
                    read_counter(
                        message,
                        content,
                        &mut self.counter,
                        &mut self.counter_exemplar,
                    )?;
                }
                4 => {
                    let content = fields.bytes(tag)?;
                    if !summary_seen {
                        self.summary.quantiles.clear();
                        (self.summary.count, self.summary.sum, self.summary.start) = (0, 0.0, None);
                        summary_seen = true;
                    }
                    read_summary(message, content, &mut self.summary)?;
                }
                5 => {
                    let content = fields.bytes(tag)?;
                    value_message(message, content, &mut self.untyped)?;
                }
                6 => self.timestamp_ms = fields.int(tag)? as i64,
                7 => {
                    let content = fields.bytes(tag)?;
                    if !histogram_seen {
                        self.histogram.clear();
                        histogram_seen = true;
                    }
                    read_histogram(
                        message,
                        content,
                        &mut self.histogram,
                        &mut self.exemplar_parts,
                    )?;
                }
                _ => fields.skip(tag)?,
            }
        }
        if !summary_seen {
            self.summary.quantiles.clear();
            (self.summary.count, self.summary.sum, self.summary.start) = (0, 0.0, None);
        }
        if !histogram_seen {
            self.histogram.clear();
        }
        Ok(())
    }
}

/// Tag of field 1 as a `double`.
const VALUE_TAG: u8 = 1 << 3 | FIXED64;

/// The value of a message that holds nothing else, as most do.
#[inline(always)]
fn sole_value(message: &[u8], range: Range) -> Option<f64> {
    match range.of(message) {
        [VALUE_TAG, bits @ ..] => Some(f64::from_le_bytes(bits.try_into().ok()?)),
        _ => None,
    }
}

/// `Gauge` and `Untyped`.
#[inline]
fn value_message(message: &[u8], range: Range, value: &mut f64) -> Result<()> {
    if let Some(sole) = sole_value(message, range) {
        *value = sole;
        return Ok(());
    }
    let mut fields = Fields::new(message, range);
    while let Some(tag) = fields.tag()? {
        match tag.number {
            1 => *value = fields.double(tag)?,
            _ => fields.skip(tag)?,
        }
    }
    Ok(())
}

fn read_counter(
    message: &[u8],
    range: Range,
    counter: &mut Counter,
    exemplar: &mut Vec<Range>,
) -> Result<()> {
    if let Some(sole) = sole_value(message, range) {
        counter.value = sole;
        return Ok(());
    }
    let mut fields = Fields::new(message, range);
    while let Some(tag) = fields.tag()? {
        match tag.number {
            1 => counter.value = fields.double(tag)?,
            2 => {
                let part = fields.bytes(tag)?;
                exemplar::check(message, part)?;
                exemplar.push(part);
            }
            3 => read_time(message, fields.bytes(tag)?, &mut counter.start)?,
            _ => fields.skip(tag)?,
        }
    }
    Ok(())
}

fn read_summary(message: &[u8], range: Range, summary: &mut Summary) -> Result<()> {
    let mut fields = Fields::new(message, range);
    while let Some(tag) = fields.tag()? {
        match tag.number {
            1 => summary.count = fields.int(tag)?,
            2 => summary.sum = fields.double(tag)?,
            3 => {
                let content = fields.bytes(tag)?;
                let mut pair = (0.0, 0.0);
                let mut inner = Fields::new(message, content);
                while let Some(tag) = inner.tag()? {
                    match tag.number {
                        1 => pair.0 = inner.double(tag)?,
                        2 => pair.1 = inner.double(tag)?,
                        _ => inner.skip(tag)?,
                    }
                }
                summary.quantiles.push(pair);
            }
            4 => read_time(message, fields.bytes(tag)?, &mut summary.start)?,
            _ => fields.skip(tag)?,
        }
    }
    Ok(())
}

fn read_histogram(
    message: &[u8],
    range: Range,
    h: &mut Histogram,
    parts: &mut Vec<Range>,
) -> Result<()> {
    let mut fields = Fields::new(message, range);
    while let Some(tag) = fields.tag()? {
        match tag.number {
            1 => h.count = fields.int(tag)?,
            2 => h.sum = fields.double(tag)?,
            3 => {
                let content = fields.bytes(tag)?;
                h.buckets.push(read_bucket(message, content, parts)?);
            }
            4 => h.count_float = fields.double(tag)?,
            5 => h.schema = zigzag32(fields.int(tag)?),
            6 => h.zero_threshold = fields.double(tag)?,
            7 => h.zero_count = fields.int(tag)?,
            8 => h.zero_count_float = fields.double(tag)?,
            9 => h
                .negative
                .spans
                .push(read_span(message, fields.bytes(tag)?)?),
            10 => read_deltas(message, &mut fields, tag, &mut h.negative.deltas)?,
            11 => read_counts(message, &mut fields, tag, &mut h.negative.counts)?,
            12 => h
                .positive
                .spans
                .push(read_span(message, fields.bytes(tag)?)?),
            13 => read_deltas(message, &mut fields, tag, &mut h.positive.deltas)?,
            14 => read_counts(message, &mut fields, tag, &mut h.positive.counts)?,
            15 => read_time(message, fields.bytes(tag)?, &mut h.start)?,
            16 => {
                let mut exemplar = Parts::default();
                add_part(message, fields.bytes(tag)?, &mut exemplar, parts)?;
                h.exemplars.push(exemplar);
            }
            _ => fields.skip(tag)?,
        }
    }
    Ok(())
}

/// Count and bound of a bucket that has them in this order and nothing else.
#[inline(always)]
fn plain_bucket(bytes: &[u8]) -> Option<(u64, f64)> {
    const COUNT_TAG: u8 = 1 << 3 | VARINT;
    const BOUND_TAG: u8 = 2 << 3 | FIXED64;
    let (bound, rest) = match bytes {
        [rest @ .., a, b, c, d, e, f, g, h] => {
            (f64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), rest)
        }
        _ => return None,
    };
    let (first, rest) = rest.split_first()?;
    let (last, digits) = rest.split_last()?;
    if *first != COUNT_TAG || *last != BOUND_TAG || digits.len() > 4 {
        return None;
    }
    let mut count = 0;
    for (i, digit) in digits.iter().enumerate() {
        // Exactly the last digit ends the number.
        if (*digit < 0x80) != (i + 1 == digits.len()) {
            return None;
        }
        count |= u64::from(digit & 0x7f) << (7 * i);
    }
    (!digits.is_empty()).then_some((count, bound))
}

#[inline]
fn read_bucket(message: &[u8], range: Range, parts: &mut Vec<Range>) -> Result<Bucket> {
    if let Some((count, bound)) = plain_bucket(range.of(message)) {
        return Ok(Bucket {
            count,
            bound,
            ..Bucket::default()
        });
    }
    let mut bucket = Bucket::default();
    let mut fields = Fields::new(message, range);
    while let Some(tag) = fields.tag()? {
        match tag.number {
            1 => bucket.count = fields.int(tag)?,
            2 => bucket.bound = fields.double(tag)?,
            3 => add_part(message, fields.bytes(tag)?, &mut bucket.exemplar, parts)?,
            4 => bucket.count_float = fields.double(tag)?,
            _ => fields.skip(tag)?,
        }
    }
    Ok(bucket)
}

fn read_span(message: &[u8], range: Range) -> Result<Span> {
    let mut span = Span::default();
    let mut fields = Fields::new(message, range);
    while let Some(tag) = fields.tag()? {
        match tag.number {
            1 => span.offset = zigzag32(fields.int(tag)?),
            2 => span.length = fields.int(tag)? as u32,
            _ => fields.skip(tag)?,
        }
    }
    Ok(span)
}

/// Repeated `sint64`, packed or not.
fn read_deltas(
    message: &[u8],
    fields: &mut Fields<'_>,
    tag: Tag,
    into: &mut Vec<i64>,
) -> Result<()> {
    if tag.wire != BYTES {
        into.push(zigzag(fields.int(tag)?));
        return Ok(());
    }
    let packed = fields.bytes(tag)?;
    let mut values = Fields::new(message, packed);
    // Each value takes a byte at least.
    into.reserve(packed.of(message).len());
    while values.pos() < packed.end as usize {
        into.push(zigzag(values.varint()?));
    }
    Ok(())
}

/// Repeated `double`, packed or not.
fn read_counts(
    message: &[u8],
    fields: &mut Fields<'_>,
    tag: Tag,
    into: &mut Vec<f64>,
) -> Result<()> {
    if tag.wire == FIXED64 {
        into.push(fields.fixed64()?);
        return Ok(());
    }
    let packed = fields.bytes(tag)?;
    let mut values = Fields::new(message, packed);
    while values.pos() < packed.end as usize {
        into.push(values.fixed64()?);
    }
    Ok(())
}

fn read_time(message: &[u8], range: Range, time: &mut Option<Time>) -> Result<()> {
    time.get_or_insert_with(Time::default).read(message, range)
}

/// Notes one stretch of an exemplar. A bucket is read in one go, so the stretches of its exemplar lie side by
/// side in `parts`.
fn add_part(
    message: &[u8],
    range: Range,
    exemplar: &mut Parts,
    parts: &mut Vec<Range>,
) -> Result<()> {
    exemplar::check(message, range)?;
    if exemplar.is_none() {
        let next = parts.len() as u32;
        *exemplar = Parts {
            first: next,
            end: next,
        };
    }
    parts.push(range);
    exemplar.end += 1;
    Ok(())
}
