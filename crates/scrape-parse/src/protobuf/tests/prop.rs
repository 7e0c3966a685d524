//! Lockstep with the reference: on generated families, and on the same bytes damaged.

use super::encode::{Msg, bucket, family, label, span};
use crate::reference::lockstep;
use crate::{Format, ParserOptions};
use proptest::prelude::*;

fn float() -> impl Strategy<Value = f64> {
    prop_oneof![
        (0u8..6).prop_map(f64::from),
        any::<f64>(),
        Just(f64::NAN),
        Just(f64::from_bits(crate::histogram::STALE_NAN_BITS)),
        Just(f64::INFINITY)
    ]
}

fn labels() -> impl Strategy<Value = Vec<Msg>> {
    let name = prop_oneof![Just("a"), Just("b"), Just("le"), Just("x.y"), Just("")];
    let value = prop_oneof![Just(""), Just("v"), Just("\u{82b1}\n\"")];
    prop::collection::vec((name, value), 0..3).prop_map(|pairs| {
        pairs
            .into_iter()
            .filter(|p| !p.0.is_empty())
            .map(|(n, v)| label(n, v))
            .collect()
    })
}

fn time() -> impl Strategy<Value = Msg> {
    (any::<i64>(), any::<i32>()).prop_map(|(s, n)| Msg::new().int(1, s as u64).int(2, n as u64))
}

fn exemplar() -> impl Strategy<Value = Msg> {
    (labels(), float(), prop::option::of(time())).prop_map(|(labels, value, time)| {
        let msg = labels
            .into_iter()
            .fold(Msg::new().double(2, value), |msg, label| msg.msg(1, label));
        time.into_iter().fold(msg, |msg, time| msg.msg(3, time))
    })
}

fn buckets() -> impl Strategy<Value = Vec<Msg>> {
    let one = (
        float(),
        0u64..5,
        prop::option::of(exemplar()),
        prop::option::of(float()),
    );
    prop::collection::vec(one, 0..6).prop_map(|mut buckets| {
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut total = 0;
        let with = |(bound, more, exemplar, float): (f64, u64, Option<Msg>, Option<f64>)| {
            total += more;
            let msg = exemplar
                .into_iter()
                .fold(bucket(bound, total), |msg, e| msg.msg(3, e));
            float
                .filter(|f| *f < 3.0)
                .into_iter()
                .fold(msg, |msg, f| msg.double(4, f))
        };
        buckets.into_iter().map(with).collect()
    })
}

/// Spans and buckets of one side that fit, unless `spoil` says otherwise.
fn side(spans_field: u32, deltas_field: u32) -> impl Strategy<Value = Msg> {
    let runs = prop::collection::vec((-2i64..5, 0u64..4), 0..4);
    (
        runs,
        prop::collection::vec(-3i64..4, 12),
        any::<bool>(),
        any::<bool>(),
        0u8..20,
    )
        .prop_map(move |(runs, values, packed, floats, spoil)| {
            let mut msg = Msg::new();
            let mut n = 0;
            for (offset, length) in runs {
                msg = msg.msg(spans_field, span(offset, length));
                n += length as usize;
            }
            n += usize::from(spoil == 0);
            if floats {
                let counts_field = deltas_field + 1;
                let mut bytes = Vec::new();
                for value in values.iter().take(n) {
                    let count = value.abs() as f64;
                    bytes.extend_from_slice(&count.to_bits().to_le_bytes());
                    if !packed {
                        msg = msg.double(counts_field, count);
                    }
                }
                return if packed {
                    msg.bytes(counts_field, &bytes)
                } else {
                    msg
                };
            }
            let mut bytes = Vec::new();
            for value in values.iter().take(n) {
                super::encode::varint(super::encode::zigzag(*value), &mut bytes);
                if !packed {
                    msg = msg.sint(deltas_field, *value);
                }
            }
            if packed {
                msg.bytes(deltas_field, &bytes)
            } else {
                msg
            }
        })
}

