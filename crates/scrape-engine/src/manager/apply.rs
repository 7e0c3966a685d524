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
use tokio::task::JoinHandle;

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
    /// leaves that to the background.
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
        // All of it runs as tasks: who applies may lose patience, pools may not be forgotten.
        let retiring = removed
            .into_iter()
            .map(|pool| inner.engine.tasks.spawn(async move { pool.retire().await }));
        let retiring: Vec<_> = retiring.collect();
        let reloading = self.start_reloads(kept);
        // Target sets may name jobs that had no configuration until now, and pools that failed to be made.
        if !inner.target_sets.load().is_empty() {
            inner.trigger.notify_one();
        }
        let mut failures = Vec::new();
        for done in retiring {
            if let Err(error) = done.await {
                tracing::error!(%error, "removing a scrape pool failed");
            }
        }
        for done in reloading {
            match done.await {
                Ok(Ok(())) => {}
                Ok(Err(failure)) => failures.push(failure),
                Err(error) => tracing::error!(%error, "reloading a scrape pool failed"),
            }
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
                None => {
                    // Now, so that a job of the same name that comes later keeps its series.
                    pool.shared.metrics.delete();
                    removed.push(Arc::clone(pool));
                }
            }
        }
        // These belong to jobs, whether a pool came of them or not.
        let before = inner.configs.load_full();
        for job in before.keys().filter(|job| !configs.contains_key(*job)) {
            inner.engine.metrics.delete_dials(job);
        }
        inner.configs.store(Arc::new(configs));
        inner.pools.store(Arc::new(kept.clone()));
        (removed, kept)
    }

    /// Starts the reload of every pool; each takes the configuration that is in force when its turn comes.
    fn start_reloads(&self, pools: Pools) -> Vec<JoinHandle<Result<(), PoolFailure>>> {
        let building = Arc::new(Semaphore::new(self.0.engine.options.pool_operations()));
        let start =
            |(job, pool): (Arc<str>, Arc<Pool>)| {
                let (this, building) = (self.clone(), Arc::clone(&building));
                self.0.engine.tasks.spawn(async move {
                    let current = || this.0.configs.load().get(&job).cloned();
                    let result = pool.reload(current, &building).await;
                    result.map_err(|error| {
                    tracing::error!(scrape_job = %job, %error, "reloading a scrape pool failed");
                    PoolFailure { job: Arc::clone(&job), error }
                })
                })
            };
        pools.into_iter().map(start).collect()
    }
}
