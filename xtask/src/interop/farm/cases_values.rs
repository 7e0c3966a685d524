//! Values, timestamps, and series that come and go.

use super::case::{Ask, Case, Reply, case, cycle, steps, text};
use super::cases_limits::UNSTORED;

pub(super) fn table() -> Vec<Case> {
    let mut all = values();
    all.extend(times());
    all
}

fn values() -> Vec<Case> {
    vec![
        case("values", "formats §1.3", "", |a| {
            cycle(
                a,
                &[
                    "a 0\nb NaN\nc +Inf\nd 1e300\ne 5e-324\nf 5.\n",
                    "a -0\nb nan\nc -Inf\nd 1.7976931348623157e308\ne 2.2250738585072011e-308\nf .5e-1\n",
                    "a +0\nb 1\nc iNfInItY\nd -1e300\ne 1e-400\nf 0.1\n",
                    "a 1\nb NaN\nc inf\nd 123456789012345678901234567890\ne 4.9e-324\nf 00012.50\n",
                ],
            )
        })
        .shows(&[("e", "5e-324 2.225073858507201e-308 0 5e-324"), ("a", "0 -0 0 1")]),
        case("overflow", "T59", "", |a| steps(a, &["x 1\n", "x 1e400\n", "x 2\n"]))
            .shows(&[("up", "1 0 1")]),
        case("hex", "T60", "", |a| steps(a, &["x 1\n", "x 0x1p3\n", "x 0x10\n", "x 1_0\n", "x 2\n"]))
            .shows(&[("up", "1 0 0 0 1")]),
        case("minus-nan", "T58", "", |a| steps(a, &["x 1\n", "x -NaN\n", "x 2\n"])),
        case("counting", "§8", "", |a| {
            text(format!("x {}\ny {}\nz {}\n", a.k, a.k as f64 * 0.1, 1e18 + a.k as f64))
        }),
        case("vanish", "§8.2", "", |a| cycle(a, &["x 1\ny 1\n", "x 1\n", "y 2\n", ""]))
            .shows(&[("x", "1 1 NaN - 1 1 NaN -")]),
        case("nan-vanish", "case 92", "", |a| cycle(a, &["x NaN\ny 1\n", "y 1\n", "y 1\n"]))
            .shows(&[("x", "NaN NaN - NaN NaN -")]),
        case("fails-long", "case 67", "", |a| {
            let reply = text("x 42\n");
            if (1..6).contains(&a.k) { reply.status(503) } else { reply }
        })
        .shows(&[("x", "42 NaN - - - - 42")]),
        case("new-each", "§9", "", |a| text(format!("x{{n=\"{}\"}} 1\n", a.k))),
        case("fails-new", "case 94", "", |a| {
            let mut body: String = (0..300).map(|n| format!("x{{k=\"{}\",n=\"{n}\"}} 1\n", a.k)).collect();
            if a.k % 4 != 3 {
                body.push_str("???\n");
            }
            text(body)
        })
        .differs(UNSTORED)
        .shows(&[("x{k=\"3\",n=\"0\"}", "- - - 1 NaN"), ("up", "0 0 0 1 0 0 0 1")])
        .lacks(&["x{k=\"0\",n=\"0\"}", "x{k=\"2\",n=\"299\"}"]),
    ]
}

/// `{0}` in a body becomes the base, `{n}` n ms after it.
fn dated(a: &Ask, body: &str) -> Reply {
    let mut out = String::new();
    let mut rest = body;
    while let Some((before, tail)) = rest.split_once('{') {
        let Some((inside, after)) = tail.split_once('}') else {
            break;
        };
        out.push_str(before);
        match inside.parse::<i64>() {
            Ok(ms) => out.push_str(&(a.base_ms + ms).to_string()),
            Err(_) => out.push_str(&format!("{{{inside}}}")),
        }
        rest = after;
    }
    out.push_str(rest);
    text(out)
}

fn times() -> Vec<Case> {
    vec![
        case("ts-honoured", "§8.2", "", |a| {
            dated(a, &format!("x 1 {{{}}}\ny 2\n", a.k * 1000))
        }),
        case("ts-ignored", "case 72", "honor_timestamps: false", |a| {
            dated(a, &format!("x 1 {{{}}}\ny 2 {{0}}\n", a.k * 1000))
        })
        .shows(&[("x", "1 …")]),
        case("ts-same", "§8.2", "", |a| dated(a, "x 1 {0}\n")).shows(&[("x", "@0=1")]),
        case("ts-amended", "§8.2", "", |a| {
            dated(a, &format!("x {} {{0}}\n", a.k))
        }),
        case("ts-backwards", "§8.2", "", |a| {
            dated(
                a,
                &format!(
                    "x {} {{{}}}\n",
                    a.k,
                    20_000 - (a.k as i64 % 4) * 3000 + a.k as i64 * 500
                ),
            )
        }),
        case("ts-ends", "case 71", "", |a| {
            let body = if a.k < 3 {
                format!("x {} {{{}}}\n", a.k, a.k * 10)
            } else {
                String::new()
            };
            dated(a, &body)
        })
        .shows(&[("x", "@0=0 @10=1 @20=2")]),
        case("ts-switch", "case 73", "", |a| {
            let body = if a.k % 4 < 2 {
                "x 1\n".to_owned()
            } else {
                format!("x 2 {{{}}}\n", a.k)
            };
            dated(a, &body)
        }),
        case("ts-distinct", "case 70", "", |a| {
            let t = a.k * 1000;
            dated(
                a,
                &format!("x 1 {{{}}}\nx 2 {{{}}}\nx 3 {{{}}}\n", t, t + 1, t + 2),
            )
        })
        .shows(&[("x", "@0=1 @1=2 @2=3 @1000=1")]),
        case("ts-equal", "§8.2", "", |a| {
            let t = a.k * 1000;
            dated(a, &format!("x 1 {{{t}}}\nx 1 {{{t}}}\nx 2 {{{t}}}\n"))
        }),
        case("ts-future", "case 75", "", |a| {
            dated(a, "x 1 {1260000}\ny 1\n")
        })
        .shows(&[("up", "1 …")])
        .lacks(&["x"]),
        case("ts-near-future", "§8.4", "", |a| {
            dated(a, &format!("x 1 {{{}}}\n", 360_000 + a.k * 1000))
        }),
        case("ts-ancient", "§8.2", "", |_| {
            text("x 1 1000\ny 2\nz 3 0\n")
        }),
        case("ts-negative", "T37", "", |a| {
            steps(a, &["x 1\n", "x 1 -5\n"])
        })
        .shows(&[("up", "1 0 …")]),
        case("ts-seconds", "T38", "", |a| {
            steps(a, &["x 1\n", "x 1 1.5\n"])
        })
        .shows(&[("up", "1 0 …")]),
        case("ts-mixed", "§8.2, case 70", "", |a| {
            dated(
                a,
                &format!("x 1 {{{}}}\nx 2\ny 1\ny 2 {{{}}}\n", a.k * 100, a.k * 100),
            )
        })
        .differs_from_2(
            "since 2.53.3 a repeat in one scrape is refused unless it has its own timestamp",
        )
        .shows(&[("x", "@0=1 @100=1 @200=1")]),
    ]
}
