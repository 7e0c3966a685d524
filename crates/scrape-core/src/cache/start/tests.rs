use super::*;

fn int(schema: i32, first: i32, counts: &[i64], zero: u64) -> Histogram {
    let total = counts.iter().sum::<i64>() as u64 + zero;
    Histogram {
        schema,
        zero_threshold: 0.001,
        zero_count: zero,
        count: total,
        sum: total as f64 * 2.0,
        positive_spans: vec![Span {
            offset: first,
            length: counts.len() as u32,
        }],
        positive_buckets: differences(counts.to_vec()),
        ..Histogram::default()
    }
}

fn stored(start: &mut Start, value: Value<'_>, t: i64) -> (Relative, i64) {
    match start.next(value, t) {
        Next::Store { value, st } => (value, st),
        other => panic!("not stored: {other:?}"),
    }
}

fn histogram(start: &mut Start, h: &Histogram, t: i64) -> (Histogram, i64) {
    match stored(start, Value::Histogram(h), t) {
        (Relative::Histogram(h), st) => (h, st),
        other => panic!("not a histogram: {other:?}"),
    }
}

#[test]
fn floats_count_from_the_anchor_and_from_zero_after_a_drop() {
    let mut s = Start::first(Value::Float(10.0), 1000);
    for (v, t, stored_v, st) in [
        (15.0, 2000, 5.0, 1000),
        (15.0, 3000, 5.0, 1000),
        (2.0, 4000, 2.0, 3999),
        (9.0, 5000, 9.0, 3999),
    ] {
        let (value, at) = stored(&mut s, Value::Float(v), t);
        assert!(
            matches!(value, Relative::Float(f) if f == stored_v) && at == st,
            "{value:?} {at}"
        );
    }
    assert!(matches!(s.next(Value::Float(9.0), 3000), Next::Late));
}

#[test]
fn buckets_count_from_the_anchor_whatever_spans_describe_them() {
    let mut s = Start::first(Value::Histogram(&int(1, 2, &[4, 0, 1], 1)), 1000);
    let (h, st) = histogram(&mut s, &int(1, 1, &[3, 6, 2, 1], 4), 2000);
    assert_eq!((st, h.count, h.zero_count), (1000, 10, 3));
    assert_eq!(h.sum, 20.0);
    // Indices 1, 2 and 3 are left with 3, 2 and 2; the fourth did not grow.
    assert_eq!(
        h.positive_spans,
        [Span {
            offset: 1,
            length: 3
        }]
    );
    assert_eq!(summed(&h.positive_buckets), [3, 2, 2]);
    h.validate().expect("consistent");
}

#[test]
fn a_lower_resolution_is_not_a_reset() {
    let mut s = Start::first(Value::Histogram(&int(1, 1, &[1, 2, 3, 4], 0)), 1000);
    let (h, st) = histogram(&mut s, &int(0, 1, &[5, 9], 0), 2000);
    assert_eq!((st, h.count), (1000, 4));
    assert_eq!(summed(&h.positive_buckets), [2, 2]);
}

#[test]
fn a_bucket_that_lost_observations_is_a_reset() {
    let mut s = Start::first(Value::Histogram(&int(0, 0, &[4, 4], 0)), 1000);
    let after = int(0, 0, &[1, 9], 0);
    let (h, st) = histogram(&mut s, &after, 2000);
    assert!(h.bit_eq(&after));
    assert_eq!(st, 1999);
    let (h, st) = histogram(&mut s, &int(0, 0, &[2, 9], 0), 3000);
    assert_eq!((h.count, st), (11, 1999));
}

#[test]
fn histograms_without_a_common_measure_anchor_again() {
    let mut s = Start::first(Value::Histogram(&int(0, 0, &[4], 0)), 1000);
    let finer = int(3, 0, &[5], 0);
    assert!(matches!(
        s.next(Value::Histogram(&finer), 2000),
        Next::Anchor
    ));
    let (h, st) = histogram(&mut s, &int(3, 0, &[7], 0), 3000);
    assert_eq!((h.count, st), (2, 2000));
    assert!(matches!(s.next(Value::Float(1.0), 4000), Next::Anchor));
}

#[test]
fn float_histograms_behave_alike() {
    let (a, b) = (
        int(0, 0, &[1, 2], 0).to_float(),
        int(0, 0, &[2, 5], 1).to_float(),
    );
    let mut s = Start::first(Value::FloatHistogram(&a), 1000);
    let (value, st) = stored(&mut s, Value::FloatHistogram(&b), 2000);
    let Relative::FloatHistogram(h) = value else {
        panic!("{value:?}")
    };
    assert_eq!((h.count, h.zero_count, st), (5.0, 1.0, 1000));
    assert_eq!(h.positive_buckets, [1.0, 3.0]);
}
