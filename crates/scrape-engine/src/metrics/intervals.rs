//! How far apart scrapes really start, by nominal interval. Loops of the same interval share one pair of
//! series, looked up once per loop.

use super::{SECONDS, target_desc};
use scrape_core::registry::{
    Histogram, HistogramFamily, Objective, Registry, RegistryError, Summary, SummaryFamily,
};
use scrape_core::units::go_duration_text;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The families, and the handles given out.
#[derive(Debug)]
pub(crate) struct Intervals {
    length: SummaryFamily<1>,
    length_histogram: HistogramFamily<1>,
    known: Mutex<HashMap<Duration, Arc<IntervalMetrics>>>,
}

/// The series of one interval.
#[derive(Debug)]
pub(crate) struct IntervalMetrics(OnFirstUse);

/// Created by the first observation, so that an interval without a second scrape shows no empty series.
#[derive(Debug)]
struct OnFirstUse {
    interval: Duration,
    length: SummaryFamily<1>,
    length_histogram: HistogramFamily<1>,
    series: std::sync::OnceLock<(Summary, Histogram)>,
}

impl Intervals {
    pub(super) fn try_new(r: &Registry) -> Result<Self, RegistryError> {
        let help = "Actual time between scrapes.";
        Ok(Self {
            length: r.summary_family(
                target_desc("interval_length_seconds", help),
                ["interval"],
                &Objective::SCRAPE,
            )?,
            length_histogram: r.histogram_family(
                target_desc("interval_length_histogram_seconds", help),
                ["interval"],
                &SECONDS,
            )?,
            known: Mutex::default(),
        })
    }

    /// The series of an interval.
    pub(crate) fn of(&self, interval: Duration) -> Arc<IntervalMetrics> {
        // Whole entries are inserted, so the map is sound whatever a panicking holder did.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            Arc::new(IntervalMetrics(OnFirstUse {
                interval,
                length: self.length.clone(),
                length_histogram: self.length_histogram.clone(),
                series: std::sync::OnceLock::new(),
            }))
        };
        Arc::clone(known.entry(interval).or_insert_with(new))
    }
}

impl IntervalMetrics {
    /// Takes the distance between the starts of two scrapes of one target.
    pub(crate) fn observe(&self, distance: Duration) {
        let Self(m) = self;
        let (length, histogram) = m.series.get_or_init(|| {
            let text = go_duration_text(m.interval);
            (m.length.with([&text]), m.length_histogram.with([&text]))
        });
        length.observe(distance.as_secs_f64());
        histogram.observe(distance.as_secs_f64());
    }
}
