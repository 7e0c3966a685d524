//! How a store behaves. Plain data; the defaults are those of a Prometheus server where it has one.

use crate::error::OpenError;
use crate::fs::{Fs, RealFs};
use crate::wal::Compression;
use crate::wal::segment::{PAGE, SEGMENT_BYTES};
use scrape_core::Clock;
use scrape_core::ports::clock::SystemClock;
use std::sync::Arc;
use std::time::Duration;

/// Options of [`crate::Store::open`].
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Compression of log records.
    pub compression: Compression,
    /// Bytes of a log segment; a multiple of 32 KiB, at least that.
    pub segment_bytes: u64,
    /// How often committed data is brought to the medium; zero: never, as upstream. Bounds what a power cut
    /// costs.
    pub sync_interval: Duration,
    /// Age at which samples are dropped; zero keeps them forever.
    pub retention: Duration,
    /// Bytes that the log may occupy; 0: no limit. The oldest segments go first.
    pub retention_size: u64,
    /// How far ahead of the clock a sample may be; zero: no limit.
    pub future_limit: Duration,
    /// How far behind the newest sample of all a sample may be and still be taken out of order; zero:
    /// samples must ascend. Such samples are in the log and in [`crate::dump`]; Prometheus looks for them
    /// in a log of its own (`wbl`), which is not written.
    pub out_of_order_window: Duration,
    /// Age, against the newest sample of all, at which an idle series leaves memory. Its samples stay.
    pub series_idle: Duration,
    /// How often series are collected and segments dropped.
    pub maintenance_interval: Duration,
    /// Series whose newest exemplar is remembered; 0 refuses exemplars.
    pub max_exemplars: usize,
    /// Whether native histograms are taken.
    pub native_histograms: bool,
    /// Whether metadata goes into the log. Off for a directory that a Prometheus agent shall open.
    pub log_metadata: bool,
    /// Do without the lock file (filesystems that cannot lock). Two writers then destroy the data.
    pub no_lockfile: bool,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            compression: Compression::Snappy,
            segment_bytes: SEGMENT_BYTES,
            sync_interval: Duration::from_secs(1),
            retention: Duration::from_secs(15 * 24 * 3600),
            retention_size: 0,
            future_limit: Duration::from_secs(600),
            out_of_order_window: Duration::ZERO,
            series_idle: Duration::from_secs(2 * 3600),
            maintenance_interval: Duration::from_secs(60),
            max_exemplars: 100_000,
            native_histograms: true,
            log_metadata: true,
            no_lockfile: false,
        }
    }
}

impl StoreOptions {
    /// Refuses values that cannot be.
    pub(crate) fn check(&self) -> Result<(), OpenError> {
        let page = PAGE as u64;
        if self.segment_bytes < page || !self.segment_bytes.is_multiple_of(page) {
            return Err(OpenError::Option {
                option: "segment_bytes",
                problem: format!(
                    "{} is not a multiple of {page} of at least {page}",
                    self.segment_bytes
                ),
            });
        }
        Ok(())
    }
}

/// What a store is given by its surroundings: the disk and the time.
#[derive(Clone)]
pub struct Surroundings {
    /// The disk.
    pub fs: Arc<dyn Fs>,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            fs: Arc::new(RealFs),
            clock: Arc::new(SystemClock),
        }
    }
}

/// A duration in milliseconds.
pub(crate) fn ms(d: Duration) -> i64 {
    i64::try_from(d.as_millis()).unwrap_or(i64::MAX)
}
