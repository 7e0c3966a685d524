//! Histograms with fixed buckets. The count is the sum of the buckets, so that a reader never sees a total
//! that its buckets contradict, without a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::desc::{Kind, RegistryError};
use super::family::{Metric, Sealed};
use super::gather::SeriesValue;
use super::number::AtomicF64;

/// Counts observations in buckets. A clone is another handle to the same histogram.
#[derive(Debug, Clone)]
pub struct Histogram(Arc<Cell>);

#[derive(Debug)]
struct Cell {
    bounds: Arc<[f64]>,
    /// One per bound, and the last for everything above.
    counts: Box<[AtomicU64]>,
    sum: AtomicF64,
}

/// The inclusive upper bounds of a histogram's buckets, ascending and finite.
#[derive(Debug, Clone)]
pub struct HistogramOptions {
    bounds: Arc<[f64]>,
}

impl HistogramOptions {
    pub(super) fn try_new(name: &str, buckets: &[f64]) -> Result<Self, RegistryError> {
        let mut previous = f64::NEG_INFINITY;
        for bound in buckets {
            if !bound.is_finite() || *bound <= previous {
                return Err(RegistryError::Buckets {
                    name: name.to_owned(),
                    bound: *bound,
                });
            }
            previous = *bound;
        }
        Ok(Self {
            bounds: buckets.into(),
        })
    }
}

impl Histogram {
    /// Counts one observation. NaN counts as above every bound.
    pub fn observe(&self, value: f64) {
        let bucket = if value.is_nan() {
            self.0.bounds.len()
        } else {
            self.0.bounds.partition_point(|bound| *bound < value)
        };
        self.0.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.0.sum.update(|old| old + value);
    }
}

impl Sealed for Histogram {}

impl Metric for Histogram {
    const KIND: Kind = Kind::Histogram;
    type Options = HistogramOptions;

    fn with_options(options: &HistogramOptions) -> Self {
        Self(Arc::new(Cell {
            bounds: Arc::clone(&options.bounds),
            counts: (0..=options.bounds.len())
                .map(|_| AtomicU64::new(0))
                .collect(),
            sum: AtomicF64::default(),
        }))
    }

    fn read(&self) -> SeriesValue {
        let mut total = 0;
        let bounds = self.0.bounds.iter().copied().chain([f64::INFINITY]);
        let buckets = bounds
            .zip(&self.0.counts)
            .map(|(bound, count)| {
                total += count.load(Ordering::Relaxed);
                (bound, total)
            })
            .collect();
        SeriesValue::Histogram {
            buckets,
            sum: self.0.sum.load(),
            count: total,
        }
    }
}
