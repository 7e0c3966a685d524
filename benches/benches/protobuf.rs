//! The protobuf parser by body shape and by path:
//! - `steady`: what a scrape does whose series are all known: keys composed and looked at, no label decoded;
//! - `cold`: every label decoded;
//! - `pass`: a whole scrape of known series, cache and all, against a store that only counts;
//! - `floor`: the body copied once, which is about what composing the keys costs, and its samples taken as known.
//!
//! Samples are counted, so that a fast wrong parser fails, and the steady path must not allocate.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use scrape_benches::alloc::{Counting, allocations};
use scrape_benches::protobuf::{self, ProtoBody};
use scrape_benches::table::{self, Path, Table, Whose};
use scrape_core::Labels;
use scrape_core::cache::ScrapeCache;
use scrape_core::pass::{PassConfig, Scrape};
use scrape_core::report::Report;
use scrape_core::testing::CountingStore;
use scrape_parse::{Event, Format, LabelSink, Parser, ParserOptions, Step};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The messages for `prost`, as far as the bodies use them.
mod messages {
    use prost::Message;

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct MetricFamily {
        #[prost(string, tag = "1")]
        pub(super) name: String,
        #[prost(string, tag = "2")]
        pub(super) help: String,
        #[prost(int32, tag = "3")]
        pub(super) kind: i32,
        #[prost(message, repeated, tag = "4")]
        pub(super) metric: Vec<Metric>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Metric {
        #[prost(message, repeated, tag = "1")]
        pub(super) label: Vec<LabelPair>,
        #[prost(message, optional, tag = "2")]
        pub(super) gauge: Option<Number>,
        #[prost(message, optional, tag = "3")]
        pub(super) counter: Option<Number>,
        #[prost(message, optional, tag = "7")]
        pub(super) histogram: Option<Histogram>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct LabelPair {
        #[prost(string, tag = "1")]
        pub(super) name: String,
        #[prost(string, tag = "2")]
        pub(super) value: String,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Number {
        #[prost(double, tag = "1")]
        pub(super) value: f64,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Histogram {
        #[prost(uint64, tag = "1")]
        pub(super) count: u64,
        #[prost(double, tag = "2")]
        pub(super) sum: f64,
        #[prost(message, repeated, tag = "3")]
        pub(super) bucket: Vec<Bucket>,
        #[prost(sint32, tag = "5")]
        pub(super) schema: i32,
        #[prost(double, tag = "6")]
        pub(super) zero_threshold: f64,
        #[prost(message, repeated, tag = "12")]
        pub(super) positive_span: Vec<Span>,
        #[prost(sint64, repeated, tag = "13")]
        pub(super) positive_delta: Vec<i64>,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Bucket {
        #[prost(uint64, tag = "1")]
        pub(super) count: u64,
        #[prost(double, tag = "2")]
        pub(super) bound: f64,
    }

    #[derive(Clone, PartialEq, Message)]
    pub(super) struct Span {
        #[prost(sint32, tag = "1")]
        pub(super) offset: i32,
        #[prost(uint32, tag = "2")]
        pub(super) length: u32,
    }
}

/// Samples that `prost` decodes, family by family; the +Inf bucket that the parser adds is counted too.
fn prost(mut body: &[u8]) -> usize {
    use prost::Message;
    let mut n = 0;
    while !body.is_empty() {
        let family = messages::MetricFamily::decode_length_delimited(&mut body)
            .expect("a well-formed message");
        for metric in &black_box(&family).metric {
            n += match &metric.histogram {
                Some(h) if h.positive_span.is_empty() => h.bucket.len() + 3,
                _ => 1,
            };
        }
    }
    n
}

/// Looks at every label and keeps nothing.
#[derive(Default)]
struct Sum(usize);

impl LabelSink for Sum {
    fn label(&mut self, name: &[u8], value: &[u8]) {
        self.0 += name.len() + value.len();
    }
}

/// One pass; `labels` says whether they are decoded. Answers samples and something of everything read.
fn pass(parser: &mut Parser, body: &[u8], labels: bool) -> (usize, u64) {
    parser.reset();
    let mut cursor = parser.feed(body, true);
    let (mut samples, mut digest, mut sum) = (0, 0u64, Sum::default());
    while let Step::Event(event) = cursor.next().expect("a good body") {
        match event {
            Event::Series(series) => {
                samples += 1;
                digest ^= series.value.to_bits() ^ series.key.len() as u64;
                if labels {
                    series.labels(&mut sum).expect("good labels");
                }
            }
            Event::Histogram(series) => {
                samples += 1;
                digest ^= series.key.len() as u64;
                if labels {
                    series.labels(&mut sum).expect("good labels");
                }
            }
            _ => {}
        }
    }
    (samples, digest ^ sum.0 as u64)
}

/// A target whose series are known after the first scrape.
struct World {
    cache: ScrapeCache,
    cfg: PassConfig,
    target: Labels,
    store: CountingStore,
    t: i64,
}

impl World {
    fn new() -> Self {
        Self {
            cache: ScrapeCache::new(),
            cfg: PassConfig {
                native_histograms: true,
                ..PassConfig::default()
            },
            target: Labels::from_pairs([("job", "bench"), ("instance", "127.0.0.1:9100")]),
            store: CountingStore::new(),
            t: 0,
        }
    }

    fn scrape(&mut self, body: &[u8]) -> usize {
        const BLOCK: usize = 64 << 10;
        self.t += 1000;
        let (cache, cfg) = (&mut self.cache, &self.cfg);
        let mut scrape = Scrape::begin(cache, cfg, &self.target, &self.store, self.t, self.t);
        scrape.start_body(Ok(Format::Protobuf));
        for block in body.chunks(BLOCK) {
            scrape.feed(block);
        }
        scrape.end_of_body().expect("a good body");
        let report = Report {
            up: true,
            duration_seconds: 0.1,
            timeout_seconds: 1.0,
            body_bytes: 0,
        };
        scrape.report(&report).0.total as usize
    }
}

fn tabulate(table: &mut Table, shape: &str, body: &ProtoBody, options: ParserOptions) {
    let n_bytes = body.bytes.len();
    let (mut steady, mut cold) = (Parser::new(options), Parser::new(options));
    let mut world = World::new();
    let mut copy = Vec::with_capacity(n_bytes);
    let path = |name, whose, run| Path {
        name,
        whose,
        n_bytes,
        run,
    };
    let floor = || {
        copy.clear();
        copy.extend_from_slice(black_box(&body.bytes));
        black_box(&copy);
        body.n_samples
    };
    let paths: Vec<Path<'_>> = vec![
        path("floor (copy)", Whose::Floor, Box::new(floor)),
        path(
            "steady, no labels",
            Whose::Ours,
            Box::new(|| pass(&mut steady, &body.bytes, false).0),
        ),
        path(
            "cold, full decode",
            Whose::Ours,
            Box::new(|| pass(&mut cold, &body.bytes, true).0),
        ),
        path(
            "pass, series known",
            Whose::Ours,
            Box::new(|| world.scrape(&body.bytes)),
        ),
        path("prost", Whose::Published, Box::new(|| prost(&body.bytes))),
    ];
    table.measure(shape, body.n_samples, paths);
}

fn bench(c: &mut Criterion, table: &mut Table) {
    const SIZE: usize = 4 << 20;
    let shapes: [(&str, ProtoBody); 3] = [
        ("counters_6x", protobuf::counters_6x(SIZE)),
        (
            "histograms_20_buckets",
            protobuf::histograms_20_buckets(SIZE),
        ),
        ("native_60_buckets", protobuf::native_60_buckets(SIZE)),
    ];
    let mut group = c.benchmark_group("protobuf");
    for (shape, body) in &shapes {
        let options = ParserOptions {
            native_histograms: true,
            ..ParserOptions::new(Format::Protobuf)
        };
        if table::wanted() {
            tabulate(table, shape, body, options);
        }
        let mut parser = Parser::new(options);
        assert_eq!(
            pass(&mut parser, &body.bytes, true).0,
            body.n_samples,
            "{shape}"
        );
        let before = allocations();
        assert_eq!(
            pass(&mut parser, &body.bytes, false).0,
            body.n_samples,
            "{shape}"
        );
        assert_eq!(allocations(), before, "{shape}: the steady path allocates");
        println!(
            "{shape}: {:.1} bytes per sample",
            body.bytes.len() as f64 / body.n_samples as f64
        );

        group.throughput(Throughput::Bytes(body.bytes.len() as u64));
        for (path, labels) in [("steady", false), ("cold", true)] {
            group.bench_function(BenchmarkId::new(path, shape), |b| {
                b.iter(|| black_box(pass(&mut parser, black_box(&body.bytes), labels)));
            });
        }
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20)
        .configure_from_args();
    let mut table = Table::default();
    bench(&mut criterion, &mut table);
    criterion.final_summary();
    if table::wanted() {
        table.print();
    }
}
