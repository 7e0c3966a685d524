//! The numbered acceptance cases of the configuration.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use scrape_config::{Diagnostics, LoadOptions, LoadedConfig, load_file, load_str};
use scrape_parse::escape::EscapingScheme;
use scrape_parse::names::ValidationScheme;
use scrape_parse::{Format, ScrapeProtocol};

fn options(variables: &[(&str, &str)]) -> LoadOptions {
    let variables: BTreeMap<String, String> = variables
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    LoadOptions {
        environment: Arc::new(move |name| variables.get(name).cloned()),
        ..LoadOptions::default()
    }
}

fn load(text: &str) -> Result<LoadedConfig, Diagnostics> {
    load_str(text, Path::new("prometheus.yml"), &options(&[]))
}

fn ok(text: &str) -> LoadedConfig {
    load(text).unwrap_or_else(|e| panic!("{text}\n{e}"))
}

/// The messages of all errors, one per line.
fn errors(text: &str) -> String {
    let diagnostics = match load(text) {
        Ok(_) => panic!("accepted: {text}"),
        Err(d) => d,
    };
    let messages: Vec<_> = diagnostics.errors().map(|d| d.message.clone()).collect();
    assert!(!messages.is_empty());
    messages.join("\n")
}

fn refuses(text: &str, want: &str) {
    let found = errors(text);
    assert!(found.contains(want), "{text}\nwanted {want:?} in:\n{found}");
}

