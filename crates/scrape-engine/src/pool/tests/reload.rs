use crate::config::ScrapeConfig;
use crate::pool::generation::cache_is_reusable;
use crate::testing::{Reply, Rig, Script, config, job, sets};
use crate::{ApplyError, Health};
use std::sync::Arc;
use std::time::Duration;

async fn running(script: Script, config: ScrapeConfig) -> Rig {
    let rig = Rig::prompt(script);
    rig.apply(&[config]).await;
    rig.send(sets(&[("j", &["a:1"])])).await;
    rig
}

fn changed(change: impl FnOnce(&mut ScrapeConfig)) -> ScrapeConfig {
    let mut config = job("j");
    change(&mut config);
    config
}

#[tokio::test(start_paused = true)]
async fn case_044_the_same_configuration_restarts_nothing() {
    let rig = running(Script::always("m 1\n"), job("j")).await;
    rig.seconds(20).await;
    rig.apply(&[job("j")]).await;
    rig.apply(&[job("j")]).await;
    assert_eq!(rig.script.clients(), 1);
    assert_eq!(
        rig.metric("prometheus_target_scrape_pool_reloads_total"),
        Some(0.0)
    );
}

#[tokio::test(start_paused = true)]
async fn case_044_a_client_that_cannot_be_built_keeps_the_old_loops() {
    let rig = running(Script::always("m 1\n"), job("j")).await;
    rig.seconds(20).await;
    rig.script.refuse_job("j", true);
    let broken = changed(|c| c.honor_labels = true);
    let error = rig
        .manager
        .apply_config(&config(std::slice::from_ref(&broken)))
        .await
        .unwrap_err();
    let ApplyError::Pools(failures) = &error else {
        panic!("{error}")
    };
    assert_eq!(&*failures[0].job, "j");
    assert!(error.to_string().contains("no such file"), "{error}");
    assert_eq!(
        rig.metric("prometheus_target_scrape_pool_reloads_failed_total"),
        Some(1.0)
    );
    assert!(
        !rig.manager
            .scrape_pool_config("j")
            .expect("a pool")
            .honor_labels
    );
    rig.script.take_calls();
    rig.seconds(50).await;
    assert!(rig.script.calls().iter().all(|c| c.client == 1));
    assert_eq!(rig.script.calls().len(), 5);

    rig.script.refuse_job("j", false);
    rig.apply(&[broken]).await;
    assert_eq!(rig.script.clients(), 2);
    assert!(
        rig.manager
            .scrape_pool_config("j")
            .expect("a pool")
            .honor_labels
    );
    rig.script.take_calls();
    rig.seconds(50).await;
    assert!(rig.script.calls().iter().all(|c| c.client == 2));
    assert_eq!(rig.script.calls().len(), 5);
    assert_eq!(
        rig.metric("prometheus_target_scrape_pool_reloads_total"),
        Some(2.0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_failing_pool_does_not_hold_up_the_others() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    rig.apply(&[job("bad"), job("good")]).await;
    rig.send(sets(&[("bad", &["a:1"]), ("good", &["b:1"])]))
        .await;
    rig.script.refuse_job("bad", true);
    let honoring = |name| ScrapeConfig {
        honor_labels: true,
        ..job(name)
    };
    let applied = rig
        .manager
        .apply_config(&config(&[honoring("bad"), honoring("good")]))
        .await;
    assert!(matches!(applied, Err(ApplyError::Pools(failures)) if failures.len() == 1));
    let honors = |pool| {
        rig.manager
            .scrape_pool_config(pool)
            .expect("a pool")
            .honor_labels
    };
    assert!(!honors("bad") && honors("good"));
}

#[test]
fn case_045_the_cache_survives_what_does_not_change_series() {
    let reusable = |change: fn(&mut ScrapeConfig)| cache_is_reusable(&job("j"), &changed(change));
    assert!(reusable(|c| c.scrape_interval = Duration::from_secs(60)));
    assert!(reusable(|c| c.scrape_timeout = Duration::from_secs(1)));
    assert!(reusable(|c| c.limits.samples = 10));
    assert!(reusable(
        |c| c.http_client.enable_http2 = !c.http_client.enable_http2
    ));
    assert!(reusable(|c| c.limits.keep_dropped_targets = 1));
    assert!(reusable(|c| c.scrape_failure_log_file = Some("x".into())));
    assert!(!reusable(|c| c.metrics_path = "/other".to_owned()));
    assert!(!reusable(|c| c.honor_labels = true));
    assert!(!reusable(|c| c.honor_timestamps = false));
    assert!(!reusable(|c| c.limits.labels = 10));
    assert!(!reusable(|c| c.limits.label_value_length = 10));
    assert!(!reusable(|c| c
        .metric_relabel_configs
        .push(Default::default())));
    assert!(!reusable(|c| c.job_name = "k".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn case_045_a_reused_cache_reports_no_new_series_and_no_markers() {
    let rig = running(Script::always("m 1\n"), job("j")).await;
    rig.seconds(20).await;
    rig.apply(&[changed(|c| c.limits.samples = 100)]).await;
    rig.seconds(60).await;
    let added: Vec<_> = rig
        .samples_of("scrape_series_added")
        .iter()
        .filter_map(|s| s.value.float())
        .collect();
    assert_eq!(added[0], 1.0);
    assert!(added[1..].iter().all(|n| *n == 0.0), "{added:?}");
    assert!(rig.store.samples().iter().all(|s| !s.is_stale()));
}

#[tokio::test(start_paused = true)]
async fn case_045_a_dropped_cache_starts_again_and_ends_what_is_gone() {
    let rig = running(Script::always("m 1\nold 1\n"), job("j")).await;
    rig.seconds(20).await;
    rig.script.change(|_, _| Reply::text("m 1\n"));
    rig.apply(&[changed(|c| c.honor_timestamps = false)]).await;
    rig.seconds(60).await;
    let added: Vec<_> = rig
        .samples_of("scrape_series_added")
        .iter()
        .filter_map(|s| s.value.float())
        .collect();
    assert_eq!(added.iter().filter(|n| **n > 0.0).count(), 2, "{added:?}");
    let stale: Vec<_> = rig
        .store
        .samples()
        .into_iter()
        .filter(|s| s.is_stale())
        .collect();
    assert_eq!(
        stale.len(),
        1,
        "the successor advanced all others: {stale:?}"
    );
    assert_eq!(stale[0].labels.name(), Some("old"));
}

#[tokio::test(start_paused = true)]
async fn case_046_a_successor_waits_and_so_does_the_reload() {
    let rig = running(
        Script::new(|_, n| {
            if n == 1 {
                Reply::Hang
            } else {
                Reply::text("m 1\n")
            }
        }),
        job("j"),
    )
    .await;
    while rig.script.calls().len() < 2 {
        rig.wait(Duration::from_millis(50)).await;
    }
    let began = rig.elapsed();
    rig.apply(&[changed(|c| c.honor_labels = true)]).await;
    let took = rig.elapsed() - began;
    assert!(
        took > Duration::from_secs(4) && took <= Duration::from_secs(5),
        "{took:?}"
    );
    assert_eq!(rig.script.under_way(), 0);
    let up: Vec<_> = rig
        .samples_of("up")
        .iter()
        .filter_map(|s| s.value.float())
        .collect();
    assert_eq!(up, [1.0, 0.0], "the scrape was not cancelled");
    rig.seconds(50).await;
    assert_eq!(rig.script.overlaps(), 0);
    assert_eq!(rig.script.calls().len(), 7);
    assert_eq!(
        rig.metric("prometheus_target_reload_length_seconds_count{interval=\"10s\"}"),
        Some(1.0)
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_that_answers_waits_for_a_reload_and_groups_are_taken_over_after_it() {
    let rig = running(
        Script::new(|_, n| {
            if n == 1 {
                Reply::Hang
            } else {
                Reply::text("m 1\n")
            }
        }),
        job("j"),
    )
    .await;
    while rig.script.calls().len() < 2 {
        rig.wait(Duration::from_millis(50)).await;
    }
    let manager = rig.manager.clone();
    let applying = tokio::spawn(async move {
        manager
            .apply_config(&config(&[changed(|c| c.honor_labels = true)]))
            .await
    });
    rig.wait(Duration::from_millis(10)).await;
    let began = rig.elapsed();
    assert_eq!(rig.manager.active_targets(None)["j"].len(), 1);
    assert_eq!(rig.manager.active_targets(None)["j"][0].health, Health::Up);
    assert_eq!(rig.manager.scrape_pools().len(), 1);
    assert!(
        rig.metric("prometheus_target_scrape_pool_targets{scrape_job=\"j\"}")
            .is_some()
    );
    rig.manager
        .update_targets(Arc::new(sets(&[("j", &["a:1", "b:1"])])));
    assert_eq!(rig.elapsed(), began);
    assert!(!applying.is_finished());
    applying.await.expect("no panic").expect("applied");
    rig.seconds(6).await;
    assert_eq!(rig.manager.active_targets(None)["j"].len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_reload_that_only_concerns_targets_restarts_no_loop() {
    let rig = running(Script::always("m 1\n"), job("j")).await;
    rig.seconds(15).await;
    rig.apply(&[changed(|c| c.limits.keep_dropped_targets = 5)])
        .await;
    assert_eq!(rig.script.clients(), 1);
    assert_eq!(
        rig.manager
            .scrape_pool_config("j")
            .expect("a pool")
            .limits
            .keep_dropped_targets,
        5
    );
    rig.seconds(50).await;
    assert!(
        rig.samples_of("up")
            .windows(2)
            .all(|w| w[1].t - w[0].t == 10_000)
    );
}

#[tokio::test(start_paused = true)]
async fn stopping_does_not_wait_for_a_reload_that_waits_for_a_scrape() {
    let rig = running(Script::new(|_, _| Reply::Hang), job("j")).await;
    while rig.script.under_way() == 0 {
        rig.wait(Duration::from_millis(50)).await;
    }
    let manager = rig.manager.clone();
    let applying = tokio::spawn(async move {
        manager
            .apply_config(&config(&[changed(|c| c.honor_labels = true)]))
            .await
    });
    rig.wait(Duration::from_millis(10)).await;
    let began = rig.elapsed();
    rig.manager.stop().await;
    assert_eq!(rig.elapsed(), began);
    applying.await.expect("no panic").expect("applied");
    rig.seconds(60).await;
    assert_eq!(rig.store.commits(), 0);
}
