//! What file discovery counts (`prometheus_sd_file_*`), over all its providers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use scrape_core::registry::{Collected, Desc, Objective, Registry, RegistryError, Summary};

/// Counters and gauges of file discovery.
#[derive(Debug, Default)]
pub struct FileMetrics {
    read_errors: AtomicU64,
    watcher_errors: AtomicU64,
    scans: AtomicU64,
    scan_nanos: AtomicU64,
    /// Present when a registry shows these metrics.
    scan_duration: OnceLock<Summary>,
    next_provider: AtomicU64,
    /// By (file, provider): two jobs may watch one file, and one of them may end.
    mtimes: Mutex<BTreeMap<(String, u64), f64>>,
}

/// The values at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FileMetricsSnapshot {
    /// `prometheus_sd_file_read_errors_total`.
    pub read_errors: u64,
    /// `prometheus_sd_file_watcher_errors_total`.
    pub watcher_errors: u64,
    /// `prometheus_sd_file_scan_duration_seconds_count`.
    pub scans: u64,
    /// `prometheus_sd_file_scan_duration_seconds_sum`.
    pub scan_seconds: f64,
    /// `prometheus_sd_file_mtime_seconds`, by `filename`.
    pub mtime_seconds: BTreeMap<String, f64>,
}

/// The quantiles of upstream's discovery durations.
const SCAN_OBJECTIVES: [Objective; 3] = [
    Objective {
        quantile: 0.5,
        error: 0.05,
    },
    Objective {
        quantile: 0.9,
        error: 0.01,
    },
    Objective {
        quantile: 0.99,
        error: 0.001,
    },
];

impl FileMetricsSnapshot {
    fn collect(&self, out: &mut Collected) {
        out.counter(
            "prometheus_sd_file_read_errors_total",
            "Files that could not be read or understood; their previous targets stayed.",
            &[],
            self.read_errors as f64,
        );
        out.counter(
            "prometheus_sd_file_watcher_errors_total",
            "Failures to watch files for changes; they are polled instead.",
            &[],
            self.watcher_errors as f64,
        );
        for (file, mtime) in &self.mtime_seconds {
            out.gauge(
                "prometheus_sd_file_mtime_seconds",
                "When a file was last modified, as of its last good read.",
                &[("filename", file)],
                *mtime,
            );
        }
    }
}

impl FileMetrics {
    /// Reads everything.
    pub fn snapshot(&self) -> FileMetricsSnapshot {
        let mut mtime_seconds = BTreeMap::new();
        for ((file, _), mtime) in self.mtimes().iter() {
            mtime_seconds.insert(file.clone(), *mtime);
        }
        FileMetricsSnapshot {
            read_errors: self.read_errors.load(Ordering::Relaxed),
            watcher_errors: self.watcher_errors.load(Ordering::Relaxed),
            scans: self.scans.load(Ordering::Relaxed),
            scan_seconds: self.scan_nanos.load(Ordering::Relaxed) as f64 / 1e9,
            mtime_seconds,
        }
    }

    /// Shows these metrics in a registry.
    ///
    /// # Errors
    /// When the registry already has metrics of these names.
    pub fn register(self: &Arc<Self>, registry: &Registry) -> Result<(), RegistryError> {
        let desc = Desc::new(
            "prometheus_sd_file_scan_duration_seconds",
            "How long reading all files took.",
        );
        let summary = registry.summary(desc, &SCAN_OBJECTIVES)?;
        self.scan_duration.get_or_init(|| summary);
        let metrics = self.clone();
        registry.collector(move |out| metrics.snapshot().collect(out));
        Ok(())
    }

    pub(super) fn read_error(&self) {
        self.read_errors.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn watcher_error(&self) {
        self.watcher_errors.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn scanned(&self, took: Duration) {
        self.scans.fetch_add(1, Ordering::Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.scan_nanos.fetch_add(nanos, Ordering::Relaxed);
        if let Some(summary) = self.scan_duration.get() {
            summary.observe(took.as_secs_f64());
        }
    }

    fn mtimes(&self) -> MutexGuard<'_, BTreeMap<(String, u64), f64>> {
        self.mtimes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One provider's modification times; they go when it goes.
#[derive(Debug)]
pub(super) struct Mtimes {
    metrics: Arc<FileMetrics>,
    provider: u64,
}

impl Mtimes {
    pub(super) fn new(metrics: Arc<FileMetrics>) -> Self {
        let provider = metrics.next_provider.fetch_add(1, Ordering::Relaxed);
        Self { metrics, provider }
    }

    pub(super) fn set(&self, file: &str, seconds: f64) {
        self.metrics
            .mtimes()
            .insert((file.to_owned(), self.provider), seconds);
    }

    /// Forgets the files of this provider that `keep` does not name.
    pub(super) fn retain(&self, keep: impl Fn(&str) -> bool) {
        self.metrics
            .mtimes()
            .retain(|(file, provider), _| *provider != self.provider || keep(file));
    }
}

impl Drop for Mtimes {
    fn drop(&mut self) {
        self.retain(|_| false);
    }
}

#[cfg(test)]
mod tests {
    use scrape_core::ports::clock::ManualClock;
    use scrape_core::registry::Exposition;

    use super::*;

    #[test]
    fn the_exposition_has_the_names_of_upstream_and_a_shared_file_stays_until_its_last_provider() {
        let registry = Registry::new(Arc::new(ManualClock::at_ms(0)));
        let metrics = Arc::new(FileMetrics::default());
        metrics.register(&registry).expect("registered once");
        metrics.register(&registry).expect_err("not twice");
        let (one, two) = (Mtimes::new(metrics.clone()), Mtimes::new(metrics.clone()));
        one.set("a.json", 5.0);
        two.set("a.json", 7.5);
        metrics.scanned(Duration::from_millis(250));
        metrics.read_error();
        metrics.watcher_error();
        drop(one);
        let text = registry.render(Exposition::Text);
        for line in [
            "prometheus_sd_file_read_errors_total 1",
            "prometheus_sd_file_watcher_errors_total 1",
            "prometheus_sd_file_mtime_seconds{filename=\"a.json\"} 7.5",
            "prometheus_sd_file_scan_duration_seconds{quantile=\"0.5\"} 0.25",
            "prometheus_sd_file_scan_duration_seconds_count 1",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
        }
        drop(two);
        assert!(metrics.snapshot().mtime_seconds.is_empty());
    }
}
