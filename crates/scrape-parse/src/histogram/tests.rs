//! Histogram operations against worked examples and against a naive model.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn span(offset: i32, length: u32) -> Span {
    Span { offset, length }
}

fn three_and_three() -> Histogram {
    Histogram {
        schema: 0,
        count: 21,
        sum: 33.0,
        zero_threshold: 0.001,
        zero_count: 3,
        positive_spans: vec![span(0, 3)],
        positive_buckets: vec![3, 0, 0],
        negative_spans: vec![span(0, 3)],
        negative_buckets: vec![3, 0, 0],
        ..Histogram::default()
    }
}

fn custom() -> Histogram {
    Histogram {
        schema: CUSTOM_BUCKETS_SCHEMA,
        count: 9,
        sum: 33.0,
        positive_spans: vec![span(0, 3)],
        positive_buckets: vec![3, 0, 0],
        custom_values: vec![1.0, 2.0, 3.0],
        ..Histogram::default()
    }
}

#[test]
fn case_088_bucket_limit_merges_until_it_fits_or_fails() {
    let mut h = three_and_three();
    h.validate().expect("a good histogram");
    assert_eq!(
        h.limit_buckets(3),
        Err(BucketLimitError {
            limit: 3,
            buckets: 4
        })
    );

    let mut h = three_and_three();
    h.limit_buckets(4).expect("fits at schema -1");
    assert_eq!((h.schema, h.bucket_count()), (-1, 4));
    assert_eq!(h.positive_spans, vec![span(0, 2)]);
    assert_eq!(h.positive_buckets, vec![3, 3]);
    h.validate().expect("merging keeps the counts");

    let mut f = three_and_three().to_float();
    f.limit_buckets(4).expect("fits at schema -1");
    assert_eq!((f.schema, f.bucket_count()), (-1, 4));
    assert_eq!(f.negative_buckets, vec![3.0, 6.0]);

    let mut h = three_and_three();
    h.limit_buckets(10).expect("fits as it is");
    assert_eq!(h, three_and_three());
    h.limit_buckets(0).expect("no limit");
    assert_eq!(h, three_and_three());

    let mut gap = Histogram {
        count: 2,
        positive_spans: vec![span(1, 1), span(2, 1)],
        positive_buckets: vec![1, 0],
        ..Histogram::default()
    };
    gap.limit_buckets(1).expect("fits at schema -2");
    assert_eq!(
        (gap.schema, gap.positive_spans, gap.positive_buckets),
        (-2, vec![span(1, 1)], vec![2])
    );

    let mut h = custom();
    h.validate().expect("a good histogram");
    assert!(h.limit_buckets(2).is_err());
    h.limit_buckets(3).expect("fits");
    assert_eq!(h, custom());
}

#[test]
fn case_089_schema_cap_follows_the_bucket_factor() {
    let table = [
        (65536.0, -4),
        (256.0, -3),
        (16.0, -2),
        (4.0, -1),
        (2.0, 0),
        (1.4, 1),
        (1.1, 2),
        (1.09, 3),
        (1.04, 4),
        (1.02, 5),
        (1.01, 6),
        (1.005, 7),
        (1.002, 8),
        (0.0, 8),
        (1.0, 8),
        (-3.0, 8),
        (f64::NAN, 8),
        (f64::INFINITY, -4),
    ];
    for (factor, schema) in table {
        assert_eq!(schema_for_bucket_factor(factor), schema, "factor {factor}");
    }
    for (factor, schema) in [(0.0, 3), (1.0, 3), (2.0, 0)] {
        let mut h = Histogram {
            schema: 3,
            ..three_and_three()
        };
        h.cap_schema(schema_for_bucket_factor(factor));
        assert_eq!(h.schema, schema, "factor {factor}");
        h.validate().expect("still good");
    }
    let mut h = custom();
    h.cap_schema(schema_for_bucket_factor(65536.0));
    assert_eq!(h, custom());
}

#[test]
fn exposed_schemas_above_eight_are_always_reduced() {
    for schema in [9, 30, 52] {
        let mut h = Histogram {
            schema,
            ..three_and_three()
        };
        h.cap_schema(8);
        assert_eq!(h.schema, 8);
        h.validate().expect("still good");
    }
    let mut h = Histogram {
        schema: 53,
        ..three_and_three()
    };
    h.cap_schema(8);
    assert_eq!(h.validate(), Err(HistogramError::Schema(53)));
}

