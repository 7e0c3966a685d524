//! Questions to the manager. All answers come from published snapshots and short locks.

use super::{Inner, Manager};
use crate::config::ScrapeConfig;
use crate::snapshot::{ActiveTarget, DroppedTargets};
use scrape_core::Labels;
use scrape_core::registry::Registry;
use scrape_core::relabel::{self, RelabelConfig};
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

/// There is no pool of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("scrape pool {0:?} not found")]
pub struct UnknownPool(pub String);

/// What one relabel rule made of a label set.
#[derive(Debug, Clone, PartialEq)]
pub struct RelabelStep {
    /// The rule.
    pub rule: RelabelConfig,
    /// The labels after it; empty from the drop on.
    pub output: Labels,
    /// Whether the target is still wanted.
    pub keep: bool,
}

impl Manager {
    /// Names of all pools, ascending.
    pub fn scrape_pools(&self) -> Vec<Arc<str>> {
        self.0.pools.load().keys().cloned().collect()
    }

    /// The configuration that a pool runs under: after a failed reload still the old one.
    pub fn scrape_pool_config(&self, pool: &str) -> Result<Arc<ScrapeConfig>, UnknownPool> {
        let pools = self.0.pools.load();
        let found = pools
            .get(pool)
            .ok_or_else(|| UnknownPool(pool.to_owned()))?;
        Ok(Arc::clone(&found.view().generation.config))
    }

    /// Active targets by pool, each list by URL, then labels; of one pool only, if named (an unknown one gives
    /// an empty map).
    pub fn active_targets(&self, pool: Option<&str>) -> BTreeMap<Arc<str>, Vec<ActiveTarget>> {
        let pools = self.0.pools.load();
        let wanted = |job: &Arc<str>| pool.is_none_or(|p| *p == **job);
        pools
            .iter()
            .filter(|(job, _)| wanted(job))
            .map(|(job, pool)| {
                let view = pool.view();
                (
                    Arc::clone(job),
                    view.active
                        .iter()
                        .map(|t| ActiveTarget::new(job, t))
                        .collect(),
                )
            })
            .collect()
    }

    /// Dropped targets by pool; of one pool only, if named.
    pub fn dropped_targets(&self, pool: Option<&str>) -> BTreeMap<Arc<str>, DroppedTargets> {
        let pools = self.0.pools.load();
        let wanted = |job: &Arc<str>| pool.is_none_or(|p| *p == **job);
        pools
            .iter()
            .filter(|(job, _)| wanted(job))
            .map(|(job, pool)| {
                let dropped = Arc::clone(&pool.view().dropped);
                (
                    Arc::clone(job),
                    DroppedTargets {
                        discovered_labels: dropped.kept.clone(),
                        count: dropped.count,
                    },
                )
            })
            .collect()
    }

    /// How many targets each pool dropped.
    pub fn dropped_target_counts(&self) -> BTreeMap<Arc<str>, usize> {
        let pools = self.0.pools.load();
        pools
            .iter()
            .map(|(job, pool)| (Arc::clone(job), pool.view().dropped.count))
            .collect()
    }

    /// What each relabel rule of a pool makes of a label set.
    pub fn relabel_steps(
        &self,
        pool: &str,
        labels: &Labels,
    ) -> Result<Vec<RelabelStep>, UnknownPool> {
        let pools = self.0.pools.load();
        let view = pools
            .get(pool)
            .ok_or_else(|| UnknownPool(pool.to_owned()))?
            .view();
        let generation = &view.generation;
        let steps = relabel::steps(&generation.targets.relabel, labels);
        Ok(generation
            .config
            .relabel_configs
            .iter()
            .zip(steps)
            .map(|(rule, step)| RelabelStep {
                rule: rule.clone(),
                output: step.output,
                keep: step.keep,
            })
            .collect())
    }

    /// Writes no end-of-run markers for these targets of a job (see [`ActiveTarget::id`]), for callers that
    /// hand them over to another process.
    pub async fn disable_end_of_run_staleness(
        &self,
        pool: &str,
        targets: &[u64],
    ) -> Result<(), UnknownPool> {
        let found = self.0.pools.load().get(pool).cloned();
        found
            .ok_or_else(|| UnknownPool(pool.to_owned()))?
            .disable_markers(targets)
            .await;
        Ok(())
    }

    /// Sums over active targets, taken when somebody looks.
    pub(super) fn collect_metadata_sizes(&self, registry: &Registry) {
        let inner: Weak<Inner> = Arc::downgrade(&self.0);
        registry.collector(move |out| {
            let Some(inner) = inner.upgrade() else { return };
            for (job, pool) in inner.pools.load().iter() {
                let (mut entries, mut bytes) = (0, 0);
                for target in pool.view().active.iter() {
                    let (n, b) = target.metadata().size();
                    entries += n;
                    bytes += b;
                }
                let labels = [("scrape_job", &**job)];
                let help = "Families whose metadata is cached, over all targets of a job.";
                out.gauge(
                    "prometheus_target_metadata_cache_entries",
                    help,
                    &labels,
                    entries as f64,
                );
                let help = "Bytes of cached metadata, over all targets of a job.";
                out.gauge(
                    "prometheus_target_metadata_cache_bytes",
                    help,
                    &labels,
                    bytes as f64,
                );
            }
        });
    }
}
