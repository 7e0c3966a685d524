//! One test per rule, and the OpenMetrics corpus.

use super::{StrictOptions, Summary, validate};
use crate::{ErrorClass, Format, ParseError};
use std::path::PathBuf;

fn om(body: &str) -> Result<Summary, ParseError> {
    validate(
        format!("{body}# EOF\n").as_bytes(),
        Format::OpenMetrics,
        StrictOptions::default(),
    )
}

fn text(body: &str) -> Result<Summary, ParseError> {
    validate(body.as_bytes(), Format::Text, StrictOptions::default())
}

/// Asserts that OpenMetrics refuses `body` for `rule` at the line that contains `at`.
#[track_caller]
fn refused(rule: u8, at: &str, body: &str) {
    check(om(body), rule, at);
}

#[track_caller]
fn text_refused(rule: u8, at: &str, body: &str) {
    check(text(body), rule, at);
}

#[track_caller]
fn check(result: Result<Summary, ParseError>, rule: u8, at: &str) {
    let error = result.expect_err("refused");
    assert_eq!(error.class, ErrorClass::Strict(rule), "{error}");
    let line = String::from_utf8_lossy(&error.snippet).into_owned();
    assert!(line.contains(at), "{error}");
}

#[track_caller]
fn class(class: ErrorClass, body: &str) {
    assert_eq!(om(body).expect_err("refused").class, class);
}

#[track_caller]
fn fine(body: &str) {
    if let Err(error) = om(body) {
        panic!("{error}");
    }
}

#[track_caller]
fn text_fine(body: &str) {
    if let Err(error) = text(body) {
        panic!("{error}");
    }
}

/// Where the public corpora are, if they are here.
fn corpora() -> Option<PathBuf> {
    let root = match std::env::var_os("SCRAPE_CORPORA") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora"),
    };
    Some(root.join("openmetrics")).filter(|path| path.is_dir())
}

