//! A farm of awkward targets, scraped by a real Prometheus and by our program side by side with the same
//! configuration; what both stored is compared series by series and value by value. The rows of the table
//! (`cases_*`) say where ours is to differ, from 2.42 only or from 3 as well, and then what ours has to be.

mod case;
mod cases_files;
mod cases_formats;
mod cases_http;
mod cases_labels;
mod cases_limits;
mod cases_relabel;
mod cases_text;
mod cases_values;
mod cases_version_3;
mod proto;
mod server;
mod view;

#[cfg(test)]
mod tests;

use super::Env;
use super::dump;
use super::peers::{Process, free_port};
use super::upstream::Upstream;
use anyhow::{Context, Result, bail, ensure};
use case::{Alignment, Case};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use view::View;

/// Until the files are changed: both programs start to scrape up to 5 s late.
const BEFORE: Duration = Duration::from_secs(9);
/// From then to the reload: changed files are noticed up to 10 s late, and 2.42 forgets a change that meets a reload.
const FILES: Duration = Duration::from_secs(11);
/// From then to the end: what is gone is marked two intervals later.
const AFTER: Duration = Duration::from_secs(5);

/// Fewer scrapes than this compare too little.
const SCRAPES: usize = 12;

/// Complaints about one scenario that are printed.
const COMPLAINTS: usize = 12;

fn table() -> Vec<Case> {
    let mut all = Vec::new();
    all.extend(cases_labels::table());
    all.extend(cases_relabel::table());
    all.extend(cases_limits::table());
    all.extend(cases_http::table());
    all.extend(cases_text::table());
    all.extend(cases_values::table());
    all.extend(cases_formats::table());
    all.extend(cases_files::table());
    all.extend(cases_version_3::table());
    all
}

/// Against the Prometheus that Debian has, which is 2.42.
pub(super) fn run(env: &Env) -> Result<()> {
    compare(env, &Upstream::debian(env))
}

/// Against a Prometheus of version 3, if one is named: then only what differs from every version may differ.
pub(super) fn run_3(env: &Env) -> Result<()> {
    match Upstream::version_3()? {
        Some(upstream) => compare(env, &upstream),
        None => Ok(()),
    }
}

/// A machine that stalls for a second makes one side miss a scrape. What differs for a reason differs again, so
/// rows that differ are looked at twice.
fn compare(env: &Env, upstream: &Upstream) -> Result<()> {
    let first = once(env, upstream)?;
    if first.is_empty() {
        return Ok(());
    }
    println!("farm: once more, to see which of these differ again");
    let second = once(env, upstream)?;
    let again: Vec<&str> = first.intersection(&second).map(String::as_str).collect();
    if !again.is_empty() {
        bail!("scenarios differ without a reason: {}", again.join(", "));
    }
    let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
    println!(
        "farm: not the same in both runs, so the machine's doing: {}; {}",
        list(&first),
        list(&second)
    );
    Ok(())
}

/// Runs both side by side; answers the scenarios that differ without a reason.
fn once(env: &Env, upstream: &Upstream) -> Result<BTreeSet<String>> {
    let dir = tempfile::tempdir()?;
    let dir = dir.path();
    let mut cases = table();
    cases.retain(|case| upstream.major >= 3 || !case.only_3);
    let cases = Arc::new(cases);
    ensure!(cases.len() >= 60, "only {} scenarios", cases.len());
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let base_ms = i64::try_from(now)? * 1000 - 60_000;
    let farm = server::Farm::start(cases.clone(), base_ms)?;
    let host = format!("127.0.0.1:{}", farm.port);
    cases_files::write(dir, &host, false)?;
    write_config(dir, &host, &cases, false)?;

    let theirs = start(dir, "prometheus", &upstream.prometheus, None)?;
    let ours = start(dir, "scrape-cli", &env.cli, Some("run"))?;
    std::thread::sleep(BEFORE);
    cases_files::write(dir, &host, true)?;
    std::thread::sleep(FILES);
    write_config(dir, &host, &cases, true)?;
    theirs.hang_up()?;
    ours.hang_up()?;
    std::thread::sleep(AFTER);
    let (_, code) = ours.stop()?;
    ensure!(code == Some(0), "exit code after SIGTERM: {code:?}");
    theirs.stop()?;

    let view = |name: &str| -> Result<BTreeMap<String, View>> {
        let copy = dump::copy_store(&dir.join(name), &dir.join(format!("{name}-copy")))?;
        let dump = dump::dump(&upstream.promtool, &copy)
            .with_context(|| format!("the store of {name}"))?;
        view::split(&dump, farm.port, base_ms)
    };
    let unexplained = judge(
        &cases,
        upstream.major,
        &view("scrape-cli")?,
        &view("prometheus")?,
    );
    if !unexplained.is_empty() {
        for name in ["scrape-cli", "prometheus"] {
            let log = std::fs::read_to_string(dir.join(format!("{name}.log"))).unwrap_or_default();
            for line in log.lines().filter(|l| is_complaint(l)).take(20) {
                println!("  {name}: {line}");
            }
        }
    }
    Ok(unexplained)
}

