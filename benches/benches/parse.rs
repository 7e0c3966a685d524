//! Parsing alone, by body shape and by path:
//! - `predicted/0`, `predicted/30`: every line is the expected one, none or 30 % of the values differ;
//! - `scanned`: keys found by delimiters and recognised by length and bytes, as after a change of order;
//! - `cold`: full grammar and every label decoded;
//! - `floor`: line feeds found and the last word of each line parsed, which is not parsing but bounds it.
//!
//! Bytes and samples are checked, so that a fast wrong parser fails; the paths a scrape takes must not
//! allocate. `SCRAPE_CORPORA` or `../shared/corpora` adds the body of published figures, if it is there;
//! `SCRAPE_BENCH_BODY=FILE` adds the text of a live exporter. The table at the end sets every path beside the
//! floor and beside published crates, which get the whole body as they want it and are asked for no labels.

use std::hint::black_box;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use scrape_benches::alloc::{Counting, allocations};
use scrape_benches::bodies::{self, Body, Round};
use scrape_benches::table::{self, Table, Whose};
use scrape_parse::{Event, Expect, Format, LabelSink, Parser, ParserOptions, Scan, Step};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a cache would keep of a line, flat.
struct Record {
    key: Range<usize>,
    value: Range<usize>,
    number: f64,
}

#[derive(Default)]
struct Records {
    text: Vec<u8>,
    rows: Vec<Record>,
}

impl Records {
    fn of(body: &str, options: ParserOptions) -> Self {
        let mut out = Self::default();
        let mut parser = Parser::new(options);
        let mut cursor = parser.feed(body.as_bytes(), true);
        while let Step::Event(event) = cursor.next().expect("well-formed") {
            if let Event::Series(s) = event {
                let from = out.text.len();
                out.text.extend_from_slice(s.key);
                let mid = out.text.len();
                out.text.extend_from_slice(s.value_text);
                out.rows.push(Record {
                    key: from..mid,
                    value: mid..out.text.len(),
                    number: s.value,
                });
            }
        }
        out
    }
}

struct Counter {
    n_labels: usize,
    n_bytes: usize,
}

impl LabelSink for Counter {
    fn label(&mut self, name: &[u8], value: &[u8]) {
        self.n_labels += 1;
        self.n_bytes += name.len() + value.len();
    }
}

/// Full grammar and labels; answers the number of samples.
fn cold(parser: &mut Parser, body: &str) -> usize {
    parser.reset();
    let mut cursor = parser.feed(body.as_bytes(), true);
    let mut sink = Counter {
        n_labels: 0,
        n_bytes: 0,
    };
    let (mut n, mut sum) = (0, 0.0);
    while let Step::Event(event) = cursor.next().expect("well-formed") {
        if let Event::Series(s) = event {
            s.labels(&mut sink).expect("valid");
            n += 1;
            sum += s.value;
        }
    }
    black_box((sum, sink.n_bytes));
    assert!(sink.n_labels >= n);
    n
}

/// Predicted lines only; answers the number of hits.
fn predicted(parser: &mut Parser, body: &str, records: &Records) -> usize {
    parser.reset();
    let mut cursor = parser.feed(body.as_bytes(), true);
    let (mut n, mut sum) = (0, 0.0);
    loop {
        if let Some(row) = records.rows.get(n)
            && let Expect::Hit(known) = cursor
                .expect(
                    &records.text[row.key.clone()],
                    &records.text[row.value.clone()],
                )
                .expect("well-formed")
        {
            sum += if known.unchanged {
                row.number
            } else {
                known.value
            };
            n += 1;
            continue;
        }
        match cursor.next().expect("well-formed") {
            Step::Event(Event::Series(_)) => panic!("a line was not predicted"),
            Step::Event(_) => {}
            Step::NeedMore => panic!("the body is whole"),
            Step::Eof => break,
        }
    }
    black_box(sum);
    n
}

