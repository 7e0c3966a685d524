use crate::testing::{Reply, Rig, Script, group, job, sets};
use crate::{FailureReason, Health};
use scrape_core::Labels;
use scrape_core::relabel::{Action, RelabelConfig};
use scrape_discovery::{TargetGroup, TargetSets};
use std::sync::Arc;
use std::time::Duration;

const TARGETS: &str = "prometheus_target_scrape_pool_targets{scrape_job=\"j\"}";
const EXCEEDED: &str = "prometheus_target_scrape_pool_exceeded_target_limit_total";

fn labelled(targets: &[&[(&str, &str)]]) -> Arc<TargetGroup> {
    Arc::new(TargetGroup {
        source: "labelled".into(),
        targets: targets
            .iter()
            .map(|pairs| Labels::from_pairs(pairs.iter().copied()))
            .collect(),
        labels: Labels::empty(),
    })
}

fn groups(groups: Vec<Arc<TargetGroup>>) -> TargetSets {
    TargetSets::from([("j".to_owned(), groups)])
}

fn addresses(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("host-{i}:9100")).collect()
}

fn many(n: usize) -> TargetSets {
    let addresses = addresses(n);
    let borrowed: Vec<&str> = addresses.iter().map(String::as_str).collect();
    groups(vec![group(&borrowed)])
}

#[tokio::test(start_paused = true)]
async fn case_021_a_target_without_address_fails_alone_and_is_counted() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    rig.apply(&[job("j")]).await;
    rig.send(groups(vec![labelled(&[
        &[("a", "b")],
        &[("__address__", "a:1")],
    ])]))
    .await;
    assert_eq!(rig.metric(TARGETS), Some(1.0));
    assert_eq!(
        rig.metric("prometheus_target_sync_failed_total{scrape_job=\"j\"}"),
        Some(1.0)
    );
}

#[tokio::test(start_paused = true)]
async fn case_026_dropped_targets_are_counted_and_kept_up_to_the_limit() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    let mut dropping = job("j");
    dropping.limits.keep_dropped_targets = 1;
    dropping.relabel_configs = vec![RelabelConfig {
        action: Action::Drop,
        source_labels: vec!["drop".to_owned()],
        regex: Some("yes".to_owned()),
        ..RelabelConfig::default()
    }];
    rig.apply(&[dropping]).await;
    let target = |address, drop| [("__address__", address), ("drop", drop)];
    let (a, b, c) = (
        target("a:1", "yes"),
        target("b:1", "yes"),
        target("c:1", "no"),
    );
    rig.send(groups(vec![labelled(&[&a, &b, &c])])).await;
    assert_eq!(rig.metric(TARGETS), Some(1.0));
    let dropped = rig
        .manager
        .dropped_targets(None)
        .remove("j")
        .expect("the pool");
    assert_eq!(dropped.count, 2);
    assert_eq!(dropped.discovered_labels.len(), 1);
    assert_eq!(dropped.discovered_labels[0].get("__address__"), Some("a:1"));
    assert_eq!(dropped.discovered_labels[0].get("job"), Some("j"));
    assert_eq!(rig.manager.dropped_target_counts()["j"], 2);
    assert!(rig.manager.dropped_targets(Some("other")).is_empty());
    let dropped = Labels::from_pairs(a);
    let steps = rig.manager.relabel_steps("j", &dropped).expect("a pool");
    assert_eq!(steps.len(), 1);
    assert!(!steps[0].keep && steps[0].output.is_empty());
    assert!(rig.manager.relabel_steps("other", &dropped).is_err());
}

#[tokio::test(start_paused = true)]
async fn case_027_the_same_target_in_two_groups_has_one_loop() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    rig.apply(&[job("j")]).await;
    rig.send(groups(vec![group(&["a:1"]), group(&["a:1"])]))
        .await;
    assert_eq!(rig.metric(TARGETS), Some(1.0));
    rig.seconds(10).await;
    assert_eq!(rig.script.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn case_028_too_many_targets_fail_all_scrapes_until_there_are_fewer() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    let mut limited = job("j");
    limited.limits.targets = 30;
    rig.apply(std::slice::from_ref(&limited)).await;
    rig.send(many(50)).await;
    rig.seconds(10).await;
    assert!(rig.script.calls().is_empty(), "nothing is fetched");
    let active = rig
        .manager
        .active_targets(None)
        .remove("j")
        .expect("the pool");
    assert_eq!(active.len(), 50);
    for target in &active {
        assert_eq!(target.health, Health::Down);
        let failure = target.last_failure.as_ref().expect("a failure");
        assert_eq!(failure.reason, FailureReason::TargetLimit);
        assert!(
            failure.message.contains("50") && failure.message.contains("30"),
            "{}",
            failure.message
        );
    }
    assert_eq!(rig.metric(EXCEEDED), Some(1.0));
    assert_eq!(rig.metric(TARGETS), Some(50.0));
    assert_eq!(
        rig.metric("prometheus_target_scrape_pool_target_limit{scrape_job=\"j\"}"),
        Some(30.0)
    );
    assert_eq!(rig.samples_of("up").len(), 50);

    limited.limits.targets = 50;
    rig.apply(std::slice::from_ref(&limited)).await;
    rig.seconds(10).await;
    assert_eq!(rig.script.calls().len(), 50);
    let active = rig
        .manager
        .active_targets(None)
        .remove("j")
        .expect("the pool");
    assert!(
        active
            .iter()
            .all(|t| t.health == Health::Up && t.last_failure.is_none())
    );
    assert_eq!(rig.metric(EXCEEDED), Some(1.0));

    limited.limits.targets = 40;
    rig.apply(&[limited]).await;
    rig.send(many(41)).await;
    rig.script.take_calls();
    rig.seconds(10).await;
    assert!(rig.script.calls().is_empty());
    let exceeded = rig.metric(EXCEEDED).expect("the counter");
    // The same targets twice are no more targets.
    let mut duplicated = many(40);
    let again = duplicated["j"][0].clone();
    duplicated.get_mut("j").expect("the job").push(again);
    rig.send(duplicated).await;
    rig.seconds(10).await;
    assert_eq!(rig.script.calls().len(), 40);
    assert_eq!(rig.metric(EXCEEDED), Some(exceeded));
}

