use crate::ManagerOptions;
use crate::testing::{Reply, Rig, Script, config, job, sets};
use scrape_core::Labels;
use std::sync::Arc;
use std::time::Duration;

const SYNCS: &str = "prometheus_target_scrape_pool_sync_total{scrape_job=\"j\"}";

#[tokio::test(start_paused = true)]
async fn the_first_update_waits_for_the_first_tick_and_a_later_one_does_not_wait() {
    let rig = Rig::new(Script::always("m 1\n"), ManagerOptions::default());
    rig.apply(&[job("j")]).await;
    rig.send(sets(&[("j", &["a:1"])])).await;
    rig.wait(Duration::from_millis(4990)).await;
    assert_eq!(rig.metric(SYNCS), None);
    rig.wait(Duration::from_millis(20)).await;
    assert_eq!(rig.metric(SYNCS), Some(1.0));
    // After a quiet period: at once.
    rig.seconds(60).await;
    rig.send(sets(&[("j", &["a:1"])])).await;
    assert_eq!(rig.metric(SYNCS), Some(2.0));
    // A missed tick is held: once more at once, then at the pace of the ticks, several updates as one.
    rig.send(sets(&[("j", &["a:1"])])).await;
    assert_eq!(rig.metric(SYNCS), Some(3.0));
    for _ in 0..5 {
        rig.send(sets(&[("j", &["a:1"])])).await;
    }
    assert_eq!(rig.metric(SYNCS), Some(3.0));
    rig.seconds(5).await;
    assert_eq!(rig.metric(SYNCS), Some(4.0));
    rig.seconds(60).await;
    assert_eq!(rig.metric(SYNCS), Some(4.0));
}

#[tokio::test(start_paused = true)]
async fn reload_on_startup_takes_the_first_update_at_once() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    rig.apply(&[job("j")]).await;
    rig.send(sets(&[("j", &["a:1"])])).await;
    assert_eq!(rig.metric(SYNCS), Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn the_reload_interval_can_be_set_and_zero_is_the_default() {
    for (set, pace) in [(Duration::from_secs(1), 1000), (Duration::ZERO, 5000)] {
        let options = ManagerOptions {
            discovery_reload_interval: set,
            ..ManagerOptions::default()
        };
        let rig = Rig::new(Script::always("m 1\n"), options);
        rig.apply(&[job("j")]).await;
        rig.send(sets(&[("j", &["a:1"])])).await;
        rig.wait(Duration::from_millis(pace - 10)).await;
        assert_eq!(rig.metric(SYNCS), None);
        rig.wait(Duration::from_millis(20)).await;
        assert_eq!(rig.metric(SYNCS), Some(1.0));
    }
}

#[tokio::test(start_paused = true)]
async fn case_043_a_target_update_returns_at_once_while_a_reload_runs_and_is_not_lost() {
    let rig = Rig::prompt(Script::new(|_, n| {
        if n == 0 {
            Reply::Hang
        } else {
            Reply::text("m 1\n")
        }
    }));
    rig.apply(&[job("j")]).await;
    rig.send(sets(&[("j", &["a:1"])])).await;
    while rig.script.under_way() == 0 {
        rig.wait(Duration::from_millis(50)).await;
    }
    let manager = rig.manager.clone();
    let mut changed = job("j");
    changed.honor_labels = true;
    let applying = tokio::spawn(async move { manager.apply_config(&config(&[changed])).await });
    rig.wait(Duration::from_millis(10)).await;
    let began = rig.elapsed();
    rig.send(sets(&[("j", &["b:1"])])).await;
    assert!(rig.elapsed() - began < Duration::from_millis(10));
    assert!(!applying.is_finished());
    applying.await.expect("no panic").expect("applied");
    rig.seconds(6).await;
    let active = rig.manager.active_targets(None);
    assert_eq!(active["j"].len(), 1);
    assert_eq!(active["j"][0].labels.get("instance"), Some("b:1"));
}

#[tokio::test(start_paused = true)]
async fn case_040_offsets_depend_on_host_and_external_labels() {
    let first_scrape = async |host: &str, replica: &str| {
        let options = ManagerOptions {
            host_name: host.to_owned(),
            discovery_reload_on_startup: true,
            ..ManagerOptions::default()
        };
        let rig = Rig::new(Script::always("m 1\n"), options);
        let mut config = config(&[job("j")]);
        config
            .global
            .external_labels
            .insert("replica".to_owned(), replica.to_owned());
        rig.manager.apply_config(&config).await.expect("applied");
        rig.send(sets(&[("j", &["a:1"])])).await;
        rig.seconds(10).await;
        rig.samples_of("up")[0].t
    };
    let reference = first_scrape("h", "a").await;
    assert_eq!(first_scrape("h", "a").await, reference);
    assert_ne!(first_scrape("h", "b").await, reference);
    assert_ne!(first_scrape("i", "a").await, reference);
}

#[tokio::test(start_paused = true)]
async fn case_049_run_returns_when_the_channel_closes_and_pools_go_on() {
    let mut rig = Rig::prompt(Script::always("m 1\n"));
    rig.apply(&[job("j")]).await;
    rig.send(sets(&[("j", &["a:1"])])).await;
    let (closed, _) = tokio::sync::mpsc::channel(1);
    drop(std::mem::replace(&mut rig.sets, closed));
    rig.seconds(1).await;
    assert!(rig.running.is_finished());
    let before = rig.samples_of("up").len();
    rig.seconds(100).await;
    assert_eq!(rig.samples_of("up").len(), before + 10);
}

#[tokio::test(start_paused = true)]
async fn run_returns_when_the_manager_stops() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    rig.manager.stop().await;
    rig.wait(Duration::from_millis(1)).await;
    assert!(rig.running.is_finished());
    rig.manager
        .update_targets(Arc::new(sets(&[("j", &["a:1"])])));
    rig.seconds(60).await;
    assert!(rig.manager.scrape_pools().is_empty());
}

#[tokio::test(start_paused = true)]
async fn targets_are_sorted_by_url_then_labels() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    rig.apply(&[job("j")]).await;
    rig.send(sets(&[("j", &["c:1", "a:1", "b:1"])])).await;
    let urls: Vec<_> = rig.manager.active_targets(Some("j"))["j"]
        .iter()
        .map(|t| t.scrape_url.clone())
        .collect();
    assert_eq!(
        urls,
        [
            "http://a:1/metrics",
            "http://b:1/metrics",
            "http://c:1/metrics"
        ]
    );
    assert!(rig.manager.active_targets(Some("k")).is_empty());
    assert!(
        rig.manager
            .relabel_steps("j", &Labels::empty())
            .expect("a pool")
            .is_empty()
    );
}
