//! Parsing alone, by body shape and by path:
//! - `predicted/0`, `predicted/30`: every line is the expected one, none or 30 % of the values differ, and the
//!   exemplar of a bucket with its value; metadata is expected too, the lines of a family at once, as the scrape
//!   pass does it;
//! - `scanned`: keys found by delimiters and recognised by length and bytes, as after a change of order;
//! - `cold`: full grammar and every label decoded;
//! - `floor`: line feeds found and the last word of each line parsed, which is not parsing but bounds it.
//!
//! Bytes and samples are checked, so that a fast wrong parser fails; the paths a scrape takes must not
//! allocate. `SCRAPE_CORPORA` or `../shared/corpora` adds the body of published figures, if it is there;
//! `SCRAPE_BENCH_BODY=FILE` adds the text of a live exporter, which `cargo xtask bench` fetches of node_exporter
//! if that is installed. The table at the end sets every path beside the floor and beside published crates,
//! which get the whole body as they want it and are asked for no labels.
//!
//! With the feature `om2`: OpenMetrics 2.0, `steady` as a scrape drives it and `cold` with every label decoded.

use std::hint::black_box;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use scrape_benches::alloc::{Counting, allocations};
use scrape_benches::bodies::{self, Body, Round};
use scrape_benches::table::{self, Table, Whose};
use scrape_parse::{
    Event, Expect, Format, KnownMeta, LabelSink, MetricType, Parser, ParserOptions, Plain, Scan,
    Step,
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a cache would keep of a sample, flat.
struct Sample {
    key: Range<usize>,
    value: Range<usize>,
    exemplar: Range<usize>,
    number: f64,
}

/// What a cache would keep of the metadata lines of a family, flat.
struct Meta {
    lines: Range<usize>,
    family: Range<usize>,
    kind: Option<MetricType>,
}

#[derive(Default)]
struct Records {
    text: Vec<u8>,
    samples: Vec<Sample>,
    metas: Vec<Meta>,
}

impl Records {
    fn of(body: &str, options: ParserOptions) -> Self {
        let mut out = Self::default();
        let mut parser = Parser::new(options);
        let mut cursor = parser.feed(body.as_bytes(), true);
        while let Step::Event(event) = cursor.next().expect("well-formed") {
            let (family, declared) = match event {
                Event::Series(s) => {
                    let sample = Sample {
                        key: out.push(s.key),
                        value: out.push(s.value_text),
                        exemplar: out.push(s.exemplars.text()),
                        number: s.value,
                    };
                    out.samples.push(sample);
                    continue;
                }
                Event::Type { family, kind } => (family.into_owned(), Some(kind)),
                Event::Help { family, .. } | Event::Unit { family, .. } => {
                    (family.into_owned(), None)
                }
                Event::Comment(_) | Event::Histogram(_) => continue,
            };
            let follows =
                |m: &Meta| m.lines.end == out.text.len() && out.text[m.family.clone()] == family;
            if !out.metas.last().is_some_and(follows) {
                let family = out.push(&family);
                let start = out.text.len();
                out.metas.push(Meta {
                    lines: start..start,
                    family,
                    kind: None,
                });
            }
            let end = out.push(cursor.line()).end;
            if let Some(meta) = out.metas.last_mut() {
                meta.lines.end = end;
                meta.kind = declared.or(meta.kind);
            }
        }
        out
    }

    fn push(&mut self, text: &[u8]) -> Range<usize> {
        let from = self.text.len();
        self.text.extend_from_slice(text);
        from..self.text.len()
    }

    fn meta(&self, i: usize) -> Option<KnownMeta<'_>> {
        let meta = self.metas.get(i)?;
        Some(KnownMeta {
            lines: &self.text[meta.lines.clone()],
            family: &self.text[meta.family.clone()],
            kind: meta.kind,
        })
    }

    /// Per cent of the samples whose value, and whose exemplar, another body shows with another text.
    fn changed_in(&self, other: &Self) -> [f64; 2] {
        let pairs = || self.samples.iter().zip(&other.samples);
        let share = |n: usize| n as f64 * 100.0 / self.samples.len() as f64;
        let text = |of: &Self, range: &Range<usize>| of.text[range.clone()].to_vec();
        [
            share(
                pairs()
                    .filter(|(a, b)| text(self, &a.value) != text(other, &b.value))
                    .count(),
            ),
            share(
                pairs()
                    .filter(|(a, b)| text(self, &a.exemplar) != text(other, &b.exemplar))
                    .count(),
            ),
        ]
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
    let (mut n, mut n_metas, mut sum) = (0, 0, 0.0);
    loop {
        if cursor.at_metadata() {
            if records
                .meta(n_metas)
                .is_some_and(|meta| cursor.expect_meta(&meta))
            {
                n_metas += 1;
                continue;
            }
        } else if let Some(row) = records.samples.get(n) {
            let [key, value, exemplar] =
                [&row.key, &row.value, &row.exemplar].map(|range| &records.text[range.clone()]);
            let found = match cursor.expect_plain(key, value, exemplar) {
                Plain::Hit(plain) => Some((plain.unchanged, plain.value)),
                Plain::Miss => None,
                Plain::Unclear => match cursor.expect_full(key, value, exemplar) {
                    Ok(Expect::Hit(known)) => Some((known.unchanged, known.value)),
                    _ => None,
                },
            };
            if let Some((unchanged, value)) = found {
                sum += if unchanged { row.number } else { value };
                n += 1;
                continue;
            }
        }
        match cursor.next().expect("well-formed") {
            Step::Event(Event::Comment(_)) => {}
            Step::Event(_) => panic!("a line was not predicted"),
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
            let row = &records.samples[n];
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
    assert_eq!(records.samples.len(), first.n_samples, "{name}");
    let [values, exemplars] = records.changed_in(&Records::of(&later.text, options));
    println!("{name}: {values:.1} % of the values and {exemplars:.1} % of the exemplars change");
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
        bench(c, t, "live_exporter", Format::Text, &scraped(&text));
    }
    let kube = generated(10 << 20, bodies::kube_apiserver);
    bench(c, t, "kube_apiserver_10mb", Format::Text, &kube);
    let wide = generated(1 << 20, bodies::labels_20x);
    bench(c, t, "labels_20x_1mb", Format::Text, &wide);
    let exemplars = generated(1 << 20, bodies::openmetrics_exemplars);
    bench(c, t, "om_exemplars_1mb", Format::OpenMetrics, &exemplars);
    #[cfg(feature = "om2")]
    om2::bench(c, &generated(1 << 20, bodies::openmetrics2));
    criterion.final_summary();
    if table::wanted() {
        table.print();
    }
}

/// OpenMetrics 2.0. Its lines with composite values cannot be predicted, so the row has paths of its own.
#[cfg(feature = "om2")]
mod om2 {
    use super::*;
    use scrape_parse::HistogramValue;

    /// Predicted lines, then the full grammar, whose keys are compared; answers samples and keys out of step.
    fn steady(parser: &mut Parser, body: &str, keys: &[(Vec<u8>, Vec<u8>)]) -> (usize, usize) {
        parser.reset();
        let mut cursor = parser.feed(body.as_bytes(), true);
        let (mut n, mut strangers, mut sum) = (0, 0, 0.0);
        loop {
            let (key, value) = keys.get(n).map_or((&b""[..], &b""[..]), |k| (&k.0, &k.1));
            if let Expect::Hit(known) = cursor.expect(key, value).expect("well-formed") {
                sum += if known.unchanged { 0.0 } else { known.value };
                n += 1;
                continue;
            }
            let found = match cursor.next().expect("well-formed") {
                Step::Event(Event::Series(s)) => {
                    sum += s.value;
                    s.key
                }
                Step::Event(Event::Histogram(h)) => {
                    sum += match h.value {
                        HistogramValue::Int(h) => h.count as f64,
                        HistogramValue::Float(h) => h.count,
                    };
                    h.key
                }
                Step::Event(_) => continue,
                Step::NeedMore | Step::Eof => break,
            };
            strangers += usize::from(found != key);
            n += 1;
        }
        black_box(sum);
        (n, strangers)
    }

    fn cold(parser: &mut Parser, body: &str) -> usize {
        parser.reset();
        let mut cursor = parser.feed(body.as_bytes(), true);
        let mut sink = Counter {
            n_labels: 0,
            n_bytes: 0,
        };
        let mut n = 0;
        while let Step::Event(event) = cursor.next().expect("well-formed") {
            match event {
                Event::Series(s) => s.labels(&mut sink).expect("valid"),
                Event::Histogram(h) => h.labels(&mut sink).expect("valid"),
                _ => continue,
            }
            n += 1;
        }
        black_box(sink.n_bytes);
        n
    }

    fn keys(parser: &mut Parser, body: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut keys = Vec::new();
        let mut cursor = parser.feed(body.as_bytes(), true);
        while let Step::Event(event) = cursor.next().expect("well-formed") {
            match event {
                Event::Series(s) => keys.push((s.key.to_vec(), s.value_text.to_vec())),
                Event::Histogram(h) => keys.push((h.key.to_vec(), Vec::new())),
                _ => {}
            }
        }
        keys
    }

    pub(super) fn bench(c: &mut Criterion, [first, later]: &[Body; 2]) {
        let name = "om2_composites_1mb";
        let mut options = ParserOptions::new(Format::OpenMetrics2);
        options.native_histograms = true;
        options.start_timestamps = true;
        let mut parser = Parser::new(options);
        let keys = keys(&mut parser, &first.text);
        assert_eq!(keys.len(), first.n_samples);
        for body in [first, later] {
            assert_eq!(steady(&mut parser, &body.text, &keys), (first.n_samples, 0));
            assert_eq!(cold(&mut parser, &body.text), first.n_samples);
        }
        let before = allocations();
        steady(&mut parser, &later.text, &keys);
        assert_eq!(
            allocations() - before,
            0,
            "{name}: the steady state allocates"
        );
        println!(
            "{name}: {} B, {} samples",
            later.text.len(),
            later.n_samples
        );
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Bytes(later.text.len() as u64));
        group.bench_function("steady", |b| {
            b.iter(|| steady(&mut parser, &later.text, &keys));
        });
        group.bench_function("cold", |b| b.iter(|| cold(&mut parser, &later.text)));
        group.finish();
    }
}
