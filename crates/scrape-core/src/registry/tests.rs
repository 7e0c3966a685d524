use std::process::{Command, Stdio};
use std::sync::Arc;

use super::*;
use crate::ports::clock::ManualClock;

fn registry() -> (Registry, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at_ms(1_000_000));
    (Registry::new(clock.clone()), clock)
}

fn desc(name: &str) -> Desc {
    Desc::new(name, "Help.")
}

/// One of everything, with characters that need escaping.
fn zoo() -> Registry {
    let (r, _) = registry();
    r.counter(Desc::new(
        "zoo_visits_total",
        "Visits,\nwith \"quotes\" and a \\.",
    ))
    .expect("counter")
    .add(3);
    let rooms = r
        .gauge_family(desc("zoo_room_celsius"), ["room"])
        .expect("gauges");
    rooms.with(["b\"\\\n"]).set(-1.5);
    rooms.with(["a"]).set(1e6);
    let wait = r
        .histogram_family(desc("zoo_wait_seconds"), ["gate"], &[0.1, 1.0, 10.0])
        .expect("histogram");
    for v in [0.05, 0.1, 0.5, 100.0] {
        wait.with(["west"]).observe(v);
    }
    let s = r.summary_family(
        desc("zoo_stay_seconds").with_label("zoo", "z"),
        ["gate"],
        &Objective::SCRAPE,
    );
    let s = s.expect("summary").with(["west"]);
    for v in 1..=100 {
        s.observe(f64::from(v));
    }
    r.collector(|out| out.gauge("zoo_animals", "Animals.", &[("species", "yak")], 2.0));
    r
}

#[test]
fn text_is_sorted_escaped_and_complete() {
    let want = r##"# HELP zoo_animals Animals.
# TYPE zoo_animals gauge
zoo_animals{species="yak"} 2
# HELP zoo_room_celsius Help.
# TYPE zoo_room_celsius gauge
zoo_room_celsius{room="a"} 1e+06
zoo_room_celsius{room="b\"\\\n"} -1.5
# HELP zoo_stay_seconds Help.
# TYPE zoo_stay_seconds summary
zoo_stay_seconds{zoo="z",gate="west",quantile="0.01"} 1
zoo_stay_seconds{zoo="z",gate="west",quantile="0.05"} 5
zoo_stay_seconds{zoo="z",gate="west",quantile="0.5"} 50
zoo_stay_seconds{zoo="z",gate="west",quantile="0.9"} 90
zoo_stay_seconds{zoo="z",gate="west",quantile="0.99"} 99
zoo_stay_seconds_sum{zoo="z",gate="west"} 5050
zoo_stay_seconds_count{zoo="z",gate="west"} 100
# HELP zoo_visits_total Visits,\nwith "quotes" and a \\.
# TYPE zoo_visits_total counter
zoo_visits_total 3
# HELP zoo_wait_seconds Help.
# TYPE zoo_wait_seconds histogram
zoo_wait_seconds_bucket{gate="west",le="0.1"} 2
zoo_wait_seconds_bucket{gate="west",le="1"} 3
zoo_wait_seconds_bucket{gate="west",le="10"} 3
zoo_wait_seconds_bucket{gate="west",le="+Inf"} 4
zoo_wait_seconds_sum{gate="west"} 100.65
zoo_wait_seconds_count{gate="west"} 4
"##;
    assert_eq!(zoo().render(Exposition::Text), want);
}

