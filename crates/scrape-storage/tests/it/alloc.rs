//! The steady state allocates nothing per sample, and a series costs little memory.
#![expect(
    unsafe_code,
    reason = "an allocator that counts can only be written this way; tests only"
)]

use scrape_core::{AppendOpts, Appendable, Labels, SeriesRef, Value};
use scrape_storage::{Store, StoreOptions};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

thread_local! {
    /// (allocations, bytes held) of this thread.
    static COUNT: Cell<(u64, i64)> = const { Cell::new((0, 0)) };
    /// The most bytes held since it was last set.
    static PEAK: Cell<i64> = const { Cell::new(0) };
}

struct Counting;

fn note(allocations: u64, bytes: i64) {
    // A thread that is ending has no counter any more.
    let _ignored = COUNT.try_with(|c| {
        let (n, b) = c.get();
        c.set((n + allocations, b + bytes));
        let _ignored = PEAK.try_with(|p| p.set(p.get().max(b + bytes)));
    });
}

// SAFETY: every call is passed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size() as i64);
        // SAFETY: the caller's obligations are those of the system's allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        note(0, -(layout.size() as i64));
        // SAFETY: as above.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // Where it cannot grow in place, old and new exist together.
        note(1, new_size as i64);
        note(0, -(layout.size() as i64));
        // SAFETY: as above.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn labels(i: usize) -> Labels {
    Labels::from_pairs([
        (
            "__name__",
            format!("http_request_duration_seconds_{}", i % 20),
        ),
        (
            "instance",
            format!("10.0.{}.{}:9100", i / 1000 % 256, i / 256_000),
        ),
        ("job", "node".to_owned()),
        ("path", format!("/api/v1/items/{}", i % 1000)),
    ])
}

fn create(store: &Store, n: usize) -> Vec<(SeriesRef, f64)> {
    let mut refs = Vec::with_capacity(n);
    for from in (0..n).step_by(1000) {
        let mut app = store.appender();
        for i in from..(from + 1000).min(n) {
            let l = labels(i);
            let a = app
                .append(
                    SeriesRef::UNKNOWN,
                    &l,
                    0,
                    1,
                    Value::Float(0.0),
                    &AppendOpts::default(),
                )
                .expect("taken");
            refs.push((a.series, 0.0));
        }
        app.commit().expect("commits");
    }
    refs
}

fn open(dir: &std::path::Path) -> Store {
    let options = StoreOptions {
        future_limit: Duration::ZERO,
        ..StoreOptions::default()
    };
    Store::open(dir, options).expect("opens")
}

#[test]
fn a_batch_commit_allocates_nothing_per_sample() {
    let mut per_commit = Vec::new();
    for n in [100usize, 10_000] {
        let dir = tempfile::tempdir().expect("tempdir");
        let store = open(dir.path());
        let mut batch = create(&store, n);
        let mut refused = Vec::new();
        let mut round = |t: i64| {
            batch
                .iter_mut()
                .enumerate()
                .for_each(|(i, s)| s.1 = t as f64 * 0.37 + i as f64);
            let mut app = store.appender();
            app.append_batch(t, &batch, &mut refused);
            assert_eq!(app.commit().expect("commits").samples, n as u64);
        };
        (2..22).for_each(&mut round);
        let before = COUNT.get().0;
        (22..122).for_each(&mut round);
        per_commit.push((COUNT.get().0 - before) / 100);
        assert!(refused.is_empty());
    }
    println!("allocations per commit of 100 and of 10000 samples: {per_commit:?}");
    assert!(
        per_commit[1] <= per_commit[0] + 1,
        "independent of the number of samples: {per_commit:?}"
    );
    assert!(per_commit[0] <= 4, "{per_commit:?}");
}