/// A file with one job that holds these lines.
fn job(lines: &str) -> String {
    let lines: String = lines.lines().map(|l| format!("    {l}\n")).collect();
    format!("scrape_configs:\n  - job_name: a\n{lines}")
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn case_001_an_empty_file_is_all_defaults() {
    for text in ["", "# nothing\n", "global:\n", "global: {}\n", "---\n"] {
        let c = ok(text);
        assert_eq!(c.engine.global.scrape_interval, 60 * SECOND);
        assert_eq!(c.engine.global.scrape_timeout, 10 * SECOND);
        assert_eq!(c.engine.scrape_configs.len(), 0);
        assert!(c.warnings.is_empty());
    }
    let c = ok("global: {scrape_interval: 5s}");
    assert_eq!(c.engine.global.scrape_timeout, 5 * SECOND);
}

#[test]
fn case_002_a_timeout_fits_its_interval() {
    refuses(
        "global: {scrape_timeout: 20s, scrape_interval: 10s}",
        "scrape timeout 20s is greater than scrape interval 10s",
    );
    refuses(
        &job("scrape_timeout: 1m\nscrape_interval: 30s"),
        "\"a\": scrape timeout 1m",
    );
    let c = ok(&job("scrape_interval: 5s"));
    assert_eq!(c.engine.scrape_configs[0].scrape_timeout, 5 * SECOND);
    let c = ok(&job("scrape_interval: 0s\nscrape_timeout: 0"));
    assert_eq!(c.engine.scrape_configs[0].scrape_interval, 60 * SECOND);
    assert_eq!(c.engine.scrape_configs[0].scrape_timeout, 10 * SECOND);
    refuses(
        &job("scrape_timeout: 2m"),
        "scrape timeout 2m is greater than scrape interval 1m",
    );
}

#[test]
fn case_003_unknown_and_repeated_keys() {
    refuses(
        "global: {scrape_intervall: 5s}",
        "unknown key `scrape_intervall`",
    );
    refuses(&job("metrics_pth: /x"), "unknown key `metrics_pth`");
    refuses(
        "scrape_configs: []\nscrape_configs: []",
        "key `scrape_configs` is repeated",
    );
    refuses("globl: {}", "unknown key `globl`");
    refuses(&job("tls_config: {ca_fil: x}"), "unknown key `ca_fil`");
    refuses(
        &job("relabel_configs: [{source_label: [a]}]"),
        "unknown key `source_label`",
    );
    refuses(
        &job("static_configs: [{target: [a]}]"),
        "unknown key `target`",
    );
    refuses(
        &job("file_sd_configs: [{file: [a.yml]}]"),
        "unknown key `file`",
    );
}

#[test]
fn case_004_job_names_are_unique() {
    let text = "scrape_configs: [{job_name: a}, {job_name: b}, {job_name: a}]";
    refuses(
        text,
        "job name \"a\" is used by more than one scrape config",
    );
    refuses("scrape_configs: [{}]", "needs a `job_name`");
    refuses("scrape_configs: [{job_name: ''}]", "needs a `job_name`");
    refuses(
        "scrape_configs: [null]",
        "empty or null scrape config section",
    );

    let dir = tempfile::tempdir().expect("temporary directory");
    let write =
        |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
    write(
        "main.yml",
        "scrape_config_files: ['inc/*.yml']\nscrape_configs: [{job_name: a}]",
    );
    std::fs::create_dir(dir.path().join("inc")).expect("created");
    write(
        "inc/1.yml",
        "scrape_configs:\n  - job_name: b\n    tls_config: {ca_file: ca.pem}\n",
    );
    let main = dir.path().join("main.yml");
    let c = load_file(&main, &options(&[])).expect("valid");
    let names: Vec<_> = c
        .engine
        .scrape_configs
        .iter()
        .map(|j| j.job_name.as_str())
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(
        c.engine.scrape_configs[1]
            .http_client
            .tls_config
            .ca_file
            .as_deref(),
        Some(dir.path().join("inc/ca.pem").as_path()),
        "relative to the included file"
    );
    write("inc/2.yml", "scrape_configs: [{job_name: a}]");
    let d = load_file(&main, &options(&[])).expect_err("twice");
    let error = d.errors().next().expect("one");
    assert!(error.message.contains("job name \"a\""));
    assert!(error.location.file.ends_with("inc/2.yml"));
    assert!(error.related[0].location.file.ends_with("main.yml"));
    write("inc/2.yml", "{}");
    write("twice.yml", "scrape_config_files: ['inc/*.yml', inc/1.yml]");
    load_file(&dir.path().join("twice.yml"), &options(&[])).expect_err("one file imported twice");
    write("inc/2.yml", "global: {}");
    let d = load_file(&main, &options(&[])).expect_err("global in an included file");
    assert!(d.to_string().contains("belongs into the main file"));
}

#[test]
fn case_005_sizes() {
    for bad in ["100", "1kB", "1MB512KiB", "-1MB", "x"] {
        errors(&job(&format!("body_size_limit: {bad}")));
    }
    for (text, want) in [
        ("0", 0),
        ("1MB", 1 << 20),
        ("1MiB", 1 << 20),
        ("1.5KB", 1536),
    ] {
        let c = ok(&job(&format!("body_size_limit: {text}")));
        assert_eq!(c.engine.scrape_configs[0].limits.body_size, want);
    }
}

#[test]
fn case_006_durations() {
    for bad in ["30m1h", "1.5h", "-5s", "15", "''"] {
        errors(&format!("global: {{scrape_interval: {bad}}}"));
    }
    for good in ["1h30m", "0", "1d", "'30s'"] {
        ok(&format!("global: {{scrape_interval: {good}}}"));
    }
}

#[test]
fn case_007_protocols() {
    for bad in [
        "[]",
        "[prometheusproto]",
        "[OpenMetricsText1.0.0, OpenMetricsText1.0.0]",
        "PrometheusProto",
    ] {
        errors(&job(&format!("scrape_protocols: {bad}")));
        errors(&format!("global: {{scrape_protocols: {bad}}}"));
    }
    errors(&job("fallback_scrape_protocol: [PrometheusText0.0.4]"));
    let c = ok(&job("fallback_scrape_protocol: PrometheusText0.0.4"));
    assert_eq!(
        c.engine.scrape_configs[0].fallback_scrape_protocol,
        Some(ScrapeProtocol::PrometheusText0_0_4)
    );
}

#[test]
fn om2_61_the_draft_is_asked_for_by_name_where_it_is_enabled() {
    let asks = job("scrape_protocols: [OpenMetricsText2.0.0, OpenMetricsText1.0.0]");
    let falls_back = job("fallback_scrape_protocol: OpenMetricsText2.0.0");
    let globally = "global: {scrape_protocols: [OpenMetricsText2.0.0]}";
    let wanted = if Format::OpenMetrics2.is_built_in() {
        "--enable-feature=openmetrics2"
    } else {
        "cargo feature om2"
    };
    for text in [&asks, &falls_back, globally] {
        refuses(text, wanted);
    }
    let options = LoadOptions {
        openmetrics2: true,
        ..options(&[])
    };
    let loaded = load_str(&asks, Path::new("prometheus.yml"), &options);
    assert_eq!(loaded.is_ok(), Format::OpenMetrics2.is_built_in());
    if let Ok(loaded) = loaded {
        let protocols = &loaded.engine.scrape_configs[0].scrape_protocols;
        let draft = ScrapeProtocol::OpenMetricsText2_0_0;
        assert_eq!(protocols[..], [draft, ScrapeProtocol::OpenMetricsText1_0_0]);
    }
}

#[test]
fn case_008_validation_and_escaping() {
    let both = "metric_name_validation_scheme: legacy\nmetric_name_escaping_scheme: allow-utf-8";
    refuses(&job(both), "is not `utf8`");
    let scheme = |text: &str| {
        let c = ok(text);
        let job = &c.engine.scrape_configs[0];
        (job.validation, job.escaping)
    };
    let (utf8, legacy) = (ValidationScheme::Utf8, ValidationScheme::Legacy);
    assert_eq!(scheme(&job("")), (utf8, EscapingScheme::AllowUtf8));
    assert_eq!(
        scheme(&job("metric_name_validation_scheme: legacy")),
        (legacy, EscapingScheme::Underscores)
    );
    let global =
        "global: {metric_name_validation_scheme: legacy, metric_name_escaping_scheme: values}\n";
    assert_eq!(
        scheme(&(global.to_owned() + &job(""))),
        (legacy, EscapingScheme::Values)
    );
    let own = job("metric_name_validation_scheme: utf8\nmetric_name_escaping_scheme: dots");
    assert_eq!(
        scheme(&(global.to_owned() + &own)),
        (utf8, EscapingScheme::Dots)
    );
    refuses(
        &job("metric_name_validation_scheme: UTF8"),
        "unknown name validation scheme",
    );
}

#[test]
fn case_009_external_labels_see_the_environment() {
    let text = "global:\n  external_labels: {a: '${TEST}', b: 'foo${TEST}bar', c: 'foo$${TEST}', d: foo$$bar, n: 1}\n";
    let labels = |variables| {
        let c = load_str(text, Path::new("x.yml"), &options(variables)).expect("valid");
        let values: Vec<_> = c.engine.global.external_labels.values().cloned().collect();
        (values, c.warnings.len())
    };
    assert_eq!(
        labels(&[("TEST", "v")]),
        (
            ["v", "foovbar", "foo${TEST}", "foo$bar", "1"]
                .map(String::from)
                .to_vec(),
            0
        )
    );
    assert_eq!(
        labels(&[]),
        (
            ["", "foobar", "foo${TEST}", "foo$bar", "1"]
                .map(String::from)
                .to_vec(),
            2
        )
    );
}

#[test]
fn case_010_patterns_of_included_files() {
    refuses(
        "scrape_config_files: [a/*/*]",
        "only the last segment may hold `*`",
    );
    let c = ok("scrape_config_files: [/no/such/file.yml, /no/such/*.yml]");
    assert_eq!(c.included.len(), 0);
}

#[test]
fn case_011_relabel_rules() {
    for bad in [
        "null",
        "{action: hashmod, target_label: a, modulus: 0}",
        "{action: labeldrop, regex: a, separator: ','}",
        "{action: dropequal, source_labels: [a], target_label: b, replacement: x}",
        "{action: replace, source_labels: [a]}",
        "{action: keep, source_labels: [a], regex: '('}",
        "{action: frobnicate}",
    ] {
        errors(&job(&format!("relabel_configs: [{bad}]")));
        errors(&job(&format!("metric_relabel_configs: [{bad}]")));
    }
    ok(&job(
        "relabel_configs: [{action: Keep, source_labels: [a], regex: 123}]",
    ));
}

#[test]
fn case_012_a_static_target_is_no_url() {
    let target = "static_configs: [{targets: ['http://bad']}]";
    refuses(&job(target), "\"http://bad\" is not a valid hostname");
    ok(&job(&format!(
        "{target}\nrelabel_configs: [{{target_label: __address__, replacement: x}}]"
    )));
    refuses(
        &job("static_configs: [null]"),
        "empty or null section in static_configs",
    );
}

#[test]
fn case_013_http_settings_that_exclude_each_other() {
    for bad in [
        "bearer_token: a\nbearer_token_file: b",
        "basic_auth: {username: a}\nbearer_token: b",
        "authorization: {type: Basic}",
        "tls_config: {cert_file: a}",
        "no_proxy: a",
    ] {
        errors(&job(bad));
    }
}

#[test]
fn case_014_limits_are_inherited() {
    let limit = |lines: &str| {
        let c = ok(&("global: {sample_limit: 100}\n".to_owned() + &job(lines)));
        c.engine.scrape_configs[0].limits.samples
    };
    assert_eq!(limit(""), 100);
    assert_eq!(limit("sample_limit: 0"), 100);
    assert_eq!(limit("sample_limit: 50"), 50);
    refuses(&job("sample_limit: -1"), "must not be negative");

    let switch = |lines: &str| {
        let c = ok(&("global: {extra_scrape_metrics: true}\n".to_owned() + &job(lines)));
        c.engine.scrape_configs[0].extra_scrape_metrics
    };
    assert!(switch(""));
    assert!(switch("extra_scrape_metrics:"));
    assert!(!switch("extra_scrape_metrics: false"));
}

#[test]
fn case_015_native_histograms_want_protobuf() {
    let first = |text: &str| ok(text).engine.scrape_configs[0].scrape_protocols[0];
    assert_eq!(first(&job("")), ScrapeProtocol::OpenMetricsText1_0_0);
    let native = job("scrape_native_histograms: true");
    assert_eq!(first(&native), ScrapeProtocol::PrometheusProto);
    let global = "global: {scrape_protocols: [PrometheusText0.0.4]}\n".to_owned();
    assert_eq!(
        first(&(global + &native)),
        ScrapeProtocol::PrometheusText0_0_4
    );
    let global = "global: {scrape_native_histograms: true}\n".to_owned();
    assert_eq!(
        first(&(global.clone() + &job(""))),
        ScrapeProtocol::PrometheusProto
    );
    assert_eq!(
        first(&(global + &job("scrape_native_histograms: false"))),
        ScrapeProtocol::OpenMetricsText1_0_0
    );
}

#[test]
fn case_016_secrets_are_blanked_when_shown() {
    let text = job(concat!(
        "basic_auth: {username: u, password: hunter2}\n",
        "proxy_url: http://proxy:hunter2@p:8080/\n",
        "http_headers: {X-Key: {values: [shown], secrets: [hunter2]}}\n",
    ));
    let c = ok(&text);
    let yaml = c.to_yaml().expect("yaml");
    assert!(!yaml.contains("hunter2"), "{yaml}");
    assert!(yaml.contains("password: <secret>"), "{yaml}");
    assert!(yaml.contains("http://proxy:xxxxx@p:8080/"), "{yaml}");
    assert!(yaml.contains("shown"), "{yaml}");
    let c = ok(&job("bearer_token: hunter2"));
    let yaml = scrape_config::job_to_yaml(&c.engine.scrape_configs[0]).expect("yaml");
    assert!(
        yaml.contains("credentials: <secret>") && !yaml.contains("hunter2"),
        "{yaml}"
    );
}
