//! From the scratch of a metric to a native histogram, compacted. A side that is compact already, as clients
//! write it, changes places with the last histogram's and is not copied.

use super::histogram::{self, Side};
use super::wire::{Fault, Result};
use crate::ErrorClass;
use crate::histogram::{
    Bucket, FloatHistogram, Histogram, ResetHint, SideBuilder, Span, none_empty, spans_are_compact,
    walk,
};
use alloc::vec::Vec;

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

/// Builds the native histogram of a metric, whose spans and buckets it takes. `at` is the metric's position, for
/// errors.
pub(super) fn build(
    h: &mut histogram::Histogram,
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
        h.positive.check(h.positive.counts.len(), at)?;
        let compact = none_empty(&h.positive.counts);
        let Side { spans, counts, .. } = &mut h.positive;
        let into = (&mut out.positive_spans, &mut out.positive_buckets);
        side(spans, counts, compact, into);
        h.negative.check(h.negative.counts.len(), at)?;
        let compact = none_empty(&h.negative.counts);
        let Side { spans, counts, .. } = &mut h.negative;
        let into = (&mut out.negative_spans, &mut out.negative_buckets);
        side(spans, counts, compact, into);
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
    h.positive.check(h.positive.deltas.values.len(), at)?;
    let compact = !h.positive.deltas.any_empty;
    let Side { spans, deltas, .. } = &mut h.positive;
    let into = (&mut out.positive_spans, &mut out.positive_buckets);
    side(spans, &mut deltas.values, compact, into);
    h.negative.check(h.negative.deltas.values.len(), at)?;
    let compact = !h.negative.deltas.any_empty;
    let Side { spans, deltas, .. } = &mut h.negative;
    let into = (&mut out.negative_spans, &mut out.negative_buckets);
    side(spans, &mut deltas.values, compact, into);
    Ok(Flavour::Int)
}

impl Side {
    /// There is a bucket for each place in the spans and none besides.
    fn check(&self, n_buckets: usize, at: usize) -> Result<()> {
        let lengths = self.spans.iter().map(|span| u64::from(span.length));
        if lengths.fold(0, u64::saturating_add) == n_buckets as u64 {
            return Ok(());
        }
        Err(Fault::new(
            ErrorClass::Spans,
            at,
            "spans and buckets of a native histogram do not match",
        ))
    }
}

/// Moves one side to its place; `compact` says that no bucket is empty.
fn side<B: Bucket>(
    spans: &mut Vec<Span>,
    buckets: &mut Vec<B>,
    compact: bool,
    (spans_out, buckets_out): (&mut Vec<Span>, &mut Vec<B>),
) {
    if compact && spans_are_compact(spans, 0) {
        core::mem::swap(spans, spans_out);
        core::mem::swap(buckets, buckets_out);
        return;
    }
    let mut builder = SideBuilder::new(spans_out, buckets_out, 0);
    walk(spans, buckets, |index, count| builder.push(index, count));
}
