//! Committing to the store: time, log bytes and allocations per sample for batches of 1000 and 10000 floats
//! of which 30 % change, and replay of what was written. The log is on the filesystem of the temporary
//! directory; syncs are off, because they are off the path.

use criterion::{BenchmarkId, Criterion, Throughput};
use scrape_benches::alloc::{Counting, allocations};
use scrape_core::{AppendOpts, Appendable, Labels, SeriesRef, Value};
use scrape_storage::{Compression, Store, StoreOptions};
use std::path::Path;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn open(dir: &Path, compression: Compression) -> Store {
    let options = StoreOptions {
        compression,
        future_limit: Duration::ZERO,
        sync_interval: Duration::ZERO,
        retention_size: 512 * 1024 * 1024,
        ..StoreOptions::default()
    };
    Store::open(dir, options).expect("opens")
}

fn labels(i: usize) -> Labels {
    Labels::from_pairs([
        ("__name__", format!("http_requests_{}_total", i / 50)),
        ("code", "200".to_owned()),
        ("handler", "/api/v1/query_range".to_owned()),
        ("instance", "10.0.0.1:9100".to_owned()),
        ("job", "node".to_owned()),
        ("shard", i.to_string()),
    ])
}

struct World {
    store: Store,
    batch: Vec<(SeriesRef, f64)>,
    t: i64,
}

impl World {
    fn new(dir: &Path, n: usize, compression: Compression) -> Self {
        let store = open(dir, compression);
        let mut app = store.appender();
        let none = AppendOpts::default();
        let batch = (0..n)
            .map(|i| {
                let v = (1000 * i) as f64;
                let a = app.append(SeriesRef::UNKNOWN, &labels(i), 0, 1, Value::Float(v), &none);
                (a.expect("taken").series, v)
            })
            .collect();
        app.commit().expect("commits");
        Self { store, batch, t: 1 }
    }

    fn scrape(&mut self) {
        self.t += 15_000;
        for (i, (_, v)) in self.batch.iter_mut().enumerate() {
            if i % 10 < 3 {
                *v += 1.0;
            }
        }
        let mut refused = Vec::new();
        let mut app = self.store.appender();
        app.append_batch(self.t, &self.batch, &mut refused);
        let stats = app.commit().expect("commits");
        assert_eq!((stats.samples, refused.len()), (self.batch.len() as u64, 0));
    }
}

fn commits(c: &mut Criterion) {
    let mut group = c.benchmark_group("wal_commit");
    for compression in [Compression::Snappy, Compression::None] {
        for n in [1000usize, 10_000] {
            let dir = tempfile::tempdir().expect("tempdir");
            let mut world = World::new(dir.path(), n, compression);
            (0..20).for_each(|_| world.scrape());
            let (bytes, count) = (world.store.stats().wal_bytes, allocations());
            (0..200).for_each(|_| world.scrape());
            let samples = 200.0 * n as f64;
            println!(
                "{compression:?}/{n}: {:.2} log bytes and {:.5} allocations per sample",
                (world.store.stats().wal_bytes - bytes) as f64 / samples,
                (allocations() - count) as f64 / samples,
            );
            group.throughput(Throughput::Elements(n as u64));
            group.bench_function(BenchmarkId::new(format!("{compression:?}"), n), |b| {
                let mut rounds = 0u32;
                b.iter(|| {
                    world.scrape();
                    rounds += 1;
                    if rounds.is_multiple_of(4096) {
                        // Keeps the disk from filling up.
                        world.store.maintain_now().expect("maintains");
                    }
                });
            });
        }
    }
    group.finish();
}

fn replay(c: &mut Criterion) {
    const SERIES: usize = 100_000;
    const ROUNDS: usize = 20;
    let dir = tempfile::tempdir().expect("tempdir");
    let mut world = World::new(dir.path(), SERIES, Compression::Snappy);
    (0..ROUNDS).for_each(|_| world.scrape());
    world.store.close().expect("closes");
    let s = world.store.stats();
    println!(
        "{:.0} bytes of memory per series",
        s.head_bytes as f64 / SERIES as f64
    );
    drop(world);
    let mut group = c.benchmark_group("wal_replay");
    group.sample_size(10);
    group.throughput(Throughput::Elements((SERIES * (ROUNDS + 1)) as u64));
    group.bench_function("100k_series_21_samples", |b| {
        b.iter(|| {
            let store = open(dir.path(), Compression::Snappy);
            let r = store.stats().replay;
            assert_eq!(
                (r.samples, r.unknown_samples),
                ((SERIES * (ROUNDS + 1)) as u64, 0)
            );
        });
    });
    group.finish();
}

criterion::criterion_group!(benches, commits, replay);
criterion::criterion_main!(benches);
