//! What is taken and what is refused.

use super::*;
use crate::wal::record::HistValue;
use scrape_core::histogram::{FloatHistogram, Histogram, Span};
use scrape_core::sample::{is_stale_nan, stale_nan};
use scrape_core::{Exemplar, MetadataRef, MetricType, ZeroKind};

fn int_histogram() -> Histogram {
    Histogram {
        zero_threshold: 2f64.powi(-128),
        zero_count: 1,
        count: 4,
        sum: 6.5,
        positive_spans: vec![Span {
            offset: 0,
            length: 2,
        }],
        positive_buckets: vec![1, 1],
        ..Histogram::default()
    }
}

fn float_histogram() -> FloatHistogram {
    FloatHistogram {
        count: 4.0,
        zero_count: 1.0,
        sum: 6.5,
        positive_spans: vec![Span {
            offset: 0,
            length: 2,
        }],
        positive_buckets: vec![1.0, 2.0],
        ..FloatHistogram::default()
    }
}

#[test]
fn a01_same_time() {
    let f = Fixture::new();
    let store = f.open();
    let l = series("a");
    assert_eq!(
        put(&store, &l, NOW, 1.0),
        Ok(CommitStats {
            samples: 1,
            ..CommitStats::default()
        })
    );
    assert_eq!(
        put(&store, &l, NOW, 1.0),
        Ok(CommitStats::default()),
        "the same again is nothing new"
    );
    assert_eq!(put(&store, &l, NOW, 2.0), Err(AppendError::Duplicate));
    assert_eq!(put(&store, &l, NOW, -1.0), Err(AppendError::Duplicate));
    assert_eq!(
        put(&store, &l, NOW + 1, f64::from_bits(0x7ff8_0000_0000_0001)).map(|s| s.samples),
        Ok(1)
    );
    assert_eq!(
        put(&store, &l, NOW + 1, f64::from_bits(0x7ff8_0000_0000_0002)),
        Err(AppendError::Duplicate)
    );
    assert_eq!(
        append(&store, &l, NOW + 1, Value::Histogram(&int_histogram())),
        Err(AppendError::Duplicate)
    );
    assert_eq!(f.floats().len(), 2);
    assert_eq!(store.stats().duplicates, 4);
}

#[test]
fn a01_identical_histograms_are_stored_once() {
    let f = Fixture::new();
    let store = f.open();
    let (l, mut h) = (series("a"), int_histogram());
    for _ in 0..2 {
        append(&store, &l, NOW, Value::Histogram(&h)).expect("taken");
    }
    assert_eq!(f.dump().len(), 1);
    h.sum = 7.5;
    assert_eq!(
        append(&store, &l, NOW, Value::Histogram(&h)),
        Err(AppendError::Duplicate)
    );
}

#[test]
fn a02_without_a_window_samples_ascend() {
    let f = Fixture::new();
    let store = f.open();
    let (a, b) = (series("a"), series("b"));
    put(&store, &a, NOW, 1.0).expect("first");
    assert_eq!(put(&store, &a, NOW - 1, 1.0), Err(AppendError::OutOfOrder));
    assert_eq!(
        put(&store, &a, NOW - 60 * MINUTE - 1, 1.0),
        Err(AppendError::OutOfBounds)
    );
    assert_eq!(
        put(&store, &b, NOW - 60 * MINUTE - 1, 1.0),
        Err(AppendError::OutOfBounds)
    );
    assert_eq!(
        put(&store, &b, NOW - 60 * MINUTE, 1.0).map(|s| s.samples),
        Ok(1),
        "a new series at the limit"
    );
    let s = store.stats();
    assert_eq!((s.out_of_order, s.out_of_bounds), (1, 2));
    assert_eq!((s.min_time, s.max_time), (NOW - 60 * MINUTE, NOW));
}

