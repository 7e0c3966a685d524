//! Random sequences of configurations, target sets, failures and waits against a model that knows only which
//! loops there should be. After every step the running loops are exactly the wanted ones, and at the end every
//! wanted target is being scraped, no other, and never two scrapes of one target overlapped.

use crate::testing::{Reply, Rig, Script, config, job, sets};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const JOBS: [&str; 3] = ["red", "green", "blue"];
const ADDRESSES: usize = 6;

#[derive(Debug, Clone)]
enum Step {
    /// The jobs that exist, each with a variant of its configuration.
    Apply(BTreeMap<usize, u8>),
    /// Addresses by job; jobs that are not named keep theirs.
    Send(BTreeMap<usize, BTreeSet<usize>>),
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    let jobs = proptest::collection::btree_map(0..JOBS.len(), 0..4_u8, 0..=JOBS.len());
    let addresses = proptest::collection::btree_set(0..ADDRESSES, 0..=ADDRESSES);
    let sets = proptest::collection::btree_map(0..JOBS.len(), addresses, 0..=JOBS.len());
    prop_oneof![
        2 => jobs.prop_map(Step::Apply),
        3 => sets.prop_map(Step::Send),
        2 => (1..30_000_u16).prop_map(Step::Wait),
    ]
}

/// What should be: configured jobs, the last map, and pools with the addresses they were last synced with.
#[derive(Default)]
struct Model {
    configured: BTreeSet<usize>,
    sent: BTreeMap<usize, BTreeSet<usize>>,
    pools: BTreeMap<usize, BTreeSet<usize>>,
}

impl Model {
    fn reload(&mut self) {
        for (job, addresses) in &self.sent {
            if self.configured.contains(job) {
                self.pools.insert(*job, addresses.clone());
            }
        }
    }

    fn urls(&self) -> BTreeMap<String, BTreeSet<String>> {
        let urls = |addresses: &BTreeSet<usize>| addresses.iter().map(|a| url(*a)).collect();
        self.pools
            .iter()
            .map(|(job, addresses)| (JOBS[*job].to_owned(), urls(addresses)))
            .collect()
    }
}

fn url(address: usize) -> String {
    format!("http://host-{address}:80/metrics")
}

fn running(rig: &Rig) -> BTreeMap<String, BTreeSet<String>> {
    let active = rig.manager.active_targets(None);
    active
        .into_iter()
        .map(|(job, t)| {
            (
                job.to_string(),
                t.into_iter().map(|t| t.scrape_url).collect(),
            )
        })
        .collect()
}

async fn check(steps: Vec<Step>) {
    // Some scrapes are slow, some fail; every third request of a target hangs until its deadline.
    let rig = Rig::prompt(Script::new(|_, n| match n % 3 {
        0 => Reply::text("m 1\n"),
        1 => Reply::After(
            Duration::from_millis(700),
            Box::new(Reply::text("m 1\nn 2\n")),
        ),
        _ => Reply::Hang,
    }));
    // Pass the first reload, which needs a trigger.
    rig.send(sets(&[])).await;
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Apply(jobs) => {
                let configs: Vec<_> = jobs
                    .iter()
                    .map(|(i, variant)| {
                        let mut c = job(JOBS[*i]);
                        c.honor_labels = variant & 1 != 0;
                        c.limits.samples = u64::from(variant & 2) * 50;
                        c
                    })
                    .collect();
                rig.manager
                    .apply_config(&config(&configs))
                    .await
                    .expect("applied");
                model.configured = jobs.into_keys().collect();
                let configured = &model.configured;
                model.pools.retain(|job, _| configured.contains(job));
            }
            Step::Send(addresses) => {
                let set = addresses
                    .iter()
                    .map(|(job, addresses)| {
                        let names: Vec<String> =
                            addresses.iter().map(|a| format!("host-{a}:80")).collect();
                        let names: Vec<&str> = names.iter().map(String::as_str).collect();
                        (JOBS[*job].to_owned(), vec![crate::testing::group(&names)])
                    })
                    .collect();
                rig.send(set).await;
                model.sent = addresses;
            }
            Step::Wait(ms) => rig.wait(Duration::from_millis(ms.into())).await,
        }
        // Whatever is pending is taken over within a reload interval.
        rig.wait(Duration::from_millis(5001)).await;
        model.reload();
        assert_eq!(running(&rig), model.urls());
    }
    // Old loops end within a timeout; then exactly the wanted targets are scraped, each once per interval
    // and job.
    rig.seconds(20).await;
    rig.script.take_calls();
    rig.seconds(100).await;
    let mut scraped: BTreeMap<String, usize> = BTreeMap::new();
    for call in rig.script.calls() {
        *scraped.entry(call.url).or_default() += 1;
    }
    let mut wanted: BTreeMap<String, usize> = BTreeMap::new();
    for url in model.urls().into_values().flatten() {
        *wanted.entry(url).or_default() += 10;
    }
    assert_eq!(scraped, wanted);
    let began = rig.elapsed();
    rig.manager.stop().await;
    assert_eq!(rig.elapsed(), began);
    assert_eq!(rig.script.under_way(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn running_loops_are_the_wanted_ones(steps in proptest::collection::vec(step(), 1..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(check(steps));
    }
}
