//! Jobs to pools: takes configurations and target sets, and answers what is being scraped.
//!
//! Guarantees (spec: manager and wiring):
//! - Each job that is configured and was seen in a target set has one pool. Pools are made by target sets,
//!   changed by configurations, and removed when their job is gone.
//! - What fails concerns one pool: it keeps its old configuration (or is tried again), the others go on.
//! - Nothing that answers a question waits for an apply, a reload or a scrape.
//!
//! Reloads of target sets happen at most once per interval, but the first after a quiet period at once.

mod apply;
mod failure_logs;
mod inspect;
mod reload;
mod run;

pub use apply::{ApplyError, PoolFailure};
pub use inspect::{RelabelStep, UnknownPool};
pub use run::TargetSource;

use crate::config::ScrapeConfig;
use crate::engine::Engine;
use crate::fetch::FetcherFactory;
use crate::metrics::EngineMetrics;
use crate::options::ManagerOptions;
use crate::pool::Pool;
use arc_swap::ArcSwap;
use failure_logs::FailureLogs;
use scrape_core::registry::{Registry, RegistryError};
use scrape_core::{Appendable, Clock};
use scrape_discovery::TargetSets;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::task::JoinSet;

type Configs = BTreeMap<Arc<str>, Arc<ScrapeConfig>>;
type Pools = BTreeMap<Arc<str>, Arc<Pool>>;

/// What a manager works with.
pub struct ManagerParts {
    /// Where samples go.
    pub appendable: Arc<dyn Appendable>,
    /// Wall time. Timers run on the runtime's clock.
    pub clock: Arc<dyn Clock>,
    /// Makes the clients of jobs.
    pub fetchers: Arc<dyn FetcherFactory>,
    /// Where the engine registers its metrics.
    pub registry: Registry,
    /// Process-wide settings.
    pub options: ManagerOptions,
}

/// The scrape manager. A clone is another handle to the same one.
#[derive(Clone)]
pub struct Manager(Arc<Inner>);

struct Inner {
    engine: Arc<Engine>,
    configs: ArcSwap<Configs>,
    pools: ArcSwap<Pools>,
    target_sets: ArcSwap<TargetSets>,
    /// At most one reload is pending.
    trigger: Notify,
    failure_logs: FailureLogs,
    /// Serialises configuration applies.
    apply: tokio::sync::Mutex<()>,
    /// Serialises changes of `configs` and `pools`; held for map work only.
    structure: std::sync::Mutex<()>,
}

impl Manager {
    /// A manager without jobs. [`Manager::run`] makes it work.
    ///
    /// # Errors
    /// When the registry already has one of the engine's metrics.
    pub fn try_new(parts: ManagerParts) -> Result<Self, RegistryError> {
        let metrics = Arc::new(EngineMetrics::try_new(&parts.registry)?);
        let failure_logs = FailureLogs::new(metrics.failure_log_dropped.clone());
        let engine = Engine::new(
            parts.appendable,
            parts.clock,
            parts.fetchers,
            metrics,
            parts.options,
        );
        let manager = Self(Arc::new(Inner {
            engine: Arc::new(engine),
            configs: ArcSwap::default(),
            pools: ArcSwap::default(),
            target_sets: ArcSwap::default(),
            trigger: Notify::new(),
            failure_logs,
            apply: tokio::sync::Mutex::new(()),
            structure: std::sync::Mutex::new(()),
        }));
        manager.collect_metadata_sizes(&parts.registry);
        Ok(manager)
    }

    /// Stops everything: scrapes under way are cancelled and leave nothing behind, or, with
    /// [`ManagerOptions::scrape_on_shutdown`], every target is scraped a last time. Returns when no task of
    /// the manager is left. Storage may be closed then.
    pub async fn stop(&self) {
        let inner = &self.0;
        if !inner.engine.options.scrape_on_shutdown {
            inner.engine.cancel.cancel();
        }
        let pools = {
            let _structure = inner.structure();
            inner.configs.store(Arc::default());
            inner.pools.swap(Arc::default())
        };
        let mut stopping: JoinSet<()> = pools
            .values()
            .cloned()
            .map(|pool| async move { pool.stop().await })
            .collect();
        while let Some(stopped) = stopping.join_next().await {
            if let Err(error) = stopped {
                tracing::error!(%error, "stopping a scrape pool failed");
            }
        }
        // With the pools go the last handles to their failure logs.
        drop(pools);
        inner.engine.cancel.cancel();
        inner.engine.tasks.close();
        inner.engine.tasks.wait().await;
        inner.failure_logs.close().await;
    }
}

impl Inner {
    fn structure(&self) -> std::sync::MutexGuard<'_, ()> {
        // It guards no data of its own; the maps are replaced whole.
        self.structure
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Manager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Manager")
            .field("pools", &self.scrape_pools())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
