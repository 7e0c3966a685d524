//! Composite values: `{count:…,sum:…,…}` read into scratch that is kept from line to line.

use super::tail::number_in;
use super::{Parsed, bad};
use crate::ErrorClass::{Composite as Bad, Float, Spans};
use crate::MetricType;
use crate::histogram::{MAX_EXPONENTIAL_SCHEMA, MIN_EXPONENTIAL_SCHEMA, Span};
use crate::number::scan_number;
use alloc::vec::Vec;

/// A field of a composite value; also its bit in [`Composite::seen`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub(super) enum Field {
    Count = 1,
    Sum = 1 << 1,
    GCount = 1 << 2,
    GSum = 1 << 3,
    Bucket = 1 << 4,
    Quantile = 1 << 5,
    Schema = 1 << 6,
    ZeroThreshold = 1 << 7,
    ZeroCount = 1 << 8,
    NegativeSpans = 1 << 9,
    NegativeBuckets = 1 << 10,
    PositiveSpans = 1 << 11,
    PositiveBuckets = 1 << 12,
}

/// With their colon, so that no name is the beginning of another.
const FIELDS: [(&[u8], Field); 13] = [
    (b"count:", Field::Count),
    (b"sum:", Field::Sum),
    (b"bucket:", Field::Bucket),
    (b"quantile:", Field::Quantile),
    (b"schema:", Field::Schema),
    (b"zero_threshold:", Field::ZeroThreshold),
    (b"zero_count:", Field::ZeroCount),
    (b"negative_spans:", Field::NegativeSpans),
    (b"negative_buckets:", Field::NegativeBuckets),
    (b"positive_spans:", Field::PositiveSpans),
    (b"positive_buckets:", Field::PositiveBuckets),
    (b"gcount:", Field::GCount),
    (b"gsum:", Field::GSum),
];

const NATIVE: u16 = Field::Schema as u16
    | Field::ZeroThreshold as u16
    | Field::ZeroCount as u16
    | Field::NegativeSpans as u16
    | Field::NegativeBuckets as u16
    | Field::PositiveSpans as u16
    | Field::PositiveBuckets as u16;

/// The fields that a value must have, and those that it may have.
fn fields_of(kind: MetricType) -> (u16, u16) {
    let (count, sum) = (Field::Count as u16, Field::Sum as u16);
    let (gcount, gsum) = (Field::GCount as u16, Field::GSum as u16);
    let buckets = Field::Bucket as u16 | NATIVE;
    match kind {
        MetricType::Histogram => (count | sum, buckets),
        MetricType::GaugeHistogram => (gcount | gsum, buckets),
        MetricType::Summary => (count | sum | Field::Quantile as u16, 0),
        _ => (0, 0),
    }
}

/// A number of observations, exact if it is whole.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count {
    pub(super) value: f64,
    pub(super) whole: Option<u64>,
}

/// Spans and absolute counts of one side of a native histogram.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) spans: Vec<Span>,
    pub(super) counts: Vec<f64>,
    /// The same counts if all of them are written as whole numbers.
    pub(super) whole: Vec<i64>,
    pub(super) fractional: bool,
}

impl Side {
    fn clear(&mut self) {
        self.spans.clear();
        self.counts.clear();
        self.whole.clear();
        self.fractional = false;
    }
}

/// The scratch of one composite value.
#[derive(Debug, Default)]
pub(super) struct Composite {
    seen: u16,
    /// Place of its `{`.
    pub(super) open: usize,
    pub(super) count: Count,
    pub(super) sum: f64,
    /// Classic buckets (bound, cumulative count) or quantiles (quantile, value).
    pub(super) pairs: Vec<(f64, f64)>,
    pub(super) schema: i32,
    pub(super) zero_threshold: f64,
    pub(super) zero_count: Count,
    pub(super) negative: Side,
    pub(super) positive: Side,
}

impl Composite {
    pub(super) fn has(&self, field: Field) -> bool {
        self.seen & field as u16 != 0
    }

