//! The main job: node_exporter and Pushgateway scraped every second, with a crash in the middle; promtool's
//! dump must hold every series with the values that the exporters showed, and a real Prometheus must accept
//! the directory.

use super::peers::{Process, free_port};
use super::{Env, dump, http};
use anyhow::{Context, Result, bail, ensure};
use scrape_parse::{Event, Format, Parser, ParserOptions, Step};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// Seconds before the crash and after the restart.
const BEFORE: u64 = 14;
const AFTER: u64 = 16;

const PUSHED: &str = "# TYPE constant gauge\nconstant{kind=\"int\"} 42\nconstant{kind=\"float\"} 0.1\nconstant{kind=\"exp\"} 1.5e+300\nconstant{kind=\"inf\"} +Inf\n";

pub(crate) fn run(env: &Env) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (node_port, push_port, our_port) = (free_port()?, free_port()?, free_port()?);
    let mut node = Process::start(
        "node_exporter",
        &env.peers.node_exporter,
        &[format!("--web.listen-address=127.0.0.1:{node_port}")],
        &dir.path().join("node.log"),
    )?;
    let mut push = Process::start(
        "pushgateway",
        &env.peers.pushgateway,
        &[format!("--web.listen-address=127.0.0.1:{push_port}")],
        &dir.path().join("push.log"),
    )?;
    node.wait_ready(node_port, "/metrics")?;
    push.wait_ready(push_port, "/metrics")?;
    pushed(push_port, "/metrics/job/batch/instance/one", PUSHED)?;
    pushed(push_port, "/metrics/job/doomed", "short_lived 1\n")?;

    let config = dir.path().join("prometheus.yml");
    std::fs::write(
        &config,
        format!(
            "global: {{scrape_interval: 1s}}\nscrape_configs:\n\
             - job_name: node\n  static_configs: [{{targets: ['127.0.0.1:{node_port}']}}]\n\
             - job_name: push\n  honor_labels: true\n  static_configs: [{{targets: ['127.0.0.1:{push_port}']}}]\n"
        ),
    )?;
    let data = dir.path().join("data");
    let start = || -> Result<Process> {
        let args = [
            "run".to_owned(),
            format!("--config.file={}", config.display()),
            format!("--storage.tsdb.path={}", data.display()),
            format!("--web.listen-address=127.0.0.1:{our_port}"),
        ];
        let mut p = Process::start("scrape-cli", &env.cli, &args, &dir.path().join("cli.log"))?;
        p.wait_ready(our_port, "/-/ready")?;
        Ok(p)
    };

    let body_before = http::get(node_port, "/metrics")?.body;
    let cli = start()?;
    sleep(BEFORE);
    let before = dump::dump(
        &env.peers.promtool,
        &dump::copy_store(&data, &dir.path().join("copy-before"))?,
    )?;
    cli.kill()?;
    let cli = start()?;
    sleep(AFTER / 2);
    // One series goes away while we look.
    ensure!(
        http::request(push_port, "DELETE", "/metrics/job/doomed", &[], b"")?.status == 202,
        "delete refused"
    );
    sleep(AFTER / 2);
    check_targets(our_port)?;
    let push_body = http::get(push_port, "/metrics")?.body;
    let (took, code) = cli.stop()?;
    ensure!(took < Duration::from_secs(5), "SIGTERM took {took:?}");
    ensure!(code == Some(0), "exit code after SIGTERM: {code:?}");
    let body_after = http::get(node_port, "/metrics")?.body;
    let after = dump::dump(
        &env.peers.promtool,
        &dump::copy_store(&data, &dir.path().join("copy-after"))?,
    )?;

    contained(&before, &after)?;
    let node_samples = check_node(&after, node_port, &body_before, &body_after)?;
    check_push(&after, push_port, &push_body)?;
    check_up(&after)?;
    println!(
        "  {} series, {} samples of constant node_exporter series compared",
        after.len(),
        node_samples
    );
    prometheus_reads(env, dir.path(), &data, node_port)
}

