//! A loop on paused time, driven through a manager with one job and one target where possible: what matters
//! is what reaches storage and when.

use crate::options::ManagerOptions;
use crate::testing::{PausedClock, Reply, Rig, Script, job, sets};
use crate::{FailureReason, Health};
use scrape_core::testing::MemorySample;
use scrape_http::Reason;
use std::time::Duration;

const TARGET: &str = "a:9100";

fn prompt() -> ManagerOptions {
    ManagerOptions {
        discovery_reload_on_startup: true,
        ..ManagerOptions::default()
    }
}

async fn one_target(script: Script, options: ManagerOptions) -> Rig {
    let rig = Rig::new(script, options);
    rig.apply(&[job("j")]).await;
    rig.send(sets(&[("j", &[TARGET])])).await;
    rig
}

/// (seconds since the start, value, stale) of each sample.
fn timeline(samples: &[MemorySample]) -> Vec<(i64, f64)> {
    let value = |s: &MemorySample| {
        if s.is_stale() {
            f64::INFINITY
        } else {
            s.value.float().expect("a float")
        }
    };
    samples
        .iter()
        .map(|s| ((s.t - PausedClock::BASE_MS) / 1000, value(s)))
        .collect()
}

fn only_target(rig: &Rig) -> crate::snapshot::ActiveTarget {
    let mut all = rig.manager.active_targets(None);
    all.remove("j")
        .expect("the pool")
        .pop()
        .expect("the target")
}

#[tokio::test(start_paused = true)]
async fn every_tick_is_scraped_on_the_grid() {
    let rig = one_target(Script::always("m 1\n"), prompt()).await;
    rig.seconds(100).await;
    let up = rig.samples_of("up");
    assert_eq!(up.len(), 10);
    assert!(up.iter().all(|s| s.value.float() == Some(1.0)));
    let step = |w: &[MemorySample]| w[1].t - w[0].t;
    assert!(
        up.windows(2).all(|w| step(w) == 10_000),
        "{:?}",
        timeline(&up)
    );
    assert_eq!(rig.samples_of("m").len(), 10);
}