#[test]
fn a_large_scrape_holds_20_bytes_per_sample_and_gives_them_back() {
    const N: usize = 1_000_000;
    let dir = tempfile::tempdir().expect("tempdir");
    let store = open(dir.path());
    let mut batch = create(&store, N);
    let mut refused = Vec::new();
    let mut scrape = |t: i64, n: usize, own_times: bool| {
        batch.iter_mut().for_each(|s| s.1 += 1.5);
        let before = COUNT.get().1;
        PEAK.set(before);
        let mut app = store.appender();
        for (i, some) in batch[..n].chunks(500).enumerate() {
            app.append_batch(t + i64::from(own_times) * i as i64, some, &mut refused);
        }
        let appended = COUNT.get().1 - before;
        assert_eq!(app.commit().expect("commits").samples, n as u64);
        let per_sample = |bytes: i64| bytes as f64 / n as f64;
        let (peak, left) = (PEAK.get() - before, COUNT.get().1 - before);
        println!(
            "{n} samples: {:.2} bytes each when appended, {:.2} at most, {left} bytes left",
            per_sample(appended),
            per_sample(peak)
        );
        (per_sample(peak), left)
    };
    scrape(2, 2000, false);
    for (t, own_times) in [(3, false), (10_000, true), (20_000, false)] {
        let (peak, left) = scrape(t, N, own_times);
        // The samples themselves, a record and the buffers of the compression.
        assert!(peak < 20.5, "{peak}");
        // The chunks that are kept for all scrapes, and the buffers of commits.
        assert!(left < 8 * 1024 * 1024, "{left}");
    }
    let (_, left) = scrape(30_000, 2000, false);
    assert!(left < 64 * 1024, "{left}");
    assert!(refused.is_empty());
}

#[test]
fn failed_scrapes_of_new_series_leave_nothing() {
    let dir = tempfile::tempdir().expect("tempdir");
    let store = open(dir.path());
    let refs = create(&store, 2000);
    let mut next = 1_000_000;
    let mut fail = |scrapes: usize| {
        for _ in 0..scrapes {
            let mut app = store.appender();
            for i in next..next + 1000 {
                let l = labels(i);
                let o = AppendOpts::default();
                app.append(SeriesRef::UNKNOWN, &l, 0, 2, Value::Float(0.5), &o)
                    .expect("taken");
            }
            next += 1000;
            app.rollback();
        }
    };
    // Buffers and pool reach their size first.
    fail(20);
    let (series, log, held) = (store.stats().series, store.stats().wal_bytes, COUNT.get().1);
    assert_eq!(series, refs.len() as u64);
    fail(1000);
    let grown = COUNT.get().1 - held;
    println!("{grown} bytes more after a million series of failed scrapes");
    assert_eq!(store.stats().series, series);
    // The page that is being filled may be at another place.
    assert!(grown < 64 * 1024, "{grown}");
    assert_eq!(store.stats().wal_bytes, log, "and nothing in the log");
    let mut refused = Vec::new();
    let mut app = store.appender();
    app.append_batch(3, &refs, &mut refused);
    assert_eq!(refused, []);
    assert_eq!(app.commit().expect("commits").samples, 2000);
}

#[test]
fn a_series_costs_less_than_300_bytes() {
    const N: usize = 100_000;
    let dir = tempfile::tempdir().expect("tempdir");
    let store = open(dir.path());
    // Buffers and pool reach their size first.
    drop(create(&store, 2000));
    let before = COUNT.get().1;
    let refs = create(&store, N);
    let held = COUNT.get().1 - before - (refs.capacity() * 16) as i64;
    let per_series = held as f64 / (N - 2000) as f64;
    let text: usize = (0..N).map(|i| labels(i).heap_bytes()).sum();
    println!(
        "{per_series:.0} bytes per series, of them {:.0} of labels",
        text as f64 / N as f64
    );
    assert!(per_series < 220.0, "{per_series}");
    let told = store.stats().head_bytes as f64 / N as f64;
    assert!(
        (told - per_series).abs() < 40.0,
        "the figure of the statistics is honest: {told} and {per_series}"
    );
}
