use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[test]
fn case_027_of_equal_targets_the_first_one_runs_once() {
    let plan = reconcile([5, 7, 5, 9, 7], [9, 1]);
    assert_eq!(
        plan,
        Plan {
            start: vec![0, 1],
            keep: vec![3],
            stop: vec![1],
            n_duplicates: 2
        }
    );
    assert_eq!(plan.n_unique(), 3);
    assert_eq!(reconcile([], []), Plan::default());
}

#[test]
fn case_028_the_limit_counts_unique_targets_and_clears_again() {
    let e = check_target_limit(50, 30).expect_err("over");
    assert_eq!(
        e.to_string(),
        "target_limit exceeded (number of targets: 50, limit: 30)"
    );
    assert_eq!(check_target_limit(50, 50), Ok(()));
    assert!(check_target_limit(41, 40).is_err());
    assert_eq!(check_target_limit(1_000_000, 0), Ok(()));
    let plan = reconcile((0..50).chain(0..50), []);
    assert_eq!(check_target_limit(plan.n_unique(), 50), Ok(()));
}

proptest! {
    #[test]
    fn carrying_out_the_plan_leaves_exactly_the_wanted(
        wanted in prop::collection::vec(0_u64..20, 0..30), running in prop::collection::btree_set(0_u64..20, 0..20),
    ) {
        let plan = reconcile(wanted.iter().copied(), running.iter().copied());
        let mut after = running.clone();
        for hash in &plan.stop {
            prop_assert!(after.remove(hash), "stops what does not run");
        }
        for i in &plan.start {
            prop_assert!(after.insert(wanted[*i]), "starts what runs");
            prop_assert!(!wanted[..*i].contains(&wanted[*i]), "not the first of its kind");
        }
        for i in &plan.keep {
            prop_assert!(running.contains(&wanted[*i]));
        }
        prop_assert_eq!(plan.n_unique() + plan.n_duplicates, wanted.len());
        prop_assert_eq!(after, wanted.into_iter().collect::<BTreeSet<_>>());
    }
}
