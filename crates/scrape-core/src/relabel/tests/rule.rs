use proptest::prelude::*;
use scrape_parse::names::ValidationScheme::{self, Legacy, Utf8};

use crate::relabel::{RelabelConfig, RelabelError, Rule, Step, apply, steps};
use crate::{Labels, LabelsBuilder};

fn compile(yaml: &str, scheme: ValidationScheme) -> Result<Rule, RelabelError> {
    let config: RelabelConfig = serde_yaml::from_str(yaml).expect(yaml);
    Rule::compile(&config, scheme)
}

fn rules(yaml: &str) -> Vec<Rule> {
    let configs: Vec<RelabelConfig> = serde_yaml::from_str(yaml).expect(yaml);
    configs
        .iter()
        .map(|c| Rule::compile(c, Utf8).expect(yaml))
        .collect()
}

/// The labels after the rules, or nothing when dropped.
fn run(yaml: &str, labels: &[(&str, &str)]) -> Option<Labels> {
    let mut b = Labels::from_pairs(labels.iter().copied()).to_builder();
    apply(&rules(yaml), &mut b).then(|| b.labels())
}

#[track_caller]
fn check(yaml: &str, labels: &[(&str, &str)], want: &[(&str, &str)]) {
    assert_eq!(
        run(yaml, labels),
        Some(Labels::from_pairs(want.iter().copied())),
        "{yaml}"
    );
}

#[test]
fn case_011_rules_that_cannot_work_are_refused_by_field() {
    for (yaml, field, part) in [
        ("{action: hashmod, target_label: a}", "modulus", "above 0"),
        (
            "{action: hashmod, modulus: 2}",
            "target_label",
            "hashmod needs a target_label",
        ),
        ("{}", "target_label", "replace needs a target_label"),
        ("{action: lowercase}", "target_label", "lowercase needs"),
        ("{action: uppercase}", "target_label", "uppercase needs"),
        ("{action: keepequal}", "target_label", "keepequal needs"),
        ("{action: dropequal}", "target_label", "dropequal needs"),
        (
            "{action: labeldrop, separator: ','}",
            "separator",
            "labeldrop does not use it",
        ),
        (
            "{action: labeldrop, separator: ''}",
            "separator",
            "does not use it",
        ),
        (
            "{action: labelkeep, source_labels: [a]}",
            "source_labels",
            "does not use it",
        ),
        (
            "{action: labelkeep, target_label: a}",
            "target_label",
            "does not use it",
        ),
        (
            "{action: labelkeep, modulus: 1}",
            "modulus",
            "does not use it",
        ),
        (
            "{action: labeldrop, replacement: a}",
            "replacement",
            "does not use it",
        ),
        (
            "{action: dropequal, target_label: a, replacement: a}",
            "replacement",
            "does not use it",
        ),
        (
            "{action: keepequal, target_label: a, regex: a}",
            "regex",
            "does not use it",
        ),
        (
            "{action: keepequal, target_label: a, modulus: 1}",
            "modulus",
            "does not use it",
        ),
        (
            "{action: keepequal, target_label: a, separator: a}",
            "separator",
            "does not use it",
        ),
        (
            "{action: lowercase, target_label: a, replacement: a}",
            "replacement",
            "does not use it",
        ),
        (
            "{action: labelmap, replacement: ''}",
            "replacement",
            "not a valid label name",
        ),
        (
            "{target_label: a, regex: '['}",
            "regex",
            "byte 0: missing ]",
        ),
        ("{action: keep, regex: 'a**'}", "regex", "byte 2"),
        (
            "{source_labels: [''], target_label: a}",
            "source_labels",
            "not a valid label name",
        ),
    ] {
        let e = compile(yaml, Utf8).expect_err(yaml);
        assert_eq!(e.field(), field, "{yaml}");
        assert!(e.to_string().contains(part), "{yaml}: {e}");
    }
    // Written-out defaults pass, so that a rule shown by the program reads back.
    for yaml in [
        "{action: Keep}",
        "{action: keepequal, target_label: a, regex: (.*), separator: ;, replacement: $1}",
        "{action: labeldrop, regex: a, separator: ;, replacement: $1}",
        "{target_label: a, regex: ''}",
    ] {
        compile(yaml, Utf8).expect(yaml);
    }
}

