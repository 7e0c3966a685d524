//! Conversion in the text formats: worked examples, and lockstep with a naive grouping of unconverted events.

use crate::reference::conversion::naive;
use crate::reference::owned::{Owned, parse_in_pieces};
use crate::{ErrorClass, Expect, Format, Parser, ParserOptions, Scan, Step};
use proptest::prelude::*;

fn options(format: Format) -> ParserOptions {
    ParserOptions {
        nhcb: true,
        ..ParserOptions::new(format)
    }
}

/// Parses as text and, with `# EOF`, as OpenMetrics, whole and in pieces; all must agree.
fn run(body: &str, keep_classic: bool) -> Vec<Owned> {
    let text = ParserOptions {
        keep_classic,
        ..options(Format::Text)
    };
    let (events, result) = parse_in_pieces(body.as_bytes(), text, 0);
    result.expect("a good body");
    let om_body = format!("{body}# EOF\n");
    let om = ParserOptions {
        keep_classic,
        ..options(Format::OpenMetrics)
    };
    for piece in 1..20 {
        assert_eq!(
            parse_in_pieces(body.as_bytes(), text, piece),
            (events.clone(), Ok(()))
        );
        let (om_events, result) = parse_in_pieces(om_body.as_bytes(), om, piece);
        result.expect("a good body");
        assert_eq!(om_events.len(), events.len());
    }
    events
}

fn briefs(events: &[Owned]) -> Vec<String> {
    events
        .iter()
        .filter(|e| !matches!(e, Owned::Type(..)))
        .map(Owned::brief)
        .collect()
}

fn histogram(event: &Owned) -> &str {
    match event {
        Owned::Histogram {
            histogram: (text, _),
            ..
        } => text,
        other => panic!("{other:?} is no histogram"),
    }
}

fn has(event: &Owned, parts: &[&str]) {
    let text = histogram(event);
    for part in parts {
        assert!(text.contains(part), "{part} not in {text}");
    }
}

const N01: &str = "# TYPE h histogram\nh_bucket{le=\"0.5\"} 50\nh_bucket{le=\"1\"} 950\nh_bucket{le=\"+Inf\"} 1000\n\
                   h_count 1000\nh_sum 5\n";

#[test]
fn n01_integer_histogram() {
    let events = run(N01, false);
    assert_eq!(briefs(&events), ["h histogram"]);
    has(
        &events[1],
        &[
            "custom_values: [0.5, 1.0]",
            "positive_buckets: [50, 850, -850]",
            "count: 1000",
            "sum: 5.0",
        ],
    );
    has(
        &events[1],
        &[
            "schema: -53",
            "Span { offset: 0, length: 3 }",
            "reset_hint: Unknown",
        ],
    );
}

#[test]
fn n02_float_histogram() {
    let events = run(&N01.replace("950", "950.5"), false);
    assert_eq!(briefs(&events), ["h histogram"]);
    has(
        &events[1],
        &[
            "FloatHistogram",
            "positive_buckets: [50.0, 900.5, 49.5]",
            "count: 1000.0",
        ],
    );
}

#[test]
fn n03_sum_alone() {
    let events = run("# TYPE h histogram\nh_sum 7\n", false);
    has(
        &events[1],
        &[
            "positive_buckets: []",
            "count: 0",
            "sum: 7.0",
            "custom_values: []",
        ],
    );
}

#[test]
fn n04_no_inf_and_no_count() {
    let events = run("# TYPE h histogram\nh_bucket{le=\"0.5\"} 10\n", false);
    has(
        &events[1],
        &[
            "positive_buckets: [10]",
            "count: 10",
            "custom_values: [0.5]",
        ],
    );
}

#[test]
fn n05_text_group_that_shrinks_vanishes() {
    let body = "# TYPE h histogram\nh_bucket{le=\"0.5\"} 5\nh_bucket{le=\"1\"} 3\nh_count 5\nx 1\n";
    assert_eq!(briefs(&run(body, false)), ["x 1"]);
}

#[test]
fn n06_invalid_group_does_not_spoil_the_next() {
    let body = "# TYPE h histogram\nh_bucket{a=\"1\",le=\"1\"} 10\nh_count{a=\"1\"} 5\n\
                h_bucket{a=\"2\",le=\"1\"} 3\nh_count{a=\"2\"} 5\nh_sum{a=\"2\"} 2\n# TYPE g gauge\ng 1\n";
    let events = run(body, false);
    assert_eq!(briefs(&events), ["h{a=\"2\"} histogram", "g 1"]);
    has(
        &events[1],
        &[
            "positive_buckets: [3, -1]",
            "count: 5",
            "sum: 2.0",
            "custom_values: [1.0]",
        ],
    );
}