fn is_complaint(line: &str) -> bool {
    line.contains("level=error") || line.contains(" ERROR ")
}

/// `late`: after the change in the middle of the run.
fn write_config(dir: &Path, host: &str, cases: &[Case], late: bool) -> Result<()> {
    let mut config =
        String::from("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n");
    for case in cases {
        let job = case.job(host, &dir.display().to_string());
        if let Some(job) = cases_files::after_reload(case.name, job, late) {
            config.push_str(&job);
        }
    }
    std::fs::write(dir.join("prometheus.yml"), config)?;
    Ok(())
}

fn start(dir: &Path, name: &str, program: &Path, command: Option<&str>) -> Result<Process> {
    let port = free_port()?;
    let mut args: Vec<String> = command.map(str::to_owned).into_iter().collect();
    args.extend([
        format!("--config.file={}", dir.join("prometheus.yml").display()),
        format!("--storage.tsdb.path={}", dir.join(name).display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
    ]);
    let mut process = Process::start(name, program, &args, &dir.join(format!("{name}.log")))?;
    process.wait_ready(port, "/-/ready")?;
    Ok(process)
}

fn judge(
    cases: &[Case],
    major: u32,
    ours: &BTreeMap<String, View>,
    theirs: &BTreeMap<String, View>,
) -> BTreeSet<String> {
    let (mut equal, mut deliberate, mut unexplained) = (0, 0, BTreeSet::new());
    let none = View::default();
    for stray in ours.keys().chain(theirs.keys()) {
        if !cases.iter().any(|c| c.name == stray) {
            println!("  series of no scenario: case={stray:?}");
            unexplained.insert(stray.clone());
        }
    }
    for case in cases {
        let (a, b) = (
            ours.get(case.name).unwrap_or(&none),
            theirs.get(case.name).unwrap_or(&none),
        );
        match verdict(case, major, a, b) {
            Ok(None) => equal += 1,
            Ok(Some(why)) => {
                println!(
                    "  {}: differs as it should: {why} [{}]",
                    case.name, case.spec
                );
                deliberate += 1;
            }
            Err(e) => {
                println!("  {}: UNEXPLAINED [{}]: {e}", case.name, case.spec);
                unexplained.insert(case.name.to_owned());
            }
        }
    }
    println!(
        "farm: {equal} scenarios equal, {deliberate} deliberate differences, {} unexplained",
        unexplained.len()
    );
    unexplained
}

/// `Some` reason for a deliberate difference.
fn verdict(case: &Case, major: u32, ours: &View, theirs: &View) -> Result<Option<&'static str>> {
    let differs = case.differs.filter(|_| major < 3 || !case.from_2_only);
    let (limit, differences) = view::differences(ours, theirs, case.alignment);
    if case.alignment == Alignment::Scrape {
        ensure!(limit >= SCRAPES, "only {limit} scrapes to compare");
    }
    let mut complaints = Vec::new();
    for (series, pattern) in case.shows {
        match ours.series.get(*series) {
            None => complaints.push(format!("ours lacks {series}")),
            Some(s) if !s.matches(pattern, limit, case.alignment) => complaints.push(format!(
                "{series} is not `{pattern}` but `{}`",
                s.render(limit, case.alignment)
            )),
            Some(_) => {}
        }
    }
    for series in case.lacks {
        if ours.series.contains_key(*series) {
            complaints.push(format!("ours has {series}"));
        }
    }
    match differs {
        Some(_) if differences.is_empty() => {
            complaints.push("is to differ and does not".to_owned());
        }
        Some(_) => {}
        None => {
            for (series, a, b) in &differences {
                complaints.push(format!("{series}\n      ours:   {a}\n      theirs: {b}"));
            }
        }
    }
    if complaints.is_empty() {
        Ok(differs)
    } else {
        for (series, a, b) in differences.iter().filter(|_| differs.is_some()) {
            complaints.push(format!("{series}\n      ours:   {a}\n      theirs: {b}"));
        }
        let more = complaints.len().saturating_sub(COMPLAINTS);
        complaints.truncate(COMPLAINTS);
        if more > 0 {
            complaints.push(format!("and {more} more"));
        }
        bail!("{}", complaints.join("\n    "))
    }
}
