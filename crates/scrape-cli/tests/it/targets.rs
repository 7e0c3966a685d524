//! Targets that misbehave cost themselves, and nobody else.

use crate::data::{config, job_of, values};
use crate::exporter::Exporter;
use crate::process::{Process, until};
use serde_json::{Value, json};

/// What a target that streams may add to the memory of the program.
const BOUND: u64 = 64 << 20;

/// The same where the target sends one line: up to 16 MiB of a line are held, and while the buffer grows the
/// allocator has the sizes before it too.
const LINE_BOUND: u64 = 128 << 20;

fn is_down(target: &Value) -> bool {
    target["health"] == "down"
}

#[tokio::test]
async fn a_bad_line_is_shown_with_its_place_and_costs_only_its_target() {
    let dir = tempfile::tempdir().expect("a directory");
    let good = Exporter::counting().await;
    let bad = Exporter::text(|_| "ok 1\nbroken{x=\"1\" 2\nlater 3\n".to_owned()).await;
    let text = config(&[("bad", bad.address), ("good", good.address)]);
    std::fs::write(dir.path().join("prometheus.yml"), text).expect("written");
    let mut p = Process::start(dir.path(), &[]).await;

    let target = p.target("bad", is_down).await;
    let error = target["lastError"].as_str().expect("a text");
    assert!(
        error.contains("line 2, column 14") && error.contains('^'),
        "{error}"
    );
    assert_eq!(target["lastErrorReason"], "parse");
    assert_eq!(
        target["lastErrorPosition"],
        json!({"line": 2, "column": 14})
    );
    let (_, page) = p.get("/targets").await;
    assert!(page.contains("<td>parse at 2:14</td>"), "{page}");
    p.target("good", |t| t["health"] == "up").await;
    p.stop().await;

    let data = dir.path().join("data");
    let up = values(&data, "up", "bad");
    assert!(
        !up.is_empty() && up.iter().all(|(_, v)| *v == 0.0),
        "{up:?}"
    );
    assert_eq!(
        values(&data, "ok", "bad"),
        [],
        "a failed scrape stores nothing"
    );
    let up = values(&data, "up", "good");
    assert!(
        !up.is_empty() && up.iter().all(|(_, v)| *v == 1.0),
        "{up:?}"
    );
}

/// Scrapes a target that sends without end; returns the reason of its failure. Memory is watched all the time.
async fn stream(exporter: Exporter, options: &str, bound: u64) -> String {
    let dir = tempfile::tempdir().expect("a directory");
    let good = Exporter::counting().await;
    let text = format!(
        "{}{}  scrape_interval: 2s\n  scrape_timeout: 2s\n{options}",
        config(&[("good", good.address)]),
        job_of("bad", exporter.address),
    );
    std::fs::write(dir.path().join("prometheus.yml"), text).expect("written");
    let mut p = Process::start(dir.path(), &[]).await;
    p.target("good", |t| t["health"] == "up").await;
    let before = p.anonymous_bytes();
    let mut most = before;
    until("three scrapes", async || {
        most = most.max(p.anonymous_bytes());
        (exporter.requests() >= 4).then_some(())
    })
    .await;
    let growth = most - before;
    assert!(
        growth < bound,
        "{growth} bytes more, {} sent",
        exporter.sent()
    );
    let target = p.target("bad", is_down).await;
    p.target("good", |t| t["health"] == "up").await;
    p.stop().await;
    let up = values(&dir.path().join("data"), "up", "bad");
    assert!(up.len() >= 2 && up.iter().all(|(_, v)| *v == 0.0), "{up:?}");
    target["lastErrorReason"]
        .as_str()
        .expect("a text")
        .to_owned()
}

#[tokio::test]
async fn a_body_without_end_ends_at_its_size_limit() {
    let exporter = Exporter::endless("", "m 1\n").await;
    let reason = stream(exporter, "  body_size_limit: 1MB\n", BOUND).await;
    assert_eq!(reason, "body_size_limit");
}

#[tokio::test]
async fn comments_without_end_stay_small_until_the_timeout() {
    let exporter = Exporter::endless("m 1\n", "# nothing to see here\n").await;
    assert_eq!(stream(exporter, "", BOUND).await, "timeout_body");
}

#[tokio::test]
async fn a_line_without_end_stays_small() {
    let exporter = Exporter::endless("m{x=\"", "0123456789").await;
    let reason = stream(exporter, "", LINE_BOUND).await;
    // Whatever comes first on this machine: the longest line that is held, or the timeout.
    assert!(
        ["too_large", "parse", "timeout_body"].contains(&reason.as_str()),
        "{reason}"
    );
}

