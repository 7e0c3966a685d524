//! What can go wrong, or right, between the request and the body.

use super::case::{Ask, Case, Pause, Reply, TEXT, case, text};
use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use std::time::Duration;

/// A compressed text body; what cannot be compressed is sent empty, and the scenario then fails.
pub(super) fn gzipped(body: &[u8]) -> Reply {
    text(gzip(body)).header("Content-Encoding", "gzip")
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(body)
        .and_then(|()| out.finish())
        .unwrap_or_default()
}

const XY: &str = "x 1\ny 2\n";

/// Every third scrape goes wrong.
fn sometimes(a: &Ask, wrong: impl FnOnce(Reply) -> Reply) -> Reply {
    let reply = text(XY);
    if a.k % 3 == 2 { wrong(reply) } else { reply }
}

fn moved(a: &Ask, status: u16, to: &str) -> Reply {
    if a.target.contains("moved") {
        text(format!("x{{url=\"{}\"}} 1\n", a.target))
    } else {
        text("gone 1\n").status(status).header("Location", to)
    }
}

fn demand(a: &Ask, header: &str, wanted: &str) -> Reply {
    if a.header(header) == wanted {
        text(XY)
    } else {
        text("denied 1\n").status(401)
    }
}

pub(super) fn table() -> Vec<Case> {
    let mut all = transport();
    all.extend(redirects());
    all.extend(credentials());
    all.extend(content_types());
    all
}

fn transport() -> Vec<Case> {
    const UP: &[(&str, &str)] = &[("up", "1 1 0 1 1 0 1 1"), ("x", "1 1 NaN 1 1 NaN 1 1")];
    vec![
        case("status-500", "§7", "", |a| sometimes(a, |r| r.status(500))).shows(UP),
        case("status-404", "§7, case 53", "", |a| {
            sometimes(a, |r| r.status(404))
        })
        .shows(UP),
        case("status-204", "§7, case 53", "", |a| {
            sometimes(a, |r| r.status(204))
        })
        .shows(UP),
        case("status-206", "§7", "", |a| sometimes(a, |r| r.status(206))).shows(UP),
        case("cut-headers", "§7", "", |a| {
            sometimes(a, |r| r.paused(0, Pause::HangUp))
        })
        .shows(UP),
        case("cut-body", "§7", "", |a| {
            sometimes(a, |r| r.paused(4, Pause::HangUp))
        })
        .shows(UP),
        case("slow-start", "§7, case 55", "scrape_timeout: 600ms", |a| {
            sometimes(a, |r| r.delayed(Duration::from_millis(850)))
        })
        .shows(UP),
        case("slow-body", "§7, case 55", "scrape_timeout: 600ms", |a| {
            sometimes(a, |r| r.paused(4, Pause::Wait(Duration::from_millis(850))))
        })
        .shows(UP),
        case("slow-enough", "§7", "", |_| {
            text(XY).paused(4, Pause::Wait(Duration::from_millis(150)))
        })
        .shows(&[("up", "1 …")]),
        case("gzip", "§7", "", |_| gzipped(XY.repeat(50).as_bytes())).shows(&[("x", "1 …")]),
        case("gzip-cut", "§7", "", |a| {
            let whole = gzip(XY.as_bytes());
            let body = if a.k % 3 == 2 {
                &whole[..whole.len() / 2]
            } else {
                &whole[..]
            };
            text(body).header("Content-Encoding", "gzip")
        })
        .shows(UP),
        case("gzip-lie", "§7", "", |a| {
            if a.k % 3 == 2 {
                text(XY).header("Content-Encoding", "gzip")
            } else {
                gzipped(XY.as_bytes())
            }
        })
        .shows(UP),
        case("gzip-members", "§7", "", |_| {
            let mut body = gzip(b"x 1\n");
            body.extend(gzip(b"y 2\n"));
            text(body).header("Content-Encoding", "gzip")
        }),
        case("gzip-unnamed", "§7", "", |a| {
            if a.k % 3 == 2 {
                text(gzip(XY.as_bytes()))
            } else {
                text(XY)
            }
        })
        .shows(UP),
        case("gzip-empty", "§8.1", "", |a| {
            if a.k % 3 == 2 {
                gzipped(b"")
            } else {
                gzipped(XY.as_bytes())
            }
        }),
        case("encoding-unknown", "§7, 14-B10", "", |_| {
            text(XY).header("Content-Encoding", "br")
        })
        .differs("an encoding that we do not know fails, whatever the body looks like")
        .shows(&[("up", "0 …")]),
        case("encoding-identity", "§7", "", |_| {
            text(XY).header("Content-Encoding", "identity")
        })
        .shows(&[("up", "1 …")]),
        case("many-headers", "§7", "", |_| {
            text(XY)
                .header("Set-Cookie", "a=b")
                .header("Set-Cookie", "c=d")
                .header("X-Long", "y".repeat(6000))
        })
        .shows(&[("up", "1 …")]),
    ]
}

