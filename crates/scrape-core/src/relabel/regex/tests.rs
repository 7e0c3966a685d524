use super::*;

/// What Go's `regexp` package answers for `^(?s:pattern)$`: per line a pattern, whether it compiles, and the
/// texts of the last line that match, with their groups.
const GO: &str = include_str!("../../../testdata/relabel/go_patterns.jsonl");

#[derive(serde::Deserialize)]
struct Row {
    pattern: String,
    ok: bool,
    #[serde(default)]
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    text: String,
    groups: Vec<String>,
}

#[test]
fn patterns_compile_and_match_as_in_go_with_and_without_shortcuts() {
    let mut lines: Vec<&str> = GO.lines().collect();
    let texts: Vec<String> = serde_json::from_str(lines.pop().expect("texts")).expect("texts");
    let mut wrong = Vec::new();
    let mut n_fast = 0;
    for line in lines {
        let row: Row = serde_json::from_str(line).expect(line);
        for (way, compiled) in [
            ("fast", Pattern::new(&row.pattern)),
            ("plain", Pattern::plain(&row.pattern)),
        ] {
            let pattern = match compiled {
                Ok(_) if !row.ok => {
                    wrong.push(format!("{:?} must be refused", row.pattern));
                    continue;
                }
                Ok(pattern) => pattern,
                Err(_) if !row.ok => continue,
                Err(e) => {
                    wrong.push(format!("{:?} must compile: {e}", row.pattern));
                    continue;
                }
            };
            n_fast += usize::from(pattern.is_fast());
            for text in &texts {
                let want = row
                    .cases
                    .iter()
                    .find(|c| c.text == *text)
                    .map(|c| &c.groups);
                let groups = pattern.groups(text);
                let n = want.map_or(0, Vec::len);
                let got = groups.map(|g| {
                    (0..n)
                        .map(|i| g.get(i).unwrap_or_default().to_owned())
                        .collect::<Vec<_>>()
                });
                if got.as_ref() != want || pattern.is_match(text) != want.is_some() {
                    wrong.push(format!(
                        "{way} {:?} on {text:?}: {got:?}, Go says {want:?}",
                        row.pattern
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differences:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(n_fast > 25, "only {n_fast} patterns took a shortcut");
}

fn kind(pattern: &str) -> PatternErrorKind {
    Pattern::new(pattern).expect_err(pattern).kind
}

#[test]
fn refusals_say_what_and_where() {
    use PatternErrorKind as K;
    assert_eq!(kind("a**"), K::NestedRepeat("*".into()));
    assert_eq!(kind("*a"), K::NothingToRepeat("*".into()));
    assert_eq!(kind("a{1001}"), K::RepeatSize("{1001}".into()));
    assert_eq!(
        kind("a{99999999999}"),
        K::RepeatSize("{99999999999}".into())
    );
    assert_eq!(kind("(?x)a"), K::Group("(?x".into()));
    assert_eq!(kind(r"\C"), K::Escape(r"\C".into()));
    assert_eq!(kind(r"\y"), K::Escape(r"\y".into()));
    assert_eq!(kind("a\\"), K::TrailingBackslash);
    assert_eq!(kind("(a"), K::MissingParen);
    assert_eq!(kind("a)"), K::UnexpectedParen);
    assert_eq!(kind("[a"), K::MissingBracket);
    assert_eq!(kind("[z-a]"), K::ClassRange("z-a".into()));
    assert_eq!(kind(r"\Qa"), K::MissingQuoteEnd);
    assert!(matches!(kind(r"\p{Nope}"), K::Engine(_)));
    let e = Pattern::new("ok[z-a]").expect_err("range");
    assert_eq!(e.at, 3);
    assert_eq!(
        e.to_string(),
        "pattern \"ok[z-a]\", byte 3: invalid range or class \"z-a\" between [ and ]"
    );
}

#[test]
fn deep_and_large_patterns_are_refused_not_fatal() {
    assert_eq!(
        kind(&format!("{}a{}", "(".repeat(5000), ")".repeat(5000))),
        PatternErrorKind::Depth
    );
    assert!(Pattern::new(&format!("{}a{}", "(".repeat(200), ")".repeat(200))).is_ok());
    assert!(matches!(
        kind(&r"\pL{1000}".repeat(200)),
        PatternErrorKind::Engine(_)
    ));
    assert!(Pattern::new(".{1000}").is_ok());
}

#[test]
fn everyday_patterns_need_no_engine() {
    for pattern in [
        "",
        "foo",
        "foo|bar",
        "(foo|bar)",
        "(?:a|b)",
        "^foo$",
        "^(foo|bar)$",
        "foo.*",
        "foo(.*)",
        "(foo).*",
        ".*foo",
        "(.*)foo",
        ".*foo.*",
        "(.*)",
        ".*",
        ".+",
        "(.+)",
        "__meta_kubernetes_pod_label_(.+)",
        r"a\.b|\Qc.d\E",
        "日本.*",
    ] {
        assert!(Pattern::new(pattern).expect(pattern).is_fast(), "{pattern}");
    }
    for pattern in [
        "(?i)foo",
        "a*",
        "fo+",
        "(a)(b)",
        "(a)|(b)",
        "(.*)a(.*)",
        "(?-s).*",
        "(foo)*",
        "[a]",
        "a^b",
        "a{2}",
    ] {
        assert!(
            !Pattern::new(pattern).expect(pattern).is_fast(),
            "{pattern}"
        );
    }
}

mod prop {
    use proptest::prelude::*;

    use super::super::*;

    proptest! {
        #[test]
        fn any_text_compiles_or_is_refused_without_panic(pattern in r"[ab\\QEdwsx01{},\[\]()|*+?.^$:<>PiU&~é-]{0,24}", text in "[ab01é\n-]{0,8}") {
            if let (Ok(fast), Ok(plain)) = (Pattern::new(&pattern), Pattern::plain(&pattern)) {
                prop_assert_eq!(fast.is_match(&text), plain.is_match(&text));
            }
        }

        #[test]
        fn shortcuts_agree_with_the_engine(
            parts in prop::collection::vec(prop::sample::select(vec!["a", "b", "ab", r"\.", "é", ".*", ".+", "(", ")", "|", "(?:", "^", "$", "(.*)", "(.+)"]), 0..7),
            text in "[ab.é\n]{0,6}",
        ) {
            let pattern = parts.concat();
            let (fast, plain) = (Pattern::new(&pattern), Pattern::plain(&pattern));
            prop_assert_eq!(fast.is_ok(), plain.is_ok());
            if let (Ok(fast), Ok(plain)) = (fast, plain) {
                let all = |p: &Pattern| p.groups(&text).map(|g| (0..4).map(|i| g.get(i).unwrap_or_default().to_owned()).collect::<Vec<_>>());
                prop_assert_eq!(all(&fast), all(&plain), "{}", pattern);
                prop_assert_eq!(fast.is_match(&text), plain.is_match(&text));
            }
        }
    }
}
