//! Figures about a store, as plain numbers. The names of the upstream metrics they belong to stand beside
//! them.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// What a store has done and holds.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct StoreStats {
    /// Series in memory (`prometheus_tsdb_head_series`).
    pub series: u64,
    /// Series created since opening (`prometheus_tsdb_head_series_created_total`).
    pub series_created: u64,
    /// Series that left memory since opening (`prometheus_tsdb_head_series_removed_total`).
    pub series_removed: u64,
    /// Floats stored (`prometheus_tsdb_head_samples_appended_total{type="float"}`).
    pub float_samples: u64,
    /// Histograms stored (`…{type="histogram"}`).
    pub histogram_samples: u64,
    /// Samples refused as out of order (`prometheus_tsdb_out_of_order_samples_total`).
    pub out_of_order: u64,
    /// Samples refused as out of bounds (`prometheus_tsdb_out_of_bound_samples_total`).
    pub out_of_bounds: u64,
    /// Samples refused as too old (`prometheus_tsdb_too_old_samples_total`).
    pub too_old: u64,
    /// Samples refused because another value has their time.
    pub duplicates: u64,
    /// Exemplars stored (`prometheus_tsdb_exemplar_exemplars_appended_total`).
    pub exemplars: u64,
    /// Exemplars refused as out of order (`prometheus_tsdb_exemplar_out_of_order_exemplars_total`).
    pub exemplars_out_of_order: u64,
    /// Metadata changes stored.
    pub metadata: u64,
    /// Oldest sample, Unix milliseconds (`prometheus_tsdb_head_min_time`); `i64::MAX` without samples.
    pub min_time: i64,
    /// Newest sample, Unix milliseconds (`prometheus_tsdb_head_max_time`); `i64::MIN` without samples.
    pub max_time: i64,
    /// Transactions that are open (`prometheus_tsdb_head_active_appenders`).
    pub open_appenders: u64,
    /// Every transaction with a lower number is finished.
    pub watermark: u64,
    /// Commits that the log refused (`prometheus_tsdb_wal_writes_failed_total`).
    pub commits_failed: u64,
    /// Bytes of segments and checkpoint (`prometheus_tsdb_wal_storage_size_bytes`).
    pub wal_bytes: u64,
    /// Number of the segment being written (`prometheus_tsdb_wal_segment_current`).
    pub segment_current: u32,
    /// Segments, the current one included.
    pub segments: u64,
    /// Segments given up because of failed writes or syncs.
    pub segments_abandoned: u64,
    /// Pages begun (`prometheus_tsdb_wal_page_flushes_total`).
    pub pages: u64,
    /// Damaged ranges found (`prometheus_tsdb_wal_corruptions_total`).
    pub corruptions: u64,
    /// Syncs (`prometheus_tsdb_wal_fsync_duration_seconds_count`).
    pub fsyncs: u64,
    /// Nanoseconds spent in syncs (`…_sum`).
    pub fsync_nanos: u64,
    /// Syncs that failed.
    pub fsyncs_failed: u64,
    /// Checkpoints begun (`prometheus_tsdb_checkpoint_creations_total`).
    pub checkpoints: u64,
    /// Checkpoints that failed (`prometheus_tsdb_checkpoint_creations_failed_total`).
    pub checkpoints_failed: u64,
    /// Segments dropped (`prometheus_tsdb_wal_truncations_total` counts the steps, this the segments).
    pub segments_dropped: u64,
    /// Whether the last process closed the store: 1 yes, 0 no, -1 unknown, there is no lock file
    /// (`prometheus_tsdb_clean_start`).
    pub clean_start: i8,
    /// Bytes of memory that the series table occupies.
    pub head_bytes: u64,
    /// Distinct metadata in memory.
    pub distinct_metadata: u64,
    /// Series with a remembered exemplar (`prometheus_tsdb_exemplar_series_with_exemplars_in_storage`).
    pub series_with_exemplars: u64,
    /// What opening found (`prometheus_tsdb_data_replay_duration_seconds` and others).
    pub replay: ReplayReport,
}

/// What reading a log at opening found.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ReplayReport {
    /// How long it took, in nanoseconds.
    pub nanos: u64,
    /// Segments read, those of the checkpoint included.
    pub segments: u64,
    /// Records read.
    pub records: u64,
    /// Series records read.
    pub series: u64,
    /// Floats read.
    pub samples: u64,
    /// Histograms read.
    pub histograms: u64,
    /// Exemplars read.
    pub exemplars: u64,
    /// Metadata read.
    pub metadata: u64,
    /// Floats and histograms whose series is not in the log
    /// (`prometheus_tsdb_wal_replay_unknown_refs_total{type="samples"}`).
    pub unknown_samples: u64,
    /// Metadata of series that are not in the log.
    pub unknown_metadata: u64,
    /// Exemplars of series that are not in the log.
    pub unknown_exemplars: u64,
    /// Records of unknown type, and empty ones.
    pub skipped_records: u64,
    /// Records whose checksum is right and whose content is not.
    pub undecodable_records: u64,
    /// Second series records for the same labels.
    pub duplicate_series: u64,
    /// Damaged ranges.
    pub corruptions: u64,
    /// Records cut off by the end of the newest segment: what a crash leaves.
    pub torn_tails: u64,
    /// Bytes that were put aside.
    pub quarantined_bytes: u64,
}

/// Counters that transactions raise.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) floats: AtomicU64,
    pub(crate) histograms: AtomicU64,
    pub(crate) out_of_order: AtomicU64,
    pub(crate) out_of_bounds: AtomicU64,
    pub(crate) too_old: AtomicU64,
    pub(crate) duplicates: AtomicU64,
    pub(crate) exemplars: AtomicU64,
    pub(crate) exemplars_out_of_order: AtomicU64,
    pub(crate) metadata: AtomicU64,
    pub(crate) commits_failed: AtomicU64,
    pub(crate) corruptions: AtomicU64,
    pub(crate) fsyncs: AtomicU64,
    pub(crate) fsync_nanos: AtomicU64,
    pub(crate) fsyncs_failed: AtomicU64,
    pub(crate) checkpoints: AtomicU64,
    pub(crate) checkpoints_failed: AtomicU64,
    pub(crate) segments_dropped: AtomicU64,
    pub(crate) checkpoint_bytes: AtomicU64,
    pub(crate) last_sync_ms: AtomicI64,
}

/// Raises a counter.
pub(crate) fn add(c: &AtomicU64, n: u64) {
    c.fetch_add(n, Ordering::Relaxed);
}

/// Reads a counter.
pub(crate) fn read(c: &AtomicU64) -> u64 {
    c.load(Ordering::Relaxed)
}
