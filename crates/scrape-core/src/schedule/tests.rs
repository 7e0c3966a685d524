use proptest::prelude::*;

use super::*;

const MS: i64 = 1_000_000;
const S: i64 = 1_000 * MS;

/// Well spread hashes, as those of real targets.
fn hash(i: u64) -> u64 {
    twox_hash::XxHash64::oneshot(7, &i.to_le_bytes())
}

#[test]
fn case_039_ten_thousand_targets_spread_evenly() {
    let now = 1_600_000_000_123_456_789;
    let mut buckets = [0_i64; 10];
    for i in 0..10_000 {
        let offset = offset_ns(now, 10 * S, hash(i), 42);
        assert!((0..=10 * S).contains(&offset));
        buckets[usize::try_from((offset / S).min(9)).expect("bucket")] += 1;
    }
    for n in buckets {
        assert!((850..=1150).contains(&n), "{buckets:?}");
    }
}

#[test]
fn case_040_the_seed_follows_host_and_external_labels() {
    let labels = Labels::from_pairs([("cluster", "a")]);
    let seed = offset_seed("host.example.org", &labels);
    assert_eq!(seed, offset_seed("host.example.org", &labels));
    assert_ne!(seed, offset_seed("other.example.org", &labels));
    assert_ne!(
        seed,
        offset_seed("host.example.org", &Labels::from_pairs([("cluster", "b")]))
    );
    assert_ne!(seed, offset_seed("host.example.org", &Labels::empty()));
    assert_eq!(offset_seed("h", &labels), fnv1a_64(&[br#"h{cluster="a"}"#]));
}

#[test]
fn case_042_lateness_within_tolerance_goes_onto_the_grid() {
    let start = 1_000 * S;
    let mut a = Aligner::new(start, 15 * S, DEFAULT_TOLERANCE_NS);
    for (late, want) in [
        (0, 0),
        (MS, 0),
        (2 * MS, 0),
        (2 * MS + 1, 2 * MS + 1),
        (3 * MS, 3 * MS),
        (-MS, 0),
        (-2 * MS, 0),
        (-3 * MS, -3 * MS),
    ] {
        let mut a = a.clone();
        assert_eq!(
            a.align(start + 15 * S + late),
            start + 15 * S + want,
            "{late}"
        );
        assert_eq!(a.align(start + 30 * S + MS), start + 30 * S, "after {late}");
    }
    // Missed slots do not move the grid.
    assert_eq!(a.align(start + 150 * S + MS), start + 150 * S);
    let mut a = Aligner::new(start, 100 * MS, DEFAULT_TOLERANCE_NS);
    assert_eq!(a.align(start + 100 * MS + MS), start + 100 * MS);
    assert_eq!(a.align(start + 200 * MS + 2 * MS), start + 202 * MS);
    let mut off = Aligner::new(start, 15 * S, 0);
    assert_eq!(off.align(start + 15 * S + 1), start + 15 * S + 1);
}

#[test]
fn case_042_a_clock_that_steps_back_starts_a_new_grid() {
    let start = 1_000 * S;
    let mut a = Aligner::new(start, 15 * S, DEFAULT_TOLERANCE_NS);
    let stepped = start - 3600 * S + 7;
    assert_eq!(a.align(stepped), stepped);
    assert_eq!(a.align(stepped + 15 * S + MS), stepped + 15 * S);
    assert_eq!(a.align(stepped + 30 * S - MS), stepped + 30 * S);
}

proptest! {
    #[test]
    fn case_039_slots_are_pinned_to_absolute_time(
        now in -(1_i64 << 60)..(1 << 60), later in 0..(1_i64 << 50), interval in 1..(1_i64 << 55), hash: u64, seed: u64,
    ) {
        let offset = offset_ns(now, interval, hash, seed);
        prop_assert!(offset > 0 && offset <= interval);
        let slot = |now: i64| (now + offset_ns(now, interval, hash, seed)).rem_euclid(interval);
        prop_assert_eq!(slot(now), slot(now + later));
    }

    #[test]
    fn extreme_numbers_do_not_overflow(now: i64, interval: i64, hash: u64, seed: u64, t: i64) {
        let offset = offset_ns(now, interval, hash, seed);
        prop_assert!(offset > 0 && offset <= interval.max(1));
        Aligner::new(now, interval, DEFAULT_TOLERANCE_NS).align(t);
    }

    #[test]
    fn case_042_alignment_moves_a_time_by_at_most_the_tolerance(
        start in 0..(1_i64 << 60), interval in 1..(3600 * S), steps in prop::collection::vec(-(S)..(20 * S), 1..50),
    ) {
        let mut a = Aligner::new(start, interval, DEFAULT_TOLERANCE_NS);
        let mut now = start;
        for step in steps {
            now += step;
            let got = a.align(now);
            prop_assert!((got - now).abs() <= (interval / 100).min(2 * MS));
        }
    }
}