    /// Reads the value whose `{` is at `open`; answers the index past its `}`.
    pub(super) fn read(&mut self, line: &[u8], open: usize, kind: MetricType) -> Parsed<usize> {
        self.seen = 0;
        self.open = open;
        self.pairs.clear();
        self.negative.clear();
        self.positive.clear();
        let (required, optional) = fields_of(kind);
        let mut i = open + 1;
        let end = loop {
            let rest = line.get(i..).unwrap_or_default();
            let Some((name, field)) = FIELDS.iter().find(|(name, _)| rest.starts_with(name)) else {
                return bad(Bad, "expected a field of the composite value", i);
            };
            if (required | optional) & *field as u16 == 0 {
                return bad(Bad, "a value of this type has no such field", i);
            }
            if self.has(*field) {
                return bad(Bad, "the field is repeated", i);
            }
            self.seen |= *field as u16;
            i = self.field(line, i + name.len(), *field, kind)?;
            match line.get(i) {
                Some(b',') => i += 1,
                Some(b'}') => break i + 1,
                _ => return bad(Bad, "expected `,` or `}` after the field", i),
            }
        };
        if self.seen & required != required {
            return bad(Bad, "the composite value lacks a field", open);
        }
        let zero = Field::ZeroThreshold as u16 | Field::ZeroCount as u16;
        if self.has(Field::Schema) && self.seen & zero != zero {
            let message = "native buckets need a zero threshold and a zero count";
            return bad(Bad, message, open);
        }
        if !self.has(Field::Schema) && self.seen & NATIVE != 0 {
            return bad(Bad, "native buckets need a schema", open);
        }
        if optional != 0 && !self.has(Field::Schema) && !self.has(Field::Bucket) {
            return bad(Bad, "the histogram has no buckets", open);
        }
        Ok(end)
    }

    fn field(&mut self, line: &[u8], i: usize, field: Field, kind: MetricType) -> Parsed<usize> {
        match field {
            Field::Count | Field::GCount => set(&mut self.count, count(line, i)?),
            Field::Sum | Field::GSum => set(&mut self.sum, number(line, i)?),
            Field::ZeroCount => set(&mut self.zero_count, count(line, i)?),
            Field::ZeroThreshold => {
                let (value, end) = number(line, i)?;
                if !(value >= 0.0 && value.is_finite()) {
                    let message = "the zero threshold is not a finite number from 0 on";
                    return bad(Bad, message, i);
                }
                self.zero_threshold = value;
                Ok(end)
            }
            Field::Schema => {
                let (value, end) = integer(line, i)?;
                let schemas = i64::from(MIN_EXPONENTIAL_SCHEMA)..=i64::from(MAX_EXPONENTIAL_SCHEMA);
                if !schemas.contains(&value) {
                    return bad(Bad, "the schema is not one of -4 to 8", i);
                }
                self.schema = value as i32;
                Ok(end)
            }
            Field::Bucket => self.buckets(line, i, kind == MetricType::Histogram),
            Field::Quantile => self.quantiles(line, i),
            Field::NegativeSpans => spans(line, i, &mut self.negative.spans),
            Field::PositiveSpans => spans(line, i, &mut self.positive.spans),
            Field::NegativeBuckets => native_buckets(line, i, &mut self.negative),
            Field::PositiveBuckets => native_buckets(line, i, &mut self.positive),
        }
    }

    /// Classic buckets: ascending, the last one is `+Inf`.
    fn buckets(&mut self, line: &[u8], i: usize, counter: bool) -> Parsed<usize> {
        let pairs = &mut self.pairs;
        let end = list(line, i, |i| {
            let (bound, colon) = number(line, i)?;
            if bound.is_nan() {
                return bad(Bad, "the bound of a bucket is NaN", i);
            }
            if pairs.last().is_some_and(|(last, _)| bound <= *last) {
                return bad(Bad, "the bound of a bucket is not above its predecessor", i);
            }
            let at = past_colon(line, colon)?;
            let (count, end) = number(line, at)?;
            if counter && count < 0.0 {
                return bad(Bad, "a bucket counts fewer than zero observations", at);
            }
            pairs.push((bound, count));
            Ok(end)
        })?;
        if pairs
            .last()
            .is_none_or(|(bound, _)| *bound != f64::INFINITY)
        {
            return bad(Bad, "the bucket `+Inf` is missing", end - 1);
        }
        Ok(end)
    }

    fn quantiles(&mut self, line: &[u8], i: usize) -> Parsed<usize> {
        let pairs = &mut self.pairs;
        list(line, i, |i| {
            let (quantile, colon) = number(line, i)?;
            if !(0.0..=1.0).contains(&quantile) {
                return bad(Bad, "a quantile is not between 0 and 1", i);
            }
            if pairs.last().is_some_and(|(last, _)| quantile <= *last) {
                return bad(Bad, "a quantile is not above its predecessor", i);
            }
            let (value, end) = number(line, past_colon(line, colon)?)?;
            pairs.push((quantile, value));
            Ok(end)
        })
    }
}

