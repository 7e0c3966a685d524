//! A manager with scripted targets, an in-memory store and paused time.

use super::Script;
use crate::config::{EngineConfig, ScrapeConfig};
use crate::manager::{Manager, ManagerParts};
use crate::options::ManagerOptions;
use scrape_core::registry::{Exposition, Registry};
use scrape_core::testing::{MemorySample, MemoryStore};
use scrape_core::{Clock, Labels};
use scrape_discovery::{TargetGroup, TargetSets};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Wall time that advances with the runtime's clock, from a round date on.
#[derive(Debug)]
pub(crate) struct PausedClock {
    start: Instant,
}

impl PausedClock {
    pub(crate) const BASE_MS: i64 = 1_700_000_000_000;

    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock for PausedClock {
    fn now_ns(&self) -> i64 {
        let elapsed = i64::try_from(self.start.elapsed().as_nanos()).expect("a short test");
        Self::BASE_MS * 1_000_000 + elapsed
    }
}

/// A running manager and its surroundings.
pub(crate) struct Rig {
    pub(crate) manager: Manager,
    pub(crate) store: MemoryStore,
    pub(crate) script: Script,
    pub(crate) registry: Registry,
    pub(crate) sets: mpsc::Sender<Arc<TargetSets>>,
    pub(crate) running: tokio::task::JoinHandle<()>,
    start: Instant,
}

impl Rig {
    /// Must be called with paused time.
    pub(crate) fn new(script: Script, options: ManagerOptions) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(PausedClock::new());
        let registry = Registry::new(Arc::clone(&clock));
        let store = MemoryStore::new();
        let manager = Manager::try_new(ManagerParts {
            appendable: Arc::new(store.clone()),
            clock,
            fetchers: Arc::new(script.clone()),
            registry: registry.clone(),
            options,
        })
        .expect("an empty registry");
        let (sets, received) = mpsc::channel(16);
        let runner = manager.clone();
        let running = tokio::spawn(async move { runner.run(received).await });
        Self {
            manager,
            store,
            script,
            registry,
            sets,
            running,
            start: Instant::now(),
        }
    }

    /// With options under which target sets are taken over at once.
    pub(crate) fn prompt(script: Script) -> Self {
        let options = ManagerOptions {
            discovery_reload_on_startup: true,
            ..ManagerOptions::default()
        };
        Self::new(script, options)
    }

    pub(crate) async fn apply(&self, jobs: &[ScrapeConfig]) {
        self.manager
            .apply_config(&config(jobs))
            .await
            .expect("an applicable configuration");
    }

    /// Sends complete target sets and waits until the reload has happened.
    pub(crate) async fn send(&self, sets: TargetSets) {
        self.sets
            .send(Arc::new(sets))
            .await
            .expect("a running manager");
        self.wait(Duration::from_millis(1)).await;
    }

    pub(crate) async fn wait(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    pub(crate) async fn seconds(&self, s: u64) {
        self.wait(Duration::from_secs(s)).await;
    }

    /// Waits until the wall clock shows this time.
    pub(crate) async fn until_ms(&self, unix_ms: i64) {
        let since_start =
            u64::try_from(unix_ms - PausedClock::BASE_MS).expect("not before the start");
        tokio::time::sleep_until(self.start + Duration::from_millis(since_start)).await;
    }

    /// Time since the rig was made.
    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Samples of one metric name.
    pub(crate) fn samples_of(&self, name: &str) -> Vec<MemorySample> {
        self.store
            .samples()
            .into_iter()
            .filter(|s| s.labels.name() == Some(name))
            .collect()
    }

    /// The value of one line of the rendered metrics, if it is there.
    pub(crate) fn metric(&self, series: &str) -> Option<f64> {
        let text = self.registry.render(Exposition::Text);
        let value = text
            .lines()
            .find_map(|l| l.strip_prefix(series)?.strip_prefix(' '));
        value.map(|v| v.parse().expect("a number"))
    }
}

/// A configuration of these jobs.
pub(crate) fn config(jobs: &[ScrapeConfig]) -> EngineConfig {
    EngineConfig {
        scrape_configs: jobs.iter().cloned().map(Arc::new).collect(),
        ..EngineConfig::default()
    }
}

/// A job that scrapes every ten seconds, with a timeout of five.
pub(crate) fn job(name: &str) -> ScrapeConfig {
    ScrapeConfig {
        job_name: name.to_owned(),
        scrape_interval: Duration::from_secs(10),
        scrape_timeout: Duration::from_secs(5),
        ..ScrapeConfig::default()
    }
}

/// A group of plain addresses.
pub(crate) fn group(addresses: &[&str]) -> Arc<TargetGroup> {
    Arc::new(TargetGroup::from_addresses("0", addresses, Labels::empty()))
}

/// One group per job.
pub(crate) fn sets(jobs: &[(&str, &[&str])]) -> TargetSets {
    jobs.iter()
        .map(|(job, addresses)| ((*job).to_owned(), vec![group(addresses)]))
        .collect()
}
