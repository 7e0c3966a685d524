//! Killed without warning, and started again.

use crate::data::{config, readable_samples, samples};
use crate::exporter::Exporter;
use crate::process::{Process, until};
use rustix::process::Signal;

#[tokio::test]
async fn a_kill_loses_nothing_that_was_committed() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let exporter =
        Exporter::text(|n| (0..200).map(|i| format!("m{{i=\"{i}\"}} {n}\n")).collect()).await;
    let text = config(&[("a", exporter.address)]);
    std::fs::write(dir.path().join("prometheus.yml"), text).expect("written");
    let mut before = std::collections::BTreeSet::new();
    for round in 1..=3 {
        let mut p = Process::start(dir.path(), &[]).await;
        let log = p.log();
        assert!(
            !log.contains("damaged") && !log.contains("level=ERROR"),
            "{log}"
        );
        assert_eq!(
            p.metric("prometheus_tsdb_wal_corruptions_total").await,
            Some(0.0)
        );
        let replayed = before.len();
        assert!(
            log.contains(&format!("replayed_samples={replayed} ")),
            "{replayed}: {log}"
        );
        let seen = exporter.requests();
        until("scrapes", async || {
            (exporter.requests() > seen + 2).then_some(())
        })
        .await;

        p.signal(Signal::KILL);
        assert_eq!(p.ended().await.code(), None);
        let after = readable_samples(&data);
        assert!(before.is_subset(&after), "round {round}");
        assert!(after.len() >= before.len() + 2 * 200, "round {round}");
        before = after;
    }
    let mut p = Process::start(dir.path(), &[]).await;
    p.stop().await;
    assert!(before.is_subset(&samples(&data)));
}
