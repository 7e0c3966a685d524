//! Known exemplars and known metadata: what a hit leaves behind, and when there must be none. That the answers
//! never differ from the full grammar's is the lockstep's business.

use crate::{
    Event, Expect, Format, KnownMeta, LabelContext, Limits, MetricType, Parser, ParserOptions, Step,
};

const HEAD: &[u8] = b"# HELP h Text.\n# TYPE h histogram\n";

fn histogram(lines: &[u8]) -> KnownMeta<'_> {
    KnownMeta {
        lines,
        family: b"h",
        kind: Some(MetricType::Histogram),
    }
}

/// Whether the head is taken at the start of this piece; if not, nothing is.
fn taken(options: ParserOptions, piece: &[u8], end: bool) -> bool {
    let mut parser = Parser::new(options);
    let mut cursor = parser.feed(piece, end);
    let hit = cursor.expect_meta(&histogram(HEAD));
    assert_eq!(cursor.consumed(), if hit { HEAD.len() } else { 0 });
    assert_eq!(cursor.kind() == MetricType::Histogram, hit);
    hit
}

#[test]
fn known_metadata_is_taken_whole_or_not_at_all() {
    for format in [Format::Text, Format::OpenMetrics] {
        let options = ParserOptions::new(format);
        let body = [HEAD, b"h_bucket{le=\"1\"} 1\n"].concat();
        for cut in 0..body.len() {
            assert_eq!(taken(options, &body[..cut], false), cut >= HEAD.len());
        }
        for at in 0..HEAD.len() {
            let mut other = body.clone();
            other[at] ^= 1;
            assert!(!taken(options, &other, true), "byte {at}");
        }
    }
    for format in [Format::Protobuf, Format::OpenMetrics2] {
        assert!(!taken(ParserOptions::new(format), HEAD, true));
    }
}

#[test]
fn metadata_without_its_line_feed_is_not_known() {
    let mut parser = Parser::new(ParserOptions::new(Format::Text));
    let mut cursor = parser.feed(b"# TYPE hh counter\n", true);
    let known = KnownMeta {
        lines: b"# TYPE h",
        family: b"h",
        kind: None,
    };
    assert!(!cursor.expect_meta(&known));
    assert!(!cursor.expect_meta(&KnownMeta {
        lines: b"",
        ..known
    }));
    assert_eq!(cursor.consumed(), 0);
}

#[test]
fn known_metadata_puts_its_type_in_force() {
    let body = [HEAD, b"h_bucket{le=\"1\"} 1\n"].concat();
    let mut parser = Parser::new(ParserOptions::new(Format::Text));
    let mut cursor = parser.feed(&body, true);
    assert!(cursor.at_metadata());
    assert!(cursor.expect_meta(&histogram(HEAD)));
    assert!(!cursor.at_metadata());
    assert_eq!(cursor.context(), LabelContext::Histogram);
    let Step::Event(Event::Series(series)) = cursor.next().expect("well-formed") else {
        panic!("a bucket");
    };
    let mut labels = Vec::new();
    series.labels(&mut labels).expect("valid");
    assert_eq!(labels[1], (b"le".to_vec(), b"1.0".to_vec()));
}

#[test]
fn known_metadata_without_a_type_leaves_the_one_in_force() {
    let mut parser = Parser::new(ParserOptions::new(Format::Text));
    let mut cursor = parser.feed(b"# TYPE s summary\n# HELP h Text.\n", true);
    assert!(matches!(cursor.next(), Ok(Step::Event(Event::Type { .. }))));
    assert!(cursor.expect_meta(&KnownMeta {
        lines: b"# HELP h Text.\n",
        family: b"h",
        kind: None,
    }));
    assert_eq!(cursor.kind(), MetricType::Summary);
}

#[test]
fn known_metadata_begins_a_family_for_start_timestamps() {
    let options = ParserOptions {
        start_timestamps: true,
        ..ParserOptions::new(Format::OpenMetrics)
    };
    // The second family must not be given the start of the first, whose metric has the same labels.
    let body = b"# TYPE a counter\na_total 1\na_created 5\n# TYPE b counter\nb_total 1\n# EOF\n";
    let mut parser = Parser::new(options);
    let mut cursor = parser.feed(body, true);
    let mut starts = Vec::new();
    for (family, lines) in [
        (&b"a"[..], &b"# TYPE a counter\n"[..]),
        (b"b", b"# TYPE b counter\n"),
    ] {
        assert!(cursor.expect_meta(&KnownMeta {
            lines,
            family,
            kind: Some(MetricType::Counter),
        }));
        let key = [family, b"_total"].concat();
        let Ok(Expect::Hit(known)) = cursor.expect(&key, b"1") else {
            panic!("a sample");
        };
        starts.push(known.start_timestamp);
        if family == b"a" {
            // Passes over the line that only says when the counter began.
            assert!(matches!(cursor.scan_key(), Ok(crate::Scan::Other)));
        }
    }
    assert_eq!(starts, [5000, 0]);
}

