//! One scrape pass against a store that only counts: nanoseconds and allocations per sample, cache bytes per
//! series, steady state and first scrape, at 1 k, 10 k and 100 k series with 30 % of the values changed; and the
//! steady state of OpenMetrics with an exemplar on nearly every line, 30 % of values and exemplars changed.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use scrape_benches::alloc::{Counting, allocations};
use scrape_benches::bodies::{self, Round};
use scrape_core::testing::{SteadyTarget, counters};
use scrape_parse::Format;
use std::hint::black_box;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("pass");
    for series in [1_000, 10_000, 100_000] {
        let bodies: Vec<String> = (0..2).map(|round| counters(series, round)).collect();
        group.throughput(Throughput::Elements(series as u64));
        let mut world = SteadyTarget::new(Format::Text);
        for i in 0..12 {
            assert_eq!(world.scrape(&bodies[i % 2]).total, series as u64);
        }
        let before = allocations();
        world.scrape(&bodies[0]);
        let per_sample = (allocations() - before) as f64 / series as f64;
        let (beyond, keys) = world.cache.heap_bytes();
        println!(
            "pass/{series}: {per_sample:.4} allocations per sample, cache {} B per series and {} B of key text",
            beyond / series,
            keys / series
        );
        let mut i = 0;
        group.bench_with_input(BenchmarkId::new("steady", series), &bodies, |b, bodies| {
            b.iter(|| {
                i += 1;
                black_box(world.scrape(&bodies[i % 2]).total)
            });
        });
        group.bench_with_input(BenchmarkId::new("first", series), &bodies, |b, bodies| {
            b.iter(|| black_box(SteadyTarget::new(Format::Text).scrape(&bodies[0]).total));
        });
    }
    exemplars(&mut group);
    group.finish();
}

fn exemplars(group: &mut BenchmarkGroup<'_, WallTime>) {
    let rounds = [Round::FIRST, Round::later(30)];
    let bodies = rounds.map(|round| bodies::openmetrics_exemplars(1 << 20, round));
    let n_samples = bodies[0].n_samples;
    let mut world = SteadyTarget::new(Format::OpenMetrics);
    for i in 0..12 {
        assert_eq!(world.scrape(&bodies[i % 2].text).total, n_samples as u64);
    }
    let (beyond, keys) = world.cache.heap_bytes();
    println!(
        "pass/exemplars: cache {} B per series and {} B of key text",
        beyond / n_samples,
        keys / n_samples
    );
    group.throughput(Throughput::Elements(n_samples as u64));
    let mut i = 0;
    group.bench_function("exemplars", |b| {
        b.iter(|| {
            i += 1;
            black_box(world.scrape(&bodies[i % 2].text).total)
        });
    });
}

fn main() {
    let mut c = Criterion::default().sample_size(20).configure_from_args();
    bench(&mut c);
    c.final_summary();
}
