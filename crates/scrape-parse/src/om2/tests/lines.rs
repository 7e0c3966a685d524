//! Lines with plain numbers, and metadata.

use super::*;
use crate::ErrorClass::*;

#[test]
fn om2_04_a_plain_sample_has_the_name_of_its_family() {
    assert_eq!(brief("a 1"), ["a 1"]);
    assert_eq!(brief("a{b=\"c\",d=\"\"} -2.5"), ["a{b=\"c\",d=\"\"} -2.5"]);
    assert_eq!(brief("a{} 1"), ["a 1"]);
    assert_eq!(brief("a{b=\"c\",} 1"), ["a{b=\"c\"} 1"]);
    assert_eq!(brief("# TYPE c counter\nc 17"), ["c 17"]);
    assert_eq!(brief("# TYPE c_total counter\nc_total 17"), ["c_total 17"]);
    assert_eq!(
        brief("g NaN\nh +Inf\ni 1e-3"),
        ["g NaN", "h inf", "i 0.001"]
    );
}

#[test]
fn om2_05_the_end_is_marked() {
    for (body, refusal) in [
        (&b"# EOF\n"[..], None),
        (b"# EOF", None),
        (b"a 1\n# EOF", None),
        (b"", Some((NoEof, 0))),
        (b"a 1\n", Some((NoEof, 4))),
        (b"a 1", Some((NoEof, 3))),
        (b"# HELP a b", Some((NoEof, 10))),
        (b"# EOF\n\n", Some((AfterEof, 6))),
        (b"# EOFa 1\n", Some((AfterEof, 5))),
        (b"# EO\n", Some((Start, 0))),
    ] {
        let (_, result) = parse(body, options());
        let place = result.err().map(|e| (e.class, e.offset));
        assert_eq!(place, refusal, "{body:?}");
    }
}

#[test]
fn om2_06_a_quoted_name_comes_first() {
    assert_eq!(brief("{\"a.b\"} 1"), ["a.b 1"]);
    assert_eq!(brief("{\"a b\",c=\"d\"} 1"), ["a b{c=\"d\"} 1"]);
    assert_eq!(brief("a{\"x.y\"=\"z\"} 1"), ["a{x.y=\"z\"} 1"]);
    assert_eq!(brief("{\"\\\"a\\\\\\n\"} 1"), ["\"a\\\n 1"]);
    assert_eq!(refusal("{c=\"d\",\"a\"} 1"), (Equal, 10));
    assert_eq!(refusal("{\"a\",\"b\"} 1"), (NameDup, 5));
    assert_eq!(refusal("a{\"b\"} 1"), (NameDup, 2));
    assert_eq!(refusal("{c=\"d\"} 1"), (NameUnset, 0));
    assert_eq!(refusal("{} 1"), (NameUnset, 0));
    assert_eq!(refusal("{\"\"} 1"), (NameUnset, 1));
    assert_eq!(refusal("a{\"\"=\"b\"} 1"), (LabelName, 2));
}

#[test]
fn om2_07_strings_are_utf8_without_line_feeds() {
    for (body, place) in [
        (&b"{\"a\xff\"} 1\n# EOF\n"[..], (Utf8, 3)),
        (b"a{\"\xff\"=\"b\"} 1\n# EOF\n", (Utf8, 3)),
        (b"a{b=\"c\xff\"} 1\n# EOF\n", (Utf8, 6)),
        (b"# HELP a \xff\n# EOF\n", (Utf8, 9)),
        (b"# UNIT a \xff\n# EOF\n", (Utf8, 9)),
        (b"# TYPE \"\xff\" gauge\n# EOF\n", (Utf8, 8)),
        (b"a 1 # {b=\"\xff\"} 1 1\n# EOF\n", (Utf8, 10)),
        (b"a{b=\"\n\"} 1\n# EOF\n", (LabelValue, 4)),
        (b"{\"a\n\"} 1\n# EOF\n", (LabelName, 1)),
        (b"# TYPE \"a\n\" gauge\n# EOF\n", (MetaName, 7)),
    ] {
        assert_eq!(refusal_with(body, options()), place, "{body:?}");
    }
    // NUL is a character like any other.
    assert_eq!(brief("{\"a\0\",b=\"\\\0\"} 1"), ["a\0{b=\"\\\\\\0\"} 1"]);
}

#[test]
fn om2_08_label_sets_follow_the_grammar() {
    refused("a{b=\"c\", d=\"e\"} 1", LabelName);
    refused("a{b=\"c\"d=\"e\"} 1", Sep);
    refused("a{,} 1", LabelName);
    refused("a{b=\"c\",,d=\"e\"} 1", LabelName);
    refused("a{b:c=\"d\"} 1", Equal);
    refused("a{b='c'} 1", LabelValue);
    refused("a{b=\"c} 1", LabelValue);
    refused("a{1=\"c\"} 1", LabelName);
    refused("a {b=\"c\"} 1", Value);
}

