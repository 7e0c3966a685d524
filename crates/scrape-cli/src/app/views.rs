//! What the HTTP interface sees of the process; the scrape manager speaks for itself.

use super::CurrentConfig;
use super::host::hostname;
use super::reload::Reloader;
use super::settings::Settings;
use scrape_core::Clock;
use scrape_core::ports::clock::SystemClock;
use scrape_storage::Store;
use scrape_web::{BuildInfo, HeadStats, RuntimeInfo, StatusView, TsdbStatus};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The process as the interface sees it.
pub(crate) struct Status {
    start_time_ns: i64,
    flags: BTreeMap<String, String>,
    retention: String,
    current: CurrentConfig,
    store: Store,
    reloader: Arc<Reloader>,
}

impl Status {
    pub(crate) fn new(
        settings: &Settings,
        current: CurrentConfig,
        store: Store,
        reloader: Arc<Reloader>,
    ) -> Self {
        Self {
            start_time_ns: SystemClock.now_ns(),
            flags: settings.flags.clone(),
            retention: settings.retention_text.clone(),
            current,
            store,
            reloader,
        }
    }
}

impl StatusView for Status {
    fn config_yaml(&self) -> String {
        self.current
            .load()
            .to_yaml()
            .unwrap_or_else(|e| format!("# {e}\n"))
    }

    fn flags(&self) -> BTreeMap<String, String> {
        self.flags.clone()
    }

    fn runtime(&self) -> RuntimeInfo {
        let (reload_config_success, last_config_time_ns) = self.reloader.last();
        let metrics = tokio::runtime::Handle::current().metrics();
        RuntimeInfo {
            start_time_ns: self.start_time_ns,
            cwd: std::env::current_dir()
                .map(|p| p.display().to_string())
                .unwrap_or_default(),
            hostname: hostname(),
            server_time_ns: SystemClock.now_ns(),
            reload_config_success,
            last_config_time_ns,
            corruption_count: self.store.stats().corruptions,
            tasks: metrics.num_alive_tasks() as u64,
            threads: metrics.num_workers() as u64,
            storage_retention: self.retention.clone(),
        }
    }

    fn build(&self) -> BuildInfo {
        BuildInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            compiler: format!("rust (minimum {})", env!("CARGO_PKG_RUST_VERSION")),
            ..BuildInfo::default()
        }
    }

    fn tsdb(&self, _limit: usize) -> TsdbStatus {
        let s = self.store.stats();
        TsdbStatus {
            head: HeadStats {
                num_series: s.series,
                min_time: s.min_time,
                max_time: s.max_time,
                ..HeadStats::default()
            },
            ..TsdbStatus::default()
        }
    }
}
