//! Where the configuration comes from: the file that was named, `prometheus.yml` in the working directory, or
//! a built-in one with which the program scrapes itself.

use super::settings::Settings;
use anyhow::{Result, anyhow};
use scrape_config::{LoadedConfig, load_file, load_str};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
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
    /// `address` is where the program listens.
    pub(crate) fn find(settings: &Settings, address: SocketAddr) -> Self {
        match &settings.config_file {
            Some(path) => Self::File(path.clone()),
            None if Path::new(DEFAULT_FILE).exists() => Self::File(DEFAULT_FILE.into()),
            None => Self::BuiltIn(reachable(address).to_string()),
        }
    }

    /// The file, if it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::BuiltIn(_) => None,
        }
    }

    /// Loads and logs the warnings. The error text shows every mistake with its place, coloured on wish: not
    /// where it becomes part of a log line or of an answer.
    pub(crate) fn load(&self, settings: &Settings, colour: bool) -> Result<LoadedConfig> {
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
                diagnostics.render(colour)
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

/// Where a listener on this address is reached from the same host.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// A diagnostic as one log line.
fn one_line(text: &str) -> String {
    text.lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_every_address_is_scraped_over_loopback() {
        for (listen, scraped) in [
            ("0.0.0.0:9090", "127.0.0.1:9090"),
            ("[::]:9090", "[::1]:9090"),
            ("10.1.2.3:9090", "10.1.2.3:9090"),
        ] {
            let listen = listen.parse().expect("an address");
            assert_eq!(reachable(listen).to_string(), scraped);
        }
    }
}
