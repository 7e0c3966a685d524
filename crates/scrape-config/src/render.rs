//! A loaded configuration as text again: defaults filled in, secrets blanked, in the order of keys that
//! Prometheus uses. Except for the secrets, reading the text gives an equal configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use scrape_core::units::{ByteSize, PromDuration};
use scrape_discovery::config::{DiscoveryConfig, FileSdConfig, StaticConfig};
use scrape_engine::config::{GlobalConfig, Limits, ScrapeConfig};
use serde::Serialize;

use crate::load::LoadedConfig;
use crate::yaml;

/// A configuration cannot be written as YAML.
#[derive(Debug, thiserror::Error)]
#[error("the configuration cannot be shown as YAML: {reason}")]
pub struct RenderError {
    reason: String,
}

impl LoadedConfig {
    /// The main file as YAML. Jobs of included files stand in those.
    ///
    /// # Errors
    /// A value that YAML cannot express; none is known.
    pub fn to_yaml(&self) -> Result<String, RenderError> {
        let mut out = String::from("global:\n");
        indent(&block(&Global::of(&self.engine.global))?, "  ", &mut out);
        if !self.scrape_config_files.is_empty() {
            let files = BTreeMap::from([("scrape_config_files", &self.scrape_config_files)]);
            out.push_str(&block(&files)?);
        }
        let jobs = self.engine.scrape_configs.get(..self.main_jobs);
        let jobs = jobs.unwrap_or_default();
        if !jobs.is_empty() {
            out.push_str("scrape_configs:\n");
        }
        for job in jobs {
            let mut text = String::new();
            indent(&job_to_yaml(job)?, "  ", &mut text);
            out.push_str("- ");
            out.push_str(text.trim_start());
        }
        Ok(out)
    }
}

/// One job as YAML, as an entry of `scrape_configs` without the dash.
///
/// # Errors
/// A value that YAML cannot express; none is known.
pub fn job_to_yaml(job: &ScrapeConfig) -> Result<String, RenderError> {
    let mut out = block(&Head::of(job))?;
    out.push_str(&block(&job.http_client)?);
    out.push_str(&block(&Tail::of(job))?);
    Ok(out)
}