#[tokio::test(start_paused = true)]
async fn case_041_stop_during_the_initial_offset_writes_nothing() {
    let options = ManagerOptions {
        initial_scrape_offset: Duration::from_secs(3600),
        ..prompt()
    };
    let rig = one_target(Script::always("m 1\n"), options).await;
    rig.seconds(60).await;
    let before = rig.elapsed();
    rig.manager.stop().await;
    assert_eq!(rig.elapsed(), before, "stopped at once");
    assert_eq!(rig.store.commits(), 0);
    assert!(rig.script.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn case_041_a_loop_stopped_before_it_ran_never_scrapes() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    rig.apply(&[job("j")]).await;
    rig.manager
        .update_targets(std::sync::Arc::new(sets(&[("j", &[TARGET])])));
    rig.manager.stop().await;
    rig.seconds(60).await;
    assert!(rig.script.calls().is_empty());
    assert_eq!(rig.store.commits(), 0);
}

#[tokio::test(start_paused = true)]
async fn case_042_a_late_scrape_keeps_its_grid_time_up_to_the_tolerance() {
    // The runtime's timer is exact to a millisecond, which is within the tolerance: all samples sit on the
    // grid of the first one although the wall clock is read after each wake-up.
    let rig = one_target(Script::always("m 1\n"), prompt()).await;
    rig.seconds(60).await;
    let up = rig.samples_of("up");
    let first = up[0].t;
    assert!(up.iter().all(|s| (s.t - first) % 10_000 == 0));
}

#[tokio::test(start_paused = true)]
async fn an_overrunning_scrape_costs_its_slots_and_one_is_caught_up() {
    // Timeout and interval are equal; the first scrape takes until its deadline, like a slow target's.
    let slow = |_: &str, n: usize| {
        if n == 0 {
            Reply::Ignore
        } else {
            Reply::text("m 1\n")
        }
    };
    let mut slow_job = job("j");
    slow_job.scrape_timeout = slow_job.scrape_interval;
    let rig = Rig::prompt(Script::new(slow));
    rig.apply(&[slow_job]).await;
    rig.send(sets(&[("j", &[TARGET])])).await;
    rig.seconds(60).await;
    let calls = rig.script.calls();
    let gaps: Vec<u64> = calls
        .windows(2)
        .map(|w| (w[1].at - w[0].at).as_millis() as u64)
        .collect();
    // Cut off a second after its deadline, at 11 s; the tick of 10 s is caught up; then the grid again.
    assert_eq!(gaps[0], 11_000);
    assert_eq!(gaps[1], 9_000);
    assert!(gaps[2..].iter().all(|g| *g == 10_000), "{gaps:?}");
    assert_eq!(rig.script.overlaps(), 0);
}

#[tokio::test(start_paused = true)]
async fn case_050_interval_length_is_observed_from_the_second_scrape_on() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    let mut slow = job("j");
    slow.scrape_interval = Duration::from_secs(60);
    rig.apply(&[slow]).await;
    rig.send(sets(&[("j", &[TARGET])])).await;
    rig.seconds(61).await;
    assert_eq!(rig.samples_of("up").len(), 1);
    let count = "prometheus_target_interval_length_seconds_count{interval=\"1m0s\"}";
    assert_eq!(rig.metric(count), None);
    rig.seconds(60).await;
    assert_eq!(rig.metric(count), Some(1.0));
    let sum = rig.metric("prometheus_target_interval_length_seconds_sum{interval=\"1m0s\"}");
    assert_eq!(sum, Some(60.0));
    let histogram = "prometheus_target_interval_length_histogram_seconds_count{interval=\"1m0s\"}";
    assert_eq!(rig.metric(histogram), Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn case_053_a_bad_status_is_down_with_the_status_in_the_last_error() {
    let fail = |_: &str, _: usize| {
        Reply::Fail(Reason::Status, "server returned HTTP status 404 Not Found")
    };
    let rig = one_target(Script::new(fail), prompt()).await;
    rig.seconds(10).await;
    let target = only_target(&rig);
    assert_eq!(target.health, Health::Down);
    let failure = target.last_failure.expect("a failure");
    assert_eq!(failure.reason, FailureReason::Fetch(Reason::Status));
    assert!(failure.message.contains("404 Not Found"));
    assert_eq!(rig.samples_of("up")[0].value.float(), Some(0.0));
    let failures = "scrape_cli_target_failures_total{scrape_job=\"j\",reason=\"status\"}";
    assert_eq!(rig.metric(failures), Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn case_055_a_hanging_target_fails_after_its_timeout() {
    for (reply, reason) in [
        (Reply::Hang, Reason::TimeoutHeaders),
        (Reply::HangInBody("m 1\n".to_owned()), Reason::TimeoutBody),
    ] {
        let rig = one_target(Script::new(move |_, _| reply.clone()), prompt()).await;
        rig.seconds(15).await;
        let target = only_target(&rig);
        assert_eq!(
            target.last_failure.expect("a failure").reason,
            FailureReason::Fetch(reason)
        );
        assert_eq!(target.last_scrape_duration, Duration::from_secs(5));
        assert_eq!(rig.samples_of("up")[0].value.float(), Some(0.0));
        assert_eq!(
            rig.samples_of("scrape_duration_seconds")[0].value.float(),
            Some(5.0)
        );
        assert_eq!(rig.samples_of("m"), []);
    }
}

/// The rest of a body that cannot be parsed is still read: its size, and whether it arrives, are part of the
/// result.
#[tokio::test(start_paused = true)]
async fn a_refused_body_that_never_ends_is_too_slow() {
    let hang = Script::new(|_, _| Reply::HangInBody("this is garbage!\n".to_owned()));
    let rig = one_target(hang, prompt()).await;
    rig.seconds(15).await;
    let target = only_target(&rig);
    assert_eq!(
        target.last_failure.expect("a failure").reason,
        FailureReason::Fetch(Reason::TimeoutBody)
    );
    assert_eq!(target.last_scrape_duration, Duration::from_secs(5));
    assert_eq!(
        rig.samples_of("scrape_samples_scraped")[0].value.float(),
        Some(0.0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_fetcher_that_ignores_the_deadline_is_cut_off_a_second_later() {
    let rig = one_target(Script::new(|_, _| Reply::Ignore), prompt()).await;
    rig.seconds(17).await;
    let target = only_target(&rig);
    assert_eq!(
        target.last_failure.expect("a failure").reason,
        FailureReason::Fetch(Reason::TimeoutHeaders)
    );
    assert_eq!(target.last_scrape_duration, Duration::from_secs(6));
}

#[tokio::test(start_paused = true)]
async fn case_054_the_extra_metric_says_why_there_is_no_body_size() {
    let replies = |_: &str, n: usize| match n {
        0 => Reply::text("metric_of_22_bytes 1.0\n"),
        1 => Reply::Fail(
            Reason::BodySizeLimit,
            "body size limit of 15 bytes exceeded",
        ),
        2 => Reply::Fail(Reason::Connect, "refused"),
        _ => Reply::text("this is garbage!\n"),
    };
    let mut extra = job("j");
    extra.extra_scrape_metrics = true;
    extra.limits.samples = 7;
    let rig = Rig::prompt(Script::new(replies));
    rig.apply(&[extra]).await;
    rig.send(sets(&[("j", &[TARGET])])).await;
    rig.seconds(40).await;
    let values = |name: &str| -> Vec<f64> {
        rig.samples_of(name)
            .iter()
            .map(|s| s.value.float().expect("a float"))
            .collect()
    };
    assert_eq!(values("scrape_body_size_bytes"), [23.0, -1.0, 0.0, 17.0]);
    assert_eq!(values("scrape_timeout_seconds"), [5.0; 4]);
    assert_eq!(values("scrape_sample_limit"), [7.0; 4]);
    assert_eq!(values("up"), [1.0, 0.0, 0.0, 0.0]);
    assert_eq!(
        rig.metric("prometheus_target_scrapes_exceeded_body_size_limit_total"),
        Some(1.0)
    );
    assert_eq!(
        rig.metric("prometheus_target_scrape_duration_seconds_count"),
        Some(4.0)
    );
}

#[tokio::test(start_paused = true)]
async fn case_063_sample_limit_fails_the_scrape_and_is_counted() {
    let mut limited = job("j");
    limited.limits.samples = 1;
    let rig = Rig::prompt(Script::always("a 1\nb 1\nc 1\n"));
    rig.apply(&[limited]).await;
    rig.send(sets(&[("j", &[TARGET])])).await;
    rig.seconds(10).await;
    assert_eq!(
        rig.metric("prometheus_target_scrapes_exceeded_sample_limit_total"),
        Some(1.0)
    );
    assert_eq!(rig.store.samples().len(), 5, "only the report");
    assert_eq!(
        only_target(&rig).last_failure.expect("a failure").reason,
        FailureReason::SampleLimit
    );
}

#[tokio::test(start_paused = true)]
async fn case_067_one_sample_one_marker_and_reports_over_four_failures() {
    let replies = |_: &str, n: usize| match n {
        0 => Reply::text("metric_a 42\n"),
        _ => Reply::Fail(Reason::Connect, "refused"),
    };
    let rig = one_target(Script::new(replies), prompt()).await;
    rig.seconds(50).await;
    assert_eq!(rig.script.calls().len(), 5);
    let a = rig.samples_of("metric_a");
    assert_eq!(a.len(), 2);
    assert_eq!(a[0].value.float(), Some(42.0));
    assert!(a[1].is_stale());
    assert_eq!(rig.store.samples().len(), 2 + 25);
}

#[tokio::test(start_paused = true)]
async fn case_068_a_parse_error_has_a_place() {
    let replies = |_: &str, n: usize| match n {
        0 => Reply::text("metric_a 42\n"),
        _ => Reply::Text(vec![
            "metric_a 42\nmetr".to_owned(),
            "ic_b not_a_number\n".to_owned(),
        ]),
    };
    let rig = one_target(Script::new(replies), prompt()).await;
    rig.seconds(20).await;
    let a = rig.samples_of("metric_a");
    assert_eq!(
        a.len(),
        1,
        "seen in the failed scrape, hence no marker, and rolled back"
    );
    let failure = only_target(&rig).last_failure.expect("a failure");
    assert_eq!(failure.reason, FailureReason::Parse);
    let position = failure.position.expect("a place");
    assert_eq!((position.line, position.column), (2, 10));
    assert!(String::from_utf8_lossy(&position.snippet).contains("not_a_number"));
}

#[tokio::test(start_paused = true)]
async fn case_086_a_blank_content_type_fails_without_fallback_and_an_empty_body_never() {
    let replies = |_: &str, n: usize| match n {
        0 => Reply::Typed("", "m 1\n".to_owned()),
        _ => Reply::Typed("", String::new()),
    };
    let rig = one_target(Script::new(replies), prompt()).await;
    rig.seconds(10).await;
    assert_eq!(
        only_target(&rig).last_failure.expect("a failure").reason,
        FailureReason::ContentType
    );
    rig.seconds(10).await;
    assert_eq!(only_target(&rig).health, Health::Up);
}

#[tokio::test(start_paused = true)]
async fn om2_62_the_draft_counts_as_unsupported_until_it_is_enabled() {
    let body = "# TYPE s summary\ns {count:1,sum:2,quantile:[0.5:3]}\n# EOF\n";
    let reply = move |_: &str, _: usize| {
        Reply::Typed(
            "application/openmetrics-text; version=2.0.0",
            body.to_owned(),
        )
    };
    let rig = one_target(Script::new(reply), prompt()).await;
    rig.seconds(10).await;
    let failure = only_target(&rig).last_failure.expect("a failure");
    assert_eq!(failure.reason, FailureReason::ContentType);
    let enabled = ManagerOptions {
        openmetrics2: true,
        ..prompt()
    };
    let rig = one_target(Script::new(reply), enabled).await;
    rig.seconds(10).await;
    if scrape_parse::Format::OpenMetrics2.is_built_in() {
        assert_eq!(only_target(&rig).health, Health::Up);
        let of = |name: &str| rig.samples_of(name).len();
        assert_eq!((of("s_count"), of("s_sum"), of("s")), (1, 1, 1));
    } else {
        assert_eq!(only_target(&rig).health, Health::Down);
    }
}

#[tokio::test(start_paused = true)]
async fn case_096_samples_and_report_arrive_in_one_commit() {
    let rig = one_target(Script::always("a 1\nb 2\nc 3\n"), prompt()).await;
    rig.seconds(100).await;
    assert_eq!(rig.store.commits(), 10);
    assert_eq!(rig.store.samples().len(), 10 * (3 + 5));
}

#[tokio::test(start_paused = true)]
async fn case_097_a_removed_target_ends_with_markers_at_the_first_tick() {
    let rig = one_target(Script::always("a 1\nb 2\n"), prompt()).await;
    rig.seconds(30).await;
    let last = rig.samples_of("up").last().expect("a sample").t;
    rig.send(sets(&[("j", &[])])).await;
    rig.store.take_samples();
    // Two ticks and a tenth of the interval after the last scrape.
    rig.until_ms(last + 21_000 - 5).await;
    assert_eq!(rig.store.samples(), []);
    rig.until_ms(last + 21_000 + 5).await;
    let markers = rig.store.samples();
    assert_eq!(markers.len(), 2 + 5);
    assert!(
        markers.iter().all(|s| s.is_stale() && s.t == last + 10_000),
        "{markers:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn case_097_no_marker_for_a_target_that_came_back() {
    let rig = one_target(Script::always("a 1\nb 2\n"), prompt()).await;
    rig.seconds(30).await;
    rig.send(sets(&[("j", &[])])).await;
    rig.send(sets(&[("j", &[TARGET])])).await;
    rig.seconds(60).await;
    assert!(rig.store.samples().iter().all(|s| !s.is_stale()));
    assert!(
        rig.samples_of("up")
            .windows(2)
            .all(|w| w[1].t - w[0].t == 10_000)
    );
}

#[tokio::test(start_paused = true)]
async fn case_097_no_marker_when_disabled_even_late() {
    let rig = one_target(Script::always("a 1\n"), prompt()).await;
    rig.seconds(30).await;
    let id = only_target(&rig).id;
    rig.send(sets(&[("j", &[])])).await;
    // The markers come 11 to 21 seconds after the removal; another sync in between changes nothing.
    rig.send(sets(&[("j", &["b:1"])])).await;
    rig.seconds(10).await;
    rig.manager
        .disable_end_of_run_staleness("j", &[id])
        .await
        .expect("a pool");
    rig.seconds(60).await;
    assert!(rig.store.samples().iter().all(|s| !s.is_stale()));
    assert!(
        rig.manager
            .disable_end_of_run_staleness("other", &[])
            .await
            .is_err()
    );
}

#[tokio::test(start_paused = true)]
async fn case_097_no_marker_when_the_process_stops() {
    let rig = one_target(Script::always("a 1\n"), prompt()).await;
    rig.seconds(30).await;
    // One loop on its way to its markers, one running.
    rig.send(sets(&[("j", &["b:1"])])).await;
    rig.seconds(10).await;
    let before = rig.elapsed();
    rig.manager.stop().await;
    assert_eq!(rig.elapsed(), before);
    rig.seconds(60).await;
    assert!(rig.store.samples().iter().all(|s| !s.is_stale()));
}

#[tokio::test(start_paused = true)]
async fn case_097_a_target_that_was_never_scraped_leaves_no_marker() {
    let options = ManagerOptions {
        initial_scrape_offset: Duration::from_secs(600),
        ..prompt()
    };
    let rig = one_target(Script::always("a 1\n"), options).await;
    rig.send(sets(&[("j", &[])])).await;
    rig.seconds(1200).await;
    assert_eq!(rig.store.commits(), 0);
}

#[tokio::test(start_paused = true)]
async fn case_098_scrape_on_shutdown_is_exactly_one_more() {
    for offset in [0, 3600] {
        let options = ManagerOptions {
            scrape_on_shutdown: true,
            initial_scrape_offset: Duration::from_secs(offset),
            ..prompt()
        };
        let rig = one_target(Script::always("a 1\n"), options).await;
        rig.seconds(30).await;
        let before = rig.script.calls().len();
        assert_eq!(before, if offset == 0 { 3 } else { 0 });
        rig.manager.stop().await;
        rig.seconds(7200).await;
        assert_eq!(rig.script.calls().len(), before + 1);
        assert_eq!(rig.samples_of("up").len(), before + 1);
        assert!(rig.store.samples().iter().all(|s| !s.is_stale()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_scrape_that_we_cancel_is_not_written() {
    let hang_second = |_: &str, n: usize| {
        if n == 0 {
            Reply::text("a 1\n")
        } else {
            Reply::HangInBody("a 2\n".into())
        }
    };
    let rig = one_target(Script::new(hang_second), prompt()).await;
    while rig.script.calls().len() < 2 {
        rig.wait(Duration::from_millis(100)).await;
    }
    assert_eq!(rig.script.under_way(), 1);
    let before = rig.elapsed();
    rig.manager.stop().await;
    assert_eq!(rig.elapsed(), before, "not waited for");
    assert_eq!(rig.script.under_way(), 0, "the request was aborted");
    assert_eq!(rig.samples_of("up").len(), 1);
    assert_eq!(rig.store.samples().len(), 1 + 5);
}

#[tokio::test(start_paused = true)]
async fn case_102_a_target_that_was_never_scraped_is_unknown() {
    let options = ManagerOptions {
        initial_scrape_offset: Duration::from_secs(600),
        ..prompt()
    };
    let rig = one_target(Script::always("a 1\n"), options).await;
    let target = only_target(&rig);
    assert_eq!(target.health, Health::Unknown);
    assert_eq!(target.last_scrape_ms, None);
    assert_eq!(target.last_failure, None);
    assert_eq!(target.last_scrape_duration, Duration::ZERO);
    assert_eq!(
        (
            target.scrape_interval.as_str(),
            target.scrape_timeout.as_str()
        ),
        ("10s", "5s")
    );
}

#[tokio::test(start_paused = true)]
async fn metadata_can_be_read_in_the_middle_of_a_scrape() {
    let body = "# TYPE a counter\n# HELP a Counts.\na 1\n";
    let replies = move |_: &str, n: usize| {
        if n == 0 {
            Reply::text(body)
        } else {
            Reply::HangInBody(body.to_owned())
        }
    };
    let rig = one_target(Script::new(replies), prompt()).await;
    while rig.script.calls().len() < 2 {
        rig.wait(Duration::from_millis(100)).await;
    }
    rig.wait(Duration::from_millis(100)).await;
    assert_eq!(rig.script.under_way(), 1);
    let target = only_target(&rig);
    let all = target.metadata(None);
    assert_eq!(all.len(), 1);
    assert_eq!(
        (all[0].family.as_str(), all[0].help.as_str()),
        ("a", "Counts.")
    );
    assert_eq!(target.metadata(Some("a")), all);
    assert_eq!(target.metadata(Some("b")), []);
    assert_eq!(
        rig.metric("prometheus_target_metadata_cache_entries{scrape_job=\"j\"}"),
        Some(1.0)
    );
    let bytes = rig.metric("prometheus_target_metadata_cache_bytes{scrape_job=\"j\"}");
    assert_eq!(bytes, Some(("counter".len() + "Counts.".len()) as f64));
}

#[tokio::test(start_paused = true)]
async fn a_report_that_storage_refuses_is_counted_and_leaves_the_health_alone() {
    let rig = one_target(Script::always("a 1\n"), prompt()).await;
    rig.store.fail_commits(true);
    rig.seconds(10).await;
    assert_eq!(only_target(&rig).health, Health::Up);
    let failures = "scrape_cli_target_failures_total{scrape_job=\"j\",reason=\"storage\"}";
    assert_eq!(rig.metric(failures), Some(1.0));
}