/// Keys by delimiters; answers the number of samples.
fn scanned(parser: &mut Parser, body: &str, records: &Records) -> usize {
    parser.reset();
    let mut cursor = parser.feed(body.as_bytes(), true);
    let (mut n, mut sum) = (0, 0.0);
    loop {
        if let Scan::Key(key) = cursor.scan_key().expect("no failure") {
            let row = &records.rows[n];
            assert!(key == &records.text[row.key.clone()]);
            let len = key.len();
            sum += cursor.take_known(len).expect("well-formed").value;
            n += 1;
        } else if let Step::Eof = cursor.next().expect("well-formed") {
            break;
        }
    }
    black_box(sum);
    n
}

fn floor(body: &str) -> usize {
    let bytes = body.as_bytes();
    let (mut n, mut sum, mut from) = (0, 0.0, 0);
    for end in memchr::memchr_iter(b'\n', bytes) {
        let line = &bytes[from..end];
        from = end + 1;
        if line.first() == Some(&b'#') {
            continue;
        }
        let value = memchr::memrchr(b' ', line).map_or(line, |at| &line[at + 1..]);
        sum += fast_float2::parse::<f64, _>(value).unwrap_or_default();
        n += 1;
    }
    black_box(sum);
    n
}

/// Samples and buckets that `prom_text_format_parser` reads.
fn prom_text_format_parser(body: &str) -> usize {
    prom_text_format_parser::Scrape::parse(body).map_or(0, |scrape| {
        black_box(&scrape)
            .metrics
            .iter()
            .map(|m| m.samples.len())
            .sum()
    })
}

/// Samples and buckets that `prometheus-parse` reads. It takes owned lines.
fn prometheus_parse(body: &str) -> usize {
    use prometheus_parse::Value;
    let lines = body.lines().map(|line| Ok(line.to_owned()));
    prometheus_parse::Scrape::parse(lines).map_or(0, |scrape| {
        let each = black_box(&scrape).samples.iter().map(|s| match &s.value {
            Value::Histogram(buckets) => buckets.len(),
            Value::Summary(quantiles) => quantiles.len(),
            Value::Counter(_) | Value::Gauge(_) | Value::Untyped(_) => 1,
        });
        each.sum()
    })
}

/// The same paths for the table.
fn tabulate(table: &mut Table, name: &str, format: Format, first: &Body, later: &Body) {
    let options = ParserOptions::new(format);
    let records = &Records::of(&first.text, options);
    let (n_first, n_later) = (first.text.len(), later.text.len());
    let (first_text, text) = (first.text.as_str(), later.text.as_str());
    let parsers: [Parser; 4] = std::array::from_fn(|_| Parser::new(options));
    let [mut a, mut b, mut c, mut d] = parsers;
    let path = |name, whose, n_bytes, run| table::Path {
        name,
        whose,
        n_bytes,
        run,
    };
    let ours = Whose::Ours;
    let mut paths: Vec<table::Path<'_>> = vec![
        path("floor", Whose::Floor, n_later, Box::new(|| floor(text))),
        path(
            "predicted, unchanged",
            ours,
            n_first,
            Box::new(|| predicted(&mut a, first_text, records)),
        ),
        path(
            "predicted, 30 % changed",
            ours,
            n_later,
            Box::new(|| predicted(&mut b, text, records)),
        ),
        path(
            "scanned keys",
            ours,
            n_later,
            Box::new(|| scanned(&mut c, text, records)),
        ),
        path(
            "cold, full decode",
            ours,
            n_later,
            Box::new(|| cold(&mut d, text)),
        ),
    ];
    if format == Format::Text {
        let whose = Whose::Published;
        paths.push(path(
            "prom_text_format_parser",
            whose,
            n_later,
            Box::new(|| prom_text_format_parser(text)),
        ));
        paths.push(path(
            "prometheus-parse",
            whose,
            n_later,
            Box::new(|| prometheus_parse(text)),
        ));
    }
    table.measure(name, later.n_samples, paths);
}

