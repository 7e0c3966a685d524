//! From discovered groups to targets.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{HistogramSwitches, Target, address, identity, names, url};
use crate::relabel::{self, Rule};
use crate::units::DurationError;
use crate::{Labels, LabelsBuilder, PromDuration};

/// What a job says about all its targets.
#[derive(Debug, Clone)]
pub struct TargetConfig {
    /// Becomes the `job` label.
    pub job_name: String,
    /// Time between scrapes.
    pub interval: PromDuration,
    /// Time a scrape may take.
    pub timeout: PromDuration,
    /// Path of the request.
    pub metrics_path: String,
    /// `http` or `https`.
    pub scheme: String,
    /// Query parameters.
    pub params: BTreeMap<String, Vec<String>>,
    /// Which forms of histograms are taken.
    pub histograms: HistogramSwitches,
    /// Rules for targets.
    pub relabel: Arc<[Rule]>,
    /// How many dropped targets to list; 0 for all. The count is always complete.
    pub keep_dropped_targets: u64,
    /// Complete addresses without a port by `:80` or `:443`, as Prometheus 2 did.
    pub append_default_port: bool,
}

impl Default for TargetConfig {
    fn default() -> Self {
        Self {
            job_name: String::new(),
            interval: PromDuration::from_secs(60),
            timeout: PromDuration::from_secs(10),
            metrics_path: "/metrics".into(),
            scheme: "http".into(),
            params: BTreeMap::new(),
            histograms: HistogramSwitches::default(),
            relabel: Arc::from([]),
            keep_dropped_targets: 0,
            append_default_port: false,
        }
    }
}

/// Targets that discovery found together.
#[derive(Debug, Clone, Copy)]
pub struct Group<'a> {
    /// Where they come from, for messages.
    pub source: &'a str,
    /// Labels of all of them.
    pub labels: &'a Labels,
    /// Labels of each; they win over those of the group.
    pub targets: &'a [Labels],
}

/// What became of the groups.
#[derive(Debug, Default)]
pub struct Built {
    /// Targets to scrape, in the order found; equal ones may repeat.
    pub targets: Vec<Target>,
    /// Discovered labels of dropped targets, up to the configured number.
    pub dropped: Vec<Labels>,
    /// How many were dropped.
    pub n_dropped: usize,
    /// Targets that cannot be scraped, with the reason.
    pub failures: Vec<Failure>,
}

/// A target that cannot be scraped. The others of its group are not affected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("target {index} of group {source_name:?}: {error}")]
pub struct Failure {
    /// Source of the group.
    pub source_name: String,
    /// Position within the group.
    pub index: usize,
    /// Why.
    pub error: TargetError,
}

/// Why a target cannot be scraped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// `__address__` is empty after relabeling.
    #[error("no address")]
    NoAddress,
    /// `__address__` holds more than host and port.
    #[error("{address:?} is not a valid hostname, a URL or path does not belong into __address__")]
    Address {
        /// The address.
        address: String,
    },
    /// The default port of an unknown scheme was asked for.
    #[error("invalid scheme {scheme:?}, no default port is known")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// The interval or timeout label is not a duration.
    #[error("label {label}: {error}")]
    Duration {
        /// The label.
        label: &'static str,
        /// What is wrong with it.
        error: DurationError,
    },
    /// The interval or timeout label is zero.
    #[error("label {label}: must not be 0")]
    Zero {
        /// The label.
        label: &'static str,
    },
    /// A scrape could take longer than the time between scrapes.
    #[error("scrape timeout {timeout} is greater than scrape interval {interval}")]
    TimeoutAboveInterval {
        /// The timeout.
        timeout: PromDuration,
        /// The interval.
        interval: PromDuration,
    },
    /// A label that must be true or false is something else.
    #[error("label {label}: {value:?} is neither true nor false")]
    Bool {
        /// The label.
        label: &'static str,
        /// Its value.
        value: String,
    },
}

/// Makes targets of groups. Never fails as a whole: what is wrong with one target stays with it.
pub fn build_targets<'a>(
    config: &TargetConfig,
    groups: impl IntoIterator<Item = Group<'a>>,
) -> Built {
    let mut built = Built::default();
    let mut labels = LabelsBuilder::new();
    for group in groups {
        for (index, target) in group.targets.iter().enumerate() {
            discover(&mut labels, config, group.labels, target);
            let discovered = labels.labels();
            if !relabel::apply(&config.relabel, &mut labels) {
                built.drop_target(config, discovered);
                continue;
            }
            match finish(&mut labels, config, discovered) {
                Ok(target) if target.public.is_empty() => {
                    built.drop_target(config, target.discovered)
                }
                Ok(target) => built.targets.push(target),
                Err(error) => {
                    built.failures.push(Failure {
                        source_name: group.source.to_owned(),
                        index,
                        error,
                    });
                }
            }
        }
    }
    built
}

