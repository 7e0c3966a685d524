//! The comparison itself, and the table's own rules.

use super::case::{Alignment, case, text};
use super::dump::Dump;
use super::view::{Sequence, View, differences, split};
use std::collections::BTreeSet;

fn dump(rows: &[(&str, &[(i64, &str)])]) -> Dump {
    rows.iter()
        .map(|(l, s)| {
            let samples = s.iter().map(|(t, v)| (*t, (*v).to_owned())).collect();
            ((*l).to_owned(), samples)
        })
        .collect()
}

fn view(shift: i64, values: &[&str]) -> View {
    let ups: Vec<(i64, &str)> = (0..values.len() as i64)
        .map(|k| (10_000 + shift + k * 1000, "1"))
        .collect();
    let xs: Vec<(i64, &str)> = ups
        .iter()
        .zip(values)
        .filter(|(_, v)| **v != "-")
        .map(|((t, _), v)| (*t, *v))
        .collect();
    let labels = |name: &str| {
        format!("{{__name__=\"{name}\", case=\"c\", instance=\"127.0.0.1:9\", job=\"c\"}}")
    };
    let (up, x) = (labels("up"), labels("x"));
    let mut views = split(&dump(&[(&up, &ups), (&x, &xs)]), 9, 0).expect("the dump reads");
    views.remove("c").expect("one scenario")
}

#[test]
fn scrapes_are_compared_by_number_not_by_time() {
    let (a, b) = (view(0, &["1", "-", "2", "3"]), view(137, &["1", "-", "2"]));
    assert_eq!(differences(&a, &b, Alignment::Scrape), (2, vec![]));
    let c = view(5, &["1", "2", "2", "3"]);
    let (_, found) = differences(&a, &c, Alignment::Scrape);
    assert_eq!(found, vec![("x".into(), "1 - 2".into(), "1 2 2".into())]);
    assert_eq!(differences(&a, &c, Alignment::Collapsed).1, vec![]);
}

#[test]
fn a_time_of_the_targets_own_is_kept() {
    let views = split(
        &dump(&[
            (
                "{__name__=\"up\", case=\"c\", instance=\"i\"}",
                &[(5000, "1")],
            ),
            (
                "{__name__=\"x\", case=\"c\", instance=\"i\", v=\"a\\\"b, c=\"}",
                &[(4001, "7")],
            ),
        ]),
        9,
        4000,
    )
    .expect("the dump reads");
    let s = &views["c"].series["x{instance=\"i\",v=\"a\\\"b, c=\"}"];
    assert_eq!(s.render(1, Alignment::Scrape), "@1=7");
    assert!(s.matches("@1=7", 1, Alignment::Scrape));
    assert!(!s.matches("@2=7", 1, Alignment::Scrape));
}

#[test]
fn patterns() {
    let s = Sequence {
        scraped: [(0, "1"), (1, "2"), (2, "2")]
            .map(|(k, v)| (k, v.to_owned()))
            .into(),
        ..Sequence::default()
    };
    for (pattern, fits) in [
        ("1 2", true),
        ("1 2 …", true),
        ("1 …", false),
        ("* 2", true),
        ("2", false),
    ] {
        assert_eq!(s.matches(pattern, 3, Alignment::Scrape), fits, "{pattern}");
    }
    assert!(
        !s.matches("1 2 …", 4, Alignment::Scrape),
        "a value is missing at the end"
    );
}

#[test]
fn the_table_is_sound() {
    let table = super::table();
    let names: BTreeSet<_> = table.iter().map(|c| c.name).collect();
    assert_eq!(names.len(), table.len(), "a name is used twice");
    for c in &table {
        assert!(!c.spec.is_empty() && !c.name.contains('/'), "{}", c.name);
        assert!(
            c.differs.is_none() || !c.shows.is_empty(),
            "{}: a difference must say what ours is",
            c.name
        );
    }
}

#[test]
fn a_job_gets_what_its_row_leaves_out() {
    let job = case("n", "§", "sample_limit: 1", |_| text("")).job("h:1", "/d");
    assert_eq!(
        job,
        "- job_name: n\n  metrics_path: /c/n\n  static_configs: [{targets: ['h:1'], labels: {case: n}}]\n  sample_limit: 1\n"
    );
}
