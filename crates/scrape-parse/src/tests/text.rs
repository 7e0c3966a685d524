//! Cases T01–T65: the text format.

use super::{
    NAN_BITS, bits, labels, ok as ok_in, one as one_in, refused as refused_in,
    samples as samples_in, type_of,
};
use crate::ErrorClass::{self, *};
use crate::Format::Text;
use crate::MetricType;
use crate::reference::{Item, Sample};

#[track_caller]
fn ok(body: impl AsRef<[u8]>) -> Vec<Item> {
    ok_in(Text, body)
}

#[track_caller]
fn one(body: impl AsRef<[u8]>) -> Sample {
    one_in(Text, body)
}

#[track_caller]
fn samples(body: impl AsRef<[u8]>) -> Vec<Sample> {
    samples_in(Text, body)
}

#[track_caller]
fn refused(body: impl AsRef<[u8]>, class: ErrorClass) {
    refused_in(Text, body, class);
}

fn help(family: &str, text: &str) -> Item {
    Item::Help(family.as_bytes().to_vec(), text.to_owned())
}

#[test]
fn t01_a_bare_sample() {
    let s = one("foo 1");
    assert_eq!(
        (s.key.as_slice(), s.value, s.timestamp),
        (&b"foo"[..], bits(1.0), None)
    );
    assert_eq!(s.labels, labels([("__name__", "foo")]));
}

#[test]
fn t02_an_empty_body() {
    assert_eq!(ok(""), []);
}

#[test]
fn t03_blank_lines() {
    assert_eq!(ok("\n  \n\t\n"), []);
}

#[test]
fn t04_the_last_line_feed_may_be_missing() {
    let all = samples("foo{a=\"b\"} 1 2\nbar 3");
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].timestamp, Some(2));
    assert_eq!(all[0].labels, labels([("__name__", "foo"), ("a", "b")]));
    assert_eq!((all[1].value, all[1].timestamp), (bits(3.0), None));
}

#[test]
fn t05_compat_bugs_d1_leading_blanks_are_no_part_of_the_name() {
    let s = one("  foo 1\n");
    assert_eq!(s.labels, labels([("__name__", "foo")]));
    assert_eq!(s.key, b"  foo");
}

#[test]
fn t06_no_blank_after_the_brace() {
    assert_eq!(one("foo{a=\"b\"}1").value, bits(1.0));
}

#[test]
fn t07_no_blank_before_a_sign() {
    let s = one("foo-1 2");
    assert_eq!(
        (s.key.as_slice(), s.value, s.timestamp),
        (&b"foo"[..], bits(-1.0), Some(2))
    );
}

#[test]
fn t08_no_blank_before_a_point() {
    assert_eq!(one("foo.5").value, bits(0.5));
}

#[test]
fn t09_a_dotted_name_is_a_bad_value() {
    refused("foo.bar 1", Float);
}

#[test]
fn t10_the_comma_is_optional() {
    let all = labels([("__name__", "foo"), ("a", "1"), ("b", "2")]);
    assert_eq!(one("foo{a=\"1\" b=\"2\"} 1").labels, all);
    assert_eq!(one("foo{a=\"1\"b=\"2\"} 1").labels, all);
}

#[test]
fn t11_blanks_around_every_token() {
    let s = one("foo{ a = \"1\" , b = \"2\" , }\t1\t2\t");
    assert_eq!(s.timestamp, Some(2));
    assert_eq!(
        s.labels,
        labels([("__name__", "foo"), ("a", "1"), ("b", "2")])
    );
}

#[test]
fn t12_an_empty_label_set() {
    let s = one("foo{} 1");
    assert_eq!(s.labels, labels([("__name__", "foo")]));
    assert_eq!(s.key, b"foo{}");
}

#[test]
fn t13_a_leading_comma() {
    refused("foo{,} 1", LabelName);
}

#[test]
fn t14_a_doubled_comma() {
    refused("foo{a=\"1\",,b=\"2\"} 1", LabelName);
}

