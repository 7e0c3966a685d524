//! 500 targets on one exporter for a minute: every target scraped on every tick, memory flat.

use super::peers::{Process, free_port};
use super::{Env, dump, http};
use anyhow::{Result, ensure};
use std::fmt::Write;
use std::time::Duration;

const TARGETS: usize = 500;
const INTERVAL_MS: i64 = 2000;

pub(crate) fn run(env: &Env) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (push_port, our_port) = (free_port()?, free_port()?);
    let mut push = Process::start(
        "pushgateway",
        &env.peers.pushgateway,
        &[format!("--web.listen-address=127.0.0.1:{push_port}")],
        &dir.path().join("push.log"),
    )?;
    push.wait_ready(push_port, "/metrics")?;
    let mut config = format!(
        "global: {{scrape_interval: {INTERVAL_MS}ms}}\nscrape_configs:\n- job_name: many\n  static_configs:\n"
    );
    for n in 0..TARGETS {
        writeln!(
            config,
            "  - {{targets: ['127.0.0.1:{push_port}'], labels: {{n: '{n}'}}}}"
        )?;
    }
    let path = dir.path().join("prometheus.yml");
    std::fs::write(&path, config)?;
    let data = dir.path().join("data");
    let args = [
        "run".to_owned(),
        format!("--config.file={}", path.display()),
        format!("--storage.tsdb.path={}", data.display()),
        format!("--web.listen-address=127.0.0.1:{our_port}"),
    ];
    let mut cli = Process::start("scrape-cli", &env.cli, &args, &dir.path().join("cli.log"))?;
    cli.wait_ready(our_port, "/-/ready")?;
    std::thread::sleep(Duration::from_secs(25));
    let early = cli.rss_anon()?;
    std::thread::sleep(Duration::from_secs(35));
    let late = cli.rss_anon()?;
    let health = http::get(our_port, "/api/v1/targets?state=active")?.json()?;
    let up = health["data"]["activeTargets"]
        .as_array()
        .map_or(0, |a| a.iter().filter(|t| t["health"] == "up").count());
    ensure!(up == TARGETS, "{up} of {TARGETS} targets are up");
    cli.stop()?;

    let stored = dump::dump(
        &env.peers.promtool,
        &dump::copy_store(&data, &dir.path().join("copy"))?,
    )?;
    let mut ticks = Vec::new();
    for (labels, samples) in stored.iter().filter(|(l, _)| l.contains("__name__=\"up\"")) {
        for pair in samples.windows(2) {
            let gap = pair[1].0 - pair[0].0;
            // A tick may be late by a scheduling hiccup; a missed one would show as twice the interval.
            ensure!(
                gap < INTERVAL_MS * 3 / 2,
                "{labels}: {gap} ms between two scrapes"
            );
        }
        ticks.push(samples.len());
    }
    ensure!(ticks.len() == TARGETS, "{} targets stored", ticks.len());
    let (min, max) = (
        ticks.iter().min().copied().unwrap_or(0),
        ticks.iter().max().copied().unwrap_or(0),
    );
    // Slots are spread over one interval, so counts differ by at most one at either end.
    ensure!(max - min <= 2, "between {min} and {max} scrapes per target");
    let allowed = early + early / 5 + (4 << 20);
    ensure!(
        late <= allowed,
        "anonymous memory grew from {early} to {late} bytes"
    );
    println!(
        "  {min} to {max} scrapes of each of {TARGETS} targets; anonymous memory {} → {} KiB",
        early / 1024,
        late / 1024
    );
    Ok(())
}
