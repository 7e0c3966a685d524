//! The program against the real world: exporters are scraped, promtool and Prometheus read what was stored.
//! Everything listens on loopback ports of our choosing and is stopped by pid.

mod dump;
mod farm;
pub(crate) mod http;
mod live;
pub(crate) mod peers;
mod scenario_first;
mod scenario_log_3;
mod scenario_many;
mod upstream;

pub(crate) use self::live::node_exporter_body;

use anyhow::{Context, Result, bail};
use peers::Peers;
use std::path::PathBuf;
use std::process::Command;

type Scenario = fn(&Env) -> Result<()>;

/// What a scenario works with.
pub(crate) struct Env {
    pub(crate) cli: PathBuf,
    pub(crate) peers: Peers,
}

const SCENARIOS: &[(&str, Scenario)] = &[
    ("first", scenario_first::run),
    ("many-targets", scenario_many::run),
    ("farm", farm::run),
    ("farm-3", farm::run_3),
    ("log-3", scenario_log_3::run),
];

pub(crate) fn run(names: &[String]) -> Result<()> {
    for name in names {
        if !SCENARIOS.iter().any(|(n, _)| n == name) {
            let all: Vec<_> = SCENARIOS.iter().map(|(n, _)| *n).collect();
            bail!("no scenario named {name}; there are: {}", all.join(", "));
        }
    }
    let env = Env {
        cli: build_cli()?,
        peers: Peers::find()?,
    };
    let mut failed = Vec::new();
    for (name, scenario) in SCENARIOS {
        if !names.is_empty() && !names.iter().any(|n| n == name) {
            continue;
        }
        println!("interop {name}: running");
        match scenario(&env) {
            Ok(()) => println!("interop {name}: ok"),
            Err(e) => {
                println!("interop {name}: FAILED: {e:#}");
                failed.push(*name);
            }
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        bail!("interop failed: {}", failed.join(", "))
    }
}

/// Builds the release binary and returns its path.
pub(crate) fn build_cli() -> Result<PathBuf> {
    let out = Command::new(env!("CARGO"))
        .args([
            "build",
            "--release",
            "--package=scrape-cli",
            "--message-format=json-render-diagnostics",
        ])
        .current_dir(crate::root())
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("building scrape-cli")?;
    if !out.status.success() {
        bail!("scrape-cli does not build");
    }
    let text = String::from_utf8_lossy(&out.stdout);
    text.lines()
        .filter_map(|l| serde_json::from_str::<serde_json::Value>(l).ok())
        .filter(|m| m["target"]["name"] == "scrape-cli")
        .find_map(|m| m["executable"].as_str().map(PathBuf::from))
        .context("cargo did not name the executable of scrape-cli")
}
