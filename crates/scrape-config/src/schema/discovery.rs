//! The `*_sd_configs` and `static_configs` of a job.

use scrape_core::target::TargetConfig;
use scrape_core::units::PromDuration;
use scrape_discovery::config::{
    ConfigError, DEFAULT_FILE_REFRESH, DiscoveryConfig, FILE_KEY, FileSdConfig, STATIC_KEY,
    StaticConfig, UPSTREAM_KEYS,
};
use scrape_parse::names::{ValidationScheme, is_valid_label_name};

use scrape_discovery::decode::{decode_json, decode_yaml};

use super::probe;
use crate::decode::{At, Fields};
use crate::diagnose::{Diagnostic, Location, Severity};
use crate::source::Source;
use crate::{files, load};

/// What the reading of targets depends on.
pub(super) struct Rules {
    pub(super) validation: ValidationScheme,
    /// Whether relabeling may still turn what is written into an address.
    pub(super) relabeled: bool,
    /// Whether discovery files are to be read, and if so what the job does to the targets found, unless that
    /// cannot be said.
    pub(super) probe: Option<Option<TargetConfig>>,
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
        let configs = files.iter().filter_map(|at| file(at, rules));
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
    if let Some(Some(targets)) = &rules.probe {
        // A target that is refused as it stands has been reported.
        let written_wrong = !rules.relabeled && group.targets.iter().any(|t| t.contains('/'));
        if !written_wrong {
            probe::group(at, targets, &group, "");
        }
    }
    Some(group)
}

fn file(at: &At<'_>, rules: &Rules) -> Option<FileSdConfig> {
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
                    match one.validate() {
                        Err(e) => at.error(e.to_string()),
                        Ok(()) => {
                            if let Some(targets) = &rules.probe {
                                check_files(&at, &one.files[0], targets.as_ref());
                            }
                        }
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

/// Reads the discovery files that a pattern matches now.
fn check_files(at: &At<'_>, pattern: &str, targets: Option<&TargetConfig>) {
    let resolved = at.resolve(pattern);
    let paths = match files::matching(&resolved.to_string_lossy()) {
        Ok(paths) => paths,
        Err(message) => return at.error(message),
    };
    if paths.is_empty() {
        at.warn(format!(
            "no file matches {:?} at present",
            resolved.display().to_string()
        ));
    }
    for path in paths {
        let bytes = match load::read_bytes(&path) {
            Ok(bytes) => bytes,
            Err(diagnostic) => {
                at.reporter.report(*diagnostic);
                continue;
            }
        };
        let json = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("json"));
        let decoded = if json {
            decode_json(&bytes)
        } else {
            decode_yaml(&bytes)
        };
        match decoded {
            Ok(groups) => {
                let Some(targets) = targets else { continue };
                let whence = format!("{}: ", path.display());
                for group in &groups {
                    probe::group(at, targets, group, &whence);
                }
            }
            Err(e) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                at.reporter.report(Diagnostic {
                    location: Location::at(&Source::new(&path, text), e.line, e.column),
                    ..Diagnostic::about_file(Severity::Error, &path, e.reason)
                });
            }
        }
    }
}