fn set<T>(place: &mut T, (value, end): (T, usize)) -> Parsed<usize> {
    *place = value;
    Ok(end)
}

/// `[`, items with commas between them, `]`. `item` reads one from a place and answers the place past it.
fn list(line: &[u8], i: usize, mut item: impl FnMut(usize) -> Parsed<usize>) -> Parsed<usize> {
    if line.get(i) != Some(&b'[') {
        return bad(Bad, "expected `[`", i);
    }
    if line.get(i + 1) == Some(&b']') {
        return Ok(i + 2);
    }
    let mut i = i + 1;
    loop {
        i = item(i)?;
        match line.get(i) {
            Some(b',') => i += 1,
            Some(b']') => return Ok(i + 1),
            _ => return bad(Bad, "expected `,` or `]`", i),
        }
    }
}

fn past_colon(line: &[u8], i: usize) -> Parsed<usize> {
    if line.get(i) != Some(&b':') {
        return bad(Bad, "expected `:`", i);
    }
    Ok(i + 1)
}

fn ends_token(b: Option<&u8>) -> bool {
    matches!(b, None | Some(b',' | b':' | b']' | b'}' | b' '))
}

/// Index past a token that starts at `i`.
fn token_end(line: &[u8], mut i: usize) -> usize {
    while !ends_token(line.get(i)) {
        i += 1;
    }
    i
}

#[inline]
fn number(line: &[u8], i: usize) -> Parsed<(f64, usize)> {
    if let Some((value, len)) = scan_number(line.get(i..).unwrap_or_default())
        && ends_token(line.get(i + len))
    {
        return Ok((value, i + len));
    }
    let end = token_end(line, i);
    Ok((number_in(line, i, end)?, end))
}

/// Digits with a sign before them, if that is what the token is and it fits.
fn digits<T: core::str::FromStr>(token: &[u8]) -> Option<T> {
    let unsigned = token.strip_prefix(b"+").or(token.strip_prefix(b"-"));
    if !unsigned.unwrap_or(token).iter().all(u8::is_ascii_digit) {
        return None;
    }
    core::str::from_utf8(token).ok()?.parse().ok()
}

fn count(line: &[u8], i: usize) -> Parsed<(Count, usize)> {
    const TOO_MANY: f64 = 18_446_744_073_709_551_616.0;
    let (value, end) = number(line, i)?;
    // A float holds whole numbers exactly only up to 2^53.
    let exact = digits::<u64>(line.get(i..end).unwrap_or_default());
    let is_whole = (0.0..TOO_MANY).contains(&value) && (value as u64) as f64 == value;
    let whole = is_whole.then_some(value as u64);
    let whole = exact.or(whole);
    Ok((Count { value, whole }, end))
}

fn integer(line: &[u8], i: usize) -> Parsed<(i64, usize)> {
    let end = token_end(line, i);
    match digits(line.get(i..end).unwrap_or_default()) {
        Some(value) => Ok((value, end)),
        None => bad(Float, "this is not a whole number, or out of range", i),
    }
}

/// `offset:length` pairs; only the first offset may be negative.
fn spans(line: &[u8], i: usize, into: &mut Vec<Span>) -> Parsed<usize> {
    let mut index = 0i64;
    list(line, i, |i| {
        let (offset, colon) = integer(line, i)?;
        let at = past_colon(line, colon)?;
        let (length, end) = integer(line, at)?;
        if length < 0 || (offset < 0 && !into.is_empty()) {
            let message = "only the offset of the first span may be negative";
            return bad(Spans, message, i);
        }
        index = index.saturating_add(offset).saturating_add(length);
        match (
            i32::try_from(offset),
            u32::try_from(length),
            i32::try_from(index),
        ) {
            (Ok(offset), Ok(length), Ok(_)) => into.push(Span { offset, length }),
            _ => return bad(Spans, "a span lies beyond the buckets that there can be", i),
        }
        Ok(end)
    })
}

fn native_buckets(line: &[u8], i: usize, side: &mut Side) -> Parsed<usize> {
    list(line, i, |i| {
        let (value, end) = number(line, i)?;
        side.counts.push(value);
        match digits(line.get(i..end).unwrap_or_default()) {
            Some(whole) => side.whole.push(whole),
            None => side.fractional = true,
        }
        Ok(end)
    })
}