#[test]
fn a02_the_limit_is_that_of_the_begin_of_the_transaction() {
    let f = Fixture::new();
    let store = f.open();
    put(&store, &series("a"), NOW - 50 * MINUTE, 1.0).expect("first");
    let mut early = store.appender();
    put(&store, &series("a"), NOW, 2.0).expect("second");
    let old = NOW - 80 * MINUTE;
    let o = AppendOpts::default();
    early
        .append(
            SeriesRef::UNKNOWN,
            &series("b"),
            0,
            old,
            Value::Float(1.0),
            &o,
        )
        .expect("within its limit");
    assert_eq!(early.commit().map(|s| s.samples).ok(), Some(1));
    assert_eq!(
        put(&store, &series("c"), old, 1.0),
        Err(AppendError::OutOfBounds)
    );
}

#[test]
fn a03_with_a_window_older_ones_are_taken() {
    let mut f = Fixture::new();
    f.options.out_of_order_window = std::time::Duration::from_secs(1800);
    let store = f.open();
    let l = series("a");
    put(&store, &l, NOW, 1.0).expect("first");
    assert_eq!(
        put(&store, &l, NOW - 29 * MINUTE, 2.0).map(|s| s.samples),
        Ok(1)
    );
    assert_eq!(
        put(&store, &l, NOW - 31 * MINUTE, 3.0),
        Err(AppendError::TooOld)
    );
    let mut app = store.appender();
    let strict = AppendOpts {
        reject_out_of_order: true,
        ..AppendOpts::default()
    };
    let r = app.append(
        SeriesRef::UNKNOWN,
        &l,
        0,
        NOW - MINUTE,
        Value::Float(4.0),
        &strict,
    );
    assert_eq!(r, Err(AppendError::OutOfOrder));
    drop(app);
    assert_eq!(
        f.floats()
            .into_iter()
            .map(|((_, t), _)| t)
            .collect::<Vec<_>>(),
        [NOW - 29 * MINUTE, NOW]
    );
    assert_eq!(
        put(&store, &l, NOW, 9.0),
        Err(AppendError::Duplicate),
        "the newest is still the newest"
    );
}

#[test]
fn a04_references_fall_back_to_labels() {
    let f = Fixture::new();
    let store = f.open();
    let l = series("a");
    let o = AppendOpts::default();
    let first = append(&store, &l, NOW, Value::Float(1.0))
        .expect("taken")
        .series;
    let mut app = store.appender();
    for (i, r) in [
        SeriesRef::UNKNOWN,
        SeriesRef(999_999),
        SeriesRef(u64::MAX),
        first,
    ]
    .into_iter()
    .enumerate()
    {
        let t = NOW + 1 + i as i64;
        let got = app
            .append(r, &l, 0, t, Value::Float(2.0), &o)
            .expect("taken");
        assert_eq!(got.series, first);
    }
    assert_eq!(
        app.append(
            SeriesRef(77),
            &Labels::empty(),
            0,
            NOW,
            Value::Float(1.0),
            &o
        ),
        Err(AppendError::NotFound)
    );
    // A live reference is believed without labels.
    app.append(first, &Labels::empty(), 0, NOW + 9, Value::Float(3.0), &o)
        .expect("taken");
    let mut refused = Vec::new();
    app.append_batch(
        NOW + 10,
        &[(SeriesRef(77), 1.0), (first, 1.0), (SeriesRef(0), 1.0)],
        &mut refused,
    );
    assert_eq!(
        refused,
        [(0, AppendError::NotFound), (2, AppendError::NotFound)]
    );
    app.commit().expect("commits");
    assert_eq!(store.stats().series, 1);
    assert_eq!(f.floats().len(), 7);
}

#[test]
fn a05_label_sets() {
    let f = Fixture::new();
    let store = f.open();
    assert!(matches!(
        put(&store, &Labels::empty(), NOW, 1.0),
        Err(AppendError::InvalidSample(_))
    ));
    let x = append(
        &store,
        &Labels::from_pairs([("a", "1"), ("b", "")]),
        NOW,
        Value::Float(1.0),
    )
    .expect("taken");
    let y = append(
        &store,
        &Labels::from_pairs([("a", "1")]),
        NOW + 1,
        Value::Float(1.0),
    )
    .expect("taken");
    assert_eq!(x.series, y.series);
    // Of a duplicate name a label set keeps one value: it cannot name two series.
    let z = append(
        &store,
        &Labels::from_pairs([("a", "2"), ("a", "1")]),
        NOW + 2,
        Value::Float(1.0),
    )
    .expect("taken");
    assert_eq!(x.series, z.series);
}

