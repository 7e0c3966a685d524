//! What feature switches add: type and unit as labels, start timestamps read or worked out.

use super::*;
use crate::Labels;
use crate::testing::wire::{double, family, message, string};
use scrape_parse::Format;

fn schema_bench(format: Format) -> Bench {
    let mut b = Bench::with(|c| c.type_and_unit_labels = true);
    b.format = format;
    b
}

#[test]
fn type_and_unit_become_labels_and_replace_exposed_ones() {
    let mut b = schema_bench(Format::OpenMetrics);
    b.scrape(text(&[
        "# TYPE run_seconds counter",
        "# UNIT run_seconds seconds",
        r#"run_seconds_total{__type__="mine",__unit__="mine"} 1"#,
        "# TYPE other unknown",
        r#"other{__type__="mine",__unit__="mine"} 2"#,
        "# EOF",
    ]));
    assert_eq!(
        b.stored(),
        [
            r#"{__name__="run_seconds_total", __type__="counter", __unit__="seconds"} 1@1000"#,
            r#"{__name__="other", __type__="mine", __unit__="mine"} 2@1000"#,
        ]
    );
}

#[test]
fn type_and_unit_of_one_family_do_not_reach_the_next() {
    let mut b = schema_bench(Format::OpenMetrics);
    b.scrape(text(&[
        "# TYPE a_seconds gauge",
        "# UNIT a_seconds seconds",
        "a_seconds 1",
        "# HELP b no type",
        "b 2",
        "# EOF",
    ]));
    assert_eq!(
        b.stored(),
        [
            r#"{__name__="a_seconds", __type__="gauge", __unit__="seconds"} 1@1000"#,
            r#"{__name__="b"} 2@1000"#,
        ]
    );
}

#[test]
fn a_changed_type_is_another_series_and_ends_the_old_one() {
    let mut b = schema_bench(Format::Text);
    for (i, (kind, series_added)) in [("gauge", 2), ("gauge", 0), ("counter", 1), ("counter", 0)]
        .into_iter()
        .enumerate()
    {
        let body = text(&["# TYPE g gauge", "g 7", &format!("# TYPE m {kind}"), "m 1"]);
        assert_eq!(b.scrape(body).counts(), (2, 2, series_added), "scrape {i}");
    }
    let of_m: Vec<String> = b
        .stored()
        .into_iter()
        .filter(|s| s.contains("\"m\""))
        .collect();
    assert_eq!(
        of_m,
        [
            r#"{__name__="m", __type__="gauge"} 1@1000"#,
            r#"{__name__="m", __type__="gauge"} 1@2000"#,
            r#"{__name__="m", __type__="counter"} 1@3000"#,
            r#"{__name__="m", __type__="gauge"} stale@3000"#,
            r#"{__name__="m", __type__="counter"} 1@4000"#,
        ]
    );
}

#[test]
fn one_line_under_two_types_in_one_scrape_is_two_series() {
    let mut b = schema_bench(Format::Text);
    for _ in 0..3 {
        let done = b.scrape("# TYPE m gauge\nm 1\n# TYPE m counter\nm 1\n");
        assert_eq!((done.stats.duplicates, done.stats.stale_markers), (0, 0));
    }
    assert_eq!(b.stored().len(), 6);
}

#[test]
fn labels_derived_again_are_those_of_the_type_in_force_then() {
    let mut b = schema_bench(Format::Text);
    let body = "# TYPE a gauge\na 1\n# TYPE b counter\nb 1\n";
    b.scrape(body);
    b.store.renumber();
    b.scrape(body);
    assert_eq!(
        b.stored()[2..],
        [
            r#"{__name__="a", __type__="gauge"} 1@2000"#,
            r#"{__name__="b", __type__="counter"} 1@2000"#,
        ]
    );
}

