//! Files that are mistaken on purpose: they end in a message, in bounded memory, and never in a panic.

use std::path::Path;

use proptest::prelude::*;
use scrape_config::{Diagnostics, LoadOptions, MAX_FILE_BYTES, load_file, load_str};

fn refused(text: &str) -> Diagnostics {
    let d = load_str(text, Path::new("x.yml"), &LoadOptions::default()).expect_err("hostile");
    assert!(d.errors().count() > 0);
    let shown = d.to_string();
    assert!(shown.len() < 500_000, "{} bytes of message", shown.len());
    d
}

#[test]
fn an_alias_bomb_is_refused_and_not_expanded() {
    let mut text = "a: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..30 {
        let uses = vec![format!("*a{}", i - 1); 10].join(", ");
        text.push_str(&format!("b{i}: &a{i} [{uses}]\n"));
    }
    assert!(refused(&text).to_string().contains("aliases expanded"));
    assert!(
        refused("a: &a [*a]")
            .to_string()
            .contains("inside the value it refers to")
    );
    assert!(
        refused("a: &a {b: *a}")
            .to_string()
            .contains("inside the value it refers to")
    );
    assert!(refused("a: *nothing").errors().count() == 1);
}

#[test]
fn deep_nesting_is_refused() {
    refused(&"[".repeat(1_000_000));
    refused(&"{a: ".repeat(1_000_000));
    refused(&("- ".repeat(100_000) + "x"));
    refused(
        &(0..2000)
            .map(|i| " ".repeat(i) + "a:\n")
            .collect::<String>(),
    );
    // One level at a time, through aliases.
    let mut text = "a0: &a0 [x]\n".to_owned();
    for i in 1..100_000 {
        text.push_str(&format!("a{i}: &a{i} [*a{}]\n", i - 1));
    }
    assert!(refused(&text).to_string().contains("nested deeper"));
}

#[test]
fn enormous_lines_and_files_are_shown_in_part() {
    let long = "x".repeat(1_000_000);
    refused(&format!("global: {{scrape_interval: {long}}}"));
    refused(&format!("{long}: 1"));
    refused(&format!("global: {{? {long} : 1, scrape_timeout: 1x}}"));
    refused(&format!(
        "scrape_configs: [{{job_name: a, {}: 1}}]",
        &long[..900]
    ));
    refused(&format!(
        "scrape_configs: [{{job_name: a, sample_limit: '{long}'}}]"
    ));
    let too_large = " ".repeat(usize::try_from(MAX_FILE_BYTES).expect("fits") + 1);
    assert!(
        refused(&too_large)
            .to_string()
            .contains("larger than 32 MiB")
    );
    let unknown: String = (0..20_000).map(|i| format!("k{i}: 1\n")).collect();
    let d = refused(&unknown);
    assert_eq!(d.len() + d.omitted(), 20_000);
    assert!(d.len() <= 200);
    let many = "scrape_configs:\n- job_name: a\n  static_configs:\n  - targets:\n".to_owned()
        + &"    - a:1\n".repeat(20_000);
    load_str(&many, Path::new("x.yml"), &LoadOptions::default()).expect("large and valid");
}

#[test]
fn what_is_no_text_and_no_file_is_said() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let path = dir.path().join("x.yml");
    std::fs::write(&path, b"global:\n  scrape_interval: \xff5s\n").expect("written");
    let options = LoadOptions::default();
    let d = load_file(&path, &options).expect_err("not UTF-8");
    let error = d.errors().next().expect("one");
    assert_eq!((error.location.line, error.location.column), (2, 20));
    for path in [dir.path(), &dir.path().join("gone.yml")] {
        let d = load_file(path, &options).expect_err("no file");
        assert!(d.to_string().contains("cannot be read"), "{d}");
    }
    refused("global: {}\n---\nglobal: {}\n");
    refused("[global]");
    refused("just text");
    refused("{[a]: b}");
    for binary in [
        "{a: !!binary /w==}",
        "{!!binary /w==: a}",
        "{a: !<tag:yaml.org,2002:binary> /w==}",
    ] {
        let text = format!("global: {{external_labels: {binary}}}");
        assert!(
            refused(&text)
                .to_string()
                .contains("`!!binary` values are not supported")
        );
    }
    load_str("global: {}\n...\n---\n", Path::new("x.yml"), &options)
        .expect("an empty second document");
}

const SAMPLE: &str = r#"global: {scrape_interval: 15s, external_labels: {a: "${X}"}}
scrape_config_files: [/no/such/*.yml]
scrape_configs:
- &j
  job_name: a
  honor_labels: yes
  params: {m: [a, "b"]}
  body_size_limit: 10MB
  basic_auth: {username: u, password: hunter2}
  tls_config: {min_version: TLS12, insecure_skip_verify: true}
  oauth2: {client_id: a, token_url: "http://u:hunter2@h/", scopes: [a], tls_config: {}}
  proxy_url: http://u:hunter2@h:1
  http_headers: {X: {values: [a], secrets: [hunter2]}}
  scrape_protocols: [PrometheusProto, OpenMetricsText1.0.0]
  relabel_configs:
  - {source_labels: [a, b], regex: "(.*)", target_label: c, action: replace}
  static_configs: [{targets: ["a:1"], labels: {x: 1}}]
  file_sd_configs: [{files: ["x*.yml"], refresh_interval: 5m}]
- {<<: *j, job_name: b}
"#;

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_mutation_of_a_file_panics_and_what_is_shown_reads_back(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..12, prop::sample::select(vec![
            "", "\n", " ", "  ", "- ", ": ", "[", "]", "{", "}", "\"", "'", "&j ", "*j", "<<: ", "|", ">", "#", "!!x ", "null",
            "-1", "1e400", ".nan", "0x", "é", "\u{0}", "\t", "? ", ", ", "%", "@", "---\n", "$", "${", "global", "job_name",
        ])), 1..6),
        toml in any::<bool>(),
    ) {
        let mut text = SAMPLE.to_owned();
        for (at, len, insert) in edits {
            let floor = |text: &str, mut at: usize| {
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let start = floor(&text, at.index(text.len().max(1)));
            let end = floor(&text, (start + len).min(text.len())).max(start);
            text.replace_range(start..end, insert);
        }
        let path = Path::new(if toml { "x.toml" } else { "x.yml" });
        match load_str(&text, path, &LoadOptions::default()) {
            Ok(config) => {
                let yaml = config.to_yaml().expect("yaml");
                let again = load_str(&yaml, Path::new("y.yml"), &LoadOptions::default());
                prop_assert!(again.is_ok(), "{}\n{}", yaml, again.expect_err("refused"));
            }
            Err(d) => {
                prop_assert!(d.errors().count() > 0);
                prop_assert!(!d.to_string().is_empty());
            }
        }
    }

    #[test]
    fn no_text_panics(text in "[a-z:{}\\[\\]\\-&*!|>'\"%@`,?# \n\t<=.0-9~é\u{0}\u{feff}]{0,200}", toml in any::<bool>()) {
        let path = Path::new(if toml { "x.toml" } else { "x.yml" });
        if let Err(d) = load_str(&text, path, &LoadOptions::default()) {
            prop_assert!(!d.to_string().is_empty());
        }
    }
}
