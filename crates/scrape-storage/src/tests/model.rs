//! Random operations on the store and on a plain map, and many threads at once.

use super::*;
use proptest::prelude::*;
use scrape_core::sample::stale_nan;

#[derive(Debug, Clone)]
enum Op {
    /// A transaction of (series, milliseconds after the last, value), committed or not.
    Scrape {
        samples: Vec<(u8, i64, u8)>,
        commit: bool,
    },
    /// The same through references.
    Batch {
        series: Vec<u8>,
        step: i64,
        value: u8,
    },
    /// The disk is full during the next commit.
    Full(u64),
    Maintain(i64),
    Reopen,
    Kill,
}

fn op() -> impl Strategy<Value = Op> {
    let sample = (0u8..12, -3i64..40, 0u8..4);
    prop_oneof![
        4 => (prop::collection::vec(sample, 1..12), prop::bool::weighted(0.9))
            .prop_map(|(samples, commit)| Op::Scrape { samples, commit }),
        4 => (prop::collection::vec(0u8..12, 1..12), -3i64..40, 0u8..4)
            .prop_map(|(series, step, value)| Op::Batch { series, step, value }),
        1 => (0u64..200).prop_map(Op::Full),
        1 => (0i64..5).prop_map(|h| Op::Maintain(h * 60 * MINUTE)),
        1 => Just(Op::Reopen),
        1 => Just(Op::Kill),
    ]
}

fn value(v: u8) -> f64 {
    if v == 3 { stale_nan() } else { f64::from(v) }
}

/// The accepted samples of each series, by time.
#[derive(Debug, Default)]
struct Model {
    all: BTreeMap<(String, i64), u64>,
    last: BTreeMap<u8, (i64, u64)>,
}

impl Model {
    /// What the rules say of a sample, and its storage.
    fn take(&mut self, s: u8, t: i64, v: f64, min_valid: i64) {
        let (bits, last) = (v.to_bits(), self.last.get(&s).copied());
        if t >= min_valid && last.is_none_or(|(lt, _)| t > lt) {
            self.last.insert(s, (t, bits));
            self.all
                .insert((series(&format!("m{s}")).to_string(), t), bits);
        }
    }
}

fn run(ops: Vec<Op>) {
    let mut f = Fixture::new();
    f.options.future_limit = std::time::Duration::ZERO;
    f.options.retention = std::time::Duration::ZERO;
    f.options.segment_bytes = 32 * 1024;
    let mut store = f.open();
    let (mut model, mut now, mut max_t) = (Model::default(), NOW, None::<i64>);
    for op in ops {
        // Empty store: the first accepted sample sets the range, which this model leaves to the samples.
        let min_valid = max_t.map_or(i64::MIN, |m| m - 60 * MINUTE);
        match op {
            Op::Scrape { samples, commit } => {
                let mut app = store.appender();
                let mut taken = Vec::new();
                for (s, step, v) in samples {
                    let (l, v) = (series(&format!("m{s}")), value(v));
                    if app
                        .append(
                            SeriesRef::UNKNOWN,
                            &l,
                            0,
                            now + step,
                            Value::Float(v),
                            &AppendOpts::default(),
                        )
                        .is_ok()
                    {
                        taken.push((s, now + step, v));
                    }
                }
                if !commit {
                    drop(app);
                } else if app.commit().is_ok() {
                    taken
                        .into_iter()
                        .for_each(|(s, t, v)| model.take(s, t, v, min_valid));
                }
            }
            Op::Batch {
                series: list,
                step,
                value: v,
            } => {
                let v = value(v);
                let refs: Vec<_> = list
                    .iter()
                    .map(|s| {
                        (
                            SeriesRef(store.0.head.find(&series(&format!("m{s}"))).unwrap_or(0)),
                            v,
                        )
                    })
                    .collect();
                let mut refused = Vec::new();
                let mut app = store.appender();
                app.append_batch(now + step, &refs, &mut refused);
                assert!(refused.is_sorted_by_key(|(i, _)| *i));
                if app.commit().is_ok() {
                    let no = |i: usize| refused.iter().any(|(k, _)| *k == i);
                    for (_, s) in list.iter().enumerate().filter(|(i, _)| !no(*i)) {
                        model.take(*s, now + step, v, min_valid);
                    }
                }
            }
            Op::Full(free) => {
                f.fs.set_free(Some(free));
                continue;
            }
            Op::Maintain(ms) => {
                now += ms;
                f.clock.set_ms(now);
                // On a full disk it may fail; nothing may be lost by that.
                let _result = store.maintain_now();
            }
            Op::Reopen => {
                f.fs.set_free(None);
                drop(store);
                store = f.open();
            }
            Op::Kill => {
                f.fs.set_free(None);
                let disk = f.fs.after_kill();
                drop(store);
                f.fs = disk;
                store = f.open();
                assert_eq!(store.stats().replay.unknown_samples, 0);
            }
        }
        f.fs.set_free(None);
        now += 20;
        max_t = model.all.keys().map(|(_, t)| *t).max();
        assert_eq!(f.floats(), model.all);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_log_holds_what_the_rules_accept(ops in prop::collection::vec(op(), 1..40)) {
        run(ops);
    }
}

#[test]
fn many_threads_lose_nothing() {
    let f = Fixture::new();
    let store = f.open();
    const THREADS: i64 = 4;
    const ROUNDS: i64 = 60;
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = store.clone();
            scope.spawn(move || {
                let mut refs = Vec::new();
                for t in 0..ROUNDS {
                    let mut app = store.appender();
                    if t == 0 {
                        for i in 0..150 {
                            let l = series(&format!("t{thread}_{i}"));
                            let a = app.append(
                                SeriesRef::UNKNOWN,
                                &l,
                                0,
                                NOW,
                                Value::Float(0.0),
                                &AppendOpts::default(),
                            );
                            refs.push((a.expect("taken").series, 0.0));
                        }
                    } else {
                        let mut refused = Vec::new();
                        app.append_batch(NOW + t, &refs, &mut refused);
                        assert_eq!(refused, []);
                    }
                    // Everybody wants this one at this time; the value is the same, so one is stored.
                    app.append(
                        SeriesRef::UNKNOWN,
                        &series("shared"),
                        0,
                        NOW + t,
                        Value::Float(1.0),
                        &AppendOpts::default(),
                    )
                    .ok();
                    app.commit().expect("commits");
                }
            });
        }
        let store = store.clone();
        scope.spawn(move || {
            for _ in 0..40 {
                store.maintain_now().expect("maintains");
                assert!(store.stats().open_appenders <= THREADS as u64);
            }
        });
    });
    let floats = f.floats();
    let own = floats.keys().filter(|(l, _)| !l.contains("shared")).count() as i64;
    assert_eq!(own, THREADS * ROUNDS * 150);
    let s = store.stats();
    assert_eq!(
        s.float_samples,
        floats.len() as u64,
        "stored is what was counted"
    );
    assert_eq!((s.series, s.open_appenders), (THREADS as u64 * 150 + 1, 0));
}