#[test]
fn openmetrics_differs_in_counters_floats_help_and_end() {
    let text = zoo().render(Exposition::OpenMetrics);
    for line in [
        "# HELP zoo_visits Visits,\\nwith \\\"quotes\\\" and a \\\\.",
        "# TYPE zoo_visits counter",
        "zoo_visits_total 3.0",
        "zoo_room_celsius{room=\"a\"} 1e+06",
        "zoo_wait_seconds_bucket{gate=\"west\",le=\"1.0\"} 3",
        "zoo_wait_seconds_count{gate=\"west\"} 4",
        "zoo_animals{species=\"yak\"} 2.0",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    assert!(text.ends_with("\n# EOF\n"));
    let (r, _) = registry();
    r.counter(desc("odd")).expect("counter").inc();
    let text = r.render(Exposition::OpenMetrics);
    assert_eq!(
        text,
        "# HELP odd Help.\n# TYPE odd unknown\nodd 1.0\n# EOF\n"
    );
}

/// Lints the text with the reference tool where it is installed; says so where it is not.
#[test]
fn promtool_accepts_the_text() {
    let child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(e) => return eprintln!("skipped: promtool cannot be started: {e}"),
    };
    let mut stdin = child.stdin.take().expect("piped");
    std::io::Write::write_all(&mut stdin, zoo().render(Exposition::Text).as_bytes())
        .expect("write");
    drop(stdin);
    let output = child.wait_with_output().expect("promtool ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.trim(), "");
}

#[test]
fn handles_share_one_value() {
    let (r, _) = registry();
    let family = r
        .counter_family(desc("c_total"), ["job", "why"])
        .expect("family");
    family.with(["a", "x"]).inc();
    family.clone().with(["a", "x"]).add(2);
    family.with(["a", "x"]).add_f64(0.5);
    family.with(["a", "x"]).add_f64(-7.0);
    family.with(["a", "x"]).add_f64(f64::NAN);
    assert_eq!(family.with(["a", "x"]).get(), 3.5);
    let gauge = r.gauge(desc("g")).expect("gauge");
    gauge.set(2.0);
    gauge.clone().inc();
    gauge.dec();
    gauge.add(-0.5);
    assert_eq!(gauge.get(), 1.5);
}

#[test]
fn removed_series_vanish_and_their_handles_stay_harmless() {
    let (r, _) = registry();
    let family = r.gauge_family(desc("g"), ["job", "why"]).expect("family");
    for (job, why) in [("a", "x"), ("a", "y"), ("b", "x")] {
        family.with([job, why]).inc();
    }
    let orphan = family.with(["a", "x"]);
    assert_eq!(family.remove_where("job", "a"), 2);
    assert_eq!(family.remove_where("nope", "a"), 0);
    orphan.inc();
    assert_eq!(r.gather()[0].series.len(), 1);
    assert!(family.remove(["b", "x"]));
    assert!(!family.remove(["b", "x"]));
    assert!(r.gather().is_empty());
    assert_eq!(family.with(["a", "x"]).get(), 0.0);
    assert!(r.unregister("g"));
    assert!(!r.unregister("g"));
    assert!(r.gather().is_empty());
}

#[test]
fn mistakes_in_names_are_named() {
    let (r, _) = registry();
    r.gauge(desc("taken")).expect("first");
    let said = |e: Result<(), RegistryError>| e.expect_err("refused").to_string();
    assert_eq!(
        said(r.counter(desc("taken")).map(drop)),
        "metric taken is already registered"
    );
    assert!(said(r.gauge(desc("a b")).map(drop)).contains("not a valid metric name"));
    assert!(said(r.gauge_family(desc("g"), ["a:b"]).map(drop)).contains("\"a:b\" is not a usable"));
    assert!(said(r.gauge_family(desc("g"), ["__x"]).map(drop)).contains("\"__x\" is not a usable"));
    assert!(said(r.gauge_family(desc("g"), ["x", "x"]).map(drop)).contains("\"x\" appears twice"));
    assert!(
        said(
            r.gauge_family(desc("g").with_label("x", "1"), ["x"])
                .map(drop)
        )
        .contains("appears twice")
    );
    assert!(said(r.histogram_family(desc("h"), ["le"], &[1.0]).map(drop)).contains("\"le\""));
    assert!(
        said(r.summary_family(desc("s"), ["quantile"], &[]).map(drop)).contains("\"quantile\"")
    );
    for bounds in [&[1.0, 1.0][..], &[2.0, 1.0], &[f64::INFINITY], &[f64::NAN]] {
        assert!(said(r.histogram(desc("h"), bounds).map(drop)).contains("bucket bound"));
    }
    for (quantile, error) in [
        (1.1, 0.1),
        (-0.1, 0.1),
        (f64::NAN, 0.1),
        (0.5, 0.0),
        (0.5, f64::NAN),
    ] {
        assert!(
            said(
                r.summary(desc("s"), &[Objective { quantile, error }])
                    .map(drop)
            )
            .contains("out of range")
        );
    }
}

#[test]
fn a_collector_cannot_break_the_exposition() {
    let (r, _) = registry();
    r.gauge(desc("g")).expect("gauge").set(1.0);
    r.collector(|out| {
        out.counter("g", "Other.", &[], 7.0);
        out.gauge("g", "Other.", &[], 7.0);
        out.gauge("bad name", "", &[], 1.0);
        out.gauge("ok", "", &[("bad label", "")], 1.0);
        out.gauge("ok", "", &[("a", "1"), ("a", "2")], 1.0);
        out.gauge("ok", "", &[("a", "1")], 2.0);
    });
    assert_eq!(
        r.render(Exposition::Text),
        "# HELP g Help.\n# TYPE g gauge\ng 1\n# HELP ok \n# TYPE ok gauge\nok{a=\"1\"} 1\n"
    );
}

#[test]
fn a_histogram_puts_bounds_inside_and_the_rest_above() {
    let (r, _) = registry();
    let h = r.histogram(desc("h"), &[-1.0, 0.0]).expect("histogram");
    for v in [-2.0, -1.0, -0.5, 0.0, 1.0, f64::INFINITY, f64::NAN] {
        h.observe(v);
    }
    let SeriesValue::Histogram {
        buckets,
        sum,
        count,
    } = r.gather()[0].series[0].value.clone()
    else {
        panic!("not a histogram");
    };
    assert_eq!(buckets, [(-1.0, 2), (0.0, 4), (f64::INFINITY, 7)]);
    assert_eq!(count, 7);
    assert!(sum.is_nan());
}

fn quantiles(r: &Registry) -> (Vec<f64>, u64) {
    match &r.gather()[0].series[0].value {
        SeriesValue::Summary {
            quantiles, count, ..
        } => (quantiles.iter().map(|q| q.1).collect(), *count),
        other => panic!("not a summary: {other:?}"),
    }
}

#[test]
fn quantiles_keep_their_promised_rank_error_in_bounded_memory() {
    let n = 100_000_u64;
    // Orders that are known to be hard on such sketches, as permutations of 1..=n so that value = rank.
    type Order = fn(u64, u64) -> u64;
    let orders: [(&str, Order); 4] = [
        ("ascending", |i, _| i),
        ("descending", |i, n| n + 1 - i),
        ("zigzag", |i, n| if i % 2 == 0 { i / 2 } else { n - i / 2 }),
        ("shuffled", |i, n| (i * 7919) % n + 1),
    ];
    for (order, value) in orders {
        let (r, clock) = registry();
        let s = r.summary(desc("s"), &Objective::SCRAPE).expect("summary");
        for i in 1..=n {
            s.observe(value(i, n) as f64);
            if i % 13_000 == 0 {
                clock.advance_ms(60_000);
            }
        }
        let (got, count) = quantiles(&r);
        assert_eq!(count, n);
        for (o, got) in Objective::SCRAPE.iter().zip(got) {
            let error = (got - o.quantile * n as f64).abs() / n as f64;
            assert!(
                error <= o.error,
                "{order}: quantile {} is off by {error}",
                o.quantile
            );
        }
        assert!(s.n_samples() < 10_000, "{order}: {} samples", s.n_samples());
    }
}

#[test]
fn small_summaries_answer_exactly_and_empty_ones_with_nan() {
    let (r, _) = registry();
    let s = r.summary(desc("s"), &Objective::SCRAPE).expect("summary");
    assert!(quantiles(&r).0.iter().all(|v| v.is_nan()));
    s.observe(7.0);
    assert_eq!(quantiles(&r).0, [7.0; 5]);
    s.observe(f64::NAN);
    assert_eq!(quantiles(&r), (vec![7.0; 5], 2));
    let (r, _) = registry();
    let ends = [
        Objective {
            quantile: 1.0,
            error: 0.01,
        },
        Objective {
            quantile: 0.0,
            error: 0.01,
        },
    ];
    let s = r.summary(desc("s"), &ends).expect("summary");
    for v in 0..1000 {
        s.observe(f64::from(v));
    }
    let (got, _) = quantiles(&r);
    assert!(got[0] <= 10.0 && got[1] >= 989.0, "{got:?}");
}

#[test]
fn observations_are_forgotten_after_ten_minutes_but_not_before_eight() {
    let (r, clock) = registry();
    let s = r
        .summary(
            desc("s"),
            &[Objective {
                quantile: 0.5,
                error: 0.01,
            }],
        )
        .expect("summary");
    // Off the grid of rotations, so that both bounds are tight.
    clock.advance_ms(30_000);
    s.observe(1.0);
    clock.advance_ms(8 * 60_000);
    assert_eq!(quantiles(&r), (vec![1.0], 1));
    clock.advance_ms(2 * 60_000);
    let (got, count) = quantiles(&r);
    assert!(got[0].is_nan());
    assert_eq!(count, 1);
    // A long silence, then a clock that steps back far: still alive and still forgetting.
    clock.advance_ms(86_400_000);
    s.observe(2.0);
    assert_eq!(quantiles(&r).0, [2.0]);
    clock.set_ms(0);
    s.observe(3.0);
    clock.advance_ms(11 * 60_000);
    assert!(quantiles(&r).0[0].is_nan());
}

#[test]
fn concurrent_updates_are_all_counted() {
    let (r, _) = registry();
    let counter = r.counter_family(desc("c_total"), ["x"]).expect("family");
    let histogram = r.histogram(desc("h"), &[1.0]).expect("histogram");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    counter.with(["a"]).inc();
                    counter.with(["a"]).add_f64(0.5);
                    histogram.observe(1.0);
                }
            });
        }
    });
    assert_eq!(counter.with(["a"]).get(), 6000.0);
    let text = r.render(Exposition::Text);
    assert!(text.contains("h_sum 4000\nh_count 4000\n"), "{text}");
}