#[tokio::test(start_paused = true)]
async fn case_029_discovered_only_changes_keep_the_loop() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    rig.apply(&[job("j")]).await;
    let target = |meta| [("__address__", "a:1"), ("__meta_x", meta)];
    rig.send(groups(vec![labelled(&[&target("1")])])).await;
    rig.seconds(25).await;
    let seen = rig.samples_of("up");
    rig.send(groups(vec![labelled(&[&target("2")])])).await;
    let active = rig
        .manager
        .active_targets(None)
        .remove("j")
        .expect("the pool");
    assert_eq!(active[0].discovered_labels.get("__meta_x"), Some("2"));
    assert_eq!(active[0].health, Health::Up, "the state is kept");
    rig.seconds(100).await;
    let up = rig.samples_of("up");
    assert_eq!(up.len(), seen.len() + 10);
    assert!(up.iter().all(|s| !s.is_stale()));
    assert_eq!(rig.script.clients(), 1);
}

#[tokio::test(start_paused = true)]
async fn case_030_a_relabeled_interval_is_used_and_survives_a_reload() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    let mut relabeled = job("j");
    relabeled.scrape_interval = Duration::from_secs(2);
    relabeled.scrape_timeout = Duration::from_secs(2);
    relabeled.relabel_configs = vec![RelabelConfig {
        target_label: "__scrape_interval__".to_owned(),
        replacement: Some("3s".to_owned()),
        ..RelabelConfig::default()
    }];
    rig.apply(std::slice::from_ref(&relabeled)).await;
    rig.send(sets(&[("j", &["a:1"])])).await;
    rig.seconds(30).await;
    let gaps = |rig: &Rig| -> Vec<u64> {
        let calls = rig.script.take_calls();
        calls
            .windows(2)
            .map(|w| (w[1].at - w[0].at).as_millis() as u64)
            .collect()
    };
    let before = gaps(&rig);
    assert!(
        before.len() >= 8 && before.iter().all(|g| *g == 3000),
        "{before:?}"
    );
    relabeled.honor_labels = true;
    rig.apply(&[relabeled]).await;
    rig.seconds(30).await;
    assert_eq!(rig.script.clients(), 2, "it was a reload");
    let after = gaps(&rig);
    assert!(
        after.len() >= 8 && after.iter().all(|g| *g == 3000),
        "{after:?}"
    );
    let active = rig
        .manager
        .active_targets(None)
        .remove("j")
        .expect("the pool");
    assert_eq!(active[0].scrape_interval, "3s");
}

#[tokio::test(start_paused = true)]
async fn a_target_that_comes_back_waits_for_its_last_scrape() {
    let rig = Rig::prompt(Script::new(|_, n| {
        if n == 0 {
            Reply::Hang
        } else {
            Reply::text("m 1\n")
        }
    }));
    let mut fast = job("j");
    fast.scrape_interval = Duration::from_secs(5);
    rig.apply(&[fast]).await;
    rig.send(sets(&[("j", &["a:1"])])).await;
    while rig.script.under_way() == 0 {
        rig.wait(Duration::from_millis(50)).await;
    }
    let before = rig.elapsed();
    rig.send(sets(&[("j", &[])])).await;
    rig.send(sets(&[("j", &["a:1"])])).await;
    assert!(
        rig.elapsed() - before < Duration::from_millis(10),
        "syncs do not wait for scrapes"
    );
    assert_eq!(rig.script.under_way(), 1);
    rig.seconds(60).await;
    assert_eq!(rig.script.overlaps(), 0);
    assert!(rig.samples_of("up").len() >= 11);
}

#[tokio::test(start_paused = true)]
async fn a_loop_that_panicked_is_started_again_by_the_next_sync() {
    let rig = Rig::prompt(Script::new(|_, n| {
        if n == 0 {
            Reply::Panic
        } else {
            Reply::text("m 1\n")
        }
    }));
    rig.apply(&[job("j")]).await;
    rig.send(sets(&[("j", &["a:1"])])).await;
    rig.seconds(30).await;
    assert_eq!(rig.samples_of("up").len(), 0);
    rig.send(sets(&[("j", &["a:1"])])).await;
    rig.seconds(20).await;
    assert_eq!(rig.samples_of("up").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn unchanged_groups_are_recognised() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    rig.apply(&[job("j")]).await;
    let set = groups(vec![labelled(&[&[("a", "b")], &[("__address__", "a:1")]])]);
    rig.send(set.clone()).await;
    // The later ones are applied at the ticks.
    for _ in 0..3 {
        rig.send(set.clone()).await;
        rig.seconds(6).await;
    }
    assert_eq!(
        rig.metric("prometheus_target_scrape_pool_sync_total{scrape_job=\"j\"}"),
        Some(4.0)
    );
    let failed = rig.metric("prometheus_target_sync_failed_total{scrape_job=\"j\"}");
    assert_eq!(failed, Some(1.0), "the targets were built once");
    let symbols = rig.metric("prometheus_target_scrape_pool_symboltable_items{scrape_job=\"j\"}");
    assert!(symbols.is_some_and(|n| n >= 4.0), "{symbols:?}");
}
