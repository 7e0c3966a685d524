//! A configuration that is shown can be read again.

use std::path::Path;

use scrape_config::{LoadOptions, load_str};

const EVERYTHING: &str = r#"
global:
  scrape_interval: 15s
  scrape_protocols: [PrometheusText0.0.4, PrometheusProto]
  external_labels: {region: "a$$b", empty: "", "yes": "no", "0x1": "1.50", "multi": "a\nb: c\n"}
  body_size_limit: 10MB
  sample_limit: 1000
  scrape_native_histograms: on
  extra_scrape_metrics: true
  scrape_failure_log_file: fail.log
scrape_config_files: [/no/such/*.yml]
scrape_configs:
- job_name: "a: b # c"
  honor_labels: true
  honor_timestamps: no
  track_timestamps_staleness: true
  params: {"match[]": ['{__name__=~"a"}', ""], empty: []}
  scrape_interval: 1500ms
  scrape_timeout: 1s
  metrics_path: /x y
  scheme: https
  enable_compression: false
  native_histogram_bucket_limit: 160
  native_histogram_min_bucket_factor: 1.1
  scrape_native_histograms: false
  fallback_scrape_protocol: PrometheusText1.0.0
  metric_name_validation_scheme: legacy
  label_limit: 0
  follow_redirects: false
  basic_auth: {username: u, password_file: pw}
  tls_config: {ca_file: /etc/ca.pem, server_name: host, insecure_skip_verify: true, min_version: TLS12}
  proxy_url: http://p:1
  no_proxy: localhost
  http_headers: {X-A: {values: [b, ""]}}
  relabel_configs:
  - {source_labels: [a, b], separator: "", regex: "", target_label: c, replacement: ""}
  - {action: keep, source_labels: [a], regex: "(?i)x|y\\d"}
  - {target_label: __address__, replacement: "'\"{}[]&*#?|-<>=!%@\\"}
  metric_relabel_configs:
  - {action: labeldrop, regex: "tmp.*"}
  static_configs:
  - {targets: [1.2.3.4:80, "[::1]:90", "5"], labels: {x: "true", y: null}}
  - {}
  file_sd_configs:
  - {files: [a/*.json, /b.yml], refresh_interval: 1m}
- job_name: plain
"#;

#[test]
fn what_is_shown_reads_back_equal() {
    let options = LoadOptions::default();
    let path = Path::new("/etc/prometheus/prometheus.yml");
    let load =
        |text: &str| load_str(text, path, &options).unwrap_or_else(|e| panic!("{text}\n{e}"));
    let first = load(EVERYTHING);
    let shown = first.to_yaml().expect("yaml");
    let second = load(&shown);
    assert_eq!(first.engine, second.engine, "{shown}");
    assert_eq!(first.scrape_config_files, second.scrape_config_files);
    assert_eq!(shown, second.to_yaml().expect("yaml"));
    assert!(
        shown.contains("separator: ''") || shown.contains("separator: \"\""),
        "{shown}"
    );
}

#[test]
fn defaults_are_written_out() {
    let c = load_str(
        "scrape_configs: [{job_name: a}]",
        Path::new("x.yml"),
        &LoadOptions::default(),
    );
    let shown = c.expect("valid").to_yaml().expect("yaml");
    assert_eq!(
        shown,
        "global:
  scrape_interval: 1m
  scrape_timeout: 10s
  evaluation_interval: 1m
  metric_name_validation_scheme: utf8
  metric_name_escaping_scheme: allow-utf-8
  scrape_native_histograms: false
  convert_classic_histograms_to_nhcb: false
  always_scrape_classic_histograms: false
  extra_scrape_metrics: false
scrape_configs:
- job_name: a
  honor_timestamps: true
  track_timestamps_staleness: false
  scrape_interval: 1m
  scrape_timeout: 10s
  scrape_protocols:
  - OpenMetricsText1.0.0
  - OpenMetricsText0.0.1
  - PrometheusText1.0.0
  - PrometheusText0.0.4
  scrape_native_histograms: false
  always_scrape_classic_histograms: false
  convert_classic_histograms_to_nhcb: false
  metrics_path: /metrics
  scheme: http
  enable_compression: true
  metric_name_validation_scheme: utf8
  metric_name_escaping_scheme: allow-utf-8
  extra_scrape_metrics: false
  follow_redirects: true
  enable_http2: true
"
    );
}
