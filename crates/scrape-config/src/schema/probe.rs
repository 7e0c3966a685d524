//! Building the targets that are known before anything runs: a group that cannot be scraped is found by
//! `check config` and not by an empty page later.

use std::sync::Arc;

use scrape_core::relabel::Rule;
use scrape_core::target::{Group, HistogramSwitches, TargetConfig, build_targets};
use scrape_core::units::PromDuration;
use scrape_core::{Labels, LabelsBuilder};
use scrape_discovery::ADDRESS_LABEL;
use scrape_discovery::config::StaticConfig;
use scrape_engine::config::ScrapeConfig;

use crate::decode::At;

/// What a job does to every target. `None` if one of its rules does not compile, which is reported elsewhere.
pub(super) fn target_config(job: &ScrapeConfig) -> Option<TargetConfig> {
    let rules = job.relabel_configs.iter();
    let rules: Vec<Rule> = rules
        .map(|rule| Rule::compile(rule, job.validation).ok())
        .collect::<Option<_>>()?;
    let prom = |d: std::time::Duration| {
        PromDuration::from_millis(u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
    };
    Some(TargetConfig {
        job_name: job.job_name.clone(),
        interval: prom(job.scrape_interval),
        timeout: prom(job.scrape_timeout),
        metrics_path: job.metrics_path.clone(),
        scheme: job.scheme.clone(),
        params: job.params.clone(),
        histograms: HistogramSwitches {
            native: job.scrape_native_histograms,
            always_classic: job.always_scrape_classic_histograms,
            convert_to_nhcb: job.convert_classic_histograms_to_nhcb,
        },
        relabel: Arc::from(rules),
        ..TargetConfig::default()
    })
}

/// Reports the targets of a group that could not be scraped. `whence` introduces each message.
pub(super) fn group(at: &At<'_>, config: &TargetConfig, group: &StaticConfig, whence: &str) {
    let labels = Labels::from_pairs(&group.labels);
    let address = |address: &String| {
        let mut labels = LabelsBuilder::new();
        labels.set(ADDRESS_LABEL, address);
        labels.labels()
    };
    let targets: Vec<Labels> = group.targets.iter().map(address).collect();
    let built = build_targets(
        config,
        [Group {
            source: whence,
            labels: &labels,
            targets: &targets,
        }],
    );
    for failure in built.failures {
        let written = group.targets.get(failure.index).map_or("", String::as_str);
        at.error(format!(
            "{whence}target {written:?} cannot be scraped: {}",
            failure.error
        ));
    }
}
