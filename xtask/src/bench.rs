//! Runs the criterion benches and the end-to-end measurements; figures go to standard output.

use anyhow::{Context, Result, bail};
use std::process::Command;

const BENCHES: &[&str] = &["parse", "protobuf", "pass", "wal"];

pub(crate) fn run(names: &[String]) -> Result<()> {
    let chosen: Vec<&str> = if names.is_empty() {
        BENCHES.to_vec()
    } else {
        names.iter().map(String::as_str).collect()
    };
    for name in chosen {
        if !BENCHES.contains(&name) {
            bail!("no bench named {name}; there are: {}", BENCHES.join(", "));
        }
        println!("== {name}");
        let status = Command::new(env!("CARGO"))
            .args([
                "bench",
                "--quiet",
                "--package=scrape-benches",
                "--bench",
                name,
            ])
            .current_dir(crate::root())
            .status()
            .context("running cargo bench")?;
        if !status.success() {
            bail!("bench {name} failed");
        }
    }
    Ok(())
}
