//! The numbered cases of the acceptance list.

use super::encode::{
    GAUGE, HISTOGRAM, Msg, SUMMARY, UNTYPED, bucket, classic, family, gauge, label, span, timestamp,
};
use super::{briefs, class, native, ok, options, unhex};
use crate::reference::owned::{Owned, parse_in_pieces};
use crate::{ErrorClass, ParserOptions};

#[test]
fn p01_counter() {
    let body = unhex("180a016322130a060a01611201621a09090000000000001440");
    let events: Vec<String> = ok(&body, options()).iter().map(Owned::brief).collect();
    assert_eq!(events, ["HELP c ", "TYPE c counter", "c{a=\"b\"} 5"]);
}

#[test]
fn p02_empty_bodies_and_families_yield_nothing() {
    assert_eq!(ok(&[], options()), []);
    assert_eq!(ok(&unhex("00"), options()), []);
    assert_eq!(ok(&[0; 1000], options()), []);
}

#[test]
fn p03_name_of_an_empty_family_is_not_looked_at() {
    assert_eq!(ok(&unhex("030a01ff"), options()), []);
}

#[test]
fn p04_truncated_message() {
    assert_eq!(class(&unhex("050a01"), options()), ErrorClass::Trunc);
}

#[test]
fn p05_bad_prefix() {
    assert_eq!(class(&unhex("808080808001"), options()), ErrorClass::Varint);
    assert_eq!(class(&unhex("80"), options()), ErrorClass::Varint);
}

#[test]
fn p06_known_field_with_wrong_wire_type() {
    assert_eq!(class(&unhex("020805"), options()), ErrorClass::Wire);
}

#[test]
fn p07_end_group_without_start() {
    assert_eq!(class(&unhex("010c"), options()), ErrorClass::Wire);
}

#[test]
fn p08_family_without_name() {
    assert_eq!(class(&unhex("022200"), options()), ErrorClass::PbName);
    assert_eq!(class(&unhex("050a01ff2200"), options()), ErrorClass::PbName);
}

#[test]
fn p09_unknown_type() {
    assert_eq!(
        class(&unhex("070a017818062200"), options()),
        ErrorClass::PbType
    );
}

#[test]
fn p10_label_value_is_not_utf8() {
    let body = unhex("180a016322130a060a01611201ff1a09090000000000001440");
    assert_eq!(class(&body, options()), ErrorClass::Utf8);
    let error = parse_in_pieces(&body, options(), 0)
        .1
        .expect_err("bad label");
    assert_eq!(
        (error.line, error.offset, error.column),
        (1, 13, 14),
        "the byte at fault"
    );
    assert_eq!(body[13], 0xff);
}

#[test]
fn p11_unknown_group_is_skipped() {
    let body = unhex("189b0608019c060a01671801220b120909000000000000f03f");
    assert_eq!(briefs(&body, options()), ["g 1"]);
}

#[test]
fn p12_classic_histogram_gets_its_inf_bucket() {
    let body = family(
        "h",
        HISTOGRAM,
        &[classic(&[bucket(0.5, 1), bucket(1e6, 2)])],
    );
    assert_eq!(
        briefs(&body, options()),
        [
            "h_count 3",
            "h_sum 1.5",
            "h_bucket{le=\"0.5\"} 1",
            "h_bucket{le=\"1e+06\"} 2",
            "h_bucket{le=\"+Inf\"} 3"
        ]
    );
}

#[test]
fn p13_buckets_after_inf_are_ignored() {
    let body = family(
        "h",
        HISTOGRAM,
        &[classic(&[bucket(f64::INFINITY, 3), bucket(0.5, 1)])],
    );
    assert_eq!(
        briefs(&body, options()),
        ["h_count 3", "h_sum 1.5", "h_bucket{le=\"+Inf\"} 3"]
    );
}

#[test]
fn p14_summary_without_quantiles() {
    let summary = Msg::new().msg(4, Msg::new().int(1, 4).double(2, 2.5));
    assert_eq!(
        briefs(&family("s", SUMMARY, &[summary]), options()),
        ["s_count 4", "s_sum 2.5"]
    );
    let summary = Msg::new().msg(
        4,
        Msg::new()
            .msg(3, Msg::new().double(1, 0.5).double(2, 7.0))
            .int(1, 4)
            .msg(3, Msg::new().double(1, 1.0).double(2, f64::NAN)),
    );
    assert_eq!(
        briefs(&family("s", SUMMARY, &[summary]), options()),
        [
            "s_count 4",
            "s_sum 0",
            "s{quantile=\"0.5\"} 7",
            "s{quantile=\"1.0\"} NaN"
        ]
    );
}

#[test]
fn p15_empty_native_histogram() {
    let body = family(
        "h",
        HISTOGRAM,
        &[Msg::new().msg(7, Msg::new().msg(12, span(0, 0)))],
    );
    let events = ok(&body, native());
    let Owned::Histogram {
        histogram: (text, _),
        ..
    } = &events[2]
    else {
        panic!("{events:?}")
    };
    assert!(
        text.contains("positive_spans: [], positive_buckets: []"),
        "{text}"
    );
    assert_eq!(
        briefs(&body, options()),
        ["h_count 0", "h_sum 0", "h_bucket{le=\"+Inf\"} 0"]
    );
}

#[test]
fn p16_float_zero_count_alone_is_not_native() {
    let body = family(
        "h",
        HISTOGRAM,
        &[Msg::new().msg(7, Msg::new().double(8, 1.0))],
    );
    assert_eq!(
        briefs(&body, native()),
        ["h_count 0", "h_sum 0", "h_bucket{le=\"+Inf\"} 0"]
    );
}

