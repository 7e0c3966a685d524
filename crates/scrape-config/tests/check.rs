//! `check config` as a library: findings, exit codes, text.

use std::path::{Path, PathBuf};
use std::time::Duration;

use scrape_config::{CheckOptions, CheckReport, LoadOptions, Severity, check_config};

struct Dir(tempfile::TempDir);

impl Dir {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("temporary directory");
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).expect("written");
        }
        Self(dir)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn check(&self, options: &CheckOptions) -> CheckReport {
        check_config(&[self.path("p.yml")], options)
    }

    fn messages(&self, options: &CheckOptions) -> Vec<String> {
        let dir = format!("{}/", self.0.path().display());
        let report = self.check(options);
        let findings = report.files[0].findings.iter();
        findings.map(|d| d.message.replace(&dir, "")).collect()
    }
}

fn syntax_only() -> CheckOptions {
    CheckOptions {
        syntax_only: true,
        ..CheckOptions::default()
    }
}

#[test]
fn a_valid_file_succeeds_and_a_bad_one_fails_the_whole_run() {
    let dir = Dir::new(&[
        (
            "p.yml",
            "scrape_config_files: [i*.yml]\nscrape_configs: [{job_name: a}]",
        ),
        ("i1.yml", "scrape_configs: [{job_name: b}]"),
        ("bad.yml", "scrape_configs: [{job_nam: a}]"),
    ]);
    let options = CheckOptions::default();
    let report = dir.check(&options);
    assert_eq!(report.exit_code(), CheckReport::SUCCESS);
    assert_eq!(report.files[0].jobs, 2);
    let path = dir.path("p.yml").display().to_string();
    assert_eq!(
        report.to_string(),
        format!(
            "Checking {path}\n  SUCCESS: 1 scrape config files found\n  SUCCESS: {path} is valid prometheus config file syntax\n"
        )
    );
    let report = check_config(&[dir.path("p.yml"), dir.path("bad.yml")], &options);
    assert_eq!(report.exit_code(), CheckReport::FAILURE);
    assert!(report.files[0].valid && !report.files[1].valid);
    let text = report.to_string();
    assert!(
        text.contains("did you mean `job_name`?") && text.contains("FAILED: "),
        "{text}"
    );
    let json = serde_json::to_value(&report).expect("json");
    assert_eq!(json["files"][1]["findings"][0]["severity"], "error");
    assert_eq!(json["files"][1]["findings"][0]["location"]["line"], 1);
}

#[test]
fn files_that_are_referred_to_must_be_usable() {
    let dir = Dir::new(&[
        (
            "p.yml",
            "scrape_configs:\n- job_name: a\n  bearer_token_file: gone\n  tls_config: {ca_file: ca.pem}\n  file_sd_configs:\n  - files: [good.yml, 'bad*.json', none.yml]\n",
        ),
        ("ca.pem", "no certificate\n"),
        ("good.yml", "- targets: ['a:1']\n- targets: ['http://b/']\n"),
        ("bad1.json", "[{\"targets\": [1]}]"),
    ]);
    assert_eq!(dir.messages(&syntax_only()), Vec::<String>::new());
    let report = dir.check(&CheckOptions::default());
    assert_eq!(report.exit_code(), CheckReport::FAILURE);
    let text = report.to_string();
    for (line, key) in [
        (3, "scrape_configs[0].bearer_token_file"),
        (4, "scrape_configs[0].tls_config.ca_file"),
    ] {
        let mut findings = report.files[0].findings.iter();
        let found = findings.any(|d| d.key_path == key && d.location.line == line);
        assert!(found, "{key}\n{text}");
    }
    assert!(text.contains("no file matches"), "{text}");
    assert!(
        text.contains("target \"http://b/\" cannot be scraped"),
        "{text}"
    );
    let bad = report.files[0]
        .findings
        .iter()
        .find(|d| d.location.file.ends_with("bad1.json"));
    assert_eq!(
        bad.map(|d| (d.severity, d.location.line)),
        Some((Severity::Error, 1)),
        "{text}"
    );
}

#[test]
fn targets_that_cannot_be_scraped_are_errors() {
    let text = "scrape_configs:\n- job_name: a\n  static_configs: [{targets: ['a:1'], labels: {__scrape_timeout__: 2m}}]\n- job_name: b\n  relabel_configs: [{action: labeldrop, regex: __address__}]\n  static_configs: [{targets: ['a:1']}]\n";
    let dir = Dir::new(&[("p.yml", text)]);
    let messages = dir.messages(&CheckOptions::default());
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(messages[0].contains("scrape timeout 2m is greater than scrape interval 1m"));
    assert!(messages[1].contains("no address"));
    assert!(dir.messages(&syntax_only()).is_empty());
}

#[test]
fn rules_of_thumb_count_when_they_are_to() {
    let text = "scrape_configs:\n- {job_name: a, scrape_interval: 5m, static_configs: [{targets: ['x:1', 'x:1']}]}\n- {job_name: b, static_configs: [{targets: ['x:1']}]}\n";
    let dir = Dir::new(&[("p.yml", text)]);
    let mut options = CheckOptions::default();
    let report = dir.check(&options);
    assert_eq!(report.files[0].count(Severity::Lint), 3, "{report}");
    assert_eq!(report.exit_code(), CheckReport::SUCCESS);
    options.lint_fatal = true;
    assert_eq!(dir.check(&options).exit_code(), CheckReport::LINT);
    options.lints = "too-long-scrape-interval".parse().expect("known");
    assert_eq!(dir.check(&options).files[0].count(Severity::Lint), 1);
    options.lookback_delta = Duration::from_secs(600);
    assert_eq!(dir.check(&options).exit_code(), CheckReport::SUCCESS);
    options.lints = "none".parse().expect("known");
    assert_eq!(dir.check(&options).files[0].count(Severity::Lint), 0);
    assert!("sometimes".parse::<scrape_config::Lints>().is_err());
}

#[test]
fn an_agent_refuses_what_only_a_server_does() {
    let dir = Dir::new(&[("p.yml", "rule_files: [a.yml]\n")]);
    assert_eq!(
        dir.check(&CheckOptions::default()).exit_code(),
        CheckReport::SUCCESS
    );
    let agent = CheckOptions {
        load: LoadOptions {
            agent: true,
            ..LoadOptions::default()
        },
        ..CheckOptions::default()
    };
    assert_eq!(dir.check(&agent).exit_code(), CheckReport::FAILURE);
    let gone = check_config(&[Path::new("/no/such/file.yml").to_path_buf()], &agent);
    assert_eq!(gone.exit_code(), CheckReport::FAILURE);
}
