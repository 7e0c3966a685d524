//! Starting: what is said, and what answers.

use crate::data::{config, values};
use crate::exporter::Exporter;
use crate::process::{Process, until};
use scrape_parse::Format;
use scrape_parse::families::families;
use serde_json::Value;

#[tokio::test]
async fn without_a_configuration_it_scrapes_itself() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut p = Process::start(dir.path(), &[]).await;
    for path in ["/-/healthy", "/-/ready"] {
        assert_eq!(p.get(path).await.0, 200, "{path}");
    }
    let target = p.target("self", |t| t["health"] == "up").await;
    assert_eq!(target["labels"]["instance"], p.address.as_str());
    assert_eq!(target["lastErrorReason"], "");
    assert_eq!(target["lastErrorPosition"], Value::Null);

    let (status, body) = p.get("/metrics").await;
    assert_eq!(status, 200);
    let parsed = families(body.as_bytes(), Format::Text).expect("our own metrics parse");
    let names: Vec<_> = parsed.iter().map(|f| f.name.as_str()).collect();
    for name in [
        "process_start_time_seconds",
        "prometheus_build_info",
        "prometheus_config_last_reload_successful",
        "prometheus_sd_discovered_targets",
        "prometheus_target_scrape_duration_seconds",
        "prometheus_target_scrape_pool_targets",
        "prometheus_target_scrape_pools_total",
        "prometheus_tsdb_head_samples_appended_total",
        "prometheus_tsdb_head_series",
    ] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    assert_eq!(
        p.metric("prometheus_config_last_reload_successful").await,
        Some(1.0)
    );

    p.stop().await;
    let up = values(&dir.path().join("data"), "up", "self");
    assert_eq!(up.first().map(|(_, v)| *v), Some(1.0));
    assert!(p.log().contains("scraping ourselves"), "{}", p.log());
}

#[tokio::test]
async fn the_log_says_what_was_loaded_where_it_listens_and_stores() {
    let dir = tempfile::tempdir().expect("a directory");
    let (a, b) = (Exporter::counting().await, Exporter::counting().await);
    let text = config(&[("one", a.address), ("two", b.address)]);
    std::fs::write(dir.path().join("prometheus.yml"), text).expect("written");

    let mut p = Process::start(dir.path(), &["--config.file=prometheus.yml"]).await;
    let scraping = p.logged(&["msg=scraping"]).await;
    assert!(scraping.contains("jobs=2 targets=2"), "{scraping}");
    let log = p.log();
    let line = |msg: &str| {
        let found: Vec<_> = log.lines().filter(|l| l.contains(msg)).collect();
        assert_eq!(found.len(), 1, "{msg} in {log}");
        found[0]
    };
    for (msg, rest) in [
        ("msg=\"configuration loaded\"", "file=prometheus.yml jobs=2"),
        (
            "msg=\"store open\"",
            "path=data series=0 replayed_samples=0",
        ),
        ("msg=listening", p.address.as_str()),
    ] {
        let line = line(msg);
        assert!(
            line.starts_with("time=20") && line.contains(" level=INFO "),
            "{line}"
        );
        assert!(line.contains(rest), "{line}");
    }
    p.stop().await;

    // Without the flag the same file is found, and the same lines come as JSON.
    let mut p = Process::start(dir.path(), &["--log.format=json"]).await;
    let line = p.logged(&["\"scraping\""]).await;
    let scraping: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(
        (&scraping["jobs"], &scraping["targets"]),
        (&"2".into(), &"2".into())
    );
    let messages: Vec<String> = p
        .log()
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).expect("every line is JSON"))
        .inspect(|l| assert!(l["time"].is_string() && l["level"] == "INFO", "{l}"))
        .map(|l| l["msg"].as_str().expect("a text").to_owned())
        .collect();
    assert_eq!(
        messages,
        [
            "configuration loaded",
            "store open",
            "listening",
            "scraping"
        ]
    );
    p.stop().await;
}

/// A pipe stands where a segment of the log is expected: reading it takes as long as the test wants.
#[tokio::test]
async fn while_the_log_is_read_only_health_is_answered() {
    let dir = tempfile::tempdir().expect("a directory");
    let wal = dir.path().join("data/wal");
    std::fs::create_dir_all(&wal).expect("created");
    let pipe = wal.join("00000000");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo starts").success());
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("an address").to_string();
    drop(free);
    let also = format!("--web.listen-address={address}");
    let mut p = Process::start_at(dir.path(), &address, &["--storage.tsdb.path=data", &also]);
    until("an answer", async || {
        p.try_get("/-/healthy")
            .await
            .filter(|(status, _)| *status == 200)
    })
    .await;
    for path in ["/-/ready", "/metrics", "/", "/api/v1/targets"] {
        let (status, text) = p.get(path).await;
        assert_eq!(status, 503, "{path}");
        assert!(text.contains("starting"), "{path}: {text}");
    }
    assert!(!p.log().contains("store open"), "{}", p.log());
    // Opening waits until the program reads; what it then reads is an empty segment.
    drop(
        std::fs::OpenOptions::new()
            .write(true)
            .open(&pipe)
            .expect("the program reads"),
    );
    p.logged(&["msg=listening", &address]).await;
    for path in ["/-/ready", "/metrics", "/", "/api/v1/targets"] {
        assert_eq!(p.get(path).await.0, 200, "{path}");
    }
    // The address of its own was bound as well.
    let other = p.logged(&["msg=listening", "address=127.0.0.1:"]).await;
    assert!(!other.contains(&address), "{other}");
    p.stop().await;
}

#[tokio::test]
async fn every_target_is_counted_before_their_number_is_said() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut text = String::from("global: {scrape_interval: 1h}\nscrape_configs:\n");
    for job in 0..200 {
        let targets: Vec<_> = (1..=20).map(|port| format!("127.0.0.1:{port}")).collect();
        text.push_str(&format!(
            "- job_name: j{job}\n  static_configs: [{{targets: {targets:?}}}]\n"
        ));
    }
    std::fs::write(dir.path().join("prometheus.yml"), text).expect("written");
    let mut p = Process::start(dir.path(), &[]).await;
    let line = p.logged(&["msg=scraping"]).await;
    assert!(line.contains("jobs=200 targets=4000"), "{line}");
    p.stop().await;
}
