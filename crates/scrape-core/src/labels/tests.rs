use super::*;

#[test]
fn pairs_come_back_sorted_and_without_empty_values() {
    let l = Labels::from_pairs([("b", "2"), ("a", "1"), ("c", ""), ("b", "3")]);
    assert_eq!(l.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "3")]);
    assert_eq!(l, Labels::from_pairs([("a", "1"), ("b", "3")]));
    assert_eq!(l.get("c"), None);
    assert_eq!(l.value("zz"), "");
    assert_eq!(l.to_string(), r#"{a="1", b="3"}"#);
}

#[test]
fn long_strings_survive_the_flat_form() {
    for n in [0, 1, 253, 254, 255, 256, 70_000] {
        let v = "x".repeat(n);
        let l = Labels::from_pairs([("k", v.as_str()), ("z", "1")]);
        assert_eq!(l.value("k"), v);
        assert_eq!(l.value("z"), "1");
    }
}

#[test]
fn order_is_by_pairs_not_by_encoded_length() {
    let a = Labels::from_pairs([("a", "zzzz")]);
    let b = Labels::from_pairs([("aa", "b")]);
    assert!(a < b);
    assert!(Labels::empty() < a);
}

#[test]
fn builder_sets_deletes_and_retains() {
    let mut b = Labels::from_pairs([("a", "1"), ("b", "2"), ("__x", "3")]).to_builder();
    b.set("c", "4").del("a").set("b", "");
    assert_eq!(b.iter().collect::<Vec<_>>(), [("__x", "3"), ("c", "4")]);
    b.retain(|n, _| !n.starts_with("__"));
    assert_eq!(b.labels(), Labels::from_pairs([("c", "4")]));
}

#[test]
fn display_quotes_what_needs_it() {
    let l = Labels::from_pairs([("a.b", "x\"\\\n")]);
    assert_eq!(l.to_string(), "{\"a.b\"=\"x\\\"\\\\\\n\"}");
}

#[test]
fn lookups_find_names_in_small_and_large_sets() {
    for n in [0, 1, 31, 32, 33, 500] {
        let name = |i: usize| format!("l{i:03}");
        let b = Labels::from_pairs((0..n).map(|i| (name(i), format!("v{i}")))).to_builder();
        for i in 0..n {
            assert_eq!(b.get(&name(i)), Some(format!("v{i}").as_str()));
        }
        assert_eq!((b.get(&name(n)), b.get("l"), b.get("")), (None, None, None));
    }
}
