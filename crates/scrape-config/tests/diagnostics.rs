//! What a person reads when a configuration is wrong.

use std::path::Path;

use scrape_config::{Diagnostics, LoadOptions, Severity, load_str};

fn diagnostics(text: &str) -> Diagnostics {
    diagnostics_of(text, "prometheus.yml")
}

fn diagnostics_of(text: &str, path: &str) -> Diagnostics {
    match load_str(text, Path::new(path), &LoadOptions::default()) {
        Ok(config) => config.warnings,
        Err(d) => d,
    }
}

#[test]
fn all_mistakes_of_a_file_are_found_in_one_run() {
    let text = r#"global:
  scrape_intervall: 15s
  scrape_timeout: 1.5s
scrape_configs:
- job_name: node
  sample_limit: lots
  honor_labels: maybe
  scrape_configs: x
  tls_config:
    insecure_skip_verfy: true
    ca_file: [a]
  relabel_configs:
  - action: hashmod
    target_label: a
  - sourcelabels: [a]
    regex: "("
- job_name: node
  static_configs:
  - targets: ["http://a/"]
    labels: 5
  consul_sd_configs: [{server: a}]
remote_write:
- url: http://x
"#;
    let found: Vec<_> = diagnostics(text)
        .iter()
        .map(|d| {
            format!(
                "{}:{} {} | {}",
                d.location.line, d.location.column, d.key_path, d.message
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            "2:3 global.scrape_intervall | unknown key `scrape_intervall`",
            "3:19 global.scrape_timeout | duration \"1.5s\": expected a digit at byte 1; signs, fractions and spaces are not allowed",
            "6:17 scrape_configs[0].sample_limit | a whole number is needed here, not a string",
            "7:17 scrape_configs[0].honor_labels | true or false is needed here, not a string",
            "8:3 scrape_configs[0].scrape_configs | unknown key `scrape_configs`",
            "10:5 scrape_configs[0].tls_config.insecure_skip_verfy | unknown key `insecure_skip_verfy`",
            "11:5 scrape_configs[0].tls_config.ca_file | a single value is needed here, not a list",
            "13:5 scrape_configs[0].relabel_configs[0] | modulus: action hashmod needs a modulus above 0",
            "15:5 scrape_configs[0].relabel_configs[1].sourcelabels | unknown key `sourcelabels`",
            "17:13 scrape_configs[1].job_name | job name \"node\" is used by more than one scrape config",
            "19:15 scrape_configs[1].static_configs[0].targets[0] | \"http://a/\" is not a valid hostname",
            "20:13 scrape_configs[1].static_configs[0].labels | a mapping is needed here, not a number",
            "21:3 scrape_configs[1].consul_sd_configs | this build has no consul service discovery yet",
            "22:1 remote_write | this build has no remote_write yet",
        ]
    );
}

#[test]
fn a_diagnostic_shows_the_line_and_the_key_that_was_meant() {
    let d = diagnostics("scrape_configs:\n- job_name: a\n  metric_path: /x\n");
    assert_eq!(
        d.to_string(),
        "error: unknown key `metric_path`
 --> prometheus.yml:3:3
  |
3 |   metric_path: /x
  |   ^^^^^^^^^^^
  |
  = key: scrape_configs[0].metric_path
  = help: did you mean `metrics_path`?"
    );
}

#[test]
fn a_repeated_name_shows_both_places() {
    let d = diagnostics("scrape_configs:\n- job_name: a\n- job_name: a\n");
    assert_eq!(
        d.to_string(),
        "error: job name \"a\" is used by more than one scrape config
 --> prometheus.yml:3:13
  |
3 | - job_name: a
  |             ^
  |
  = key: scrape_configs[1].job_name
  = note: first used in prometheus.yml
  |
 ::: prometheus.yml:2:13
  |
2 | - job_name: a
  |             -"
    );
}

#[test]
fn a_syntax_error_has_a_place() {
    let d = diagnostics("global:\n  scrape_interval: 5s\n scrape_timeout: 5s\n");
    let first = d.iter().next().expect("one");
    assert_eq!((first.location.line, d.len()), (3, 1), "{d}");
    let d = diagnostics("a: [1, 2\n");
    assert_eq!(d.len(), 1, "{d}");
    let d = diagnostics_of("[global]\nscrape_interval = 5s\nx = = 1\n", "p.toml");
    assert!(d.len() >= 2, "{d}");
    assert_eq!(d.iter().next().expect("one").location.line, 2);
}

#[test]
fn secrets_are_never_shown() {
    for text in [
        "scrape_configs:\n- job_name: a\n  basic_auth: {username: u, password: [hunter2]}\n",
        "scrape_configs:\n- job_name: a\n  basic_auth:\n    password:\n      hunter2: x\n",
        "scrape_configs:\n- job_name: a\n  bearer_token: hunter2\n  bearer_token_file: x\n",
        "scrape_configs:\n- job_name: a\n  bearer_token: \"hunter2\n",
        "scrape_configs:\n- job_name: a\n  http_headers: {X: {secrets: hunter2}}\n",
        "scrape_configs:\n- job_name: a\n  http_headers: {X: {secrets: [hunter2, {hunter2: hunter2}]}}\n",
        "scrape_configs:\n- job_name: a\n  proxy_url: 'http://u:hunter2@h:x'\n",
        "scrape_configs:\n- job_name: a\n  proxy_url: ['http://u:hunter2@h']\n",
        "scrape_configs:\n- job_name: a\n  tls_config: {key: hunter2}\n",
        "scrape_configs:\n- job_name: a\n  authorization: {type: Basic, credentials: hunter2}\n",
        "scrape_configs:\n- job_name: a\n  oauth2: {client_secret: hunter2, tokn_url: x}\n",
        "scrape_configs:\n- job_name: a\n  oauth2: {client_id: a, token_url: 'ftp://u:hunter2@h'}\n",
        "scrape_configs:\n- job_name: a\n  basic_auth:\n    password: |\n      x\n      hunter2\n   y: [\n",
    ] {
        let d = diagnostics(text);
        assert!(d.errors().count() > 0, "{text}");
        let json = serde_json::to_string(&d.iter().collect::<Vec<_>>()).expect("json");
        for shown in [d.to_string(), d.render(true), format!("{d:?}"), json] {
            assert!(!shown.contains("hunter2"), "{text}\n{shown}");
        }
    }
}

#[test]
fn sections_without_meaning_here_are_one_warning_each() {
    let text = r#"
rule_files: [a.yml]
alerting: {alertmanagers: []}
remote_read: [{url: http://x}]
storage: {tsdb: {out_of_order_time_window: 30m}}
tracing: {endpoint: x}
otlp: {translation_strategy: x}
runtime: {gogc: 75}
"#;
    let d = diagnostics(text);
    assert_eq!(d.errors().count(), 0, "{d}");
    let keys: Vec<_> = d.warnings().map(|d| d.key_path.as_str()).collect();
    let want = [
        "rule_files",
        "alerting",
        "remote_read",
        "storage",
        "tracing",
        "otlp",
        "runtime",
    ];
    assert_eq!(keys, want);
    assert!(diagnostics("rule_files: []\nremote_write:\nalerting:\n").is_empty());
    assert_eq!(diagnostics("rule_files: a.yml").errors().count(), 1);

    let agent = LoadOptions {
        agent: true,
        ..LoadOptions::default()
    };
    let d = load_str(text, Path::new("x.yml"), &agent).expect_err("not for an agent");
    let errors: Vec<_> = d.errors().map(|d| d.key_path.as_str()).collect();
    assert_eq!(errors, ["rule_files", "alerting", "remote_read"]);
    let plain = load_str("", Path::new("x.yml"), &agent).expect("valid");
    assert_eq!(plain.warnings.len(), 1);
}

#[test]
fn every_mechanism_of_upstream_is_known_by_name() {
    for key in scrape_discovery::config::UPSTREAM_KEYS
        .iter()
        .filter(|k| !k.supported)
    {
        let text = format!("scrape_configs: [{{job_name: a, {}: [{{}}]}}]", key.key);
        let d = diagnostics(&text);
        let errors: Vec<_> = d.errors().map(|d| d.message.as_str()).collect();
        assert_eq!(
            errors,
            [format!(
                "this build has no {} service discovery yet",
                key.mechanism
            )]
        );
        let text = format!("scrape_configs: [{{job_name: a, {}: }}]", key.key);
        assert!(diagnostics(&text).is_empty(), "nothing asked for");
    }
}

#[test]
fn yaml_1_1_scalars_anchors_and_merges() {
    let text = r#"
x: &x 1
"#;
    assert_eq!(
        diagnostics(text).errors().count(),
        1,
        "an anchor needs a home that is a known key"
    );
    let text = r#"
scrape_configs:
- &base
  job_name: a
  honor_labels: Yes
  honor_timestamps: off
  sample_limit: 0x10
  label_limit: 1_0
  target_limit: 1e2
  static_configs:
  - targets: [1.50, yes]
    labels: {n: 1.50, b: true, z: null, t: 2024-01-01}
- <<: *base
  job_name: b
  sample_limit: 5
- <<: [{honor_labels: n}, *base]
  job_name: c
"#;
    let c = load_str(text, Path::new("x.yml"), &LoadOptions::default()).expect("valid");
    let jobs = &c.engine.scrape_configs;
    assert_eq!(
        jobs.iter().map(|j| j.limits.samples).collect::<Vec<_>>(),
        [16, 5, 16]
    );
    assert_eq!(
        jobs.iter().map(|j| j.honor_labels).collect::<Vec<_>>(),
        [true, true, false]
    );
    assert!(
        jobs.iter()
            .all(|j| !j.honor_timestamps && j.limits.labels == 10 && j.limits.targets == 100)
    );
    let scrape_discovery::DiscoveryConfig::Static(groups) = &jobs[1].discovery[0] else {
        panic!("static");
    };
    assert_eq!(groups[0].targets, ["1.50", "yes"]);
    let labels: Vec<_> = groups[0].labels.values().map(String::as_str).collect();
    assert_eq!(labels, ["true", "1.50", "2024-01-01", ""]);
    for bad in [
        "honor_labels: 'yes'",
        "sample_limit: '5'",
        "sample_limit: 1.5",
        "params: {a: b}",
    ] {
        let text = format!("scrape_configs: [{{job_name: a, {bad}}}]");
        assert_eq!(diagnostics(&text).errors().count(), 1, "{bad}");
    }
    let d = diagnostics("scrape_configs: [{job_name: a, enable_compression: }]");
    assert_eq!(d.iter().next().map(|d| d.severity), Some(Severity::Warning));
}

#[test]
fn the_old_name_of_a_key_is_an_alias() {
    let text = "scrape_configs: [{job_name: a, scrape_classic_histograms: true}]";
    let c = load_str(text, Path::new("x.yml"), &LoadOptions::default()).expect("valid");
    assert!(c.engine.scrape_configs[0].always_scrape_classic_histograms);
    assert_eq!(c.warnings.len(), 1);
    let both = "scrape_configs: [{job_name: a, scrape_classic_histograms: true, always_scrape_classic_histograms: true}]";
    assert_eq!(diagnostics(both).errors().count(), 1);
}

#[test]
fn toml_says_the_same_as_yaml() {
    let yaml = r#"
global: {scrape_interval: 15s, external_labels: {a: b}, body_size_limit: 1MB}
scrape_configs:
- job_name: a
  honor_labels: true
  sample_limit: 100
  native_histogram_min_bucket_factor: 1.5
  params: {m: [x, y]}
  basic_auth: {username: u, password: p}
  static_configs: [{targets: ["h:1"], labels: {n: "1"}}]
  relabel_configs: [{source_labels: [n], target_label: o}]
"#;
    let toml = r#"
[global]
scrape_interval = "15s"
external_labels.a = "b"
body_size_limit = "1MB"
[[scrape_configs]]
job_name = "a"
honor_labels = true
sample_limit = 100
native_histogram_min_bucket_factor = 1.5
params = { m = ["x", "y"] }
basic_auth = { username = "u", password = "p" }
[[scrape_configs.static_configs]]
targets = ["h:1"]
labels.n = 1
[[scrape_configs.relabel_configs]]
source_labels = ["n"]
target_label = "o"
"#;
    let load = |text, path| {
        let c = load_str(text, Path::new(path), &LoadOptions::default());
        c.unwrap_or_else(|e| panic!("{e}")).engine
    };
    assert_eq!(load(yaml, "a.yml"), load(toml, "a.toml"));
    let d = diagnostics_of("[global]\nscrape_intervall = \"1s\"\n", "a.toml");
    let error = d.errors().next().expect("one");
    assert_eq!(
        (error.location.line, error.key_path.as_str()),
        (2, "global.scrape_intervall")
    );
}
