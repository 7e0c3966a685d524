//! One entry of `scrape_configs`.

use std::collections::BTreeMap;
use std::sync::Arc;

use scrape_core::units::PromDuration;
use scrape_engine::config::{GlobalConfig, ScrapeConfig};
use scrape_parse::ScrapeProtocol;

use super::global::{self, Inherited};
use super::root::Job;
use super::{Context, discovery, http, names, probe, relabel};
use crate::decode::{At, Fields};

/// Reads a job and resolves what it inherits.
pub(super) fn read(at: &At<'_>, global: &GlobalConfig, context: Context<'_>) -> Option<Job> {
    let mut fields = at.fields()?;
    let mut job = ScrapeConfig::default();
    let name = fields.get("job_name");
    let place = name.clone().unwrap_or_else(|| at.clone());
    job.job_name = match name.map(|at| at.string()) {
        Some(Some(name)) if !name.is_empty() => name,
        Some(None) => String::new(),
        _ => {
            place.error("a scrape config needs a `job_name` that is not empty");
            String::new()
        }
    };

    let whose = format!("scrape config {:?}", job.job_name);
    let prom = |d: std::time::Duration| {
        PromDuration::from_millis(u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
    };
    let times = global::times(
        &mut fields,
        Inherited {
            interval: prom(global.scrape_interval),
            timeout: prom(global.scrape_timeout),
            whose: &whose,
        },
    );
    job.scrape_interval = times.interval;
    job.scrape_timeout = times.timeout;
    job.limits = global::limits(&mut fields, &global.limits);

    let inherited = names::Naming {
        validation: global.validation,
        escaping: global.escaping,
    };
    let naming = names::naming(&mut fields, Some(&inherited));
    job.validation = naming.validation;
    job.escaping = naming.escaping;

    switches(&mut fields, &mut job, global);
    protocols(&mut fields, &mut job, global, context);
    request(&mut fields, &mut job);

    if let Some(at) = fields.get("native_histogram_bucket_limit") {
        job.native_histogram_bucket_limit = at.unsigned().unwrap_or_default();
    }
    if let Some(at) = fields.get("native_histogram_min_bucket_factor") {
        job.native_histogram_min_bucket_factor = at.float().unwrap_or_default();
    }
    job.scrape_failure_log_file = fields
        .get("scrape_failure_log_file")
        .and_then(|at| at.file())
        .or_else(|| global.scrape_failure_log_file.clone());

    job.http_client = http::read(&mut fields, context, &whose);
    if let Some(at) = fields.get("relabel_configs") {
        job.relabel_configs = relabel::read(&at, "target relabeling rule", job.validation);
    }
    if let Some(at) = fields.get("metric_relabel_configs") {
        job.metric_relabel_configs = relabel::read(&at, "metric relabeling rule", job.validation);
    }
    let relabeled = fields
        .get("relabel_configs")
        .is_some_and(|at| at.items().is_none_or(|rules| !rules.is_empty()));
    let rules = discovery::Rules {
        validation: job.validation,
        relabeled,
        probe: match context.options.check_files {
            true => Some(probe::target_config(&job)),
            false => None,
        },
    };
    job.discovery = discovery::read(&mut fields, &rules);
    fields.finish(|_| None);
    Some(Job {
        place: place.location(),
        key_path: place.path.to_string(),
        config: Arc::new(job),
    })
}

fn switches(fields: &mut Fields<'_>, job: &mut ScrapeConfig, global: &GlobalConfig) {
    let mut plain = |key, value: &mut bool| {
        if let Some(written) = fields.get(key).and_then(|at| at.boolean()) {
            *value = written;
        }
    };
    plain("honor_labels", &mut job.honor_labels);
    plain("honor_timestamps", &mut job.honor_timestamps);
    plain(
        "track_timestamps_staleness",
        &mut job.track_timestamps_staleness,
    );
    plain("enable_compression", &mut job.enable_compression);

    let mut inherited = |key, global: bool| {
        let written = fields.get(key).and_then(|at| at.switch());
        written.unwrap_or(global)
    };
    job.scrape_native_histograms =
        inherited("scrape_native_histograms", global.scrape_native_histograms);
    job.convert_classic_histograms_to_nhcb = inherited(
        "convert_classic_histograms_to_nhcb",
        global.convert_classic_histograms_to_nhcb,
    );
    job.extra_scrape_metrics = inherited("extra_scrape_metrics", global.extra_scrape_metrics);
    job.always_scrape_classic_histograms = inherited(
        "always_scrape_classic_histograms",
        global.always_scrape_classic_histograms,
    );

    // The name that `always_scrape_classic_histograms` had before version 3.
    if let Some(old) = fields.get("scrape_classic_histograms") {
        let both = fields.get("always_scrape_classic_histograms").is_some();
        let on_key = old.clone().on_key();
        if both {
            on_key.error("`scrape_classic_histograms` is the old name of `always_scrape_classic_histograms`: give only the latter");
        } else {
            on_key.warn("`scrape_classic_histograms` is deprecated: the key is now `always_scrape_classic_histograms`");
            if let Some(written) = old.switch() {
                job.always_scrape_classic_histograms = written;
            }
        }
    }
}

fn protocols(
    fields: &mut Fields<'_>,
    job: &mut ScrapeConfig,
    global: &GlobalConfig,
    context: Context<'_>,
) {
    let written = names::protocols(fields, context);
    job.scrape_protocols = match (written, &global.scrape_protocols) {
        (Some(list), _) => list,
        (None, Some(list)) => list.clone(),
        // Only protobuf carries native histograms.
        (None, None) if job.scrape_native_histograms => ScrapeProtocol::PROTOBUF_FIRST.to_vec(),
        (None, None) => ScrapeProtocol::DEFAULT.to_vec(),
    };
    job.fallback_scrape_protocol = fields
        .get("fallback_scrape_protocol")
        .and_then(|at| names::fallback(&at, context));
}

fn request(fields: &mut Fields<'_>, job: &mut ScrapeConfig) {
    if let Some(at) = fields.get("params") {
        job.params = params(&at);
    }
    if let Some(at) = fields.get("metrics_path")
        && let Some(path) = at.string()
    {
        if path.contains('?') {
            at.warn("`?` in metrics_path is sent as `%3F`: query parameters belong into `params`");
        }
        job.metrics_path = path;
    }
    if let Some(at) = fields.get("scheme")
        && let Some(scheme) = at.string()
    {
        if !matches!(scheme.as_str(), "http" | "https") {
            at.warn(format!(
                "scheme {scheme:?} is neither `http` nor `https`: targets can be scraped only if relabeling sets `__scheme__`"
            ));
        }
        job.scheme = scheme;
    }
}

fn params(at: &At<'_>) -> BTreeMap<String, Vec<String>> {
    at.entries()
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(name, at)| Some((name.to_owned(), at.strings()?)))
        .collect()
}