fn sleep(seconds: u64) {
    std::thread::sleep(Duration::from_secs(seconds));
}

fn pushed(port: u16, path: &str, body: &str) -> Result<()> {
    let status = http::request(port, "PUT", path, &[], body.as_bytes())?.status;
    ensure!(
        status == 200,
        "Pushgateway refused a push to {path}: {status}"
    );
    Ok(())
}

/// No committed sample was lost by the crash.
fn contained(before: &dump::Dump, after: &dump::Dump) -> Result<()> {
    let mut n = 0;
    for (series, samples) in before {
        let now: BTreeSet<_> = after
            .get(series)
            .map(|s| s.iter().collect())
            .unwrap_or_default();
        for s in samples {
            ensure!(now.contains(s), "lost by the crash: {series} {s:?}");
            n += 1;
        }
    }
    ensure!(n > 1000, "only {n} samples before the crash");
    Ok(())
}

/// Series of a text body with the labels of a target: label text → value.
fn series(body: &[u8], target: &[(&str, &str)], honor: bool) -> Result<BTreeMap<String, f64>> {
    let mut parser = Parser::new(ParserOptions::new(Format::Text));
    let mut cursor = parser.feed(body, true);
    let mut out = BTreeMap::new();
    loop {
        match cursor.next().map_err(|e| anyhow::anyhow!("{e}"))? {
            Step::Eof => return Ok(out),
            Step::NeedMore => bail!("the parser wants more than the whole body"),
            Step::Event(Event::Series(s)) => {
                let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
                s.labels(&mut pairs).map_err(|e| anyhow::anyhow!("{e}"))?;
                let mut labels = BTreeMap::new();
                let mut mentioned = BTreeSet::new();
                for (n, v) in pairs {
                    let (n, v) = (String::from_utf8(n)?, String::from_utf8(v)?);
                    mentioned.insert(n.clone());
                    if !v.is_empty() {
                        labels.insert(n, v);
                    }
                }
                for (n, v) in target {
                    if !(honor && mentioned.contains(*n)) {
                        labels.insert((*n).to_owned(), (*v).to_owned());
                    }
                }
                out.insert(dump::label_text(&labels), s.value);
            }
            Step::Event(_) => {}
        }
    }
}

fn check_node(after: &dump::Dump, port: u16, first: &[u8], last: &[u8]) -> Result<usize> {
    let instance = format!("127.0.0.1:{port}");
    let target = [("job", "node"), ("instance", instance.as_str())];
    let (first, last) = (
        series(first, &target, false)?,
        series(last, &target, false)?,
    );
    let (mut compared, mut present) = (0, 0);
    for (labels, value) in &first {
        // A series that is in the first and the last body was there all the time.
        let Some(end) = last.get(labels) else {
            continue;
        };
        let samples = after
            .get(labels)
            .with_context(|| format!("not stored: {labels}"))?;
        present += 1;
        if value.to_bits() == end.to_bits() && is_constant(labels) {
            for (t, text) in samples {
                let stored: f64 = text.parse()?;
                ensure!(
                    stored == *value,
                    "{labels} at {t}: stored {text}, exposed {value}"
                );
                compared += 1;
            }
        }
    }
    ensure!(present > 300, "only {present} series of node_exporter");
    Ok(compared)
}

/// Information and capacity series do not change and come back.
fn is_constant(labels: &str) -> bool {
    [
        "_info",
        "_max",
        "_total_bytes",
        "MemTotal",
        "_size_bytes",
        "boot_time",
    ]
    .iter()
    .any(|n| labels.contains(n))
}

