//! The open scrape failure logs, one per path.

use crate::config::ScrapeConfig;
use crate::failure_log::{FailureLog, FailureLogError};
use crate::metrics::Counter;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// How long a stop waits for the disk.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

type Logs = BTreeMap<PathBuf, Arc<FailureLog>>;

/// Which logs are open.
pub(super) struct FailureLogs {
    dropped: Counter,
    open: Mutex<Logs>,
    /// Of all logs, those already replaced included.
    writers: TaskTracker,
}

impl FailureLogs {
    pub(super) fn new(dropped: Counter) -> Self {
        Self {
            dropped,
            open: Mutex::default(),
            writers: TaskTracker::new(),
        }
    }

    /// Opens every path that a job names, also those already open: whoever rotates logs reloads the
    /// configuration. Nothing changes until [`Self::install`].
    pub(super) async fn open(
        &self,
        configs: &[Arc<ScrapeConfig>],
    ) -> Result<Logs, FailureLogError> {
        let mut logs = Logs::new();
        for path in configs
            .iter()
            .filter_map(|c| c.scrape_failure_log_file.as_ref())
        {
            if !logs.contains_key(path) {
                let log = FailureLog::open(path, self.dropped.clone(), &self.writers).await?;
                logs.insert(path.clone(), Arc::new(log));
            }
        }
        Ok(logs)
    }

    /// Makes freshly opened logs the current ones. The old ones close when no pool uses them any more.
    pub(super) fn install(&self, logs: Logs) {
        *self.lock() = logs;
    }

    /// The log of a job.
    pub(super) fn of(&self, config: &ScrapeConfig) -> Option<Arc<FailureLog>> {
        self.lock()
            .get(config.scrape_failure_log_file.as_ref()?)
            .cloned()
    }

    /// Closes all logs after writing what is queued, unless the disk takes too long.
    pub(super) async fn close(&self) {
        let logs = std::mem::take(&mut *self.lock());
        self.writers.close();
        let written = async {
            for log in logs.into_values() {
                log.flush().await;
            }
            self.writers.wait().await;
        };
        if tokio::time::timeout(CLOSE_LIMIT, written).await.is_err() {
            tracing::warn!("scrape failure logs were not written in time");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Logs> {
        // The map is replaced whole.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
