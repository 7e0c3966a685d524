//! What discovery counts about itself.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::group::TargetSets;

/// Counters and gauges of one manager (`prometheus_sd_*`).
#[derive(Debug, Default)]
pub struct ManagerMetrics {
    failed_configs: AtomicU64,
    received_updates: AtomicU64,
    updates: AtomicU64,
    updates_delayed: AtomicU64,
    jobs: Mutex<BTreeMap<String, JobGauges>>,
}

/// Gauges of one job (label `config`).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct JobGauges {
    /// Targets before relabeling.
    pub discovered_targets: u64,
    /// Seconds since the Unix epoch of the last map, zero before the first.
    pub last_update_timestamp_seconds: f64,
}

/// The values at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ManagerMetricsSnapshot {
    /// `prometheus_sd_failed_configs`: build errors of the last apply.
    pub failed_configs: u64,
    /// `prometheus_sd_received_updates_total`.
    pub received_updates: u64,
    /// `prometheus_sd_updates_total`: maps sent.
    pub updates: u64,
    /// `prometheus_sd_updates_delayed_total`: maps that found their predecessor not yet taken.
    pub updates_delayed: u64,
    /// By job.
    pub jobs: BTreeMap<String, JobGauges>,
}

impl ManagerMetrics {
    /// Reads everything.
    pub fn snapshot(&self) -> ManagerMetricsSnapshot {
        ManagerMetricsSnapshot {
            failed_configs: self.failed_configs.load(Ordering::Relaxed),
            received_updates: self.received_updates.load(Ordering::Relaxed),
            updates: self.updates.load(Ordering::Relaxed),
            updates_delayed: self.updates_delayed.load(Ordering::Relaxed),
            jobs: self.jobs().clone(),
        }
    }

    pub(crate) fn received(&self) {
        self.received_updates.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn applied(&self, failures: usize, new_sets: &[String], gone_sets: &[String]) {
        self.failed_configs
            .store(failures as u64, Ordering::Relaxed);
        let mut jobs = self.jobs();
        for job in gone_sets {
            jobs.remove(job);
        }
        for job in new_sets {
            jobs.insert(job.clone(), JobGauges::default());
        }
    }

    pub(crate) fn built(&self, sets: &TargetSets, now_ns: i64) {
        let mut jobs = self.jobs();
        for (job, groups) in sets {
            // A job that went in the meantime must not come back.
            if let Some(gauges) = jobs.get_mut(job) {
                gauges.discovered_targets = groups.iter().map(|g| g.targets.len() as u64).sum();
                gauges.last_update_timestamp_seconds = now_ns as f64 / 1e9;
            }
        }
    }

    pub(crate) fn sent(&self, taken: bool) {
        self.updates.fetch_add(1, Ordering::Relaxed);
        if !taken {
            self.updates_delayed.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn jobs(&self) -> MutexGuard<'_, BTreeMap<String, JobGauges>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
