//! Ending: everything committed, nothing invented, nobody waited for.

use crate::data::{config, values};
use crate::exporter::Exporter;
use crate::process::{Process, until};
use rustix::process::Signal;
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
