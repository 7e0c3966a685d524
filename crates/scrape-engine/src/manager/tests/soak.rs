//! Many targets over many ticks: nothing is missed, nothing overlaps, load is spread.

use crate::testing::{Reply, Rig, Script, job, sets};
use std::collections::BTreeMap;
use std::time::Duration;

fn addresses(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("host-{i}:9100")).collect()
}

#[tokio::test(start_paused = true)]
async fn five_hundred_targets_are_scraped_on_every_tick() {
    let delay = |n: usize| Duration::from_millis(n as u64 * 37 % 4000);
    let rig = Rig::prompt(Script::new(move |_, n| {
        Reply::After(
            delay(n),
            Box::new(Reply::Text(vec![
                "a 1\n".to_owned(),
                "b 2\nc 3\n".to_owned(),
            ])),
        )
    }));
    rig.apply(&[job("j")]).await;
    let addresses = addresses(500);
    let borrowed: Vec<&str> = addresses.iter().map(String::as_str).collect();
    rig.send(sets(&[("j", &borrowed)])).await;
    let ticks = 60;
    rig.seconds(10 * ticks).await;
    // Let the scrapes of the last tick end.
    rig.manager.stop().await;
    let mut times: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for sample in rig.samples_of("up") {
        assert_eq!(sample.value.float(), Some(1.0));
        times
            .entry(sample.labels.value("instance").to_owned())
            .or_default()
            .push(sample.t);
    }
    assert_eq!(times.len(), 500);
    for (instance, times) in &times {
        assert!(
            times.windows(2).all(|w| w[1] - w[0] == 10_000),
            "{instance}: {times:?}"
        );
        // The last scrape may have been cancelled by the stop.
        assert!(
            times.len() as u64 >= ticks - 1,
            "{instance}: {}",
            times.len()
        );
    }
    let scrapes: usize = times.values().map(Vec::len).sum();
    assert_eq!(rig.store.commits(), scrapes as u64);
    assert_eq!(rig.store.samples().len(), scrapes * (3 + 5));
    assert_eq!(rig.script.overlaps(), 0);
}

#[tokio::test(start_paused = true)]
async fn case_039_load_is_spread_over_the_interval() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    rig.store.keep_samples(false);
    rig.apply(&[job("j")]).await;
    let addresses = addresses(10_000);
    let borrowed: Vec<&str> = addresses.iter().map(String::as_str).collect();
    rig.send(sets(&[("j", &borrowed)])).await;
    rig.seconds(10).await;
    let calls = rig.script.calls();
    let first = calls.iter().map(|c| c.at).min().expect("calls");
    let mut buckets = [0_usize; 11];
    for call in &calls {
        buckets[(call.at - first).as_secs() as usize] += 1;
    }
    assert_eq!(calls.len(), 10_000);
    for n in &buckets[..10] {
        assert!((850..=1150).contains(n), "{buckets:?}");
    }
}

#[test]
fn an_idle_loop_is_small() {
    // What 10 000 idle targets hold beyond caches is the size of their tasks' futures.
    let size = crate::scrape_loop::future_bytes();
    assert!(size <= 2048, "{size} bytes per idle loop");
}
