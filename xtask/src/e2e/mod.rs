//! The whole program beside Prometheus: both scrape the same exporter at the same time, and what each cost is laid
//! side by side. Only the ratios mean something on another machine, or on this one when it is busy.

mod exporter;
mod usage;

use crate::interop::build_cli;
use crate::interop::http;
use crate::interop::peers::{Process, free_port, which};
use anyhow::{Context, Result, ensure};
use exporter::Exporter;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use usage::{Usage, disk_bytes};

const TARGETS: usize = 200;
const SERIES: usize = 1000;
const INTERVAL: Duration = Duration::from_secs(2);
/// Until every series is known to both and their caches are warm.
const WARM_UP: Duration = Duration::from_secs(20);
/// How long is measured, unless the environment says otherwise.
const MEASURED: Duration = Duration::from_secs(60);
/// Names the seconds to measure.
const SECONDS: &str = "SCRAPE_BENCH_SECONDS";

/// Whether the exporter compresses what it answers.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Encoding {
    Plain,
    Gzip,
}

/// One of the two programs while it runs.
struct Scraper {
    name: &'static str,
    process: Process,
    port: u16,
    data: PathBuf,
}

/// What one program did while it was measured.
struct Figures {
    cpu_seconds: f64,
    samples: f64,
    anonymous_bytes: u64,
    disk_bytes: u64,
    switches: u64,
}

pub(crate) fn run(encoding: Encoding) -> Result<()> {
    let measured = measured()?;
    let cli = build_cli()?;
    let dir = tempfile::tempdir().context("a temporary directory")?;
    let exporter = Exporter::start(SERIES, INTERVAL, encoding == Encoding::Gzip)?;
    let config = dir.path().join("prometheus.yml");
    std::fs::write(&config, configuration(exporter.port())?)?;

    let mut scrapers = vec![start("scrape-cli", &cli, &["run"], &config, dir.path())?];
    match which("prometheus") {
        Some(program) => scrapers.push(start("prometheus", &program, &[], &config, dir.path())?),
        None => println!("skipped: the comparison with Prometheus, which is not installed"),
    }
    std::thread::sleep(WARM_UP);
    let before = scrapers.iter().map(observe).collect::<Result<Vec<_>>>()?;
    std::thread::sleep(measured);
    let after = scrapers.iter().map(observe).collect::<Result<Vec<_>>>()?;

    let expected = (TARGETS * SERIES) as f64 * measured.as_secs_f64() / INTERVAL.as_secs_f64();
    let mut figures = Vec::new();
    for ((scraper, before), after) in scrapers.into_iter().zip(before).zip(after) {
        let samples = after.1 - before.1;
        // A program that falls behind would look cheap.
        ensure!(
            samples > expected * 0.9,
            "{} stored {samples} samples of {expected}: this machine is too busy to compare",
            scraper.name
        );
        let (name, data) = (scraper.name, scraper.data);
        scraper.process.stop()?;
        figures.push((
            name,
            Figures {
                cpu_seconds: after.0.cpu_seconds - before.0.cpu_seconds,
                samples,
                anonymous_bytes: after.0.anonymous_bytes,
                disk_bytes: disk_bytes(&data)?,
                switches: after.0.switches.saturating_sub(before.0.switches),
            },
        ));
    }
    print!("{}", table(&figures, measured));
    Ok(())
}

fn measured() -> Result<Duration> {
    match std::env::var(SECONDS) {
        Ok(text) => {
            let seconds: u64 = text
                .parse()
                .with_context(|| format!("{SECONDS}={text}: not a number of seconds"))?;
            ensure!(seconds > 0, "{SECONDS}=0: nothing would be measured");
            Ok(Duration::from_secs(seconds))
        }
        Err(_) => Ok(MEASURED),
    }
}

fn configuration(exporter: u16) -> Result<String> {
    let seconds = INTERVAL.as_secs();
    let mut config = format!(
        "global: {{scrape_interval: {seconds}s, scrape_timeout: {seconds}s}}\nscrape_configs:\n- job_name: load\n  static_configs:\n"
    );
    for n in 0..TARGETS {
        writeln!(
            config,
            "  - {{targets: ['127.0.0.1:{exporter}'], labels: {{n: '{n}'}}}}"
        )?;
    }
    Ok(config)
}

fn start(
    name: &'static str,
    program: &Path,
    command: &[&str],
    config: &Path,
    dir: &Path,
) -> Result<Scraper> {
    let port = free_port()?;
    let data = dir.join(format!("{name}-data"));
    let mut args: Vec<String> = command.iter().map(|&arg| arg.to_owned()).collect();
    args.push(format!("--config.file={}", config.display()));
    args.push(format!("--storage.tsdb.path={}", data.display()));
    args.push(format!("--web.listen-address=127.0.0.1:{port}"));
    let log = dir.join(format!("{name}.log"));
    let mut process = Process::start(name, program, &args, &log)?;
    process.wait_ready(port, "/-/ready")?;
    Ok(Scraper {
        name,
        process,
        port,
        data,
    })
}

/// What the program has used, and how many samples it has stored, so far.
fn observe(scraper: &Scraper) -> Result<(Usage, f64)> {
    let usage = Usage::of(scraper.process.pid())?;
    let metrics = http::get(scraper.port, "/metrics")?.text();
    let samples = metrics
        .lines()
        .filter(|line| line.starts_with("prometheus_tsdb_head_samples_appended_total"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum();
    Ok((usage, samples))
}

fn table(figures: &[(&str, Figures)], measured: Duration) -> String {
    let mut out = format!(
        "{TARGETS} targets x {SERIES} series every {} s, {} s measured; memory and disk at the end\n",
        INTERVAL.as_secs(),
        measured.as_secs()
    );
    out.push_str(
        "program     CPU s  ns/sample  switches/scrape  anonymous MiB    samples  disk MiB\n",
    );
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    for (name, f) in figures {
        let scrapes = f.samples / SERIES as f64;
        out.push_str(&format!(
            "{name:<10} {:>6.2} {:>10.0} {:>16.1} {:>14.1} {:>10.0} {:>9.1}\n",
            f.cpu_seconds,
            f.cpu_seconds * 1e9 / f.samples,
            f.switches as f64 / scrapes,
            mib(f.anonymous_bytes),
            f.samples,
            mib(f.disk_bytes),
        ));
    }
    if let [(_, ours), (_, theirs)] = figures {
        out.push_str(&format!(
            "Prometheus / scrape-cli: CPU per sample {:.2}, anonymous memory {:.2}, disk {:.2}\n",
            (theirs.cpu_seconds / theirs.samples) / (ours.cpu_seconds / ours.samples),
            theirs.anonymous_bytes as f64 / ours.anonymous_bytes as f64,
            theirs.disk_bytes as f64 / ours.disk_bytes as f64,
        ));
    }
    out
}
