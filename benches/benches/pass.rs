//! One scrape pass against a store that only counts: nanoseconds and allocations per sample, cache bytes per
//! series, steady state and first scrape, at 1 k, 10 k and 100 k series with 30 % of the values changed; and the
//! steady state of OpenMetrics with an exemplar on nearly every line, 30 % of values and exemplars changed.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use scrape_benches::alloc::{Counting, allocations};
use scrape_benches::bodies::{self, Round};
use scrape_core::Labels;
use scrape_core::cache::ScrapeCache;
use scrape_core::pass::{PassConfig, Scrape};
use scrape_core::report::Report;
use scrape_core::testing::CountingStore;
use scrape_parse::Format;
use std::fmt::Write;
use std::hint::black_box;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const BLOCK: usize = 64 * 1024;

fn body(series: usize, round: usize) -> String {
    let mut body = String::new();
    for i in 0..series {
        if i % 50 == 0 {
            let f = i / 50;
            write!(body, "# HELP http_requests_{f}_total Requests handled.\n# TYPE http_requests_{f}_total counter\n")
                .expect("string");
        }
        let value = if i % 10 < 3 {
            1000 * i + round
        } else {
            1000 * i
        };
        let f = i / 50;
        writeln!(body, "http_requests_{f}_total{{handler=\"/api/v1/query_range\",code=\"200\",shard=\"{i}\"}} {value}")
            .expect("string");
    }
    body
}

struct World {
    cache: ScrapeCache,
    cfg: PassConfig,
    target: Labels,
    store: CountingStore,
    format: Format,
    t: i64,
}

impl World {
    fn new(format: Format) -> Self {
        Self {
            cache: ScrapeCache::new(),
            cfg: PassConfig::default(),
            target: Labels::from_pairs([("job", "bench"), ("instance", "127.0.0.1:9100")]),
            store: CountingStore::new(),
            format,
            t: 0,
        }
    }

    fn scrape(&mut self, body: &str) -> u64 {
        self.t += 1000;
        let mut s = Scrape::begin(
            &mut self.cache,
            &self.cfg,
            &self.target,
            &self.store,
            self.t,
            self.t,
        );
        s.start_body(Ok(self.format));
        for block in body.as_bytes().chunks(BLOCK) {
            s.feed(block);
        }
        s.end_of_body().expect("a good body");
        let report = Report {
            up: true,
            duration_seconds: 0.1,
            timeout_seconds: 1.0,
            body_bytes: 0,
        };
        s.report(&report).0.total
    }
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("pass");
    for series in [1_000, 10_000, 100_000] {
        let bodies: Vec<String> = (0..2).map(|round| body(series, round)).collect();
        group.throughput(Throughput::Elements(series as u64));
        let mut world = World::new(Format::Text);
        for i in 0..12 {
            assert_eq!(world.scrape(&bodies[i % 2]), series as u64);
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
                black_box(world.scrape(&bodies[i % 2]))
            });
        });
        group.bench_with_input(BenchmarkId::new("first", series), &bodies, |b, bodies| {
            b.iter(|| black_box(World::new(Format::Text).scrape(&bodies[0])));
        });
    }
    exemplars(&mut group);
    group.finish();
}

fn exemplars(group: &mut BenchmarkGroup<'_, WallTime>) {
    let rounds = [Round::FIRST, Round::later(30)];
    let bodies = rounds.map(|round| bodies::openmetrics_exemplars(1 << 20, round));
    let n_samples = bodies[0].n_samples;
    let mut world = World::new(Format::OpenMetrics);
    for i in 0..12 {
        assert_eq!(world.scrape(&bodies[i % 2].text), n_samples as u64);
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
            black_box(world.scrape(&bodies[i % 2].text))
        });
    });
}

fn main() {
    let mut c = Criterion::default().sample_size(20).configure_from_args();
    bench(&mut c);
    c.final_summary();
}
