//! What the interface needs to know of the program. Every method answers from a snapshot and must not wait
//! for a reload, a sync or a scrape in progress.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use scrape_core::relabel::RelabelConfig;
use scrape_core::{Labels, MetricType};

/// The scraping side.
pub trait EngineView: Send + Sync + 'static {
    /// All pools, ascending by name, with their targets by URL and then labels.
    fn pools(&self) -> Vec<PoolView>;

    /// The names of all pools, ascending.
    fn pool_names(&self) -> Vec<Arc<str>>;

    /// The configuration of a pool as YAML, secrets redacted; `None` if there is no such pool.
    fn pool_config(&self, pool: &str) -> Option<String>;

    /// Applies a pool's target relabeling step by step; `None` if there is no such pool.
    fn relabel_steps(&self, pool: &str, labels: &Labels) -> Option<Vec<RelabelStep>>;
}

/// One pool at one moment.
#[derive(Clone)]
pub struct PoolView {
    /// The job.
    pub name: Arc<str>,
    /// Targets being scraped.
    pub active: Vec<Arc<dyn TargetView>>,
    /// Labels before relabeling of the dropped targets that are remembered.
    pub dropped: Vec<Labels>,
    /// How many targets relabeling dropped.
    pub dropped_count: usize,
}

/// One target being scraped.
pub trait TargetView: Send + Sync {
    /// Labels before relabeling.
    fn discovered_labels(&self) -> Labels;
    /// Labels that its series get.
    fn labels(&self) -> Labels;
    /// What is requested.
    fn url(&self) -> String;
    /// The interval as the label says it.
    fn scrape_interval(&self) -> String;
    /// The timeout as the label says it.
    fn scrape_timeout(&self) -> String;
    /// How the last scrape went.
    fn status(&self) -> TargetStatus;
    /// What the target says about its families, or about one of them.
    fn metadata(&self, family: Option<&str>) -> Vec<MetadataEntry>;
}

/// How the last scrape of a target went.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TargetStatus {
    /// The verdict.
    pub health: Health,
    /// What failed; empty if nothing did.
    pub last_error: String,
    /// The class of `last_error` out of a small closed set, such as `connect` or `parse`; empty if nothing failed.
    pub last_error_reason: &'static str,
    /// Where in the body, if that is what failed.
    pub last_error_position: Option<BodyPosition>,
    /// Nanoseconds since the Unix epoch; `None` before the first scrape.
    pub last_scrape_ns: Option<i64>,
    /// How long it took.
    pub last_scrape_duration: Duration,
}

/// A place in the body of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct BodyPosition {
    /// Line, from 1; for protobuf the ordinal of the message.
    pub line: u64,
    /// Byte column in the line, from 1.
    pub column: u64,
}

/// Whether the last scrape succeeded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Health {
    /// Not scraped yet.
    #[default]
    Unknown,
    /// It did.
    Up,
    /// It failed.
    Down,
}

impl Health {
    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// What a target says about a family.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MetadataEntry {
    /// Its name.
    pub family: String,
    /// Its type.
    pub kind: MetricType,
    /// Its help text.
    pub help: String,
    /// Its unit.
    pub unit: String,
}

/// What one relabel rule did to a label set.
#[derive(Debug, Clone, PartialEq)]
pub struct RelabelStep {
    /// The rule.
    pub rule: RelabelConfig,
    /// The labels after it.
    pub output: Labels,
    /// Whether the target is kept.
    pub keep: bool,
}

/// The process side.
pub trait StatusView: Send + Sync + 'static {
    /// The whole configuration in force as YAML, secrets redacted.
    fn config_yaml(&self) -> String;
    /// Flags by name, without dashes, with the values in force.
    fn flags(&self) -> BTreeMap<String, String>;
    /// The process at this moment.
    fn runtime(&self) -> RuntimeInfo;
    /// What was built.
    fn build(&self) -> BuildInfo;
    /// The store, with at most `limit` entries per list.
    fn tsdb(&self, limit: usize) -> TsdbStatus;
}

/// See [`StatusView::runtime`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuntimeInfo {
    /// Nanoseconds since the Unix epoch.
    pub start_time_ns: i64,
    /// Working directory.
    pub cwd: String,
    /// Name of the host.
    pub hostname: String,
    /// Nanoseconds since the Unix epoch.
    pub server_time_ns: i64,
    /// Whether the last reload succeeded.
    pub reload_config_success: bool,
    /// When the configuration in force was loaded, nanoseconds since the Unix epoch.
    pub last_config_time_ns: Option<i64>,
    /// Damaged places found in the store's log.
    pub corruption_count: u64,
    /// Running tasks.
    pub tasks: u64,
    /// Worker threads.
    pub threads: u64,
    /// Retention as text, such as `15d or 1GiB`.
    pub storage_retention: String,
}

/// See [`StatusView::build`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BuildInfo {
    /// The version.
    pub version: String,
    /// The commit.
    pub revision: String,
    /// The branch.
    pub branch: String,
    /// Who built it.
    pub build_user: String,
    /// When it was built.
    pub build_date: String,
    /// The compiler, shown where upstream shows its own.
    pub compiler: String,
}

/// See [`StatusView::tsdb`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TsdbStatus {
    /// Figures of the head.
    pub head: HeadStats,
    /// Series by metric name, most first.
    pub series_count_by_metric_name: Vec<Stat>,
    /// Distinct values by label name, most first.
    pub label_value_count_by_label_name: Vec<Stat>,
    /// Bytes of values by label name, most first.
    pub memory_in_bytes_by_label_name: Vec<Stat>,
    /// Series by `name=value`, most first.
    pub series_count_by_label_value_pair: Vec<Stat>,
}

/// Figures of the head.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeadStats {
    /// Active series.
    pub num_series: u64,
    /// Distinct label pairs.
    pub num_label_pairs: u64,
    /// Chunks.
    pub chunk_count: u64,
    /// Unix milliseconds.
    pub min_time: i64,
    /// Unix milliseconds.
    pub max_time: i64,
}

/// A name and its count.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Stat {
    /// What is counted.
    pub name: String,
    /// How many.
    pub value: u64,
}
