//! `file_sd_configs`: targets in files that others write.

use std::path::Path;

use scrape_core::units::PromDuration;
use serde::{Deserialize, Deserializer, Serialize};

use super::ConfigError;

/// The default of `refresh_interval`.
pub const DEFAULT_FILE_REFRESH: PromDuration = PromDuration::from_secs(5 * 60);

/// One entry of `file_sd_configs`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSdConfig {
    /// Paths or patterns; only the last segment may contain `*`.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub files: Vec<String>,
    /// How often everything is read again even if no change was announced.
    #[serde(default = "default_refresh")]
    pub refresh_interval: PromDuration,
}

fn default_refresh() -> PromDuration {
    DEFAULT_FILE_REFRESH
}

fn null_as_empty<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

impl Default for FileSdConfig {
    fn default() -> Self {
        Self {
            files: Vec::new(),
            refresh_interval: DEFAULT_FILE_REFRESH,
        }
    }
}

impl FileSdConfig {
    /// Checks the patterns and the interval.
    ///
    /// # Errors
    /// The first thing wrong.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.files.is_empty() {
            return Err(ConfigError::NoFiles);
        }
        if let Some(path) = self.files.iter().find(|p| !is_valid_pattern(p)) {
            return Err(ConfigError::FilePattern { path: path.clone() });
        }
        if self.refresh_interval.is_zero() {
            return Err(ConfigError::RefreshInterval);
        }
        Ok(())
    }

    /// Joins relative patterns to the directory of the configuration file.
    pub fn resolve_paths(&mut self, dir: &Path) {
        for file in &mut self.files {
            if !file.is_empty() && !Path::new(file.as_str()).is_absolute() {
                *file = join(dir, file);
            }
        }
    }
}

/// Joins without touching what a pattern may contain; a leading `./` adds nothing.
fn join(dir: &Path, file: &str) -> String {
    let file = file.strip_prefix("./").unwrap_or(file);
    let dir = dir.to_string_lossy();
    match dir.trim_end_matches('/') {
        "" if dir.starts_with('/') => format!("/{file}"),
        "" | "." => file.to_owned(),
        dir => format!("{dir}/{file}"),
    }
}

/// `^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)$`
fn is_valid_pattern(path: &str) -> bool {
    let Some((stem, extension)) = path.rsplit_once('.') else {
        return false;
    };
    if !matches!(extension, "json" | "yml" | "yaml" | "JSON" | "YML" | "YAML") {
        return false;
    }
    match stem.find('*') {
        Some(star) => !stem[star..].contains('/'),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_019_only_the_last_segment_may_hold_a_star_and_the_extension_must_be_known() {
        for good in [
            "x.json",
            "a*b*.json",
            "/d/*.yml",
            "d?/[ab].yaml",
            "*.JSON",
            ".yaml",
        ] {
            assert!(is_valid_pattern(good), "{good}");
        }
        for bad in [
            "d*/x.json",
            "x.txt",
            "x.Json",
            "x",
            "",
            "*.json/x",
            "a*/b/*.yml",
        ] {
            assert!(!is_valid_pattern(bad), "{bad}");
        }
        let config = FileSdConfig {
            files: vec!["ok.json".into(), "d*/x.json".into()],
            ..Default::default()
        };
        assert_eq!(
            config.validate(),
            Err(ConfigError::FilePattern {
                path: "d*/x.json".into()
            })
        );
        assert_eq!(
            FileSdConfig::default().validate(),
            Err(ConfigError::NoFiles)
        );
    }

    #[test]
    fn case_060_a_zero_interval_is_refused() {
        let config = FileSdConfig {
            files: vec!["ok.json".into()],
            refresh_interval: PromDuration::from_secs(0),
        };
        assert_eq!(config.validate(), Err(ConfigError::RefreshInterval));
    }

    #[test]
    fn case_062_the_written_form_reads_back_and_unknown_keys_are_refused() {
        let text = "files: ['a*.json']\nrefresh_interval: 1m30s\n";
        let config: FileSdConfig = serde_yaml::from_str(text).expect("valid");
        assert_eq!(config.refresh_interval, PromDuration::from_secs(90));
        let written = serde_yaml::to_string(&config).expect("serializes");
        assert_eq!(
            serde_yaml::from_str::<FileSdConfig>(&written).expect("own form"),
            config
        );

        let config: FileSdConfig = serde_yaml::from_str("files: [x.yml]").expect("valid");
        assert_eq!(config.refresh_interval, DEFAULT_FILE_REFRESH);
        serde_yaml::from_str::<FileSdConfig>("files: [x.yml]\nfile: y").expect_err("unknown key");
    }

    #[test]
    fn relative_patterns_join_the_configuration_directory() {
        let mut c = FileSdConfig {
            files: vec!["t/*.json".into(), "/abs/x.yml".into(), "./y.yml".into()],
            ..Default::default()
        };
        c.resolve_paths(Path::new("/etc/prometheus"));
        assert_eq!(
            c.files,
            [
                "/etc/prometheus/t/*.json",
                "/abs/x.yml",
                "/etc/prometheus/y.yml"
            ]
        );
        let mut c = FileSdConfig {
            files: vec!["x.json".into()],
            ..Default::default()
        };
        c.resolve_paths(Path::new("."));
        assert_eq!(c.files, ["x.json"]);
    }
}
