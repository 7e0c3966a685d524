//! What the engine is told to do, as plain resolved data: every default filled in, every global value
//! inherited, every three-state switch decided, every path absolute or relative to the working directory.
//! Nothing here parses a file (that is `scrape-config`); everything here compares, because a reload restarts
//! only the jobs whose configuration differs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use scrape_core::relabel::RelabelConfig;
use scrape_discovery::config::DiscoveryConfig;
use scrape_http::config::HttpClientConfig;
use scrape_parse::ScrapeProtocol;
use scrape_parse::escape::EscapingScheme;
use scrape_parse::names::ValidationScheme;

/// The whole of what the manager takes: the global section and the jobs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EngineConfig {
    /// The global section.
    pub global: GlobalConfig,
    /// The jobs, those of included files last. Job names are unique.
    pub scrape_configs: Vec<Arc<ScrapeConfig>>,
}

/// Settings that belong to no job. What jobs inherit is already in each [`ScrapeConfig`]; it is repeated here
/// for display.
#[derive(Debug, Clone, PartialEq)]
pub struct GlobalConfig {
    /// Labels of this server towards other systems. They feed the seed of the scrape offsets. Unlike in a
    /// label set, a label whose value is empty stays.
    pub external_labels: BTreeMap<String, String>,
    /// How often jobs without an interval of their own are scraped.
    pub scrape_interval: Duration,
    /// How long a scrape may take in jobs without a timeout of their own. Never above `scrape_interval`.
    pub scrape_timeout: Duration,
    /// Not used by scraping; kept so that the configuration can be shown as it was loaded.
    pub evaluation_interval: Duration,
    /// What jobs inherit as limits.
    pub limits: Limits,
    /// What jobs ask for; none when the file leaves it to each job's histogram settings.
    pub scrape_protocols: Option<Vec<ScrapeProtocol>>,
    /// Whether jobs ingest native histograms, unless they say otherwise.
    pub scrape_native_histograms: bool,
    /// Whether jobs keep classic histograms beside native ones, unless they say otherwise.
    pub always_scrape_classic_histograms: bool,
    /// Whether jobs convert classic histograms, unless they say otherwise.
    pub convert_classic_histograms_to_nhcb: bool,
    /// Whether jobs write the additional report series, unless they say otherwise.
    pub extra_scrape_metrics: bool,
    /// Which names are valid, unless a job says otherwise.
    pub validation: ValidationScheme,
    /// How targets are asked to write other names, unless a job says otherwise.
    pub escaping: EscapingScheme,
    /// Where failed scrapes are logged, unless a job says otherwise.
    pub scrape_failure_log_file: Option<PathBuf>,
}

impl Default for GlobalConfig {
    fn default() -> Self {
        Self {
            external_labels: BTreeMap::new(),
            scrape_interval: Duration::from_secs(60),
            scrape_timeout: Duration::from_secs(10),
            evaluation_interval: Duration::from_secs(60),
            limits: Limits::default(),
            scrape_protocols: None,
            scrape_native_histograms: false,
            always_scrape_classic_histograms: false,
            convert_classic_histograms_to_nhcb: false,
            extra_scrape_metrics: false,
            validation: ValidationScheme::Utf8,
            escaping: EscapingScheme::AllowUtf8,
            scrape_failure_log_file: None,
        }
    }
}

/// Caps on what a target may send. Zero means no limit, everywhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a decompressed response body.
    pub body_size: u64,
    /// Samples of one scrape, after relabeling.
    pub samples: u64,
    /// Unique targets of one job.
    pub targets: u64,
    /// Labels of one sample.
    pub labels: u64,
    /// Bytes of a label name.
    pub label_name_length: u64,
    /// Bytes of a label value.
    pub label_value_length: u64,
    /// Dropped targets that are remembered for display.
    pub keep_dropped_targets: u64,
}

