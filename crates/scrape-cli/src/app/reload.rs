//! Applying configurations: the first one, and every later one on request. A configuration that cannot be
//! loaded changes nothing.

use super::CurrentConfig;
use super::config_source::ConfigSource;
use super::settings::Settings;
use anyhow::Result;
use scrape_config::{Checksum, LoadedConfig};
use scrape_core::Clock;
use scrape_core::ports::clock::SystemClock;
use scrape_core::registry::{Desc, Gauge, Registry};
use scrape_discovery::DiscoveryConfig;
use scrape_engine::Manager;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// What the files look like now; `None` without a file, or when one cannot be read (which is logged).
pub(crate) fn checksum(source: &ConfigSource) -> Option<Checksum> {
    match scrape_config::checksum(source.path()?) {
        Ok(sum) => Some(sum),
        Err(e) => {
            tracing::warn!("cannot look for changes of the configuration: {e}");
            None
        }
    }
}

pub(crate) struct Reloader {
    source: ConfigSource,
    settings: Settings,
    current: CurrentConfig,
    engine: Manager,
    discovery: Arc<scrape_discovery::Manager>,
    /// One reload at a time. What the files of the last successful one looked like just before they were read.
    seen: tokio::sync::Mutex<Option<Checksum>>,
    successful: Gauge,
    success_time: Gauge,
    last_ok: AtomicBool,
    last_ok_ns: AtomicI64,
}

impl Reloader {
    pub(crate) fn new(
        source: ConfigSource,
        settings: Settings,
        current: CurrentConfig,
        engine: Manager,
        discovery: Arc<scrape_discovery::Manager>,
        seen: Option<Checksum>,
        registry: &Registry,
    ) -> Result<Self> {
        let successful = registry.gauge(Desc::new(
            "prometheus_config_last_reload_successful",
            "Whether the last configuration reload attempt was successful.",
        ))?;
        let success_time = registry.gauge(Desc::new(
            "prometheus_config_last_reload_success_timestamp_seconds",
            "Timestamp of the last successful configuration reload.",
        ))?;
        Ok(Self {
            source,
            settings,
            current,
            engine,
            discovery,
            seen: tokio::sync::Mutex::new(seen),
            successful,
            success_time,
            last_ok: AtomicBool::new(false),
            last_ok_ns: AtomicI64::new(0),
        })
    }

    /// Applies what was loaded at start. A job that cannot be built is logged and left out; the others run.
    pub(crate) async fn apply_first(&self) {
        let _busy = self.seen.lock().await;
        let loaded = self.current.load_full();
        let result = self.apply(&loaded).await;
        self.note(result.is_ok());
    }

    /// Loads again and applies. The error shows what is wrong and where.
    pub(crate) async fn reload(&self) -> Result<(), String> {
        let mut seen = self.seen.lock().await;
        self.reload_locked(&mut seen).await
    }

    /// Reloads if the files have changed since they were last loaded. Does nothing while a reload is under way.
    pub(crate) async fn reload_if_changed(&self) {
        let Ok(mut seen) = self.seen.try_lock() else {
            return;
        };
        let source = self.source.clone();
        let now = tokio::task::spawn_blocking(move || checksum(&source)).await;
        if let Ok(Some(now)) = now
            && *seen != Some(now)
        {
            // What is wrong was logged. A broken file is tried again at the next tick.
            drop(self.reload_locked(&mut seen).await);
        }
    }

    async fn reload_locked(&self, seen: &mut Option<Checksum>) -> Result<(), String> {
        let (source, settings) = (self.source.clone(), self.settings.clone());
        let loaded = tokio::task::spawn_blocking(move || {
            let sum = settings.auto_reload.and_then(|_| checksum(&source));
            source.load(&settings, false).map(|loaded| (loaded, sum))
        })
        .await;
        let result = match loaded {
            Ok(Ok((loaded, sum))) => {
                *seen = sum;
                self.source.announce(&loaded);
                let loaded = Arc::new(loaded);
                let result = self.apply(&loaded).await;
                self.current.store(loaded);
                result
            }
            Ok(Err(e)) => Err(format!("{e:#}")),
            Err(e) => Err(format!("loading was interrupted: {e}")),
        };
        if let Err(e) = &result {
            tracing::error!("reload failed, what ran before goes on: {e}");
        }
        self.note(result.is_ok());
        result
    }

    /// Whether the last reload succeeded, and when the last success was (nanoseconds since the Unix epoch).
    pub(crate) fn last(&self) -> (bool, Option<i64>) {
        let at = self.last_ok_ns.load(Ordering::Relaxed);
        (
            self.last_ok.load(Ordering::Relaxed),
            (at != 0).then_some(at),
        )
    }

    async fn apply(&self, loaded: &LoadedConfig) -> Result<(), String> {
        // Scraping first: it must know the jobs when their targets arrive.
        let result = self
            .engine
            .apply_config(&loaded.engine)
            .await
            .map_err(|e| e.to_string());
        let jobs: BTreeMap<String, Vec<DiscoveryConfig>> = loaded
            .engine
            .scrape_configs
            .iter()
            .map(|c| (c.job_name.clone(), c.discovery.clone()))
            .collect();
        let report = self.discovery.apply_config(jobs);
        match report.failures.first() {
            _ if result.is_err() => result,
            Some(f) => Err(format!(
                "job {}: {} discovery: {}",
                f.job, f.mechanism, f.error
            )),
            None => Ok(()),
        }
    }

    fn note(&self, ok: bool) {
        self.last_ok.store(ok, Ordering::Relaxed);
        self.successful.set(f64::from(u8::from(ok)));
        if ok {
            let now = SystemClock.now_ns();
            self.last_ok_ns.store(now, Ordering::Relaxed);
            self.success_time.set((now / 1_000_000_000) as f64);
        }
    }
}
