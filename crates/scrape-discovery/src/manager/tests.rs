//! The manager against providers that tests drive by hand, on a clock that only moves when all is idle.

use std::collections::BTreeSet;

use scrape_core::Labels;
use scrape_core::ports::clock::ManualClock;

use super::*;
use crate::config::{FileSdConfig, StaticConfig};
use crate::group::{TargetGroup, TargetSets};
use crate::provider::{BoxFuture, BuildError, Provider};

/// Builds providers whose name is the first file of a `file_sd_configs` entry; tests speak through them.
#[derive(Default)]
struct Stage {
    builds: Mutex<Vec<String>>,
    voices: Mutex<BTreeMap<String, mpsc::Sender<Update>>>,
    running: Arc<Mutex<BTreeSet<String>>>,
    broken: Mutex<BTreeSet<String>>,
    /// Providers that ignore their cancellation.
    deaf: bool,
}

struct Actor {
    name: String,
    script: mpsc::Receiver<Update>,
    running: Arc<Mutex<BTreeSet<String>>>,
    deaf: bool,
}

struct OnStage(String, Arc<Mutex<BTreeSet<String>>>);

impl Drop for OnStage {
    fn drop(&mut self) {
        self.1.lock().expect("lock").remove(&self.0);
    }
}

impl Provider for Actor {
    fn run(
        mut self: Box<Self>,
        cancel: CancellationToken,
        updates: mpsc::Sender<Update>,
    ) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            self.running.lock().expect("lock").insert(self.name.clone());
            let _guard = OnStage(self.name.clone(), self.running.clone());
            loop {
                tokio::select! {
                    () = cancel.cancelled(), if !self.deaf => return,
                    update = self.script.recv() => match update {
                        Some(update) => updates.send(update).await.expect("the manager listens"),
                        None => return,
                    },
                }
            }
        })
    }
}

impl ProviderFactory for Stage {
    fn build(&self, config: &DiscoveryConfig) -> Result<Box<dyn Provider>, BuildError> {
        let DiscoveryConfig::File(file) = config else {
            return Err(BuildError::Unsupported {
                key: "dns_sd_configs",
                mechanism: "dns",
            });
        };
        let name = file.files[0].clone();
        self.builds.lock().expect("lock").push(name.clone());
        if self.broken.lock().expect("lock").contains(&name) {
            return Err(BuildError::Other {
                mechanism: "file",
                reason: "unable to read CA certificate".into(),
            });
        }
        let (voice, script) = mpsc::channel(2000);
        self.voices
            .lock()
            .expect("lock")
            .insert(name.clone(), voice);
        Ok(Box::new(Actor {
            name,
            script,
            running: self.running.clone(),
            deaf: self.deaf,
        }))
    }
}

impl Stage {
    async fn say(&self, provider: &str, groups: &[(&str, &[&str])]) {
        let voice = self.voices.lock().expect("lock")[provider].clone();
        let update = groups.iter().map(|(source, targets)| {
            Arc::new(TargetGroup::from_addresses(
                *source,
                *targets,
                Labels::empty(),
            ))
        });
        voice
            .send(update.collect())
            .await
            .expect("the provider runs");
    }

    fn builds(&self) -> Vec<String> {
        self.builds.lock().expect("lock").clone()
    }

    fn running(&self) -> Vec<String> {
        self.running.lock().expect("lock").iter().cloned().collect()
    }
}

fn sd(name: &str) -> DiscoveryConfig {
    DiscoveryConfig::File(FileSdConfig {
        files: vec![name.into()],
        ..Default::default()
    })
}

fn fixed(targets: &[&str]) -> DiscoveryConfig {
    let targets = targets.iter().map(|t| (*t).to_owned()).collect();
    DiscoveryConfig::Static(vec![StaticConfig {
        targets,
        labels: BTreeMap::new(),
    }])
}

fn jobs(list: &[(&str, &[DiscoveryConfig])]) -> BTreeMap<String, Vec<DiscoveryConfig>> {
    list.iter()
        .map(|(job, configs)| ((*job).to_owned(), configs.to_vec()))
        .collect()
}