#[test]
fn case_011_target_labels_follow_the_naming_scheme() {
    for (target, legacy, utf8) in [
        ("a_1", true, true),
        ("1a", false, true),
        ("a.b", false, true),
        ("a$1", true, true),
        ("${1}_x$2", true, true),
        ("$1", true, true),
        ("1$1", false, true),
        ("a.$1", false, true),
        ("a$", false, true),
        ("${a", false, true),
        ("${}", false, true),
        ("a${1}9", true, true),
    ] {
        for (action, template) in [("replace", true), ("labelmap", true), ("lowercase", false)] {
            let field = if action == "labelmap" {
                "replacement"
            } else {
                "target_label"
            };
            let yaml = format!("{{action: {action}, {field}: '{target}'}}");
            let legacy = legacy && (template || !target.contains('$'));
            assert_eq!(compile(&yaml, Legacy).is_ok(), legacy, "{yaml}");
            assert_eq!(compile(&yaml, Utf8).is_ok(), utf8, "{yaml}");
        }
    }
}

#[test]
fn case_031_replace_expands_groups_and_leaves_the_rest_alone() {
    let rule = "[{source_labels: [a], target_label: d, regex: f(.*), replacement: '${1}-${1}'}]";
    check(rule, &[("a", "foo")], &[("a", "foo"), ("d", "oo-oo")]);
    check(
        "[{source_labels: [a], target_label: d, regex: f(.*), replacement: 'ch${1}-ch${1}'}]",
        &[("a", "foo"), ("b", "bar")],
        &[("a", "foo"), ("b", "bar"), ("d", "choo-choo")],
    );
    check(rule, &[("a", "boo")], &[("a", "boo")]);
}

#[test]
fn case_031_values_are_joined_and_later_rules_see_earlier_writes() {
    check(
        "[{source_labels: [a, nope, b], separator: '-', target_label: c}, {source_labels: [c], target_label: d, regex: '(.)--(.)', replacement: $2$1}]",
        &[("a", "1"), ("b", "2")],
        &[("a", "1"), ("b", "2"), ("c", "1--2"), ("d", "21")],
    );
    // The default regex matches the empty value, so a constant needs no source.
    check(
        "[{target_label: c, replacement: x}]",
        &[("a", "1")],
        &[("a", "1"), ("c", "x")],
    );
    check(
        "[{source_labels: [a, b], separator: '', target_label: c}]",
        &[("a", "1"), ("b", "2")],
        &[("a", "1"), ("b", "2"), ("c", "12")],
    );
}

#[test]
fn case_032_hashmod_is_the_low_half_of_md5() {
    for (value, modulus, want) in [
        ("baz", 1000, "976"),
        ("foo\nbar", 1000, "734"),
        ("", 8, "6"),
    ] {
        let rule = format!(
            "[{{source_labels: [a], target_label: d, action: hashmod, modulus: {modulus}}}]"
        );
        let got = run(&rule, &[("a", value)]).expect("kept");
        assert_eq!(got.get("d"), Some(want));
    }
    let two = "[{source_labels: [a, b], separator: \"\\n\", target_label: d, action: hashmod, modulus: 1000}]";
    assert_eq!(
        run(two, &[("a", "foo"), ("b", "bar")])
            .expect("kept")
            .get("d"),
        Some("734")
    );
}

#[test]
fn case_is_mapped_letter_by_letter() {
    for (action, from, to) in [
        ("uppercase", "aäßŉΐﬀ", "AÄßŉΐﬀ"),
        ("uppercase", "ᾀᾳῃῳǆdž", "ᾈᾼῌῼǄDŽ"),
        ("lowercase", "AÄẞİΟΔΟΣ", "aäßiοδοσ"),
        ("lowercase", "ǅK", "ǆk"),
    ] {
        check(
            &format!("[{{source_labels: [a], target_label: b, action: {action}}}]"),
            &[("a", from)],
            &[("a", from), ("b", to)],
        );
    }
}

#[test]
fn case_033_a_dot_matches_a_newline() {
    let rule = "[{source_labels: [a], target_label: d, regex: line1.*line2, replacement: match}]";
    check(
        rule,
        &[("a", "line1\nline2")],
        &[("a", "line1\nline2"), ("d", "match")],
    );
}

