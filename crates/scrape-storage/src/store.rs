//! The store: opening, closing, and what the parts share.

use crate::error::OpenError;
use crate::fs::{Fs, LockFailure, LockGuard};
use crate::head::{Head, lock};
use crate::options::{StoreOptions, Surroundings, ms};
use crate::replay::replay;
use crate::stats::{Counters, ReplayReport, StoreStats, add, read};
use crate::txn::{Batch, Pool, Scratch, Txn};
use crate::wal::repair::Workspace;
use crate::wal::segment::Layout;
use crate::wal::writer::{WriteError, Writer};
use scrape_core::{Appendable, Appender, Clock, Labels, MetadataRef, MetricType, SeriesRef};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// The options in the units of the hot path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) future_ms: i64,
    pub(crate) out_of_order_ms: i64,
    pub(crate) native_histograms: bool,
    pub(crate) log_metadata: bool,
}

/// The log and the buffers of commits, under one lock.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) writer: Writer,
    pub(crate) scratch: Scratch,
    pub(crate) closed: bool,
}

/// Transactions that are open.
#[derive(Debug, Default)]
struct Tickets {
    next: u64,
    collections: u64,
    /// (number, collections that had run when it began)
    open: Vec<(u64, u64)>,
}

pub(crate) struct Inner {
    pub(crate) options: StoreOptions,
    pub(crate) limits: Limits,
    pub(crate) fs: Arc<dyn Fs>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) data_dir: PathBuf,
    pub(crate) wal_dir: PathBuf,
    pub(crate) head: Head,
    pub(crate) log: Mutex<Log>,
    pub(crate) pool: Mutex<Pool>,
    pub(crate) counters: Counters,
    pub(crate) maintenance: Mutex<crate::maintain::State>,
    tickets: Mutex<Tickets>,
    lock: Mutex<Option<Box<dyn LockGuard>>>,
    clean_start: i8,
    replay: ReplayReport,
}

/// An open store. Clones share it; the directory stays locked until the last one is gone or one was closed.
#[derive(Clone)]
pub struct Store(pub(crate) Arc<Inner>);

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("dir", &self.0.data_dir)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Opens a data directory, creating it if needed: takes its lock, reads the log, repairs what is
    /// damaged (the original bytes are put aside under `scraper/quarantine/`), and begins a new segment.
    ///
    /// Blocks for as long as reading takes.
    pub fn open(dir: impl AsRef<Path>, options: StoreOptions) -> Result<Self, OpenError> {
        Self::open_in(dir.as_ref(), options, Surroundings::default())
    }

    /// [`Store::open`] on a given disk and clock.
    pub fn open_in(
        dir: &Path,
        options: StoreOptions,
        around: Surroundings,
    ) -> Result<Self, OpenError> {
        options.check()?;
        let Surroundings { fs, clock } = around;
        let began = Instant::now();
        let wal_dir = dir.join("wal");
        let create = |path: &Path| {
            fs.create_dir_all(path).map_err(|cause| OpenError::Io {
                path: path.to_owned(),
                cause: match cause.kind() {
                    std::io::ErrorKind::AlreadyExists => rustix::io::Errno::NOTDIR.into(),
                    _ => cause,
                },
            })
        };
        // Nothing but the place of the lock comes before the lock: whoever does not get it leaves no trace.
        create(dir)?;
        let (guard, clean_start) = take_lock(&*fs, dir, options.no_lockfile)?;
        create(&wal_dir)?;
        let space = Workspace::new(fs.clone(), dir, clock.now_ms());
        space.clean_leftovers()?;
        let layout = Layout::of(&*fs, &wal_dir)?;
        let head = Head::new(options.max_exemplars);
        let mut replayed = replay(&*fs, &layout, &head)?;
        for d in &replayed.damaged {
            let (bytes, len) = space.repair(d)?;
            replayed.report.quarantined_bytes += bytes;
            if let Some(s) = replayed
                .segments
                .iter_mut()
                .find(|s| !d.in_checkpoint && s.number == d.segment.number)
            {
                s.bytes = len;
            }
        }
        // Only a checkpoint that was read without a fault may replace what it was made from.
        if !replayed.damaged.iter().any(|d| d.in_checkpoint) {
            space.remove_replaced(&layout)?;
        }
        let last = layout
            .segments
            .last()
            .map(|s| s.number)
            .max(layout.checkpoint.as_ref().map(|c| c.number));
        let next = last.map_or(0, |n| n + 1);
        let writer = Writer::create(
            fs.clone(),
            &wal_dir,
            options.compression,
            options.segment_bytes,
            replayed.segments,
            next,
        )
        .map_err(|e| OpenError::Io {
            path: e.path,
            cause: e.cause,
        })?;
        replayed.report.nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let counters = Counters::default();
        add(&counters.corruptions, replayed.report.corruptions);
        add(&counters.checkpoint_bytes, replayed.checkpoint_bytes);
        counters
            .last_sync_ms
            .store(clock.now_ms(), Ordering::Relaxed);
        let limits = Limits {
            future_ms: ms(options.future_limit),
            out_of_order_ms: ms(options.out_of_order_window),
            native_histograms: options.native_histograms,
            log_metadata: options.log_metadata,
        };
        Ok(Self(Arc::new(Inner {
            options,
            limits,
            maintenance: Mutex::new(crate::maintain::State::new(clock.now_ms())),
            fs,
            clock,
            data_dir: dir.to_owned(),
            wal_dir,
            head,
            log: Mutex::new(Log {
                writer,
                scratch: Scratch::default(),
                closed: false,
            }),
            pool: Mutex::default(),
            counters,
            tickets: Mutex::default(),
            lock: Mutex::new(guard),
            clean_start,
            replay: replayed.report,
        })))
    }

    /// The directory that was opened.
    pub fn dir(&self) -> &Path {
        &self.0.data_dir
    }

    /// Ends writing: everything committed is brought to the medium and the lock is given up. Later commits
    /// fail. Calling it again does nothing.
    pub fn close(&self) -> Result<(), crate::MaintainError> {
        self.0.close()
    }

    /// Figures about the store. Walks the series table, so not for a hot path.
    pub fn stats(&self) -> StoreStats {
        self.0.stats()
    }

    /// The metadata of a series, if any.
    pub fn metadata(&self, series: SeriesRef) -> Option<(MetricType, String, String)> {
        let id = self.0.head.with(series.0, |s| s.meta)?;
        let table = lock(&self.0.head.metadata);
        table
            .lookup(id)
            .map(|MetadataRef { kind, unit, help }| (kind, unit.to_owned(), help.to_owned()))
    }

    /// The labels of a series, if it is in memory.
    pub fn labels(&self, series: SeriesRef) -> Option<Labels> {
        self.0.head.labels_of(series.0)
    }
}

