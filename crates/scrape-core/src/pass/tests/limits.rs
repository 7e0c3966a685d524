use super::*;
use crate::relabel::{RelabelConfig, Rule};
use scrape_parse::names::ValidationScheme;

fn drop_all() -> std::sync::Arc<[Rule]> {
    let cfg: RelabelConfig =
        serde_json::from_str(r#"{"action":"drop","source_labels":["__name__"],"regex":".+"}"#)
            .expect("a relabel rule");
    std::sync::Arc::from([Rule::compile(&cfg, ValidationScheme::Utf8).expect("valid")])
}

#[test]
fn case_062_a_dropped_line_is_cached_as_dropped() {
    let mut b = Bench::with(|c| c.metric_relabel = drop_all());
    for _ in 0..2 {
        assert_eq!(b.scrape("test_metric 1\n").counts(), (1, 0, 0));
        assert_eq!(b.cache.len(), 1);
    }
    assert_eq!(b.stored(), [""; 0]);
}

#[test]
fn case_063_sample_limit_fails_the_scrape_and_keeps_only_the_report() {
    let mut b = Bench::with(|c| c.sample_limit = 1);
    let done = b.scrape("a 1\nb 1\nc 1\n");
    assert_eq!(done.counts(), (3, 3, 1));
    assert_eq!(done.result.unwrap_err().reason(), "sample_limit");
    assert_eq!(b.all().len(), 5);
}

#[test]
fn case_064_limit_trips_and_markers_follow_the_next_failure() {
    let mut b = Bench::with(|c| c.sample_limit = 4);
    assert!(b.scrape("a 1\nb 1\nc 1\nd 1\n").result.is_ok());
    assert_eq!(b.all().len(), 9);
    assert!(b.scrape("a 1\nb 1\nc 1\nd 1\ne 1\n").result.is_err());
    assert_eq!(b.all().len(), 5);
    assert!(b.scrape("a 1\nb 1\nc 1\nd 1\n").result.is_ok());
    assert_eq!(b.all().len(), 9);
    b.fetch_failure();
    let all = b.all();
    assert_eq!(all.len(), 9);
    assert_eq!(all.iter().filter(|s| s.contains(STALE)).count(), 4);
}

#[test]
fn case_065_series_seen_before_the_limit_tripped_get_no_marker() {
    let mut b = Bench::with(|c| c.sample_limit = 4);
    b.scrape("a 1\nb 1\nc 1\n");
    let done = b.scrape("a 1\nb 1\nc 1\nd 1\ne 1\nf 1\n");
    assert_eq!(done.counts(), (6, 6, 1));
    assert!(done.result.is_err());
    b.all();
    b.scrape("a 1\nb 1\n");
    let stored = b.stored();
    let stale: Vec<_> = stored.iter().filter(|s| s.contains(STALE)).collect();
    assert_eq!(
        stale,
        [
            r#"{__name__="c"} stale@3000"#,
            r#"{__name__="d"} stale@3000"#
        ]
    );
}

#[test]
fn case_066_markers_do_not_count_against_the_limit() {
    let mut b = Bench::with(|c| c.sample_limit = 4);
    b.scrape("a 1\nb 1\nc 1\nd 1\n");
    b.stored();
    assert!(b.scrape("e 1\nf 1\ng 1\nh 1\n").result.is_ok());
    let stored = b.stored();
    assert_eq!(stored.len(), 8);
    assert_eq!(stored.iter().filter(|s| s.contains(STALE)).count(), 4);
}

#[test]
fn case_082_label_limits_fail_the_scrape() {
    let reason = |b: &mut Bench, body: &str| b.scrape(body).result.err().map(|e| e.reason());
    let mut b = Bench::with(|c| c.label_limit = 5);
    assert_eq!(
        reason(&mut b, "m{a=\"1\",b=\"1\",c=\"1\",d=\"1\"} 1\n"),
        None
    );
    assert_eq!(
        reason(&mut b, "m{a=\"1\",b=\"1\",c=\"1\",d=\"1\",e=\"1\"} 1\n"),
        Some("label_limit")
    );
    let mut b = Bench::with(|c| c.label_limit = 5).target(&[("x", "1"), ("y", "1")]);
    assert_eq!(
        reason(&mut b, "m{a=\"1\",b=\"1\",c=\"1\"} 1\n"),
        Some("label_limit")
    );
    let mut b = Bench::with(|c| c.label_name_length_limit = 10);
    assert_eq!(
        reason(&mut b, "m{label_name_too_long=\"1\"} 1\n"),
        Some("label_limit")
    );
    assert_eq!(reason(&mut b, "m{short=\"1\"} 1\n"), None);
    let mut b =
        Bench::with(|c| c.label_value_length_limit = 10).target(&[("x", "label_value_too_long")]);
    assert_eq!(reason(&mut b, "m 1\n"), Some("label_limit"));
}

#[test]
fn case_095_report_samples_are_exempt_from_limit_and_relabeling() {
    let mut b = Bench::with(|c| c.sample_limit = 5);
    assert!(b.scrape("a 1\nb 1\nc 1\nd 1\n").result.is_ok());
    assert!(b.all().contains(&r#"{__name__="up"} 1@1000"#.to_owned()));
    let mut b = Bench::with(|c| c.metric_relabel = drop_all());
    assert_eq!(b.scrape("a 1\n").counts(), (1, 0, 0));
    assert_eq!(b.all().len(), 5);
}

#[test]
fn extra_report_series_are_written_on_request() {
    let mut b = Bench::with(|c| {
        c.extra_metrics = true;
        c.sample_limit = 7;
    });
    b.scrape("a 1\n");
    let all = b.all();
    assert_eq!(all.len(), 1 + 8);
    assert!(
        all.contains(&r#"{__name__="scrape_sample_limit"} 7@1000"#.to_owned()),
        "{all:?}"
    );
    assert!(
        all.contains(&r#"{__name__="scrape_timeout_seconds"} 10@1000"#.to_owned()),
        "{all:?}"
    );
}