#[tokio::test]
async fn a_gzip_bomb_ends_at_its_size_limit() {
    let exporter = Exporter::bomb(256 << 20).await;
    let reason = stream(exporter, "  body_size_limit: 1MB\n", BOUND).await;
    assert_eq!(reason, "body_size_limit");
}

#[tokio::test]
async fn a_target_that_hangs_times_out_while_others_go_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let (good, hanging) = (Exporter::counting().await, Exporter::silent().await);
    let text = config(&[("good", good.address), ("hanging", hanging.address)]);
    std::fs::write(dir.path().join("prometheus.yml"), text).expect("written");
    let mut p = Process::start(dir.path(), &[]).await;
    let target = p.target("hanging", is_down).await;
    assert_eq!(target["lastErrorReason"], "timeout_headers");
    assert_eq!(target["lastErrorPosition"], Value::Null);
    p.target("good", |t| t["health"] == "up").await;
    p.stop().await;
}

#[tokio::test]
async fn every_failure_has_its_reason() {
    let dir = tempfile::tempdir().expect("a directory");
    let counting = Exporter::counting().await;
    let good = counting.address;
    let two = Exporter::text(|_| "a{b=\"1\"} 1\na{b=\"2\"} 2\n".to_owned()).await;
    let refusing = Exporter::refusing("no").await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|l| l.local_addr())
        .expect("a port that is closed again");
    let jobs = [
        ("connect", closed, String::new()),
        ("status", refusing.address, String::new()),
        ("tls", good, "scheme: https".to_owned()),
        (
            "credentials",
            good,
            "bearer_token_file: none.txt".to_owned(),
        ),
        ("sample_limit", two.address, "sample_limit: 1".to_owned()),
        ("label_limit", two.address, "label_limit: 2".to_owned()),
        (
            "proxy",
            good,
            format!(
                "{{scheme: https, proxy_url: 'http://{}'}}",
                refusing.address
            ),
        ),
    ];
    let mut text = config(&[("good", good)]);
    for (job, address, option) in &jobs {
        text.push_str(&job_of(job, *address));
        for part in option
            .trim_matches(['{', '}'])
            .split(", ")
            .filter(|o| !o.is_empty())
        {
            text.push_str(&format!("  {part}\n"));
        }
    }
    text.push_str(&format!(
        "- job_name: target_limit\n  target_limit: 1\n  \
         static_configs: [{{targets: ['{good}', '{}']}}]\n",
        two.address
    ));
    std::fs::write(dir.path().join("prometheus.yml"), text).expect("written");
    let mut p = Process::start(dir.path(), &[]).await;
    for reason in jobs.iter().map(|j| j.0).chain(["target_limit"]) {
        let target = p.target(reason, is_down).await;
        assert_eq!(target["lastErrorReason"], reason, "{target}");
        assert_ne!(target["lastError"], "", "{target}");
    }
    p.target("good", |t| t["health"] == "up").await;
    p.stop().await;
}

#[tokio::test]
async fn running_out_of_descriptors_passes() {
    let dir = tempfile::tempdir().expect("a directory");
    let good = Exporter::counting().await;
    let silent = Exporter::silent().await;
    let mut text = config(&[("good", good.address)]);
    text.push_str("- job_name: many\n  static_configs:\n");
    for i in 0..200 {
        text.push_str(&format!(
            "  - {{targets: ['{}'], labels: {{i: '{i}'}}}}\n",
            silent.address
        ));
    }
    std::fs::write(dir.path().join("prometheus.yml"), text).expect("written");
    let mut p = Process::start(dir.path(), &[]).await;
    let before = p.limit_descriptors(Some(64));
    let target = until("a target without a descriptor", async || {
        let targets = p.targets().await;
        targets.into_iter().find(|t| {
            t["lastError"]
                .as_str()
                .is_some_and(|e| e.contains("open files"))
        })
    })
    .await;
    assert_eq!(target["lastErrorReason"], "connect", "{target}");
    p.limit_descriptors(before);
    let seen = good.requests();
    until("scrapes", async || {
        (good.requests() > seen + 1).then_some(())
    })
    .await;
    p.target("good", |t| t["health"] == "up").await;
    p.stop().await;
    let n = values(&dir.path().join("data"), "n", "good");
    let later = (seen + 1) as f64;
    assert!(n.iter().any(|(_, v)| *v == later), "{later} in {n:?}");
}
