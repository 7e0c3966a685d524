//! From a composite value to a native histogram: counts turned into deltas, empty buckets left out, and
//! everything checked that storage would check.

use super::composite::{Composite, Side};
use super::{Fault, Parsed, bad};
use crate::ErrorClass;
use crate::histogram::{Bucket, FloatHistogram, Histogram, HistogramError, ResetHint, SideBuilder};
use crate::protobuf::{Flavour, Native};

/// Builds the native histogram. Its flavour is integer if every count is whole.
pub(super) fn build(value: &Composite, gauge: bool, native: &mut Native) -> Parsed<Flavour> {
    let at = value.open;
    if value.count.value < 0.0 || value.zero_count.value < 0.0 {
        let message = "a native histogram counts fewer than zero observations";
        return bad(ErrorClass::Composite, message, at);
    }
    for side in [&value.positive, &value.negative] {
        let described = side.spans.iter().map(|span| u64::from(span.length));
        if described.sum::<u64>() != side.counts.len() as u64 {
            let message = "spans and buckets of a native histogram do not match";
            return bad(ErrorClass::Spans, message, at);
        }
    }
    let reset_hint = if gauge {
        ResetHint::Gauge
    } else {
        ResetHint::Unknown
    };
    let whole = !value.positive.fractional && !value.negative.fractional;
    if let (Some(count), Some(zero_count), true) =
        (value.count.whole, value.zero_count.whole, whole)
    {
        let out = &mut native.int;
        out.clear();
        out.reset_hint = reset_hint;
        out.schema = value.schema;
        out.zero_threshold = value.zero_threshold;
        out.zero_count = zero_count;
        out.count = count;
        out.sum = value.sum;
        let (positive, negative) = (&value.positive, &value.negative);
        let builder = SideBuilder::new(&mut out.positive_spans, &mut out.positive_buckets, 0);
        fill(positive, &positive.whole, builder);
        let builder = SideBuilder::new(&mut out.negative_spans, &mut out.negative_buckets, 0);
        fill(negative, &negative.whole, builder);
        check(out, Histogram::validate, at)?;
        return Ok(Flavour::Int);
    }
    let out = &mut native.float;
    out.clear();
    out.reset_hint = reset_hint;
    out.schema = value.schema;
    out.zero_threshold = value.zero_threshold;
    out.zero_count = value.zero_count.value;
    out.count = value.count.value;
    out.sum = value.sum;
    let (positive, negative) = (&value.positive, &value.negative);
    let builder = SideBuilder::new(&mut out.positive_spans, &mut out.positive_buckets, 0);
    fill(positive, &positive.counts, builder);
    let builder = SideBuilder::new(&mut out.negative_spans, &mut out.negative_buckets, 0);
    fill(negative, &negative.counts, builder);
    check(out, FloatHistogram::validate, at)?;
    Ok(Flavour::Float)
}

/// Puts absolute counts where the spans say.
fn fill<B: Bucket>(side: &Side, counts: &[B::Abs], mut builder: SideBuilder<'_, B>) {
    let mut counts = counts.iter();
    let mut index = 0i32;
    for span in &side.spans {
        index = index.wrapping_add(span.offset);
        for count in counts.by_ref().take(span.length as usize) {
            builder.push(index, *count);
            index = index.wrapping_add(1);
        }
    }
}

fn check<H>(
    histogram: &H,
    validate: impl Fn(&H) -> Result<(), HistogramError>,
    at: usize,
) -> Parsed<()> {
    let Err(error) = validate(histogram) else {
        return Ok(());
    };
    let message = match error {
        HistogramError::NegativeBucket { .. } => {
            "a native bucket counts fewer than zero observations"
        }
        HistogramError::CountMismatch { .. } => {
            "the count is not the number of observations in the native buckets"
        }
        HistogramError::CountTooSmall { .. } => {
            "the count is less than the number of observations in the native buckets"
        }
        _ => "the native buckets do not make a valid histogram",
    };
    let class = ErrorClass::Composite;
    Err(Fault { class, message, at })
}
