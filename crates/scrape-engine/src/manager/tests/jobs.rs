use crate::testing::{Reply, Rig, Script, config, job, sets};
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn case_047_a_removed_job_leaves_no_pool_and_no_series_but_markers() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    rig.apply(&[job("gone"), job("stays")]).await;
    rig.send(sets(&[("gone", &["a:1"]), ("stays", &["b:1"])]))
        .await;
    rig.script.change(|url, n| match (url, n) {
        ("http://a:1/metrics", 2) => Reply::Fail(scrape_http::Reason::Connect, "refused"),
        _ => Reply::text("m 1\n"),
    });
    rig.seconds(60).await;
    let about_job = |rig: &Rig| {
        let text = rig.registry.render(scrape_core::registry::Exposition::Text);
        text.lines()
            .filter(|l| l.contains("scrape_job=\"gone\""))
            .count()
    };
    assert!(about_job(&rig) > 10);
    rig.apply(&[job("stays")]).await;
    assert_eq!(rig.manager.scrape_pools(), [std::sync::Arc::from("stays")]);
    assert_eq!(about_job(&rig), 0);
    let calls = rig.script.take_calls();
    assert!(calls.iter().any(|c| c.url == "http://a:1/metrics"));
    rig.seconds(60).await;
    assert!(
        rig.script
            .calls()
            .iter()
            .all(|c| c.url == "http://b:1/metrics")
    );
    let stale: Vec<_> = rig
        .store
        .samples()
        .into_iter()
        .filter(|s| s.is_stale())
        .collect();
    let ended = stale
        .iter()
        .filter(|s| s.labels.get("job") == Some("gone"))
        .count();
    // One for `m` when the scrape failed; at the end `m` and the five report series.
    assert_eq!(ended, 1 + 6, "{stale:?}");
    assert_eq!(stale.len(), ended);
    assert_eq!(
        about_job(&rig),
        0,
        "nothing on its way out brings series back"
    );
}

#[tokio::test(start_paused = true)]
async fn case_047_a_job_without_targets_loses_its_targets_and_one_not_named_keeps_them() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    rig.apply(&[job("a"), job("b")]).await;
    rig.send(sets(&[("a", &["a:1"]), ("b", &["b:1"])])).await;
    rig.send(sets(&[("a", &[])])).await;
    rig.seconds(5).await;
    let active = rig.manager.active_targets(None);
    assert_eq!(active["a"].len(), 0);
    assert_eq!(active["b"].len(), 1);
    assert_eq!(
        rig.metric("prometheus_target_scrape_pool_targets{scrape_job=\"a\"}"),
        Some(0.0)
    );
}

#[tokio::test(start_paused = true)]
async fn case_048_groups_of_one_source_vanish_alone() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    rig.apply(&[job("j")]).await;
    let both = crate::testing::group(&["a:1", "b:1"]);
    let other = crate::testing::group(&["c:1"]);
    let set = |groups: Vec<_>| scrape_discovery::TargetSets::from([("j".to_owned(), groups)]);
    rig.send(set(vec![both.clone(), other])).await;
    assert_eq!(rig.manager.active_targets(None)["j"].len(), 3);
    rig.send(set(vec![both])).await;
    rig.seconds(5).await;
    let urls: Vec<_> = rig.manager.active_targets(None)["j"]
        .iter()
        .map(|t| t.scrape_url.clone())
        .collect();
    assert_eq!(urls, ["http://a:1/metrics", "http://b:1/metrics"]);
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_cannot_be_made_is_counted_and_tried_again() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    rig.script.refuse_job("bad", true);
    rig.apply(&[job("bad"), job("good")]).await;
    rig.send(sets(&[("bad", &["a:1"]), ("good", &["b:1"])]))
        .await;
    assert_eq!(rig.manager.scrape_pools().len(), 1);
    assert_eq!(
        rig.metric("prometheus_target_scrape_pools_total"),
        Some(2.0)
    );
    assert_eq!(
        rig.metric("prometheus_target_scrape_pools_failed_total"),
        Some(1.0)
    );
    rig.script.refuse_job("bad", false);
    rig.send(sets(&[("bad", &["a:1"]), ("good", &["b:1"])]))
        .await;
    rig.seconds(5).await;
    assert_eq!(rig.manager.scrape_pools().len(), 2);
    assert_eq!(rig.manager.active_targets(None)["bad"].len(), 1);
}

#[tokio::test(start_paused = true)]
async fn targets_of_an_unknown_job_wait_for_its_configuration() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    rig.send(sets(&[("late", &["a:1"])])).await;
    assert!(rig.manager.scrape_pools().is_empty());
    assert!(rig.manager.scrape_pool_config("late").is_err());
    rig.apply(&[job("late")]).await;
    rig.seconds(5).await;
    assert_eq!(rig.manager.active_targets(None)["late"].len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_comes_back_while_its_last_scrape_lasts_is_a_new_job() {
    let rig = Rig::prompt(Script::new(|_, n| {
        if n == 1 {
            Reply::Hang
        } else {
            Reply::text("m 1\n")
        }
    }));
    rig.apply(&[job("j")]).await;
    rig.send(sets(&[("j", &["a:1"])])).await;
    while rig.script.calls().len() < 2 {
        rig.wait(Duration::from_millis(50)).await;
    }
    let began = rig.elapsed();
    rig.apply(&[]).await;
    rig.apply(&[job("j")]).await;
    assert_eq!(rig.elapsed(), began, "nothing waits for the scrape");
    rig.seconds(60).await;
    let up = rig.samples_of("up");
    assert_eq!(
        up.iter().filter(|s| s.is_stale()).count(),
        0,
        "the new job advanced the series"
    );
    assert_eq!(
        rig.metric("prometheus_target_scrape_pool_targets{scrape_job=\"j\"}"),
        Some(1.0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_configuration_can_be_replaced_while_pools_are_missing() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    rig.send(sets(&[("j", &["a:1"])])).await;
    let mut second = job("j");
    second.honor_labels = true;
    let (first, second) = (config(&[job("j")]), config(&[second]));
    let (a, b) = tokio::join!(
        rig.manager.apply_config(&first),
        rig.manager.apply_config(&second)
    );
    a.expect("applied");
    b.expect("applied");
    rig.seconds(6).await;
    assert!(
        rig.manager
            .scrape_pool_config("j")
            .expect("a pool")
            .honor_labels
    );
}
