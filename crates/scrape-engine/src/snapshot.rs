//! Targets and pools as the API and the pages show them: plain data, taken at one moment.

use crate::failure::ScrapeFailure;
use crate::target::{Health, RunningTarget};
use scrape_core::{Labels, MetricType};
use std::sync::Arc;
use std::time::Duration;

/// A target that is being scraped.
#[derive(Debug, Clone)]
pub struct ActiveTarget {
    /// Identity within its pool, stable over restarts: a hash of final labels and URL.
    pub id: u64,
    /// The job it belongs to.
    pub scrape_pool: Arc<str>,
    /// Labels before relabeling.
    pub discovered_labels: Labels,
    /// Labels that samples get.
    pub labels: Labels,
    /// What is requested.
    pub scrape_url: String,
    /// Whether the last scrape succeeded.
    pub health: Health,
    /// Why the last scrape failed; `None` when it succeeded or there was none.
    pub last_failure: Option<ScrapeFailure>,
    /// When the last scrape started, Unix milliseconds; `None` when there was none.
    pub last_scrape_ms: Option<i64>,
    /// How long the last scrape took.
    pub last_scrape_duration: Duration,
    /// Time between scrapes as the target's labels say it, e.g. `15s`.
    pub scrape_interval: String,
    /// Budget of a scrape as the target's labels say it.
    pub scrape_timeout: String,
    target: Arc<RunningTarget>,
}

impl ActiveTarget {
    pub(crate) fn new(job: &Arc<str>, target: &Arc<RunningTarget>) -> Self {
        let status = target.status();
        Self {
            id: target.hash(),
            scrape_pool: Arc::clone(job),
            discovered_labels: target.discovered(),
            labels: target.public_labels().clone(),
            scrape_url: target.url().to_owned(),
            health: status.health,
            last_failure: status.failure,
            last_scrape_ms: status.scraped_at_ms,
            last_scrape_duration: status.duration,
            scrape_interval: target.interval_text().to_owned(),
            scrape_timeout: target.timeout_text().to_owned(),
            target: Arc::clone(target),
        }
    }

    /// Metadata of the families that the target exposes now, in the order of first appearance; of one family
    /// only, if named. Kept for ten more scrapes after a family vanished.
    pub fn metadata(&self, family: Option<&str>) -> Vec<FamilyMetadata> {
        self.target.metadata().read(|m| match family {
            Some(name) => m.get(name).map(FamilyMetadata::from).into_iter().collect(),
            None => m.iter().map(FamilyMetadata::from).collect(),
        })
    }
}

/// Metadata of one family of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyMetadata {
    /// Family name.
    pub family: String,
    /// Type; unknown if not declared.
    pub kind: MetricType,
    /// Help text, may be empty.
    pub help: String,
    /// Unit, may be empty.
    pub unit: String,
}

impl From<&scrape_core::cache::metadata::Family> for FamilyMetadata {
    fn from(f: &scrape_core::cache::metadata::Family) -> Self {
        Self {
            family: f.name().to_owned(),
            kind: f.kind,
            help: f.help().to_owned(),
            unit: f.unit().to_owned(),
        }
    }
}

/// Targets of one pool that relabeling dropped.
#[derive(Debug, Clone, Default)]
pub struct DroppedTargets {
    /// Labels before relabeling, of as many as `keep_dropped_targets` keeps.
    pub discovered_labels: Vec<Labels>,
    /// How many there are.
    pub count: usize,
}