#[test]
fn t15_a_line_feed_between_labels() {
    refused("foo{a=\"1\"\n} 1", LabelName);
}

#[test]
fn t16_a_line_feed_in_a_value() {
    assert_eq!(
        one("foo{a=\"x\ny\"} 1").labels,
        labels([("__name__", "foo"), ("a", "x\ny")])
    );
}

#[test]
fn t17_an_escaped_line_feed() {
    refused("foo{a=\"x\\\ny\"} 1", LabelValue);
}

#[test]
fn t18_escapes() {
    let s = one(r#"foo{a="\"q\\n\n\z"} 1"#);
    assert_eq!(
        s.labels,
        labels([("__name__", "foo"), ("a", "\"q\\n\n\\z")])
    );
}

#[test]
fn t19_delimiters_in_a_value() {
    assert_eq!(
        one("foo{a=\"}# {\"} 1").labels,
        labels([("__name__", "foo"), ("a", "}# {")])
    );
}

#[test]
fn t20_a_label_value_is_utf8() {
    refused(b"foo{a=\"\xff\"} 1", Utf8);
}

#[test]
fn t21_a_label_name_may_be_any_bytes() {
    assert_eq!(
        one(b"foo{\"\xff\"=\"x\"} 1").labels[1],
        (b"\xff".to_vec(), b"x".to_vec())
    );
}

#[test]
fn t22_a_metric_name_may_be_any_bytes() {
    assert_eq!(
        one(b"{\"\xff\"} 1").labels,
        [(b"__name__".to_vec(), b"\xff".to_vec())]
    );
}

#[test]
fn t23_nul_in_a_label_value() {
    assert_eq!(
        one("foo{a=\"\0\"} 1").labels,
        labels([("__name__", "foo"), ("a", "\0")])
    );
}

#[test]
fn t24_nul_after_a_name() {
    refused("foo\0 1", Value);
}

#[test]
fn t25_a_quoted_name() {
    assert_eq!(
        one("{\"a b\",c=\"d\"} 1").labels,
        labels([("__name__", "a b"), ("c", "d")])
    );
}

#[test]
fn t26_a_quoted_name_anywhere() {
    let s = one("{c=\"d\",\"a b\"} 1");
    assert_eq!(s.labels, labels([("c", "d"), ("__name__", "a b")]));
    assert_eq!(s.key, b"{c=\"d\",\"a b\"}");
}

#[test]
fn t27_two_quoted_names() {
    refused("{\"a\",\"b\"} 1", NameDup);
}

#[test]
fn t28_a_bare_and_a_quoted_name() {
    refused("foo{\"b\"} 1", NameDup);
}

#[test]
fn t29_no_name() {
    refused("{a=\"b\"} 1", NameUnset);
}

#[test]
fn t30_the_name_label_is_no_name() {
    refused("{__name__=\"x\"} 1", NameUnset);
}

#[test]
fn t31_compat_bugs_d11_a_bare_word_in_braces() {
    refused("{foo} 1", Equal);
}

#[test]
fn t32_a_quoted_label_name() {
    assert_eq!(
        one("foo{\"a b\"=\"c\"} 1").labels,
        labels([("__name__", "foo"), ("a b", "c")])
    );
}

#[test]
fn t33_an_empty_name() {
    assert_eq!(one("{\"\"} 1").labels, labels([("__name__", "")]));
}

#[test]
fn t34_duplicate_labels_are_passed_on() {
    assert_eq!(
        one("foo{a=\"1\",a=\"2\"} 1").labels,
        labels([("__name__", "foo"), ("a", "1"), ("a", "2")])
    );
}

#[test]
fn t35_no_colon_in_label_names() {
    refused("foo{a:b=\"c\"} 1", Equal);
}

#[test]
fn t36_single_quotes() {
    refused("foo{a='b'} 1", LabelValue);
}

#[test]
fn t37_a_negative_timestamp() {
    refused("foo 1 -5", Trail);
    let options = crate::ParserOptions {
        accept_negative_ts: true,
        ..crate::ParserOptions::new(Text)
    };
    for (body, ms) in [("foo 1 -5", -5), ("foo 1 -9223372036854775808\n", i64::MIN)] {
        let (items, refusal) = super::check_with(body.as_bytes(), options);
        assert_eq!(refusal, None);
        assert!(
            matches!(&items[..], [Item::Sample(s)] if s.timestamp == Some(ms)),
            "{items:?}"
        );
    }
    for (body, class) in [
        ("foo 1 -", Trail),
        ("foo 1 --5", Trail),
        ("foo 1 -9223372036854775809", Ts),
    ] {
        assert_eq!(
            super::check_with(body.as_bytes(), options).1.map(|r| r.0),
            Some(class),
            "{body}"
        );
    }
}

#[test]
fn t38_a_fractional_timestamp() {
    refused("foo 1 1.5", Trail);
}

#[test]
fn t39_a_timestamp_out_of_range() {
    refused("foo 1 9223372036854775808", Ts);
    assert_eq!(one("foo 1 9223372036854775807").timestamp, Some(i64::MAX));
}

#[test]
fn t40_no_exemplars() {
    refused("foo 1 # {a=\"b\"} 1", Trail);
}

#[test]
fn t41_carriage_return_after_a_value() {
    refused("foo 1\r\n", Float);
}

#[test]
fn t42_carriage_return_after_a_timestamp() {
    refused("foo 1 2\r\n", Trail);
}

#[test]
fn t43_carriage_return_after_a_type() {
    refused("# TYPE foo counter\r\n", Type);
}

#[test]
fn t44_carriage_return_in_help() {
    assert_eq!(ok("# HELP foo bar\r\nfoo 1")[0], help("foo", "bar\r"));
}

#[test]
fn t45_a_blank_after_a_type() {
    refused("# TYPE foo counter \n", Type);
}

#[test]
fn t46_two_blanks_before_a_type() {
    refused("# TYPE foo  counter\n", Type);
}

#[test]
fn t47_any_separator_before_a_type() {
    assert_eq!(
        ok("# TYPE foo-counter\n"),
        [type_of("foo", MetricType::Counter)]
    );
}

#[test]
fn t48_tabs_and_a_quoted_family() {
    assert_eq!(
        ok("#\tTYPE \t\"a b\"\tgauge"),
        [type_of("a b", MetricType::Gauge)]
    );
}

#[test]
fn t49_types_of_openmetrics_do_not_exist() {
    refused("# TYPE foo info", Type);
    assert_eq!(
        ok("# TYPE foo untyped"),
        [type_of("foo", MetricType::Unknown)]
    );
}

#[test]
fn t50_help_of_a_dotted_name() {
    assert_eq!(ok("# HELP foo.bar baz"), [help("foo", "bar baz")]);
}

#[test]
fn t51_blanks_in_help() {
    assert_eq!(ok("# HELP foo   two  "), [help("foo", "  two  ")]);
    assert_eq!(
        ok("# HELP foo   \n# HELP bar"),
        [help("foo", ""), help("bar", "")]
    );
}

#[test]
fn t52_help_without_a_name() {
    refused("# HELP \nfoo 1", MetaName);
}

#[test]
fn t53_comments() {
    let items = ok("# HELP\n#HELP x y\n# UNIT a b\n# EOF\nfoo 1");
    let comments: Vec<_> = items
        .iter()
        .filter(|i| matches!(i, Item::Comment(_)))
        .collect();
    assert_eq!(comments.len(), 4);
    assert_eq!(items[1], Item::Comment(b"#HELP x y".to_vec()));
    assert!(matches!(items[4], Item::Sample(_)));
    assert_eq!(
        ok("# HELPx y\r\n"),
        [Item::Comment(b"# HELPx y\r".to_vec())]
    );
}

#[test]
fn t54_escapes_in_help() {
    assert_eq!(
        ok(r#"# HELP foo a\\b\nc\"d"#),
        [help("foo", "a\\b\nc\\\"d")]
    );
}

#[test]
fn t55_utf8_in_help_but_not_in_comments() {
    refused(b"# HELP foo \xff", Utf8);
    assert_eq!(ok(b"# foo \xff"), [Item::Comment(b"# foo \xff".to_vec())]);
    assert_eq!(ok(b"# HELP foo\xffbar"), [help("foo", "bar")]);
}

#[test]
fn t56_no_rules_of_order() {
    let items = ok("# TYPE a gauge\na 1\n# TYPE a counter\nb 1\na 2");
    assert_eq!(items.len(), 5);
    assert_eq!(items[2], type_of("a", MetricType::Counter));
}

#[test]
fn t57_spellings_of_numbers() {
    let values: Vec<u64> = samples("foo NaN\nfoo +Inf\nfoo -iNfInItY\nfoo 5.\nfoo .5e-1\nfoo +0")
        .iter()
        .map(|s| s.value)
        .collect();
    let expected = [f64::INFINITY, f64::NEG_INFINITY, 5.0, 0.05, 0.0].map(bits);
    assert_eq!(values[0], NAN_BITS);
    assert_eq!(values[1..], expected);
}

#[test]
fn t58_a_signed_nan() {
    refused("foo -NaN", Float);
    refused("foo +NaN", Float);
}

#[test]
fn t59_overflow_and_underflow() {
    refused("foo 1e400", Float);
    assert_eq!(one("foo 1e-400").value, bits(0.0));
}

#[test]
fn t60_what_is_no_number() {
    for token in ["0x1p3", "0x10", "1_0", "1e", ".", "infi", "1f"] {
        refused(format!("foo {token}"), Float);
        refused(format!("foo {token}\n"), Float);
    }
}

#[test]
fn t61_compat_bugs_d2_nul_at_the_start_of_a_line() {
    refused("a 1\n\0b 2", Start);
    assert_eq!(ok("#\0x\n# \0y\na 1").len(), 3);
}

#[test]
fn t62_a_byte_order_mark() {
    refused(b"\xef\xbb\xbffoo 1", Start);
}

fn last_values(body: &str) -> Vec<String> {
    samples(body)
        .into_iter()
        .filter_map(|s| {
            s.labels
                .last()
                .map(|l| String::from_utf8_lossy(&l.1).into_owned())
        })
        .collect()
}

#[test]
fn t63_le_is_a_number_under_type_histogram() {
    let body = "# TYPE h histogram\nx{le=\"1\"} 1\nx{le=\"0x1p-2\"} 1\nx{le=\"1e400\"} 1\nx{quantile=\"1\"} 1";
    assert_eq!(last_values(body), ["1.0", "0.25", "1e400", "1"]);
}

#[test]
fn t64_quantile_is_a_number_under_type_summary() {
    assert_eq!(
        last_values("# TYPE s summary\ns{quantile=\"0.50\"} 1\ns{le=\"1\"} 1"),
        ["0.5", "1"]
    );
}

#[test]
fn t65_a_brace_ends_a_value() {
    refused("foo{a=\"b\"} 1{", Trail);
    refused("foo{a=\"b\"}{", Value);
}

#[test]
fn compat_bugs_d4_a_quoted_family_is_unescaped() {
    let items = ok("# TYPE \"a\\\"b\" gauge\n{\"a\\\"b\"} 1");
    assert_eq!(items[0], type_of("a\"b", MetricType::Gauge));
    assert!(matches!(&items[1], Item::Sample(s) if s.labels == labels([("__name__", "a\"b")])));
}

#[test]
fn a_backslash_reaches_over_nul_bytes_in_a_label_value() {
    assert_eq!(one("foo{a=\"x\\\0\"y\"} 1").labels[1].1, b"x\\\0\"y");
    refused("foo{a=\"x\\\0\n\"} 1", LabelValue);
    refused("{\"x\\\0y\"} 1", LabelName);
    refused("# HELP \"x\0y\" z", MetaName);
    refused("# HELP x\0z", MetaText);
}