#[test]
fn a06_rolled_back_samples_and_their_series_leave_nothing() {
    let f = Fixture::new();
    let store = f.open();
    let o = AppendOpts::default();
    for (i, explicit) in [(0, true), (1, false)] {
        let l = series(&format!("s{i}"));
        let before = store.stats().watermark;
        let mut app = store.appender();
        app.append(SeriesRef::UNKNOWN, &l, 0, NOW, Value::Float(1.0), &o)
            .expect("taken");
        app.append(
            SeriesRef::UNKNOWN,
            &l,
            0,
            NOW,
            Value::Histogram(&int_histogram()),
            &o,
        )
        .expect("taken");
        assert_eq!(
            (store.stats().open_appenders, store.stats().watermark),
            (1, before)
        );
        if explicit {
            app.rollback()
        } else {
            drop(app)
        }
        assert_eq!(
            (store.stats().open_appenders, store.stats().watermark),
            (0, before + 1)
        );
    }
    assert_eq!(f.dump(), []);
    assert_eq!(store.stats().series, 0);
    store.close().expect("closes");
    let store = f.open();
    let replay = store.stats().replay;
    assert_eq!((replay.records, store.stats().series), (0, 0));
    assert_eq!(
        put(&store, &series("s0"), NOW - MINUTE, 5.0).map(|s| s.samples),
        Ok(1)
    );
}

#[test]
fn a08_a_failed_commit_leaves_nothing_behind() {
    let f = Fixture::new();
    let store = f.open();
    let (l, h, other) = (series("a"), series("h"), series("new"));
    let o = AppendOpts::default();
    put(&store, &l, NOW, 1.0).expect("first");
    append(&store, &h, NOW, Value::Histogram(&int_histogram())).expect("first");
    let try_it = |v: f64| {
        let mut app = store.appender();
        let meta = AppendOpts {
            metadata: Some(MetadataRef {
                kind: MetricType::Gauge,
                unit: "s",
                help: "x",
            }),
            ..o
        };
        for t in [NOW + 1, NOW + 2] {
            app.append(SeriesRef::UNKNOWN, &l, 0, t, Value::Float(v), &meta)
                .expect("taken");
            app.append(SeriesRef::UNKNOWN, &other, 0, t, Value::Float(v), &o)
                .expect("taken");
            let hist = Histogram {
                sum: v,
                ..int_histogram()
            };
            app.append(SeriesRef::UNKNOWN, &h, 0, t, Value::Histogram(&hist), &o)
                .expect("taken");
        }
        // The kind changes inside the transaction.
        app.append(
            SeriesRef::UNKNOWN,
            &l,
            0,
            NOW + 3,
            Value::FloatHistogram(&float_histogram()),
            &o,
        )
        .expect("taken");
        app.append(SeriesRef::UNKNOWN, &l, 0, NOW + 4, Value::Float(v), &o)
            .expect("taken");
        app.commit()
    };
    f.fs.set_free(Some(20));
    let e = try_it(5.0).expect_err("the disk is full");
    assert!(e.message.contains("/data/wal/00000000"), "{e}");
    assert_eq!(store.stats().commits_failed, 1);
    assert_eq!(f.dump().len(), 2);
    assert_eq!(store.metadata(SeriesRef(1)), None);
    f.fs.set_free(None);
    // Other values at the same times: refused if anything of the failed commit were remembered.
    assert_eq!(
        try_it(6.0).expect("commits"),
        CommitStats {
            samples: 8,
            exemplars: 0,
            rejected: 0
        }
    );
    assert_eq!(f.dump().len(), 10);
    drop(store);
    let again = f.open();
    assert_eq!(again.stats().replay.unknown_samples, 0);
    assert_eq!(again.stats().replay.corruptions, 0);
}

