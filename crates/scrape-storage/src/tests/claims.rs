//! Series of transactions that fail: gone at once, unless another transaction counts on them.

use super::*;
use proptest::prelude::*;
use scrape_core::Appender;
use std::collections::{BTreeSet, HashMap};

fn add(app: &mut dyn Appender, r: SeriesRef, name: &str, t: i64) -> Result<SeriesRef, AppendError> {
    let o = AppendOpts::default();
    app.append(r, &series(name), 0, t, Value::Float(t as f64), &o)
        .map(|a| a.series)
}

fn new(app: &mut dyn Appender, name: &str, t: i64) -> SeriesRef {
    add(app, SeriesRef::UNKNOWN, name, t).expect("taken")
}

/// Opens the log again: nothing in it may be without a series.
fn reopened(f: &Fixture, store: Store) -> Store {
    store.close().expect("closes");
    drop(store);
    let again = f.open();
    assert_eq!(again.stats().replay.unknown_samples, 0);
    again
}

#[test]
fn a_reference_to_a_series_that_was_given_up_is_unknown() {
    let f = Fixture::new();
    let store = f.open();
    let mut failing = store.appender();
    let old = new(&mut *failing, "a", NOW);
    failing.rollback();
    assert_eq!((store.stats().series, store.labels(old)), (0, None));
    let mut app = store.appender();
    let none = Labels::empty();
    let o = AppendOpts::default();
    assert_eq!(
        app.append(old, &none, 0, NOW, Value::Float(1.0), &o),
        Err(AppendError::NotFound)
    );
    let mut refused = Vec::new();
    app.append_batch(NOW, &[(old, 1.0)], &mut refused);
    assert_eq!(refused, [(0, AppendError::NotFound)]);
    let other = new(&mut *app, "b", NOW);
    let again = add(&mut *app, old, "a", NOW).expect("created anew");
    assert!(other > old && again > old, "ids are not used twice");
    app.commit().expect("commits");
    let s = store.stats();
    assert_eq!((s.series, s.series_created, s.series_removed), (2, 3, 1));
    assert_eq!(reopened(&f, store).stats().series, 2);
}

#[test]
fn a_series_that_another_transaction_got_stays() {
    for by_ref in [false, true] {
        for first_commits in [false, true] {
            let f = Fixture::new();
            let store = f.open();
            let (mut a, mut b) = (store.appender(), store.appender());
            let r = new(&mut *a, "s", NOW);
            if by_ref {
                let mut refused = Vec::new();
                b.append_batch(NOW + 1, &[(r, 1.0)], &mut refused);
                assert_eq!(refused, []);
            } else {
                assert_eq!(new(&mut *b, "s", NOW + 1), r);
                // Again, which does not count twice.
                assert_eq!(new(&mut *b, "s", NOW + 2), r);
            }
            let (stays, goes) = if first_commits { (a, b) } else { (b, a) };
            goes.rollback();
            assert_eq!(store.labels(r), Some(series("s")));
            assert!(stays.commit().expect("commits").samples > 0);
            assert_eq!(reopened(&f, store).stats().series, 1);
        }
    }
}

#[test]
fn a_series_goes_with_the_last_transaction_that_got_it() {
    let f = Fixture::new();
    let store = f.open();
    let mut open: Vec<_> = (0..5).map(|_| store.appender()).collect();
    for app in &mut open {
        new(&mut **app, "s", NOW);
    }
    for app in open {
        assert_eq!(store.stats().series, 1);
        app.rollback();
    }
    assert_eq!(store.stats().series, 0);
    assert_eq!(reopened(&f, store).stats().replay.records, 0);
}

#[test]
fn a_commit_that_fails_gives_its_series_up() {
    let f = Fixture::new();
    let store = f.open();
    put(&store, &series("old"), NOW, 1.0).expect("first");
    f.fs.set_free(Some(0));
    let (mut a, mut b) = (store.appender(), store.appender());
    let r = new(&mut *a, "shared", NOW + 1);
    new(&mut *a, "own", NOW + 1);
    assert_eq!(new(&mut *b, "shared", NOW + 2), r);
    a.commit().expect_err("the disk is full");
    assert_eq!(store.stats().series, 2, "own is gone");
    b.commit().expect_err("the disk is full");
    assert_eq!(store.stats().series, 1);
    f.fs.set_free(None);
    put(&store, &series("shared"), NOW + 1, 1.0).expect("room again");
    assert_eq!(reopened(&f, store).stats().series, 2);
}

#[derive(Debug, Clone)]
enum Op {
    /// Transaction, series, by a reference that was seen before.
    Append(usize, u8, bool),
    End {
        txn: usize,
        commit: bool,
        full: bool,
    },
    Maintain,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0usize..4, 0u8..8, any::<bool>()).prop_map(|(a, s, r)| Op::Append(a, s, r)),
        3 => (0usize..4, any::<bool>(), prop::bool::weighted(0.2))
            .prop_map(|(txn, commit, full)| Op::End { txn, commit, full }),
        1 => Just(Op::Maintain),
    ]
}

/// Open transactions side by side: what a commit stored stays, what only failed ones knew is gone when the
/// last of them ends.
fn run(ops: Vec<Op>) {
    let f = Fixture::new();
    let store = f.open();
    let mut open: Vec<_> = (0..4)
        .map(|_| (store.appender(), BTreeSet::new()))
        .collect();
    let mut committed = BTreeSet::new();
    let mut name_of: HashMap<SeriesRef, u8> = HashMap::new();
    let mut newest: HashMap<u8, SeriesRef> = HashMap::new();
    let mut t = NOW;
    for op in ops {
        match op {
            Op::Append(at, s, by_ref) => {
                t += 1;
                let (app, mine) = &mut open[at];
                let r = if by_ref { newest.get(&s) } else { None };
                let r = r.copied().unwrap_or_default();
                // Out of order is possible, as another transaction may have committed a newer one.
                if let Ok(got) = add(&mut **app, r, &format!("s{s}"), t) {
                    assert_eq!(*name_of.entry(got).or_insert(s), s, "one name for ever");
                    newest.insert(s, got);
                    mine.insert(s);
                }
            }
            Op::End { txn, commit, full } => {
                let (app, mine) =
                    std::mem::replace(&mut open[txn], (store.appender(), BTreeSet::new()));
                f.fs.set_free(full.then_some(0));
                if commit && app.commit().is_ok() {
                    committed.extend(mine);
                }
                f.fs.set_free(None);
            }
            Op::Maintain => {
                store.maintain_now().expect("maintains");
            }
        }
        let held = open.iter().flat_map(|(_, mine)| mine).chain(&committed);
        let held: BTreeSet<_> = held.collect();
        assert_eq!(store.stats().series, held.len() as u64);
    }
    drop(open);
    assert_eq!(store.stats().series, committed.len() as u64);
    f.dump();
    assert_eq!(reopened(&f, store).stats().series, committed.len() as u64);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn failed_transactions_leave_no_series(ops in prop::collection::vec(op(), 1..60)) {
        run(ops);
    }
}