/// Label sets, sorted, and values as the parser reads them.
fn parsed(text: &str, format: scrape_parse::Format) -> Vec<(String, f64)> {
    let mut parser = scrape_parse::Parser::new(scrape_parse::ParserOptions::new(format));
    let mut cursor = parser.feed(text.as_bytes(), true);
    let mut out = Vec::new();
    loop {
        match cursor.next().expect("valid exposition") {
            scrape_parse::Step::Event(scrape_parse::Event::Series(series)) => {
                let mut labels: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
                series.labels(&mut labels).expect("labels");
                let pairs = labels.iter().map(|(n, v)| {
                    let text = |b: &[u8]| String::from_utf8(b.to_vec()).expect("UTF-8");
                    (text(n), text(v))
                });
                out.push((crate::Labels::from_pairs(pairs).to_string(), series.value));
            }
            scrape_parse::Step::Event(_) => {}
            scrape_parse::Step::NeedMore => panic!("the text ends early"),
            scrape_parse::Step::Eof => return out,
        }
    }
}

#[test]
fn our_own_parser_reads_both_renderings_alike() {
    let registry = zoo();
    let text = parsed(
        &registry.render(Exposition::Text),
        scrape_parse::Format::Text,
    );
    let openmetrics = parsed(
        &registry.render(Exposition::OpenMetrics),
        scrape_parse::Format::OpenMetrics,
    );
    assert_eq!(text.len(), 17);
    assert_eq!(text, openmetrics);
    let room = r#"{__name__="zoo_room_celsius", room="b\"\\\n"}"#;
    assert!(text.contains(&(room.to_owned(), -1.5)), "{text:?}");
}
