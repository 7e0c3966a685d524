//! Changing the configuration of a running program.

use crate::data::{config, job_of};
use crate::exporter::Exporter;
use crate::process::{Process, until};
use rustix::process::Signal;
use std::path::Path;

const SUCCESSFUL: &str = "prometheus_config_last_reload_successful";

fn write(dir: &Path, text: &str) {
    // As a whole: the program may look at any time.
    std::fs::write(dir.join("next.yml"), text).expect("written");
    std::fs::rename(dir.join("next.yml"), dir.join("prometheus.yml")).expect("renamed");
}

#[tokio::test]
async fn a_hangup_adds_and_removes_jobs_and_survives_a_broken_file() {
    let dir = tempfile::tempdir().expect("a directory");
    let (a, b) = (Exporter::counting().await, Exporter::counting().await);
    write(dir.path(), &config(&[("a", a.address)]));
    let mut p = Process::start(dir.path(), &[]).await;
    p.scrapes(&["a"]).await;

    write(dir.path(), &config(&[("a", a.address), ("b", b.address)]));
    p.signal(Signal::HUP);
    p.scrapes(&["a", "b"]).await;

    write(
        dir.path(),
        &format!("{}  scrape_intervall: 5s\n", config(&[("b", b.address)])),
    );
    p.signal(Signal::HUP);
    let line = p.logged(&["level=ERROR", "reload failed"]).await;
    // Line, column and caret, in one line of the log, and no colours.
    for part in [
        "unknown key `scrape_intervall`",
        "prometheus.yml:5:3",
        "did you mean `scrape_interval`?",
        "^^^^",
    ] {
        assert!(line.contains(part), "{part:?} is not in {line}");
    }
    assert!(!line.contains("\\u001b"), "{line}");
    p.metric_is(SUCCESSFUL, 0.0).await;
    p.scrapes(&["a", "b"]).await;
    let before = a.requests();
    until("the old target is still scraped", async || {
        (a.requests() > before + 1).then_some(())
    })
    .await;

    write(dir.path(), &config(&[("b", b.address)]));
    p.signal(Signal::HUP);
    p.scrapes(&["b"]).await;
    p.metric_is(SUCCESSFUL, 1.0).await;
    p.stop().await;
}

#[tokio::test]
async fn a_reload_keeps_the_schedule_of_unchanged_targets() {
    let dir = tempfile::tempdir().expect("a directory");
    let (a, b) = (Exporter::counting().await, Exporter::counting().await);
    write(dir.path(), &config(&[("a", a.address)]));
    let mut p = Process::start(dir.path(), &[]).await;
    p.target("a", |t| t["health"] == "up").await;
    write(dir.path(), &config(&[("a", a.address), ("b", b.address)]));
    p.signal(Signal::HUP);
    p.target("b", |t| t["health"] == "up").await;
    let seen = a.requests();
    until("more scrapes", async || {
        (a.requests() > seen + 1).then_some(())
    })
    .await;
    p.stop().await;
    let up = crate::data::values(&dir.path().join("data"), "up", "a");
    assert!(
        up.iter().all(|(_, v)| *v == 1.0),
        "neither a marker nor a failure: {up:?}"
    );
}

#[tokio::test]
async fn a_reload_by_request_needs_the_lifecycle_flag() {
    let dir = tempfile::tempdir().expect("a directory");
    let (a, b) = (Exporter::counting().await, Exporter::counting().await);
    write(dir.path(), &config(&[("a", a.address)]));
    let mut p = Process::start(dir.path(), &[]).await;
    for path in ["/-/reload", "/-/quit"] {
        assert_eq!(p.post(path).await.0, 403, "{path}");
    }
    p.stop().await;

    let mut p = Process::start(dir.path(), &["--web.enable-lifecycle"]).await;
    assert_eq!(p.get("/-/reload").await.0, 405);
    write(dir.path(), &config(&[("b", b.address)]));
    assert_eq!(p.post("/-/reload").await.0, 200);
    p.scrapes(&["b"]).await;

    write(dir.path(), "scrape_configs: 7\n");
    let (status, text) = p.post("/-/reload").await;
    assert_eq!(status, 500);
    assert!(
        text.contains("prometheus.yml:1:17") && text.contains('^'),
        "{text}"
    );
    p.metric_is(SUCCESSFUL, 0.0).await;
    p.scrapes(&["b"]).await;

    assert_eq!(p.post("/-/quit").await.0, 200);
    assert_eq!(p.ended().await.code(), Some(0), "{}", p.log());
}

#[tokio::test]
async fn changes_are_found_by_looking_when_asked_to() {
    let dir = tempfile::tempdir().expect("a directory");
    let (a, b) = (Exporter::counting().await, Exporter::counting().await);
    std::fs::create_dir(dir.path().join("jobs")).expect("created");
    let head = format!(
        "{}scrape_config_files: ['jobs/*.yml']\n",
        config(&[("a", a.address)])
    );
    write(dir.path(), &head);
    let flags = ["--config.auto-reload", "--config.auto-reload-interval=1s"];
    let mut p = Process::start(dir.path(), &flags).await;
    p.scrapes(&["a"]).await;

    let included = format!("scrape_configs:\n{}", job_of("b", b.address));
    std::fs::write(dir.path().join("jobs/b.yml"), included).expect("written");
    p.scrapes(&["a", "b"]).await;
    std::fs::remove_file(dir.path().join("jobs/b.yml")).expect("removed");
    p.scrapes(&["a"]).await;
    write(dir.path(), "scrape_configs: [\n");
    p.metric_is(SUCCESSFUL, 0.0).await;
    p.scrapes(&["a"]).await;
    write(dir.path(), &config(&[("b", b.address)]));
    p.scrapes(&["b"]).await;
    p.metric_is(SUCCESSFUL, 1.0).await;
    p.stop().await;
}
