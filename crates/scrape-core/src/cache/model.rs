//! The cache against two plain sets: random series, failures, evictions and undone iterations.

use super::entry::Kind;
use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

#[derive(Debug, Clone)]
enum Op {
    /// A line of series `n` (several lines may name one series), appended and tracked or not.
    Line {
        key: u8,
        tracked: bool,
    },
    Dropped(u8),
    End {
        flush: bool,
    },
    Undo,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (0u8..24, any::<bool>()).prop_map(|(key, t)| Op::Line { key, tracked: t }),
        1 => (200u8..206).prop_map(Op::Dropped),
        2 => any::<bool>().prop_map(|flush| Op::End { flush }),
        1 => Just(Op::Undo),
    ]
}

/// Keys 0..24 name series 1..=12: key n and key n + 12 are two spellings of one.
fn series_of(key: u8) -> SeriesRef {
    SeriesRef(u64::from(key % 12) + 1)
}

fn line(
    cache: &mut ScrapeCache,
    at: &mut EntryId,
    key: &[u8],
    kind: Kind,
    series: SeriesRef,
) -> EntryId {
    let context = LabelContext::Other;
    let predicted = cache.successor(*at);
    let hit = cache
        .entry(predicted)
        .is_some_and(|e| e.kind != Kind::Free && cache.key(e) == key);
    let id = if hit {
        Some(predicted)
    } else {
        cache.lookup(key, context)
    };
    let id = id.unwrap_or_else(|| cache.insert(key, context, kind, series).expect("small"));
    cache.link(*at, id);
    *at = id;
    cache.see(id);
    id
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn stale_series_are_exactly_previous_minus_current(ops in prop::collection::vec(op(), 0..200)) {
        let mut cache = ScrapeCache::new();
        let (mut before, mut now) = (BTreeSet::new(), BTreeSet::new());
        let mut seen: BTreeSet<u8> = BTreeSet::new();
        let mut cached: BTreeSet<u8> = BTreeSet::new();
        let mut created: BTreeSet<u8> = BTreeSet::new();
        let mut at = NONE;
        for op in ops {
            match op {
                Op::Line { key, tracked } => {
                    let id = line(&mut cache, &mut at, &[b'k', key], Kind::Series, series_of(key));
                    if tracked {
                        cache.track(id);
                        now.insert(series_of(key));
                    }
                    seen.insert(key);
                    if cached.insert(key) {
                        created.insert(key);
                    }
                }
                Op::Dropped(key) => {
                    line(&mut cache, &mut at, &[b'k', key], Kind::Dropped, SeriesRef::UNKNOWN);
                    seen.insert(key);
                    if cached.insert(key) {
                        created.insert(key);
                    }
                }
                Op::End { flush } => {
                    let mut stale = BTreeSet::new();
                    cache.for_each_stale(|_, e| assert!(stale.insert(e.series), "one marker each"));
                    let expected: BTreeSet<_> = before.difference(&now).copied().collect();
                    prop_assert_eq!(stale, expected);
                    cache.end_iteration(flush);
                    before = std::mem::take(&mut now);
                    if flush {
                        cached = seen.clone();
                    }
                    seen.clear();
                    created.clear();
                    at = NONE;
                }
                Op::Undo => {
                    cache.undo_iteration();
                    now.clear();
                    seen.clear();
                    for key in std::mem::take(&mut created) {
                        cached.remove(&key);
                    }
                    at = NONE;
                }
            }
            prop_assert_eq!(cache.len(), cached.len());
            for key in &cached {
                prop_assert!(cache.lookup(&[b'k', *key], LabelContext::Other).is_some());
            }
        }
    }
}

#[test]
fn the_index_is_given_back_while_the_order_holds_and_comes_back_when_it_does_not() {
    let mut cache = ScrapeCache::new();
    let keys: Vec<[u8; 2]> = (0..100).map(|i| [b'a', i]).collect();
    for round in 0..20 {
        let mut at = NONE;
        for k in &keys {
            line(
                &mut cache,
                &mut at,
                k,
                Kind::Series,
                SeriesRef(u64::from(k[1]) + 1),
            );
        }
        cache.end_iteration(true);
        assert_eq!(
            cache.index.is_some(),
            round < usize::from(INDEX_IDLE_ITERATIONS)
        );
    }
    assert!(cache.lookup(&keys[50], LabelContext::Other).is_some());
    assert!(cache.lookup(b"zz", LabelContext::Other).is_none());
    assert!(cache.index.is_some());
}

#[test]
fn key_text_of_removed_lines_is_given_back() {
    let mut cache = ScrapeCache::new();
    for round in 0..50u8 {
        let mut at = NONE;
        for i in 0..100u8 {
            line(
                &mut cache,
                &mut at,
                &[round, i, 0, 0, 0, 0, 0, 0],
                Kind::Series,
                SeriesRef(1),
            );
        }
        cache.end_iteration(true);
        assert_eq!(cache.len(), 100);
    }
    assert!(
        cache.keys.len() <= 2 * 100 * 8 + 100 * 8,
        "{}",
        cache.keys.len()
    );
    assert!(cache.entries.len() <= 200);
}
