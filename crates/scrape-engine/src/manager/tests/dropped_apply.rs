use crate::testing::{Reply, Rig, Script, config, job, sets};
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn an_apply_that_nobody_waits_for_is_still_done_and_never_overtaken_by_an_older_one() {
    let rig = Rig::prompt(Script::new(|_, n| {
        if n == 1 {
            Reply::Hang
        } else {
            Reply::text("m 1\n")
        }
    }));
    rig.apply(&[job("gone"), job("j")]).await;
    rig.send(sets(&[("gone", &["b:1"]), ("j", &["a:1"])])).await;
    while rig
        .script
        .calls()
        .iter()
        .filter(|c| c.url.contains("//a:1"))
        .count()
        < 2
    {
        rig.wait(Duration::from_millis(50)).await;
    }
    let mut changed = job("j");
    for label_limit in 1..=3 {
        changed.limits.labels = label_limit * 10;
        let config = config(std::slice::from_ref(&changed));
        let impatient =
            tokio::time::timeout(Duration::from_millis(1), rig.manager.apply_config(&config));
        assert!(impatient.await.is_err(), "a scrape is under way");
    }
    rig.seconds(20).await;
    assert_eq!(rig.manager.scrape_pools(), [std::sync::Arc::from("j")]);
    assert_eq!(
        rig.manager
            .scrape_pool_config("j")
            .expect("a pool")
            .limits
            .labels,
        30
    );
    rig.script.take_calls();
    rig.seconds(50).await;
    let calls = rig.script.take_calls();
    assert_eq!(calls.len(), 5, "{calls:?}");
    assert_eq!(rig.script.overlaps(), 0);
}
