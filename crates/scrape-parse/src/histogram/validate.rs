//! What storage refuses in a histogram, decided with the same rules as Prometheus' storage: a body that it
//! takes is taken, a body that it refuses is refused.

use super::{
    CUSTOM_BUCKETS_SCHEMA, FloatHistogram, Histogram, MAX_EXPONENTIAL_SCHEMA,
    MIN_EXPONENTIAL_SCHEMA, Span,
};
use core::fmt;

/// A side of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Buckets above zero.
    Positive,
    /// Buckets below zero.
    Negative,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Positive => "positive",
            Self::Negative => "negative",
        })
    }
}

/// Why a histogram is refused.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum HistogramError {
    /// The schema is neither exponential (-4 to 8) nor the custom one (-53).
    Schema(i32),
    /// A span after the first starts before its predecessor ends.
    SpanOffset {
        /// Which side.
        side: Side,
        /// Index of the span.
        span: usize,
        /// Its offset.
        offset: i32,
    },
    /// The spans describe another number of buckets than there are.
    SpanBuckets {
        /// Which side.
        side: Side,
        /// Buckets that the spans describe.
        described: u64,
        /// Buckets that exist.
        present: usize,
    },
    /// A bucket holds fewer than zero observations.
    NegativeBucket {
        /// Which side.
        side: Side,
        /// Index of the bucket in its vector.
        bucket: usize,
    },
    /// The sum is a number, so every observation lies in a bucket, yet count and buckets differ.
    CountMismatch {
        /// The histogram's count.
        count: u64,
        /// Observations in all buckets, the zero bucket included.
        in_buckets: u128,
    },
    /// The sum is NaN, so some observations may lie in no bucket, yet the buckets hold more than the count.
    CountTooSmall {
        /// The histogram's count.
        count: u64,
        /// Observations in all buckets, the zero bucket included.
        in_buckets: u128,
    },
    /// Custom bounds are not strictly ascending, or one is NaN.
    CustomBounds {
        /// Index of the first bound at fault.
        bound: usize,
    },
    /// A custom bound is infinite; the last bucket's bound is implicit.
    CustomBoundInfinite {
        /// Index of the bound.
        bound: usize,
    },
    /// More custom buckets than the bounds delimit.
    CustomBucketsBeyondBounds {
        /// Buckets that the spans cover, gaps included.
        covered: i64,
        /// Number of bounds.
        bounds: usize,
    },
    /// A custom-bucket histogram uses the zero bucket.
    CustomZeroBucket,
    /// A custom-bucket histogram has negative buckets or spans.
    CustomNegative,
    /// An exponential histogram carries custom bounds.
    ExponentialWithBounds,
}

impl fmt::Display for HistogramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Schema(schema) => {
                write!(f, "histogram schema {schema} is not one of -4 to 8 and -53")
            }
            Self::SpanOffset { side, span, offset } => {
                write!(f, "{side} span {span} has negative offset {offset}")
            }
            Self::SpanBuckets {
                side,
                described,
                present,
            } => {
                write!(
                    f,
                    "{side} spans describe {described} buckets but {present} are present"
                )
            }
            Self::NegativeBucket { side, bucket } => {
                write!(
                    f,
                    "{side} bucket {bucket} holds a negative number of observations"
                )
            }
            Self::CountMismatch { count, in_buckets } => {
                write!(
                    f,
                    "count is {count} but the buckets hold {in_buckets} observations"
                )
            }
            Self::CountTooSmall { count, in_buckets } => {
                write!(
                    f,
                    "count is {count}, less than the {in_buckets} observations in the buckets"
                )
            }
            Self::CustomBounds { bound } => {
                write!(f, "custom bound {bound} is not above its predecessor")
            }
            Self::CustomBoundInfinite { bound } => write!(f, "custom bound {bound} is infinite"),
            Self::CustomBucketsBeyondBounds { covered, bounds } => {
                write!(
                    f,
                    "{covered} custom buckets are covered but only {bounds} bounds are given"
                )
            }
            Self::CustomZeroBucket => {
                f.write_str("a custom-bucket histogram cannot use the zero bucket")
            }
            Self::CustomNegative => {
                f.write_str("a custom-bucket histogram cannot have negative buckets")
            }
            Self::ExponentialWithBounds => {
                f.write_str("an exponential histogram cannot carry custom bounds")
            }
        }
    }
}

impl core::error::Error for HistogramError {}