#[test]
fn case_034_an_empty_replacement_deletes_and_a_bad_target_does_nothing() {
    let empty = "[{source_labels: [a], target_label: b, regex: (f)(x)?.*, replacement: $2}]";
    check(empty, &[("a", "foo"), ("b", "bar")], &[("a", "foo")]);
    check("[{target_label: b, replacement: ''}]", &[("b", "bar")], &[]);
    let target = "[{source_labels: [a], target_label: '${3}', regex: (f)(o).*, replacement: x}]";
    check(target, &[("a", "foo")], &[("a", "foo")]);
    let rule = compile(
        "{source_labels: [a], target_label: $1, replacement: x}",
        Legacy,
    )
    .expect("rule");
    let mut b = Labels::from_pairs([("a", "not.legacy")]).to_builder();
    assert!(rule.apply(&mut b));
    assert_eq!(b.labels(), Labels::from_pairs([("a", "not.legacy")]));
    check(
        "[{source_labels: [a], target_label: $1, replacement: x}]",
        &[("a", "b.c")],
        &[("a", "b.c"), ("b.c", "x")],
    );
}

#[test]
fn case_035_labelmap_copies_names() {
    check(
        "[{action: labelmap, regex: __meta_(my.*)}]",
        &[
            ("__meta_my_bar", "aaa"),
            ("__meta_my_baz", "bbb"),
            ("__meta_other", "ccc"),
        ],
        &[
            ("__meta_my_bar", "aaa"),
            ("__meta_my_baz", "bbb"),
            ("__meta_other", "ccc"),
            ("my_bar", "aaa"),
            ("my_baz", "bbb"),
        ],
    );
    // Several sources for one name: ascending, the last wins. Names that a rule creates are not looked at again.
    check(
        "[{action: labelmap, regex: '(x).*', replacement: z}]",
        &[("x1", "1"), ("x2", "2")],
        &[("x1", "1"), ("x2", "2"), ("z", "2")],
    );
    check(
        "[{action: labelmap, regex: '(.+)', replacement: x$1}]",
        &[("a", "1")],
        &[("a", "1"), ("xa", "1")],
    );
}

#[test]
fn case_036_equality_keeps_and_drops_as_named() {
    let keep = "[{action: keepequal, source_labels: [p], target_label: q}]";
    let drop = "[{action: dropequal, source_labels: [p], target_label: q}]";
    let (same, other): (&[_], &[_]) = (&[("p", "80"), ("q", "80")], &[("p", "80"), ("q", "81")]);
    assert!(run(keep, same).is_some());
    assert!(run(keep, other).is_none());
    assert!(run(drop, same).is_none());
    assert!(run(drop, other).is_some());
    // Two missing labels are equal.
    assert!(run(drop, &[]).is_none());
}

#[test]
fn case_037_a_dropped_label_can_be_written_again() {
    let rules = "[{action: labeldrop, regex: a}, {target_label: a, replacement: new}, {source_labels: [a], action: keep, regex: new}]";
    check(
        rules,
        &[("a", "old"), ("b", "1")],
        &[("a", "new"), ("b", "1")],
    );
}

#[test]
fn case_038_named_groups_expand_and_alternatives_are_anchored() {
    check(
        r#"[{source_labels: [a], regex: "line1\n(?<second>line2)", replacement: val_$second, target_label: d}]"#,
        &[("a", "line1\nline2")],
        &[("a", "line1\nline2"), ("d", "val_line2")],
    );
    check(
        "[{source_labels: [a], regex: 'f|o', action: drop}]",
        &[("a", "foo")],
        &[("a", "foo")],
    );
    assert!(
        run(
            "[{source_labels: [a], regex: 'f|o', action: drop}]",
            &[("a", "o")]
        )
        .is_none()
    );
}

#[test]
fn keep_drop_and_label_rules_do_as_named() {
    assert!(
        run(
            "[{source_labels: [a], action: keep, regex: x}]",
            &[("a", "y")]
        )
        .is_none()
    );
    check("[{source_labels: [a], action: keep, regex: ''}]", &[], &[]);
    check(
        "[{action: labelkeep, regex: 'a|__.*'}]",
        &[("a", "1"), ("b", "2"), ("__c", "3")],
        &[("a", "1"), ("__c", "3")],
    );
    check(
        "[{action: labeldrop, regex: '__.*'}]",
        &[("a", "1"), ("__c", "3")],
        &[("a", "1")],
    );
    check(
        "[{source_labels: [a], action: lowercase, target_label: b}]",
        &[("a", "ÀΣB")],
        &[("a", "ÀΣB"), ("b", "àσb")],
    );
    check(
        "[{source_labels: [a], action: uppercase, target_label: b}]",
        &[("a", "àb")],
        &[("a", "àb"), ("b", "ÀB")],
    );
    check(
        "[{source_labels: [a], action: lowercase, target_label: b}]",
        &[("b", "x")],
        &[],
    );
}

