//! The steady state allocates per scrape, never per sample, and the cache stays within its budget per series.

#![expect(unsafe_code, reason = "a counting allocator needs an unsafe trait")]

use scrape_core::testing::{SteadyTarget, counters, family_head};
use scrape_parse::Format;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Write;

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

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        ALLOCATIONS.with(|n| n.set(n.get() + 1));
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SERIES: usize = 10_000;

#[test]
fn the_steady_state_allocates_nothing_per_sample() {
    let mut w = SteadyTarget::new(Format::Text);
    for round in 0..12 {
        let stats = w.scrape(&counters(SERIES, round));
        assert_eq!(stats.total, SERIES as u64);
    }
    let next = counters(SERIES, 12);
    let before = ALLOCATIONS.with(Cell::get);
    let stats = w.scrape(&next);
    let allocations = ALLOCATIONS.with(Cell::get) - before;
    assert_eq!(
        (stats.total, stats.added, stats.series_added),
        (SERIES as u64, SERIES as u64, 0)
    );
    assert!(
        allocations < 20,
        "{allocations} allocations for {SERIES} samples"
    );
    assert_eq!(w.store.samples(), 13 * (SERIES as u64 + 5));
}

#[test]
fn the_cache_stays_within_ninety_bytes_per_series_beyond_the_key_text() {
    let mut w = SteadyTarget::new(Format::Text);
    for round in 0..12 {
        w.scrape(&counters(SERIES, round));
    }
    let (beyond, _) = w.cache.heap_bytes();
    let per_series = beyond / SERIES;
    assert!(per_series <= 90, "{per_series} bytes per series");
}

#[test]
fn a_series_with_an_exemplar_pays_for_its_text_rounded_up_and_no_other_does() {
    let body = |round: usize, exemplars: bool| {
        let mut body = String::from("# TYPE rpc counter\n");
        for i in 0..SERIES {
            write!(body, "rpc_total{{i=\"{i}\"}} {i}").expect("string");
            if exemplars {
                let trace = i * 7919 + round;
                write!(
                    body,
                    " # {{trace_id=\"{trace:032x}\"}} 0.{i} 1700000000.{i}"
                )
                .expect("string");
            }
            body.push('\n');
        }
        body + "# EOF\n"
    };
    let [without, with] = [false, true].map(|exemplars| {
        let mut w = SteadyTarget::new(Format::OpenMetrics);
        for round in 0..12 {
            w.scrape(&body(round, exemplars));
        }
        w.cache.heap_bytes().0 / SERIES
    });
    assert!(without <= 90, "{without} bytes per series");
    // The longest text here: 48 bytes of labels, 7 of value, 16 of time.
    let texts = with - without;
    assert!((64..=80).contains(&texts), "{texts} bytes per exemplar");
}

#[test]
fn a_family_costs_its_lines_and_little_more() {
    let mut w = SteadyTarget::new(Format::Text);
    for round in 0..12 {
        w.scrape(&counters(SERIES, round));
    }
    let families = w.cache.metadata().len();
    let lines = family_head(10).len();
    let each = w.cache.metadata().heap_bytes() / families;
    assert!(
        each <= lines + 130,
        "{each} bytes per family, its lines {lines}"
    );
}