fn bench(
    c: &mut Criterion,
    table: &mut Table,
    name: &str,
    format: Format,
    [first, later]: &[Body; 2],
) {
    if table::wanted() {
        tabulate(table, name, format, first, later);
    }
    let options = ParserOptions::new(format);
    let records = Records::of(&first.text, options);
    let mut parser = Parser::new(options);
    assert_eq!(records.rows.len(), first.n_samples, "{name}");
    for (path, n) in [
        ("predicted/0", predicted(&mut parser, &first.text, &records)),
        (
            "predicted/30",
            predicted(&mut parser, &later.text, &records),
        ),
        ("scanned", scanned(&mut parser, &later.text, &records)),
        ("cold", cold(&mut parser, &later.text)),
    ] {
        assert_eq!(n, first.n_samples, "{name} {path}");
    }
    let before = allocations();
    predicted(&mut parser, &later.text, &records);
    scanned(&mut parser, &later.text, &records);
    assert_eq!(
        allocations() - before,
        0,
        "{name}: the steady state allocates"
    );
    let before = allocations();
    cold(&mut parser, &later.text);
    let per_sample = (allocations() - before) as f64 / first.n_samples as f64;
    println!(
        "{name}: {} B, {} samples, {per_sample} allocations per cold sample",
        later.text.len(),
        first.n_samples
    );

    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Bytes(later.text.len() as u64));
    group.bench_function(BenchmarkId::new("predicted", 0), |b| {
        b.iter(|| predicted(&mut parser, &first.text, &records));
    });
    group.bench_function(BenchmarkId::new("predicted", 30), |b| {
        b.iter(|| predicted(&mut parser, &later.text, &records));
    });
    group.bench_function("scanned", |b| {
        b.iter(|| scanned(&mut parser, &later.text, &records))
    });
    group.bench_function("cold", |b| b.iter(|| cold(&mut parser, &later.text)));
    group.bench_function("floor", |b| b.iter(|| floor(&later.text)));
    group.finish();
}

fn published_body() -> Option<String> {
    let base = std::env::var_os("SCRAPE_CORPORA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora"),
        PathBuf::from,
    );
    std::fs::read_to_string(base.join("exposition/alltypes.237mfs.prom.txt")).ok()
}

/// A text body from elsewhere, before and after a scrape interval.
fn scraped(text: &str) -> [Body; 2] {
    [0, 30].map(|changed| bodies::with_changed_values(text, changed))
}

fn generated(size: usize, body: fn(usize, Round) -> Body) -> [Body; 2] {
    [Round::FIRST, Round::later(30)].map(|round| body(size, round))
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20)
        .configure_from_args();
    let c = &mut criterion;
    let mut table = Table::default();
    let t = &mut table;
    match published_body() {
        Some(text) => bench(c, t, "alltypes_237mf", Format::Text, &scraped(&text)),
        None => println!(
            "skipped: alltypes_237mf; set SCRAPE_CORPORA to the folder that holds exposition/"
        ),
    }
    if let Some(file) = std::env::var_os("SCRAPE_BENCH_BODY") {
        let text = std::fs::read_to_string(&file).expect("SCRAPE_BENCH_BODY names a text body");
        bench(c, t, "scraped", Format::Text, &scraped(&text));
    }
    let kube = generated(10 << 20, bodies::kube_apiserver);
    bench(c, t, "kube_apiserver_10mb", Format::Text, &kube);
    let wide = generated(1 << 20, bodies::labels_20x);
    bench(c, t, "labels_20x_1mb", Format::Text, &wide);
    let exemplars = generated(1 << 20, bodies::openmetrics_exemplars);
    bench(c, t, "om_exemplars_1mb", Format::OpenMetrics, &exemplars);
    criterion.final_summary();
    if table::wanted() {
        table.print();
    }
}
