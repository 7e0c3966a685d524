//! The series of one job. They vanish with the job, and a loop of a removed job that is still on its way out
//! cannot bring them back.

use super::JobFamilies;
use crate::reason::FailureReason;
use scrape_core::registry::{Counter, Gauge, Histogram, Summary};
use scrape_http::DialCounters;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The series of one job.
#[derive(Debug)]
pub(crate) struct JobMetrics {
    job: String,
    families: JobFamilies,
    pub(crate) syncs: Counter,
    pub(crate) sync_length: Summary,
    pub(crate) sync_length_histogram: Histogram,
    pub(crate) sync_failed: Counter,
    pub(crate) targets: Gauge,
    pub(crate) target_limit: Gauge,
    pub(crate) symbols: Gauge,
    pub(crate) dials: DialCounters,
    /// Counters in use; `None` once the series were deleted.
    failures: Mutex<Option<Vec<(FailureReason, Counter)>>>,
}

impl JobMetrics {
    pub(super) fn new(families: JobFamilies, job: &str) -> Self {
        Self {
            syncs: families.syncs.with([job]),
            sync_length: families.sync_length.with([job]),
            sync_length_histogram: families.sync_length_histogram.with([job]),
            sync_failed: families.sync_failed.with([job]),
            targets: families.targets.with([job]),
            target_limit: families.target_limit.with([job]),
            symbols: families.symbols.with([job]),
            dials: families.dials.of(job),
            failures: Mutex::new(Some(Vec::new())),
            job: job.to_owned(),
            families,
        }
    }

    /// Counts a failed scrape.
    pub(crate) fn failed(&self, reason: FailureReason) {
        let mut failures = self.failures();
        let Some(known) = failures.as_mut() else {
            return;
        };
        if let Some((_, counter)) = known.iter().find(|(r, _)| *r == reason) {
            counter.inc();
            return;
        }
        let counter = self.families.failures.with([&self.job, reason.as_str()]);
        counter.inc();
        known.push((reason, counter));
    }

    /// Deletes all series of the job.
    pub(crate) fn delete(&self) {
        let mut failures = self.failures();
        if failures.take().is_none() {
            return;
        }
        let (f, job) = (&self.families, [self.job.as_str()]);
        f.syncs.remove(job);
        f.sync_length.remove(job);
        f.sync_length_histogram.remove(job);
        f.sync_failed.remove(job);
        f.targets.remove(job);
        f.target_limit.remove(job);
        f.symbols.remove(job);
        f.dials.delete(&self.job);
        f.failures.remove_where("scrape_job", &self.job);
    }

    fn failures(&self) -> MutexGuard<'_, Option<Vec<(FailureReason, Counter)>>> {
        // Each change is one push or one take, so the list is sound whatever a panicking holder did.
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
