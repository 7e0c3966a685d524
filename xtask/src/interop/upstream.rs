//! The Prometheus to compare with: Debian's, which is 2.42, or one of version 3, which Debian does not have.

use super::Env;
use anyhow::{Result, ensure};
use std::path::PathBuf;

/// Names a Prometheus of version 3; promtool has to lie beside it.
const VERSION_3: &str = "SCRAPE_PROMETHEUS_3";

pub(crate) struct Upstream {
    pub(crate) prometheus: PathBuf,
    pub(crate) promtool: PathBuf,
    /// Its major version.
    pub(crate) major: u32,
}

impl Upstream {
    pub(crate) fn debian(env: &Env) -> Self {
        Self {
            prometheus: env.peers.prometheus.clone(),
            promtool: env.peers.promtool.clone(),
            major: 2,
        }
    }

    /// `None`, and a word about it, if none is named.
    pub(crate) fn version_3() -> Result<Option<Self>> {
        let Some(prometheus) = std::env::var_os(VERSION_3).map(PathBuf::from) else {
            println!("  skipped: {VERSION_3} names no prometheus of version 3");
            return Ok(None);
        };
        let promtool = prometheus.with_file_name("promtool");
        for program in [&prometheus, &promtool] {
            ensure!(program.is_file(), "{} is not there", program.display());
        }
        Ok(Some(Self {
            prometheus,
            promtool,
            major: 3,
        }))
    }
}
