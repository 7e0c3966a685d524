//! The store's figures under the names that Prometheus gives them.

use scrape_core::registry::Registry;
use scrape_storage::Store;

/// Shows them in the registry.
pub(crate) fn register(registry: &Registry, store: &Store) {
    let store = store.clone();
    registry.collector(move |out| {
        let s = store.stats();
        let f = |n: u64| n as f64;
        out.gauge("prometheus_tsdb_head_series", "Total number of series in the head block.", &[], f(s.series));
        out.counter("prometheus_tsdb_head_series_created_total", "Total number of series created in the head.", &[], f(s.series_created));
        out.counter("prometheus_tsdb_head_series_removed_total", "Total number of series removed in the head.", &[], f(s.series_removed));
        let help = "Total number of appended samples.";
        out.counter("prometheus_tsdb_head_samples_appended_total", help, &[("type", "float")], f(s.float_samples));
        out.counter("prometheus_tsdb_head_samples_appended_total", help, &[("type", "histogram")], f(s.histogram_samples));
        let help = "Total number of out of order samples ingestion failed attempts.";
        out.counter("prometheus_tsdb_out_of_order_samples_total", help, &[("type", "float")], f(s.out_of_order));
        let help = "Total number of out of bound samples ingestion failed attempts.";
        out.counter("prometheus_tsdb_out_of_bound_samples_total", help, &[("type", "float")], f(s.out_of_bounds));
        let help = "Total number of samples that were refused because the out of order window had passed them.";
        out.counter("prometheus_tsdb_too_old_samples_total", help, &[("type", "float")], f(s.too_old));
        out.counter("prometheus_tsdb_exemplar_exemplars_appended_total", "Total number of appended exemplars.", &[], f(s.exemplars));
        out.counter("prometheus_tsdb_exemplar_out_of_order_exemplars_total", "Total number of out of order exemplar ingestion failed attempts.", &[], f(s.exemplars_out_of_order));
        out.gauge("prometheus_tsdb_head_min_time", "Minimum time bound of the head block.", &[], s.min_time as f64);
        out.gauge("prometheus_tsdb_head_max_time", "Maximum timestamp of the head block.", &[], s.max_time as f64);
        out.gauge("prometheus_tsdb_head_active_appenders", "Number of currently active appender transactions.", &[], f(s.open_appenders));
        out.gauge("prometheus_tsdb_wal_storage_size_bytes", "Size of the write log directory.", &[], f(s.wal_bytes));
        out.gauge("prometheus_tsdb_wal_segment_current", "Write log segment index that TSDB is currently writing to.", &[], f(u64::from(s.segment_current)));
        out.counter("prometheus_tsdb_wal_completed_pages_total", "Total number of completed pages.", &[], f(s.pages));
        out.counter("prometheus_tsdb_wal_corruptions_total", "Total number of WAL corruptions.", &[], f(s.corruptions));
        out.counter("prometheus_tsdb_wal_writes_failed_total", "Total number of write log writes that failed.", &[], f(s.commits_failed));
        out.counter("prometheus_tsdb_checkpoint_creations_total", "Total number of checkpoint creations attempted.", &[], f(s.checkpoints + s.checkpoints_failed));
        out.counter("prometheus_tsdb_checkpoint_creations_failed_total", "Total number of checkpoint creations that failed.", &[], f(s.checkpoints_failed));
        out.gauge("prometheus_tsdb_data_replay_duration_seconds", "Time taken to replay the data on disk.", &[], f(s.replay.nanos) / 1e9);
        out.gauge("prometheus_tsdb_clean_start", "-1: lockfile is disabled. 0: a lockfile from a previous execution was replaced. 1: lockfile creation was clean.", &[], f64::from(s.clean_start));
        let help = "Total number of samples in the log whose series record was missing at replay.";
        out.counter("prometheus_tsdb_wal_replay_unknown_refs_total", help, &[("type", "samples")], f(s.replay.unknown_samples));
        out.counter("scrape_cli_store_fsyncs_total", "Times the log was brought to the medium.", &[], f(s.fsyncs));
        out.counter("scrape_cli_store_fsyncs_failed_total", "Times bringing the log to the medium failed.", &[], f(s.fsyncs_failed));
        out.counter("scrape_cli_store_duplicate_samples_total", "Samples refused because the series had another value at their time.", &[], f(s.duplicates));
    });
}
