//! Counters and gauges: one or two atomic words behind a handle that is cheap to clone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::desc::Kind;
use super::family::{Metric, Sealed};
use super::gather::SeriesValue;

/// A value that only goes up. A clone is another handle to the same value.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<CounterCell>);

#[derive(Debug, Default)]
struct CounterCell {
    /// Whole steps: one fetch-and-add.
    whole: AtomicU64,
    /// The bits of what came in as floats.
    fraction: AtomicF64,
}

impl Counter {
    /// Adds one.
    pub fn inc(&self) {
        self.add(1);
    }

    /// Adds a whole number.
    pub fn add(&self, n: u64) {
        self.0.whole.fetch_add(n, Ordering::Relaxed);
    }

    /// Adds a float, such as seconds. Negative values and NaN are ignored: a counter never goes down.
    pub fn add_f64(&self, n: f64) {
        if n > 0.0 {
            self.0.fraction.update(|old| old + n);
        }
    }

    /// The current value.
    pub fn get(&self) -> f64 {
        self.0.whole.load(Ordering::Relaxed) as f64 + self.0.fraction.load()
    }
}

impl Sealed for Counter {}

impl Metric for Counter {
    const KIND: Kind = Kind::Counter;
    type Options = ();

    fn with_options((): &()) -> Self {
        Self::default()
    }

    fn read(&self) -> SeriesValue {
        SeriesValue::Number(self.get())
    }
}

/// A value that goes up and down. A clone is another handle to the same value.
#[derive(Debug, Clone, Default)]
pub struct Gauge(Arc<AtomicF64>);

impl Gauge {
    /// Sets the value.
    pub fn set(&self, value: f64) {
        self.0.store(value);
    }

    /// Adds to the value; negative numbers subtract.
    pub fn add(&self, n: f64) {
        self.0.update(|old| old + n);
    }

    /// Adds one.
    pub fn inc(&self) {
        self.add(1.0);
    }

    /// Subtracts one.
    pub fn dec(&self) {
        self.add(-1.0);
    }

    /// The current value.
    pub fn get(&self) -> f64 {
        self.0.load()
    }
}

impl Sealed for Gauge {}

impl Metric for Gauge {
    const KIND: Kind = Kind::Gauge;
    type Options = ();

    fn with_options((): &()) -> Self {
        Self::default()
    }

    fn read(&self) -> SeriesValue {
        SeriesValue::Number(self.get())
    }
}

/// A float that several threads may add to.
#[derive(Debug, Default)]
pub(super) struct AtomicF64(AtomicU64);

impl AtomicF64 {
    pub(super) fn load(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    pub(super) fn store(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    pub(super) fn update(&self, step: impl Fn(f64) -> f64) {
        let mut old = self.0.load(Ordering::Relaxed);
        loop {
            let new = step(f64::from_bits(old)).to_bits();
            match self
                .0
                .compare_exchange_weak(old, new, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(current) => old = current,
            }
        }
    }
}