#[test]
fn validate_names_the_violation() {
    let good = three_and_three;
    let cases: Vec<(Histogram, HistogramError)> = vec![
        (
            Histogram {
                schema: -5,
                ..good()
            },
            HistogramError::Schema(-5),
        ),
        (
            Histogram {
                positive_spans: vec![span(0, 1), span(-1, 2)],
                ..good()
            },
            HistogramError::SpanOffset {
                side: Side::Positive,
                span: 1,
                offset: -1,
            },
        ),
        (
            Histogram {
                negative_spans: vec![span(0, 4)],
                ..good()
            },
            HistogramError::SpanBuckets {
                side: Side::Negative,
                described: 4,
                present: 3,
            },
        ),
        (
            Histogram {
                negative_buckets: vec![1, -2, 1],
                ..good()
            },
            HistogramError::NegativeBucket {
                side: Side::Negative,
                bucket: 1,
            },
        ),
        (
            Histogram {
                positive_buckets: vec![i64::MAX, 1, 0],
                ..good()
            },
            HistogramError::NegativeBucket {
                side: Side::Positive,
                bucket: 1,
            },
        ),
        (
            Histogram {
                count: 20,
                ..good()
            },
            HistogramError::CountMismatch {
                count: 20,
                in_buckets: 21,
            },
        ),
        (
            Histogram {
                count: 22,
                ..good()
            },
            HistogramError::CountMismatch {
                count: 22,
                in_buckets: 21,
            },
        ),
        (
            Histogram {
                count: 20,
                sum: f64::NAN,
                ..good()
            },
            HistogramError::CountTooSmall {
                count: 20,
                in_buckets: 21,
            },
        ),
        (
            Histogram {
                custom_values: vec![1.0],
                ..good()
            },
            HistogramError::ExponentialWithBounds,
        ),
        (
            Histogram {
                custom_values: vec![1.0, 1.0],
                ..custom()
            },
            HistogramError::CustomBounds { bound: 1 },
        ),
        (
            Histogram {
                custom_values: vec![f64::NAN, 1.0],
                ..custom()
            },
            HistogramError::CustomBounds { bound: 0 },
        ),
        (
            Histogram {
                custom_values: vec![1.0, f64::INFINITY],
                ..custom()
            },
            HistogramError::CustomBoundInfinite { bound: 1 },
        ),
        (
            Histogram {
                custom_values: vec![1.0],
                ..custom()
            },
            HistogramError::CustomBucketsBeyondBounds {
                covered: 3,
                bounds: 1,
            },
        ),
        (
            Histogram {
                zero_count: 1,
                ..custom()
            },
            HistogramError::CustomZeroBucket,
        ),
        (
            Histogram {
                zero_threshold: 0.1,
                ..custom()
            },
            HistogramError::CustomZeroBucket,
        ),
        (
            Histogram {
                negative_spans: vec![span(0, 1)],
                negative_buckets: vec![0],
                ..custom()
            },
            HistogramError::CustomNegative,
        ),
    ];
    for (histogram, error) in cases {
        assert_eq!(histogram.validate(), Err(error), "{histogram:?}");
        assert!(!error.to_string().is_empty());
    }
    Histogram {
        count: 22,
        sum: f64::NAN,
        ..good()
    }
    .validate()
    .expect("NaN observations are in no bucket");
    let float = FloatHistogram {
        negative_buckets: vec![1.0, 2.0, -0.5],
        ..good().to_float()
    };
    assert_eq!(
        float.validate(),
        Err(HistogramError::NegativeBucket {
            side: Side::Negative,
            bucket: 2
        })
    );
    FloatHistogram {
        count: 1.0,
        ..good().to_float()
    }
    .validate()
    .expect("float counts are not compared");
}

#[test]
fn compact_drops_and_joins() {
    let mut h = Histogram {
        positive_spans: vec![span(-2, 1), span(0, 0), span(3, 4), span(1, 1), span(0, 2)],
        positive_buckets: vec![0, 1, -1, 0, 2, 1, -3, 0],
        ..Histogram::default()
    };
    // Indices: -2:0, 2:1, 3:0, 4:0, 5:2, 7:3, 8:0, 9:0.
    let mut two = h.clone();
    h.compact(0);
    assert_eq!(h.positive_spans, vec![span(2, 1), span(2, 1), span(1, 1)]);
    assert_eq!(h.positive_buckets, vec![1, 1, 1]);
    two.compact(2);
    assert_eq!(two.positive_spans, vec![span(2, 6)]);
    assert_eq!(two.positive_buckets, vec![1, -1, 0, 2, -2, 3]);

    let mut empty = Histogram {
        positive_spans: vec![span(0, 0)],
        ..Histogram::default()
    };
    empty.compact(0);
    assert_eq!(empty.positive_spans, vec![]);
}

#[test]
fn hostile_indices_wrap_instead_of_panicking() {
    let mut h = Histogram {
        schema: 52,
        positive_spans: vec![
            span(i32::MAX, 2),
            span(i32::MAX, 1),
            span(i32::MIN, 0),
            span(i32::MIN, 1),
        ],
        positive_buckets: vec![i64::MAX, 1, i64::MIN, -1],
        ..Histogram::default()
    };
    assert!(h.validate().is_err());
    h.compact(3);
    h.reduce_resolution(-4);
    assert!(h.positive_buckets.len() <= 4);
}

