use super::*;
use crate::relabel::{RelabelConfig, Rule};
use scrape_parse::names::ValidationScheme;

#[test]
fn case_080_honor_labels_decides_who_wins() {
    let mut b = Bench::new().target(&[("n", "2")]);
    b.scrape("m{n=\"1\"} 1\n");
    assert_eq!(
        b.stored(),
        [r#"{__name__="m", exported_n="1", n="2"} 1@1000"#]
    );
    let mut b = Bench::new().target(&[("n", "2"), ("exported_n", "3")]);
    b.scrape("m{n=\"1\"} 1\n");
    assert_eq!(
        b.stored(),
        [r#"{__name__="m", exported_exported_n="1", exported_n="3", n="2"} 1@1000"#]
    );
    let mut b = Bench::with(|c| c.honor_labels = true).target(&[("n", "2")]);
    b.scrape("m{n=\"1\"} 1\n");
    assert_eq!(b.stored(), [r#"{__name__="m", n="1"} 1@1000"#]);
    b.scrape("m{n=\"\"} 1\n");
    assert!(b.stored().contains(&r#"{__name__="m"} 1@2000"#.to_owned()));
    let mut b = Bench::new().target(&[("n", "2")]);
    b.scrape("m{n=\"\"} 1\n");
    assert_eq!(b.stored(), [r#"{__name__="m", n="2"} 1@1000"#]);
}

#[test]
fn case_081_displaced_labels_find_free_names_shortest_first() {
    let x = |n: usize| format!("{}foo", "exported_".repeat(n));
    let (x2, x3) = (x(2), x(3));
    let mut b = Bench::new().target(&[("foo", "0"), (&x2, "1"), (&x3, "2")]);
    b.scrape(format!("m{{foo=\"3\",exported_foo=\"4\",{x3}=\"5\"}} 1\n"));
    let l = b.store.samples()[0].labels.clone();
    let got: Vec<&str> = (0..6)
        .map(|n| {
            if n == 0 {
                l.value("foo").to_owned()
            } else {
                l.value(&x(n)).to_owned()
            }
        })
        .map(|s| Box::leak(s.into_boxed_str()) as &str)
        .collect();
    assert_eq!(got, ["0", "4", "1", "2", "3", "5"]);
}

#[test]
fn case_083_a_series_without_a_valid_name_fails_the_scrape() {
    let cfg: RelabelConfig =
        serde_json::from_str(r#"{"action":"labeldrop","regex":"__name__"}"#).expect("a rule");
    let rules = std::sync::Arc::from([Rule::compile(&cfg, ValidationScheme::Utf8).expect("valid")]);
    let mut b = Bench::with(|c| c.metric_relabel = rules);
    let done = b.scrape("m{a=\"1\"} 1\n");
    assert_eq!(done.counts(), (1, 0, 0));
    assert!(done.result.is_err());
    let mut b = Bench::new();
    let done = b.scrape(b"{\"\xff\"} 1\n");
    assert_eq!(done.counts(), (1, 0, 0));
    assert_eq!(done.result.unwrap_err().reason(), "invalid_labels");
    let mut b = Bench::new();
    assert_eq!(
        b.scrape(b"m{\"\xff\"=\"x\"} 1\n")
            .result
            .unwrap_err()
            .reason(),
        "invalid_labels"
    );
    let mut b = Bench::new().target(&[("job", "j")]);
    assert_eq!(
        b.scrape("{\"\"} 1\n").result.unwrap_err().reason(),
        "invalid_labels"
    );
}

#[test]
fn case_084_legacy_names() {
    let mut b = Bench::with(|c| c.validation = ValidationScheme::Legacy);
    assert_eq!(
        b.scrape("{\"test.metric\"} 1\n")
            .result
            .unwrap_err()
            .reason(),
        "invalid_labels"
    );
    let mut b = Bench::new();
    assert!(b.scrape("{\"test.metric\"} 1\n").result.is_ok());
    assert_eq!(b.stored(), [r#"{__name__="test.metric"} 1@1000"#]);
}

#[test]
fn case_085_a_repeated_label_name_fails_the_scrape() {
    let mut b = Bench::new();
    let done = b.scrape("good 1\ntest_metric{le=\"600\",le=\"700\"} 1\n");
    assert_eq!(done.result.unwrap_err().reason(), "invalid_labels");
    assert_eq!(b.stored(), [""; 0]);
}

#[test]
fn case_086_content_type_matters_only_for_a_body() {
    let mut b = Bench::new();
    let refused = || scrape_parse::Format::from_content_type("", None).map(|(f, _)| f);
    let mut run = |body: &[u8]| {
        let mut s =
            crate::pass::Scrape::begin(&mut b.cache, &b.cfg, &b.target, &b.store, 1000, 1000);
        s.start_body(refused());
        s.feed(body);
        s.end_of_body()
    };
    assert_eq!(run(b"a 1\n").unwrap_err().reason(), "content_type");
    assert!(run(b"").is_ok());
    let mut b = Bench::new();
    assert_eq!(
        b.scrape(b"a{l=\"\xff\"} 1\n").result.unwrap_err().reason(),
        "parse"
    );
}

#[test]
fn case_087_bucket_bounds_are_normalised_when_the_type_says_histogram() {
    let mut b = Bench::new();
    b.scrape(text(&[
        "# TYPE h histogram",
        "h_bucket{le=\"1\"} 1",
        "h_bucket{le=\"5\"} 1",
        "h_bucket{le=\"10\"} 1",
        "# TYPE other untyped",
        "other{le=\"1\"} 1",
    ]));
    let les: Vec<String> = b
        .store
        .samples()
        .iter()
        .map(|s| s.labels.value("le").to_owned())
        .take(4)
        .collect();
    assert_eq!(les, ["1.0", "5.0", "10.0", "1"]);
}

#[test]
fn case_092_an_exposed_nan_is_an_ordinary_nan() {
    let mut b = Bench::new();
    b.scrape("a NaN\n");
    let v = b.store.samples()[0].value.float().unwrap();
    assert_eq!(v.to_bits(), crate::sample::NORMAL_NAN_BITS);
}

#[test]
fn k04_a_type_change_decodes_the_bucket_bound_again() {
    let mut b = Bench::new();
    b.scrape("# TYPE h histogram\nh{le=\"1\"} 1\n");
    b.scrape("# TYPE h gauge\nh{le=\"1\"} 2\n");
    assert_eq!(
        b.stored(),
        [
            r#"{__name__="h", le="1.0"} 1@1000"#,
            r#"{__name__="h", le="1"} 2@2000"#,
            r#"{__name__="h", le="1.0"} stale@2000"#
        ]
    );
}

#[test]
fn metadata_goes_along_with_the_series_of_its_family() {
    let mut b = Bench::new();
    b.scrape("# HELP m helps\n# TYPE m counter\nm_total 1\nm 2\nunrelated 3\n");
    let of = |n: &str| {
        b.store
            .metadata(&crate::Labels::from_pairs([("__name__", n)]))
            .map(|(k, _, h)| (k.as_str(), h))
    };
    assert_eq!(of("m_total"), Some(("counter", "helps".to_owned())));
    assert_eq!(of("m"), Some(("counter", "helps".to_owned())));
    assert_eq!(of("unrelated"), None);
    b.scrape("# HELP m helps more\n# TYPE m counter\nm_total 1\nm 2\nunrelated 3\n");
    let of = |n: &str| {
        b.store
            .metadata(&crate::Labels::from_pairs([("__name__", n)]))
            .map(|(k, _, h)| (k.as_str(), h))
    };
    assert_eq!(of("m_total"), Some(("counter", "helps more".to_owned())));
}