#[test]
fn references_in_templates_are_read_as_go_reads_them() {
    for (template, want) in [
        ("$1x", ""),
        ("${1}x", "Lx"),
        ("$1-$2", "L-R"),
        ("$0", "L:R"),
        ("$name", "R"),
        ("$3|$99999999999", "|"),
        ("$$1", "$1"),
        ("a$", "a$"),
        ("$-", "$-"),
        ("${", "${"),
        ("${1", "${1"),
        ("${}", "${}"),
        ("${a b}", "${a b}"),
        ("$01", ""),
        ("$é", ""),
        ("$$$1", "$L"),
    ] {
        let rule = format!(
            "[{{source_labels: [a], target_label: b, regex: '(L):(?P<name>R)', replacement: '<{template}>'}}]"
        );
        let got = run(&rule, &[("a", "L:R")]).expect("kept");
        assert_eq!(got.value("b"), format!("<{want}>"), "{template}");
    }
    // Of several groups with one name the first that took part counts.
    let rule =
        "[{source_labels: [a], target_label: b, regex: '(?P<n>x)|(?P<n>y)', replacement: $n}]";
    assert_eq!(run(rule, &[("a", "y")]).expect("kept").value("b"), "y");
}

#[test]
fn steps_show_each_rule_and_nothing_after_the_drop() {
    let rules = rules(
        "[{target_label: b, replacement: x}, {source_labels: [a], action: drop, regex: '1'}, {target_label: c, replacement: y}]",
    );
    let step = |pairs: &[(&str, &str)], keep| Step {
        output: Labels::from_pairs(pairs.iter().copied()),
        keep,
    };
    assert_eq!(
        steps(&rules, &Labels::from_pairs([("a", "1")])),
        [
            step(&[("a", "1"), ("b", "x")], true),
            step(&[], false),
            step(&[], false)
        ]
    );
    assert_eq!(
        steps(&rules, &Labels::from_pairs([("a", "2")])).last(),
        Some(&step(&[("a", "2"), ("b", "x"), ("c", "y")], true))
    );
}

proptest! {
    #[test]
    fn shortcuts_change_no_result(
        regex in prop::sample::select(vec!["(.*)", "a", "a|b", "(a|b)", "a(.*)", "(.*)b", "(.+)", ".*a.*", "", "^a$", "(a).*", "[ab]+", "(a)(b)?"]),
        action in prop::sample::select(vec!["replace", "keep", "drop", "labelmap", "labeldrop", "labelkeep"]),
        replacement in prop::sample::select(vec!["$1", "x", "", "${1}$2-$0", "$$"]),
        pairs in prop::collection::vec(("[ab]{1,2}", "[ab]{0,3}"), 0..4),
    ) {
        let labels_only = action.starts_with("labeld") || action.starts_with("labelk");
        let config = RelabelConfig {
            source_labels: if labels_only { vec![] } else { vec!["a".into(), "b".into()] },
            separator: (!labels_only).then(String::new),
            regex: Some(regex.into()),
            target_label: if action == "replace" { "t$1".into() } else { String::new() },
            replacement: (!labels_only).then(|| replacement.into()),
            action: action.parse().expect("action"),
            ..RelabelConfig::default()
        };
        let fast = Rule::compile(&config, Utf8);
        let plain = Rule::compile_plain(&config, Utf8);
        prop_assert_eq!(fast.is_ok(), plain.is_ok());
        if let (Ok(fast), Ok(plain)) = (fast, plain) {
            let mut a: LabelsBuilder = Labels::from_pairs(pairs).to_builder();
            let mut b = a.clone();
            prop_assert_eq!(fast.apply(&mut a), plain.apply(&mut b));
            prop_assert_eq!(a.labels(), b.labels());
        }
    }
}
