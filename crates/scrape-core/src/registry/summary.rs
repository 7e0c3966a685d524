//! Summaries: quantiles of what was observed in the last eight to ten minutes.
//!
//! Time is cut into slices of two minutes, and the last five of them answer together; every two minutes the
//! oldest is emptied and takes the new observations. Prometheus forgets at the same pace. Sum and count never
//! forget.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::desc::{Kind, RegistryError};
use super::family::{Metric, Sealed};
use super::gather::SeriesValue;
use super::quantile::{self, Objective, Stream};
use crate::Clock;

/// How long an observation counts at most.
const MAX_AGE_NS: i64 = 600 * 1_000_000_000;
const SLICES: usize = 5;
const SLICE_NS: i64 = MAX_AGE_NS / SLICES as i64;
/// Observations that wait to be sorted and merged in one go.
const BUFFER: usize = 512;

/// Quantiles over a sliding window of ten minutes. A clone is another handle to the same summary.
#[derive(Debug, Clone)]
pub struct Summary(Arc<Cell>);

struct Cell {
    options: SummaryOptions,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    buffer: Vec<f64>,
    slices: [Stream; SLICES],
    /// The slice that takes observations; the one after it is the oldest.
    current: usize,
    /// When the current slice ends, in nanoseconds of the clock.
    ends_ns: i64,
    sum: f64,
    count: u64,
}

/// The quantiles of a summary and the clock it ages by.
#[derive(Clone)]
pub struct SummaryOptions {
    quantiles: Arc<[f64]>,
    /// The strictest error of all objectives.
    error: f64,
    clock: Arc<dyn Clock>,
}

impl SummaryOptions {
    pub(super) fn try_new(
        name: &str,
        objectives: &[Objective],
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RegistryError> {
        for objective in objectives {
            objective.check(name)?;
        }
        let error = objectives.iter().map(|o| o.error).fold(1.0, f64::min);
        let mut quantiles: Vec<f64> = objectives.iter().map(|o| o.quantile).collect();
        quantiles.sort_by(f64::total_cmp);
        quantiles.dedup();
        Ok(Self {
            quantiles: quantiles.into(),
            error,
            clock,
        })
    }
}

impl Summary {
    /// Adds one observation. NaN counts and spoils the sum, but is no candidate for a quantile.
    pub fn observe(&self, value: f64) {
        let SummaryOptions {
            quantiles,
            error,
            clock,
        } = &self.0.options;
        let now = clock.now_ns();
        let mut state = self.lock();
        state.age(now, *error);
        state.count += 1;
        state.sum += value;
        if !value.is_nan() && !quantiles.is_empty() {
            state.buffer.push(value);
            if state.buffer.len() >= BUFFER {
                state.flush(*error);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic between two updates leaves at worst one observation half counted.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn n_samples(&self) -> usize {
        self.lock().slices.iter().map(Stream::n_samples).sum()
    }
}

impl State {
    fn flush(&mut self, error: f64) {
        if !self.buffer.is_empty() {
            self.buffer.sort_unstable_by(f64::total_cmp);
            self.slices[self.current].merge(&self.buffer, error);
            self.buffer.clear();
        }
    }

    /// Starts a new slice when the current one is over, emptying the oldest.
    fn age(&mut self, now_ns: i64, error: f64) {
        // A clock that stepped back gets a new anchor; else nothing would be forgotten until it caught up.
        self.ends_ns = self.ends_ns.min(now_ns.saturating_add(SLICE_NS));
        if now_ns < self.ends_ns {
            return;
        }
        // What waits was observed before the end.
        self.flush(error);
        for _ in 0..SLICES {
            if now_ns < self.ends_ns {
                return;
            }
            self.current = (self.current + 1) % SLICES;
            self.slices[self.current].clear();
            self.ends_ns = self.ends_ns.saturating_add(SLICE_NS);
        }
        // Nothing is left; the next slice starts now.
        self.ends_ns = self.ends_ns.max(now_ns.saturating_add(SLICE_NS));
    }
}

impl Sealed for Summary {}

impl Metric for Summary {
    const KIND: Kind = Kind::Summary;
    type Options = SummaryOptions;

    fn with_options(options: &SummaryOptions) -> Self {
        let state = State {
            buffer: Vec::new(),
            slices: std::array::from_fn(|_| Stream::default()),
            current: 0,
            ends_ns: options.clock.now_ns().saturating_add(SLICE_NS),
            sum: 0.0,
            count: 0,
        };
        Self(Arc::new(Cell {
            options: options.clone(),
            state: Mutex::new(state),
        }))
    }

    fn read(&self) -> SeriesValue {
        let SummaryOptions {
            quantiles,
            error,
            clock,
        } = &self.0.options;
        let now = clock.now_ns();
        let mut state = self.lock();
        state.age(now, *error);
        state.flush(*error);
        let values = quantile::query(&state.slices, quantiles.iter().copied());
        let values = values.unwrap_or_else(|| vec![f64::NAN; quantiles.len()]);
        let quantiles = quantiles.iter().copied().zip(values).collect();
        SeriesValue::Summary {
            quantiles,
            sum: state.sum,
            count: state.count,
        }
    }
}

impl std::fmt::Debug for SummaryOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SummaryOptions")
            .field("quantiles", &self.quantiles)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Summary")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
