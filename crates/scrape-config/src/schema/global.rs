//! The `global` section.

use std::collections::BTreeMap;
use std::time::Duration;

use scrape_core::units::PromDuration;
use scrape_engine::config::{GlobalConfig, Limits};
use scrape_parse::ScrapeProtocol;
use scrape_parse::names::is_valid_label_name;

use super::{Context, names};
use crate::decode::{At, Fields};
use crate::env;

const DEFAULT_INTERVAL: PromDuration = PromDuration::from_secs(60);
const DEFAULT_TIMEOUT: PromDuration = PromDuration::from_secs(10);

/// The global section of a file that has none.
pub(super) fn defaults(context: Context<'_>) -> GlobalConfig {
    GlobalConfig {
        scrape_protocols: default_protocols(context),
        extra_scrape_metrics: context.options.extra_scrape_metrics,
        scrape_native_histograms: context.options.scrape_native_histograms,
        ..GlobalConfig::default()
    }
}

fn default_protocols(context: Context<'_>) -> Option<Vec<ScrapeProtocol>> {
    context
        .options
        .protobuf_first
        .then(|| ScrapeProtocol::PROTOBUF_FIRST.to_vec())
}

/// Reads the section.
pub(super) fn read(at: &At<'_>, context: Context<'_>) -> GlobalConfig {
    let mut global = defaults(context);
    let Some(mut fields) = at.fields() else {
        return global;
    };
    let times = times(
        &mut fields,
        Inherited {
            interval: DEFAULT_INTERVAL,
            timeout: DEFAULT_TIMEOUT,
            whose: "global",
        },
    );
    global.scrape_interval = times.interval;
    global.scrape_timeout = times.timeout;
    global.limits = limits(&mut fields, &Limits::default());
    if let Some(list) = names::protocols(&mut fields, context) {
        global.scrape_protocols = Some(list);
    }
    let naming = names::naming(&mut fields, None);
    global.validation = naming.validation;
    global.escaping = naming.escaping;
    let mut switch = |key, value: &mut bool| {
        if let Some(written) = fields.get(key).and_then(|at| at.switch()) {
            *value = written;
        }
    };
    switch(
        "scrape_native_histograms",
        &mut global.scrape_native_histograms,
    );
    switch(
        "convert_classic_histograms_to_nhcb",
        &mut global.convert_classic_histograms_to_nhcb,
    );
    switch(
        "always_scrape_classic_histograms",
        &mut global.always_scrape_classic_histograms,
    );
    switch("extra_scrape_metrics", &mut global.extra_scrape_metrics);
    global.scrape_failure_log_file = fields
        .get("scrape_failure_log_file")
        .and_then(|at| at.file());
    if let Some(at) = fields.get("external_labels") {
        global.external_labels = external_labels(&at, &global, context);
    }
    if let Some(interval) = fields
        .get("evaluation_interval")
        .and_then(|at| at.duration())
        .filter(|d| !d.is_zero())
    {
        global.evaluation_interval = interval.as_duration();
    }
    if let Some(at) = fields.get("rule_query_offset") {
        at.duration();
    }
    if let Some(at) = fields.get("query_log_file")
        && at.string().is_some_and(|file| !file.is_empty())
    {
        at.on_key()
            .warn("`query_log_file` has no effect: this program answers no queries");
    }
    fields.finish(|_| None);
    global
}

/// What interval and timeout fall back to.
pub(super) struct Inherited<'a> {
    pub(super) interval: PromDuration,
    pub(super) timeout: PromDuration,
    /// Named in messages.
    pub(super) whose: &'a str,
}

/// A resolved pair, neither of them zero, the timeout not above the interval.
pub(super) struct Times {
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
}

/// Reads `scrape_interval` and `scrape_timeout`. Zero means unset for both; a timeout that is not written
/// shrinks to the interval, one that is written may not exceed it.
pub(super) fn times(fields: &mut Fields<'_>, inherited: Inherited<'_>) -> Times {
    let interval = fields.get("scrape_interval").map(|at| at.duration());
    let timeout = fields.get("scrape_timeout").map(|at| at.duration());
    let unreadable = interval == Some(None) || timeout == Some(None);
    let written = |d: Option<Option<PromDuration>>| d.flatten().filter(|d| !d.is_zero());
    let interval = written(interval).unwrap_or(inherited.interval);
    let timeout = match written(timeout) {
        Some(timeout) if timeout > interval => {
            // An interval that could not be read says nothing about the timeout.
            if !unreadable {
                let whose = inherited.whose;
                fields.place("scrape_timeout").error(format!(
                    "{whose}: scrape timeout {timeout} is greater than scrape interval {interval}"
                ));
            }
            interval
        }
        Some(timeout) => timeout,
        None => inherited.timeout.min(interval),
    };
    Times {
        interval: interval.as_duration(),
        timeout: timeout.as_duration(),
    }
}

/// Reads the caps that global section and jobs share. Zero inherits.
pub(super) fn limits(fields: &mut Fields<'_>, inherited: &Limits) -> Limits {
    let mut number = |key, inherited: u64| {
        let written = fields.get(key).and_then(|at| at.unsigned());
        written.filter(|n| *n != 0).unwrap_or(inherited)
    };
    let mut limits = Limits {
        body_size: inherited.body_size,
        samples: number("sample_limit", inherited.samples),
        targets: number("target_limit", inherited.targets),
        labels: number("label_limit", inherited.labels),
        label_name_length: number("label_name_length_limit", inherited.label_name_length),
        label_value_length: number("label_value_length_limit", inherited.label_value_length),
        keep_dropped_targets: number("keep_dropped_targets", inherited.keep_dropped_targets),
    };
    if let Some(size) = fields.get("body_size_limit").and_then(|at| at.size())
        && size != 0
    {
        limits.body_size = size;
    }
    limits
}

fn external_labels(
    at: &At<'_>,
    global: &GlobalConfig,
    context: Context<'_>,
) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for (name, at) in at.entries().unwrap_or_default() {
        if !is_valid_label_name(global.validation, name.as_bytes()) {
            at.clone()
                .on_key()
                .error(format!("{name:?} is not a valid label name"));
        }
        let Some(text) = at.string() else { continue };
        let value = env::expand(&text, &*context.options.environment, |variable| {
            at.warn(match variable {
                "" => "`${` without a name and a closing brace becomes nothing; write `$$` for a dollar sign".to_owned(),
                name => format!("environment variable `{name}` is unset or empty and becomes nothing"),
            });
        });
        labels.insert(name.to_owned(), value);
    }
    labels
}
