//! A log that Prometheus 3 wrote, with zstd and the records that only it writes, taken over: every sample that its
//! own promtool finds is read, and is still there for it afterwards.

use super::peers::{Process, free_port};
use super::upstream::Upstream;
use super::{Env, dump};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::time::Duration;

/// Scrapes of one second each before the crash.
const BEFORE: Duration = Duration::from_secs(12);

pub(crate) fn run(env: &Env) -> Result<()> {
    let Some(upstream) = Upstream::version_3()? else {
        return Ok(());
    };
    let dir = tempfile::tempdir()?;
    let dir = dir.path();
    let theirs = dir.join("theirs");
    write_log(&upstream, dir, &theirs)?;

    let count = |name: &str, store: &Path| -> Result<usize> {
        let copy = dump::copy_store(store, &dir.join(name))?;
        let dump = dump::dump(&upstream.promtool, &copy)?;
        Ok(dump.values().map(Vec::len).sum())
    };
    let wanted = count("before", &theirs)?;
    ensure!(wanted > 1000, "Prometheus stored only {wanted} samples");

    let ours = dump::copy_store(&theirs, &dir.join("ours"))?;
    let read = replayed(env, dir, &ours)?;
    ensure!(
        read == wanted,
        "{read} samples replayed, promtool finds {wanted}"
    );
    let left = count("after", &ours)?;
    ensure!(left >= wanted, "{left} of {wanted} samples left");
    println!("  {wanted} samples of a log of version 3 read");
    Ok(())
}

/// Lets Prometheus scrape itself, its histograms as native ones and as such with custom buckets, and kills it.
fn write_log(upstream: &Upstream, dir: &Path, store: &Path) -> Result<()> {
    let port = free_port()?;
    let config = dir.join("theirs.yml");
    std::fs::write(
        &config,
        format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s, scrape_native_histograms: true}}\nscrape_configs:\n\
             - job_name: native\n  static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n\
             - job_name: custom\n  convert_classic_histograms_to_nhcb: true\n  static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n"
        ),
    )?;
    let args = [
        format!("--config.file={}", config.display()),
        format!("--storage.tsdb.path={}", store.display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
        "--storage.tsdb.wal-compression-type=zstd".to_owned(),
        "--enable-feature=exemplar-storage,metadata-wal-records".to_owned(),
    ];
    let log = dir.join("theirs.log");
    let mut process = Process::start("prometheus", &upstream.prometheus, &args, &log)?;
    process.wait_ready(port, "/-/ready")?;
    std::thread::sleep(BEFORE);
    process.kill()
}

/// Starts on the log and tells how many samples were read, as the program says.
fn replayed(env: &Env, dir: &Path, store: &Path) -> Result<usize> {
    let port = free_port()?;
    let config = dir.join("ours.yml");
    std::fs::write(&config, "global: {scrape_interval: 1m}\n")?;
    let args = [
        "run".to_owned(),
        format!("--config.file={}", config.display()),
        format!("--storage.tsdb.path={}", store.display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
    ];
    let mut process = Process::start("scrape-cli", &env.cli, &args, &dir.join("ours.log"))?;
    process.wait_ready(port, "/-/ready")?;
    let text = process.log_text();
    process.stop()?;
    text.split_whitespace()
        .find_map(|word| word.strip_prefix("replayed_samples="))
        .context("the log does not say how many samples were read")?
        .parse()
        .context("the number of samples read")
}
