//! Runs the criterion benches and the end-to-end measurements; figures go to standard output.

use anyhow::{Context, Result, bail};
use std::process::Command;

/// Bench and the package it belongs to.
const BENCHES: &[(&str, &str)] = &[
    ("parse", "scrape-benches"),
    ("protobuf", "scrape-benches"),
    ("pass", "scrape-benches"),
    ("wal", "scrape-benches"),
    ("fetch", "scrape-http"),
];

pub(crate) fn run(names: &[String]) -> Result<()> {
    let mut chosen = Vec::new();
    for name in names {
        match BENCHES.iter().find(|(bench, _)| bench == name) {
            Some(found) => chosen.push(*found),
            None => {
                let known: Vec<&str> = BENCHES.iter().map(|(bench, _)| *bench).collect();
                bail!("no bench named {name}; there are: {}", known.join(", "));
            }
        }
    }
    if chosen.is_empty() {
        chosen.extend(BENCHES);
    }
    for (name, package) in chosen {
        println!("== {name}");
        let status = Command::new(env!("CARGO"))
            .args(["bench", "--quiet", "--package", package, "--bench", name])
            .current_dir(crate::root())
            .status()
            .context("running cargo bench")?;
        if !status.success() {
            bail!("bench {name} failed");
        }
    }
    Ok(())
}
