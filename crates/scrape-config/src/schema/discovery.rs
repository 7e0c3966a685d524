//! The `*_sd_configs` and `static_configs` of a job.

use scrape_core::units::PromDuration;
use scrape_discovery::config::{
    ConfigError, DEFAULT_FILE_REFRESH, DiscoveryConfig, FILE_KEY, FileSdConfig, STATIC_KEY,
    StaticConfig, UPSTREAM_KEYS,
};
use scrape_parse::names::{ValidationScheme, is_valid_label_name};

use crate::decode::{At, Fields};

/// What the reading of targets depends on.
pub(super) struct Rules {
    pub(super) validation: ValidationScheme,
    /// Whether relabeling may still turn what is written into an address.
    pub(super) relabeled: bool,
}

/// Reads every mechanism of the job: static targets first, as one provider, then the others.
pub(super) fn read(fields: &mut Fields<'_>, rules: &Rules) -> Vec<DiscoveryConfig> {
    let mut found = Vec::new();
    if let Some(at) = fields.get(STATIC_KEY) {
        let groups: Vec<_> = at
            .sections("section in static_configs")
            .iter()
            .filter_map(|at| static_group(at, rules))
            .collect();
        if !groups.is_empty() {
            found.push(DiscoveryConfig::Static(groups));
        }
    }
    if let Some(at) = fields.get(FILE_KEY) {
        let files = at.sections("section in file_sd_configs");
        let configs = files.iter().filter_map(file);
        found.extend(configs.map(DiscoveryConfig::File));
    }
    for mechanism in UPSTREAM_KEYS {
        if matches!(mechanism.key, STATIC_KEY | FILE_KEY) {
            continue;
        }
        let Some(at) = fields.get(mechanism.key) else {
            continue;
        };
        if at.items().is_some_and(|sections| !sections.is_empty()) {
            at.on_key().error(format!(
                "this build has no {} service discovery yet",
                mechanism.mechanism
            ));
        }
    }
    found
}

fn static_group(at: &At<'_>, rules: &Rules) -> Option<StaticConfig> {
    let mut fields = at.fields()?;
    let mut group = StaticConfig::default();
    if let Some(at) = fields.get("targets") {
        for at in at.items().unwrap_or_default() {
            let Some(address) = at.string() else { continue };
            if address.contains('/') && !rules.relabeled {
                at.error_with_help(
                    format!("{address:?} is not a valid hostname"),
                    "write `host:port` here, and the rest of a URL into `scheme` and `metrics_path`",
                );
            }
            group.targets.push(address);
        }
    }
    if let Some(at) = fields.get("labels") {
        for (name, at) in at.entries().unwrap_or_default() {
            if !is_valid_label_name(rules.validation, name.as_bytes()) {
                at.clone()
                    .on_key()
                    .error(format!("{name:?} is not a valid label name"));
            }
            if let Some(value) = at.string() {
                group.labels.insert(name.to_owned(), value);
            }
        }
    }
    fields.finish(|_| None);
    Some(group)
}

fn file(at: &At<'_>) -> Option<FileSdConfig> {
    let mut fields = at.fields()?;
    let mut config = FileSdConfig::default();
    let mut unreadable = false;
    if let Some(at) = fields.get("files") {
        match at.items() {
            None => unreadable = true,
            Some(items) => {
                for at in items {
                    let Some(pattern) = at.string() else {
                        unreadable = true;
                        continue;
                    };
                    let one = FileSdConfig {
                        files: vec![pattern],
                        refresh_interval: DEFAULT_FILE_REFRESH,
                    };
                    if let Err(e) = one.validate() {
                        at.error(e.to_string());
                    }
                    config.files.extend(one.files);
                }
            }
        }
    }
    if config.files.is_empty() && !unreadable {
        fields
            .place("files")
            .error(ConfigError::NoFiles.to_string());
    }
    if let Some(interval) = fields.get("refresh_interval") {
        match interval.duration() {
            Some(PromDuration::ZERO) if interval.node.is_null() => {}
            Some(PromDuration::ZERO) => interval.error(ConfigError::RefreshInterval.to_string()),
            Some(written) => config.refresh_interval = written,
            None => {}
        }
    }
    fields.finish(|_| None);
    config.resolve_paths(at.source.directory());
    Some(config)
}
