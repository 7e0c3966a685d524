use super::*;

fn labels(pairs: &[(&str, &str)]) -> Labels {
    Labels::from_pairs(pairs.iter().copied())
}

fn holds(selector: &str, pairs: &[(&str, &str)]) -> bool {
    Selector::parse(selector)
        .unwrap_or_else(|e| panic!("{selector}: {e}"))
        .matches(&labels(pairs))
}

#[test]
fn matchers_compare_whole_values_and_absent_is_empty() {
    let set = [
        ("job", "node"),
        ("instance", "h1:9100"),
        ("note", "two\nlines"),
    ];
    for (selector, want) in [
        (r#"{job="node"}"#, true),
        (r#"{job="nod"}"#, false),
        (r#"{job!="x", instance=~"h[0-9]:.*",}"#, true),
        (r#"{instance=~"h1"}"#, false),
        (r#"{instance!~"h1"}"#, true),
        (r#"{job=~"x|node"}"#, true),
        (r#"{job=~"(?i)NODE"}"#, true),
        (r#"{job=~"\\pL+\\z"}"#, true),
        (r#"{job=~"x|nod"}"#, false),
        (r#"{none=""}"#, true),
        (r#"{none!=""}"#, false),
        (r#"{none=~".*"}"#, true),
        (r#"{note=~"two.lines"}"#, true),
        ("{}", true),
        (" { job = 'node' , instance = `h1:9100` } ", true),
        (r#"{"job"="node"}"#, true),
        (r#"up{job="node"}"#, false),
        ("up", false),
    ] {
        assert_eq!(holds(selector, &set), want, "{selector}");
    }
    assert!(holds("a:b", &[("__name__", "a:b")]));
    assert!(holds(
        r#"{"weird name", x="y"}"#,
        &[("__name__", "weird name"), ("x", "y")]
    ));
}

#[test]
fn escapes_are_those_of_go() {
    for (selector, value) in [
        (r#"{a="\"\\\n\t"}"#, "\"\\\n\t"),
        (r#"{a='\''}"#, "'"),
        (r#"{a="\x41\102\u00e9\U0001f600"}"#, "AB\u{e9}\u{1f600}"),
        (r#"{a="\xc3\xa9"}"#, "\u{e9}"),
        ("{a=`\\n`}", "\\n"),
    ] {
        assert!(holds(selector, &[("a", value)]), "{selector}");
    }
}

#[test]
fn errors_say_where() {
    for (selector, column, reason) in [
        ("", 1, "unexpected the end"),
        ("{", 2, "unexpected the end"),
        ("{a}", 3, "expected one of ="),
        (r#"{a="b""#, 7, "expected \",\" or \"}\""),
        (r#"{a="b"} x"#, 9, "expected the end"),
        ("{a=b}", 4, "expected a quoted value"),
        (r#"{a="b}"#, 4, "unterminated"),
        ("{a=\"b\n\"}", 4, "unterminated"),
        (r#"{a="\q"}"#, 4, "escape"),
        (r#"{a="\xff"}"#, 4, "UTF-8"),
        (r#"{a="\400"}"#, 4, "escape"),
        (r#"{a="\ud800"}"#, 4, "escape"),
        (r#"{a="\x4"#, 4, "escape"),
        (r#"{é="b"}"#, 2, "unexpected character"),
        (r#"{a=~"("}"#, 5, "error parsing regexp"),
        (r#"{a=~")|("}"#, 5, "error parsing regexp"),
        (r#"{a=~"(a{1000}){1000}"}"#, 5, "error parsing regexp"),
        (r#"{a:b="c"}"#, 2, "not a valid label name"),
        (r#"{,}"#, 2, "expected a label name"),
        (
            r#"x{__name__="y"}"#,
            12,
            "metric name must not be set twice",
        ),
        (r#"{"x", "y"}"#, 10, "metric name must not be set twice"),
        ("rate(x[5m])", 5, "unexpected character"),
    ] {
        let e = Selector::parse(selector).expect_err(selector);
        assert!(e.reason.contains(reason), "{selector}: {e}");
        assert_eq!(e.column, column, "{selector}: {e}");
    }
    let long = format!("{{a=\"{}\"}}", "x".repeat(MAX_BYTES));
    assert!(Selector::parse(&long).is_err());
}
