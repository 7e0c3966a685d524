use super::*;
use crate::ports::append::AppendError;
use scrape_parse::Format;

#[test]
fn case_061_a_series_is_added_once() {
    let mut b = Bench::new();
    assert_eq!(b.scrape("test_metric 1\n").counts(), (1, 1, 1));
    assert_eq!(b.scrape("test_metric 1\n").counts(), (1, 1, 0));
}

#[test]
fn case_067_one_marker_for_four_failed_fetches() {
    let mut b = Bench::new();
    b.scrape("metric_a 42\n");
    for _ in 0..4 {
        b.fetch_failure();
    }
    let all = b.all();
    assert_eq!(all.len(), 1 + 1 + 25);
    let metric: Vec<_> = all.iter().filter(|s| s.contains("metric_a")).collect();
    assert_eq!(
        metric,
        [
            r#"{__name__="metric_a"} 42@1000"#,
            r#"{__name__="metric_a"} stale@2000"#
        ]
    );
}

#[test]
fn case_068_a_garbage_line_ends_the_series_and_the_target_is_down() {
    let mut b = Bench::new();
    b.scrape("metric_a 42\n");
    let done = b.scrape("7&-\n");
    assert_eq!(done.result.unwrap_err().reason(), "parse");
    let all = b.all();
    assert!(
        all.contains(&r#"{__name__="metric_a"} stale@2000"#.to_owned()),
        "{all:?}"
    );
    assert!(
        all.contains(&r#"{__name__="up"} 0@2000"#.to_owned()),
        "{all:?}"
    );
}

#[test]
fn case_069_a_failed_openmetrics_scrape_does_not_make_the_next_one_a_duplicate() {
    let mut b = Bench::new();
    b.format = Format::OpenMetrics;
    assert!(b.scrape("# TYPE a gauge\na 1\n").result.is_err());
    let done = b.scrape("# TYPE a gauge\na 2\n# EOF\n");
    assert!(done.result.is_ok());
    assert_eq!(done.stats.duplicates, 0);
    assert_eq!(b.stored(), [r#"{__name__="a"} 2@2000"#]);
}

#[test]
fn case_070_repeated_lines_count_as_duplicates_unless_they_carry_timestamps() {
    let mut b = Bench::new();
    let done = b.scrape("test_metric 1\ntest_metric 2\ntest_metric 3\n");
    assert_eq!(done.counts(), (3, 3, 1));
    assert_eq!(done.stats.duplicates, 2);
    assert_eq!(b.stored(), [r#"{__name__="test_metric"} 1@1000"#]);
    let mut b = Bench::new();
    b.scrape("test_metric 1 1001\ntest_metric 1 1002\ntest_metric 1 1003\n");
    assert_eq!(
        b.stored(),
        [
            r#"{__name__="test_metric"} 1@1001"#,
            r#"{__name__="test_metric"} 1@1002"#,
            r#"{__name__="test_metric"} 1@1003"#
        ]
    );
}

#[test]
fn case_071_series_with_timestamps_end_only_when_tracked() {
    let mut b = Bench::new();
    b.scrape("metric_a 1 1000\n");
    b.scrape("");
    assert_eq!(b.stored(), [r#"{__name__="metric_a"} 1@1000"#]);
    let mut b = Bench::with(|c| c.track_timestamps_staleness = true);
    b.scrape("metric_a 1 1000\n");
    b.scrape("");
    assert_eq!(
        b.stored(),
        [
            r#"{__name__="metric_a"} 1@1000"#,
            r#"{__name__="metric_a"} stale@2000"#
        ]
    );
}

#[test]
fn case_072_timestamps_are_honoured_or_not() {
    let mut b = Bench::with(|c| c.honor_timestamps = false);
    b.scrape("a 1 5\n");
    assert_eq!(b.stored(), [r#"{__name__="a"} 1@1000"#]);
    let mut b = Bench::new();
    b.scrape("a 1 0\n");
    assert_eq!(b.stored(), [r#"{__name__="a"} 1@0"#]);
}

#[test]
fn case_073_a_series_that_turns_to_explicit_timestamps_gets_a_marker() {
    let mut b = Bench::new();
    b.scrape("metric_a 1\n");
    b.scrape("metric_a 2 1500\n");
    assert_eq!(
        b.stored(),
        [
            r#"{__name__="metric_a"} 1@1000"#,
            r#"{__name__="metric_a"} 2@1500"#,
            r#"{__name__="metric_a"} stale@2000"#
        ]
    );
}

#[test]
fn case_074_counted_refusals_do_not_fail_the_scrape() {
    let mut b = Bench::new();
    b.store.refuse(|l, _| match l.name() {
        Some("out_of_order") => Some(AppendError::OutOfOrder),
        Some("amend") => Some(AppendError::Duplicate),
        Some("out_of_bounds") => Some(AppendError::OutOfBounds),
        _ => None,
    });
    let done = b.scrape("out_of_order 1\namend 1\nout_of_bounds 1\nnormal 1\n");
    assert!(done.result.is_ok());
    assert_eq!(done.counts(), (4, 4, 1));
    assert_eq!(
        (
            done.stats.out_of_order,
            done.stats.duplicates,
            done.stats.out_of_bounds
        ),
        (1, 1, 1)
    );
    assert_eq!(b.stored(), [r#"{__name__="normal"} 1@1000"#]);
}

#[test]
fn case_075_a_sample_from_the_future_is_out_of_bounds() {
    let mut b = Bench::new();
    let done = b.scrape(format!("normal 1 {}\n", 1000 + 20 * 60 * 1000));
    assert!(done.result.is_ok());
    assert_eq!(done.counts(), (1, 1, 0));
    assert_eq!(done.stats.out_of_bounds, 1);
    assert_eq!(b.stored(), [""; 0]);
}

#[test]
fn case_076_a_cached_series_that_is_refused_gets_a_marker() {
    let mut b = Bench::new();
    b.scrape("a 1\n");
    b.store
        .refuse(|l, t| (l.name() == Some("a") && t == 2000).then_some(AppendError::OutOfOrder));
    let done = b.scrape("a 2\n");
    assert_eq!(done.stats.out_of_order, 1);
    // The store refuses the marker as well: it was attempted and ignored.
    assert!(done.result.is_ok());
    b.store.refuse(|_, _| None);
    let done = b.scrape("");
    assert_eq!(done.stats.stale_markers, 0);
}

#[test]
fn case_078_two_spellings_of_one_series_need_no_marker() {
    let mut b = Bench::new();
    b.scrape("m{a=\"1\",b=\"1\"} 1\n");
    b.scrape("m{b=\"1\",a=\"1\"} 2\n");
    assert_eq!(
        b.stored(),
        [
            r#"{__name__="m", a="1", b="1"} 1@1000"#,
            r#"{__name__="m", a="1", b="1"} 2@2000"#
        ]
    );
    b.scrape("");
    assert_eq!(b.stored(), [r#"{__name__="m", a="1", b="1"} stale@3000"#]);
}

#[test]
fn case_079_a_changed_reference_is_no_reason_for_a_marker() {
    let mut b = Bench::new();
    b.scrape("a 1\n");
    b.store.renumber();
    assert!(b.scrape("a 2\n").result.is_ok());
    assert!(b.scrape("a 3\n").result.is_ok());
    assert_eq!(
        b.stored(),
        [
            r#"{__name__="a"} 1@1000"#,
            r#"{__name__="a"} 2@2000"#,
            r#"{__name__="a"} 3@3000"#
        ]
    );
    b.scrape("");
    b.scrape("");
    assert_eq!(b.stored(), [r#"{__name__="a"} stale@4000"#]);
}

#[test]
fn case_093_metadata_outlives_its_family_by_ten_successful_scrapes() {
    let mut b = Bench::new();
    b.scrape("# HELP m some help\n# TYPE m counter\nm 1\n");
    assert_eq!(
        b.cache
            .metadata()
            .get("m")
            .map(|f| (f.kind.as_str(), f.help())),
        Some(("counter", "some help"))
    );
    for _ in 0..10 {
        b.scrape("other 1\n");
        assert!(b.cache.metadata().get("m").is_some());
    }
    b.scrape("other 1\n");
    assert!(b.cache.metadata().get("m").is_none());
}

#[test]
fn case_094_failing_scrapes_with_ever_new_series_keep_the_cache_bounded() {
    let mut b = Bench::new();
    let mut forced = 0;
    for round in 0..4 {
        let mut body: String = (0..500)
            .map(|i| format!("m{{round=\"{round}\",i=\"{i}\"}} 1\n"))
            .collect();
        body.push_str("garbage{\n");
        let done = b.scrape(body);
        assert!(done.result.is_err());
        forced += u32::from(done.stats.flush_forced);
        assert!(b.cache.len() <= 2000, "{}", b.cache.len());
    }
    assert!(forced > 0);
}

#[test]
fn case_096_samples_and_report_are_one_commit() {
    let mut b = Bench::new();
    for _ in 0..3 {
        b.scrape("a 1\nb 2\n");
        assert_eq!(b.all().len(), 2 + 5);
    }
    assert_eq!(b.store.commits(), 3);
}

#[test]
fn case_097_end_of_run_marks_series_and_report_series_at_the_given_time() {
    let mut b = Bench::new().target(&[("job", "j")]);
    b.scrape("a 1\nb 2\n");
    b.all();
    crate::pass::end_of_run(&mut b.cache, &b.cfg, &b.target, &b.store, 2500).unwrap();
    let mut all = b.all();
    all.sort();
    assert_eq!(all.len(), 7);
    assert!(all.iter().all(|s| s.ends_with("stale@2500")), "{all:?}");
    // Re-added meanwhile: newer samples exist, nothing is stored.
    let mut b = Bench::new();
    b.scrape("a 1\n");
    let mut successor = Bench::new();
    successor.store = b.store.clone();
    successor.t = 4000;
    successor.scrape("a 2\n");
    b.all();
    crate::pass::end_of_run(&mut b.cache, &b.cfg, &b.target, &b.store, 3000).unwrap();
    assert_eq!(b.all(), [""; 0]);
}

#[test]
fn a_fetch_that_fails_midway_leaves_no_trace_of_the_new_series() {
    let mut b = Bench::new();
    b.scrape("a 1\n");
    b.all();
    {
        let mut s =
            crate::pass::Scrape::begin(&mut b.cache, &b.cfg, &b.target, &b.store, 2000, 2000);
        s.start_body(Ok(Format::Text));
        s.feed(b"a 2\nb 3\n");
        s.fetch_failed();
        let report = crate::report::Report {
            up: false,
            duration_seconds: 0.1,
            timeout_seconds: 1.0,
            body_bytes: 0,
        };
        let (stats, _) = s.report(&report);
        assert_eq!((stats.total, stats.added, stats.series_added), (0, 0, 0));
    }
    assert_eq!(b.stored(), [r#"{__name__="a"} stale@2000"#]);
    b.t = 2000;
    let done = b.scrape("a 2\nb 3\n");
    assert_eq!(done.counts(), (2, 2, 1));
}
