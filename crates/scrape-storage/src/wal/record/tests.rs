use super::*;
use scrape_core::histogram::{CUSTOM_BUCKETS_SCHEMA, FloatHistogram, Histogram, ResetHint, Span};
use scrape_core::{Labels, LabelsBuilder, MetricType};

fn hex(s: &str) -> Vec<u8> {
    let digits: Vec<u8> = s.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|p| u8::from_str_radix(std::str::from_utf8(p).expect("ascii"), 16).expect("hex"))
        .collect()
}

fn sample_histogram() -> Histogram {
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

#[test]
fn w05_series_vector() {
    let want = hex("01 0000000000000001 02 08 5f5f6e616d655f5f 01 61 01 62 01 63");
    let labels = Labels::from_pairs([("__name__", "a"), ("b", "c")]);
    let mut out = Vec::new();
    SeriesEncoder::new(&mut out).push(1, labels.iter());
    assert_eq!(out, want);
    let mut b = LabelsBuilder::new();
    let got: Vec<_> = SeriesEntries::new(&want)
        .expect("type 1")
        .map(|e| e.map(|(r, l)| (r, l.build(&mut b))))
        .collect::<Result<_, _>>()
        .expect("decodes");
    assert_eq!(got, [(1, labels)]);
}

#[test]
fn w05_samples_vector() {
    let want =
        hex("02 0000000000000001 00000000000003e8 00 00 3ff0000000000000 04 1d c004000000000000");
    let entries = [(1, 1000, 1.0f64.to_bits()), (3, 985, (-2.5f64).to_bits())];
    let mut out = Vec::new();
    let mut e = SamplesEncoder::new(&mut out);
    entries.iter().for_each(|(r, t, v)| e.push(*r, *t, *v));
    assert_eq!(out, want);
    let got: Vec<_> = Samples::new(&want)
        .expect("type 2")
        .collect::<Result<_, _>>()
        .expect("decodes");
    assert_eq!(got, entries);
}

#[test]
fn w05_tombstone_and_metadata_vectors() {
    let want = hex("03 0000000000000001 09 d804");
    let mut out = Vec::new();
    TombstonesEncoder::new(&mut out).push(1, -5, 300);
    assert_eq!(out, want);
    let got: Vec<_> = Tombstones::new(&want)
        .expect("type 3")
        .collect::<Result<_, _>>()
        .expect("decodes");
    assert_eq!(
        got,
        [Tombstone {
            series: 1,
            min_t: -5,
            max_t: 300
        }]
    );

    let want = hex("06 01 01 02 04 554e4954 01 73 04 48454c50 01 78");
    let mut out = Vec::new();
    MetadataEncoder::new(&mut out).push(1, MetricType::Counter, "s", "x");
    assert_eq!(out, want);
    let got: Vec<_> = MetadataEntries::new(&want)
        .expect("type 6")
        .collect::<Result<_, _>>()
        .expect("decodes");
    assert_eq!(
        got,
        [MetadataEntry {
            series: 1,
            kind: MetricType::Counter,
            unit: "s",
            help: "x"
        }]
    );
}

#[test]
fn w05_histogram_vector() {
    let want = hex(
        "07 0000000000000001 00000000000003e8 00 00 00 00 37f0000000000000 01 04 401a000000000000 \
         01 00 02 00 02 02 02 00",
    );
    let h = sample_histogram();
    let mut out = Vec::new();
    HistogramsEncoder::new(&mut out, HistValueRef::Int(&h)).push(1, 1000, HistValueRef::Int(&h));
    assert_eq!(out, want);
    let got: Vec<_> = Histograms::new(&want)
        .expect("type 7")
        .collect::<Result<_, _>>()
        .expect("decodes");
    assert_eq!(got, [(1, 1000, HistValue::Int(h))]);
}

#[test]
fn histograms_of_every_record_type_round_trip() {
    let int = Histogram {
        negative_spans: vec![Span {
            offset: -3,
            length: 1,
        }],
        negative_buckets: vec![2],
        ..sample_histogram()
    };
    let custom = Histogram {
        schema: CUSTOM_BUCKETS_SCHEMA,
        custom_values: vec![0.5, 1e300],
        ..sample_histogram()
    };
    let float = FloatHistogram {
        reset_hint: ResetHint::Gauge,
        schema: -4,
        count: 4.5,
        positive_spans: vec![Span {
            offset: 7,
            length: 2,
        }],
        positive_buckets: vec![1.5, 3.0],
        ..FloatHistogram::default()
    };
    let float_custom = FloatHistogram {
        schema: CUSTOM_BUCKETS_SCHEMA,
        custom_values: vec![-1.0],
        ..float.clone()
    };
    for (h, kind) in [
        (HistValue::Int(int), RecordType::Histograms),
        (HistValue::Float(float), RecordType::FloatHistograms),
        (HistValue::Int(custom), RecordType::CustomHistograms),
        (
            HistValue::Float(float_custom),
            RecordType::CustomFloatHistograms,
        ),
    ] {
        let mut out = Vec::new();
        let mut e = HistogramsEncoder::new(&mut out, h.as_ref());
        e.push(9, -5, h.as_ref());
        e.push(2, i64::MAX, h.as_ref());
        assert_eq!(RecordType::of(&out), Some(kind));
        let got: Vec<_> = Histograms::new(&out)
            .expect("histograms")
            .collect::<Result<_, _>>()
            .expect("decodes");
        assert_eq!(got, [(9, -5, h.clone()), (2, i64::MAX, h)]);
    }
}

#[test]
fn w06_negative_and_huge_deltas_decode() {
    let entries = [
        (1u64 << 40, 1_700_000_000_000i64, 1u64),
        (1, 1_700_000_000_000 - (1 << 33), 2),
        (u64::MAX, i64::MIN, 3),
        (5, i64::MAX, 4),
    ];
    let mut out = Vec::new();
    let mut e = SamplesEncoder::new(&mut out);
    entries.iter().for_each(|(r, t, v)| e.push(*r, *t, *v));
    let got: Vec<_> = Samples::new(&out)
        .expect("type 2")
        .collect::<Result<_, _>>()
        .expect("decodes");
    assert_eq!(got, entries);
}

#[test]
fn w07_metadata_with_a_third_field_is_read() {
    let rec = hex("06 01 01 03 04 554e4954 01 73 03 466f6f 01 79 04 48454c50 01 78 02 02 00");
    let got: Vec<_> = MetadataEntries::new(&rec)
        .expect("type 6")
        .collect::<Result<_, _>>()
        .expect("decodes");
    assert_eq!(
        got,
        [
            MetadataEntry {
                series: 1,
                kind: MetricType::Counter,
                unit: "s",
                help: "x"
            },
            MetadataEntry {
                series: 2,
                kind: MetricType::Gauge,
                unit: "",
                help: ""
            },
        ]
    );
}

#[test]
fn w08_samples_with_start_times_decode() {
    // ref 7, t 1000, st 900, value 1; then ref 8 (+1), t 1000, same st; ref 8, t 2000, no st; ref 6, st 950.
    let mut rec = vec![11u8];
    for v in [7i64, 1000, 900] {
        varint::put_zv(&mut rec, v);
    }
    varint::put_f64(&mut rec, 1.0);
    for (dref, dt, marker, dst) in [
        (1i64, 0i64, 1u8, None),
        (0, 1000, 0, None),
        (-2, 0, 2, Some(50i64)),
    ] {
        varint::put_zv(&mut rec, dref);
        varint::put_zv(&mut rec, dt);
        rec.push(marker);
        if let Some(d) = dst {
            varint::put_zv(&mut rec, d);
        }
        varint::put_f64(&mut rec, 2.0);
    }
    let got: Vec<_> = Samples::new(&rec)
        .expect("type 11")
        .collect::<Result<_, _>>()
        .expect("decodes");
    let two = 2.0f64.to_bits();
    assert_eq!(
        got,
        [
            (7, 1000, 1.0f64.to_bits()),
            (8, 1000, two),
            (8, 2000, two),
            (6, 1000, two)
        ]
    );
}

#[test]
fn w08_histograms_with_start_times_decode() {
    for h in [
        HistValue::Int(sample_histogram()),
        HistValue::Int(Histogram {
            schema: CUSTOM_BUCKETS_SCHEMA,
            custom_values: vec![1.0, 2.0],
            ..sample_histogram()
        }),
    ] {
        let mut rec = vec![12u8];
        for v in [7i64, 1000, 0] {
            varint::put_zv(&mut rec, v);
        }
        let custom = h.schema() == CUSTOM_BUCKETS_SCHEMA;
        histogram::put_histogram(&mut rec, h.as_ref(), custom);
        varint::put_zv(&mut rec, 2);
        varint::put_zv(&mut rec, 5);
        rec.push(0);
        histogram::put_histogram(&mut rec, h.as_ref(), custom);
        let got: Vec<_> = Histograms::new(&rec)
            .expect("type 12")
            .collect::<Result<_, _>>()
            .expect("decodes");
        assert_eq!(got, [(7, 1000, h.clone()), (9, 1005, h)]);
    }
}

#[test]
fn exemplars_round_trip() {
    let labels = Labels::from_pairs([("trace_id", "abc")]);
    let mut out = Vec::new();
    let mut e = ExemplarsEncoder::new(&mut out);
    e.push(4, 10, 0.5, &labels);
    e.push(2, 5, -0.5, &Labels::empty());
    let mut b = LabelsBuilder::new();
    let got: Vec<_> = Exemplars::new(&out)
        .expect("type 4")
        .map(|e| e.map(|(r, t, v, l)| (r, t, v, l.build(&mut b))))
        .collect::<Result<_, _>>()
        .expect("decodes");
    assert_eq!(got, [(4, 10, 0.5, labels), (2, 5, -0.5, Labels::empty())]);
}

/// Every decoder over every prefix and every single-byte change: an error or entries, never a panic, and
/// never more memory than the record has bytes for.
#[test]
fn damaged_records_never_panic() {
    let h = sample_histogram();
    let mut records = Vec::new();
    let mut out = Vec::new();
    SeriesEncoder::new(&mut out).push(1, Labels::from_pairs([("a", "b"), ("c", "d")]).iter());
    records.push(std::mem::take(&mut out));
    HistogramsEncoder::new(&mut out, HistValueRef::Int(&h)).push(1, 1000, HistValueRef::Int(&h));
    records.push(std::mem::take(&mut out));
    ExemplarsEncoder::new(&mut out).push(4, 10, 0.5, &Labels::from_pairs([("trace_id", "abc")]));
    records.push(std::mem::take(&mut out));
    MetadataEncoder::new(&mut out).push(1, MetricType::Counter, "s", "x");
    records.push(std::mem::take(&mut out));
    let mut seen = 0usize;
    for rec in &records {
        for cut in 0..=rec.len() {
            for (i, b) in (0..cut).flat_map(|i| [0u8, 0x7f, 0x80, 0xff].map(|b| (i, b))) {
                let mut damaged = rec[..cut].to_vec();
                damaged[i] = b;
                for first in 1..=13u8 {
                    damaged[0] = if i == 0 { first } else { damaged[0] };
                    seen += count_entries(&damaged);
                }
            }
        }
    }
    assert!(seen > 0, "some changes leave a readable record");
}

fn count_entries(rec: &[u8]) -> usize {
    fn n<T>(it: Result<impl Iterator<Item = Result<T, DecodeError>>, DecodeError>) -> usize {
        it.map_or(0, |it| it.filter(Result::is_ok).count())
    }
    n(SeriesEntries::new(rec))
        + n(Samples::new(rec))
        + n(Tombstones::new(rec))
        + n(Exemplars::new(rec))
        + n(MetadataEntries::new(rec))
        + n(Histograms::new(rec))
}
