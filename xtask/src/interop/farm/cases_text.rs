//! The text format: what parses, what fails, and when.

use super::case::{Case, case, steps, text};

/// A good body, the awkward one, and a good one again.
macro_rules! between {
    ($name:literal, $spec:literal, $body:expr) => {
        case($name, $spec, "", |a| {
            steps(
                a,
                &["before 1\nx 1\n", $body, $body, "after 1\nx 2\n", $body],
            )
        })
    };
}

pub(super) fn table() -> Vec<Case> {
    let mut all = lines();
    all.extend(names());
    all
}

fn lines() -> Vec<Case> {
    const FAILS: &[(&str, &str)] = &[("up", "1 0 0 1 0 …")];
    const WORKS: &[(&str, &str)] = &[("up", "1 …")];
    vec![
        between!("garbage-midway", "§8.5, §9, case 68", "x 5\ny 6\n???\nz 7\n").differs("upstream does not count a failed scrape as one, so its cache forgets later what only that scrape brought").shows(&[("scrape_series_added", "2 1 0 1 1 0 …"), ("up", "1 0 0 1 0 …")]).shows(FAILS),
        between!("garbage-first", "§8.5, case 68", "!\nx 5\n").shows(FAILS),
        between!("html", "formats §1.1", "<html><body>x 1</body></html>\n").shows(FAILS),
        between!("empty", "§8.1", "").shows(WORKS),
        between!("blank-before", "T05, D1", "   y 2\nx 1\n")
            .differs("upstream takes the blanks before a name for a part of it and fails")
            .shows(&[("up", "1 …"), ("y", "- 2 2 NaN 2")]),
        between!(
            "blanks",
            "T03, T11",
            "\n  \n\t\nx{ a = \"1\" , b = \"2\" , }\t1\t\ny   2   \n\n"
        )
        .shows(WORKS),
        between!("no-newline", "T04", "x 1\ny 2").shows(WORKS),
        between!("crlf", "T41", "x 1\r\ny 2\r\n").shows(FAILS),
        between!("crlf-comment", "T44", "# HELP x help\r\n# comment\r\nx 1\n").shows(WORKS),
        between!("crlf-type", "T43", "# TYPE x counter\r\nx 1\n").shows(FAILS),
        between!(
            "comments",
            "T53",
            "# HELP\n#HELP x y\n# UNIT a b\n# EOF\n#\n##\nx 1\n#"
        )
        .shows(WORKS),
        between!(
            "meta-order",
            "T56",
            "# TYPE a gauge\na 1\n# TYPE a counter\nb 1\na{n=\"1\"} 2\n# HELP a late\n"
        )
        .shows(WORKS),
        between!("type-unknown", "T49", "x 1\n# TYPE y info\ny 1\n").shows(FAILS),
        between!("bom", "T62", "\u{feff}x 1\n").shows(FAILS),
        between!(
            "escapes",
            "T18",
            "x{a=\"\\\"q\\\\n\\n\\z\",b=\"tab\there\",c=\"{}=,#\"} 1\n"
        )
        .shows(WORKS),
        between!("raw-newline", "T16", "x{a=\"one\ntwo\"} 1\n").shows(WORKS),
        between!(
            "utf8-values",
            "formats §1.4",
            "x{a=\"æøå\",b=\"日本\",c=\"🦀\",d=\"\u{202e}\"} 1\n"
        )
        .shows(WORKS),
        case("bad-utf8", "T20", "", |a| {
            let mut body = b"x 1\ny{a=\"\xff\"} 2\n".to_vec();
            if a.k % 3 != 2 {
                body.truncate(4);
            }
            text(body)
        })
        .shows(&[("up", "1 1 0 1 1 0")]),
        case("long-value", "formats §1.1", "", |a| {
            text(format!("x{{a=\"{}\"}} {}\n", "long ".repeat(4000), a.k))
        }),
        between!(
            "no-comma",
            "T10",
            "x{a=\"1\" b=\"2\"} 1\ny{a=\"1\"b=\"2\"}2\n"
        )
        .shows(WORKS),
        between!("two-commas", "T14", "x{a=\"1\",,b=\"2\"} 1\n").shows(FAILS),
        between!("tight", "T06, T07, T08", "x{a=\"b\"}1\ny-1\nz.5\n").shows(WORKS),
        between!("trailing", "T40", "x 1 # {a=\"b\"} 1\n").shows(FAILS),
        between!("single-quotes", "T36", "x{a='b'} 1\n").shows(FAILS),
        between!("no-value", "T65", "x{a=\"b\"}\n").shows(FAILS),
        between!("empty-braces", "T12", "x{} 1\ny{ } 2\n").shows(WORKS),
        between!("only-meta", "formats §1.1", "# HELP x y\n# TYPE x gauge\n").shows(WORKS),
    ]
}

fn names() -> Vec<Case> {
    vec![
        between!(
            "duplicate-lines",
            "§8.2, case 70",
            "x 1\nx 1\nx 2\ny 3\ny 3\n"
        ),
        between!(
            "duplicate-spelled",
            "§8.2",
            "x{a=\"1\",b=\"2\"} 1\nx{b=\"2\",a=\"1\"} 2\n"
        ),
        between!(
            "duplicate-names",
            "§8.2, case 85",
            "x 9\ny{le=\"600\",le=\"700\"} 1\n"
        ),
        between!("label-colon", "T35", "x{a:b=\"c\"} 1\n").shows(&[("up", "1 0 0 1 0 …")]),
        between!("name-colon", "formats §1.1", ":a:b_9 1\n_ 2\n").shows(&[("up", "1 …")]),
        between!("empty-labels", "§8.3", "x{a=\"\"} 3\ny{a=\"\",b=\"1\"} 4\n"),
        between!("name-label", "formats §1.1", "x{__name__=\"y\"} 1\n"),
        between!("quoted-name", "T25", "{\"a.b\",c=\"d\"} 1\n")
            .differs_from_2("2.42 has no UTF-8 names")
            .shows(&[("up", "1 …"), ("a.b{c=\"d\"}", "- 1 1 NaN 1")]),
        between!("quoted-label", "T32", "x{\"a b\"=\"c\"} 1\n")
            .differs_from_2("2.42 has no UTF-8 names")
            .shows(&[("up", "1 …"), ("x{a b=\"c\"}", "- 1 1 NaN 1")]),
        between!("name-unset", "T29", "{a=\"b\"} 1\n").shows(&[("up", "1 0 0 1 0 …")]),
        case("order-changes", "K02", "", |a| {
            let lines = [
                "a 1\n",
                "b{n=\"1\"} 2\n",
                "b{n=\"2\"} 3\n",
                "c 4\n",
                "d 5\n",
            ];
            let n = lines.len();
            text((0..n).map(|i| lines[(i * 2 + a.k) % n]).collect::<String>())
        }),
        case("spelling-changes", "case 78", "", |a| {
            steps(
                a,
                &[
                    "x{a=\"1\",b=\"1\"} 1\n",
                    "x{b=\"1\",a=\"1\"} 2\n",
                    "x{ a=\"1\", b=\"1\" } 3\n",
                    "x{a=\"1\",b=\"1\",c=\"\"} 4\n",
                ],
            )
        }),
    ]
}
