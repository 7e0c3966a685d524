//! Metadata lines and exemplars that are recognised by their text leave behind what reading them would.

use super::*;
use crate::cache::metadata::Family;
use proptest::prelude::*;
use scrape_parse::Format;

/// The lines kept of a family.
fn lines(b: &Bench, family: &str) -> String {
    let all = b.cache.metadata();
    (0..all.len())
        .filter(|i| all.at(*i).is_some_and(|f| f.name() == family))
        .filter_map(|i| all.lines(i))
        .map(|known| String::from_utf8_lossy(known.lines).into_owned())
        .collect()
}

fn facts(f: &Family) -> (&str, &str, &str, &str) {
    (f.name(), f.kind.as_str(), f.help(), f.unit())
}

#[test]
fn the_first_lines_of_a_family_are_kept_as_written() {
    let mut b = Bench::new();
    for round in 0..3 {
        b.scrape(text(&[
            "# HELP a Of \\\\ a.",
            "# TYPE a counter",
            "# HELP b Of b.",
            "b 1",
            "# TYPE b gauge",
            "# HELP c Of c.",
            "# TYPE c gauge",
            "# HELP c Of c.",
        ]));
        assert_eq!(lines(&b, "a"), "# HELP a Of \\\\ a.\n# TYPE a counter\n");
        // In the first scrape its later line brought something new.
        let kept = if round == 0 { "" } else { "# HELP b Of b.\n" };
        assert_eq!(lines(&b, "b"), kept);
        assert_eq!(lines(&b, "c"), "# HELP c Of c.\n# TYPE c gauge\n");
        let all: Vec<_> = b.cache.metadata().iter().map(facts).collect();
        assert_eq!(
            all,
            [
                ("a", "counter", "Of \\ a.", ""),
                ("b", "gauge", "Of b.", ""),
                ("c", "gauge", "Of c.", "")
            ]
        );
    }
}

/// What one format accepted is malformed in another, and is not believed there.
#[test]
fn a_change_of_format_makes_every_line_be_read_again() {
    let bodies = [
        (Format::Text, "# TYPE a  gauge\n", false),
        (Format::Text, "# TYPE a untyped\na 1\n", true),
        (Format::OpenMetrics, "# TYPE a untyped\na 1\n# EOF\n", false),
        (Format::Text, "# TYPE a untyped\na 1\n", true),
        (Format::OpenMetrics, "# TYPE a unknown\na 1\n# EOF\n", true),
        (Format::OpenMetrics, "# TYPE a untyped\na 1\n# EOF\n", false),
        (
            Format::Text,
            "a { b=\"c\" } 1\n# HELP c x\n# TYPE c untyped\n",
            true,
        ),
        (Format::OpenMetrics, "a { b=\"c\" } 1\n# EOF\n", false),
        (Format::OpenMetrics, "a 1\n# EOF\n", true),
        (
            Format::OpenMetrics,
            "# HELP c x\n# TYPE c untyped\na 1\n# EOF\n",
            false,
        ),
        (Format::Text, "# HELP c x\n# TYPE c untyped\na 1\n", true),
    ];
    let mut b = Bench::new();
    for (i, (format, body, ok)) in bodies.into_iter().enumerate() {
        b.format = format;
        assert_eq!(b.scrape(body).result.is_ok(), ok, "body {i}");
    }
}

/// However the body is cut, each family is expected after the one that it followed.
#[test]
fn families_are_expected_in_the_order_they_came_in() {
    let families = |order: [usize; 4]| {
        let lines = |i| format!("# HELP f{i} Help.\n# TYPE f{i} gauge\nf{i} 1\n");
        order.map(lines).concat()
    };
    for block in [1, 3, 20, 50, 1000] {
        let mut b = Bench::new();
        b.block = block;
        for order in [[0, 1, 2, 3], [0, 1, 2, 3], [0, 2, 3, 1]] {
            b.scrape(families(order));
            let all = b.cache.metadata();
            let mut after = None;
            for i in order {
                assert_eq!(all.expected(after), i, "{order:?} in blocks of {block}");
                after = Some(i);
            }
            if order[3] == 3 {
                assert!(all.at(all.expected(after)).is_none());
            }
        }
    }
}

#[test]
fn a_family_that_contradicts_itself_keeps_the_lines_that_hold() {
    let mut b = Bench::new();
    for _ in 0..3 {
        b.scrape(text(&[
            "# HELP a one",
            "a 1",
            "# HELP a two",
            "# TYPE a gauge",
        ]));
        let f = b.cache.metadata().get("a").expect("exposed");
        assert_eq!(facts(f), ("a", "gauge", "two", ""));
        assert_eq!(lines(&b, "a"), "");
    }
}

#[test]
fn lines_beyond_their_bound_are_not_kept() {
    let mut b = Bench::new();
    let help = "x".repeat(70_000);
    b.scrape(format!("# HELP a {help}\n# TYPE a gauge\na 1\n"));
    assert_eq!(lines(&b, "a"), "");
    let f = b.cache.metadata().get("a").expect("exposed");
    assert_eq!(f.help().len(), 70_000);
}