#[test]
fn om2_09_values_and_blanks() {
    refused("a", Value);
    refused("a ", Value);
    refused("a  1", Value);
    refused("a\t1", Value);
    refused("a 1 ", Trail);
    refused("a 1  2", Trail);
    refused("a 0x10", Float);
    refused("a -NaN", Float);
    refused("a 1e400", Float);
    refused("a 1\r", Float);
    refused(" a 1", Start);
    refused("", Start);
    refused("a 1\n\nb 2", Start);
    refused("1a 1", Start);
    refused("\u{feff}a 1", Start);
}

#[test]
fn om2_10_timestamps_are_seconds() {
    assert_eq!(brief("a 1 1.001"), ["a 1 @1000"]);
    assert_eq!(brief("a 1 -1.5"), ["a 1 @-1500"]);
    assert_eq!(brief("a 1 1520879607.789"), ["a 1 @1520879607789"]);
    assert_eq!(refusal("a 1 NaN"), (Ts, 4));
    assert_eq!(refusal("a 1 +Inf"), (Ts, 4));
    assert_eq!(refusal("a 1 x"), (Float, 4));
    assert_eq!(refusal("a 1 2 3"), (Trail, 5));
}

#[test]
fn om2_11_a_start_timestamp_stands_on_its_line() {
    let start = |line: &str, options| match &ok_with(line, options)[..] {
        [
            Owned::Series {
                start, timestamp, ..
            },
        ] => (*timestamp, *start),
        other => panic!("{other:?}"),
    };
    assert_eq!(start("a 1 st@2.5", options()), (None, 2500));
    assert_eq!(start("a 1 3 st@2.5", options()), (Some(3000), 2500));
    // Only for those who ask.
    let off = ParserOptions::new(Format::OpenMetrics2);
    assert_eq!(start("a 1 3 st@2.5", off), (Some(3000), 0));
    assert_eq!(refusal("a 1 st@2 3"), (Trail, 8));
    assert_eq!(refusal("a 1 st@2 st@3"), (Trail, 8));
    assert_eq!(refusal("a 1 st@"), (Float, 7));
    assert_eq!(refusal("a 1 st@NaN"), (Ts, 7));
    assert_eq!(refusal("a 1 ST@1"), (Float, 4));
    // It is no series of its own.
    assert_eq!(
        brief("# TYPE c counter\nc 1\nc_created 2"),
        ["c 1", "c_created 2"]
    );
}

#[test]
fn om2_12_a_line_has_any_number_of_exemplars_each_with_its_time() {
    let events = ok("a 1 2 st@1 # {t=\"u\"} 0.5 1.5 # {} 2 3 # {\"x.y\"=\"\\\"\\\\\\n\0\"} NaN 4");
    let found = exemplars(&events[0]);
    assert_eq!(found[0], ("t=u".to_owned(), 0.5, Some(1500)));
    assert_eq!(found[1], (String::new(), 2.0, Some(3000)));
    assert_eq!(found[2].0, "x.y=\"\\\n\0");
    assert!(found[2].1.is_nan() && found[2].2 == Some(4000));
    assert_eq!(refusal("a 1 # {} 1"), (Ts, 10));
    assert_eq!(refusal("a 1 # {} 1 # {} 1 2"), (Ts, 10));
    assert_eq!(refusal("a 1 # {} 1 2 3"), (Trail, 12));
    assert_eq!(refusal("a 1 # {} 1 NaN"), (Ts, 11));
    assert_eq!(refusal("a 1 # {}"), (Value, 8));
    assert_eq!(refusal("a 1 # {} "), (Value, 9));
    assert_eq!(refusal("a 1 # {\"t\"} 1 1"), (LabelName, 7));
    assert_eq!(refusal("a 1 # {t=\"u\" 1 1"), (Sep, 12));
    assert_eq!(refusal("a 1 #{} 1 1"), (Float, 4));
    assert_eq!(refusal("a 1 # {} 1 2 st@1"), (Trail, 12));
}

