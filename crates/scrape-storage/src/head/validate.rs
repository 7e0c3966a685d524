//! Whether a histogram is consistent: what is stored is trusted by every reader after us.

use scrape_core::AppendError;
use scrape_core::histogram::{CUSTOM_BUCKETS_SCHEMA, FloatHistogram, Histogram, Span};

const MIN_SCHEMA: i32 = -4;
const MAX_SCHEMA: i32 = 8;

fn refuse<T>(problem: impl Into<String>) -> Result<T, AppendError> {
    Err(AppendError::InvalidHistogram(problem.into()))
}

/// Checks a histogram with integer counts.
pub(crate) fn histogram(h: &Histogram) -> Result<(), AppendError> {
    schema(
        h.schema,
        &h.custom_values,
        h.negative_spans.is_empty() && h.zero_count == 0,
        &h.positive_spans,
    )?;
    spans(&h.positive_spans, h.positive_buckets.len(), "positive")?;
    spans(&h.negative_spans, h.negative_buckets.len(), "negative")?;
    let mut total = u128::from(h.zero_count);
    for (side, buckets) in [
        ("positive", &h.positive_buckets),
        ("negative", &h.negative_buckets),
    ] {
        let mut count = 0i64;
        for d in buckets {
            count = count.checked_add(*d).unwrap_or(-1);
            let Ok(c) = u64::try_from(count) else {
                return refuse(format!("{side} bucket with a negative count"));
            };
            total += u128::from(c);
        }
    }
    // Observations that are NaN count without a bucket, so only then may the count be larger.
    let count = u128::from(h.count);
    match h.sum.is_nan() {
        true if count < total => refuse(format!(
            "{total} observations in buckets, but count is {count}"
        )),
        false if count != total => refuse(format!(
            "{total} observations in buckets, but count is {count}"
        )),
        _ => Ok(()),
    }
}

/// Checks a histogram with float counts.
pub(crate) fn float_histogram(h: &FloatHistogram) -> Result<(), AppendError> {
    schema(
        h.schema,
        &h.custom_values,
        h.negative_spans.is_empty() && h.zero_count == 0.0,
        &h.positive_spans,
    )?;
    spans(&h.positive_spans, h.positive_buckets.len(), "positive")?;
    spans(&h.negative_spans, h.negative_buckets.len(), "negative")?;
    if h.count < 0.0 || h.zero_count < 0.0 {
        return refuse("negative count");
    }
    for (side, buckets) in [
        ("positive", &h.positive_buckets),
        ("negative", &h.negative_buckets),
    ] {
        if buckets.iter().any(|c| *c < 0.0) {
            return refuse(format!("{side} bucket with a negative count"));
        }
    }
    // Float counts are not compared with their sum: rounding makes them differ.
    Ok(())
}

fn schema(
    schema: i32,
    bounds: &[f64],
    only_positive: bool,
    positive: &[Span],
) -> Result<(), AppendError> {
    if schema != CUSTOM_BUCKETS_SCHEMA {
        if !(MIN_SCHEMA..=MAX_SCHEMA).contains(&schema) {
            return refuse(format!(
                "schema {schema}: allowed are {MIN_SCHEMA} to {MAX_SCHEMA} and {CUSTOM_BUCKETS_SCHEMA}"
            ));
        }
        return if bounds.is_empty() {
            Ok(())
        } else {
            refuse("custom bounds need the schema of custom bounds")
        };
    }
    if !only_positive {
        return refuse("custom bounds allow neither negative buckets nor a zero bucket");
    }
    if bounds.iter().any(|b| b.is_nan() || *b == f64::INFINITY)
        || !bounds.is_sorted_by(|a, b| a < b)
    {
        return refuse("custom bounds are not strictly ascending finite numbers");
    }
    let mut last = 0i64;
    for s in positive {
        last = last
            .saturating_add(i64::from(s.offset))
            .saturating_add(i64::from(s.length));
    }
    // One bucket more than bounds: the last one has no upper bound.
    if last > bounds.len() as i64 + 1 {
        return refuse(format!(
            "{last} buckets, but {} custom bounds",
            bounds.len()
        ));
    }
    Ok(())
}

fn spans(spans: &[Span], buckets: usize, side: &str) -> Result<(), AppendError> {
    let mut total = 0u64;
    for (i, s) in spans.iter().enumerate() {
        if i > 0 && s.offset < 0 {
            return refuse(format!("{side} span {i} with a negative offset"));
        }
        total += u64::from(s.length);
    }
    if total != buckets as u64 {
        return refuse(format!(
            "{side} spans have room for {total} buckets, there are {buckets}"
        ));
    }
    Ok(())
}