#[test]
fn an_exemplar_that_stays_is_handed_to_storage_each_time() {
    let mut b = Bench::new();
    b.format = Format::OpenMetrics;
    let body = |exemplar: &str| format!("# TYPE a counter\na_total 1 # {exemplar}\n# EOF\n");
    for exemplar in [
        "{t=\"1\"} 1 0.5",
        "{t=\"1\"} 1 0.5",
        "{t=\"22\"} 1 0.75",
        "{t=\"22\"} 1",
        "{t=\"22\"} 1",
    ] {
        assert!(b.scrape(body(exemplar)).result.is_ok());
    }
    assert!(b.scrape(body("{t=\"22\"} 1x")).result.is_err());
    let all: Vec<_> = b
        .store
        .exemplars()
        .into_iter()
        .map(|(_, e)| (e.labels.to_string(), e.ts))
        .collect();
    let (one, two) = ("{t=\"1\"}".to_owned(), "{t=\"22\"}".to_owned());
    assert_eq!(
        all,
        [
            (one.clone(), 500),
            (one, 500),
            (two.clone(), 750),
            (two.clone(), 4000),
            (two, 5000)
        ]
    );
}

fn line() -> impl Strategy<Value = String> {
    let family = || prop::sample::select(&["a", "b", "c", "d_s"][..]);
    prop_oneof![
        3 => (family(), prop::sample::select(&["x", "y", "x\\\\n", ""][..]))
            .prop_map(|(f, h)| format!("# HELP {f} {h}")),
        3 => (family(), prop::sample::select(&["counter", "gauge", "histogram"][..]))
            .prop_map(|(f, k)| format!("# TYPE {f} {k}")),
        1 => family().prop_map(|f| format!("# UNIT {f} {}", if f == "d_s" { "s" } else { "" })),
        4 => (family(), 0..3u8, prop::sample::select(&["", " # {t=\"1\"} 1", " # {t=\"2\"} 2 0.1"][..]))
            .prop_map(|(f, n, e)| format!("{f}_total{{le=\"1\",n=\"{n}\"}} {n}{e}")),
    ]
}

/// Bodies of one target: each repeats most of the one before it.
fn bodies() -> impl Strategy<Value = Vec<Vec<String>>> {
    let edit = (any::<prop::sample::Index>(), 0..6u8, line());
    (
        prop::collection::vec(line(), 1..12),
        prop::collection::vec(edit, 0..6),
    )
        .prop_map(|(first, edits)| {
            let mut all = vec![first];
            for (at, what, line) in edits {
                let mut next = all.last().cloned().unwrap_or_default();
                let at = at.index(next.len().max(1));
                match what {
                    0 => next.insert(at, line),
                    1 if at < next.len() => next[at] = line,
                    2 if next.len() > 1 => drop(next.remove(at)),
                    3 if !next.is_empty() => next.rotate_left(at),
                    _ => {}
                }
                all.push(next);
            }
            all
        })
}

type Seen = (
    Vec<String>,
    Vec<String>,
    Vec<(String, String, String, String, bool)>,
    bool,
);

/// What a scrape leaves in storage and in the cache.
fn seen(b: &mut Bench, body: &str) -> Seen {
    let done = b.scrape(body);
    let exemplars = b.store.exemplars();
    let iteration = b.cache.iteration() - 1;
    let families = b.cache.metadata().iter().map(|f| {
        let (name, kind, help, unit) = facts(f);
        let own = str::to_owned;
        (
            own(name),
            own(kind),
            own(help),
            own(unit),
            f.changed_in(iteration),
        )
    });
    let families = families.collect();
    let exemplars = exemplars.iter().map(|e| format!("{e:?}")).collect();
    (b.all(), exemplars, families, done.result.is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A body fed whole takes known lines at once; fed byte by byte, its lines come one by one. In the text format
    /// a blank in front keeps metadata from being expected at all.
    #[test]
    fn recognised_lines_mean_what_read_ones_do(
        bodies in bodies(), openmetrics in any::<bool>(), schemas in any::<bool>(), nhcb in any::<bool>(),
    ) {
        let new = || {
            let mut b = Bench::with(|c| {
                c.append_metadata = true;
                c.type_and_unit_labels = schemas;
                c.convert_classic_to_nhcb = nhcb;
            });
            b.format = if openmetrics { Format::OpenMetrics } else { Format::Text };
            b
        };
        let (mut whole, mut single, mut blank) = (new(), new(), new());
        single.block = 1;
        for lines in bodies {
            let lines: Vec<String> = lines
                .into_iter()
                .filter(|l| openmetrics || !l.starts_with("# UNIT"))
                .map(|l| if openmetrics { l } else { l.split(" # {").next().unwrap_or_default().to_owned() })
                .chain(openmetrics.then(|| "# EOF".to_owned()))
                .collect();
            let body: String = lines.iter().map(|l| format!("{l}\n")).collect();
            let expected = seen(&mut whole, &body);
            prop_assert_eq!(&seen(&mut single, &body), &expected, "{}", body);
            if !openmetrics {
                let slow: String = lines.iter().map(|l| format!("{}{l}\n", if l.starts_with('#') { " " } else { "" })).collect();
                prop_assert_eq!(&seen(&mut blank, &slow), &expected, "{}", body);
            }
        }
    }
}
