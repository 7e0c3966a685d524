//! `check config` and `check metrics`: exit codes and texts.

use crate::process::{PROGRAM, run, said};
use scrape_parse::Format;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const GOOD: &str = "global: {scrape_interval: 15s}\nscrape_configs:\n- job_name: a\n  static_configs: [{targets: ['h:1']}]\n";
const BROKEN: &str = "scrape_configs:\n- job_name: a\n  scrape_intervall: 5s\n";
/// Twice the same target.
const LINTED: &str =
    "scrape_configs:\n- job_name: a\n  static_configs: [{targets: ['h:1']}, {targets: ['h:1']}]\n";

fn config(dir: &Path, args: &[&str]) -> (Option<i32>, String) {
    let out = run(dir, &[&["check", "config"], args].concat());
    (out.status.code(), said(&out))
}

fn metrics(args: &[&str], body: &[u8]) -> Output {
    let mut child = Command::new(PROGRAM)
        .args(["check", "metrics"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // When a file is named, nobody reads this.
    drop(stdin.write_all(body));
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

#[test]
fn check_config_finds_inline_tls_material_that_no_client_could_use() {
    let dir = tempfile::tempdir().expect("a directory");
    let key = "-----BEGIN PRIVATE KEY-----\\nhunter2hunter2\\n";
    let text = format!(
        "scrape_configs:\n- job_name: shop\n  tls_config:\n    ca: no certificate\n- job_name: bank\n  \
         tls_config:\n    cert: nor this\n    key: \"{key}\"\n"
    );
    std::fs::write(dir.path().join("p.yml"), text).expect("written");
    let (code, said) = config(dir.path(), &["p.yml"]);
    assert_eq!(code, Some(1), "{said}");
    for part in [
        "p.yml:4:",
        "scrape config \"shop\": tls_config.ca: the text holds no certificate in PEM form",
        "p.yml:7:",
        "scrape config \"bank\": tls_config.cert: the text holds no certificate in PEM form",
        "scrape config \"bank\": tls_config.key: the text is not valid PEM: it has a BEGIN line without its END line",
        "3 errors",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
    let (code, said) = config(dir.path(), &["--syntax-only", "p.yml"]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn check_config_tells_good_from_broken_from_linted() {
    let dir = tempfile::tempdir().expect("a directory");
    for (name, text) in [
        ("good.yml", GOOD),
        ("broken.yml", BROKEN),
        ("linted.yml", LINTED),
    ] {
        std::fs::write(dir.path().join(name), text).expect("written");
    }
    let (code, text) = config(dir.path(), &["good.yml"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("SUCCESS") && text.contains("good.yml"),
        "{text}"
    );

    let (code, text) = config(dir.path(), &["broken.yml"]);
    assert_eq!(code, Some(1), "{text}");
    for part in [
        "broken.yml:3:3",
        "did you mean `scrape_interval`?",
        "^^^",
        "FAILED",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }

    let (code, text) = config(dir.path(), &["linted.yml"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(
        text.contains("linted.yml:2:13") && text.contains("lists target"),
        "{text}"
    );
    for flag in ["--lint-fatal=false", "--lint=none"] {
        assert_eq!(
            config(dir.path(), &[flag, "linted.yml"]).0,
            Some(0),
            "{flag}"
        );
    }

    // An error outweighs findings; every file is looked at; a file that is not there is an error.
    let (code, text) = config(
        dir.path(),
        &["linted.yml", "broken.yml", "good.yml", "none.yml"],
    );
    assert_eq!(code, Some(1), "{text}");
    for part in [
        "linted.yml",
        "broken.yml:3:3",
        "good.yml",
        "none.yml",
        "No such file",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }

    let (code, text) = config(dir.path(), &["--output=json", "broken.yml"]);
    assert_eq!(code, Some(1), "{text}");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON and nothing else");
    let report = report.to_string();
    assert!(
        report.contains("\"line\":3") && report.contains("\"column\":3"),
        "{report}"
    );

    assert_eq!(config(dir.path(), &[]).0, Some(2), "a file is needed");
    assert_eq!(
        config(dir.path(), &["--lint=nonsense", "good.yml"]).0,
        Some(1)
    );
}

#[test]
fn check_config_looks_at_the_files_that_are_referred_to() {
    let dir = tempfile::tempdir().expect("a directory");
    let text = "scrape_configs:\n- job_name: a\n  basic_auth: {username: u, password_file: none.txt}\n  static_configs: [{targets: ['h:1']}]\n";
    std::fs::write(dir.path().join("p.yml"), text).expect("written");
    let (code, text) = config(dir.path(), &["p.yml"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("none.txt"), "{text}");
    assert_eq!(config(dir.path(), &["--syntax-only", "p.yml"]).0, Some(0));
}

const TEXT: &[u8] = b"# HELP a_total Things.\n# TYPE a_total counter\na_total{x=\"1\"} 1\n";
const OPENMETRICS: &[u8] = b"# TYPE a counter\n# HELP a Things.\na_total{x=\"1\"} 1\n# EOF\n";
/// One family `a_total` of type counter, help `Things.`, one metric of value 1.
const PROTOBUF: &[u8] = b"\x21\x0a\x07a_total\x12\x07Things.\x18\x00\x22\x0b\x1a\x09\x09\x00\x00\x00\x00\x00\x00\xf0\x3f";

#[test]
fn check_metrics_reads_every_format_from_input_and_file() {
    let dir = tempfile::tempdir().expect("a directory");
    for (name, body) in [
        ("text", TEXT),
        ("openmetrics", OPENMETRICS),
        ("protobuf", PROTOBUF),
    ] {
        let file = dir.path().join(name);
        std::fs::write(&file, body).expect("written");
        let file = file.to_str().expect("text");
        for format in ["auto", name] {
            let flag = format!("--format={format}");
            for args in [&[&flag[..]][..], &[&flag, "-"], &[&flag, file]] {
                let out = metrics(args, body);
                assert_eq!(
                    out.status.code(),
                    Some(0),
                    "{name} {args:?}: {}",
                    said(&out)
                );
            }
        }
    }
    let out = metrics(&["--format=openmetrics"], TEXT);
    assert_eq!(out.status.code(), Some(1), "no end marker: {}", said(&out));
    let out = metrics(&["--format=protobuf"], TEXT);
    assert_eq!(out.status.code(), Some(1), "{}", said(&out));
}

#[test]
fn check_metrics_shows_the_place_of_an_error() {
    for (format, body, place) in [
        ("auto", &b"a_total 1\nb{x=\"1 2\n"[..], "line 2, column 5"),
        ("text", b"a_total 1\nb{x=\"1\"} zwei\n", "line 2, column 10"),
        (
            "openmetrics",
            b"# TYPE a counter\na_total one\n# EOF\n",
            "line 2, column 9",
        ),
    ] {
        let out = metrics(&[&format!("--format={format}")], body);
        let text = said(&out);
        assert_eq!(out.status.code(), Some(1), "{text}");
        assert!(
            text.contains(place) && text.contains('^'),
            "{place}: {text}"
        );
    }
    // Only the specification forbids that families interleave.
    let body = b"# TYPE a counter\na_total 1\nb 1\na_total{x=\"1\"} 2\n# EOF\n";
    let out = metrics(&[], body);
    assert_eq!(out.status.code(), Some(3), "findings only: {}", said(&out));
    let out = metrics(&["--strict"], body);
    assert_eq!(out.status.code(), Some(1), "{}", said(&out));
    assert!(said(&out).contains("line 4"), "{}", said(&out));
}

#[test]
fn check_metrics_says_which_file_it_cannot_read() {
    let dir = tempfile::tempdir().expect("a directory");
    let out = run(dir.path(), &["check", "metrics", "none.txt"]);
    assert_eq!(out.status.code(), Some(1));
    assert!(said(&out).contains("none.txt"), "{}", said(&out));
}

#[test]
fn om2_67_the_draft_is_checked_where_it_is_built_in() {
    let body = b"# TYPE h histogram\n# HELP h Sizes.\nh {count:1,sum:1,bucket:[+Inf:1]}\n# EOF\n";
    let out = metrics(&["--format=openmetrics2", "--extended", "--strict"], body);
    let dir = tempfile::tempdir().expect("a directory");
    let text = GOOD.replace(
        "- job_name: a\n",
        "- job_name: a\n  scrape_protocols: [OpenMetricsText2.0.0]\n",
    );
    std::fs::write(dir.path().join("p.yml"), text).expect("written");
    let (without, said_without) = config(dir.path(), &["p.yml"]);
    let (with, said_with) = config(dir.path(), &["--enable-feature=openmetrics2", "p.yml"]);
    assert_eq!(without, Some(1));
    if Format::OpenMetrics2.is_built_in() {
        assert!(
            said_without.contains("--enable-feature=openmetrics2"),
            "{said_without}"
        );
        assert_eq!(with, Some(0), "{said_with}");
    } else {
        assert!(said_without.contains("cargo feature om2"), "{said_without}");
        assert!(
            with != Some(0) && said_with.contains("--features om2"),
            "{said_with}"
        );
    }
    if cfg!(feature = "om2") {
        assert_eq!(out.status.code(), Some(0), "{}", said(&out));
        assert!(said(&out).contains("total"), "{}", said(&out));
        let broken = metrics(
            &["--format=openmetrics2"],
            b"# TYPE h histogram\nh 1\n# EOF\n",
        );
        assert_eq!(broken.status.code(), Some(1));
        assert!(
            said(&broken).contains("line 2, column 3"),
            "{}",
            said(&broken)
        );
    } else {
        assert_eq!(out.status.code(), Some(2), "{}", said(&out));
    }
}