struct Play {
    stage: Arc<Stage>,
    manager: Manager,
    out: TargetsReceiver,
    metrics: Arc<ManagerMetrics>,
}

fn play(throttle: ThrottleOptions) -> Play {
    play_with(Stage::default(), throttle, Duration::from_secs(30))
}

fn play_with(stage: Stage, throttle: ThrottleOptions, hold_replaced: Duration) -> Play {
    let stage = Arc::new(stage);
    let metrics = Arc::new(ManagerMetrics::default());
    let clock = Arc::new(ManualClock::at_ms(1_700_000_000_500));
    let options = ManagerOptions {
        throttle,
        hold_replaced,
        clock,
        metrics: metrics.clone(),
    };
    let (manager, out) = Manager::new(stage.clone(), options);
    Play {
        stage,
        manager,
        out,
        metrics,
    }
}

fn now() -> ThrottleOptions {
    ThrottleOptions::immediate()
}

/// `job: address address; job: …`
fn shown(sets: &TargetSets) -> String {
    let job = |(job, groups): (&String, &Vec<Arc<TargetGroup>>)| {
        let targets = groups
            .iter()
            .flat_map(|g| &g.targets)
            .map(|t| t.value("__address__").to_owned());
        format!("{job}: {}", targets.collect::<Vec<_>>().join(" "))
    };
    sets.iter().map(job).collect::<Vec<_>>().join("; ")
}

impl Play {
    async fn next(&mut self) -> String {
        let sets = timeout(Duration::from_secs(600), self.out.next())
            .await
            .expect("a map arrives");
        shown(&sets.expect("not shut down"))
    }

