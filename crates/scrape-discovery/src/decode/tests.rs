//! Every row of the table in the target group format, for both forms.

use super::*;

fn json(text: &str) -> Vec<StaticConfig> {
    decode_json(text.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn yaml(text: &str) -> Vec<StaticConfig> {
    decode_yaml(text.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn group(targets: &[&str], labels: &[(&str, &str)]) -> StaticConfig {
    StaticConfig {
        targets: targets.iter().map(|s| (*s).to_owned()).collect(),
        labels: labels
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect(),
    }
}

#[test]
fn case_013_json_keys_match_in_any_case() {
    let want = [group(&["a:1"], &[("x", "y")])];
    assert_eq!(json(r#"[{"Targets":["a:1"],"LABELS":{"x":"y"}}]"#), want);
    assert_eq!(
        json("[{\"target\u{17f}\":[\"a:1\"],\"label\u{17f}\":{\"x\":\"y\"}}]"),
        want
    );
}

#[test]
fn case_013_json_refused_documents() {
    for (text, reason) in [
        (r#"[{"targets":["a"],"extra":1}]"#, "unknown field `extra`"),
        (
            r#"[{"targets":["a"],"labels":{"x":1}}]"#,
            "invalid type: integer",
        ),
        (
            r#"[{"targets":["a"],"labels":{"x":true}}]"#,
            "invalid type: boolean",
        ),
        (
            r#"[{"targets":["a"],"labels":{"":"x"}}]"#,
            "not a valid label name",
        ),
        (r#"[{"targets":"a"}]"#, "invalid type: string"),
        (r#"[{"targets":[1]}]"#, "invalid type: integer"),
        ("[null]", "group 0 is null"),
        ("", "EOF while parsing"),
        ("   \n", "EOF while parsing"),
        ("[] []", "trailing characters"),
        ("{}", "invalid type: map"),
        (r#"{"targets":["a"]}"#, "invalid type: map"),
        (r#"[{"targets":["a"]}"#, "EOF while parsing"),
    ] {
        let e = decode_json(text.as_bytes()).expect_err(text);
        assert!(e.reason.contains(reason), "{text}: {e}");
        assert!(!e.reason.contains("at line"), "the position is data: {e}");
    }
    let e = decode_json(b"[\n {\"nope\":1}]").expect_err("unknown key");
    assert_eq!((e.line, e.column), (2, 8));
}

#[test]
fn case_013_json_null_and_missing_are_empty() {
    assert_eq!(json("null"), []);
    assert_eq!(json("[]"), []);
    assert_eq!(json("[{}]"), [group(&[], &[])]);
    assert_eq!(
        json(r#"[{"labels":{"a":"b"}}]"#),
        [group(&[], &[("a", "b")])]
    );
    assert_eq!(
        json(r#"[{"targets":null,"labels":null}]"#),
        [group(&[], &[])]
    );
    assert_eq!(
        json(r#"[{"labels":{"a":null}}]"#),
        [group(&[], &[("a", "")])]
    );
}

#[test]
fn case_013_json_of_repeated_keys_the_last_wins_entirely() {
    let text = r#"[{"targets":["a","b"],"Targets":["c"],"labels":{"x":"1","y":"2"},"labels":{"y":"3","y":"4"}}]"#;
    assert_eq!(json(text), [group(&["c"], &[("y", "4")])]);
    assert_eq!(
        json(r#"[{"targets":["a"],"targets":null}]"#),
        [group(&[], &[])]
    );
}

#[test]
fn case_013_json_empty_addresses_are_kept_for_later() {
    assert_eq!(
        json(r#"[{"targets":[null,"","a"]}]"#),
        [group(&["", "", "a"], &[])]
    );
}

#[test]
fn json_invalid_utf8_in_a_string_is_replaced() {
    let groups = decode_json(b"[{\"targets\":[\"a\xff\"]}]").expect("lossy");
    assert_eq!(groups, [group(&["a\u{fffd}"], &[])]);
}

#[test]
fn case_013_yaml_empty_documents_are_empty_lists() {
    for text in [
        "",
        "\n",
        "# nothing here\n",
        "---\n",
        "null",
        "~",
        "[]",
        "---\n[]\n",
    ] {
        assert_eq!(yaml(text), [], "{text:?}");
    }
}

#[test]
fn case_013_yaml_is_strict() {
    for text in [
        "- targets: [a]\n  extra: 1\n",
        "- targets: [a]\n  targets: [b]\n",
        "- targets: [a]\n  labels: {x: a, x: b}\n",
        "- targets: a\n",
        "- Targets: [a]\n",
        "- targets: [a]\n  labels: [x]\n",
        "- targets: [a]\n  labels: {x: [y]}\n",
        "- targets: [a]\n  labels: {\"\": y}\n",
        "- null\n",
        "targets: [a]\n",
        "text",
        "- targets: [a\n",
        "- targets: [a]\n---\n- targets: [b]\n",
    ] {
        let e = decode_yaml(text.as_bytes()).expect_err(text);
        assert!(!e.reason.is_empty(), "{text}");
    }
    let e = decode_yaml(b"- targets: [a]\n- targets: [b]\n  oops: 1\n").expect_err("unknown key");
    assert_eq!(e.line, 3, "{e}");
    assert!(e.reason.contains("oops"), "{e}");
    let e = decode_yaml(b"- targets:\n  - a\xff\n").expect_err("bytes");
    assert_eq!((e.line, e.column), (2, 6));
}

#[test]
fn case_013_yaml_scalars_are_kept_verbatim() {
    let text = "- targets: [a:1, 5, 1.50, yes]\n  labels: {i: 1, b: true, f: 1.50, o: 0755, h: 0x1F, y: yes, e: 1e3, \
                u: 1_000, d: 2001-01-02, n: null, t: ~, q: \"null\", m: .inf, v: }\n";
    let labels = [
        ("b", "true"),
        ("d", "2001-01-02"),
        ("e", "1e3"),
        ("f", "1.50"),
        ("h", "0x1F"),
        ("i", "1"),
        ("m", ".inf"),
        ("n", ""),
        ("o", "0755"),
        ("q", "null"),
        ("t", ""),
        ("u", "1_000"),
        ("v", ""),
        ("y", "yes"),
    ];
    assert_eq!(yaml(text), [group(&["a:1", "5", "1.50", "yes"], &labels)]);
}

#[test]
fn case_013_yaml_nulls_are_zero_values() {
    assert_eq!(yaml("- targets:\n  labels:\n"), [group(&[], &[])]);
    assert_eq!(
        yaml("- targets: [null, '', a]\n"),
        [group(&["", "", "a"], &[])]
    );
    assert_eq!(yaml("- {}\n"), [group(&[], &[])]);
}

#[test]
fn yaml_long_lists_and_shared_labels_pass_and_alias_bombs_do_not() {
    let mut text =
        String::from("- &first\n  targets: [x:1]\n  labels: &common {env: prod, team: a}\n");
    for i in 0..30_000 {
        use std::fmt::Write;
        writeln!(text, "- targets: [h{i}:9100]\n  labels: *common").expect("strings grow");
    }
    let groups = yaml(&text);
    assert_eq!(groups.len(), 30_001);
    assert_eq!(
        groups[30_000],
        group(&["h29999:9100"], &[("env", "prod"), ("team", "a")])
    );

    let mut bomb = String::from("- targets: &t0 [a,a,a,a,a,a,a,a,a,a]\n");
    for i in 1..12 {
        let of = format!("*t{}", i - 1);
        bomb.push_str(&format!(
            "- targets: &t{i} [{}]\n",
            [of.as_str(); 10].join(",")
        ));
    }
    decode_yaml(bomb.as_bytes()).expect_err("refused in bounded time");
}
