//! The conventions and the counts, on bodies whose findings are promtool's.

use super::{cardinality, lint};
use crate::{ErrorClass, Format};

const NONE: [&str; 0] = [];

fn problems(body: &str) -> Vec<String> {
    lint(body.as_bytes(), Format::Text)
        .expect("a good body")
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// Problems of one family with help.
fn of(kind: &str, series: &str) -> Vec<String> {
    let name = series.split(['{', ' ']).next().unwrap_or_default();
    problems(&format!(
        "# HELP {name} x\n# TYPE {name} {kind}\n{series}\n"
    ))
}

#[test]
fn findings_of_promtool() {
    // Output of promtool 2.42 for this body, lines as it prints them.
    let body = "# HELP foo_total counter help\n# TYPE foo_total gauge\nfoo_total{a=\"1\"} 1\nfoo_total{a=\"2\"} 1\n\
                # TYPE barCounter counter\nbarCounter 3\n\
                # HELP x_milliseconds h\n# TYPE x_milliseconds gauge\nx_milliseconds 3\n\
                # HELP h h\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\n\
                # HELP s s\n# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 1\ns_count 1\n";
    assert_eq!(
        problems(body),
        [
            "barCounter counter metrics should have \"_total\" suffix",
            "barCounter metric names should be written in 'snake_case' not 'camelCase'",
            "barCounter no help text",
            "foo_total non-counter metrics should not have \"_total\" suffix",
            "x_milliseconds use base unit \"seconds\" instead of \"milliseconds\"",
        ]
    );
}

#[test]
fn reserved_suffixes_and_labels() {
    assert_eq!(
        of("gauge", "a_bucket 1"),
        ["a_bucket non-histogram metrics should not have \"_bucket\" suffix"]
    );
    for suffix in ["_count", "_sum"] {
        let text = format!(
            "a{suffix} non-histogram and non-summary metrics should not have \"{suffix}\" suffix"
        );
        assert_eq!(of("gauge", &format!("a{suffix} 1")), [text]);
        assert_eq!(of("untyped", &format!("a{suffix} 1")), NONE);
    }
    assert_eq!(
        of("gauge", "a{le=\"1\"} 1"),
        ["a non-histogram metrics should not have \"le\" label"]
    );
    assert_eq!(
        of("gauge", "a{quantile=\"1\"} 1"),
        ["a non-summary metrics should not have \"quantile\" label"]
    );
}

#[test]
fn names() {
    assert_eq!(
        of("gauge", "a:b 1"),
        ["a:b metric names should not contain ':'"]
    );
    assert_eq!(
        of("gauge", "a_gauge_x 1"),
        ["a_gauge_x metric name should not include type 'gauge'"]
    );
    assert_eq!(of("gauge", "gauge_x 1"), NONE, "not as the first word");
    assert_eq!(
        of("gauge", "a{fooBar=\"1\"} 1"),
        ["a label names should be written in 'snake_case' not 'camelCase'"]
    );
    assert_eq!(
        of("gauge", "a_ms 1"),
        ["a_ms metric names should not contain abbreviated units"]
    );
    assert_eq!(of("gauge", "ms_a 1"), NONE);
    assert_eq!(
        of("gauge", "a_bits 1"),
        ["a_bits use base unit \"bytes\" instead of \"bits\""]
    );
    assert_eq!(
        of("gauge", "a_kibibytes 1"),
        ["a_kibibytes use base unit \"bytes\" instead of \"kibibytes\""]
    );
    assert_eq!(of("gauge", "a_metres 1"), NONE);
}

#[test]
fn repeated_series() {
    assert_eq!(problems("# HELP a x\na 1\na 1\n"), ["a metric not unique"]);
    assert_eq!(problems("# HELP a x\na 1\na{b=\"c\"} 1\n"), NONE);
}

#[test]
fn openmetrics_families_have_no_total() {
    let body = "# HELP a x\n# TYPE a counter\na_total 1\na_created 2\n# HELP i x\n# TYPE i info\ni_info 1\n# EOF\n";
    assert_eq!(lint(body.as_bytes(), Format::OpenMetrics), Ok(Vec::new()));
}

#[test]
fn protobuf_bodies_are_linted_too() {
    // Family c of type counter with one label, as in the first worked example of the format.
    let body = b"\x18\x0a\x01c\x22\x13\x0a\x06\x0a\x01a\x12\x01b\x1a\x09\x09\x00\x00\x00\x00\x00\x00\x14\x40";
    let found = lint(body, Format::Protobuf).expect("a good body");
    assert_eq!(
        found.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "c counter metrics should have \"_total\" suffix",
            "c no help text"
        ]
    );
}

#[test]
fn malformed_bodies_are_errors() {
    assert_eq!(
        lint(b"a b\n", Format::Text).expect_err("no number").class,
        ErrorClass::Float
    );
    assert_eq!(
        cardinality(b"a b\n", Format::Text)
            .expect_err("no number")
            .class,
        ErrorClass::Float
    );
}

#[test]
fn cardinality_as_promtool_counts_it() {
    // promtool 2.42 prints h 4 44.44%, aa 3 33.33%, foo_total 2 22.22%, total 9.
    let body = "# HELP foo_total x\n# TYPE foo_total counter\nfoo_total{a=\"1\",b=\"x\"} 1\nfoo_total{a=\"2\",b=\"x\"} 1\n\
                # HELP h h\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\n\
                # HELP aa h\n# TYPE aa gauge\naa{z=\"1\",a=\"1\"} 1\naa{z=\"2\",a=\"1\"} 1\naa{z=\"3\",a=\"1\"} 1\n";
    let found = cardinality(body.as_bytes(), Format::Text).expect("a good body");
    assert_eq!(found.total, 9);
    let rows: Vec<_> = found
        .metrics
        .iter()
        .map(|m| {
            format!(
                "{} {} {:.2}%",
                m.metric,
                m.series,
                m.percentage(found.total)
            )
        })
        .collect();
    assert_eq!(rows, ["h 4 44.44%", "aa 3 33.33%", "foo_total 2 22.22%"]);
    let labels: Vec<_> = found.metrics[1]
        .labels
        .iter()
        .map(|l| (l.label.as_str(), l.values))
        .collect();
    assert_eq!(labels, [("z", 3), ("a", 1)]);
}
