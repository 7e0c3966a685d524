//! From the scratch of a metric to a native histogram, compacted. Buckets go straight from their wire form to
//! the compact one.

use super::metric::{self, Side};
use super::wire::{Fault, Result};
use crate::ErrorClass;
use crate::histogram::{
    Bucket, FloatHistogram, Histogram, ResetHint, SideBuilder, Span, is_compact, walk,
};

/// The two flavours, one of which holds the last histogram built.
#[derive(Debug, Clone, Default)]
pub(crate) struct Native {
    pub(crate) int: Histogram,
    pub(crate) float: FloatHistogram,
}

/// Which flavour it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    Int,
    Float,
}

/// Builds the native histogram of a metric. `at` is the metric's position, for errors.
pub(super) fn build(
    h: &metric::Histogram,
    gauge: bool,
    at: usize,
    native: &mut Native,
) -> Result<Flavour> {
    let reset_hint = if gauge {
        ResetHint::Gauge
    } else {
        ResetHint::Unknown
    };
    if h.is_float() {
        let out = &mut native.float;
        out.reset_hint = reset_hint;
        out.schema = h.schema;
        out.zero_threshold = h.zero_threshold;
        out.zero_count = h.zero_count_float;
        out.count = h.count_float;
        out.sum = h.sum;
        out.custom_values.clear();
        side(
            &h.positive,
            &h.positive.counts,
            at,
            &mut out.positive_spans,
            &mut out.positive_buckets,
        )?;
        side(
            &h.negative,
            &h.negative.counts,
            at,
            &mut out.negative_spans,
            &mut out.negative_buckets,
        )?;
        return Ok(Flavour::Float);
    }
    let out = &mut native.int;
    out.reset_hint = reset_hint;
    out.schema = h.schema;
    out.zero_threshold = h.zero_threshold;
    out.zero_count = h.zero_count;
    out.count = h.count;
    out.sum = h.sum;
    out.custom_values.clear();
    side(
        &h.positive,
        &h.positive.deltas,
        at,
        &mut out.positive_spans,
        &mut out.positive_buckets,
    )?;
    side(
        &h.negative,
        &h.negative.deltas,
        at,
        &mut out.negative_spans,
        &mut out.negative_buckets,
    )?;
    Ok(Flavour::Int)
}

fn side<B: Bucket>(
    side: &Side,
    buckets: &[B],
    at: usize,
    spans_out: &mut Vec<Span>,
    buckets_out: &mut Vec<B>,
) -> Result<()> {
    let described = side
        .spans
        .iter()
        .fold(0u64, |sum, span| sum.saturating_add(u64::from(span.length)));
    if described != buckets.len() as u64 {
        return Err(Fault::new(
            ErrorClass::Spans,
            at,
            "spans and buckets of a native histogram do not match",
        ));
    }
    if is_compact(&side.spans, buckets, 0) {
        spans_out.clear();
        spans_out.extend_from_slice(&side.spans);
        buckets_out.clear();
        buckets_out.extend_from_slice(buckets);
        return Ok(());
    }
    let mut builder = SideBuilder::new(spans_out, buckets_out, 0);
    walk(&side.spans, buckets, |index, count| {
        builder.push(index, count)
    });
    Ok(())
}
