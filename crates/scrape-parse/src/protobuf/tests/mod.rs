//! The protobuf parser against worked examples and against the slow reference, whole and in pieces.

mod cases;
mod encode;
mod prop;
mod special;

use self::encode::{
    COUNTER, GAUGE, GAUGE_HISTOGRAM, HISTOGRAM, Msg, bucket, classic, family, gauge, label, span,
    timestamp,
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
