//! The conversion itself: cumulative classic buckets in, a histogram with custom bounds out.

use crate::histogram::{CUSTOM_BUCKETS_SCHEMA, FloatHistogram, Histogram, ResetHint, SideBuilder};
use crate::protobuf::{Flavour, Native};
use alloc::vec::Vec;

/// Why classic buckets do not amount to a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NhcbError {
    NegativeBucket,
    NegativeCount,
    NanBound,
    NotCumulative,
    CountMismatch,
    Invalid,
}

impl NhcbError {
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::NegativeBucket => "a classic bucket counts fewer than zero observations",
            Self::NegativeCount => "the count of a classic histogram is negative",
            Self::NanBound => "the bound of a classic bucket is NaN",
            Self::NotCumulative => "a classic bucket counts fewer observations than a lower one",
            Self::CountMismatch => "count and highest bucket of a classic histogram differ",
            Self::Invalid => "classic buckets do not make a valid histogram",
        }
    }
}

/// Collects the members of one classic histogram. Reused from histogram to histogram.
#[derive(Debug, Clone, Default)]
pub(crate) struct Nhcb {
    /// (upper bound, cumulative count) as they came.
    buckets: Vec<(f64, f64)>,
    /// Some bound is not above its predecessor.
    unsorted: bool,
    count: Option<f64>,
    sum: f64,
    error: Option<NhcbError>,
}

impl Nhcb {
    pub(crate) fn clear(&mut self) {
        self.buckets.clear();
        self.unsorted = false;
        self.count = None;
        self.sum = 0.0;
        self.error = None;
    }

    pub(crate) fn set_sum(&mut self, sum: f64) {
        self.sum = sum;
    }

    pub(crate) fn set_count(&mut self, count: f64) {
        if count < 0.0 {
            self.error.get_or_insert(NhcbError::NegativeCount);
        }
        self.count = Some(count);
    }

    /// Adds a bucket, in any order; of several with one bound the first counts.
    pub(crate) fn add_bucket(&mut self, bound: f64, count: f64) {
        if count < 0.0 {
            self.error.get_or_insert(NhcbError::NegativeBucket);
        } else if bound.is_nan() {
            self.error.get_or_insert(NhcbError::NanBound);
        } else {
            self.unsorted |= self.buckets.last().is_some_and(|(last, _)| *last >= bound);
            self.buckets.push((bound, count));
        }
    }

    /// Puts the buckets in order. Sorting once at the end keeps hostile input from costing more than
    /// n log n.
    fn arrange(&mut self) {
        if self.unsorted {
            self.buckets
                .sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(core::cmp::Ordering::Equal));
            self.buckets.dedup_by(|later, earlier| later.0 == earlier.0);
            self.unsorted = false;
        }
        if self
            .buckets
            .windows(2)
            .any(|pair| matches!(pair, [low, high] if low.1 > high.1))
        {
            self.error.get_or_insert(NhcbError::NotCumulative);
        }
    }

    /// Builds the histogram. What was collected is used up, whatever the outcome.
    pub(crate) fn convert(&mut self, gauge: bool, into: &mut Native) -> Result<Flavour, NhcbError> {
        self.arrange();
        if let Some(error) = self.error {
            return Err(error);
        }
        let highest = self.buckets.last().map_or(0.0, |(_, count)| *count);
        let count = self.count.unwrap_or(highest);
        if self
            .buckets
            .last()
            .is_none_or(|(bound, _)| *bound != f64::INFINITY)
        {
            self.buckets.push((f64::INFINITY, count));
        }
        // Also refuses a NaN count.
        if self.buckets.last().is_none_or(|(_, last)| *last != count) {
            return Err(NhcbError::CountMismatch);
        }
        let reset_hint = if gauge {
            ResetHint::Gauge
        } else {
            ResetHint::Unknown
        };
        let bounds = self
            .buckets
            .iter()
            .map(|(bound, _)| *bound)
            .take(self.buckets.len() - 1);
        if is_integral(count) && self.buckets.iter().all(|(_, count)| is_integral(*count)) {
            let out = &mut into.int;
            out.clear();
            out.reset_hint = reset_hint;
            out.schema = CUSTOM_BUCKETS_SCHEMA;
            out.count = count as u64;
            out.sum = self.sum;
            out.custom_values.extend(bounds);
            let mut builder =
                SideBuilder::new(&mut out.positive_spans, &mut out.positive_buckets, 2);
            let mut previous = 0i64;
            for (index, (_, cumulative)) in self.buckets.iter().enumerate() {
                let cumulative = *cumulative as i64;
                builder.push(index as i32, cumulative - previous);
                previous = cumulative;
            }
            check(out, Histogram::validate)?;
            return Ok(Flavour::Int);
        }
        let out = &mut into.float;
        out.clear();
        out.reset_hint = reset_hint;
        out.schema = CUSTOM_BUCKETS_SCHEMA;
        out.count = count;
        out.sum = self.sum;
        out.custom_values.extend(bounds);
        let mut builder = SideBuilder::new(&mut out.positive_spans, &mut out.positive_buckets, 0);
        let mut previous = 0.0;
        for (index, (_, cumulative)) in self.buckets.iter().enumerate() {
            builder.push(index as i32, *cumulative - previous);
            previous = *cumulative;
        }
        check(out, FloatHistogram::validate)?;
        Ok(Flavour::Float)
    }
}

fn check<H, E>(histogram: &H, validate: impl Fn(&H) -> Result<(), E>) -> Result<(), NhcbError> {
    validate(histogram).map_err(|_| NhcbError::Invalid)
}

/// Whether a count is a whole number that fits the integer flavour. Counts are not negative here.
fn is_integral(count: f64) -> bool {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    count < LIMIT && (count as i64) as f64 == count
}
