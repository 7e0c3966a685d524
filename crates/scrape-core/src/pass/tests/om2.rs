//! OpenMetrics 2.0: one line, several series.

use super::*;
use crate::Labels;
use scrape_parse::{Format, MetricType};

fn bench(change: impl FnOnce(&mut crate::pass::PassConfig)) -> Bench {
    let mut b = Bench::with(change);
    b.format = Format::OpenMetrics2;
    b
}

const BODY: &[&str] = &[
    "# TYPE h histogram",
    "# HELP h Durations.",
    "h{a=\"b\"} {count:2,sum:3,schema:0,zero_threshold:1,zero_count:2,bucket:[1:1,+Inf:2]} st@0.5 # {t=\"u\"} 0.5 0.75",
    "# TYPE s summary",
    "s {count:1,sum:2,quantile:[0.5:3]}",
    "# TYPE c counter",
    "c 7",
    "d 8",
    "# EOF",
];

#[test]
fn om2_63_series_of_a_line_are_cached_and_end_like_others() {
    // Blocks that cut every line, too.
    for block in [usize::MAX, 1, 7] {
        let mut b = bench(|c| c.append_metadata = true);
        b.block = block;
        assert_eq!(b.scrape(text(BODY)).counts(), (9, 9, 9));
        assert_eq!(
            b.stored(),
            [
                r#"{__name__="h_count", a="b"} 2@1000"#,
                r#"{__name__="h_sum", a="b"} 3@1000"#,
                r#"{__name__="h_bucket", a="b", le="1.0"} 1@1000"#,
                r#"{__name__="h_bucket", a="b", le="+Inf"} 2@1000"#,
                r#"{__name__="s_count"} 1@1000"#,
                r#"{__name__="s_sum"} 2@1000"#,
                r#"{__name__="s", quantile="0.5"} 3@1000"#,
                r#"{__name__="c"} 7@1000"#,
                r#"{__name__="d"} 8@1000"#,
            ]
        );
        let done = b.scrape(text(BODY));
        assert_eq!(done.counts(), (9, 9, 0));
        assert_eq!(done.stats.duplicates, 0);
        b.stored();
        b.scrape(text(&["# TYPE c counter", "c 7", "d 8", "# EOF"]));
        let stale = b.stored().into_iter().filter(|s| s.contains(STALE)).count();
        assert_eq!(stale, 7);
        let kind = |labels: &[(&str, &str)]| {
            let labels = Labels::from_pairs(labels.iter().copied());
            b.store.metadata(&labels).map(|m| m.0)
        };
        assert_eq!(
            kind(&[("__name__", "h_count"), ("a", "b")]),
            Some(MetricType::Histogram)
        );
        assert_eq!(kind(&[("__name__", "c")]), Some(MetricType::Counter));
        assert_eq!(
            kind(&[("__name__", "d")]).unwrap_or_default(),
            MetricType::Unknown
        );
    }
}

#[test]
fn om2_64_a_native_histogram_and_its_exemplars_are_stored() {
    let mut b = bench(|c| {
        c.native_histograms = true;
        c.parse_st = true;
    });
    for round in 0..2 {
        assert_eq!(b.scrape(text(BODY)).counts().0, 6, "{round}");
    }
    let stored = b.stored();
    assert_eq!(
        stored[0],
        r#"{__name__="h", a="b"} int histogram count=2@1000"#
    );
    let exemplars = b.store.exemplars();
    assert_eq!(exemplars.len(), 2);
    assert_eq!(exemplars[0].1.ts, 750);
}

#[test]
fn om2_65_type_and_unit_end_with_their_family() {
    let mut b = bench(|c| c.type_and_unit_labels = true);
    for round in 0..2 {
        b.scrape(text(&[
            "# TYPE g gauge",
            "# UNIT g seconds",
            "g 1",
            "other 2",
            "# EOF",
        ]));
        let t = 1000 * (round + 1);
        assert_eq!(
            b.stored(),
            [
                format!(r#"{{__name__="g", __type__="gauge", __unit__="seconds"}} 1@{t}"#),
                format!(r#"{{__name__="other"}} 2@{t}"#),
            ]
        );
    }
}

#[test]
fn om2_66_a_malformed_line_fails_the_scrape() {
    let mut b = bench(|_| ());
    b.scrape(text(BODY));
    b.stored();
    let done = b.scrape("# TYPE h histogram\nh {count:1,sum:1}\n# EOF\n");
    assert!(done.result.is_err());
    assert!(b.stored().iter().all(|s| s.contains(STALE)));
}
