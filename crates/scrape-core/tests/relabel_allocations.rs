//! Rules that match nothing allocate nothing, whatever way their patterns are matched.

#![expect(unsafe_code, reason = "a counting allocator needs an unsafe trait")]

use scrape_core::Labels;
use scrape_core::relabel::{RelabelConfig, Rule, apply};
use scrape_parse::names::ValidationScheme;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes unchanged to the system allocator; counting touches only a thread-local cell that
// needs no allocation and no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|n| n.set(n.get() + 1));
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn rules_that_match_nothing_allocate_nothing() {
    let rules: Vec<RelabelConfig> = serde_yaml::from_str(
        r#"
        - {source_labels: [__name__], action: drop, regex: "go_gc_.*|process_fds"}
        - {source_labels: [__name__, job], action: drop, regex: "a;b|c;d"}
        - {source_labels: [__name__, job], regex: "(.+)_x;(.+)", target_label: y}
        - {action: labeldrop, regex: "pod|container_[0-9]+"}
        - {action: labelmap, regex: "__meta_(.+)"}
        - {source_labels: [job], target_label: z, action: dropequal}
        - {source_labels: [job], target_label: job, regex: "no", replacement: "$1"}
        "#,
    )
    .expect("rules");
    let rules: Vec<Rule> = rules
        .iter()
        .map(|c| Rule::compile(c, ValidationScheme::Utf8).expect("rule"))
        .collect();
    let labels = Labels::from_pairs([
        ("__name__", "node_cpu_seconds_total"),
        ("cpu", "0"),
        ("instance", "host:9100"),
        ("job", "node"),
    ]);
    let mut builder = labels.to_builder();
    // The first runs fill the engine's caches and the room for joined values.
    for _ in 0..10 {
        assert!(apply(&rules, &mut builder));
    }
    let before = ALLOCATIONS.get();
    for _ in 0..1000 {
        assert!(apply(&rules, &mut builder));
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
    assert_eq!(builder.labels(), labels);
}
