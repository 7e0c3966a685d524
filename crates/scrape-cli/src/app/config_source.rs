//! Where the configuration comes from: the file that was named, `prometheus.yml` in the working directory, or
//! a built-in one with which the program scrapes itself.

use super::settings::Settings;
use anyhow::{Result, anyhow};
use scrape_config::{Diagnostics, LoadedConfig, load_file, load_str};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

const DEFAULT_FILE: &str = "prometheus.yml";

/// The source, chosen once at start.
#[derive(Debug, Clone)]
pub(crate) enum ConfigSource {
    File(PathBuf),
    /// The program's own address.
    BuiltIn(String),
}

impl ConfigSource {
    pub(crate) fn find(settings: &Settings) -> Self {
        match &settings.config_file {
            Some(path) => Self::File(path.clone()),
            None if Path::new(DEFAULT_FILE).exists() => Self::File(DEFAULT_FILE.into()),
            None => Self::BuiltIn(settings.listen.to_string()),
        }
    }

    /// The file, if it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::BuiltIn(_) => None,
        }
    }

    /// Loads and logs the warnings. The error text shows every mistake with its place.
    pub(crate) fn load(&self, settings: &Settings) -> Result<LoadedConfig> {
        let loaded = match self {
            Self::File(path) => load_file(path, &settings.load),
            Self::BuiltIn(address) => load_str(
                &built_in(address),
                Path::new("built-in.yml"),
                &settings.load,
            ),
        };
        match loaded {
            Ok(loaded) => {
                for warning in loaded.warnings.iter() {
                    tracing::warn!("{}", one_line(&warning.render(false)));
                }
                Ok(loaded)
            }
            Err(diagnostics) => Err(anyhow!(
                "the configuration cannot be used\n{}",
                render(&diagnostics)
            )),
        }
    }

    /// Says what was loaded.
    pub(crate) fn announce(&self, loaded: &LoadedConfig) {
        let jobs = loaded.engine.scrape_configs.len();
        match self {
            Self::File(path) => {
                tracing::info!(file = %path.display(), jobs, "configuration loaded")
            }
            Self::BuiltIn(_) => {
                tracing::info!(
                    jobs,
                    "no --config.file and no prometheus.yml here: scraping ourselves"
                );
            }
        }
    }
}

fn built_in(address: &str) -> String {
    format!(
        "global: {{scrape_interval: 15s}}\n\
         scrape_configs:\n\
         - job_name: self\n  \
           static_configs: [{{targets: ['{address}']}}]\n"
    )
}

fn render(diagnostics: &Diagnostics) -> String {
    diagnostics.render(std::io::stderr().is_terminal())
}

/// A diagnostic as one log line.
fn one_line(text: &str) -> String {
    text.lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
