//! Native histograms and protobuf bodies through the pass.

use super::*;
use crate::testing::OwnedValue;
use crate::testing::wire::{double, family, int, message, sint, string};
use scrape_parse::Format;

const HISTOGRAM: u64 = 4;
const GAUGE: u64 = 1;

fn bench(native: bool) -> Bench {
    let mut b = Bench::with(|c| c.native_histograms = native);
    b.format = Format::Protobuf;
    b
}

/// Schema 0, three positive and three negative buckets of one observation each.
fn six_buckets() -> Vec<u8> {
    let span = |field| message(field, &[sint(1, 0), int(2, 3)]);
    let deltas = |field| [sint(field, 1), sint(field, 0), sint(field, 0)].concat();
    let histogram = message(
        7,
        &[
            int(1, 6),
            double(2, 3.5),
            sint(5, 0),
            double(6, 0.001),
            span(9),
            deltas(10),
            span(12),
            deltas(13),
        ],
    );
    family("h", HISTOGRAM, &[histogram])
}

fn stored_histogram(b: &Bench) -> crate::histogram::Histogram {
    let found = b.store.samples().into_iter().find_map(|s| match s.value {
        OwnedValue::Histogram(h) => Some(h),
        _ => None,
    });
    found.expect("a histogram is stored")
}

#[test]
fn case_088_the_bucket_limit_merges_buckets_and_fails_when_it_cannot() {
    for (limit, expected) in [(10, Some((0, 6))), (4, Some((-1, 4))), (3, None)] {
        let mut b = bench(true);
        b.cfg.bucket_limit = limit;
        let done = b.scrape(six_buckets());
        match expected {
            Some((schema, buckets)) => {
                assert!(done.result.is_ok(), "limit {limit}: {:?}", done.result);
                let h = stored_histogram(&b);
                assert_eq!(
                    (
                        h.schema,
                        h.positive_buckets.len() + h.negative_buckets.len()
                    ),
                    (schema, buckets)
                );
            }
            None => {
                // The buckets on both sides of an observation of one never merge: four are left at any resolution.
                assert_eq!(done.result.unwrap_err().reason(), "bucket_limit");
                assert_eq!(done.stats.added, 1);
            }
        }
    }
}

#[test]
fn case_089_a_schema_cap_reduces_the_resolution() {
    let mut b = bench(true);
    b.cfg.max_schema = -1;
    b.scrape(six_buckets());
    assert_eq!(stored_histogram(&b).schema, -1);
}

#[test]
fn case_090_exemplars_of_a_native_histogram_need_a_timestamp() {
    let exemplar = |trace: &str, value: f64, seconds: Option<u64>| {
        let label = message(1, &[string(1, "trace"), string(2, trace)]);
        let mut parts = vec![label, double(2, value)];
        parts.extend(seconds.map(|s| message(3, &[int(1, s)])));
        parts
    };
    let bucket =
        |bound: f64, e: Vec<Vec<u8>>| message(3, &[int(1, 1), double(2, bound), message(3, &e)]);
    let classic = [
        bucket(1.0, exemplar("late", 0.5, Some(9))),
        bucket(2.0, exemplar("early", 1.5, Some(3))),
        bucket(3.0, exemplar("untimed", 2.5, None)),
    ]
    .concat();
    let span = message(12, &[sint(1, 0), int(2, 1)]);
    let histogram = message(
        7,
        &[
            int(1, 1),
            double(2, 1.0),
            classic,
            double(6, 0.001),
            span,
            sint(13, 1),
        ],
    );
    let body = family("h", HISTOGRAM, &[histogram]);
    let traces = |b: &Bench| -> Vec<(String, i64)> {
        b.store
            .exemplars()
            .iter()
            .map(|(_, e)| (e.labels.value("trace").to_owned(), e.ts))
            .collect()
    };
    let mut native = bench(true);
    native.scrape(&body);
    assert_eq!(
        traces(&native),
        [("early".to_owned(), 3000), ("late".to_owned(), 9000)]
    );
    // As classic series every bucket keeps its own; without a timestamp it takes the sample's.
    let mut classic = bench(false);
    classic.t = 9000;
    classic.scrape(&body);
    let mut all = traces(&classic);
    all.sort();
    assert_eq!(
        all,
        [
            ("early".to_owned(), 3000),
            ("late".to_owned(), 9000),
            ("untimed".to_owned(), 10_000)
        ]
    );
}

