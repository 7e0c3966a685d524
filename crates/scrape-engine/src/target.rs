//! A target that has a loop: what to request, what goes on its samples, and how its last scrape went.
//!
//! The identity never changes. What changes sits behind short locks that are never held across a wait, so
//! that showing thousands of targets does not disturb their scrapes.

mod metadata;
mod status;

pub(crate) use metadata::TargetMetadata;
pub use status::Health;
pub(crate) use status::{Change, Outcome, Status};

use crate::metrics::IntervalMetrics;
use scrape_core::Labels;
use scrape_core::target::{HistogramSwitches, Target, names};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A target with a loop.
#[derive(Debug)]
pub(crate) struct RunningTarget {
    target: Target,
    /// Labels before relabeling; discovery may change them without changing the target.
    discovered: Mutex<Labels>,
    status: Mutex<Status>,
    metadata: TargetMetadata,
    intervals: Arc<IntervalMetrics>,
}

impl RunningTarget {
    pub(crate) fn new(mut target: Target, intervals: Arc<IntervalMetrics>) -> Self {
        let discovered = target.discovered_labels().clone();
        // Kept once, where it can change.
        target.set_discovered_labels(Labels::empty());
        Self {
            discovered: Mutex::new(discovered),
            target,
            status: Mutex::default(),
            metadata: TargetMetadata::default(),
            intervals,
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.target.hash()
    }

    pub(crate) fn url(&self) -> &str {
        self.target.url()
    }

    pub(crate) fn unix_socket(&self) -> Option<&str> {
        self.target.unix_socket()
    }

    pub(crate) fn labels(&self) -> &Labels {
        self.target.labels()
    }

    /// What goes on samples.
    pub(crate) fn public_labels(&self) -> &Labels {
        self.target.public_labels()
    }

    pub(crate) fn interval(&self) -> Duration {
        self.target.interval()
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.target.timeout()
    }

    pub(crate) fn interval_text(&self) -> &str {
        self.target.labels().value(names::INTERVAL)
    }

    pub(crate) fn timeout_text(&self) -> &str {
        self.target.labels().value(names::TIMEOUT)
    }

    pub(crate) fn histograms(&self) -> HistogramSwitches {
        self.target.histograms()
    }

    /// Where distances between scrapes are observed.
    pub(crate) fn intervals(&self) -> &IntervalMetrics {
        &self.intervals
    }

    pub(crate) fn metadata(&self) -> &TargetMetadata {
        &self.metadata
    }

    /// Labels before relabeling, as last discovered.
    pub(crate) fn discovered(&self) -> Labels {
        locked(&self.discovered).clone()
    }

    /// Discovery says the same target in other words.
    pub(crate) fn rediscovered(&self, labels: &Labels) {
        let mut discovered = locked(&self.discovered);
        if *discovered != *labels {
            *discovered = labels.clone();
        }
    }

    /// How the last scrape went.
    pub(crate) fn status(&self) -> Status {
        locked(&self.status).clone()
    }

    /// Takes over how a scrape went.
    pub(crate) fn conclude(&self, outcome: Outcome) -> Change {
        locked(&self.status).conclude(outcome)
    }
}

fn locked<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is inside is replaced as a whole or field by field without a chance to panic.
    m.lock().unwrap_or_else(PoisonError::into_inner)
}
