//! The protobuf parser against worked examples and against the slow reference, whole and in pieces.

mod encode;
mod prop;
mod special;

use self::encode::{
    COUNTER, GAUGE, GAUGE_HISTOGRAM, HISTOGRAM, Msg, SUMMARY, UNTYPED, bucket, family, gauge,
    label, span,
};
use crate::reference::owned::{Owned, parse_in_pieces};
use crate::reference::protobuf as reference;
use crate::{ErrorClass, Format, Limits, ParserOptions};

fn options() -> ParserOptions {
    ParserOptions::new(Format::Protobuf)
}

fn native() -> ParserOptions {
    ParserOptions {
        native_histograms: true,
        ..options()
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex"))
        .collect()
}

/// Parses with the fast parser, whole and split everywhere, and with the reference; all must agree.
fn run(body: &[u8], options: ParserOptions) -> (Vec<Owned>, Option<ErrorClass>) {
    let (events, result) = parse_in_pieces(body, options, 0);
    for piece in [1, 2, 3, 7, 64] {
        let (again, result_again) = parse_in_pieces(body, options, piece);
        assert_eq!(again, events, "pieces of {piece}");
        assert_eq!(result_again, result, "pieces of {piece}");
    }
    let (slow, slow_result) = reference::events(body, &options);
    assert_eq!(events, slow, "reference");
    let class = result.err().map(|error| error.class);
    assert_eq!(
        class.is_some(),
        slow_result.is_err(),
        "{class:?} {slow_result:?}"
    );
    (events, class)
}

fn ok(body: &[u8], options: ParserOptions) -> Vec<Owned> {
    let (events, class) = run(body, options);
    assert_eq!(class, None);
    events
}

fn briefs(body: &[u8], options: ParserOptions) -> Vec<String> {
    ok(body, options)
        .iter()
        .filter(|e| !matches!(e, Owned::Help(..) | Owned::Type(..)))
        .map(Owned::brief)
        .collect()
}

fn class(body: &[u8], options: ParserOptions) -> ErrorClass {
    run(body, options).1.expect("an error")
}

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

fn classic(buckets: &[Msg]) -> Msg {
    let mut h = Msg::new().int(1, 3).double(2, 1.5);
    for bucket in buckets {
        h = h.msg(3, bucket.clone());
    }
    Msg::new().msg(7, h)
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

fn timestamp(seconds: i64, nanos: i64) -> Msg {
    Msg::new().int(1, seconds as u64).int(2, nanos as u64)
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

#[test]
fn nan_is_canonical_unless_asked_otherwise() {
    let stale = f64::from_bits(crate::histogram::STALE_NAN_BITS);
    let value = |body: &[u8], options| match &ok(body, options)[2] {
        Owned::Series { value, .. } => *value,
        Owned::Histogram { histogram, .. } => histogram.1,
        other => panic!("{other:?}"),
    };
    let raw = ParserOptions {
        canonical_nan: false,
        ..native()
    };
    let body = family("g", GAUGE, &[gauge(stale)]);
    assert_eq!(value(&body, native()), 0x7ff8_0000_0000_0001);
    assert_eq!(value(&body, raw), 0x7ff0_0000_0000_0002);
    for h in [Msg::new().int(1, 1), Msg::new().double(4, 1.0)] {
        let h = h
            .double(2, stale)
            .msg(12, span(0, 1))
            .sint(13, 1)
            .double(14, f64::NAN);
        let body = family("h", HISTOGRAM, &[Msg::new().msg(7, h)]);
        assert_eq!(value(&body, native()), 0x7ff8_0000_0000_0001);
        assert_eq!(value(&body, raw), 0x7ff0_0000_0000_0002);
    }
}

#[test]
fn fields_come_in_any_order_and_in_pieces() {
    let counter = |msg: Msg| Msg::new().msg(3, msg);
    let metric = counter(Msg::new().msg(2, Msg::new().double(2, 0.5)))
        .0
        .into_iter()
        .chain(counter(Msg::new().double(1, 4.0).msg(3, timestamp(7, 0))).0)
        .chain(
            Msg::new()
                .msg(1, label("a", "1"))
                .int(6, 9)
                .msg(1, label("b", "2"))
                .0,
        )
        .chain(
            counter(Msg::new().msg(
                2,
                Msg::new().msg(1, label("t", "x")).msg(3, timestamp(3, 0)),
            ))
            .0,
        )
        .collect::<Vec<u8>>();
    let body = Msg::new()
        .bytes(4, &metric)
        .str(5, "s")
        .int(3, COUNTER)
        .str(1, "wrong")
        .str(1, "c")
        .delimited();
    let events = ok(&body, options());
    assert_eq!(
        events.iter().map(Owned::brief).collect::<Vec<_>>(),
        [
            "HELP c ",
            "UNIT c s",
            "TYPE c counter",
            "c{a=\"1\",b=\"2\"} 4 @9"
        ]
    );
    let Owned::Series {
        exemplars, start, ..
    } = &events[3]
    else {
        panic!("a series")
    };
    assert_eq!(*start, 7000);
    assert_eq!(exemplars.len(), 1);
    assert_eq!(exemplars[0].labels, [(b"t".to_vec(), b"x".to_vec())]);
    assert_eq!(
        (exemplars[0].value, exemplars[0].timestamp),
        (0.5f64.to_bits(), Some(3000))
    );
}

#[test]
fn gauge_histograms_and_float_counts() {
    let h = Msg::new()
        .double(4, 2.5)
        .double(2, 1.0)
        .msg(3, Msg::new().double(2, 1.0).double(4, 1.5));
    let body = family("gh", GAUGE_HISTOGRAM, &[Msg::new().msg(7, h)]);
    assert_eq!(
        briefs(&body, options()),
        [
            "gh_count 2.5",
            "gh_sum 1",
            "gh_bucket{le=\"1.0\"} 1.5",
            "gh_bucket{le=\"+Inf\"} 2.5"
        ]
    );
    let h = Msg::new()
        .double(4, 2.5)
        .msg(9, span(-1, 2))
        .double(11, 1.0)
        .double(11, 1.5)
        .double(6, 0.1);
    let body = family("gh", GAUGE_HISTOGRAM, &[Msg::new().msg(7, h)]);
    let Owned::Histogram {
        histogram: (text, _),
        ..
    } = &ok(&body, native())[2]
    else {
        panic!("a histogram")
    };
    assert!(
        text.contains("reset_hint: Gauge") && text.contains("negative_buckets: [1.0, 1.5]"),
        "{text}"
    );
}

#[test]
fn keys_tell_series_apart_and_do_not_depend_on_values() {
    let keys = |count: u64| {
        let h = Msg::new()
            .int(1, count)
            .msg(3, bucket(0.5, 1))
            .msg(3, bucket(1.0, 1));
        let body = family(
            "h",
            HISTOGRAM,
            &[
                Msg::new().msg(7, h.clone()),
                Msg::new().msg(1, label("a", "b")).msg(7, h),
            ],
        );
        let mut parser = crate::Parser::new(options());
        let mut cursor = parser.feed(&body, true);
        let mut keys = Vec::new();
        while let crate::Step::Event(event) = cursor.next().expect("a good body") {
            if let crate::Event::Series(series) = event {
                keys.push(series.key.to_vec());
            }
        }
        keys
    };
    let mut first = keys(1);
    assert_eq!(first, keys(2));
    assert_eq!(first.len(), 10);
    first.sort();
    first.dedup();
    assert_eq!(first.len(), 10);
}

#[test]
fn oversized_messages_are_refused_by_their_prefix() {
    let limits = Limits {
        line: 50,
        ..Limits::default()
    };
    let body = family(
        "g",
        GAUGE,
        &[gauge(1.0).msg(1, label("a", &"x".repeat(100)))],
    );
    let (events, result) = parse_in_pieces(
        &body,
        ParserOptions {
            limits,
            ..options()
        },
        1,
    );
    assert_eq!(
        (events.len(), result.expect_err("too long").class),
        (0, ErrorClass::Limit)
    );
    let (_, result) = parse_in_pieces(
        &body,
        ParserOptions {
            limits,
            ..options()
        },
        0,
    );
    assert_eq!(result.expect_err("too long").class, ErrorClass::Limit);
    // A prefix that promises 32 GiB costs nothing.
    let (_, result) = parse_in_pieces(&unhex("ffffffff7f0a01"), options(), 1);
    assert_eq!(result.expect_err("too long").class, ErrorClass::Limit);
}

#[test]
fn errors_say_which_message_and_byte() {
    let mut body = family("g", GAUGE, &[gauge(1.0)]);
    let first = body.len();
    body.extend(family("", GAUGE, &[gauge(1.0)]));
    for piece in [0, 1, 5] {
        let error = parse_in_pieces(&body, options(), piece)
            .1
            .expect_err("no name");
        assert_eq!((error.class, error.line), (ErrorClass::PbName, 2));
        assert_eq!(error.offset, first as u64 + error.column - 1);
    }
}

#[test]
fn deep_groups_do_not_recurse() {
    let mut message = vec![0x9b, 0x06];
    message.extend(std::iter::repeat_n([0x9b, 0x06], 100_000).flatten());
    let class = run_whole(&Msg::new().raw(&message).delimited());
    assert_eq!(class, Some(ErrorClass::Trunc));
    message.extend(std::iter::repeat_n([0x9c, 0x06], 100_001).flatten());
    assert_eq!(run_whole(&Msg::new().raw(&message).delimited()), None);
}

fn run_whole(body: &[u8]) -> Option<ErrorClass> {
    parse_in_pieces(body, options(), 0)
        .1
        .err()
        .map(|error| error.class)
}

#[test]
fn n05_protobuf_refuses_what_does_not_convert() {
    let nhcb = ParserOptions {
        nhcb: true,
        ..native()
    };
    let body = family(
        "h",
        HISTOGRAM,
        &[classic(&[bucket(0.5, 3), bucket(1.0, 2)])],
    );
    assert_eq!(class(&body, nhcb), ErrorClass::Nhcb);
    assert_eq!(
        ok(&body, native()).len(),
        7,
        "only when it is asked to convert"
    );
}

#[test]
fn nhcb_converts_classic_metrics_only() {
    let nhcb = ParserOptions {
        nhcb: true,
        ..native()
    };
    let native_metric = Msg::new().msg(7, Msg::new().int(1, 1).msg(12, span(0, 1)).sint(13, 1));
    let body = family(
        "h",
        GAUGE_HISTOGRAM,
        &[
            classic(&[bucket(0.5, 1), bucket(1.0, 2)]),
            native_metric.clone(),
        ],
    );
    let events = ok(&body, nhcb);
    assert_eq!(events.len(), 4);
    let Owned::Histogram {
        histogram: (text, _),
        ..
    } = &events[2]
    else {
        panic!("{events:?}")
    };
    assert!(
        text.contains("schema: -53") && text.contains("reset_hint: Gauge"),
        "{text}"
    );
    assert!(
        text.contains("custom_values: [0.5, 1.0]") && text.contains("positive_buckets: [1, 0, 0]"),
        "{text}"
    );
    let Owned::Histogram {
        histogram: (text, _),
        ..
    } = &events[3]
    else {
        panic!("{events:?}")
    };
    assert!(text.contains("schema: 0"), "{text}");
    // With native histograms off every metric is classic, hence converted.
    let h = family("h", HISTOGRAM, &[native_metric]);
    let events = ok(
        &h,
        ParserOptions {
            nhcb: true,
            ..options()
        },
    );
    let Owned::Histogram {
        histogram: (text, _),
        ..
    } = &events[2]
    else {
        panic!("{events:?}")
    };
    assert!(text.contains("schema: -53"), "{text}");
    // Classic members come first where both are wanted.
    assert_eq!(
        briefs(
            &body,
            ParserOptions {
                keep_classic: true,
                ..nhcb
            }
        ),
        [
            "h_count 3",
            "h_sum 1.5",
            "h_bucket{le=\"0.5\"} 1",
            "h_bucket{le=\"1.0\"} 2",
            "h_bucket{le=\"+Inf\"} 3",
            "h histogram",
            "h histogram"
        ]
    );
}
