//! What discovery counts about itself.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use scrape_core::registry::{Collected, Registry};

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

impl ManagerMetricsSnapshot {
    fn collect(&self, name: &str, out: &mut Collected) {
        let labels = [("name", name)];
        out.gauge(
            "prometheus_sd_failed_configs",
            "Discovery configurations of the current configuration that could not be set up.",
            &labels,
            self.failed_configs as f64,
        );
        for (metric, help, value) in [
            (
                "prometheus_sd_received_updates_total",
                "Updates received from discovery providers.",
                self.received_updates,
            ),
            (
                "prometheus_sd_updates_total",
                "Complete target lists handed to the consumer.",
                self.updates,
            ),
            (
                "prometheus_sd_updates_delayed_total",
                "Complete target lists that found their predecessor not yet taken by the consumer.",
                self.updates_delayed,
            ),
        ] {
            out.counter(metric, help, &labels, value as f64);
        }
        for (job, gauges) in &self.jobs {
            let labels = [("config", job.as_str()), ("name", name)];
            out.gauge(
                "prometheus_sd_discovered_targets",
                "Targets of a job before relabeling.",
                &labels,
                gauges.discovered_targets as f64,
            );
            out.gauge(
                "prometheus_sd_last_update_timestamp_seconds",
                "When the target list of a job was last put together.",
                &labels,
                gauges.last_update_timestamp_seconds,
            );
        }
    }
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

    /// Shows these metrics in a registry under the constant label `name`, such as `scrape`.
    pub fn register(self: &Arc<Self>, registry: &Registry, name: &'static str) {
        let metrics = self.clone();
        registry.collector(move |out| metrics.snapshot().collect(name, out));
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

#[cfg(test)]
mod tests {
    use scrape_core::ports::clock::ManualClock;
    use scrape_core::registry::Exposition;

    use super::*;

    #[test]
    fn the_exposition_has_the_names_of_upstream() {
        let registry = Registry::new(Arc::new(ManualClock::at_ms(0)));
        let metrics = Arc::new(ManagerMetrics::default());
        metrics.register(&registry, "scrape");
        metrics.applied(2, &["a".into()], &[]);
        metrics.received();
        metrics.sent(false);
        metrics.built(
            &TargetSets::from([("a".into(), Vec::new()), ("gone".into(), Vec::new())]),
            1_500_000_000,
        );
        let text = registry.render(Exposition::Text);
        for line in [
            "prometheus_sd_failed_configs{name=\"scrape\"} 2",
            "prometheus_sd_received_updates_total{name=\"scrape\"} 1",
            "prometheus_sd_updates_total{name=\"scrape\"} 1",
            "prometheus_sd_updates_delayed_total{name=\"scrape\"} 1",
            "prometheus_sd_discovered_targets{config=\"a\",name=\"scrape\"} 0",
            "prometheus_sd_last_update_timestamp_seconds{config=\"a\",name=\"scrape\"} 1.5",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
        }
        assert!(!text.contains("gone"), "{text}");
    }
}