impl Appendable for Store {
    fn appender(&self) -> Box<dyn Appender> {
        Box::new(Txn::begin(self.0.clone()))
    }
}

fn take_lock(
    fs: &dyn Fs,
    dir: &Path,
    without: bool,
) -> Result<(Option<Box<dyn LockGuard>>, i8), OpenError> {
    if without {
        return Ok((None, -1));
    }
    let path = dir.join("lock");
    match fs.lock(&path) {
        Ok((guard, existed)) => Ok((Some(guard), i8::from(!existed))),
        Err(LockFailure::Held) => Err(OpenError::Locked { path }),
        Err(LockFailure::Io(cause)) => Err(OpenError::Lock { path, cause }),
    }
}

impl Inner {
    pub(crate) fn open_ticket(&self) -> u64 {
        let mut t = lock(&self.tickets);
        t.next += 1;
        let entry = (t.next, t.collections);
        t.open.push(entry);
        entry.0
    }

    pub(crate) fn close_ticket(&self, ticket: u64) {
        lock(&self.tickets).open.retain(|(n, _)| *n != ticket);
    }

    /// Announces a collection. False while a transaction is open that began before the last one: the marks
    /// by which it holds its series are gone.
    pub(crate) fn may_collect(&self) -> bool {
        let mut t = lock(&self.tickets);
        let may = t.open.iter().all(|(_, seen)| *seen >= t.collections);
        t.collections += u64::from(may);
        may
    }

    pub(crate) fn recycle(&self, batches: impl Iterator<Item = Batch>) {
        let mut pool = lock(&self.pool);
        batches.for_each(|b| pool.recycle(b));
    }

    fn close(&self) -> Result<(), crate::MaintainError> {
        {
            let mut log = lock(&self.log);
            if log.closed {
                return Ok(());
            }
            log.closed = true;
            // An unpadded last page is valid, so a failure here loses nothing.
            if let Err(WriteError { path, cause }) = log.writer.finish() {
                tracing::warn!(path = %path.display(), error = %cause, "the last page was not padded");
            }
        }
        let synced = self.sync();
        if let Some(guard) = lock(&self.lock).take() {
            let path = self.data_dir.join("lock");
            if let Err(e) = self.fs.remove_file(&path) {
                tracing::warn!(path = %path.display(), error = %e, "the lock file was not removed");
            }
            drop(guard);
        }
        synced
    }

    fn stats(&self) -> StoreStats {
        let (series, series_created, series_removed) = self.head.counts();
        let c = &self.counters;
        let (open_appenders, watermark) = {
            let t = lock(&self.tickets);
            (
                t.open.len() as u64,
                t.open.iter().map(|(n, _)| *n).min().unwrap_or(t.next + 1),
            )
        };
        let log = lock(&self.log);
        let w = &log.writer;
        StoreStats {
            series,
            series_created,
            series_removed,
            float_samples: read(&c.floats),
            histogram_samples: read(&c.histograms),
            out_of_order: read(&c.out_of_order),
            out_of_bounds: read(&c.out_of_bounds),
            too_old: read(&c.too_old),
            duplicates: read(&c.duplicates),
            exemplars: read(&c.exemplars),
            exemplars_out_of_order: read(&c.exemplars_out_of_order),
            metadata: read(&c.metadata),
            min_time: self.head.min_t(),
            max_time: self.head.max_t(),
            open_appenders,
            watermark,
            commits_failed: read(&c.commits_failed),
            wal_bytes: w.segments().iter().map(|s| s.bytes).sum::<u64>()
                + read(&c.checkpoint_bytes),
            segment_current: w.current_number(),
            segments: w.segments().len() as u64,
            segments_abandoned: w.abandoned(),
            pages: w.pages_flushed(),
            corruptions: read(&c.corruptions),
            fsyncs: read(&c.fsyncs),
            fsync_nanos: read(&c.fsync_nanos),
            fsyncs_failed: read(&c.fsyncs_failed),
            checkpoints: read(&c.checkpoints),
            checkpoints_failed: read(&c.checkpoints_failed),
            segments_dropped: read(&c.segments_dropped),
            clean_start: self.clean_start,
            head_bytes: self.head.heap_bytes() as u64,
            distinct_metadata: lock(&self.head.metadata).len() as u64,
            series_with_exemplars: lock(&self.head.exemplars).len() as u64,
            replay: self.replay.clone(),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Err(e) = self.close() {
            tracing::warn!(error = %e, "closing the store");
        }
    }
}
