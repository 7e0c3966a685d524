//! The bodies of histogram entries: integer counts as deltas, float counts as absolute values, custom bounds
//! only in the record types that have room for them.

use super::varint::{Cursor, put_f64, put_uv, put_zv};
use super::{DecodeError, RecordType};
use scrape_core::histogram::{CUSTOM_BUCKETS_SCHEMA, FloatHistogram, Histogram, ResetHint, Span};

/// A histogram that was read.
#[derive(Debug, Clone, PartialEq)]
pub enum HistValue {
    /// Integer counts.
    Int(Histogram),
    /// Float counts.
    Float(FloatHistogram),
}

/// A histogram to write.
#[derive(Debug, Clone, Copy)]
pub enum HistValueRef<'a> {
    /// Integer counts.
    Int(&'a Histogram),
    /// Float counts.
    Float(&'a FloatHistogram),
}

impl HistValue {
    /// A borrowed view.
    pub fn as_ref(&self) -> HistValueRef<'_> {
        match self {
            Self::Int(h) => HistValueRef::Int(h),
            Self::Float(h) => HistValueRef::Float(h),
        }
    }

    /// The sum of observations; the stale marker is written there.
    pub fn sum(&self) -> f64 {
        match self {
            Self::Int(h) => h.sum,
            Self::Float(h) => h.sum,
        }
    }

    /// The schema: resolution, or the mark of custom bounds.
    pub fn schema(&self) -> i32 {
        match self {
            Self::Int(h) => h.schema,
            Self::Float(h) => h.schema,
        }
    }
}

impl HistValueRef<'_> {
    /// The record type that holds this histogram.
    pub fn record_type(self) -> RecordType {
        match self {
            Self::Int(h) if h.schema == CUSTOM_BUCKETS_SCHEMA => RecordType::CustomHistograms,
            Self::Int(_) => RecordType::Histograms,
            Self::Float(h) if h.schema == CUSTOM_BUCKETS_SCHEMA => {
                RecordType::CustomFloatHistograms
            }
            Self::Float(_) => RecordType::FloatHistograms,
        }
    }
}

/// Appends the body of a histogram.
pub(crate) fn put_histogram(out: &mut Vec<u8>, h: HistValueRef<'_>, custom: bool) {
    match h {
        HistValueRef::Int(h) => {
            put_head(out, h.reset_hint, h.schema, h.zero_threshold);
            put_uv(out, h.zero_count);
            put_uv(out, h.count);
            put_f64(out, h.sum);
            put_spans(out, &h.positive_spans);
            put_spans(out, &h.negative_spans);
            for buckets in [&h.positive_buckets, &h.negative_buckets] {
                put_uv(out, buckets.len() as u64);
                buckets.iter().for_each(|d| put_zv(out, *d));
            }
            put_bounds(out, custom, &h.custom_values);
        }
        HistValueRef::Float(h) => {
            put_head(out, h.reset_hint, h.schema, h.zero_threshold);
            put_f64(out, h.zero_count);
            put_f64(out, h.count);
            put_f64(out, h.sum);
            put_spans(out, &h.positive_spans);
            put_spans(out, &h.negative_spans);
            for buckets in [&h.positive_buckets, &h.negative_buckets] {
                put_uv(out, buckets.len() as u64);
                buckets.iter().for_each(|c| put_f64(out, *c));
            }
            put_bounds(out, custom, &h.custom_values);
        }
    }
}

fn put_head(out: &mut Vec<u8>, hint: ResetHint, schema: i32, zero_threshold: f64) {
    out.push(hint as u8);
    put_zv(out, i64::from(schema));
    put_f64(out, zero_threshold);
}

fn put_spans(out: &mut Vec<u8>, spans: &[Span]) {
    put_uv(out, spans.len() as u64);
    for s in spans {
        put_zv(out, i64::from(s.offset));
        put_uv(out, u64::from(s.length));
    }
}

fn put_bounds(out: &mut Vec<u8>, custom: bool, bounds: &[f64]) {
    if custom {
        put_uv(out, bounds.len() as u64);
        bounds.iter().for_each(|b| put_f64(out, *b));
    }
}

/// Whether custom bounds follow the buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bounds {
    /// Never (types 7 and 8).
    Absent,
    /// Always (types 9 and 10).
    Present,
    /// When the schema says so (types 12 and 13).
    BySchema,
}

/// Reads the body of a histogram.
pub(super) fn take_histogram(
    c: &mut Cursor<'_>,
    float: bool,
    bounds: Bounds,
) -> Result<HistValue, DecodeError> {
    let reset_hint = match c.u8()? {
        1 => ResetHint::Reset,
        2 => ResetHint::NotReset,
        3 => ResetHint::Gauge,
        _ => ResetHint::Unknown,
    };
    let schema = i32::try_from(c.zv()?).map_err(|_| DecodeError::Varint)?;
    let zero_threshold = c.f64()?;
    let follow = bounds == Bounds::Present
        || (bounds == Bounds::BySchema && schema == CUSTOM_BUCKETS_SCHEMA);
    if float {
        let (zero_count, count, sum) = (c.f64()?, c.f64()?, c.f64()?);
        let (positive_spans, negative_spans) = (take_spans(c)?, take_spans(c)?);
        let (positive_buckets, negative_buckets) = (take_floats(c)?, take_floats(c)?);
        Ok(HistValue::Float(FloatHistogram {
            reset_hint,
            schema,
            zero_threshold,
            zero_count,
            count,
            sum,
            positive_spans,
            positive_buckets,
            negative_spans,
            negative_buckets,
            custom_values: if follow { take_floats(c)? } else { Vec::new() },
        }))
    } else {
        let (zero_count, count, sum) = (c.uv()?, c.uv()?, c.f64()?);
        let (positive_spans, negative_spans) = (take_spans(c)?, take_spans(c)?);
        let (positive_buckets, negative_buckets) = (take_deltas(c)?, take_deltas(c)?);
        Ok(HistValue::Int(Histogram {
            reset_hint,
            schema,
            zero_threshold,
            zero_count,
            count,
            sum,
            positive_spans,
            positive_buckets,
            negative_spans,
            negative_buckets,
            custom_values: if follow { take_floats(c)? } else { Vec::new() },
        }))
    }
}

fn take_spans(c: &mut Cursor<'_>) -> Result<Vec<Span>, DecodeError> {
    let n = c.count(2)?;
    let mut spans = Vec::with_capacity(n);
    for _ in 0..n {
        let offset = i32::try_from(c.zv()?).map_err(|_| DecodeError::Varint)?;
        let length = u32::try_from(c.uv()?).map_err(|_| DecodeError::Varint)?;
        spans.push(Span { offset, length });
    }
    Ok(spans)
}

fn take_deltas(c: &mut Cursor<'_>) -> Result<Vec<i64>, DecodeError> {
    let n = c.count(1)?;
    (0..n).map(|_| c.zv()).collect()
}

fn take_floats(c: &mut Cursor<'_>) -> Result<Vec<f64>, DecodeError> {
    let n = c.count(8)?;
    (0..n).map(|_| c.f64()).collect()
}