#[test]
fn a09_stale_markers_keep_the_kind_of_their_series() {
    let f = Fixture::new();
    let store = f.open();
    let (x, i, h) = (series("float"), series("int"), series("floathist"));
    let refs = [
        append(&store, &x, NOW, Value::Float(1.0))
            .expect("taken")
            .series,
        append(&store, &i, NOW, Value::Histogram(&int_histogram()))
            .expect("taken")
            .series,
        append(&store, &h, NOW, Value::FloatHistogram(&float_histogram()))
            .expect("taken")
            .series,
    ];
    let stale = |store: &Store, t: i64, batch: bool| {
        let mut app = store.appender();
        if batch {
            let mut refused = Vec::new();
            app.append_batch(t, &refs.map(|r| (r, stale_nan())), &mut refused);
            assert_eq!(refused, []);
        } else {
            for l in [&x, &i, &h] {
                app.append(
                    SeriesRef::UNKNOWN,
                    l,
                    0,
                    t,
                    Value::Float(stale_nan()),
                    &AppendOpts::default(),
                )
                .expect("taken");
            }
        }
        assert_eq!(app.commit().expect("commits").samples, 3);
    };
    stale(&store, NOW + 1, false);
    stale(&store, NOW + 2, true);
    store.close().expect("closes");
    // After replay the kind is still known.
    stale(&f.open(), NOW + 3, true);
    for s in f.dump().iter().filter(|s| s.t > NOW) {
        let sum = match (&s.value, s.labels.name()) {
            (DumpValue::Float(v), Some("float")) => *v,
            (DumpValue::Histogram(v), Some("int")) if matches!(**v, HistValue::Int(_)) => v.sum(),
            (DumpValue::Histogram(v), Some("floathist")) if matches!(**v, HistValue::Float(_)) => {
                v.sum()
            }
            (v, n) => panic!("{n:?} has {v:?}"),
        };
        assert!(is_stale_nan(sum));
    }
    assert_eq!(f.dump().len(), 12);
}

fn exemplar(id: &str, value: f64, ts: i64) -> Exemplar {
    Exemplar {
        labels: Labels::from_pairs([("trace_id", id)]),
        value,
        ts,
    }
}

#[test]
fn a10_exemplars() {
    let f = Fixture::new();
    let store = f.open();
    let l = series("a");
    let put = |t: i64, exemplars: &[Exemplar]| {
        let mut app = store.appender();
        let o = AppendOpts {
            exemplars,
            ..AppendOpts::default()
        };
        let a = app
            .append(SeriesRef::UNKNOWN, &l, 0, t, Value::Float(1.0), &o)
            .expect("the sample is taken");
        (a.exemplar_errors, app.commit().expect("commits"))
    };
    // `trace_id` has eight characters; they are counted as characters, not bytes.
    let (fits, long) = (
        exemplar(&"ü".repeat(120), 1.0, NOW),
        exemplar(&"u".repeat(121), 1.0, NOW),
    );
    let (errors, stats) = put(NOW, &[long, fits.clone()]);
    assert_eq!(
        (errors, stats.samples, stats.exemplars),
        (vec![AppendError::ExemplarLabelLength], 1, 1)
    );
    assert_eq!(
        put(NOW + 1, &[fits]).1.exemplars,
        0,
        "the same again is not stored"
    );
    let (errors, stats) = put(
        NOW + 2,
        &[
            exemplar("x", 1.0, NOW - 1),
            exemplar("x", 2.0, NOW),
            exemplar("y", 2.0, NOW + 1),
        ],
    );
    assert_eq!(
        (errors, stats.exemplars),
        (vec![AppendError::OutOfOrderExemplar], 2)
    );
    store.close().expect("closes");
    let store = f.open();
    assert_eq!(store.stats().replay.exemplars, 3);
    let mut app = store.appender();
    let again = [exemplar("y", 2.0, NOW + 1)];
    let o = AppendOpts {
        exemplars: &again,
        ..AppendOpts::default()
    };
    app.append(SeriesRef::UNKNOWN, &l, 0, NOW + 3, Value::Float(1.0), &o)
        .expect("taken");
    assert_eq!(
        app.commit().expect("commits").exemplars,
        0,
        "known after replay as well"
    );
}

