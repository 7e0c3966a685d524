//! The protobuf parser by body shape and by path:
//! - `steady`: what a scrape does whose series are all known: keys composed and looked at, no label decoded;
//! - `cold`: every label decoded.
//!
//! Samples are counted, so that a fast wrong parser fails, and the steady path must not allocate.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use scrape_benches::alloc::{Counting, allocations};
use scrape_benches::protobuf::{self, ProtoBody};
use scrape_parse::{Event, Format, LabelSink, Parser, ParserOptions, Step};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

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

fn bench(c: &mut Criterion) {
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
    let mut criterion = Criterion::default().configure_from_args();
    bench(&mut criterion);
    criterion.final_summary();
}
