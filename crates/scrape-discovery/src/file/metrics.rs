//! What file discovery counts (`prometheus_sd_file_*`), over all its providers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Counters and gauges of file discovery.
#[derive(Debug, Default)]
pub struct FileMetrics {
    read_errors: AtomicU64,
    watcher_errors: AtomicU64,
    scans: AtomicU64,
    scan_nanos: AtomicU64,
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