/// One job: what to scrape, how often, and what to do with what comes back.
#[derive(Debug, Clone, PartialEq)]
pub struct ScrapeConfig {
    /// Unique name; the default of the `job` label.
    pub job_name: String,
    /// Time between scrapes of a target. Never zero.
    pub scrape_interval: Duration,
    /// Budget of one scrape. Never zero and never above `scrape_interval`.
    pub scrape_timeout: Duration,
    /// Formats to ask for, most wanted first. Never empty.
    pub scrape_protocols: Vec<ScrapeProtocol>,
    /// The format of answers whose content type is missing or unknown; none refuses them.
    pub fallback_scrape_protocol: Option<ScrapeProtocol>,
    /// Whether labels of the target win over those the server attaches.
    pub honor_labels: bool,
    /// Whether timestamps of the target are kept.
    pub honor_timestamps: bool,
    /// Whether series with timestamps of their own get stale markers.
    pub track_timestamps_staleness: bool,
    /// Query parameters of the request. A `__param_<name>` label replaces the first value.
    pub params: BTreeMap<String, Vec<String>>,
    /// Default of `__metrics_path__`.
    pub metrics_path: String,
    /// Default of `__scheme__`.
    pub scheme: String,
    /// Whether compressed answers are asked for.
    pub enable_compression: bool,
    /// Whether native histograms are ingested.
    pub scrape_native_histograms: bool,
    /// Whether the classic series of a native histogram are ingested as well.
    pub always_scrape_classic_histograms: bool,
    /// Whether classic histograms become native ones with custom buckets.
    pub convert_classic_histograms_to_nhcb: bool,
    /// Whether the additional report series (timeout, limits, body size) are written.
    pub extra_scrape_metrics: bool,
    /// Caps, each already inherited.
    pub limits: Limits,
    /// Buckets of one native histogram; 0 = no limit.
    pub native_histogram_bucket_limit: u64,
    /// Native histograms with a smaller growth factor are reduced in resolution; 0 = never.
    pub native_histogram_min_bucket_factor: f64,
    /// Which metric and label names are valid, in what is scraped and in what relabeling writes.
    pub validation: ValidationScheme,
    /// How the target is asked to write names that are not valid in the legacy sense.
    pub escaping: EscapingScheme,
    /// Where failed scrapes of this job are logged.
    pub scrape_failure_log_file: Option<PathBuf>,
    /// How to reach the targets. Validated, paths resolved.
    pub http_client: HttpClientConfig,
    /// Where targets come from: at most one static provider, then the others in the order of the file.
    pub discovery: Vec<DiscoveryConfig>,
    /// Applied to the labels of every target. Each rule compiles under `validation`.
    pub relabel_configs: Vec<RelabelConfig>,
    /// Applied to the labels of every sample. Each rule compiles under `validation`.
    pub metric_relabel_configs: Vec<RelabelConfig>,
}

impl Default for ScrapeConfig {
    /// The configuration of a job about which nothing is said, under a global section about which nothing is
    /// said. `job_name` is empty.
    fn default() -> Self {
        Self {
            job_name: String::new(),
            scrape_interval: Duration::from_secs(60),
            scrape_timeout: Duration::from_secs(10),
            scrape_protocols: ScrapeProtocol::DEFAULT.to_vec(),
            fallback_scrape_protocol: None,
            honor_labels: false,
            honor_timestamps: true,
            track_timestamps_staleness: false,
            params: BTreeMap::new(),
            metrics_path: "/metrics".to_owned(),
            scheme: "http".to_owned(),
            enable_compression: true,
            scrape_native_histograms: false,
            always_scrape_classic_histograms: false,
            convert_classic_histograms_to_nhcb: false,
            extra_scrape_metrics: false,
            limits: Limits::default(),
            native_histogram_bucket_limit: 0,
            native_histogram_min_bucket_factor: 0.0,
            validation: ValidationScheme::Utf8,
            escaping: EscapingScheme::AllowUtf8,
            scrape_failure_log_file: None,
            http_client: HttpClientConfig::default(),
            discovery: Vec::new(),
            relabel_configs: Vec::new(),
            metric_relabel_configs: Vec::new(),
        }
    }
}