fn histogram() -> impl Strategy<Value = Msg> {
    let native = (
        side(9, 10),
        side(12, 13),
        -6i64..10,
        prop::option::of(float()),
        prop::option::of(0u64..3),
    );
    (
        buckets(),
        prop::option::of(native),
        prop::option::of(0u64..40),
        prop::option::of(float()),
        float(),
        prop::collection::vec(exemplar(), 0..3),
        prop::option::of(time()),
    )
        .prop_map(
            |(buckets, native, count, count_float, sum, exemplars, start)| {
                let mut msg = Msg::new().double(2, sum);
                for bucket in buckets {
                    msg = msg.msg(3, bucket);
                }
                if let Some(count) = count {
                    msg = msg.int(1, count);
                }
                if let Some(count) = count_float.filter(|c| *c < 5.0) {
                    msg = msg.double(4, count);
                }
                if let Some((negative, positive, schema, threshold, zeros)) = native {
                    msg = msg.sint(5, schema).raw(&negative.0).raw(&positive.0);
                    msg = threshold.into_iter().fold(msg, |msg, t| msg.double(6, t));
                    msg = zeros.into_iter().fold(msg, |msg, z| msg.int(7, z));
                }
                msg = exemplars.into_iter().fold(msg, |msg, e| msg.msg(16, e));
                start.into_iter().fold(msg, |msg, s| msg.msg(15, s))
            },
        )
}

fn payload() -> impl Strategy<Value = Msg> {
    let quantile = (float(), float()).prop_map(|(q, v)| Msg::new().double(1, q).double(2, v));
    prop_oneof![
        float().prop_map(|v| Msg::new().msg(2, Msg::new().double(1, v))),
        float().prop_map(|v| Msg::new().msg(5, Msg::new().double(1, v))),
        (
            float(),
            prop::option::of(exemplar()),
            prop::option::of(time())
        )
            .prop_map(|(v, e, t)| {
                let msg = e
                    .into_iter()
                    .fold(Msg::new().double(1, v), |msg, e| msg.msg(2, e));
                Msg::new().msg(3, t.into_iter().fold(msg, |msg, t| msg.msg(3, t)))
            }),
        (any::<u64>(), float(), prop::collection::vec(quantile, 0..4)).prop_map(
            |(count, sum, quantiles)| {
                let msg = Msg::new().int(1, count).double(2, sum);
                Msg::new().msg(4, quantiles.into_iter().fold(msg, |msg, q| msg.msg(3, q)))
            }
        ),
        histogram().prop_map(|h| Msg::new().msg(7, h)),
        histogram().prop_map(|h| Msg::new().msg(7, h)),
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let metric = (labels(), payload(), prop::option::of(any::<i64>())).prop_map(
        |(labels, payload, time)| {
            let msg = labels
                .into_iter()
                .fold(Msg::new(), |msg, l| msg.msg(1, l))
                .raw(&payload.0);
            time.into_iter().fold(msg, |msg, t| msg.int(6, t as u64))
        },
    );
    let one = (
        prop_oneof![Just("f"), Just("a.b"), Just("long_name_of_a_family")],
        0u64..6,
    );
    let one = (one, prop::collection::vec(metric, 0..4));
    prop::collection::vec(one, 0..4).prop_map(|families| {
        families
            .into_iter()
            .flat_map(|((name, kind), metrics)| family(name, kind, &metrics))
            .collect()
    })
}

fn options() -> impl Strategy<Value = ParserOptions> {
    (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(native, classic, nhcb, canonical)| ParserOptions {
            native_histograms: native,
            keep_classic: classic,
            nhcb,
            canonical_nan: canonical,
            ..ParserOptions::new(Format::Protobuf)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn generated_families_agree(body in body(), options in options(), piece in 1usize..40) {
        lockstep::protobuf(&body, &options, piece);
    }

    #[test]
    fn damaged_families_agree(
        mut body in body(),
        options in options(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        prop_assume!(!body.is_empty());
        for (at, byte) in damage {
            let at = at.index(body.len());
            body[at] = byte;
        }
        if cuts {
            body.truncate(cut.index(body.len()));
        }
        lockstep::protobuf(&body, &options, 5);
    }
}
