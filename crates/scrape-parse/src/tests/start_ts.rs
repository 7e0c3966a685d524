//! Start timestamps from `_created` lines.

use super::check_with;
use crate::reference::{Item, parse_fast};
use crate::text::start_ts::LOOKAHEAD;
use crate::{Format, Parser, ParserOptions, Step};

fn start_timestamps(body: &str, st_anywhere: bool) -> Vec<(String, i64)> {
    let options = ParserOptions {
        start_timestamps: true,
        st_anywhere,
        ..ParserOptions::new(Format::OpenMetrics)
    };
    let (items, refusal) = check_with(format!("{body}# EOF\n").as_bytes(), options);
    assert_eq!(refusal, None);
    let of = |item| match item {
        Item::Sample(s) => Some((
            String::from_utf8_lossy(&s.key).into_owned(),
            s.start_timestamp,
        )),
        _ => None,
    };
    items.into_iter().filter_map(of).collect()
}

fn only(body: &str) -> Vec<i64> {
    start_timestamps(body, false)
        .into_iter()
        .map(|s| s.1)
        .collect()
}

#[test]
fn every_series_of_a_histogram_gets_the_start_of_its_metric() {
    let body = "# TYPE h histogram\n\
        h_bucket{a=\"1\",le=\"1.0\"} 1\nh_bucket{a=\"1\",le=\"+Inf\"} 2\nh_count{a=\"1\"} 2\nh_sum{a=\"1\"} 3\n\
        h_created{a=\"1\"} 1.5\nh_bucket{a=\"2\",le=\"+Inf\"} 2\nh_created{a=\"2\"} 7\nh_sum{a=\"1\"} 9\n";
    assert_eq!(only(body), [1500, 1500, 1500, 1500, 7000, 0]);
}

#[test]
fn a_start_holds_for_later_samples_of_the_metric() {
    assert_eq!(
        only("# TYPE c counter\nc_total 1\nc_created 2\nc_total 3\n"),
        [2000, 2000]
    );
}

#[test]
fn a_created_line_of_other_labels_ends_the_search() {
    let body = "# TYPE c counter\nc_total{a=\"1\"} 1\nc_created{a=\"2\"} 2\nc_created{a=\"1\"} 3\n";
    assert_eq!(only(body), [0]);
}

#[test]
fn metadata_ends_the_run() {
    assert_eq!(
        only("# TYPE c counter\nc_total 1\n# HELP c x\nc_created 2\n"),
        [0]
    );
    assert_eq!(
        only("# TYPE c counter\nc_total 1\n# TYPE d counter\nd_total 2\nd_created 2\n"),
        [0, 2000]
    );
}

#[test]
fn other_types_keep_their_created_lines() {
    assert_eq!(
        start_timestamps("# TYPE g gauge\ng 1\ng_created 2\n", false).len(),
        2
    );
}

#[test]
fn foreign_names_have_no_start() {
    assert_eq!(only("# TYPE c counter\nx_total 1\nx_created 2\n"), [0]);
    assert_eq!(
        only("# TYPE c counter\nc_total 1\nx_created 2\nc_created 3\n"),
        [0]
    );
}

#[test]
fn quoted_names_and_odd_spellings() {
    let body = "# TYPE \"a.b\" counter\n{\"a.b_total\",x=\"1\"} 1\n{x=\"1\",\"a.b_created\",} 2\n";
    assert_eq!(only(body), [2000]);
}

#[test]
fn earlier_lines_are_found_if_asked_for() {
    let body = "# TYPE c counter\nc_created{a=\"2\"} 2\nc_created{a=\"1\"} 1\nc_total{a=\"1\"} 1\nc_total{a=\"2\"} 1\n\
        c_created{a=\"1\"} 9\nc_total{a=\"3\"} 1\n";
    let all: Vec<i64> = start_timestamps(body, true)
        .into_iter()
        .map(|s| s.1)
        .collect();
    assert_eq!(all, [1000, 2000, 0]);
}

#[test]
fn a_bad_line_ahead_is_reported_when_its_turn_comes() {
    let options = ParserOptions {
        start_timestamps: true,
        ..ParserOptions::new(Format::OpenMetrics)
    };
    let (items, refusal) = check_with(
        b"# TYPE c counter\nc_total 1\nc_created x\n# EOF\n",
        options,
    );
    assert_eq!(items.len(), 2);
    assert_eq!(refusal, Some((crate::ErrorClass::Float, 37)));
}

#[test]
fn a_run_without_end_is_not_kept_in_memory() {
    let mut body = "# TYPE c counter\n".to_owned();
    for i in 0..2000 {
        body.push_str(&format!("c_total{{a=\"{i}\"}} 1\n"));
    }
    body.push_str("c_created{a=\"1999\"} 2.5\n# EOF\n");
    for st_anywhere in [false, true] {
        let options = ParserOptions {
            start_timestamps: true,
            st_anywhere,
            ..ParserOptions::new(Format::OpenMetrics)
        };
        let whole = parse_fast(body.as_bytes(), &options, &[]);
        assert_eq!(whole.1, None);
        let last = whole.0.last();
        assert!(
            matches!(last, Some(Item::Sample(s)) if s.start_timestamp == 2500),
            "{last:?}"
        );

        // The caller never has to hold much more than the stretch that is looked at.
        let mut parser = Parser::new(options);
        let (mut items, mut from, mut to) = (0, 0, 0);
        loop {
            to = body.len().min(to + 100);
            let mut cursor = parser.feed(&body.as_bytes()[from..to], to == body.len());
            let step = loop {
                match cursor.next().expect("well-formed") {
                    Step::Event(_) => items += 1,
                    step => break step,
                }
            };
            if matches!(step, Step::Eof) {
                break;
            }
            from += cursor.consumed();
            assert!(to - from < LOOKAHEAD + 1000, "{} bytes are held", to - from);
        }
        assert_eq!(items, whole.0.len());
    }
}
