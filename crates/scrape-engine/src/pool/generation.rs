//! A pool's configuration turned into what loops use: a client, compiled rules, pass settings. A reload makes
//! a new generation; loops of the old one keep theirs, so that no scrape changes its rules halfway.

use crate::config::ScrapeConfig;
use crate::engine::Engine;
use crate::fetch::{BuildError, Fetcher};
use crate::target::RunningTarget;
use scrape_core::PromDuration;
use scrape_core::histogram::schema_for_bucket_factor;
use scrape_core::pass::PassConfig;
use scrape_core::relabel::{RelabelConfig, RelabelError, Rule};
use scrape_core::target::{HistogramSwitches, TargetConfig};
use scrape_http::DialCounters;
use scrape_http::config::HttpClientConfig;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Why a job's configuration cannot be put to use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerationError {
    /// The HTTP client cannot be built.
    #[error("cannot build the HTTP client: {0}")]
    Client(#[from] BuildError),
    /// Building failed in a way that is a defect of this program.
    #[error("building the job failed: {0}")]
    Panicked(String),
    /// A relabel rule is invalid.
    #[error("relabel_configs, rule {index}: {error}", index = index + 1)]
    Relabel {
        /// Which rule, from 0.
        index: usize,
        /// What is wrong with it.
        error: RelabelError,
    },
    /// A metric relabel rule is invalid.
    #[error("metric_relabel_configs, rule {index}: {error}", index = index + 1)]
    MetricRelabel {
        /// Which rule, from 0.
        index: usize,
        /// What is wrong with it.
        error: RelabelError,
    },
}

/// Values of [`switch_index`].
const SWITCH_COMBINATIONS: usize = 8;

/// One configuration of a pool, ready for use.
pub(crate) struct Generation {
    pub(crate) config: Arc<ScrapeConfig>,
    pub(crate) fetcher: Arc<dyn Fetcher>,
    /// How targets are made of groups.
    pub(crate) targets: TargetConfig,
    /// Bodies of OpenMetrics 2.0 are welcome.
    pub(crate) openmetrics2: bool,
    base: PassConfig,
    /// Pass settings by histogram switches, which targets may override; made on first use.
    passes: [OnceLock<Arc<PassConfig>>; SWITCH_COMBINATIONS],
}

impl Generation {
    /// Builds everything; reads certificate files at most.
    pub(crate) fn try_new(
        config: Arc<ScrapeConfig>,
        engine: &Engine,
        dials: &DialCounters,
    ) -> Result<Self, GenerationError> {
        let fetcher = engine.fetchers.build(&config, dials)?;
        Self::with_fetcher(config, fetcher, engine)
    }

    /// The same job with another configuration that can use this client.
    pub(crate) fn reconfigured(
        &self,
        config: Arc<ScrapeConfig>,
        engine: &Engine,
    ) -> Result<Self, GenerationError> {
        Self::with_fetcher(config, Arc::clone(&self.fetcher), engine)
    }

    fn with_fetcher(
        config: Arc<ScrapeConfig>,
        fetcher: Arc<dyn Fetcher>,
        engine: &Engine,
    ) -> Result<Self, GenerationError> {
        let compile = |rules: &[RelabelConfig]| {
            let rule = |(i, r)| Rule::compile(r, config.validation).map_err(|e| (i, e));
            rules
                .iter()
                .enumerate()
                .map(rule)
                .collect::<Result<Arc<[Rule]>, _>>()
        };
        let relabel = compile(&config.relabel_configs)
            .map_err(|(index, error)| GenerationError::Relabel { index, error })?;
        let metric_relabel = compile(&config.metric_relabel_configs)
            .map_err(|(index, error)| GenerationError::MetricRelabel { index, error })?;
        let base = PassConfig {
            honor_labels: config.honor_labels,
            honor_timestamps: config.honor_timestamps,
            track_timestamps_staleness: config.track_timestamps_staleness,
            sample_limit: config.limits.samples,
            label_limit: config.limits.labels,
            label_name_length_limit: config.limits.label_name_length,
            label_value_length_limit: config.limits.label_value_length,
            bucket_limit: config.native_histogram_bucket_limit,
            max_schema: schema_for_bucket_factor(config.native_histogram_min_bucket_factor),
            metric_relabel,
            validation: config.validation,
            st_zero_ingestion: engine.options.start_timestamp_zero_ingestion,
            parse_st: engine.options.parse_start_timestamps,
            st_synthesis: engine.options.synthesize_start_timestamps,
            type_and_unit_labels: engine.options.type_and_unit_labels,
            append_metadata: engine.options.append_metadata,
            extra_metrics: config.extra_scrape_metrics,
            ..PassConfig::default()
        };
        let targets = TargetConfig {
            job_name: config.job_name.clone(),
            interval: PromDuration::from(config.scrape_interval),
            timeout: PromDuration::from(config.scrape_timeout),
            metrics_path: config.metrics_path.clone(),
            scheme: config.scheme.clone(),
            params: config.params.clone(),
            histograms: HistogramSwitches {
                native: config.scrape_native_histograms,
                always_classic: config.always_scrape_classic_histograms,
                convert_to_nhcb: config.convert_classic_histograms_to_nhcb,
            },
            relabel,
            keep_dropped_targets: config.limits.keep_dropped_targets,
            append_default_port: engine.options.append_default_port,
        };
        Ok(Self {
            config,
            fetcher,
            targets,
            openmetrics2: engine.options.openmetrics2,
            base,
            passes: Default::default(),
        })
    }

    /// The settings for scraping a target.
    pub(crate) fn pass(&self, target: &RunningTarget) -> Arc<PassConfig> {
        let switches = target.histograms();
        let make = || {
            Arc::new(PassConfig {
                native_histograms: switches.native,
                keep_classic: switches.always_classic,
                convert_classic_to_nhcb: switches.convert_to_nhcb,
                ..self.base.clone()
            })
        };
        Arc::clone(self.passes[switch_index(switches)].get_or_init(make))
    }
}

fn switch_index(switches: HistogramSwitches) -> usize {
    let bits = [
        switches.native,
        switches.always_classic,
        switches.convert_to_nhcb,
    ];
    bits.into_iter()
        .fold(0, |index, bit| index << 1 | usize::from(bit))
}

/// Whether series cached under `old` mean the same under `new`: everything that neither decides which series
/// there are nor what they are called is left out of the comparison.
pub(crate) fn cache_is_reusable(old: &ScrapeConfig, new: &ScrapeConfig) -> bool {
    let relevant = |c: &ScrapeConfig| {
        let mut c = without_targets(c);
        c.scrape_interval = Duration::ZERO;
        c.scrape_timeout = Duration::ZERO;
        c.limits.samples = 0;
        c.limits.body_size = 0;
        c.http_client = HttpClientConfig::default();
        c
    };
    relevant(old) == relevant(new)
}

/// Whether the difference between two configurations does not concern running loops at all: it is about which
/// targets there are, which the next sync finds out, or about what the pool itself does.
pub(crate) fn loops_may_stay(old: &ScrapeConfig, new: &ScrapeConfig) -> bool {
    without_targets(old) == without_targets(new)
}

fn without_targets(c: &ScrapeConfig) -> ScrapeConfig {
    let mut c = ScrapeConfig {
        discovery: Vec::new(),
        relabel_configs: Vec::new(),
        ..c.clone()
    };
    c.limits.targets = 0;
    c.limits.keep_dropped_targets = 0;
    c.scrape_failure_log_file = None;
    c
}
