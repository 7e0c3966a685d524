//! Ending: everything committed, nothing invented, nobody waited for.

use crate::data::{config, values};
use crate::exporter::Exporter;
use crate::process::{PROGRAM, Process, until};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long the program may take, on a machine that does other things too. The hanging target would take longer.
const QUICK: Duration = Duration::from_secs(8);

async fn ends_well(signal: Signal) {
    let dir = tempfile::tempdir().expect("a directory");
    let (good, hanging) = (Exporter::counting().await, Exporter::silent().await);
    let text = format!(
        "{}- job_name: hanging\n  scrape_interval: 10s\n  scrape_timeout: 10s\n  \
         static_configs: [{{targets: ['{}']}}]\n",
        config(&[("good", good.address)]),
        hanging.address,
    );
    std::fs::write(dir.path().join("prometheus.yml"), text).expect("written");
    let mut p = Process::start(dir.path(), &[]).await;
    until("scrapes", async || {
        (good.requests() >= 3 && hanging.requests() == 1).then_some(())
    })
    .await;
    // A loop asks again only after it has committed.
    let done = good.requests();
    until("one more scrape", async || {
        (good.requests() > done).then_some(())
    })
    .await;

    let start = Instant::now();
    p.signal(signal);
    let status = p.ended().await;
    assert!(start.elapsed() < QUICK, "{:?}", start.elapsed());
    assert_eq!(status.code(), Some(0), "{}", p.log());
    assert!(p.log().contains("msg=stopped"), "{}", p.log());

    let data = dir.path().join("data");
    let n = values(&data, "n", "good");
    assert!(n.len() as u64 >= done, "{n:?} of {done}");
    for (i, (_, v)) in n.iter().enumerate() {
        assert_eq!(
            *v,
            (i + 1) as f64,
            "every scrape once, and no marker: {n:?}"
        );
    }
    let up = values(&data, "up", "good");
    assert!(up.iter().all(|(_, v)| *v == 1.0), "{up:?}");
    let up = values(&data, "up", "hanging");
    assert!(
        up.is_empty(),
        "a scrape that was cancelled says nothing: {up:?}"
    );
}

#[tokio::test]
async fn sigterm_ends_it_with_everything_committed() {
    ends_well(Signal::TERM).await;
}

#[tokio::test]
async fn sigint_ends_it_with_everything_committed() {
    ends_well(Signal::INT).await;
}

/// Whether a process handles a signal itself, by its number.
fn handles(pid: u32, number: u32) -> bool {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let mask = text.lines().find_map(|l| l.strip_prefix("SigCgt:"));
    let mask = mask.and_then(|m| u64::from_str_radix(m.trim(), 16).ok());
    mask.expect("a mask") & (1 << (number - 1)) != 0
}

#[tokio::test]
async fn signals_are_understood_while_it_starts() {
    let dir = tempfile::tempdir().expect("a directory");
    // Nobody writes to it: whoever reads it waits.
    let pipe = dir.path().join("prometheus.yml");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0).expect("a pipe");
    let mut child = Command::new(PROGRAM)
        .args(["run", "--web.listen-address=127.0.0.1:0"])
        .current_dir(dir.path())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let pid = child.id();
    until("handlers of signals", async || {
        // SIGHUP, SIGINT and SIGTERM.
        [1, 2, 15].iter().all(|n| handles(pid, *n)).then_some(())
    })
    .await;
    let raw = Pid::from_raw(i32::try_from(pid).expect("a pid")).expect("a pid");
    // A reload that comes too early is no reason to die.
    kill_process(raw, Signal::HUP).expect("it runs");
    kill_process(raw, Signal::TERM).expect("it runs");
    let status = until("the end", async || child.try_wait().expect("a child")).await;
    assert_eq!(status.code(), Some(0));
}