#[test]
fn s01_openmetrics_corpus() {
    let Some(root) = corpora() else {
        eprintln!(
            "skipped: no corpora; set SCRAPE_CORPORA to a directory that holds `openmetrics/`"
        );
        return;
    };
    let (mut valid, mut invalid, mut lenient) = (0, 0, 0);
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(root).expect("readable corpus") {
        let case = entry.expect("readable corpus").path();
        let Ok(expectation) = std::fs::read_to_string(case.join("test.json")) else {
            continue;
        };
        let body = std::fs::read(case.join("metrics")).expect("a case has metrics");
        let compact: String = expectation.split_whitespace().collect();
        let should_parse = compact.contains("\"shouldParse\":true");
        assert!(
            should_parse || compact.contains("\"shouldParse\":false"),
            "{}",
            case.display()
        );
        let result = validate(&body, Format::OpenMetrics, StrictOptions::default());
        if result.is_ok() != should_parse {
            wrong.push(format!("{}: {result:?}", case.display()));
        }
        match &result {
            Ok(_) => valid += 1,
            Err(error) => {
                invalid += 1;
                lenient += usize::from(matches!(error.class, ErrorClass::Strict(_)));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!((valid, invalid), (44, 167));
    assert_eq!(lenient, 80, "cases that only the validator refuses");
}

#[test]
fn s01_end_marker_and_line_ends() {
    let strict = |body: &str, format| validate(body.as_bytes(), format, StrictOptions::default());
    let class = |body, format| strict(body, format).expect_err("refused").class;
    assert_eq!(class("a 1\n", Format::OpenMetrics), ErrorClass::NoEof);
    assert_eq!(
        class("a 1\n# EOF\n\n", Format::OpenMetrics),
        ErrorClass::AfterEof
    );
    assert_eq!(
        class("a 1\n\n# EOF\n", Format::OpenMetrics),
        ErrorClass::Start
    );
    assert_eq!(
        class("a 1\r\n# EOF\n", Format::OpenMetrics),
        ErrorClass::Float
    );
    assert_eq!(class("a 1", Format::Text), ErrorClass::Strict(1));
    text_fine("");
    text_fine("\n# any comment\n\na 1\n");
}

#[test]
fn s02_single_blanks() {
    class(ErrorClass::Value, "a  1\n");
    class(ErrorClass::Trail, "a 1 \n");
    text_fine("  a \t 1  \n");
    text_refused(2, "foo-counter", "# TYPE foo-counter\n");
}

#[test]
fn s03_utf8_everywhere() {
    let body = b"# TYPE \"\xff\" gauge\n# EOF\n";
    let options = StrictOptions { utf8_names: true };
    let error = validate(body, Format::OpenMetrics, options).expect_err("refused");
    assert_eq!((error.class, error.offset), (ErrorClass::Strict(3), 8));
    let error = validate(b"# \xff\n", Format::Text, options).expect_err("refused");
    assert_eq!((error.class, error.offset), (ErrorClass::Strict(3), 2));
}

#[test]
fn s04_no_trailing_comma() {
    refused(4, "a{b=", "a{b=\"c\",} 1\n");
    refused(4, "t=", "# TYPE a counter\na_total 1 # {t=\"x\",} 1\n");
    fine("a{b=\"c,}\"} 1\n");
    text_fine("a{b=\"c\",} 1\n");
    text_refused(4, "a{b=", "a{b=\"c\" d=\"e\"} 1\n");
}

#[test]
fn s05_no_quoted_names() {
    refused(5, "a.b", "{\"a.b\"} 1\n");
    refused(5, "a{", "a{\"b.c\"=\"d\"} 1\n");
    refused(5, "TYPE", "# TYPE \"a\" gauge\n");
    refused(
        5,
        "t.u",
        "# TYPE a counter\na_total 1 # {\"t.u\"=\"x\"} 1\n",
    );
    let body = b"# TYPE \"a.b\" gauge\n{\"a.b\",\"c.d\"=\"e\"} 1\n# EOF\n";
    let summary = validate(
        body,
        Format::OpenMetrics,
        StrictOptions { utf8_names: true },
    )
    .expect("relaxed");
    assert_eq!((summary.families, summary.samples), (1, 1));
    text_fine("# TYPE \"a.b\" gauge\n{\"a.b\",\"c.d\"=\"e\"} 1\n");
}

#[test]
fn s06_label_names_are_unique() {
    refused(6, "a{b=", "a{b=\"1\",b=\"1\"} 1\n");
    refused(
        6,
        "t=",
        "# TYPE a counter\na_total 1 # {t=\"x\",t=\"y\"} 1\n",
    );
    text_refused(6, "a{b=", "a{b=\"1\",b=\"2\"} 1\n");
}

#[test]
fn s07_metadata_once() {
    refused(7, "gauge", "# TYPE a counter\n# TYPE a gauge\n");
    refused(7, "HELP", "# HELP a x\n# HELP a x\n");
    refused(7, "UNIT", "# UNIT a_s s\n# UNIT a_s s\n");
    text_refused(7, "HELP a y", "# HELP a x\n# HELP a y\n");
}

#[test]
fn s08_metadata_first() {
    refused(8, "TYPE", "# HELP a x\na 1\n# TYPE a gauge\n");
    refused(8, "UNIT", "# TYPE a_s gauge\na_s 1\n# UNIT a_s s\n");
    text_refused(8, "TYPE", "a 1\n# TYPE a gauge\n");
}

#[test]
fn s09_family_names_do_not_clash() {
    refused(
        9,
        "TYPE a gauge",
        "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\n",
    );
    refused(9, "a counter", "# TYPE a_created gauge\n# TYPE a counter\n");
    refused(
        9,
        "a_total",
        "# TYPE a counter\na_total 1\n# TYPE a_total gauge\n",
    );
    text_refused(9, "TYPE a", "a 1\nb 1\n# TYPE a gauge\n");
}

#[test]
fn s10_nothing_is_interleaved() {
    refused(10, "a{x=\"2\"}", "a{x=\"1\"} 1\nb 1\na{x=\"2\"} 1\n");
    let body =
        "# TYPE a gaugehistogram\na_gsum{x=\"1\"} 0\na_gsum{x=\"2\"} 0\na_gcount{x=\"1\"} 0\n";
    refused(18, "x=\"1\"", body);
    refused(
        10,
        "x=\"1\"} 2 3",
        "# TYPE a gauge\na{x=\"1\"} 1 1\na{x=\"2\"} 1 1\na{x=\"1\"} 2 3\n",
    );
    text_refused(10, "a{x=\"2\"}", "a{x=\"1\"} 1\nb 1\na{x=\"2\"} 1\n");
    text_fine("# TYPE h summary\nh_sum{x=\"1\"} 1\nh_sum{x=\"2\"} 1\nh_count{x=\"1\"} 1\n");
}

#[test]
fn s11_suffixes_fit_the_type() {
    refused(11, "a 1", "# TYPE a counter\na 1\n");
    refused(11, "a 2", "# TYPE a info\na 2\n");
    refused(11, "h 1", "# TYPE h histogram\nh 1\n");
    // Another name is another, undeclared family.
    fine("# TYPE a counter\na_total 1\na_other 1\n");
    text_fine("# TYPE a counter\na 1\n");
}

#[test]
fn s12_timestamps_of_a_metric() {
    refused(12, "a 2", "# TYPE a gauge\na 1 1\na 2\n");
    refused(12, "a 2 0.9999", "# TYPE a gauge\na 1 1\na 2 0.9999\n");
    fine("# TYPE a gauge\na 1 1\na 2 1\na 3 1.0001\n");
    fine("# TYPE a info\na_info{x=\"1\"} 1 1\na_info{x=\"2\"} 1 0\n");
}

#[test]
fn s13_unit_is_a_suffix() {
    class(ErrorClass::Unit, "# UNIT a s\n");
    fine("# TYPE a_s gauge\n# UNIT a_s s\na_s 1\n");
}

#[test]
fn s14_types_are_known() {
    class(ErrorClass::Type, "# TYPE a untyped\n");
}

#[test]
fn s15_state_sets() {
    refused(15, "a 0", "# TYPE a stateset\na 0\n");
    refused(15, "a{a=", "# TYPE a stateset\na{a=\"x\"} 2\n");
    fine("# TYPE a stateset\na{a=\"x\"} 1\na{a=\"y\"} 0\n");
}

#[test]
fn s16_infos() {
    refused(16, "a_info", "# TYPE a info\na_info{x=\"y\"} 2\n");
    refused(16, "TYPE x_u info", "# TYPE x_u info\n# UNIT x_u u\n");
    refused(
        16,
        "TYPE x_u stateset",
        "# TYPE x_u stateset\n# UNIT x_u u\n",
    );
}

#[test]
fn s17_counts_are_neither_nan_nor_negative() {
    refused(17, "a_total", "# TYPE a counter\na_total NaN\n");
    refused(17, "a_total", "# TYPE a counter\na_total -1\n");
    refused(17, "a_sum", "# TYPE a summary\na_sum -1\n");
    refused(
        17,
        "a_gsum",
        "# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 1\na_gsum NaN\n",
    );
    refused(
        17,
        "a_gsum",
        "# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 1\na_gcount 1\na_gsum -1\n",
    );
    fine(
        "# TYPE a gaugehistogram\na_bucket{le=\"-1\"} 1\na_bucket{le=\"+Inf\"} 1\na_gcount 1\na_gsum -1\n",
    );
}

#[test]
fn s18_buckets_have_bounds_up_to_inf() {
    refused(18, "a_bucket 0", "# TYPE a histogram\na_bucket 0\n");
    refused(18, "NaN", "# TYPE a histogram\na_bucket{le=\"NaN\"} 0\n");
    refused(18, "+INF", "# TYPE a histogram\na_bucket{le=\"+INF\"} 0\n");
    refused(18, "le=\"1\"", "# TYPE a histogram\na_bucket{le=\"1\"} 0\n");
    refused(18, "a_sum", "# TYPE a histogram\na_sum 1\n");
    text_refused(18, "le=\"1\"", "# TYPE a histogram\na_bucket{le=\"1\"} 0\n");
}

#[test]
fn s19_buckets_ascend() {
    let histogram = |lines: &str| format!("# TYPE a histogram\n{lines}");
    refused(
        19,
        "le=\"1\"",
        &histogram("a_bucket{le=\"2\"} 0\na_bucket{le=\"1\"} 0\na_bucket{le=\"+Inf\"} 0\n"),
    );
    refused(
        19,
        "+Inf",
        &histogram("a_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 0\n"),
    );
    refused(
        19,
        "a_count",
        &histogram("a_bucket{le=\"+Inf\"} 0\na_count 1\n"),
    );
    text_refused(
        19,
        "a_count",
        &histogram("a_bucket{le=\"+Inf\"} 0\na_count 1\n"),
    );
    text_fine(&histogram("a_bucket{le=\"+Inf\"} 1\na_sum 2\na_count 1\n"));
}

#[test]
fn s20_count_and_sum_come_together() {
    refused(
        20,
        "a_sum",
        "# TYPE a histogram\na_bucket{le=\"+Inf\"} 0\na_sum 0\n",
    );
    refused(
        20,
        "a_count",
        "# TYPE a histogram\na_bucket{le=\"+Inf\"} 0\na_count 0\n",
    );
    refused(
        20,
        "a_gcount",
        "# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 0\na_gcount 0\n",
    );
    fine("# TYPE a histogram\na_bucket{le=\"+Inf\"} 0\n");
}

#[test]
fn s21_negative_buckets_forbid_a_sum() {
    let body =
        "# TYPE a histogram\na_bucket{le=\"-1\"} 0\na_bucket{le=\"+Inf\"} 0\na_sum 0\na_count 0\n";
    refused(21, "a_count", body);
}

#[test]
fn s22_counts_are_whole() {
    refused(
        22,
        "a_bucket",
        "# TYPE a histogram\na_bucket{le=\"+Inf\"} 0.5\n",
    );
    refused(22, "a_count", "# TYPE a summary\na_count 1.5\n");
    fine("# TYPE a summary\na_count 1.0\na_sum 1.5\n");
}

#[test]
fn s23_quantiles() {
    for quantile in ["-1", "foo", "1.01", "NaN"] {
        refused(
            23,
            quantile,
            &format!("# TYPE a summary\na{{quantile=\"{quantile}\"}} 0\n"),
        );
    }
    refused(23, "a 0", "# TYPE a summary\na 0\n");
    refused(23, "0.5", "# TYPE a summary\na{quantile=\"0.5\"} -1\n");
    fine("# TYPE a summary\na{quantile=\"0.5\"} NaN\n");
    text_refused(
        23,
        "0.5",
        "# TYPE a summary\na{quantile=\"0.9\"} 1\na{quantile=\"0.5\"} 1\n",
    );
    text_fine(
        "# TYPE a summary\na{quantile=\"0.5\"} 1\na{quantile=\"0.9\"} 1\na{b=\"c\",quantile=\"0.5\"} 1\n",
    );
}

#[test]
fn s24_exemplars_only_on_totals_and_buckets() {
    refused(24, "a 1", "# TYPE a gauge\na 1 # {b=\"c\"} 1\n");
    refused(24, "a_sum", "# TYPE a histogram\na_sum 1 # {b=\"c\"} 1\n");
    refused(
        24,
        "a_created",
        "# TYPE a counter\na_created 1 # {b=\"c\"} 1\n",
    );
    refused(
        24,
        "a_bucket",
        "# TYPE a_bucket gauge\na_bucket 1 # {b=\"c\"} 1\n",
    );
    fine("# TYPE a counter\na_total 1 # {} 1\n");
}

#[test]
fn s25_exemplar_labels_are_short() {
    let with = |n: usize| {
        format!(
            "# TYPE a counter\na_total 1 # {{b=\"{}\"}} 1\n",
            "\u{2603}".repeat(n)
        )
    };
    fine(&with(127));
    refused(25, "a_total", &with(128));
}

#[test]
fn s26_exemplars_lie_in_their_bucket() {
    let with = |v: &str| {
        format!(
            "# TYPE a histogram\na_bucket{{le=\"1\"}} 1 # {{}} {v}\na_bucket{{le=\"+Inf\"}} 1\n"
        )
    };
    fine(&with("1"));
    refused(26, "le=\"1\"", &with("1.5"));
}

#[test]
fn s27_series_once_without_timestamps() {
    refused(27, "a 2", "# TYPE a gauge\na 1\na 2\n");
    refused(
        27,
        "y=\"2\"",
        "# TYPE a gauge\na{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 2\n",
    );
    text_refused(27, "a 2", "a 1\na 2\n");
    text_refused(27, "a 2 6", "a 1 5\na 2 6\n");
}

#[test]
fn s28_unknown_escapes_are_warned_of() {
    let summary =
        om("# HELP a x\\ty\na{b=\"\\z\"} 1\na{b=\"\\\\ \\\" \\n\"} 1\n").expect("only a warning");
    let found: Vec<_> = summary
        .warnings
        .iter()
        .map(|w| (w.class, w.line, w.column))
        .collect();
    assert_eq!(
        found,
        [
            (ErrorClass::Strict(28), 1, 11),
            (ErrorClass::Strict(28), 2, 6)
        ]
    );
    // In the text format, HELP does not escape quotes, and a raw line feed in a value is an error.
    let summary = text("# HELP a \\\"\n").expect("only a warning");
    assert_eq!(summary.warnings.len(), 1);
    text_refused(28, "a{b=", "a{b=\"x\ny\"} 1\n");
}

#[test]
fn summaries_count_families_and_samples() {
    let summary = om("# TYPE a counter\na_total{x=\"1\"} 1\na_total{x=\"2\"} 1\nb 1\n# HELP c x\n")
        .expect("valid");
    assert_eq!((summary.families, summary.samples), (3, 3));
    let proto = [0x08, 0x0a, 0x01, b'g', 0x18, 0x01, 0x22, 0x01, 0x00];
    assert!(
        validate(&proto, Format::Protobuf, StrictOptions::default()).is_err(),
        "still parsed"
    );
}

#[test]
fn body_of_upstreams_benchmark_is_valid() {
    let Some(root) = corpora() else {
        eprintln!("skipped: no corpora; set SCRAPE_CORPORA");
        return;
    };
    let path = root.join("../exposition/alltypes.237mfs.prom.txt");
    let body = std::fs::read(path).expect("readable corpus");
    let summary = validate(&body, Format::Text, StrictOptions::default()).expect("valid");
    assert_eq!((summary.families, summary.samples), (237, 1857));
}