impl Histogram {
    /// Checks everything that storage checks before it takes a histogram.
    ///
    /// # Errors
    /// The first violation found.
    pub fn validate(&self) -> Result<(), HistogramError> {
        check_shape(
            self.schema,
            &self.custom_values,
            self.zero_threshold,
            self.zero_count != 0,
            [
                (
                    Side::Positive,
                    &self.positive_spans,
                    self.positive_buckets.len(),
                ),
                (
                    Side::Negative,
                    &self.negative_spans,
                    self.negative_buckets.len(),
                ),
            ],
        )?;
        let mut in_buckets = u128::from(self.zero_count);
        for (side, deltas) in [
            (Side::Negative, &self.negative_buckets),
            (Side::Positive, &self.positive_buckets),
        ] {
            let mut absolute = 0i64;
            for (bucket, delta) in deltas.iter().enumerate() {
                absolute = absolute.checked_add(*delta).unwrap_or(-1);
                in_buckets += u128::from(
                    u64::try_from(absolute)
                        .map_err(|_| HistogramError::NegativeBucket { side, bucket })?,
                );
            }
        }
        let count = self.count;
        if self.sum.is_nan() {
            if in_buckets > u128::from(count) {
                return Err(HistogramError::CountTooSmall { count, in_buckets });
            }
        } else if in_buckets != u128::from(count) {
            return Err(HistogramError::CountMismatch { count, in_buckets });
        }
        Ok(())
    }
}

impl FloatHistogram {
    /// Checks everything that storage checks before it takes a histogram. Count and buckets are not compared:
    /// the rounding of float sums would refuse good histograms.
    ///
    /// # Errors
    /// The first violation found.
    pub fn validate(&self) -> Result<(), HistogramError> {
        check_shape(
            self.schema,
            &self.custom_values,
            self.zero_threshold,
            self.zero_count != 0.0,
            [
                (
                    Side::Positive,
                    &self.positive_spans,
                    self.positive_buckets.len(),
                ),
                (
                    Side::Negative,
                    &self.negative_spans,
                    self.negative_buckets.len(),
                ),
            ],
        )?;
        for (side, counts) in [
            (Side::Negative, &self.negative_buckets),
            (Side::Positive, &self.positive_buckets),
        ] {
            if let Some(bucket) = counts.iter().position(|count| *count < 0.0) {
                return Err(HistogramError::NegativeBucket { side, bucket });
            }
        }
        Ok(())
    }
}

type SideShape<'a> = (Side, &'a [Span], usize);

fn check_shape(
    schema: i32,
    bounds: &[f64],
    zero_threshold: f64,
    zero_used: bool,
    sides: [SideShape<'_>; 2],
) -> Result<(), HistogramError> {
    for (side, spans, present) in sides {
        check_spans(side, spans, present)?;
    }
    match schema {
        CUSTOM_BUCKETS_SCHEMA => {
            check_bounds(bounds)?;
            let [(_, positive, _), (_, negative, negative_buckets)] = sides;
            // Gaps count: the last bucket covered must still have a bound, or be the one above them all.
            let covered = positive
                .iter()
                .map(|span| i64::from(span.offset) + i64::from(span.length))
                .sum::<i64>();
            if covered > bounds.len() as i64 + 1
                || positive.first().is_some_and(|span| span.offset < 0)
            {
                return Err(HistogramError::CustomBucketsBeyondBounds {
                    covered,
                    bounds: bounds.len(),
                });
            }
            if zero_threshold != 0.0 || zero_used {
                return Err(HistogramError::CustomZeroBucket);
            }
            if !negative.is_empty() || negative_buckets > 0 {
                return Err(HistogramError::CustomNegative);
            }
        }
        MIN_EXPONENTIAL_SCHEMA..=MAX_EXPONENTIAL_SCHEMA => {
            if !bounds.is_empty() {
                return Err(HistogramError::ExponentialWithBounds);
            }
        }
        _ => return Err(HistogramError::Schema(schema)),
    }
    Ok(())
}

fn check_spans(side: Side, spans: &[Span], present: usize) -> Result<(), HistogramError> {
    let mut described = 0u64;
    for (i, span) in spans.iter().enumerate() {
        if i > 0 && span.offset < 0 {
            return Err(HistogramError::SpanOffset {
                side,
                span: i,
                offset: span.offset,
            });
        }
        described = described.saturating_add(u64::from(span.length));
    }
    if described != present as u64 {
        return Err(HistogramError::SpanBuckets {
            side,
            described,
            present,
        });
    }
    Ok(())
}

fn check_bounds(bounds: &[f64]) -> Result<(), HistogramError> {
    let mut previous = f64::NEG_INFINITY;
    for (bound, value) in bounds.iter().enumerate() {
        if value.is_infinite() {
            return Err(HistogramError::CustomBoundInfinite { bound });
        }
        if value.is_nan() || *value <= previous {
            return Err(HistogramError::CustomBounds { bound });
        }
        previous = *value;
    }
    Ok(())
}
