//! What the loops of a pool share with it over all its reloads.

use crate::failure::ScrapeFailure;
use crate::failure_log::{Entry, FailureLog};
use crate::metrics::JobMetrics;
use arc_swap::ArcSwapOption;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Shared by a pool and its loops.
pub(crate) struct PoolShared {
    pub(crate) job: Arc<str>,
    pub(crate) metrics: JobMetrics,
    /// Cancels scrapes under way and markers not yet written.
    pub(crate) cancel: CancellationToken,
    forced: ArcSwapOption<ScrapeFailure>,
    failure_log: ArcSwapOption<FailureLog>,
}

impl PoolShared {
    pub(crate) fn new(job: Arc<str>, metrics: JobMetrics, cancel: CancellationToken) -> Self {
        Self {
            job,
            metrics,
            cancel,
            forced: ArcSwapOption::empty(),
            failure_log: ArcSwapOption::empty(),
        }
    }

    /// Makes every scrape of the pool fail without a request, or normal again.
    pub(crate) fn force_failure(&self, failure: Option<ScrapeFailure>) {
        self.forced.store(failure.map(Arc::new));
    }

    /// The failure that scrapes have to report instead of fetching.
    pub(crate) fn forced_failure(&self) -> Option<ScrapeFailure> {
        self.forced.load().as_deref().cloned()
    }

    /// Where failed scrapes are logged from now on.
    pub(crate) fn set_failure_log(&self, log: Option<Arc<FailureLog>>) {
        self.failure_log.store(log);
    }

    /// Logs a failed scrape, if there is a log.
    pub(crate) fn log_failure(&self, now_ns: i64, target: &str, failure: &ScrapeFailure) {
        let Some(log) = self.failure_log.load_full() else {
            return;
        };
        let mut entry = Entry::new(now_ns, failure.reason, &failure.message, &self.job, target);
        if let Some(position) = &failure.position {
            (entry.line, entry.column) = (Some(position.line), Some(position.column));
        }
        log.log(&entry);
    }
}
