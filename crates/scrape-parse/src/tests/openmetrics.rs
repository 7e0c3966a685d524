//! Cases O01–O34: OpenMetrics.

use super::{
    NAN_BITS, bits, labels, ok as ok_in, one as one_in, refused as refused_in,
    samples as samples_in, type_of,
};
use crate::ErrorClass::{self, *};
use crate::Format::OpenMetrics;
use crate::reference::{Item, Sample};
use crate::{MetricType, ParserOptions};

fn with_eof(body: impl AsRef<[u8]>) -> Vec<u8> {
    [body.as_ref(), b"\n# EOF\n"].concat()
}

#[track_caller]
fn ok(body: impl AsRef<[u8]>) -> Vec<Item> {
    ok_in(OpenMetrics, with_eof(body))
}

#[track_caller]
fn one(body: impl AsRef<[u8]>) -> Sample {
    one_in(OpenMetrics, with_eof(body))
}

#[track_caller]
fn refused(body: impl AsRef<[u8]>, class: ErrorClass) {
    refused_in(OpenMetrics, with_eof(body), class);
}

#[test]
fn o01_a_bare_sample() {
    assert_eq!(one("a 1").value, bits(1.0));
    assert_eq!(samples_in(OpenMetrics, "a 1\n# EOF").len(), 1);
}

#[test]
fn o02_no_eof() {
    refused_in(OpenMetrics, "a 1\n", NoEof);
    refused_in(OpenMetrics, "a 1", NoEof);
}

#[test]
fn o03_an_empty_body() {
    refused_in(OpenMetrics, "", NoEof);
}

#[test]
fn o04_text_after_eof() {
    refused_in(OpenMetrics, "a 1\n# EOF\n\n", AfterEof);
    refused_in(OpenMetrics, "a 1\n# EOFx", AfterEof);
    refused_in(OpenMetrics, "a 1\n# EOF\n\0", AfterEof);
}

#[test]
fn o05_a_blank_line() {
    refused_in(OpenMetrics, "a 1\n\n# EOF\n", Start);
}

#[test]
fn o06_two_blanks_before_the_value() {
    refused("a  1", Value);
}

#[test]
fn o07_compat_bugs_d5_a_trailing_blank() {
    refused("a 1 ", Trail);
}

#[test]
fn o08_a_tab() {
    refused("a\t1", Value);
}

#[test]
fn o09_a_blank_between_labels() {
    refused("a{b=\"c\", d=\"e\"} 1", LabelName);
}

#[test]
fn o10_no_comma_between_labels() {
    refused("a{b=\"c\"d=\"e\"} 1", Sep);
}

#[test]
fn o11_a_trailing_comma() {
    assert_eq!(
        one("a{b=\"c\",} 1").labels,
        labels([("__name__", "a"), ("b", "c")])
    );
}

#[test]
fn o12_a_blank_before_the_label_set() {
    refused("a {b=\"c\"} 1", Float);
}

#[test]
fn o13_a_line_feed_in_a_label_value() {
    refused("a{b=\"x\ny\"} 1", LabelValue);
}

#[test]
fn o14_a_quoted_name_anywhere() {
    assert_eq!(
        one("{b=\"c\",\"a.b\"} 1").labels,
        labels([("b", "c"), ("__name__", "a.b")])
    );
}

#[test]
fn o15_milliseconds_are_truncated() {
    assert_eq!(one("a 1 1.001").timestamp, Some(1000));
    assert_eq!(one("a 1 1520879607.789").timestamp, Some(1_520_879_607_789));
}

#[test]
fn o16_a_negative_timestamp() {
    assert_eq!(one("a 1 -1.5").timestamp, Some(-1500));
}

#[test]
fn o17_a_timestamp_that_is_not_finite() {
    refused("a 1 NaN", Ts);
    refused("a 1 +Inf", Ts);
}

#[test]
fn o18_compat_bugs_d13_a_huge_timestamp_saturates() {
    assert_eq!(one("a 1 12345678901234567890.1").timestamp, Some(i64::MAX));
    assert_eq!(one("a 1 -12345678901234567890.1").timestamp, Some(i64::MIN));
}

#[test]
fn o19_an_exemplar() {
    let s = one("a_total 1 5 # {t=\"x\"} 0.5 6.25");
    assert_eq!(s.timestamp, Some(5000));
    assert_eq!(
        s.exemplar,
        Some((labels([("t", "x")]), bits(0.5), Some(6250)))
    );
}

#[test]
fn o20_an_exemplar_without_labels() {
    assert_eq!(
        one("a_total 1 # {} 1").exemplar,
        Some((labels([]), bits(1.0), None))
    );
}

#[test]
fn o21_no_blank_before_the_brace_of_an_exemplar() {
    refused("a_total 1 #{} 1", Float);
}

#[test]
fn o22_a_name_in_an_exemplar() {
    refused("a_total 1 # {\"t\"} 1", LabelName);
}

#[test]
fn o23_a_quoted_label_name_in_an_exemplar() {
    assert_eq!(
        one("a_total 1 # {\"t.u\"=\"x\"} 1").exemplar.map(|e| e.0),
        Some(labels([("t.u", "x")]))
    );
}

