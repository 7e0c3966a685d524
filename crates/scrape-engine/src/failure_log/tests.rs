use super::*;
use scrape_core::Clock;
use scrape_core::ports::clock::SystemClock;
use scrape_core::registry::{Desc, Registry};
use std::sync::Arc;

fn counter() -> Counter {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Registry::new(clock)
        .counter(Desc::new("dropped_total", ""))
        .expect("an empty registry")
}

#[tokio::test]
async fn lines_are_json_appended_in_order_and_there_after_a_flush() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("failures.log");
    std::fs::write(&path, "before\n").unwrap();
    let log = FailureLog::open(&path, counter(), &TaskTracker::new())
        .await
        .unwrap();
    let now_ns = 1_700_000_000_123_000_000;
    let mut entry = Entry::new(
        now_ns,
        FailureReason::Parse,
        "bad \"value\"",
        "job",
        "http://a/metrics",
    );
    (entry.line, entry.column) = (Some(3), Some(7));
    log.log(&entry);
    log.log(&Entry::new(
        now_ns,
        FailureReason::TargetLimit,
        "too many",
        "job",
        "http://b/metrics",
    ));
    log.flush().await;
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "before");
    let first: serde_json::Value = serde_json::from_str(lines[1]).unwrap();
    let expected = serde_json::json!({
        "time": "2023-11-14T22:13:20.123Z", "level": "ERROR", "msg": "bad \"value\"", "job_name": "job",
        "target": "http://a/metrics", "reason": "parse", "line": 3, "column": 7,
    });
    assert_eq!(first, expected);
    let second: serde_json::Value = serde_json::from_str(lines[2]).unwrap();
    assert_eq!(second["reason"], "target_limit");
    assert_eq!(second.get("line"), None);
    assert_eq!(lines.len(), 3);
}

#[tokio::test]
async fn a_path_that_cannot_be_opened_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("missing").join("failures.log");
    let error = FailureLog::open(&path, counter(), &TaskTracker::new())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("missing/failures.log"),
        "{error}"
    );
}

#[tokio::test]
async fn what_the_queue_cannot_hold_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let dropped = counter();
    let log = FailureLog::open(
        &dir.path().join("log"),
        dropped.clone(),
        &TaskTracker::new(),
    )
    .await
    .unwrap();
    // On this single-threaded runtime the writer does not run until we wait.
    for _ in 0..QUEUE_LINES + 5 {
        log.log(&Entry::new(0, FailureReason::Parse, "m", "j", "t"));
    }
    assert_eq!(dropped.get(), 5.0);
    log.flush().await;
    let lines = std::fs::read_to_string(dir.path().join("log"))
        .unwrap()
        .lines()
        .count();
    assert_eq!(lines, QUEUE_LINES);
}
