//! Operations that both flavours share: compaction, resolution, comparison, conversion, markers.

use super::side::{compact, reduce};
use super::{CUSTOM_BUCKETS_SCHEMA, FloatHistogram, Histogram, ResetHint, STALE_NAN_BITS};

macro_rules! shared_operations {
    ($type:ty) => {
        impl $type {
            /// Whether the buckets have custom bounds instead of an exponential schema.
            pub fn uses_custom_buckets(&self) -> bool {
                self.schema == CUSTOM_BUCKETS_SCHEMA
            }

            /// Buckets present on both sides, empty ones included, without the zero bucket.
            pub fn bucket_count(&self) -> usize {
                self.positive_buckets.len() + self.negative_buckets.len()
            }

            /// Leaves out empty buckets, except runs of at most `max_empty` between two others, and joins spans
            /// accordingly. Allocates only if something changes. O(buckets).
            pub fn compact(&mut self, max_empty: u32) {
                compact(
                    &mut self.positive_spans,
                    &mut self.positive_buckets,
                    max_empty,
                );
                compact(
                    &mut self.negative_spans,
                    &mut self.negative_buckets,
                    max_empty,
                );
            }

            /// Merges buckets until the schema is `schema`. Returns false, and changes nothing, if buckets are
            /// custom or the resolution is not above `schema` already. In place, O(buckets).
            pub fn reduce_resolution(&mut self, schema: i32) -> bool {
                if self.uses_custom_buckets() || self.schema <= schema {
                    return false;
                }
                let by = self.schema.wrapping_sub(schema).unsigned_abs();
                reduce(&mut self.positive_spans, &mut self.positive_buckets, by);
                reduce(&mut self.negative_spans, &mut self.negative_buckets, by);
                self.schema = schema;
                true
            }

            /// Whether this is a stale marker: its sum has the marker's bits.
            pub fn is_stale(&self) -> bool {
                self.sum.to_bits() == STALE_NAN_BITS
            }

            /// The stale marker of a histogram series.
            pub fn stale_marker() -> Self {
                Self {
                    sum: f64::from_bits(STALE_NAN_BITS),
                    ..Self::default()
                }
            }

            /// A histogram without observations and of the same layout (schema, zero threshold, custom bounds),
            /// marked as a reset: the sample to store at a start timestamp.
            pub fn zero_like(&self) -> Self {
                Self {
                    reset_hint: ResetHint::Reset,
                    schema: self.schema,
                    zero_threshold: self.zero_threshold,
                    custom_values: self.custom_values.clone(),
                    ..Self::default()
                }
            }

            /// Resets to the default, keeping the capacity of the vectors.
            pub fn clear(&mut self) {
                self.reset_hint = ResetHint::Unknown;
                self.schema = 0;
                self.zero_threshold = 0.0;
                self.zero_count = Default::default();
                self.count = Default::default();
                self.sum = 0.0;
                self.positive_spans.clear();
                self.positive_buckets.clear();
                self.negative_spans.clear();
                self.negative_buckets.clear();
                self.custom_values.clear();
            }
        }
    };
}

shared_operations!(Histogram);
shared_operations!(FloatHistogram);

fn same_bits(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

impl Histogram {
    /// Equality of every field, floats by their bits: NaN equals the same NaN, and -0 differs from 0.
    pub fn bit_eq(&self, other: &Self) -> bool {
        self.reset_hint == other.reset_hint
            && self.schema == other.schema
            && self.zero_threshold.to_bits() == other.zero_threshold.to_bits()
            && self.zero_count == other.zero_count
            && self.count == other.count
            && self.sum.to_bits() == other.sum.to_bits()
            && self.positive_spans == other.positive_spans
            && self.positive_buckets == other.positive_buckets
            && self.negative_spans == other.negative_spans
            && self.negative_buckets == other.negative_buckets
            && same_bits(&self.custom_values, &other.custom_values)
    }

    /// The same histogram with absolute float counts. Counts above 2^53 round to the nearest float.
    pub fn to_float(&self) -> FloatHistogram {
        let absolute = |deltas: &[i64]| {
            let mut count = 0i64;
            deltas
                .iter()
                .map(|delta| {
                    count = count.wrapping_add(*delta);
                    count as f64
                })
                .collect()
        };
        FloatHistogram {
            reset_hint: self.reset_hint,
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            zero_count: self.zero_count as f64,
            count: self.count as f64,
            sum: self.sum,
            positive_spans: self.positive_spans.clone(),
            positive_buckets: absolute(&self.positive_buckets),
            negative_spans: self.negative_spans.clone(),
            negative_buckets: absolute(&self.negative_buckets),
            custom_values: self.custom_values.clone(),
        }
    }
}

impl FloatHistogram {
    /// Equality of every field, floats by their bits: NaN equals the same NaN, and -0 differs from 0.
    pub fn bit_eq(&self, other: &Self) -> bool {
        self.reset_hint == other.reset_hint
            && self.schema == other.schema
            && self.zero_threshold.to_bits() == other.zero_threshold.to_bits()
            && self.zero_count.to_bits() == other.zero_count.to_bits()
            && self.count.to_bits() == other.count.to_bits()
            && self.sum.to_bits() == other.sum.to_bits()
            && self.positive_spans == other.positive_spans
            && same_bits(&self.positive_buckets, &other.positive_buckets)
            && self.negative_spans == other.negative_spans
            && same_bits(&self.negative_buckets, &other.negative_buckets)
            && same_bits(&self.custom_values, &other.custom_values)
    }
}