#[test]
fn a10_exemplars_can_be_disabled() {
    let mut f = Fixture::new();
    f.options.max_exemplars = 0;
    let store = f.open();
    let mut app = store.appender();
    let list = [exemplar("x", 1.0, NOW)];
    let o = AppendOpts {
        exemplars: &list,
        ..AppendOpts::default()
    };
    let a = app
        .append(
            SeriesRef::UNKNOWN,
            &series("a"),
            0,
            NOW,
            Value::Float(1.0),
            &o,
        )
        .expect("taken");
    assert_eq!(a.exemplar_errors, [AppendError::ExemplarsDisabled]);
    assert_eq!(app.commit().expect("commits").samples, 1);
}

#[test]
fn a11_start_times_become_zero_samples() {
    let f = Fixture::new();
    let store = f.open();
    let (l, h) = (series("a"), series("h"));
    let o = AppendOpts::default();
    let mut app = store.appender();
    for st in [NOW, NOW + 1] {
        let r = app.append_st_zero(SeriesRef::UNKNOWN, &l, NOW, st, ZeroKind::Float);
        assert_eq!(r, Err(AppendError::StNewerThanSample));
    }
    let r = app
        .append_st_zero(SeriesRef::UNKNOWN, &l, NOW, NOW - 5, ZeroKind::Float)
        .expect("taken");
    app.append(r, &l, NOW - 5, NOW, Value::Float(3.0), &o)
        .expect("taken");
    let int = int_histogram();
    app.append_st_zero(
        SeriesRef::UNKNOWN,
        &h,
        NOW,
        NOW - 5,
        ZeroKind::Histogram(&int),
    )
    .expect("taken");
    app.append(
        SeriesRef::UNKNOWN,
        &h,
        NOW - 5,
        NOW,
        Value::Histogram(&int),
        &o,
    )
    .expect("taken");
    assert_eq!(app.commit().expect("commits").samples, 4);
    let mut app = store.appender();
    app.append_st_zero(r, &l, NOW + 1, NOW - 5, ZeroKind::Float)
        .expect("skipped in silence");
    app.append_st_zero(r, &l, NOW + 1, NOW, ZeroKind::Float)
        .expect("skipped in silence");
    app.append(r, &l, NOW - 5, NOW + 1, Value::Float(4.0), &o)
        .expect("taken");
    assert_eq!(app.commit().expect("commits").samples, 1);
    let floats: Vec<_> = f
        .floats()
        .into_iter()
        .map(|((_, t), v)| (t, f64::from_bits(v)))
        .collect();
    assert_eq!(floats, [(NOW - 5, 0.0), (NOW, 3.0), (NOW + 1, 4.0)]);
    let zero = f.dump().into_iter().find_map(|s| match s.value {
        DumpValue::Histogram(h) if s.t == NOW - 5 => Some(*h),
        _ => None,
    });
    let Some(HistValue::Int(zero)) = zero else {
        panic!("{zero:?}")
    };
    assert_eq!(
        (zero.count, zero.zero_threshold, zero.positive_buckets.len()),
        (0, int.zero_threshold, 0)
    );
}

