//! The work that is not on any scrape's path: group syncs, collection of idle series, dropping of old
//! segments. The owner calls it every now and then; what is not due costs nothing.

use crate::error::MaintainError;
use crate::head::lock;
use crate::options::ms;
use crate::stats::add;
use crate::store::{Inner, Store};
use crate::wal::writer::Unsynced;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// What the last maintenance knew.
#[derive(Debug)]
pub(crate) struct State {
    /// When collection and retention last ran, Unix milliseconds.
    last_run: i64,
}

impl State {
    pub(crate) fn new(now_ms: i64) -> Self {
        Self { last_run: now_ms }
    }
}

/// What a call of [`Store::maintain`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Maintained {
    /// Committed data was brought to the medium.
    pub synced: bool,
    /// Series that left memory.
    pub series_collected: u64,
    /// Segments that were dropped.
    pub segments_dropped: u64,
}

impl Store {
    /// One tick: does what is due. Blocks while it syncs or writes a checkpoint, so call it from a thread
    /// that may; commits go on meanwhile. A second caller at the same time does nothing.
    ///
    /// Call it at least as often as [`crate::StoreOptions::sync_interval`]. After an error the store goes on,
    /// and the next call tries again.
    pub fn maintain(&self) -> Result<Maintained, MaintainError> {
        self.0.maintain(false)
    }

    /// [`Store::maintain`], everything now, due or not.
    pub fn maintain_now(&self) -> Result<Maintained, MaintainError> {
        self.0.maintain(true)
    }
}

/// Whether a period has passed; a clock that stepped back counts as passed.
fn due(last: i64, now: i64, period_ms: i64) -> bool {
    now < last || now.saturating_sub(last) >= period_ms
}

impl Inner {
    fn maintain(&self, force: bool) -> Result<Maintained, MaintainError> {
        let mut done = Maintained::default();
        let Ok(mut state) = self.maintenance.try_lock() else {
            return Ok(done);
        };
        if lock(&self.log).closed {
            return Ok(done);
        }
        let now = self.clock.now_ms();
        let interval = ms(self.options.sync_interval);
        let last = self.counters.last_sync_ms.load(Ordering::Relaxed);
        if interval > 0 && (force || due(last, now, interval)) {
            self.sync()?;
            done.synced = true;
        }
        if force || due(state.last_run, now, ms(self.options.maintenance_interval)) {
            state.last_run = now;
            done.series_collected = self.collect();
            done.segments_dropped = self.retain(now)?;
        }
        Ok(done)
    }

    /// Brings everything committed to the medium, without holding commits up.
    pub(crate) fn sync(&self) -> Result<(), MaintainError> {
        let unsynced = lock(&self.log).writer.take_unsynced(true);
        self.counters
            .last_sync_ms
            .store(self.clock.now_ms(), Ordering::Relaxed);
        let mut failed = Unsynced::default();
        let mut first = None;
        for (path, file) in unsynced.files {
            let began = Instant::now();
            let result = file.sync_data();
            add(&self.counters.fsyncs, 1);
            add(
                &self.counters.fsync_nanos,
                u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX),
            );
            if let Err(cause) = result {
                add(&self.counters.fsyncs_failed, 1);
                first.get_or_insert(MaintainError::Sync {
                    path: path.clone(),
                    cause,
                });
                failed.files.push((path, file));
            }
        }
        if unsynced.dir
            && let Err(cause) = self.fs.sync_dir(&self.wal_dir)
        {
            add(&self.counters.fsyncs_failed, 1);
            failed.dir = true;
            first.get_or_insert(MaintainError::Sync {
                path: self.wal_dir.clone(),
                cause,
            });
        }
        let Some(e) = first else { return Ok(()) };
        lock(&self.log).writer.sync_failed(failed);
        Err(e)
    }

    fn collect(&self) -> u64 {
        let newest = self.head.max_t();
        if newest == i64::MIN || !self.may_collect() {
            return 0;
        }
        // A sample older than the in-order window is refused whatever its series' last one is, so beyond it
        // nothing is lost by forgetting.
        let idle = ms(self.options.series_idle)
            .max(crate::txn::IN_ORDER_WINDOW_MS)
            .max(self.limits.out_of_order_ms);
        let segment = lock(&self.log).writer.current_number();
        let n = self.head.collect(newest.saturating_sub(idle), segment);
        if n > 0 {
            self.head.collect_metadata();
        }
        n
    }
}
