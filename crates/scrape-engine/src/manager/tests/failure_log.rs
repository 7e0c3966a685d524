use crate::testing::{Reply, Rig, Script, config, job, sets};
use crate::{ApplyError, config::ScrapeConfig};
use scrape_http::Reason;
use std::path::Path;

fn logging(name: &str, path: &Path) -> ScrapeConfig {
    ScrapeConfig {
        scrape_failure_log_file: Some(path.to_owned()),
        ..job(name)
    }
}

fn lines(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).expect("a log");
    text.lines()
        .map(|l| serde_json::from_str(l).expect("JSON"))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn fetch_and_parse_failures_of_all_jobs_share_a_file_that_can_be_rotated() {
    let dir = tempfile::tempdir().expect("a directory");
    let (path, rotated) = (
        dir.path().join("failures.log"),
        dir.path().join("failures.log.1"),
    );
    let rig = Rig::prompt(Script::new(|url, _| match url {
        "http://a:1/metrics" => Reply::Fail(Reason::Connect, "connection refused"),
        _ => Reply::text("m 1\nm not_a_number\n"),
    }));
    let jobs = [logging("a", &path), logging("b", &path)];
    rig.apply(&jobs).await;
    rig.send(sets(&[("a", &["a:1"]), ("b", &["b:1"])])).await;
    rig.seconds(10).await;
    std::fs::rename(&path, &rotated).expect("rotated");
    rig.apply(&jobs).await;
    assert_eq!(
        rig.metric("prometheus_target_scrape_pool_reloads_total"),
        Some(0.0)
    );
    rig.seconds(10).await;
    rig.manager.stop().await;
    for log in [&rotated, &path] {
        let mut lines = lines(log);
        lines.sort_by_key(|l| l["job_name"].to_string());
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert_eq!(lines[0]["level"], "ERROR");
        assert_eq!(lines[0]["msg"], "connection refused");
        assert_eq!(lines[0]["target"], "http://a:1/metrics");
        assert_eq!(lines[0]["reason"], "connect");
        assert_eq!(
            (&lines[1]["reason"], &lines[1]["line"]),
            (&"parse".into(), &2.into())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_can_be_moved_and_switched_off_without_a_reload() {
    let dir = tempfile::tempdir().expect("a directory");
    let (first, second) = (dir.path().join("first"), dir.path().join("second"));
    let rig = Rig::prompt(Script::new(|_, _| Reply::Fail(Reason::Dns, "no such host")));
    rig.apply(&[logging("j", &first)]).await;
    rig.send(sets(&[("j", &["a:1"])])).await;
    rig.seconds(10).await;
    rig.apply(&[logging("j", &second)]).await;
    rig.seconds(20).await;
    rig.apply(&[job("j")]).await;
    rig.seconds(20).await;
    rig.manager.stop().await;
    assert_eq!(lines(&first).len(), 1);
    assert_eq!(lines(&second).len(), 2);
    assert_eq!(rig.script.clients(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_cannot_be_opened_changes_nothing() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    rig.apply(&[job("old")]).await;
    rig.send(sets(&[("old", &["a:1"]), ("new", &["b:1"])]))
        .await;
    let refused = config(&[logging("new", Path::new("/nonexistent/failures.log"))]);
    let error = rig
        .manager
        .apply_config(&refused)
        .await
        .expect_err("no such directory");
    assert!(matches!(error, ApplyError::FailureLog(_)));
    assert!(
        error.to_string().contains("/nonexistent/failures.log"),
        "{error}"
    );
    rig.seconds(10).await;
    assert_eq!(rig.manager.scrape_pools(), [std::sync::Arc::from("old")]);
}
