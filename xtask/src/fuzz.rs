//! Builds every fuzz target and runs each for a short while. Needs cargo-fuzz, which is installed if it is missing.
//!
//! The sanitizer flags that cargo-fuzz passes are unstable, but the stable compiler ships the sanitizer's runtime:
//! it is told to accept the flags, so that no second toolchain has to be fetched.

use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::{Command, Stdio};

const CRATES: &[&str] = &["crates/scrape-parse"];
const SECONDS: &str = "10";

pub(crate) fn smoke() -> Result<()> {
    ensure_tools()?;
    for dir in CRATES {
        let dir = crate::root().join(dir);
        let targets = targets(&dir)?;
        if targets.is_empty() {
            bail!("{} has no fuzz target", dir.display());
        }
        fuzz(&dir, &["build"])?;
        // What a run finds goes there; the committed seeds stay as they are.
        let found = std::env::temp_dir().join(format!("fuzz-smoke-{}", std::process::id()));
        for target in &targets {
            let found = found.join(target);
            std::fs::create_dir_all(&found)
                .with_context(|| format!("creating {}", found.display()))?;
            let found = found.to_str().context("a temporary directory in UTF-8")?;
            let seeds = format!("fuzz/corpus/{target}");
            let max_time = format!("-max_total_time={SECONDS}");
            fuzz(
                &dir,
                &[
                    "run",
                    target,
                    found,
                    &seeds,
                    "--",
                    &max_time,
                    "-rss_limit_mb=2048",
                    "-print_final_stats=1",
                ],
            )?;
            println!("fuzz-smoke: {target} ran {SECONDS} s without a finding");
        }
        std::fs::remove_dir_all(&found).with_context(|| format!("removing {}", found.display()))?;
    }
    Ok(())
}

fn fuzz(dir: &Path, args: &[&str]) -> Result<()> {
    let (verb, rest) = args.split_first().context("a cargo fuzz command")?;
    let out = Command::new("cargo")
        .args(["fuzz", verb])
        .args(rest)
        .current_dir(dir)
        .env_remove("CARGO")
        .env("RUSTC_BOOTSTRAP", "1")
        .stdin(Stdio::null())
        .output()
        .context("running cargo fuzz")?;
    if !out.status.success() {
        let err = String::from_utf8_lossy(&out.stderr);
        let tail: Vec<&str> = err.lines().rev().take(60).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        bail!("cargo fuzz {} failed:\n{}", args.join(" "), tail.join("\n"));
    }
    Ok(())
}

fn targets(dir: &Path) -> Result<Vec<String>> {
    let folder = dir.join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in
        std::fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))?
    {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "rs")
            && let Some(stem) = path.file_stem().and_then(|s| s.to_str())
        {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn ensure_tools() -> Result<()> {
    let works = |args: &[&str]| {
        Command::new("cargo")
            .args(args)
            .env_remove("CARGO")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|s| s.success())
    };
    if !works(&["fuzz", "--version"]) {
        println!("fuzz-smoke: installing cargo-fuzz");
        let status = Command::new("cargo")
            .args(["install", "--locked", "--quiet", "cargo-fuzz"])
            .env_remove("CARGO")
            .status()
            .context("installing cargo-fuzz")?;
        if !status.success() {
            bail!("cargo-fuzz could not be installed");
        }
    }
    Ok(())
}
