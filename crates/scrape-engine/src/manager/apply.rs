//! Another configuration for the manager.

use super::{Configs, Manager, Pools};
use crate::config::EngineConfig;
use crate::failure_log::FailureLogError;
use crate::pool::Pool;
use crate::pool::generation::GenerationError;
use scrape_core::Labels;
use scrape_core::schedule::offset_seed;
use std::fmt;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// A configuration was not, or not wholly, applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// A failure log cannot be opened; nothing was changed.
    #[error(transparent)]
    FailureLog(#[from] FailureLogError),
    /// Some pools keep their old configuration; all other changes are in force.
    #[error("{}", Listed(.0))]
    Pools(Vec<PoolFailure>),
}

/// A pool that keeps its old configuration.
#[derive(Debug, thiserror::Error)]
#[error("scrape pool {job:?}: {error}")]
pub struct PoolFailure {
    /// The job.
    pub job: Arc<str>,
    /// Why.
    pub error: GenerationError,
}

struct Listed<'a>(&'a [PoolFailure]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, failure) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{failure}")?;
        }
        Ok(())
    }
}

impl Manager {
    /// Puts a configuration in force: pools of jobs that are gone are removed (their series end with markers),
    /// pools of jobs that changed are reloaded, pools of new jobs are made when their targets arrive. Returns
    /// when all reloads are done, which includes scrapes that were under way; dropping the future early
    /// leaves reloads running in the background.
    ///
    /// # Errors
    /// See [`ApplyError`]. A pool that failed is tried again by the next apply.
    pub async fn apply_config(&self, config: &EngineConfig) -> Result<(), ApplyError> {
        let inner = &self.0;
        let _one_at_a_time = inner.apply.lock().await;
        let logs = inner.failure_logs.open(&config.scrape_configs).await?;
        let external = Labels::from_pairs(&config.global.external_labels);
        inner
            .engine
            .set_seed(offset_seed(&inner.engine.options.host_name, &external));
        inner.failure_logs.install(logs);
        let configs: Configs = config
            .scrape_configs
            .iter()
            .map(|c| (Arc::from(c.job_name.as_str()), Arc::clone(c)))
            .collect();
        let (removed, kept) = self.change_structure(configs);
        for pool in removed {
            pool.retire().await;
        }
        let failures = self.reload_pools(kept).await;
        // Target sets may name jobs that had no configuration until now, and pools that failed to be made.
        if !inner.target_sets.load().is_empty() {
            inner.trigger.notify_one();
        }
        if failures.is_empty() {
            Ok(())
        } else {
            Err(ApplyError::Pools(failures))
        }
    }

    /// Replaces the configurations and takes out the pools without one; returns these and the others.
    fn change_structure(&self, configs: Configs) -> (Vec<Arc<Pool>>, Pools) {
        let inner = &self.0;
        let _structure = inner.structure();
        let (mut removed, mut kept) = (Vec::new(), Pools::new());
        for (job, pool) in inner.pools.load().iter() {
            match configs.get(job) {
                Some(config) => {
                    // Before the reload, so that scrapes under way already log where they should.
                    pool.shared.set_failure_log(inner.failure_logs.of(config));
                    kept.insert(Arc::clone(job), Arc::clone(pool));
                }
                None => removed.push(Arc::clone(pool)),
            }
        }
        inner.configs.store(Arc::new(configs));
        inner.pools.store(Arc::new(kept.clone()));
        (removed, kept)
    }

    async fn reload_pools(&self, pools: Pools) -> Vec<PoolFailure> {
        let configs = self.0.configs.load_full();
        let building = Arc::new(Semaphore::new(self.0.engine.options.pool_operations()));
        let mut reloads = Vec::new();
        for (job, pool) in pools {
            let Some(config) = configs.get(&job).cloned() else {
                continue;
            };
            let building = Arc::clone(&building);
            reloads.push(self.0.engine.tasks.spawn(async move {
                let result = pool.reload(config, &building).await;
                result.map_err(|error| PoolFailure { job, error })
            }));
        }
        let mut failures = Vec::new();
        for reload in reloads {
            match reload.await {
                Ok(Ok(())) => {}
                Ok(Err(failure)) => {
                    tracing::error!(scrape_job = %failure.job, error = %failure.error, "reloading a scrape pool failed");
                    failures.push(failure);
                }
                Err(error) => tracing::error!(%error, "reloading a scrape pool failed"),
            }
        }
        failures
    }
}
