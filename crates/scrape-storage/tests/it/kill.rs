//! `kill -9` while writing. The child is this same test binary; it prints the number of each commit after
//! the commit was acknowledged.

use scrape_core::{AppendOpts, Appendable, Labels, SeriesRef, Value};
use scrape_storage::{DumpValue, Store, StoreOptions, dump};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

const DIR_VAR: &str = "SCRAPE_STORAGE_KILL_DIR";
/// Rounds; the variable raises it for long runs.
const ROUNDS_VAR: &str = "SCRAPE_STORAGE_KILL_ROUNDS";
const SERIES: i64 = 200;

fn series(i: i64) -> Labels {
    Labels::from_pairs([("__name__", "kill"), ("i", &i.to_string())])
}

/// Not a test by itself: what the child does.
#[test]
fn w09_child() {
    let Ok(dir) = std::env::var(DIR_VAR) else {
        println!("only meaningful as a child of w09_kill_at_random_points");
        return;
    };
    // Small segments, so that rolling is part of what is interrupted.
    let options = StoreOptions {
        segment_bytes: 4 * 32 * 1024,
        future_limit: std::time::Duration::ZERO,
        sync_interval: std::time::Duration::from_millis(1),
        ..StoreOptions::default()
    };
    let store = Store::open(&dir, options).expect("opens");
    let from = store.stats().max_time.max(0) + 1;
    let out = std::io::stdout();
    for t in from.. {
        let mut app = store.appender();
        for i in 0..SERIES {
            let v = Value::Float((t * SERIES + i) as f64);
            app.append(
                SeriesRef::UNKNOWN,
                &series(i),
                0,
                t,
                v,
                &AppendOpts::default(),
            )
            .expect("taken");
        }
        app.commit().expect("commits");
        writeln!(out.lock(), "acked {t}").expect("parent reads");
        store.maintain().expect("maintains");
    }
}

#[test]
fn w09_kill_at_random_points() {
    let dir = tempfile::tempdir().expect("tempdir");
    let rounds = std::env::var(ROUNDS_VAR)
        .ok()
        .and_then(|r| r.parse().ok())
        .unwrap_or(12);
    let mut x = 0x9e37_79b9_7f4a_7c15u64;
    let mut acked = 0i64;
    for round in 0..rounds {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        acked = acked.max(one_round(dir.path(), (x % 60) as usize + 1));
        let mut seen: BTreeMap<i64, i64> = BTreeMap::new();
        for s in dump(dir.path()).expect("readable") {
            // A record that the kill cut off is an error of the reader and nobody's data.
            let Ok(s) = s else { continue };
            let DumpValue::Float(v) = s.value else {
                panic!("only floats are written")
            };
            let i: i64 = s.labels.value("i").parse().expect("a number");
            assert_eq!(v, (s.t * SERIES + i) as f64);
            *seen.entry(s.t).or_default() += 1;
        }
        for t in 1..=acked {
            assert_eq!(
                seen.get(&t),
                Some(&SERIES),
                "round {round}: commit {t} of {acked} acknowledged ones"
            );
        }
    }
    let store = Store::open(dir.path(), StoreOptions::default()).expect("opens");
    let s = store.stats();
    assert_eq!(
        (s.corruptions, s.replay.unknown_samples, s.series),
        (0, 0, SERIES as u64)
    );
    assert!(acked > rounds, "{acked} commits in {rounds} rounds");
}

/// Lets a child write until it has acknowledged `n` more commits, kills it, and gives the last number.
fn one_round(dir: &Path, n: usize) -> i64 {
    let mut child = Command::new(std::env::current_exe().expect("own path"))
        .args(["--exact", "kill::w09_child", "--nocapture"])
        .env(DIR_VAR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let out = BufReader::new(child.stdout.take().expect("piped"));
    let number = |line: &str| {
        line.split("acked ")
            .nth(1)
            .and_then(|n| n.trim().parse::<i64>().ok())
    };
    let mut lines = out.lines().map_while(Result::ok);
    let mut last = lines.by_ref().filter_map(|l| number(&l)).take(n).last();
    child.kill().expect("killed");
    // What was acknowledged between our last look and the kill is in the pipe.
    last = last.max(lines.filter_map(|l| number(&l)).last());
    child.wait().expect("gone");
    last.expect("the child acknowledged something")
}
