//! The two limits a scrape job can put on histograms: how many buckets, and how fine a resolution.

use super::{FloatHistogram, Histogram, MAX_EXPONENTIAL_SCHEMA, MIN_EXPONENTIAL_SCHEMA};

/// A histogram has more buckets than the limit, and merging cannot help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketLimitError {
    /// The limit.
    pub limit: usize,
    /// Buckets left when merging ended.
    pub buckets: usize,
}

impl core::fmt::Display for BucketLimitError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "histogram has {} buckets, more than the limit of {}",
            self.buckets, self.limit
        )
    }
}

impl core::error::Error for BucketLimitError {}

/// The finest exponential schema whose buckets grow by at least `factor`, -4 to 8. A factor of 1 or less, or
/// NaN, allows every schema.
#[cfg(feature = "std")]
pub fn schema_for_bucket_factor(factor: f64) -> i32 {
    let factor = if factor > 1.0 { factor } else { 1.002_71 };
    let schema = (-factor.log2().log2()).floor();
    schema.clamp(
        f64::from(MIN_EXPONENTIAL_SCHEMA),
        f64::from(MAX_EXPONENTIAL_SCHEMA),
    ) as i32
}

macro_rules! limits {
    ($type:ty) => {
        impl $type {
            /// Whether [`Self::cap_schema`] and [`Self::limit_buckets`] would leave it as it is.
            pub fn is_within(&self, max_schema: i32, limit: usize) -> bool {
                let coarse = self.schema > super::MAX_EXPOSED_SCHEMA
                    || self.schema
                        <= max_schema.clamp(MIN_EXPONENTIAL_SCHEMA, MAX_EXPONENTIAL_SCHEMA);
                coarse && (limit == 0 || self.bucket_count() <= limit)
            }

            /// Lowers the resolution step by step until at most `limit` buckets are left; 0 is no limit.
            ///
            /// # Errors
            /// The lowest exponential schema still has too many buckets, or buckets are custom and cannot be
            /// merged. The histogram is then left as it was when merging ended.
            pub fn limit_buckets(&mut self, limit: usize) -> Result<(), BucketLimitError> {
                while limit > 0 && self.bucket_count() > limit {
                    if self.uses_custom_buckets() || self.schema <= MIN_EXPONENTIAL_SCHEMA {
                        return Err(BucketLimitError {
                            limit,
                            buckets: self.bucket_count(),
                        });
                    }
                    self.reduce_resolution(self.schema - 1);
                }
                Ok(())
            }

            /// Lowers the resolution to `max_schema` at most, and always to what storage takes. Custom buckets
            /// and schemas that no target may expose (above 52) stay as they are, for validation to judge.
            pub fn cap_schema(&mut self, max_schema: i32) {
                if self.schema <= super::MAX_EXPOSED_SCHEMA {
                    self.reduce_resolution(
                        max_schema.clamp(MIN_EXPONENTIAL_SCHEMA, MAX_EXPONENTIAL_SCHEMA),
                    );
                }
            }
        }
    };
}

limits!(Histogram);
limits!(FloatHistogram);
