//! Rules of thumb: configurations that are valid and rarely meant.

use std::collections::HashMap;
use std::str::FromStr;
use std::time::Duration;

use scrape_core::units::PromDuration;
use scrape_discovery::config::DiscoveryConfig;
use scrape_engine::config::ScrapeConfig;

use crate::diagnose::{Diagnostic, Location, Related, Severity};
use crate::load::LoadedConfig;

/// Which rules of thumb apply. The default is all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lints {
    /// A scrape interval so long that queries see gaps.
    pub too_long_scrape_interval: bool,
    /// The same static target twice, in one job or in two jobs that would scrape it in the same way.
    pub duplicate_targets: bool,
}

impl Lints {
    /// No rule.
    pub const NONE: Self = Self {
        too_long_scrape_interval: false,
        duplicate_targets: false,
    };
    /// Every rule.
    pub const ALL: Self = Self {
        too_long_scrape_interval: true,
        duplicate_targets: true,
    };
}

impl Default for Lints {
    fn default() -> Self {
        Self::ALL
    }
}

/// A word that names no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown lint {name:?}, use all, none, or a list of too-long-scrape-interval, duplicate-targets, duplicate-rules"
)]
pub struct UnknownLint {
    /// The word.
    pub name: String,
}

impl FromStr for Lints {
    type Err = UnknownLint;

    /// Names separated by commas, as on a command line.
    fn from_str(text: &str) -> Result<Self, UnknownLint> {
        let mut lints = Self::NONE;
        for name in text.split(',').map(str::trim) {
            match name {
                "all" => lints = Self::ALL,
                // Rule files are not read: nothing in them can be doubled.
                "none" | "duplicate-rules" | "" => {}
                "too-long-scrape-interval" => lints.too_long_scrape_interval = true,
                "duplicate-targets" => lints.duplicate_targets = true,
                name => {
                    return Err(UnknownLint {
                        name: name.to_owned(),
                    });
                }
            }
        }
        Ok(lints)
    }
}

/// Applies the rules.
pub(crate) fn run(config: &LoadedConfig, lints: &Lints, lookback: Duration) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if lints.too_long_scrape_interval && !lookback.is_zero() {
        too_long_scrape_interval(config, lookback, &mut found);
    }
    if lints.duplicate_targets {
        duplicate_targets(config, &mut found);
    }
    found
}

fn finding(message: String, location: &Location, key_path: &str) -> Diagnostic {
    Diagnostic {
        severity: Severity::Lint,
        message,
        location: location.clone(),
        key_path: key_path.to_owned(),
        help: None,
        related: Vec::new(),
    }
}

fn prom(d: Duration) -> PromDuration {
    PromDuration::from_millis(u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

fn too_long_scrape_interval(
    config: &LoadedConfig,
    lookback: Duration,
    found: &mut Vec<Diagnostic>,
) {
    for (job, location, key_path) in config.jobs() {
        if job.scrape_interval < lookback {
            continue;
        }
        let message = format!(
            "the scrape interval of job {:?}, {}, is not below the lookback delta, {}: queries will see gaps",
            job.job_name,
            prom(job.scrape_interval),
            prom(lookback),
        );
        let help = "scrape more often, or give queries a longer lookback delta";
        found.push(finding(message, location, key_path).with_help(help));
    }
}

/// What makes two static targets of jobs without target relabeling the same request.
#[derive(PartialEq, Eq, Hash)]
struct Request<'a> {
    scheme: &'a str,
    address: &'a str,
    path: &'a str,
    params: Vec<(&'a str, &'a [String])>,
    labels: Vec<(&'a str, &'a str)>,
}

fn duplicate_targets(config: &LoadedConfig, found: &mut Vec<Diagnostic>) {
    let mut first: HashMap<Request<'_>, (&ScrapeConfig, &Location)> = HashMap::new();
    for (job, location, key_path) in config.jobs() {
        // Relabeling may tell apart what looks the same.
        if !job.relabel_configs.is_empty() {
            continue;
        }
        let groups = job.discovery.iter().filter_map(|d| match d {
            DiscoveryConfig::Static(groups) => Some(groups),
            _ => None,
        });
        for group in groups.flatten() {
            for address in &group.targets {
                let labels = group.labels.iter();
                let params = job.params.iter();
                let request = Request {
                    scheme: &job.scheme,
                    address,
                    path: &job.metrics_path,
                    params: params.map(|(k, v)| (k.as_str(), v.as_slice())).collect(),
                    labels: labels.map(|(k, v)| (k.as_str(), v.as_str())).collect(),
                };
                let Some((other, place)) = first.get(&request) else {
                    first.insert(request, (&**job, location));
                    continue;
                };
                let message = if other.job_name == job.job_name {
                    format!("job {:?} lists target {address:?} twice", job.job_name)
                } else {
                    format!(
                        "target {address:?} of job {:?} is scraped in the same way by job {:?}",
                        job.job_name, other.job_name
                    )
                };
                let mut diagnostic = finding(message, location, key_path);
                if other.job_name != job.job_name {
                    diagnostic.related.push(Related {
                        message: "the other job".to_owned(),
                        location: (*place).clone(),
                    });
                }
                found.push(diagnostic);
            }
        }
    }
    found.truncate(crate::limits::MAX_DIAGNOSTICS);
}
