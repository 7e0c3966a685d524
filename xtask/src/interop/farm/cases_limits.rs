//! Limits of all kinds.

use super::case::{Ask, Case, Reply, case, steps, text};
use std::fmt::Write;

/// Of rows where a failed scrape is the only one to have shown a series.
pub(super) const UNSTORED: &str = "upstream ends series with a stale marker that it never stored";
const REFUSED: &str =
    "2.42 ends series with a stale marker that it refused, since it follows what was refused";

const ABCD: &str = "a 1\nb 1\nc 1\nd 1\n";

pub(super) fn table() -> Vec<Case> {
    let mut all = samples();
    all.extend(others());
    all
}

fn samples() -> Vec<Case> {
    vec![
        case("sl-one", "§8.4, case 63", "sample_limit: 1", |_| {
            text("a 1\nb 2\nc 3\n")
        })
        .shows(&[("up", "0 …"), ("scrape_samples_scraped", "3 …")]),
        case("sl-fits", "§8.4, case 95", "sample_limit: 5", |_| text(ABCD)).shows(&[("up", "1 …")]),
        case("sl-grows", "§8.5, case 64", "sample_limit: 4", |a| {
            steps(a, &[ABCD, "a 1\nb 1\nc 1\nd 1\ne 1\n", ABCD, "a 1\nb 2\n"])
        }).differs_from_2(REFUSED).shows(&[("a", "1 - 1 1 …"), ("b", "1 - 1 2 …")]),
        case("sl-vanish", "§8.5, case 65", "sample_limit: 4", |a| {
            steps(
                a,
                &["a 1\nb 1\nc 1\n", "a 1\nb 1\nc 1\nd 1\ne 1\nf 1\n", "a 1\nb 1\n"],
            )
        }).differs(UNSTORED).shows(&[("c", "1 - NaN")]).lacks(&["d", "e", "f"]),
        case("sl-replace", "§8.5, case 66", "sample_limit: 4", |a| {
            steps(a, &[ABCD, "e 1\nf 1\ng 1\nh 1\n", ABCD])
        }),
        case(
            "sl-relabel",
            "§8.4",
            "sample_limit: 2\nmetric_relabel_configs: [{source_labels: [__name__], regex: 'a|b', action: drop}]",
            |_| text(ABCD),
        )
        .shows(&[("up", "1 …")]),
        case("sl-forever", "§8.5", "sample_limit: 3", |a| {
            steps(a, &["a 1\nb 1\n", "a 1\nb 1\nc 1\nd 1\n"])
        }),
        case("sl-order", "§9", "sample_limit: 3", |a| {
            steps(
                a,
                &["a 1\nb 1\nc 1\n", "x 1\ny 1\nz 1\na 1\nb 1\n", "c 1\n", "z 1\nx 1\n"],
            )
        }).differs("upstream does not count a failed scrape as one, so its cache forgets later what only that scrape brought").shows(&[("scrape_series_added", "3 3 0 2 0 …")]),
        case("sl-garbage", "§8.4", "sample_limit: 2", |a| {
            steps(a, &["a 1\nb 1\n", "a 1\nb 1\nc 1\n???\n", "a 2\n"])
        }).differs_from_2(REFUSED).shows(&[("b", "1 - NaN"), ("up", "1 0 1 …")]),
        case("sl-duplicates", "§8.4", "sample_limit: 2", |_| {
            text("a 1\na 2\na 3\nb 1\n")
        })
        .differs_from_2("repeats within a scrape do not count against the limit")
        .shows(&[("up", "1 …"), ("a", "1 …"), ("b", "1 …")]),
    ]
}

fn big(a: &Ask) -> Reply {
    let mut body = String::new();
    for n in 0..5000 {
        writeln!(
            body,
            "big{{n=\"{n}\",half=\"{}\"}} {}",
            n / 2,
            n * 3 + a.k / 4
        )
        .unwrap_or_default();
    }
    text(body)
}

fn others() -> Vec<Case> {
    vec![
        case("ll-count", "§8.4, case 82", "label_limit: 5", |a| {
            steps(a, &["x{a=\"1\"} 1\n", "x{a=\"1\"} 1\ny{a=\"1\",b=\"2\"} 1\n", "x{a=\"1\",b=\"\",c=\"\"} 1\n"])
        })
        .shows(&[("up", "1 0 1 …")]),
        case("ll-name", "§8.4, case 82", "label_name_length_limit: 10", |a| {
            steps(a, &["x{abcdefghij=\"1\"} 1\n", "x{abcdefghijk=\"1\"} 1\n"])
        })
        .shows(&[("up", "1 0 …")]),
        case("ll-value", "§8.4, case 82", "label_value_length_limit: 20", |a| {
            steps(
                a,
                &[
                    "x{a=\"12345678901234567890\"} 1\n",
                    "ok 1\nx{a=\"ääääääääääa\"} 1\n",
                    "averyveryverylongmetricname 1\n",
                    "ok 2\n",
                ],
            )
        })
        .differs(UNSTORED)
        .shows(&[("up", "1 0 0 1 …"), ("ok", "- - - 2 …")]),
        case(
            "ll-relabel",
            "§8.4",
            "label_limit: 4\nmetric_relabel_configs: [{regex: 'b|c', action: labeldrop}]",
            |_| text("x{b=\"2\",c=\"3\"} 1\n"),
        ),
        case("bl-under", "§7, case 54", "body_size_limit: 23B", |_| {
            text("metric_x 1\nmetric_y 2\n")
        })
        .shows(&[("up", "1 …")]),
        case("bl-equal", "§7, case 54", "body_size_limit: 22B", |_| {
            text("metric_x 1\nmetric_y 2\n")
        })
        .shows(&[("up", "0 …")]),
        case("bl-over", "§7, case 54", "body_size_limit: 15B", |a| {
            steps(a, &["metric_x 1\n", "metric_x 1\nmetric_y 2\n", "metric_x 3\n"])
        }),
        case("bl-gzip", "§7, case 54", "body_size_limit: 1KB", |a| {
            let body = if a.k == 3 { "x 1\n".repeat(1000) } else { "x 1\n".into() };
            super::cases_http::gzipped(body.as_bytes())
        })
        .shows(&[("up", "1 1 1 0 1")]),
        case(
            "tl-over",
            "§3, case 28",
            "target_limit: 1\nstatic_configs: [{targets: ['$HOST', 'localhost:1'], labels: {case: tl-over}}]",
            |_| text("x 1\n"),
        )
        .shows(&[("up", "0 …")]),
        case(
            "tl-dropped",
            "§3, case 28",
            "target_limit: 1\nstatic_configs: [{targets: ['$HOST', 'localhost:1'], labels: {case: tl-dropped}}]\nrelabel_configs: [{source_labels: [__address__], regex: 'localhost.*', action: drop}]",
            |_| text("x 1\n"),
        )
        .shows(&[("up", "1 …")]),
        case("big", "§8", "", big),
        case("big-shrinks", "§9", "", |a| {
            if a.k % 5 == 3 { text("x 1\n") } else { big(a) }
        }),
    ]
}