#[test]
fn protobuf_families_bring_type_and_unit() {
    const GAUGE: u64 = 1;
    let mut b = schema_bench(Format::Protobuf);
    let mut body = family("g", GAUGE, &[message(2, &[double(1, 3.0)])]);
    // The unit is field 5 of the family: one more field, so a longer message.
    body.extend(string(5, "meters"));
    body[0] += u8::try_from(string(5, "meters").len()).expect("short");
    b.scrape(&body);
    b.scrape(&body);
    let series = r#"{__name__="g", __type__="gauge", __unit__="meters"} 3@"#;
    assert_eq!(
        b.stored(),
        [format!("{series}1000"), format!("{series}2000")]
    );
}

fn with_starts(b: &mut Bench) -> Vec<String> {
    let all = b.store.take_samples().into_iter();
    all.filter(|s| {
        s.labels
            .name()
            .is_some_and(|n| n != "up" && !n.starts_with("scrape_"))
    })
    .map(|s| match s.value.float() {
        _ if s.is_stale() => format!("{} stale@{}", s.labels, s.t),
        Some(v) => format!("{} {v}@{} since {}", s.labels, s.t, s.st),
        None => format!("{} histogram@{} since {}", s.labels, s.t, s.st),
    })
    .collect()
}

#[test]
fn start_timestamps_are_handed_over_without_zero_samples() {
    let mut b = Bench::with(|c| c.parse_st = true);
    b.format = Format::OpenMetrics;
    b.scrape(text(&[
        "# TYPE m counter",
        "m_total 5",
        "m_created 0.5",
        "# EOF",
    ]));
    assert_eq!(
        with_starts(&mut b),
        [r#"{__name__="m_total"} 5@1000 since 500"#]
    );
}

#[test]
fn without_any_switch_created_lines_are_series() {
    let mut b = Bench::new();
    b.format = Format::OpenMetrics;
    b.scrape("# TYPE m counter\nm_total 5\nm_created 0.5\n# EOF\n");
    assert_eq!(b.stored().len(), 2);
}

fn synthesis() -> Bench {
    Bench::with(|c| c.st_synthesis = true)
}

#[test]
fn synthesis_anchors_then_stores_differences() {
    let mut b = synthesis();
    let body = |v: u32| format!("# TYPE g gauge\ng {v}\n# TYPE m_total counter\nm_total {v}\n");
    assert_eq!(b.scrape(body(10)).counts(), (2, 2, 2));
    for v in [15, 15, 2, 9] {
        let done = b.scrape(body(v));
        assert_eq!(done.counts(), (2, 2, 0));
        assert_eq!(done.stats.stale_markers, 0);
    }
    let of_m: Vec<String> = with_starts(&mut b)
        .into_iter()
        .filter(|s| s.contains("m_total"))
        .collect();
    assert_eq!(
        of_m,
        [
            r#"{__name__="m_total"} 5@2000 since 1000"#,
            r#"{__name__="m_total"} 5@3000 since 1000"#,
            r#"{__name__="m_total"} 2@4000 since 3999"#,
            r#"{__name__="m_total"} 9@5000 since 3999"#,
        ]
    );
    assert_eq!(
        b.store
            .metadata(&Labels::from_pairs([("__name__", "m_total")]))
            .map(|m| m.0),
        Some(scrape_parse::MetricType::Counter)
    );
}

#[test]
fn synthesis_takes_sum_and_count_of_summaries_and_leaves_quantiles() {
    let mut b = synthesis();
    let body = "# TYPE s summary\ns{quantile=\"0.5\"} 3\ns_sum 10\ns_count 2\n";
    for _ in 0..3 {
        b.scrape(body);
    }
    assert_eq!(
        with_starts(&mut b)
            .iter()
            .map(|s| s.replace("\"", ""))
            .collect::<Vec<_>>(),
        [
            "{__name__=s, quantile=0.5} 3@1000 since 0",
            "{__name__=s, quantile=0.5} 3@2000 since 0",
            "{__name__=s_sum} 0@2000 since 1000",
            "{__name__=s_count} 0@2000 since 1000",
            "{__name__=s, quantile=0.5} 3@3000 since 0",
            "{__name__=s_sum} 0@3000 since 1000",
            "{__name__=s_count} 0@3000 since 1000",
        ]
    );
}

#[test]
fn synthesis_begins_again_after_a_refusal_and_yields_to_an_exposed_start() {
    let mut b = Bench::with(|c| {
        c.st_synthesis = true;
        c.parse_st = true;
    });
    b.format = Format::OpenMetrics;
    let body = |v: u32| format!("# TYPE m counter\nm_total {v}\n# EOF\n");
    b.scrape(body(10));
    b.scrape(body(11));
    b.store
        .refuse(|l, _| (l.name() == Some("m_total")).then_some(crate::AppendError::OutOfOrder));
    assert_eq!(b.scrape(body(12)).stats.out_of_order, 1);
    b.store.refuse(|_, _| None);
    b.scrape(body(20));
    b.scrape(body(23));
    b.scrape("# TYPE m counter\nm_total 30\nm_created 1.5\n# EOF\n");
    b.scrape(body(31));
    b.scrape(body(33));
    let stored: Vec<String> = with_starts(&mut b)
        .iter()
        .filter(|s| !s.contains("stale"))
        .map(|s| s.replace(r#"{__name__="m_total"} "#, ""))
        .collect();
    assert_eq!(
        stored,
        [
            "1@2000 since 1000",
            "3@5000 since 4000",
            "30@6000 since 1500",
            "2@8000 since 7000"
        ]
    );
}

#[test]
fn synthesis_of_a_series_that_went_keeps_nothing() {
    let mut b = synthesis();
    b.scrape("# TYPE m counter\nm 1\n");
    assert_eq!(b.cache.starts.len(), 1);
    b.scrape("other 1\n");
    assert!(b.cache.starts.is_empty());
    // Never stored, so nothing to end.
    assert!(!b.stored().iter().any(|s| s.contains(STALE)));
}

#[test]
fn synthesis_stores_a_value_that_is_no_number_as_it_is() {
    let mut b = synthesis();
    for v in ["NaN", "4", "6", "+Inf", "8", "9"] {
        b.scrape(format!("# TYPE m counter\nm {v}\n"));
    }
    let stored: Vec<String> = with_starts(&mut b)
        .iter()
        .map(|s| s.replace(r#"{__name__="m"} "#, ""))
        .collect();
    assert_eq!(
        stored,
        [
            "NaN@1000 since 0",
            "2@3000 since 2000",
            "inf@4000 since 0",
            "1@6000 since 5000"
        ]
    );
}

#[test]
fn synthesis_of_an_anchor_whose_family_turns_gauge_stores_it() {
    let mut b = synthesis();
    b.scrape("# TYPE m counter\nm 5\n");
    b.scrape("# TYPE m gauge\nm 6\n");
    b.scrape("# TYPE m gauge\nm 7\n");
    assert_eq!(
        b.stored(),
        [r#"{__name__="m"} 6@2000"#, r#"{__name__="m"} 7@3000"#]
    );
}

#[test]
fn synthesis_of_native_histograms() {
    let mut b = Bench::with(|c| {
        c.st_synthesis = true;
        c.convert_classic_to_nhcb = true;
        c.native_histograms = true;
    });
    for n in [1, 3, 4] {
        b.scrape(format!(
            "# TYPE h histogram\nh_bucket{{le=\"1\"}} {n}\nh_bucket{{le=\"+Inf\"}} {n}\nh_sum {n}\nh_count {n}\n"
        ));
    }
    assert_eq!(
        b.stored(),
        [
            r#"{__name__="h"} int histogram count=2@2000"#,
            r#"{__name__="h"} int histogram count=3@3000"#
        ]
    );
}