#[test]
fn o24_compat_bugs_d3_escapes_in_an_exemplar() {
    let body = r#"a_total 1 # {t="a\"b"} 1"#;
    assert_eq!(
        one(body).exemplar.map(|e| e.0),
        Some(labels([("t", "a\"b")]))
    );
    let options = ParserOptions {
        raw_exemplars: true,
        ..ParserOptions::new(OpenMetrics)
    };
    let (items, refusal) = super::check_with(&with_eof(body), options);
    assert_eq!(refusal, None);
    let Item::Sample(s) = &items[0] else {
        panic!("{items:?}")
    };
    assert_eq!(
        s.exemplar.as_ref().map(|e| &e.0),
        Some(&labels([("t", "a\\\"b")]))
    );
}

#[test]
fn o25_an_exemplar_of_a_gauge() {
    assert!(one("a 1 # {b=\"c\"} 1").exemplar.is_some());
}

#[test]
fn o26_help_without_text() {
    refused_in(OpenMetrics, "# HELP a\n# EOF\n", MetaText);
}

#[test]
fn o27_help_with_empty_text() {
    assert_eq!(ok("# HELP a "), [Item::Help(b"a".to_vec(), String::new())]);
    assert_eq!(
        ok(r#"# HELP a b\"c\n"#),
        [Item::Help(b"a".to_vec(), "b\"c\n".to_owned())]
    );
}

#[test]
fn o28_untyped_is_no_type() {
    refused("# TYPE a untyped", Type);
    assert_eq!(ok("# TYPE a unknown"), [type_of("a", MetricType::Unknown)]);
}

#[test]
fn o29_the_unit_is_a_suffix_of_the_name() {
    assert_eq!(
        ok("# UNIT a_s s"),
        [Item::Unit(b"a_s".to_vec(), "s".to_owned())]
    );
    assert_eq!(ok("# UNIT _s s").len(), 1);
    assert_eq!(ok("# UNIT s ").len(), 1);
    refused("# UNIT s s", Unit);
    refused("# UNIT as s", Unit);
}

#[test]
fn o30_what_starts_no_line() {
    for line in [
        "# FOO a b",
        "#",
        "# comment",
        " a 1",
        "# HELP",
        "#HELP a b",
        "a 1\r\n\r",
        "\u{feff}a 1",
    ] {
        let class = if line.contains('\r') { Float } else { Start };
        refused(line, class);
    }
}

fn with_start_timestamps(body: &str, anywhere: bool) -> Vec<Sample> {
    let options = ParserOptions {
        start_timestamps: true,
        st_anywhere: anywhere,
        ..ParserOptions::new(OpenMetrics)
    };
    let (items, refusal) = super::check_with(&with_eof(body), options);
    assert_eq!(refusal, None);
    items
        .into_iter()
        .filter_map(|i| {
            if let Item::Sample(s) = i {
                Some(s)
            } else {
                None
            }
        })
        .collect()
}

#[test]
fn o31_created_is_a_start_timestamp() {
    let body = "# TYPE c counter\nc_total 5\nc_created 2.5";
    assert_eq!(samples_in(OpenMetrics, with_eof(body)).len(), 2);
    let on = with_start_timestamps(body, false);
    assert_eq!(on.len(), 1);
    assert_eq!(on[0].start_timestamp, 2500);
}

#[test]
fn o32_created_before_its_samples() {
    let body = "# TYPE c counter\nc_created 2.5\nc_total 5";
    assert_eq!(samples_in(OpenMetrics, with_eof(body)).len(), 2);
    for (anywhere, st) in [(false, 0), (true, 2500)] {
        let on = with_start_timestamps(body, anywhere);
        assert_eq!(on.len(), 1);
        assert_eq!(on[0].start_timestamp, st);
    }
}

#[test]
fn o33_contradicting_types() {
    assert_eq!(ok("# TYPE a counter\n# TYPE a gauge\na 1").len(), 3);
}

#[test]
fn o34_compat_bugs_d4_a_quoted_family_is_unescaped() {
    let items = ok("# TYPE \"a\\\"b\" gauge\n{\"a\\\"b\"} 1");
    assert_eq!(items[0], type_of("a\"b", MetricType::Gauge));
    assert!(matches!(&items[1], Item::Sample(s) if s.labels == labels([("__name__", "a\"b")])));
}

#[test]
fn nul_in_openmetrics() {
    assert_eq!(one("a{b=\"\0\"} 1").labels[1].1, b"\0");
    assert_eq!(ok("# HELP a \0").len(), 1);
    refused("a 1 # {b=\"\0\"} 1", LabelValue);
    refused("a 1\0", Trail);
    assert_eq!(one("a NaN").value, NAN_BITS);
}

#[test]
fn line_feeds_in_quoted_names_but_not_in_exemplars() {
    assert_eq!(one("{\"a\nb\"} 1").labels, labels([("__name__", "a\nb")]));
    refused("a 1 # {\"a\nb\"=\"x\"} 1", LabelName);
}