#[test]
fn om2_13_metadata() {
    let events = ok(
        "# TYPE a_info info\n# HELP a_info b\\\\\\n\\\"\n# TYPE \"a b\" gauge\n# UNIT x seconds",
    );
    let brief: Vec<String> = events.iter().map(Owned::brief).collect();
    assert_eq!(
        brief,
        [
            "TYPE a_info info",
            "HELP a_info b\\\n\"",
            "TYPE a b gauge",
            "UNIT x seconds"
        ]
    );
    refused("# TYPE a untyped", Type);
    refused("# TYPE a info", Type);
    refused("# TYPE a counter\r", Type);
    refused("# HELP a b\r", MetaText);
    refused("# UNIT a b\r", MetaText);
    refused("# HELP a", MetaText);
    refused("# HELP a\tb", MetaText);
    refused("# HELP \"\" b", MetaName);
    refused("# HELP  b", MetaName);
    refused("# HELP \"a b", MetaName);
    for other in ["# FOO a b", "#", "# comment", "#HELP a b", "# HELP"] {
        refused(other, Start);
    }
}

#[test]
fn om2_14_an_empty_help_or_unit_counts_as_absent() {
    assert_eq!(ok("# HELP a \n# UNIT a "), []);
    // Not even its name ends a family.
    let events = ok("# TYPE a gauge\n# HELP b \na 1");
    assert_eq!(events.len(), 2);
}

#[test]
fn om2_15_type_and_unit_end_with_their_family() {
    let all = |lines| ok(lines).iter().map(Owned::brief).collect::<Vec<_>>();
    assert_eq!(
        all("# TYPE a gauge\na 1\nb 2\nc 3\n# TYPE d gauge\nd{x=\"y\"} 4"),
        [
            "TYPE a gauge",
            "a 1",
            "TYPE b unknown",
            "b 2",
            "c 3",
            "TYPE d gauge",
            "d{x=\"y\"} 4"
        ]
    );
    assert_eq!(
        all("# UNIT a s\nb 2"),
        ["UNIT a s", "TYPE b unknown", "b 2"]
    );
    // The type of a histogram is no type of what follows it.
    let lines = "# TYPE h histogram\nh {count:0,sum:0,bucket:[+Inf:0]}\nh_max 1";
    assert_eq!(brief(lines).last().expect("samples"), "h_max 1");
    // Quoted or not, it is one family.
    assert_eq!(all("# TYPE \"a\" gauge\na 1"), ["TYPE a gauge", "a 1"]);
    let escaped = "# TYPE \"a\\\\b\" gauge\n{\"a\\\\b\"} 1";
    assert_eq!(all(escaped), ["TYPE a\\b gauge", "a\\b 1"]);
    // Metadata of another family ends it too.
    refused(
        "# TYPE h histogram\n# HELP i x\nh {count:0,sum:0,bucket:[+Inf:0]}",
        Value,
    );
}

#[test]
fn om2_16_what_a_type_demands_of_a_number() {
    assert_eq!(refusal("# TYPE c counter\nc NaN"), (Float, 19));
    assert_eq!(refusal("# TYPE i_info info\ni_info 2"), (Float, 26));
    assert_eq!(brief("# TYPE i_info info\ni_info 1.0"), ["i_info 1"]);
    assert_eq!(refusal("# TYPE s stateset\ns{s=\"a\"} 2"), (Float, 27));
    assert_eq!(refusal("# TYPE s stateset\ns{t=\"a\"} 1"), (LabelName, 18));
    assert_eq!(
        brief("# TYPE \"s.t\" stateset\n{\"s.t\",\"s.t\"=\"a\"} 0"),
        ["s.t{s.t=\"a\"} 0"]
    );
    for kind in ["histogram", "gaugehistogram", "summary"] {
        refused(&format!("# TYPE h {kind}\nh 1"), Value);
    }
    for kind in ["counter", "gauge", "unknown", "stateset"] {
        let lines = format!("# TYPE h {kind}\nh {{count:0,sum:0,bucket:[+Inf:0]}}");
        refused(&lines, Value);
    }
    refused("h {count:0,sum:0,bucket:[+Inf:0]}", Value);
}

#[test]
fn om2_17_infos_and_state_sets_have_no_unit() {
    refused("# TYPE s stateset\n# UNIT s x", Unit);
    refused("# UNIT s x\n# TYPE s stateset", Unit);
    refused("# TYPE s_info info\n# UNIT s_info x", Unit);
    assert_eq!(ok("# TYPE s stateset\n# UNIT s \n# UNIT t x").len(), 2);
}

#[test]
fn om2_18_the_place_of_an_error_is_exact() {
    let body = b"# TYPE g gauge\ng 1\ng{x=\"y\"} 1 2 3\n# EOF\n";
    let (_, result) = parse(body, options());
    let error = result.expect_err("refused");
    assert_eq!((error.offset, error.line, error.column), (31, 3, 13));
    let (snippet, at) = (&error.snippet, error.snippet_at);
    assert_eq!((&**snippet, at), (&b"g{x=\"y\"} 1 2 3"[..], 12));
}