fn check_push(after: &dump::Dump, port: u16, body: &[u8]) -> Result<()> {
    let instance = format!("127.0.0.1:{port}");
    let target = [("job", "push"), ("instance", instance.as_str())];
    let exposed = series(body, &target, true)?;
    for labels in exposed.keys() {
        ensure!(after.contains_key(labels), "not stored: {labels}");
    }
    let constants: Vec<_> = exposed
        .iter()
        .filter(|(l, _)| l.contains("__name__=\"constant\""))
        .collect();
    ensure!(
        constants.len() == 4,
        "Pushgateway shows {} constants",
        constants.len()
    );
    for (labels, value) in constants {
        let samples = &after[labels];
        ensure!(
            samples.len() as u64 >= BEFORE + AFTER - 8,
            "{labels}: only {} samples",
            samples.len()
        );
        for (t, text) in samples {
            let stored: f64 = text.parse()?;
            ensure!(
                stored.to_bits() == value.to_bits(),
                "{labels} at {t}: stored {text}, exposed {value}"
            );
        }
    }
    let doomed: Vec<_> = after
        .iter()
        .filter(|(l, _)| l.contains("__name__=\"short_lived\""))
        .collect();
    let [(labels, samples)] = doomed[..] else {
        bail!("short_lived is stored {} times", doomed.len())
    };
    let stale = samples.iter().filter(|(_, v)| v == "NaN").count();
    ensure!(
        stale == 1 && samples.last().is_some_and(|(_, v)| v == "NaN"),
        "{labels} has no stale marker at its end: {samples:?}"
    );
    Ok(())
}

fn check_up(after: &dump::Dump) -> Result<()> {
    let up: Vec<_> = after
        .iter()
        .filter(|(l, _)| l.contains("__name__=\"up\""))
        .collect();
    ensure!(up.len() == 2, "{} up series", up.len());
    for (labels, samples) in up {
        ensure!(
            samples.iter().all(|(_, v)| v == "1"),
            "{labels}: {samples:?}"
        );
        ensure!(
            samples.len() as u64 >= BEFORE + AFTER - 8,
            "{labels}: only {} scrapes",
            samples.len()
        );
    }
    Ok(())
}

fn check_targets(port: u16) -> Result<()> {
    let answer = http::get(port, "/api/v1/targets")?.json()?;
    let active = answer["data"]["activeTargets"]
        .as_array()
        .context("activeTargets")?;
    ensure!(
        active.len() == 2,
        "{} active targets: {answer}",
        active.len()
    );
    ensure!(
        active
            .iter()
            .all(|t| t["health"] == "up" && t["lastError"] == ""),
        "{answer}"
    );
    let metrics = http::get(port, "/metrics")?.text();
    for name in [
        "prometheus_target_scrape_pools_total",
        "prometheus_target_interval_length_seconds",
    ] {
        ensure!(metrics.contains(name), "/metrics lacks {name}");
    }
    Ok(())
}

/// A real server starts on a copy of the directory and answers for a scraped series.
fn prometheus_reads(env: &Env, dir: &Path, data: &Path, node_port: u16) -> Result<()> {
    let copy = dump::copy_store(data, &dir.join("copy-server"))?;
    let config = dir.join("server.yml");
    std::fs::write(&config, "scrape_configs: []\n")?;
    let port = free_port()?;
    let args = [
        format!("--config.file={}", config.display()),
        format!("--storage.tsdb.path={}", copy.display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
    ];
    let mut server = Process::start(
        "prometheus",
        &env.peers.prometheus,
        &args,
        &dir.join("server.log"),
    )?;
    server.wait_ready(port, "/-/ready")?;
    let query = "/api/v1/query?query=count_over_time(node_boot_time_seconds%5B10m%5D)";
    let answer = http::get(port, query)?.json()?;
    let result = answer["data"]["result"]
        .as_array()
        .context("query result")?;
    ensure!(result.len() == 1, "Prometheus answers {answer}");
    let instance = format!("127.0.0.1:{node_port}");
    ensure!(
        result[0]["metric"]["instance"] == instance.as_str(),
        "Prometheus answers {answer}"
    );
    let log = server.log_text();
    for line in log.lines() {
        let bad = ["corrupt", "level=error", "repair", "unknown series"]
            .iter()
            .any(|w| line.to_lowercase().contains(w));
        ensure!(!bad, "Prometheus complains: {line}");
    }
    Ok(())
}