#[test]
fn a12_samples_from_the_future() {
    let f = Fixture::new();
    let store = f.open();
    let l = series("a");
    assert_eq!(
        put(&store, &l, NOW + 11 * MINUTE, 1.0),
        Err(AppendError::OutOfBounds)
    );
    assert_eq!(store.stats().max_time, i64::MIN);
    assert_eq!(
        put(&store, &l, NOW + 9 * MINUTE, 1.0).map(|s| s.samples),
        Ok(1)
    );
    assert_eq!(
        put(&store, &l, NOW + 11 * MINUTE, 1.0),
        Err(AppendError::OutOfBounds)
    );
    assert_eq!(store.stats().max_time, NOW + 9 * MINUTE);
    let mut refused = Vec::new();
    let mut app = store.appender();
    let known = SeriesRef(store.0.head.find(&l).expect("known"));
    app.append_batch(NOW + 11 * MINUTE, &[(known, 1.0)], &mut refused);
    assert_eq!(refused, [(0, AppendError::OutOfBounds)]);
}

#[test]
fn inconsistent_histograms_are_refused_with_the_reason() {
    let f = Fixture::new();
    let store = f.open();
    let ok = int_histogram();
    let bad = [
        (
            Histogram {
                positive_buckets: vec![1],
                ..ok.clone()
            },
            "room for 2 buckets, there are 1",
        ),
        (
            Histogram {
                positive_buckets: vec![1, -2],
                ..ok.clone()
            },
            "negative count",
        ),
        (
            Histogram {
                count: 3,
                ..ok.clone()
            },
            "count is 3",
        ),
        (
            Histogram {
                schema: 9,
                ..ok.clone()
            },
            "schema 9",
        ),
        (
            Histogram {
                custom_values: vec![1.0],
                ..ok.clone()
            },
            "custom bounds",
        ),
    ];
    for (h, why) in bad {
        match append(&store, &series("h"), NOW, Value::Histogram(&h)) {
            Err(AppendError::InvalidHistogram(e)) => assert!(e.contains(why), "{e}"),
            other => panic!("{other:?}"),
        }
    }
    append(
        &store,
        &series("h"),
        NOW,
        Value::Histogram(&Histogram {
            count: 9,
            sum: f64::NAN,
            ..ok
        }),
    )
    .expect("NaN observations");
}

#[test]
fn metadata_is_logged_when_it_changes_and_survives() {
    let f = Fixture::new();
    let store = f.open();
    let l = series("a");
    let put = |store: &Store, t: i64, help: &str| {
        let mut app = store.appender();
        let m = MetadataRef {
            kind: MetricType::Counter,
            unit: "seconds",
            help,
        };
        let o = AppendOpts {
            metadata: Some(m),
            ..AppendOpts::default()
        };
        let r = app
            .append(SeriesRef::UNKNOWN, &l, 0, t, Value::Float(1.0), &o)
            .expect("taken")
            .series;
        app.commit().expect("commits");
        r
    };
    put(&store, NOW, "one");
    put(&store, NOW + 1, "one");
    let r = put(&store, NOW + 2, "two");
    let want = Some((MetricType::Counter, "seconds".to_owned(), "two".to_owned()));
    assert_eq!(store.metadata(r), want);
    assert_eq!(store.stats().metadata, 2);
    store.close().expect("closes");
    let store = f.open();
    assert_eq!(store.stats().replay.metadata, 2);
    assert_eq!(store.metadata(r), want);
    put(&store, NOW + 3, "two");
    assert_eq!(store.stats().metadata, 0);
}

#[test]
fn a_sample_of_another_transaction_finds_its_series_in_the_log() {
    let f = Fixture::new();
    let store = f.open();
    let l = series("a");
    let mut slow = store.appender();
    slow.append(
        SeriesRef::UNKNOWN,
        &l,
        0,
        NOW,
        Value::Float(1.0),
        &AppendOpts::default(),
    )
    .expect("taken");
    put(&store, &l, NOW + 1, 2.0).expect("taken");
    // The creator of the series has not committed; the fixture's dump insists on known series.
    assert_eq!(f.floats().len(), 1);
    assert_eq!(
        slow.commit().expect("commits"),
        CommitStats {
            rejected: 1,
            ..CommitStats::default()
        }
    );
    assert_eq!(f.floats().len(), 1);
    store.close().expect("closes");
    assert_eq!(f.open().stats().replay.series, 1, "and it is there once");
}