/// The lines of a mapping; none for an empty one.
fn block<T: Serialize>(value: &T) -> Result<String, RenderError> {
    let mut text = yaml::write(value).map_err(|e| RenderError {
        reason: e.to_string(),
    })?;
    if text.trim() == "{}" {
        return Ok(String::new());
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

fn indent(text: &str, by: &str, out: &mut String) {
    for line in text.lines() {
        out.push_str(by);
        out.push_str(line);
        out.push('\n');
    }
}

fn prom(d: Duration) -> PromDuration {
    PromDuration::from_millis(u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

fn names<T: std::fmt::Display>(list: &[T]) -> Vec<String> {
    list.iter().map(T::to_string).collect()
}

#[derive(Serialize)]
struct Global<'a> {
    scrape_interval: PromDuration,
    scrape_timeout: PromDuration,
    #[serde(skip_serializing_if = "Option::is_none")]
    scrape_protocols: Option<Vec<String>>,
    evaluation_interval: PromDuration,
    #[serde(skip_serializing_if = "Option::is_none")]
    scrape_failure_log_file: Option<&'a PathBuf>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    external_labels: BTreeMap<&'a str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_size_limit: Option<ByteSize>,
    #[serde(skip_serializing_if = "is_zero")]
    sample_limit: u64,
    #[serde(skip_serializing_if = "is_zero")]
    target_limit: u64,
    #[serde(skip_serializing_if = "is_zero")]
    label_limit: u64,
    #[serde(skip_serializing_if = "is_zero")]
    label_name_length_limit: u64,
    #[serde(skip_serializing_if = "is_zero")]
    label_value_length_limit: u64,
    #[serde(skip_serializing_if = "is_zero")]
    keep_dropped_targets: u64,
    metric_name_validation_scheme: &'static str,
    metric_name_escaping_scheme: &'static str,
    scrape_native_histograms: bool,
    convert_classic_histograms_to_nhcb: bool,
    always_scrape_classic_histograms: bool,
    extra_scrape_metrics: bool,
}

impl<'a> Global<'a> {
    fn of(g: &'a GlobalConfig) -> Self {
        let limits: &Limits = &g.limits;
        // What was a variable is now its value, in which a dollar sign is just that.
        let label =
            |(name, value): (&'a String, &'a String)| (name.as_str(), value.replace('$', "$$"));
        Self {
            scrape_interval: prom(g.scrape_interval),
            scrape_timeout: prom(g.scrape_timeout),
            scrape_protocols: g.scrape_protocols.as_deref().map(names),
            evaluation_interval: prom(g.evaluation_interval),
            scrape_failure_log_file: g.scrape_failure_log_file.as_ref(),
            external_labels: g.external_labels.iter().map(label).collect(),
            body_size_limit: size(limits.body_size),
            sample_limit: limits.samples,
            target_limit: limits.targets,
            label_limit: limits.labels,
            label_name_length_limit: limits.label_name_length,
            label_value_length_limit: limits.label_value_length,
            keep_dropped_targets: limits.keep_dropped_targets,
            metric_name_validation_scheme: g.validation.as_str(),
            metric_name_escaping_scheme: g.escaping.as_str(),
            scrape_native_histograms: g.scrape_native_histograms,
            convert_classic_histograms_to_nhcb: g.convert_classic_histograms_to_nhcb,
            always_scrape_classic_histograms: g.always_scrape_classic_histograms,
            extra_scrape_metrics: g.extra_scrape_metrics,
        }
    }
}

fn size(bytes: u64) -> Option<ByteSize> {
    (bytes != 0).then(|| ByteSize::from_bytes(bytes))
}

/// The keys of a job before those of its HTTP client.
#[derive(Serialize)]
struct Head<'a> {
    job_name: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    honor_labels: bool,
    honor_timestamps: bool,
    track_timestamps_staleness: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    params: &'a BTreeMap<String, Vec<String>>,
    scrape_interval: PromDuration,
    scrape_timeout: PromDuration,
    scrape_protocols: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback_scrape_protocol: Option<String>,
    scrape_native_histograms: bool,
    always_scrape_classic_histograms: bool,
    convert_classic_histograms_to_nhcb: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scrape_failure_log_file: Option<&'a PathBuf>,
    metrics_path: &'a str,
    scheme: &'a str,
    enable_compression: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_size_limit: Option<ByteSize>,
    #[serde(skip_serializing_if = "is_zero")]
    sample_limit: u64,
    #[serde(skip_serializing_if = "is_zero")]
    target_limit: u64,
    #[serde(skip_serializing_if = "is_zero")]
    label_limit: u64,
    #[serde(skip_serializing_if = "is_zero")]
    label_name_length_limit: u64,
    #[serde(skip_serializing_if = "is_zero")]
    label_value_length_limit: u64,
    #[serde(skip_serializing_if = "is_zero")]
    native_histogram_bucket_limit: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    native_histogram_min_bucket_factor: Option<f64>,
    #[serde(skip_serializing_if = "is_zero")]
    keep_dropped_targets: u64,
    metric_name_validation_scheme: &'static str,
    metric_name_escaping_scheme: &'static str,
    extra_scrape_metrics: bool,
}

impl<'a> Head<'a> {
    fn of(job: &'a ScrapeConfig) -> Self {
        let factor = job.native_histogram_min_bucket_factor;
        Self {
            job_name: &job.job_name,
            honor_labels: job.honor_labels,
            honor_timestamps: job.honor_timestamps,
            track_timestamps_staleness: job.track_timestamps_staleness,
            params: &job.params,
            scrape_interval: prom(job.scrape_interval),
            scrape_timeout: prom(job.scrape_timeout),
            scrape_protocols: names(&job.scrape_protocols),
            fallback_scrape_protocol: job.fallback_scrape_protocol.map(|p| p.to_string()),
            scrape_native_histograms: job.scrape_native_histograms,
            always_scrape_classic_histograms: job.always_scrape_classic_histograms,
            convert_classic_histograms_to_nhcb: job.convert_classic_histograms_to_nhcb,
            scrape_failure_log_file: job.scrape_failure_log_file.as_ref(),
            metrics_path: &job.metrics_path,
            scheme: &job.scheme,
            enable_compression: job.enable_compression,
            body_size_limit: size(job.limits.body_size),
            sample_limit: job.limits.samples,
            target_limit: job.limits.targets,
            label_limit: job.limits.labels,
            label_name_length_limit: job.limits.label_name_length,
            label_value_length_limit: job.limits.label_value_length,
            native_histogram_bucket_limit: job.native_histogram_bucket_limit,
            native_histogram_min_bucket_factor: (factor != 0.0).then_some(factor),
            keep_dropped_targets: job.limits.keep_dropped_targets,
            metric_name_validation_scheme: job.validation.as_str(),
            metric_name_escaping_scheme: job.escaping.as_str(),
            extra_scrape_metrics: job.extra_scrape_metrics,
        }
    }
}

/// The keys of a job after those of its HTTP client.
#[derive(Serialize)]
struct Tail<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    relabel_configs: &'a [scrape_core::relabel::RelabelConfig],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    metric_relabel_configs: &'a [scrape_core::relabel::RelabelConfig],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    static_configs: Vec<&'a StaticConfig>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    file_sd_configs: Vec<FileSd<'a>>,
}

#[derive(Serialize)]
struct FileSd<'a> {
    files: &'a [String],
    refresh_interval: PromDuration,
}

impl<'a> Tail<'a> {
    fn of(job: &'a ScrapeConfig) -> Self {
        let mut tail = Self {
            relabel_configs: &job.relabel_configs,
            metric_relabel_configs: &job.metric_relabel_configs,
            static_configs: Vec::new(),
            file_sd_configs: Vec::new(),
        };
        for discovery in &job.discovery {
            match discovery {
                DiscoveryConfig::Static(groups) => tail.static_configs.extend(groups),
                DiscoveryConfig::File(FileSdConfig {
                    files,
                    refresh_interval,
                    ..
                }) => tail.file_sd_configs.push(FileSd {
                    files,
                    refresh_interval: *refresh_interval,
                }),
                // A mechanism that is not built is refused while loading.
                _ => {}
            }
        }
        tail
    }
}