#[test]
fn case_091_a_native_only_histogram_turns_classic_when_native_ones_are_off() {
    let mut b = bench(false);
    b.scrape(six_buckets());
    assert_eq!(
        b.stored(),
        [
            r#"{__name__="h_count"} 6@1000"#,
            r#"{__name__="h_sum"} 3.5@1000"#,
            r#"{__name__="h_bucket", le="+Inf"} 6@1000"#
        ]
    );
    let mut b = bench(true);
    b.scrape(six_buckets());
    assert_eq!(b.stored(), [r#"{__name__="h"} int histogram count=6@1000"#]);
}

#[test]
fn case_091_classic_histograms_become_custom_bucket_ones_on_request() {
    let body = text(&[
        "# TYPE h histogram",
        "h_bucket{le=\"0.5\"} 50",
        "h_bucket{le=\"1\"} 950",
        "h_bucket{le=\"+Inf\"} 1000",
        "h_sum 5",
        "h_count 1000",
    ]);
    let mut b = Bench::with(|c| c.convert_classic_to_nhcb = true);
    assert!(b.scrape(&body).result.is_ok());
    assert_eq!(
        b.stored(),
        [r#"{__name__="h"} int histogram count=1000@1000"#]
    );
    let mut b = Bench::with(|c| {
        c.convert_classic_to_nhcb = true;
        c.keep_classic = true;
    });
    b.scrape(&body);
    assert_eq!(b.stored().len(), 6);
    b.scrape(&body);
    assert_eq!(b.scrape("other 1\n").stats.stale_markers, 6);
}

#[test]
fn case_092_a_stale_marker_in_a_protobuf_body_is_an_ordinary_nan() {
    let mut b = bench(true);
    let stale = f64::from_bits(crate::sample::STALE_NAN_BITS);
    b.scrape(family("g", GAUGE, &[message(2, &[double(1, stale)])]));
    let v = b.store.samples()[0].value.float().expect("a float");
    assert_eq!(v.to_bits(), crate::sample::NORMAL_NAN_BITS);
}

#[test]
fn a_vanished_histogram_gets_one_marker_and_a_known_one_keeps_its_entry() {
    let mut b = bench(true);
    assert_eq!(b.scrape(six_buckets()).counts(), (1, 1, 1));
    assert_eq!(b.scrape(six_buckets()).counts(), (1, 1, 0));
    assert_eq!(b.scrape(b"").stats.stale_markers, 1);
    assert_eq!(b.scrape(b"").stats.stale_markers, 0);
}

#[test]
fn case_063_histograms_count_against_the_sample_limit() {
    let mut b = bench(true);
    b.cfg.sample_limit = 1;
    let mut body = six_buckets();
    body.extend(family("g", GAUGE, &[message(2, &[double(1, 1.0)])]));
    assert_eq!(b.scrape(body).result.unwrap_err().reason(), "sample_limit");
}

#[test]
fn a_metric_with_unreadable_labels_is_no_sample() {
    for (kind, field) in [(GAUGE, 2), (HISTOGRAM, 7)] {
        let good = [message(field, &[])].concat();
        let label = message(1, &[string(1, "a"), message(2, &[vec![0xff]])]);
        let bad = [label, good.clone()].concat();
        let mut b = bench(false);
        let done = b.scrape(
            [
                family("good", GAUGE, &[message(2, &[])]),
                family("bad", kind, &[bad]),
            ]
            .concat(),
        );
        assert!(done.result.is_err());
        assert_eq!(done.counts(), (1, 1, 1), "kind {kind}");
    }
}
