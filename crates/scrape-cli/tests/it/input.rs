//! What cannot work is refused at start, with a message that says what and where.

use crate::process::{Process, run, said};
use rustix::fs::{FlockOperation, flock};
use std::fs::File;
use std::net::TcpListener;
use std::path::Path;

const PORT: &str = "--web.listen-address=127.0.0.1:0";

/// Starts with a configuration that must be refused; returns what is said.
fn refused(text: &str) -> String {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("prometheus.yml"), text).expect("written");
    let out = run(dir.path(), &["run", PORT]);
    assert_eq!(out.status.code(), Some(1), "{}", said(&out));
    assert!(!dir.path().join("data").exists(), "nothing is created");
    said(&out)
}

fn start(dir: &Path, flags: &[&str]) -> (Option<i32>, String) {
    let out = run(dir, &[&["run"], flags].concat());
    (out.status.code(), said(&out))
}

fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

#[test]
fn broken_yaml_is_shown_with_a_caret() {
    let text = refused("scrape_configs:\n- job_name: a\n  static_configs: [{targets: [\n");
    holds(
        &text,
        &["prometheus.yml:3:30", "static_configs: [{targets: [", "^"],
    );
}

#[test]
fn an_unknown_key_is_shown_with_the_nearest_known_one() {
    let text = refused("scrape_configs:\n- job_name: a\n  scrape_intervall: 5s\n");
    holds(
        &text,
        &[
            "`scrape_intervall`",
            "prometheus.yml:3:3",
            "did you mean `scrape_interval`?",
        ],
    );
}

#[test]
fn every_mistake_is_shown_at_once() {
    let text = refused(
        "global: {scrape_interval: 0x}\nscrape_configs:\n- {jobname: a}\n- {job_name: a, scheme: gopher}\n",
    );
    holds(
        &text,
        &[
            "prometheus.yml:1:",
            "prometheus.yml:3:",
            "prometheus.yml:4:",
        ],
    );
}

#[test]
fn remote_write_is_refused_rather_than_ignored() {
    let text = refused("remote_write:\n- url: http://127.0.0.1:1/\n");
    holds(&text, &["remote_write", "prometheus.yml:1:1"]);
}

#[test]
fn a_missing_file_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let (code, text) = start(dir.path(), &[PORT, "--config.file=none.yml"]);
    assert_eq!(code, Some(1));
    holds(&text, &["none.yml", "No such file"]);
    let (code, text) = start(dir.path(), &[PORT, "--config.file=."]);
    assert_eq!(code, Some(1));
    holds(&text, &["directory"]);
}

#[test]
fn a_port_in_use_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let holder = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = holder.local_addr().expect("an address").to_string();
    let (code, text) = start(dir.path(), &[&format!("--web.listen-address={address}")]);
    assert_eq!(code, Some(1));
    holds(&text, &[&address, "cannot listen", "in use"]);
    assert!(!dir.path().join("data").exists(), "nothing is created");
}

#[test]
fn a_bad_address_names_its_flag() {
    let dir = tempfile::tempdir().expect("a directory");
    let (code, text) = start(dir.path(), &["--web.listen-address=nonsense"]);
    assert_eq!(code, Some(1));
    holds(&text, &["--web.listen-address=nonsense", "127.0.0.1:9090"]);
}

#[tokio::test]
async fn a_directory_that_is_in_use_by_another_of_us_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut first = Process::start(dir.path(), &[]).await;
    let (code, text) = start(dir.path(), &[PORT]);
    assert_eq!(code, Some(1));
    holds(&text, &["data", "lock", "locked by another process"]);
    assert_eq!(first.get("/-/healthy").await.0, 200);
    first.stop().await;
}

#[tokio::test]
async fn a_directory_that_is_in_use_by_prometheus_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(dir.path().join("data")).expect("created");
    let lock = File::create(dir.path().join("data/lock")).expect("created");
    flock(&lock, FlockOperation::NonBlockingLockExclusive).expect("locked");
    let (code, text) = start(dir.path(), &[PORT]);
    assert_eq!(code, Some(1));
    holds(&text, &["data", "lock", "locked by another process"]);
    let log = std::fs::read_dir(dir.path().join("data/wal")).map_or(0, Iterator::count);
    assert_eq!(log, 0, "nothing is written");

    // A lock file that nobody holds is what a crash leaves behind.
    drop(lock);
    Process::start(dir.path(), &[]).await.stop().await;
}

#[test]
fn a_data_path_that_is_no_directory_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("file"), "").expect("written");
    for path in ["file", "file/data"] {
        let (code, text) = start(dir.path(), &[PORT, &format!("--storage.tsdb.path={path}")]);
        assert_eq!(code, Some(1));
        holds(&text, &["cannot open the store", path, "Not a directory"]);
    }
}

#[test]
fn a_data_path_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    // Not even the superuser makes directories there.
    let (code, text) = start(dir.path(), &[PORT, "--storage.tsdb.path=/proc/self/data"]);
    assert_eq!(code, Some(1));
    holds(&text, &["cannot open the store", "/proc/self/data"]);
}

#[test]
fn a_protected_listener_is_refused_rather_than_left_open() {
    let dir = tempfile::tempdir().expect("a directory");
    let (code, text) = start(dir.path(), &[PORT, "--web.config.file=web.yml"]);
    assert_eq!(code, Some(1));
    holds(&text, &["--web.config.file=web.yml", "authentication"]);
}

#[test]
fn a_command_line_that_is_not_understood_is_a_usage_error() {
    let dir = tempfile::tempdir().expect("a directory");
    for (args, part) in [
        (&["run", "--no-such-flag"][..], "--no-such-flag"),
        (&["run", "--log.level=loud"], "loud"),
        (&["run", "--storage.tsdb.retention.time=soon"], "soon"),
        (&["run", "--config.fil=x"], "--config.file"),
        (&["no-such-command"], "no-such-command"),
        (&[], "Usage"),
    ] {
        let out = run(dir.path(), args);
        assert_eq!(out.status.code(), Some(2), "{args:?}");
        holds(&said(&out), &[part]);
    }
    for args in [&["--help"][..], &["--version"], &["run", "--help"]] {
        let out = run(dir.path(), args);
        assert_eq!(out.status.code(), Some(0), "{args:?}");
        assert!(out.stderr.is_empty() && !out.stdout.is_empty(), "{args:?}");
    }
}