impl Built {
    fn drop_target(&mut self, config: &TargetConfig, discovered: Labels) {
        self.n_dropped += 1;
        if config.keep_dropped_targets == 0
            || (self.dropped.len() as u64) < config.keep_dropped_targets
        {
            self.dropped.push(discovered);
        }
    }
}

/// The labels before relabeling: the target's own, then the group's, then the job's defaults.
fn discover(labels: &mut LabelsBuilder, config: &TargetConfig, group: &Labels, target: &Labels) {
    labels.reset(target);
    let mut default = |name: &str, value: &str| {
        if labels.get(name).is_none() {
            labels.set(name, value);
        }
    };
    for (name, value) in group {
        default(name, value);
    }
    default(names::JOB, &config.job_name);
    default(names::INTERVAL, &config.interval.to_string());
    default(names::TIMEOUT, &config.timeout.to_string());
    default(names::METRICS_PATH, &config.metrics_path);
    default(names::SCHEME, &config.scheme);
    let switch = |on: bool| if on { "true" } else { "false" };
    default(
        names::CONVERT_TO_NHCB,
        switch(config.histograms.convert_to_nhcb),
    );
    default(
        names::ALWAYS_CLASSIC,
        switch(config.histograms.always_classic),
    );
    default(names::NATIVE_HISTOGRAMS, switch(config.histograms.native));
    for (key, values) in &config.params {
        if let Some(first) = values.first() {
            default(&format!("{}{key}", names::PARAM_PREFIX), first);
        }
    }
}

/// Checks what relabeling left and completes it.
fn finish(
    labels: &mut LabelsBuilder,
    config: &TargetConfig,
    discovered: Labels,
) -> Result<Target, TargetError> {
    if labels.value(names::ADDRESS).is_empty() && labels.value(names::UNIX_SOCKET).is_empty() {
        return Err(TargetError::NoAddress);
    }
    let address = labels.value(names::ADDRESS);
    if config.append_default_port && !address.is_empty() && address::lacks_port(address) {
        let port = match labels.value(names::SCHEME) {
            "http" | "" => ":80",
            "https" => ":443",
            other => {
                return Err(TargetError::Scheme {
                    scheme: other.to_owned(),
                });
            }
        };
        let address = format!("{}{port}", labels.value(names::ADDRESS));
        labels.set(names::ADDRESS, &address);
    }
    let address = labels.value(names::ADDRESS);
    if address.contains('/') {
        return Err(TargetError::Address {
            address: address.to_owned(),
        });
    }
    let interval = duration(labels, names::INTERVAL)?;
    let timeout = duration(labels, names::TIMEOUT)?;
    if timeout > interval {
        return Err(TargetError::TimeoutAboveInterval { timeout, interval });
    }
    let histograms = HistogramSwitches {
        native: switch(labels, names::NATIVE_HISTOGRAMS, config.histograms.native)?,
        always_classic: switch(
            labels,
            names::ALWAYS_CLASSIC,
            config.histograms.always_classic,
        )?,
        convert_to_nhcb: switch(
            labels,
            names::CONVERT_TO_NHCB,
            config.histograms.convert_to_nhcb,
        )?,
    };
    labels.retain(|name, _| !name.starts_with(names::META_PREFIX));
    if labels.value(names::INSTANCE).is_empty() {
        let address = labels.value(names::ADDRESS).to_owned();
        labels.set(names::INSTANCE, &address);
    }
    let all = labels.labels();
    labels.retain(|name, _| !name.starts_with(names::RESERVED_PREFIX));
    let url = url::build(&all, &config.params);
    Ok(Target {
        hash: identity(&all, &url),
        public: labels.labels(),
        labels: all,
        discovered,
        url,
        interval,
        timeout,
        histograms,
    })
}

fn duration(labels: &LabelsBuilder, label: &'static str) -> Result<PromDuration, TargetError> {
    let parsed = PromDuration::parse(labels.value(label));
    let value = parsed.map_err(|error| TargetError::Duration { label, error })?;
    if value.is_zero() {
        Err(TargetError::Zero { label })
    } else {
        Ok(value)
    }
}

/// The words that Go's `strconv.ParseBool` knows; without the label, what the job says.
fn switch(
    labels: &LabelsBuilder,
    label: &'static str,
    otherwise: bool,
) -> Result<bool, TargetError> {
    match labels.value(label) {
        "" => Ok(otherwise),
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        value => Err(TargetError::Bool {
            label,
            value: value.to_owned(),
        }),
    }
}