#[test]
fn markers_and_empty_copies() {
    assert!(Histogram::stale_marker().is_stale() && FloatHistogram::stale_marker().is_stale());
    assert!(
        !Histogram {
            sum: f64::NAN,
            ..three_and_three()
        }
        .is_stale()
    );
    let zero = custom().zero_like();
    assert_eq!(zero.reset_hint, ResetHint::Reset);
    assert_eq!(
        (zero.schema, zero.count, zero.bucket_count()),
        (CUSTOM_BUCKETS_SCHEMA, 0, 0)
    );
    assert_eq!(zero.custom_values, custom().custom_values);
    zero.validate().expect("an empty histogram is good");

    let nan = Histogram {
        sum: f64::NAN,
        ..three_and_three()
    };
    assert!(nan.bit_eq(&nan.clone()) && nan != nan.clone());
    assert!(
        !Histogram {
            sum: 0.0,
            ..custom()
        }
        .bit_eq(&Histogram {
            sum: -0.0,
            ..custom()
        })
    );
    let float = nan.to_float();
    assert!(float.bit_eq(&float.clone()));
    let mut cleared = float.clone();
    cleared.clear();
    assert_eq!(cleared, FloatHistogram::default());
}

/// Spans and absolute counts that fit together.
fn sides() -> impl Strategy<Value = (Vec<Span>, Vec<i64>)> {
    prop::collection::vec((0i32..4, prop::collection::vec(0i64..3, 0..5)), 0..6).prop_map(|runs| {
        let mut spans = Vec::new();
        let mut deltas = Vec::new();
        let mut last = 0;
        for (i, (offset, counts)) in runs.into_iter().enumerate() {
            spans.push(span(
                if i == 0 { offset - 3 } else { offset },
                counts.len() as u32,
            ));
            for count in counts {
                deltas.push(count - last);
                last = count;
            }
        }
        (spans, deltas)
    })
}

fn as_map(spans: &[Span], deltas: &[i64]) -> BTreeMap<i32, i64> {
    let mut map = BTreeMap::new();
    side::walk(spans, deltas, |index, count| {
        *map.entry(index).or_insert(0) += count
    });
    map.retain(|_, count| *count != 0);
    map
}

proptest! {
    #[test]
    fn compact_keeps_every_observation((spans, deltas) in sides(), max_empty in 0u32..4) {
        let before = as_map(&spans, &deltas);
        let mut h = Histogram { positive_spans: spans, positive_buckets: deltas, ..Histogram::default() };
        let mut float = h.to_float();
        h.compact(max_empty);
        float.compact(max_empty);
        prop_assert!(float.bit_eq(&h.to_float()));
        prop_assert_eq!(as_map(&h.positive_spans, &h.positive_buckets), before.clone());
        prop_assert!(side::is_compact(&h.positive_spans, &h.positive_buckets, max_empty) || max_empty > 0);
        let gaps = before.keys().zip(before.keys().skip(1)).filter(|(a, b)| **b - **a - 1 > max_empty as i32).count();
        prop_assert_eq!(h.positive_spans.len(), if before.is_empty() { 0 } else { gaps + 1 });
    }

    #[test]
    fn reduce_agrees_with_the_bounds((spans, deltas) in sides(), by in 0i32..5) {
        let mut wanted = BTreeMap::new();
        for (index, count) in as_map(&spans, &deltas) {
            // Bucket i ends at 2^(i / 2^schema); the coarser bucket ends at the next multiple of 2^by.
            let coarse = (f64::from(index) / f64::from(1 << by)).ceil() as i32;
            *wanted.entry(coarse).or_insert(0i64) += count;
        }
        let mut h = Histogram { schema: 4, positive_spans: spans, positive_buckets: deltas, ..Histogram::default() };
        let mut float = h.to_float();
        h.reduce_resolution(4 - by);
        float.reduce_resolution(4 - by);
        prop_assert!(float.bit_eq(&h.to_float()));
        prop_assert_eq!(as_map(&h.positive_spans, &h.positive_buckets), wanted);
        let described: u32 = h.positive_spans.iter().map(|span| span.length).sum();
        prop_assert_eq!(described as usize, h.positive_buckets.len());
        prop_assert!(h.positive_spans.iter().skip(1).all(|span| span.offset > 0 || by == 0));
    }

    #[test]
    fn a_histogram_within_its_limits_is_left_alone(
        (spans, deltas) in sides(),
        schema in prop_oneof![-5i32..10, Just(CUSTOM_BUCKETS_SCHEMA), 50i32..55],
        max_schema in -6i32..10,
        limit in 0usize..12,
    ) {
        let before = Histogram { schema, positive_spans: spans, positive_buckets: deltas, ..Histogram::default() };
        let mut h = before.clone();
        h.cap_schema(max_schema);
        let fits = h.limit_buckets(limit).is_ok() && h.schema == schema;
        prop_assert_eq!(before.is_within(max_schema, limit), fits);
        prop_assert!(!fits || h == before);
        let float = before.to_float();
        prop_assert_eq!(float.is_within(max_schema, limit), fits);
    }
}