#[test]
fn p17_spans_and_deltas_must_match_in_every_metric() {
    let bad = Msg::new().msg(7, Msg::new().msg(12, span(0, 2)).sint(13, 1));
    let good = Msg::new().msg(7, Msg::new().int(1, 1).msg(12, span(0, 1)).sint(13, 1));
    assert_eq!(
        class(
            &family("h", HISTOGRAM, std::slice::from_ref(&bad)),
            native()
        ),
        ErrorClass::Spans
    );
    assert_eq!(
        class(&family("h", HISTOGRAM, &[good.clone(), bad]), native()),
        ErrorClass::Spans
    );
    assert_eq!(
        briefs(&family("h", HISTOGRAM, &[good.clone(), good]), native()),
        ["h histogram"; 2]
    );
}

#[test]
fn p18_timestamps() {
    let at = |t: i64| family("g", GAUGE, &[gauge(1.0).int(6, t as u64)]);
    assert_eq!(briefs(&at(0), options()), ["g 1"]);
    assert_eq!(briefs(&at(-5), options()), ["g 1 @-5"]);
    assert_eq!(
        briefs(&at(1_700_000_000_000), options()),
        ["g 1 @1700000000000"]
    );
}

#[test]
fn p19_packed_and_unpacked_deltas_are_one() {
    let with = |deltas: &str| {
        let h = Msg::new().int(1, 1).msg(12, span(0, 2)).raw(&unhex(deltas));
        ok(&family("h", HISTOGRAM, &[Msg::new().msg(7, h)]), native())
    };
    assert_eq!(with("68026801"), with("6a020201"));
    // Mixed too; the second bucket is empty and cut.
    assert_eq!(with("68026a0101"), with("6a020201"));
    let Owned::Histogram {
        histogram: (text, _),
        ..
    } = &with("68026801")[2]
    else {
        panic!("a histogram")
    };
    assert!(text.contains("positive_buckets: [1]"), "{text}");
}

#[test]
fn p20_native_is_decided_per_metric() {
    let native_metric = Msg::new().msg(7, Msg::new().int(1, 1).msg(12, span(0, 1)).sint(13, 1));
    let body = family("h", HISTOGRAM, &[classic(&[bucket(0.5, 1)]), native_metric]);
    assert_eq!(
        briefs(&body, native()),
        [
            "h_count 3",
            "h_sum 1.5",
            "h_bucket{le=\"0.5\"} 1",
            "h_bucket{le=\"+Inf\"} 3",
            "h histogram"
        ]
    );
}

#[test]
fn p21_absent_untyped_value_is_zero() {
    let seven = Msg::new().msg(5, Msg::new().double(1, 7.0));
    let absent = Msg::new().msg(5, Msg::new());
    assert_eq!(
        briefs(
            &family("u", UNTYPED, &[seven, absent, Msg::new()]),
            options()
        ),
        ["u 7", "u 0", "u 0"]
    );
}

#[test]
fn p22_payload_of_another_type_is_zero() {
    let counter = Msg::new().msg(3, Msg::new().double(1, 5.0));
    assert_eq!(briefs(&family("g", GAUGE, &[counter]), options()), ["g 0"]);
    let broken = Msg::new().msg(3, Msg::new().raw(&[0x0b]));
    assert_eq!(
        class(&family("g", GAUGE, &[broken]), options()),
        ErrorClass::Wire,
        "it is still read"
    );
}

#[test]
fn p23_native_exemplars_need_a_timestamp() {
    let exemplar = |value: f64| Msg::new().msg(1, label("trace", "x")).double(2, value);
    let h = Msg::new()
        .int(1, 1)
        .msg(12, span(0, 1))
        .sint(13, 1)
        .msg(16, exemplar(1.0))
        .msg(16, exemplar(2.0).msg(3, timestamp(1, 500_000_000)));
    let events = ok(&family("h", HISTOGRAM, &[Msg::new().msg(7, h)]), native());
    let Owned::Histogram { exemplars, .. } = &events[2] else {
        panic!("{events:?}")
    };
    assert_eq!(exemplars.len(), 1);
    assert_eq!(
        (exemplars[0].value, exemplars[0].timestamp),
        (2f64.to_bits(), Some(1500))
    );

    // Without a list of its own, timestamped bucket exemplars stand in.
    let timed = bucket(1.0, 1).msg(3, exemplar(0.5).msg(3, timestamp(2, 999_999)));
    let untimed = bucket(2.0, 1).msg(3, exemplar(1.5));
    let h = Msg::new()
        .int(1, 1)
        .msg(12, span(0, 1))
        .sint(13, 1)
        .msg(3, timed)
        .msg(3, untimed);
    let body = family("h", HISTOGRAM, &[Msg::new().msg(7, h)]);
    let events = ok(
        &body,
        ParserOptions {
            keep_classic: true,
            ..native()
        },
    );
    let Owned::Histogram { exemplars, .. } = &events[2] else {
        panic!("{events:?}")
    };
    assert_eq!(
        exemplars.iter().map(|e| e.timestamp).collect::<Vec<_>>(),
        [Some(2000)]
    );
    // The classic buckets carry theirs whether timed or not.
    let of = |event: &Owned| match event {
        Owned::Series { exemplars, .. } => {
            exemplars.iter().map(|e| e.timestamp).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(of(&events[5]), [Some(2000)]);
    assert_eq!(of(&events[6]), [None]);
}
