//! Target sets to pools: makes the pools that are missing, then hands each its groups.

use super::{Manager, Pools};
use crate::config::ScrapeConfig;
use crate::pool::generation::Generation;
use crate::pool::{Groups, Pool};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinSet;

impl Manager {
    /// Brings pools in line with the newest target sets. A pool that is being reloaded takes its groups over
    /// afterwards; this does not wait for it.
    pub(super) async fn reload(&self) {
        let sets = self.0.target_sets.load_full();
        let missing: Vec<Arc<ScrapeConfig>> = {
            let (configs, pools) = (self.0.configs.load(), self.0.pools.load());
            let missing = |job: &&String| !pools.contains_key(job.as_str());
            sets.keys()
                .filter(missing)
                .filter_map(|job| {
                    let config = configs.get(job.as_str());
                    if config.is_none() {
                        tracing::debug!(job, "targets of a job that is not configured");
                    }
                    config.cloned()
                })
                .collect()
        };
        let this = self.clone();
        self.in_parallel(missing, move |config| this.create_pool(config))
            .await;
        let pools = self.0.pools.load_full();
        let work: Vec<(Arc<Pool>, Groups)> = sets
            .iter()
            .filter_map(|(job, groups)| {
                Some((Arc::clone(pools.get(job.as_str())?), groups.clone()))
            })
            .collect();
        self.in_parallel(work, |(pool, groups)| pool.submit(groups))
            .await;
    }

    /// Makes a pool. One that fails is tried again by the next reload.
    fn create_pool(&self, config: Arc<ScrapeConfig>) {
        let inner = &self.0;
        let metrics = &inner.engine.metrics;
        metrics.pools.inc();
        let job: Arc<str> = config.job_name.as_str().into();
        let dials = metrics.dials(&job);
        let built = Generation::try_new(Arc::clone(&config), &inner.engine, &dials);
        let _structure = inner.structure();
        let exists = inner.pools.load().contains_key(&job);
        let configured = inner.configs.load().contains_key(&job);
        let generation = match built {
            Ok(generation) => generation,
            Err(error) => {
                metrics.pools_failed.inc();
                tracing::error!(scrape_job = %config.job_name, %error, "creating a scrape pool failed");
                if !configured {
                    metrics.delete_dials(&job);
                }
                return;
            }
        };
        let current = inner
            .configs
            .load()
            .get(&job)
            .is_some_and(|c| Arc::ptr_eq(c, &config));
        if !current || exists {
            if !configured {
                metrics.delete_dials(&job);
            }
            // The configuration changed meanwhile; whoever changed it has triggered another reload.
            return;
        }
        let pool = Pool::new(Arc::clone(&inner.engine), generation);
        pool.shared.set_failure_log(inner.failure_logs.of(&config));
        let mut pools = Pools::clone(&inner.pools.load());
        pools.insert(job, Arc::new(pool));
        inner.pools.store(Arc::new(pools));
    }

    /// Does CPU-bound work on several items at once, off the threads that drive scrapes.
    async fn in_parallel<T: Send + 'static>(
        &self,
        items: Vec<T>,
        work: impl Fn(T) + Send + Sync + 'static,
    ) {
        let workers = self.0.engine.options.pool_operations().min(items.len());
        let shared = Arc::new((Mutex::new(VecDeque::from(items)), work));
        let mut running = JoinSet::new();
        for _ in 0..workers {
            let shared = Arc::clone(&shared);
            running.spawn_blocking(move || {
                let (queue, work) = &*shared;
                // Items leave the queue one by one, so it is sound whatever another worker did.
                let next = || {
                    queue
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .pop_front()
                };
                while let Some(item) = next() {
                    work(item);
                }
            });
        }
        while let Some(done) = running.join_next().await {
            if let Err(error) = done {
                tracing::error!(%error, "syncing scrape pools failed");
            }
        }
    }
}