    /// Maps until this one; every map on the way passes `check`.
    async fn until(&mut self, want: &str, check: impl Fn(&str)) {
        loop {
            let map = self.next().await;
            check(&map);
            if map == want {
                return;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn case_001_equal_configurations_share_one_provider() {
    let mut p = play(now());
    p.manager
        .apply_config(jobs(&[("a", &[sd("x")]), ("b", &[sd("x"), sd("x")])]));
    assert_eq!(p.stage.builds(), ["x"]);
    p.stage.say("x", &[("s", &["h:1"])]).await;
    p.until("a: h:1; b: h:1", |_| {}).await;
}

#[tokio::test(start_paused = true)]
async fn case_002_a_job_that_joins_a_running_provider_is_filled_in_the_next_map() {
    let mut p = play(now());
    p.manager.apply_config(jobs(&[("a", &[sd("x")])]));
    p.stage.say("x", &[("s", &["h:1"])]).await;
    p.until("a: h:1", |_| {}).await;
    p.manager
        .apply_config(jobs(&[("a", &[sd("x")]), ("b", &[sd("x")])]));
    assert_eq!(p.next().await, "a: h:1; b: h:1");
    assert_eq!(p.stage.builds(), ["x"]);
}

#[tokio::test(start_paused = true)]
async fn case_003_a_reload_without_change_restarts_nothing_and_targets_are_never_absent() {
    let mut p = play(now());
    let config = || jobs(&[("a", &[sd("x"), fixed(&["s:1"])]), ("b", &[sd("y")])]);
    p.manager.apply_config(config());
    p.stage.say("x", &[("s", &["h:1"])]).await;
    p.stage.say("y", &[("s", &["h:2"])]).await;
    p.until("a: h:1 s:1; b: h:2", |_| {}).await;
    for _ in 0..5 {
        p.manager.apply_config(config());
        assert_eq!(p.next().await, "a: h:1 s:1; b: h:2");
    }
    assert_eq!(p.stage.builds(), ["x", "y"]);
    assert_eq!(p.stage.running(), ["x", "y"]);
}

#[tokio::test(start_paused = true)]
async fn case_004_changing_one_job_leaves_the_providers_of_others_running() {
    let mut p = play(now());
    p.manager
        .apply_config(jobs(&[("a", &[sd("x")]), ("b", &[sd("y")])]));
    p.stage.say("y", &[("s", &["h:2"])]).await;
    p.until("a: ; b: h:2", |_| {}).await;
    p.manager
        .apply_config(jobs(&[("a", &[sd("x2")]), ("b", &[sd("y")])]));
    p.stage.say("x2", &[("s", &["h:1"])]).await;
    p.until("a: h:1; b: h:2", |map| {
        assert!(map.contains("b: h:2"), "{map}")
    })
    .await;
    assert_eq!(p.stage.builds(), ["x", "y", "x2"]);
    assert_eq!(p.stage.running(), ["x2", "y"]);
}

#[tokio::test(start_paused = true)]
async fn case_005_removing_a_job_removes_its_rows_and_metrics_and_keeps_the_shared_provider() {
    let mut p = play(now());
    p.manager
        .apply_config(jobs(&[("a", &[sd("x")]), ("b", &[sd("x")])]));
    p.stage.say("x", &[("s", &["h:1", "h:2"])]).await;
    p.until("a: h:1 h:2; b: h:1 h:2", |_| {}).await;
    let gauges = p.metrics.snapshot().jobs["a"];
    assert_eq!(gauges.discovered_targets, 2);
    assert_eq!(gauges.last_update_timestamp_seconds, 1_700_000_000.5);

    p.manager.apply_config(jobs(&[("b", &[sd("x")])]));
    assert_eq!(p.next().await, "b: h:1 h:2");
    assert_eq!(p.metrics.snapshot().jobs.keys().collect::<Vec<_>>(), ["b"]);
    assert_eq!(p.stage.running(), ["x"]);
    assert_eq!(p.stage.builds(), ["x"]);
}

#[tokio::test(start_paused = true)]
async fn case_006_the_first_map_lists_every_job() {
    let mut p = play(ThrottleOptions::default());
    p.manager.apply_config(jobs(&[
        ("a", &[sd("x")]),
        ("b", &[fixed(&["s:1"])]),
        ("c", &[]),
    ]));
    assert_eq!(p.metrics.snapshot().jobs["a"].discovered_targets, 0);
    assert_eq!(p.next().await, "a: ; b: s:1; c: ");
}

#[tokio::test(start_paused = true)]
async fn case_007_a_configuration_that_cannot_be_built_is_counted_and_costs_only_its_own_targets() {
    let mut p = play(now());
    p.stage.broken.lock().expect("lock").insert("bad".into());
    let config = || {
        jobs(&[
            ("a", &[sd("bad")]),
            (
                "b",
                &[
                    sd("y"),
                    DiscoveryConfig::Unsupported {
                        key: "dns_sd_configs",
                    },
                ],
            ),
        ])
    };
    let report = p.manager.apply_config(config());
    assert_eq!(p.metrics.snapshot().failed_configs, 2);
    let texts: Vec<_> = report
        .failures
        .iter()
        .map(|f| format!("{} {}: {}", f.job, f.mechanism, f.error))
        .collect();
    assert_eq!(texts[0], "a file: file: unable to read CA certificate");
    assert!(
        texts[1].starts_with("b dns: dns_sd_configs is not supported by this build"),
        "{}",
        texts[1]
    );
    p.stage.say("y", &[("s", &["h:2"])]).await;
    p.until("a: ; b: h:2", |_| {}).await;

    p.stage.broken.lock().expect("lock").clear();
    p.manager
        .apply_config(jobs(&[("a", &[sd("bad")]), ("b", &[sd("y")])]));
    assert_eq!(p.metrics.snapshot().failed_configs, 0);
    p.stage.say("bad", &[("s", &["h:1"])]).await;
    p.until("a: h:1; b: h:2", |_| {}).await;
}

#[tokio::test(start_paused = true)]
async fn case_008_a_storm_of_updates_becomes_few_maps_and_the_last_state_arrives() {
    let throttle = ThrottleOptions {
        jitter: 0.0,
        ..ThrottleOptions::default()
    };
    let mut p = play(throttle);
    p.manager.apply_config(jobs(&[("a", &[sd("x")])]));
    let begin = Instant::now();
    let stage = p.stage.clone();
    let storm = tokio::spawn(async move {
        for i in 0..60_000u32 {
            stage.say("x", &[("s", &[&format!("h:{i}")])]).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    let mut at = Vec::new();
    loop {
        let map = p.next().await;
        at.push(begin.elapsed());
        if map == "a: h:59999" {
            break;
        }
    }
    storm.await.expect("the storm ends");
    assert_eq!(p.metrics.snapshot().received_updates, 60_000);
    assert!(at[0] <= Duration::from_millis(101), "{at:?}");
    assert!(
        at.iter().filter(|t| **t <= Duration::from_secs(1)).count() <= 4,
        "{at:?}"
    );
    let steady: Vec<_> = at.windows(2).map(|w| w[1] - w[0]).skip(10).collect();
    assert!(
        !steady.is_empty() && steady.iter().all(|gap| *gap >= Duration::from_secs(5)),
        "{steady:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn case_009_a_consumer_that_does_not_take_maps_gets_the_newest_and_the_delay_is_counted() {
    let mut p = play(now());
    p.manager.apply_config(jobs(&[("a", &[sd("x")])]));
    assert_eq!(p.next().await, "a: ");
    assert_eq!(p.metrics.snapshot().updates_delayed, 0);
    for i in 0..10 {
        p.stage
            .say("x", &[(&format!("s{i}"), &[&format!("h:{i}")])])
            .await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let m = p.metrics.snapshot();
    assert_eq!(
        (m.received_updates, m.updates, m.updates_delayed),
        (10, 11, 9)
    );
    assert_eq!(p.next().await, "a: h:0 h:1 h:2 h:3 h:4 h:5 h:6 h:7 h:8 h:9");
}

#[tokio::test(start_paused = true)]
async fn case_010_an_empty_group_removes_its_source_and_frees_the_row() {
    let mut p = play(now());
    p.manager.apply_config(jobs(&[("a", &[sd("x")])]));
    p.stage.say("x", &[("s", &["h:1"]), ("t", &["h:2"])]).await;
    p.until("a: h:1 h:2", |_| {}).await;
    assert_eq!(p.manager.shared.state().stored_sources(), ["s", "t"]);
    p.stage.say("x", &[("s", &[])]).await;
    assert_eq!(p.next().await, "a: h:2");
    assert_eq!(p.manager.shared.state().stored_sources(), ["t"]);
}

#[tokio::test(start_paused = true)]
async fn case_011_changed_static_targets_that_stay_are_in_every_map() {
    let mut p = play(now());
    p.manager
        .apply_config(jobs(&[("a", &[fixed(&["s:1", "s:2"])])]));
    assert_eq!(p.next().await, "a: s:1 s:2");
    for i in 3..10 {
        p.manager
            .apply_config(jobs(&[("a", &[fixed(&["s:1", &format!("s:{i}")])])]));
        assert_eq!(p.next().await, format!("a: s:1 s:{i}"));
    }
}

#[tokio::test(start_paused = true)]
async fn case_011_rows_of_a_changed_configuration_stay_until_the_new_one_speaks() {
    let mut p = play(now());
    p.manager.apply_config(jobs(&[
        ("a", &[sd("x"), fixed(&["s:1"])]),
        ("b", &[sd("x")]),
    ]));
    p.stage.say("x", &[("s", &["h:1"])]).await;
    p.until("a: h:1 s:1; b: h:1", |_| {}).await;

    p.manager.apply_config(jobs(&[
        ("a", &[sd("y"), sd("z"), fixed(&["s:2"])]),
        ("b", &[]),
    ]));
    assert_eq!(
        p.next().await,
        "a: h:1 s:2; b: ",
        "held for a; b has no successor"
    );
    assert_eq!(
        p.stage.running(),
        ["y", "z"],
        "a held row needs no provider"
    );
    p.stage.say("y", &[("s", &["h:2"])]).await;
    assert_eq!(p.next().await, "a: h:1 h:2 s:2; b: ");
    // A second change while held: the rows go on waiting, now for the one that is left and the newcomer.
    p.manager.apply_config(jobs(&[
        ("a", &[sd("y"), sd("w"), fixed(&["s:2"])]),
        ("b", &[]),
    ]));
    assert_eq!(p.next().await, "a: h:1 h:2 s:2; b: ");
    p.stage.say("w", &[]).await;
    assert_eq!(p.next().await, "a: h:2 s:2; b: ");
}

#[tokio::test(start_paused = true)]
async fn case_011_held_rows_go_after_the_limit_and_a_switch_turns_holding_off() {
    let mut p = play(now());
    p.manager.apply_config(jobs(&[("a", &[sd("x")])]));
    p.stage.say("x", &[("s", &["h:1"])]).await;
    p.until("a: h:1", |_| {}).await;
    let begin = Instant::now();
    p.manager.apply_config(jobs(&[("a", &[sd("y")])]));
    assert_eq!(p.next().await, "a: h:1");
    assert_eq!(p.next().await, "a: ");
    let waited = begin.elapsed();
    assert!(
        waited >= Duration::from_secs(30) && waited < Duration::from_secs(31),
        "{waited:?}"
    );

    let mut p = play_with(Stage::default(), now(), Duration::ZERO);
    p.manager.apply_config(jobs(&[("a", &[sd("x")])]));
    p.stage.say("x", &[("s", &["h:1"])]).await;
    p.until("a: h:1", |_| {}).await;
    p.manager.apply_config(jobs(&[("a", &[sd("y")])]));
    assert_eq!(p.next().await, "a: ");
}

#[tokio::test(start_paused = true)]
async fn case_012_shutdown_takes_less_than_a_second_even_if_a_provider_hangs() {
    for deaf in [false, true] {
        let mut p = play_with(
            Stage {
                deaf,
                ..Stage::default()
            },
            now(),
            Duration::ZERO,
        );
        p.manager.apply_config(jobs(&[("a", &[sd("x")])]));
        assert_eq!(p.next().await, "a: ");
        p.stage.say("x", &[("s", &["h:1"])]).await;
        assert_eq!(p.next().await, "a: h:1");
        let begin = Instant::now();
        p.manager.shutdown().await;
        assert!(
            begin.elapsed() < Duration::from_secs(1),
            "{:?}",
            begin.elapsed()
        );
        assert_eq!(p.stage.running(), Vec::<String>::new());
        assert!(p.out.next().await.is_none(), "the receiver ends");
    }
}

#[tokio::test(start_paused = true)]
async fn groups_are_ordered_by_provider_then_source_and_late_words_of_a_cancelled_provider_are_ignored()
 {
    let mut p = play(now());
    p.manager.apply_config(jobs(&[("a", &[sd("x"), sd("y")])]));
    p.stage.say("y", &[("2", &["y:2"]), ("1", &["y:1"])]).await;
    p.stage.say("x", &[("b", &["x:b"]), ("a", &["x:a"])]).await;
    p.until("a: x:a x:b y:1 y:2", |_| {}).await;

    let stale = Arc::new(TargetGroup::from_addresses(
        "a",
        ["late:1"],
        Labels::empty(),
    ));
    p.manager.apply_config(jobs(&[("a", &[sd("y")])]));
    assert_eq!(p.next().await, "a: y:1 y:2");
    p.manager.shared.received(0, vec![stale]);
    p.manager.apply_config(jobs(&[("a", &[sd("y")])]));
    assert_eq!(p.next().await, "a: y:1 y:2");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_ends_leaves_its_targets_and_dropping_the_manager_stops_everything() {
    let mut p = play(now());
    p.manager
        .apply_config(jobs(&[("a", &[sd("x")]), ("b", &[sd("y")])]));
    p.stage.say("x", &[("s", &["h:1"])]).await;
    p.until("a: h:1; b: ", |_| {}).await;
    p.stage.voices.lock().expect("lock").remove("x");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(p.stage.running(), ["y"]);
    p.manager
        .apply_config(jobs(&[("a", &[sd("x")]), ("b", &[sd("y")])]));
    assert_eq!(p.next().await, "a: h:1; b: ");
    drop(p.manager);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(p.stage.running(), Vec::<String>::new());
    assert!(p.out.next().await.is_none());
}