fn redirects() -> Vec<Case> {
    vec![
        case("redirect-302", "§2", "", |a| {
            moved(a, 302, "/c/redirect-302/moved")
        })
        .shows(&[("up", "1 …")]),
        case("redirect-307", "§2", "", |a| {
            moved(a, 307, "moved/redirect-307")
        })
        .shows(&[("up", "0 …")]),
        case("redirect-query", "§2", "params: {a: ['1']}", |a| {
            moved(a, 301, "/c/redirect-query/moved?b=2")
        }),
        case(
            "redirect-auth",
            "§2, case 58",
            "bearer_token: t0ken",
            |a| {
                if a.header("authorization") == "Bearer t0ken" {
                    moved(a, 308, "/c/redirect-auth/moved")
                } else {
                    text("denied 1\n").status(401)
                }
            },
        )
        .shows(&[("up", "1 …")]),
        case(
            "redirect-off",
            "§2, case 53",
            "follow_redirects: false",
            |a| moved(a, 302, "/c/redirect-off/moved"),
        )
        .shows(&[("up", "0 …")]),
        case("redirect-loop", "§2", "", |a| {
            text("").status(302).header("Location", a.target.clone())
        })
        .shows(&[("up", "0 …")]),
        case("redirect-nowhere", "§2", "", |_| text("x 1\n").status(302)).shows(&[("up", "0 …")]),
        case("redirect-304", "§7", "", |_| text("").status(304)).shows(&[("up", "0 …")]),
    ]
}

fn credentials() -> Vec<Case> {
    vec![
        case(
            "basic-right",
            "§2",
            "basic_auth: {username: 'al', password: 'pa:ß w'}",
            |a| demand(a, "authorization", "Basic YWw6cGE6w58gdw=="),
        )
        .shows(&[("up", "1 …")]),
        case(
            "basic-wrong",
            "§2",
            "basic_auth: {username: 'al', password: 'wrong'}",
            |a| demand(a, "authorization", "Basic YWw6cGE6w58gdw=="),
        )
        .shows(&[("up", "0 …")]),
        case("bearer", "§2", "authorization: {credentials: abc}", |a| {
            demand(a, "authorization", "Bearer abc")
        })
        .shows(&[("up", "1 …")]),
        case(
            "auth-type",
            "§2",
            "authorization: {type: Token, credentials_file: '$DIR/token'}",
            |a| demand(a, "authorization", "Token from-file"),
        )
        .shows(&[("up", "1 …")]),
        case("auth-none", "§2", "", |a| {
            demand(a, "authorization", "Bearer abc")
        })
        .shows(&[("up", "0 …")]),
        case(
            "auth-no-file",
            "§2, case 56",
            "authorization: {credentials_file: '$DIR/absent'}",
            |a| demand(a, "authorization", "Bearer abc"),
        )
        .shows(&[("up", "0 …")]),
    ]
}

fn content_types() -> Vec<Case> {
    const FAILS: &str = "an unknown or missing content type fails without a fallback since 3.0";
    vec![
        case("ct-missing", "§8.1, case 86", "", |_| {
            let mut r = text(XY);
            r.headers.clear();
            r
        })
        .differs_from_2(FAILS)
        .shows(&[("up", "0 …")]),
        case("ct-json", "§8.1", "", |_| {
            Reply::new("application/json", XY)
        })
        .differs_from_2(FAILS)
        .shows(&[("up", "0 …")]),
        case("ct-broken", "formats §5, C04", "", |_| {
            Reply::new("text/plain; a=1; a=2", XY)
        })
        .differs_from_2(FAILS)
        .shows(&[("up", "0 …")]),
        case("ct-empty-body", "§8.1, case 86", "", |a| {
            if a.k % 3 == 2 {
                Reply::new("", "")
            } else {
                text(XY)
            }
        })
        .shows(&[("up", "1 …"), ("x", "1 1 NaN 1 1 NaN")]),
        case("ct-parameters", "formats §5", "", |_| {
            Reply::new("Text/PLAIN ; version=\"0.0.9\"; charset=latin1;", XY)
        })
        .shows(&[("up", "1 …")]),
        case("ct-om-case", "formats §5, C03", "", |_| {
            Reply::new(
                "APPLICATION/OpenMetrics-Text; version=9; charset=utf-8;",
                "x 1\n# EOF\n",
            )
        })
        .shows(&[("up", "1 …")]),
        case("ct-changes", "§8.1", "", |a| match a.k % 3 {
            0 => text(XY),
            1 => super::case::om("x 3\ny 4\n# EOF\n"),
            _ => Reply::new(TEXT, "# EOF\nx 5\n"),
        }),
    ]
}
