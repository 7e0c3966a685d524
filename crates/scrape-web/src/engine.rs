//! The engine as this interface sees it.

use std::sync::Arc;

use scrape_core::Labels;
use scrape_engine::Manager;
use scrape_engine::snapshot::ActiveTarget;

use crate::view::{
    BodyPosition, EngineView, Health, MetadataEntry, PoolView, RelabelStep, TargetStatus,
    TargetView,
};

/// Nanoseconds of a millisecond.
const NS_PER_MS: i64 = 1_000_000;

impl EngineView for Manager {
    fn pools(&self) -> Vec<PoolView> {
        let mut dropped = self.dropped_targets(None);
        // A pool that appears between the two questions has no targets of the other kind yet.
        self.active_targets(None)
            .into_iter()
            .map(|(name, active)| {
                let dropped = dropped.remove(&name).unwrap_or_default();
                PoolView {
                    name,
                    active: active
                        .into_iter()
                        .map(|t| Arc::new(t) as Arc<dyn TargetView>)
                        .collect(),
                    dropped: dropped.discovered_labels,
                    dropped_count: dropped.count,
                }
            })
            .collect()
    }

    fn pool_names(&self) -> Vec<Arc<str>> {
        self.scrape_pools()
    }

    fn pool_config(&self, pool: &str) -> Option<String> {
        let config = self.scrape_pool_config(pool).ok()?;
        match scrape_config::job_to_yaml(&config) {
            Ok(yaml) => Some(yaml),
            Err(error) => {
                tracing::error!(scrape_job = pool, %error, "a configuration cannot be shown");
                Some(format!("# cannot be shown: {error}\n"))
            }
        }
    }

    fn relabel_steps(&self, pool: &str, labels: &Labels) -> Option<Vec<RelabelStep>> {
        let steps = Manager::relabel_steps(self, pool, labels).ok()?;
        let step = |s: scrape_engine::RelabelStep| RelabelStep {
            rule: s.rule,
            output: s.output,
            keep: s.keep,
        };
        Some(steps.into_iter().map(step).collect())
    }
}

impl TargetView for ActiveTarget {
    fn discovered_labels(&self) -> Labels {
        self.discovered_labels.clone()
    }

    fn labels(&self) -> Labels {
        self.labels.clone()
    }

    fn url(&self) -> String {
        self.scrape_url.clone()
    }

    fn scrape_interval(&self) -> String {
        self.scrape_interval.clone()
    }

    fn scrape_timeout(&self) -> String {
        self.scrape_timeout.clone()
    }

    fn status(&self) -> TargetStatus {
        let failure = self.last_failure.as_ref();
        TargetStatus {
            health: match self.health {
                scrape_engine::Health::Unknown => Health::Unknown,
                scrape_engine::Health::Up => Health::Up,
                scrape_engine::Health::Down => Health::Down,
            },
            last_error: failure.map_or_else(String::new, |f| f.message.to_string()),
            last_error_reason: failure.map_or("", |f| f.reason.as_str()),
            last_error_position: failure.and_then(|f| f.position.as_deref()).map(|p| {
                BodyPosition {
                    line: p.line,
                    column: p.column,
                }
            }),
            last_scrape_ns: self.last_scrape_ms.map(|ms| ms.saturating_mul(NS_PER_MS)),
            last_scrape_duration: self.last_scrape_duration,
        }
    }

    fn metadata(&self, family: Option<&str>) -> Vec<MetadataEntry> {
        let entries = ActiveTarget::metadata(self, family).into_iter();
        entries
            .map(|m| MetadataEntry {
                family: m.family,
                kind: m.kind,
                help: m.help,
                unit: m.unit,
            })
            .collect()
    }
}
