//! The rules about what the samples of one histogram point say together (S18 to S21).

use super::Violation;

/// What one histogram (one label set, one timestamp) has said so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Point {
    /// Where its last sample stands.
    at: usize,
    /// Bound and value of the last bucket.
    bucket: Option<(f64, f64)>,
    count: Option<f64>,
    has_sum: bool,
    has_gsum: bool,
    negative_bucket: bool,
    negative_gsum: bool,
}

/// A member of a histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Member {
    Bucket(f64),
    /// `_count` or `_gcount`
    Count,
    Sum,
    Gsum,
}

impl Point {
    pub(super) fn add(&mut self, member: Member, value: f64, at: usize) -> Result<(), Violation> {
        self.at = at;
        match member {
            Member::Bucket(bound) => {
                self.negative_bucket |= bound < 0.0;
                if let Some((previous, count)) = self.bucket {
                    if bound <= previous {
                        return Err(Violation::new(19, at, "buckets are not in ascending order"));
                    }
                    if value < count {
                        return Err(Violation::new(
                            19,
                            at,
                            "bucket counts less than a lower one",
                        ));
                    }
                }
                self.bucket = Some((bound, value));
            }
            Member::Count => self.count = Some(value),
            Member::Sum => self.has_sum = true,
            Member::Gsum => {
                self.has_gsum = true;
                self.negative_gsum = value < 0.0;
            }
        }
        Ok(())
    }

    /// Checks the whole. `pairs`: count and sum must come together, as OpenMetrics demands.
    pub(super) fn finish(&self, pairs: bool) -> Result<(), Violation> {
        let at = self.at;
        let Some((bound, highest)) = self.bucket else {
            return Err(Violation::new(
                18,
                at,
                "histogram without a bucket for +Inf",
            ));
        };
        if bound != f64::INFINITY {
            return Err(Violation::new(
                18,
                at,
                "highest bucket of a histogram is not +Inf",
            ));
        }
        if self.count.is_some_and(|count| count != highest) {
            return Err(Violation::new(
                19,
                at,
                "count of a histogram differs from its +Inf bucket",
            ));
        }
        if !pairs {
            return Ok(());
        }
        if (self.has_sum || self.has_gsum) && self.count.is_none() {
            return Err(Violation::new(20, at, "histogram has a sum but no count"));
        }
        if self.count.is_some() && !(self.has_sum || self.has_gsum) {
            // A sum is forbidden beside negative buckets, so there a count stands alone or not at all.
            return Err(Violation::new(20, at, "histogram has a count but no sum"));
        }
        if self.negative_bucket && self.has_sum {
            return Err(Violation::new(
                21,
                at,
                "histogram with negative buckets has a sum",
            ));
        }
        if self.negative_gsum && !self.negative_bucket {
            return Err(Violation::new(
                17,
                at,
                "negative sum without negative buckets",
            ));
        }
        Ok(())
    }
}