#[test]
fn n07_timestamp_is_the_collected_one() {
    let body = "# TYPE h histogram\nh_bucket{le=\"1\"} 3 5\nh_count 3 5\n# TYPE g gauge\ng 1 9\n";
    let (events, result) = parse_in_pieces(body.as_bytes(), options(Format::Text), 0);
    result.expect("a good body");
    let Owned::Histogram { timestamp, .. } = &events[1] else {
        panic!("{events:?}")
    };
    assert_eq!(*timestamp, Some(5));
    let body =
        "# TYPE h histogram\nh_bucket{le=\"1\"} 3 5\nh_bucket{a=\"b\",le=\"1\"} 3 9\n# EOF\n";
    let (events, result) = parse_in_pieces(body.as_bytes(), options(Format::OpenMetrics), 0);
    result.expect("a good body");
    let at = |event: &Owned| match event {
        Owned::Histogram { timestamp, .. } => *timestamp,
        other => panic!("{other:?}"),
    };
    assert_eq!((at(&events[1]), at(&events[2])), (Some(5000), Some(9000)));
}

#[test]
fn classic_members_come_first_when_kept() {
    let events = run(N01, true);
    assert_eq!(
        briefs(&events),
        [
            "h_bucket{le=\"0.5\"} 50",
            "h_bucket{le=\"1.0\"} 950",
            "h_bucket{le=\"+Inf\"} 1000",
            "h_count 1000",
            "h_sum 5",
            "h histogram"
        ]
    );
}

#[test]
fn series_that_are_no_members_pass() {
    let body = "# TYPE h histogram\nh_bucket{le=\"1\"} 3\nh 4\nh_bucket 5\nh_bucket{le=\"x\"} 6\nh_bucket{le=\"NaN\"} 6\n\
                h_sum 2\nother_sum 7\nh_sum{le=\"9\"} 3\n";
    // What has the labels of the group does not end it; a series of another name does.
    assert_eq!(
        briefs(&run(body, false)),
        [
            "h 4",
            "h_bucket 5",
            "h_bucket{le=\"x\"} 6",
            "h_bucket{le=\"NaN\"} 6",
            "h histogram",
            "other_sum 7",
            "h histogram"
        ]
    );
}

#[test]
fn gauge_histograms_and_other_types_are_left_alone() {
    let body = "# TYPE h gaugehistogram\nh_bucket{le=\"+Inf\"} 3\nh_gcount 3\n# TYPE s summary\ns_sum 1\n# EOF\n";
    let (events, result) = parse_in_pieces(body.as_bytes(), options(Format::OpenMetrics), 0);
    result.expect("a good body");
    assert_eq!(
        briefs(&events),
        ["h_bucket{le=\"+Inf\"} 3", "h_gcount 3", "s_sum 1"]
    );
}

#[test]
fn names_and_labels_of_any_kind_make_decodable_keys() {
    let body = "# TYPE \"a b\" histogram\n{\"a b_bucket\",\"x y\"=\"q\\\"\\\\\\nz\",le=\"1\",b=\"\u{82b1}\"} 3\n";
    let events = run(body, false);
    assert_eq!(
        briefs(&events),
        ["a b{b=\"\u{82b1}\",x y=\"q\\\"\\\\\\nz\"} histogram"]
    );
}

#[test]
fn members_in_any_label_order_are_one_group() {
    let body = "# TYPE h histogram\nh_bucket{a=\"1\",b=\"2\",le=\"1\"} 3\nh_bucket{le=\"2\",b=\"2\",a=\"1\"} 4\n";
    let events = run(body, false);
    assert_eq!(briefs(&events), ["h{a=\"1\",b=\"2\"} histogram"]);
    has(&events[1], &["custom_values: [1.0, 2.0]", "count: 4"]);
}

#[test]
fn exemplars_of_all_members_are_carried() {
    let body = "# TYPE h histogram\nh_bucket{le=\"1\"} 3 # {t=\"a\"} 0.5 1\nh_bucket{le=\"2\"} 4 # {t=\"b\"} 1.5\n\
                h_count 4\n# EOF\n";
    for piece in [0, 1, 9] {
        let (events, result) =
            parse_in_pieces(body.as_bytes(), options(Format::OpenMetrics), piece);
        result.expect("a good body");
        let Owned::Histogram { exemplars, .. } = &events[1] else {
            panic!("{events:?}")
        };
        let found: Vec<_> = exemplars
            .iter()
            .map(|e| (f64::from_bits(e.value), e.timestamp))
            .collect();
        assert_eq!(found, [(0.5, Some(1000)), (1.5, None)]);
        assert_eq!(exemplars[1].labels, [(b"t".to_vec(), b"b".to_vec())]);
    }
}

