//! Grouping of samples into families.

use super::*;

fn names(body: &str, format: Format) -> Vec<(String, usize)> {
    let all = families(body.as_bytes(), format).expect("well-formed");
    all.into_iter().map(|f| (f.name, f.samples.len())).collect()
}

fn owned(expected: &[(&str, usize)]) -> Vec<(String, usize)> {
    expected.iter().map(|&(n, c)| (n.to_owned(), c)).collect()
}

#[test]
fn suffixes_join_the_family_that_allows_them() {
    let body = "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n# TYPE g gauge\ng 1\ng_sum 2\n\
        # TYPE s summary\ns{quantile=\"0.5\"} 1\ns_count 2\ns_bucket 3\n";
    let expected = owned(&[("h", 3), ("g", 1), ("g_sum", 1), ("s", 2), ("s_bucket", 1)]);
    assert_eq!(names(body, Format::Text), expected);
}

#[test]
fn a_family_of_that_very_name_comes_first() {
    let body = "# TYPE a summary\n# TYPE a_count gauge\na_count 1\na_sum 1\n";
    assert_eq!(
        names(body, Format::Text),
        owned(&[("a", 1), ("a_count", 1)])
    );
}

#[test]
fn openmetrics_metadata_and_start_timestamps() {
    let body = b"# TYPE c_seconds counter\n# UNIT c_seconds seconds\n# HELP c_seconds Time.\n\
        c_seconds_total{a=\"b\"} 1 2 # {t=\"x\"} 3 4\nc_seconds_created{a=\"b\"} 1.5\n# EOF\n";
    let all = families(body, Format::OpenMetrics).expect("well-formed");
    assert_eq!(all.len(), 1);
    assert_eq!(
        (all[0].unit.as_deref(), all[0].help.as_deref()),
        (Some("seconds"), Some("Time."))
    );
    let exemplar = OwnedExemplar {
        labels: vec![("t".to_owned(), "x".to_owned())],
        value: 3.0,
        timestamp: Some(4000),
    };
    let sample = Sample {
        name: "c_seconds_total".to_owned(),
        labels: vec![("a".to_owned(), "b".to_owned())],
        value: SampleValue::Float(1.0),
        timestamp: Some(2000),
        start_timestamp: Some(1500),
        exemplars: vec![exemplar],
    };
    assert_eq!(all[0].samples, [sample]);
}

#[test]
fn errors_pass_through_and_names_must_be_utf8() {
    assert_eq!(
        families(b"a x", Format::Text).map_err(|e| e.class),
        Err(ErrorClass::Float)
    );
    assert_eq!(
        families(b"{\"\xff\"} 1", Format::Text).map_err(|e| e.class),
        Err(ErrorClass::Utf8)
    );
    assert_eq!(
        families(b"a{\"\xff\"=\"b\"} 1", Format::Text).map_err(|e| e.class),
        Err(ErrorClass::Utf8)
    );
}