#[test]
fn a_histogram_in_conversion_is_yielded_before_known_metadata() {
    let options = ParserOptions {
        nhcb: true,
        ..ParserOptions::new(Format::Text)
    };
    let body = [HEAD, b"h_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\n", HEAD].concat();
    let mut parser = Parser::new(options);
    let mut cursor = parser.feed(&body, true);
    assert!(cursor.expect_meta(&histogram(HEAD)));
    assert!(matches!(
        cursor.next(),
        Ok(Step::Event(Event::Histogram(_)))
    ));
    assert_eq!(cursor.line(), b"", "a histogram is no line");
    assert!(cursor.expect_meta(&histogram(HEAD)));
    assert!(matches!(cursor.next(), Ok(Step::Eof)));
    drop(cursor);

    parser.reset();
    let mut cursor = parser.feed(&body[..body.len() - HEAD.len()], false);
    assert!(cursor.expect_meta(&histogram(HEAD)));
    assert!(matches!(cursor.next(), Ok(Step::NeedMore)));
    drop(cursor);
    let mut cursor = parser.feed(HEAD, true);
    assert!(!cursor.expect_meta(&histogram(HEAD)));
    assert_eq!(cursor.consumed(), 0);
}

#[test]
fn nothing_is_known_behind_the_end_a_failure_or_a_cap() {
    let mut parser = Parser::new(ParserOptions::new(Format::OpenMetrics));
    let body = [b"# EOF\n", HEAD].concat();
    let mut cursor = parser.feed(&body, true);
    assert!(cursor.next().is_err());
    assert!(!cursor.expect_meta(&histogram(HEAD)));

    let mut parser = Parser::new(ParserOptions::new(Format::OpenMetrics));
    let mut cursor = parser.feed(b"# EOF\n", false);
    assert!(matches!(cursor.next(), Ok(Step::NeedMore)));
    drop(cursor);
    assert!(!parser.feed(HEAD, true).expect_meta(&histogram(HEAD)));

    let capped = |line| ParserOptions {
        limits: Limits {
            line,
            ..Limits::default()
        },
        ..ParserOptions::new(Format::Text)
    };
    assert!(!taken(capped(10), HEAD, true));
    assert!(taken(capped(HEAD.len()), HEAD, true));
}

const BUCKET: &str = "b{le=\"1\"} 1 # {trace_id=\"x\"} 0.5 1.25\n# EOF\n";

#[test]
fn a_known_exemplar_is_handed_out_like_any_other() {
    let mut parser = Parser::new(ParserOptions::new(Format::OpenMetrics));
    let text = b"{trace_id=\"x\"} 0.5 1.25";
    for expected in [
        &text[..],
        b"{trace_id=\"y\"} 0.5 1.25",
        b"{trace_id=\"x\"} 0.5 1.2",
        b"",
    ] {
        parser.reset();
        let mut cursor = parser.feed(BUCKET.as_bytes(), true);
        let Ok(Expect::Hit(known)) = cursor.expect_with_exemplar(b"b{le=\"1\"}", b"1", expected)
        else {
            panic!("the expected line");
        };
        assert!(known.unchanged);
        assert_eq!(known.exemplars.text(), text);
        let exemplar = known.exemplars.clone().next().expect("an exemplar");
        assert_eq!((exemplar.value, exemplar.timestamp), (0.5, Some(1250)));
        let mut labels = Vec::new();
        exemplar.labels(&mut labels);
        assert_eq!(labels, [(b"trace_id".to_vec(), b"x".to_vec())]);
    }
}

/// The text format has no exemplars, whatever is expected.
#[test]
fn a_known_exemplar_does_not_bring_exemplars_to_the_text_format() {
    let mut parser = Parser::new(ParserOptions::new(Format::Text));
    let mut cursor = parser.feed(BUCKET.as_bytes(), true);
    let answer = cursor.expect_with_exemplar(b"b{le=\"1\"}", b"1", b"{trace_id=\"x\"} 0.5 1.25");
    assert_eq!(
        answer.err().map(|e| e.class),
        Some(crate::ErrorClass::Trail)
    );
}

#[test]
fn only_lines_of_the_text_formats_are_shown() {
    let mut parser = Parser::new(ParserOptions::new(Format::Text));
    let mut cursor = parser.feed(b"\n # HELP h x\nh 1\n#", true);
    assert_eq!(cursor.line(), b"");
    for line in [&b" # HELP h x\n"[..], b"h 1\n", b"#"] {
        assert!(matches!(cursor.next(), Ok(Step::Event(_))));
        assert_eq!(cursor.line(), line);
    }
    drop(cursor);
    // A family "h" of type gauge without metrics.
    let mut parser = Parser::new(ParserOptions {
        ..ParserOptions::new(Format::Protobuf)
    });
    let mut cursor = parser.feed(b"\x05\x0a\x01h\x18\x01", true);
    while let Ok(Step::Event(_)) = cursor.next() {
        assert_eq!(cursor.line(), b"");
    }
}