#[test]
fn start_timestamps_survive_the_look_ahead() {
    let body = "# TYPE h histogram\nh_bucket{a=\"1\",le=\"1\"} 3\nh_count{a=\"1\"} 3\nh_created{a=\"1\"} 5\n\
                h_bucket{a=\"2\",le=\"1\"} 3\nh_count{a=\"2\"} 3\nh_created{a=\"2\"} 6\n# TYPE g gauge\ng 1\n# EOF\n";
    let options = ParserOptions {
        start_timestamps: true,
        ..options(Format::OpenMetrics)
    };
    for piece in [0, 1, 7, 50] {
        let (events, result) = parse_in_pieces(body.as_bytes(), options, piece);
        result.expect("a good body");
        let starts: Vec<_> = events
            .iter()
            .filter_map(|e| {
                if let Owned::Histogram { start, .. } = e {
                    Some(*start)
                } else {
                    None
                }
            })
            .collect();
        assert_eq!(starts, [5000, 6000], "pieces of {piece}");
    }
}

#[test]
fn many_buckets_in_falling_order_are_sorted_once() {
    let mut body = String::from("# TYPE h histogram\n");
    for bound in (0..20_000).rev() {
        body.push_str(&format!("h_bucket{{le=\"{bound}\"}} {bound}\n"));
    }
    let (events, result) = parse_in_pieces(body.as_bytes(), options(Format::Text), 0);
    result.expect("a good body");
    has(&events[1], &["count: 19999"]);
}

#[test]
fn the_fast_lane_leaves_members_to_the_full_path() {
    let body = [N01, "# TYPE g gauge\ng 1\n"].concat();
    let mut parser = Parser::new(options(Format::Text));
    let mut cursor = parser.feed(body.as_bytes(), true);
    assert!(matches!(cursor.next(), Ok(Step::Event(_))), "the type line");
    assert!(matches!(
        cursor.expect(b"h_bucket{le=\"0.5\"}", b"50"),
        Ok(Expect::Miss)
    ));
    assert_eq!(cursor.scan_key(), Ok(Scan::Other));
    assert!(matches!(
        cursor.next(),
        Ok(Step::Event(crate::Event::Histogram(_)))
    ));
    assert!(matches!(
        cursor.next(),
        Ok(Step::Event(crate::Event::Type { .. }))
    ));
    assert_eq!(cursor.scan_key(), Ok(Scan::Key(b"g")));
}

#[test]
fn errors_end_the_body_as_ever() {
    let body = [N01, "h_bucket{le=\"1\"} x\n"].concat();
    let (_, result) = parse_in_pieces(body.as_bytes(), options(Format::Text), 0);
    assert_eq!(result.expect_err("not a number").class, ErrorClass::Float);
}

fn line() -> impl Strategy<Value = String> {
    let le = prop_oneof![
        Just("0"),
        Just("1"),
        Just("2.5"),
        Just("+Inf"),
        Just("-1"),
        Just("NaN"),
        Just("x")
    ];
    let value = prop_oneof![
        Just("0"),
        Just("1"),
        Just("2"),
        Just("3"),
        Just("3.5"),
        Just("-1"),
        Just("NaN")
    ];
    let label = prop_oneof![
        Just(""),
        Just("a=\"1\","),
        Just("a=\"2\","),
        Just("a=\"1\",b=\"\\n\",")
    ];
    let exemplar = prop_oneof![4 => Just(""), 1 => Just(" # {t=\"x\"} 0.5 1")];
    let time = prop_oneof![4 => Just(""), 1 => Just(" 5")];
    (0u8..12, le, value, label, exemplar, time).prop_map(
        |(kind, le, value, label, exemplar, time)| match kind {
            0..=5 => format!("h_bucket{{{label}le=\"{le}\"}} {value}{time}{exemplar}\n"),
            6 => format!("h_count{{{label}}} {value}{time}\n"),
            7 => format!("h_sum{{{label}}} {value}{time}\n"),
            8 => format!("h{{{label}}} {value}\n"),
            9 => format!("g{{{label}}} {value}\n"),
            10 => "# TYPE h histogram\n".to_owned(),
            _ => "# TYPE g gauge\n".to_owned(),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn agrees_with_naive_grouping(
        lines in prop::collection::vec(line(), 0..20),
        keep_classic in any::<bool>(),
        piece in 1usize..60,
    ) {
        let body = format!("# TYPE h histogram\n{}# EOF\n", lines.concat());
        let plain = ParserOptions::new(Format::OpenMetrics);
        let (events, result) = parse_in_pieces(body.as_bytes(), plain, 0);
        prop_assert_eq!(result, Ok(()));
        let wanted = naive(events, keep_classic);
        let converting = ParserOptions { nhcb: true, keep_classic, ..plain };
        for piece in [0, piece] {
            let (events, result) = parse_in_pieces(body.as_bytes(), converting, piece);
            prop_assert_eq!(result, Ok(()));
            prop_assert_eq!(&events, &wanted);
        }
    }
}
