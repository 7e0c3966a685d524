//! What a scrape of a known target holds while its body streams in: nothing that grows with the body. Only
//! the transaction of the store grows, with the samples in it.

#![expect(unsafe_code, reason = "a counting allocator needs an unsafe trait")]

use scrape_core::cache::ScrapeCache;
use scrape_core::pass::{PassConfig, Scrape};
use scrape_core::report::Report;
use scrape_core::testing::CountingStore;
use scrape_core::{Appendable, Labels};
use scrape_parse::Format;
use scrape_storage::{Store, StoreOptions};
use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct Tracking;

fn grew(bytes: usize) {
    PEAK.fetch_max(LIVE.fetch_add(bytes, Relaxed) + bytes, Relaxed);
}

// SAFETY: every call goes unchanged to the system allocator; the counters are atomics without memory of
// their own.
unsafe impl GlobalAlloc for Tracking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grew(layout.size());
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // A move holds both for a moment.
        grew(new_size);
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Tracking = Tracking;

/// About 100 bytes of text each: 200 MB in an optimised build.
const SAMPLES: usize = if cfg!(debug_assertions) {
    150_000
} else {
    2_000_000
};
const BLOCK: usize = 64 * 1024;
const SLACK: usize = 4 << 20;
const MIB: f64 = (1 << 20) as f64;

/// Feeds the exposition, a block at a time; returns its size. Every third value depends on the round.
fn stream(scrape: &mut Scrape<'_>, round: usize) -> usize {
    let (mut block, mut bytes) = (Vec::with_capacity(BLOCK), 0);
    let mut line = Vec::new();
    for i in 0..SAMPLES {
        line.clear();
        if i % 1000 == 0 {
            writeln!(line, "# TYPE family_{}_total counter", i / 1000).expect("memory");
        }
        let value = if i % 3 == 0 { i * 7 + round } else { i };
        writeln!(
            line,
            "family_{}_total{{handler=\"/api/v1/resource/{i:07}\",method=\"get\",code=\"200\",zone=\"north\"}} {value}",
            i / 1000
        )
        .expect("memory");
        let mut rest = line.as_slice();
        while !rest.is_empty() {
            let n = rest.len().min(BLOCK - block.len());
            block.extend_from_slice(&rest[..n]);
            rest = &rest[n..];
            if block.len() == BLOCK {
                scrape.feed(&block);
                bytes += block.len();
                block.clear();
            }
        }
    }
    scrape.feed(&block);
    bytes + block.len()
}

/// Scrapes twice; returns the bytes beyond the level before the second scrape at its worst, and the size of
/// its body.
fn peak_of_second_scrape(storage: &dyn Appendable) -> (usize, usize) {
    let (mut cache, cfg) = (ScrapeCache::new(), PassConfig::default());
    let target = Labels::from_pairs([("job", "j"), ("instance", "127.0.0.1:80")]);
    let mut last = (0, 0);
    for round in 0..2usize {
        let t = 1000 * (1 + round as i64);
        let before = LIVE.load(Relaxed);
        PEAK.store(before, Relaxed);
        let mut scrape = Scrape::begin(&mut cache, &cfg, &target, storage, t, t);
        scrape.start_body(Ok(Format::Text));
        let bytes = stream(&mut scrape, round);
        scrape.end_of_body().expect("a good body");
        let (stats, committed) = scrape.report(&Report {
            up: true,
            duration_seconds: 0.5,
            timeout_seconds: 1.0,
            body_bytes: i64::try_from(bytes).expect("fits"),
        });
        committed.expect("a commit");
        let added = if round == 0 { SAMPLES as u64 } else { 0 };
        assert_eq!((stats.total, stats.series_added), (SAMPLES as u64, added));
        last = (PEAK.load(Relaxed) - before, bytes);
    }
    last
}

// One test: the counters are of the whole process.
#[test]
fn a_large_scrape_of_known_series_is_streamed() {
    let (pass, bytes) = peak_of_second_scrape(&CountingStore::new());
    println!(
        "{SAMPLES} samples, body {:.1} MiB: pass alone +{:.2} MiB",
        bytes as f64 / MIB,
        pass as f64 / MIB
    );
    assert!(
        pass < SLACK,
        "{pass} bytes held by the pass for a body of {bytes}"
    );

    let dir = tempfile::TempDir::new().expect("a directory");
    let store = Store::open(dir.path(), StoreOptions::default()).expect("a store");
    let (with_store, _) = peak_of_second_scrape(&store);
    println!(
        "with the store +{:.2} MiB, {:.1} bytes per sample",
        with_store as f64 / MIB,
        with_store as f64 / SAMPLES as f64
    );
    let bound = STORE_BYTES_PER_SAMPLE * SAMPLES + SLACK;
    assert!(with_store < bound, "{with_store} bytes, allowed {bound}");
}

/// A transaction is written whole or not at all: values, what they replace and the encoded records wait for
/// the commit.
const STORE_BYTES_PER_SAMPLE: usize = 64;
