//! Runs the criterion benches and the end-to-end measurements; figures go to standard output.

use crate::e2e::{self, Encoding};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Bench and the package it belongs to.
const BENCHES: &[(&str, &str)] = &[
    ("parse", "scrape-benches"),
    ("protobuf", "scrape-benches"),
    ("pass", "scrape-benches"),
    ("wal", "scrape-benches"),
    ("fetch", "scrape-http"),
];

/// Measurements of the whole program, which take minutes and run only when named.
const PROGRAM: &[(&str, Encoding)] = &[("e2e", Encoding::Plain), ("e2e-gzip", Encoding::Gzip)];

/// Names the file with the text of a live exporter; without it, `bench parse` fetches one of node_exporter.
const LIVE_BODY: &str = "SCRAPE_BENCH_BODY";

/// A body for the parser's bench, unless the caller has named one.
fn live_body(chosen: &[(&str, &str)], dir: &Path) -> Result<Option<PathBuf>> {
    let parse = chosen.iter().any(|(bench, _)| *bench == "parse");
    if !parse || std::env::var_os(LIVE_BODY).is_some() {
        return Ok(None);
    }
    let body = crate::interop::node_exporter_body(dir)?;
    if body.is_none() {
        println!("skipped: the body of a live node_exporter, which is not installed");
    }
    Ok(body)
}

pub(crate) fn run(names: &[String]) -> Result<()> {
    let mut chosen = Vec::new();
    let mut program = Vec::new();
    for name in names {
        if let Some(found) = PROGRAM.iter().find(|(bench, _)| bench == name) {
            program.push(*found);
            continue;
        }
        match BENCHES.iter().find(|(bench, _)| bench == name) {
            Some(found) => chosen.push(*found),
            None => {
                let criterion = BENCHES.iter().map(|(bench, _)| *bench);
                let known: Vec<&str> = criterion
                    .chain(PROGRAM.iter().map(|(bench, _)| *bench))
                    .collect();
                bail!("no bench named {name}; there are: {}", known.join(", "));
            }
        }
    }
    if names.is_empty() {
        chosen.extend(BENCHES);
    }
    let scratch = tempfile::tempdir().context("a temporary directory")?;
    let body = live_body(&chosen, scratch.path())?;
    for (name, package) in chosen {
        println!("== {name}");
        let status = Command::new(env!("CARGO"))
            .args(["bench", "--quiet", "--package", package, "--bench", name])
            .current_dir(crate::root())
            .envs(body.iter().map(|file| (LIVE_BODY, file)))
            .status()
            .context("running cargo bench")?;
        if !status.success() {
            bail!("bench {name} failed");
        }
    }
    for (name, encoding) in program {
        println!("== {name}");
        e2e::run(encoding)?;
    }
    Ok(())
}
