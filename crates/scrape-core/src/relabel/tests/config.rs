use crate::relabel::{Action, ApiRule, RelabelConfig};

fn yaml(text: &str) -> RelabelConfig {
    serde_yaml::from_str(text).expect(text)
}

fn refused(text: &str) -> String {
    serde_yaml::from_str::<RelabelConfig>(text)
        .expect_err(text)
        .to_string()
}

#[test]
fn defaults_are_those_of_prometheus() {
    let c = yaml("{}");
    assert_eq!(
        (c.separator(), c.regex(), c.replacement(), c.action),
        (";", "(.*)", "$1", Action::Replace)
    );
    assert_eq!((c.separator, c.regex, c.replacement), (None, None, None));
}

#[test]
fn case_011_the_action_is_read_without_regard_to_case() {
    for (text, want) in [
        ("Keep", Action::Keep),
        ("LABELDROP", Action::LabelDrop),
        ("hashMod", Action::HashMod),
    ] {
        assert_eq!(yaml(&format!("action: {text}")).action, want);
    }
    assert!(refused("action: keeps").contains("unknown relabel action \"keeps\""));
    assert!(refused("action: ''").contains("cannot be empty"));
    assert!(refused("action:").contains("cannot be empty"));
}

#[test]
fn unknown_keys_and_wrong_types_are_refused() {
    assert!(refused("target: x").contains("target"));
    refused("source_labels: a");
    refused("modulus: -1");
}

#[test]
fn plain_scalars_of_any_kind_are_text() {
    let c = yaml("{regex: 123, replacement: 1, source_labels: [a, yes], separator: 0}");
    assert_eq!(
        (c.regex(), c.replacement(), c.separator()),
        ("123", "1", "0")
    );
    assert_eq!(c.source_labels, ["a", "yes"]);
}

#[test]
fn explicit_empty_fields_are_kept_and_survive_a_round_trip() {
    let c = yaml("{separator: '', regex: '', replacement: '', target_label: x}");
    assert_eq!((c.separator(), c.regex(), c.replacement()), ("", "", ""));
    let text = serde_yaml::to_string(&c).expect("yaml");
    let back = yaml(&text);
    assert_eq!(back, c);
    assert_eq!(
        (back.separator(), back.regex(), back.replacement()),
        ("", "", "")
    );
    assert_eq!(yaml("regex:").regex(), "");
}

#[test]
fn every_action_survives_a_round_trip() {
    for action in Action::ALL {
        let c = RelabelConfig {
            source_labels: vec!["a".into(), "b c".into()],
            regex: Some("x: #\n[".into()),
            modulus: 7,
            target_label: "t".into(),
            action,
            ..RelabelConfig::default()
        };
        let text = serde_yaml::to_string(&c).expect("yaml");
        assert_eq!(yaml(&text), c, "{text}");
    }
}

#[test]
fn writing_a_default_out_changes_nothing() {
    assert_eq!(
        yaml("{target_label: a, regex: (.*), separator: ;, replacement: $1, action: replace}"),
        yaml("target_label: a")
    );
    assert_ne!(yaml("separator: ''"), yaml("{}"));
}

#[test]
fn the_api_form_is_camel_case_with_defaults_filled_in() {
    let c = yaml("{source_labels: [a], target_label: b}");
    assert_eq!(
        serde_json::to_string(&ApiRule(&c)).expect("json"),
        r#"{"sourceLabels":["a"],"separator":";","regex":"(.*)","targetLabel":"b","replacement":"$1","action":"replace"}"#
    );
}
