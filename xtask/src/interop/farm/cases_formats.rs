//! OpenMetrics, protobuf, and the families with several series.

use super::case::{Case, PROTOBUF, Reply, case, om, text};
use super::proto::{self, Kind, Message};

macro_rules! between {
    ($name:literal, $spec:literal, $body:expr) => {
        case($name, $spec, "", |a| {
            om(match a.k {
                0 => "x 1\n# EOF\n",
                3 => "x 2\nafter 1\n# EOF\n",
                _ => $body,
            })
        })
    };
}

pub(super) fn table() -> Vec<Case> {
    let mut all = open_metrics();
    all.extend(families());
    all.extend(protobuf());
    all
}

fn open_metrics() -> Vec<Case> {
    const FAILS: &[(&str, &str)] = &[("up", "1 0 0 1 0 …")];
    const WORKS: &[(&str, &str)] = &[("up", "1 …")];
    vec![
        between!("om-all", "formats §2", "# HELP c help \\\"q\\\" \\n\n# TYPE c counter\n# UNIT c_s s\nc_total{a=\"b\"} 5 # {t=\"x\"} 0.5\nc_created{a=\"b\"} 1.5\n# TYPE i info\ni_info{v=\"1\"} 1\n# TYPE s stateset\ns{s=\"a\"} 1\ns{s=\"b\"} 0\n# TYPE u unknown\nu 1\n# EOF\n").shows(WORKS),
        between!("om-no-eof", "O02, case 69", "x 5\n").shows(FAILS),
        between!("om-cut", "O02", "x 5\ny{a=\"1").shows(FAILS),
        between!("om-after-eof", "O04", "x 5\n# EOF\ny 1\n").shows(FAILS),
        between!("om-eof-bare", "O01", "x 5\n# EOF").shows(WORKS),
        between!("om-blank-line", "O05", "x 5\n\n# EOF\n").shows(FAILS),
        between!("om-two-spaces", "O06", "x  5\n# EOF\n").shows(FAILS),
        between!("om-comment", "O30", "# comment\nx 5\n# EOF\n").shows(FAILS),
        between!("om-unit-wrong", "O29", "# TYPE x_s gauge\n# UNIT x_s m\nx_s 1\n# EOF\n").shows(FAILS),
        between!("om-untyped", "O28", "# TYPE x untyped\nx 1\n# EOF\n").shows(FAILS),
        between!("om-exemplar-anywhere", "O25", "b 1 # {b=\"c\"} 1 5.5\n# EOF\n")
            .differs_from_2("2.42 takes exemplars only where the name ends in _total or _bucket")
            .shows(&[("up", "1 …"), ("b", "- 1 1 NaN 1")]),
        between!("om-exemplars", "O19, O20", "a_total 1 # {} 1\nb_total 1 # {b=\"c\"} 1 5.5\nb_bucket{n=\"1\"} 1 # {t=\"x\"} NaN\n# EOF\n").shows(WORKS),
        between!("om-exemplar-bad", "O21", "a_total 1 #{} 1\n# EOF\n").shows(FAILS),
        between!("om-empty", "O03", "").differs_from_2("an empty body is a success in any format since 3.0").shows(WORKS),
        case("om-times", "O15", "", |a| {
            let t = (a.base_ms / 1000) as f64 + a.k as f64;
            om(format!("x 1 {t:.3}\ny 2 {}.0019\n# EOF\n", a.base_ms / 1000 + a.k as i64))
        })
        .shows(&[("x", "@0=1 @1000=1"), ("y", "@1=2 @1001=2")]),
        between!("om-histogram", "formats §2", "# TYPE h histogram\nh_bucket{le=\"0.5\"} 1 # {t=\"a\"} 0.1\nh_bucket{le=\"1.0\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_count 3\nh_sum 2.5\n# TYPE g gaugehistogram\ng_bucket{le=\"+Inf\"} 1\ng_gcount 1\ng_gsum 1\n# EOF\n").shows(WORKS),
    ]
}

const CLASSIC: &str = "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"5\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 10\nh_count 3\n# TYPE s summary\ns{quantile=\"0.50\"} 1\ns{quantile=\"1\"} NaN\ns_sum 3\ns_count 2\n";

fn families() -> Vec<Case> {
    vec![
        case("classic", "formats §1.6, case 87", "", |_| text(CLASSIC))
            .differs_from_2("le and quantile are written as OpenMetrics floats since 3.0")
            .shows(&[
                ("h_bucket{le=\"1.0\"}", "1 …"),
                ("h_bucket{le=\"+Inf\"}", "3 …"),
                ("s{quantile=\"0.5\"}", "1 …"),
                ("s{quantile=\"1.0\"}", "NaN …"),
                ("scrape_series_added", "9 0 …"),
            ])
            .lacks(&["h_bucket{le=\"1\"}", "s{quantile=\"1\"}"]),
        case("classic-normal", "formats §1.6", "", |_| {
            text(
                "# TYPE h histogram\nh_bucket{le=\"0.25\"} 1\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"1e+06\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum NaN\nh_count 3\n# TYPE s summary\ns{quantile=\"0.99\"} 1\ns_sum 3\ns_count 2\n",
            )
        }),
        case("classic-untyped", "case 87", "", |_| {
            text(
                "h_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 2\n# TYPE g gauge\ng{quantile=\"1\"} 3\n",
            )
        })
        .shows(&[("h_bucket{le=\"1\"}", "1 …")]),
        case("classic-odd-le", "T63", "", |_| {
            text(
                "# TYPE h histogram\nh_bucket{le=\"abc\"} 1\nh_bucket{le=\"\"} 2\nh_bucket{le=\"1e400\"} 3\nh_bucket 4\n",
            )
        }),
        case("type-changes", "14-B7", "", |a| {
            text(format!(
                "# TYPE h {}\nh_bucket{{le=\"1\"}} 1\n",
                if a.k % 4 < 2 { "histogram" } else { "gauge" }
            ))
        })
        .differs("the label as stored follows the TYPE line, which upstream does not look at")
        .shows(&[
            ("h_bucket{le=\"1.0\"}", "1 1 NaN - 1 1 NaN -"),
            ("h_bucket{le=\"1\"}", "- - 1 1 NaN - 1 1"),
        ]),
    ]
}

fn pb(families: &[Vec<u8>]) -> Reply {
    Reply::new(PROTOBUF, families.concat())
}

fn protobuf() -> Vec<Case> {
    vec![
        case("pb-plain", "formats §4", "", |a| {
            pb(&[
                proto::family(
                    "c_total",
                    Kind::Counter,
                    vec![
                        proto::counter(&[("a", "b")], a.k as f64),
                        proto::counter(&[], 2.5),
                    ],
                ),
                proto::family(
                    "g",
                    Kind::Gauge,
                    vec![
                        proto::gauge(&[("z", "1"), ("a", "æ")], -0.0),
                        proto::gauge(&[("e", "")], f64::INFINITY),
                    ],
                ),
                proto::family("u", Kind::Untyped, vec![proto::untyped(&[], 1e300)]),
            ])
        })
        .shows(&[("c_total{a=\"b\"}", "0 1 2 3 4")]),
        case("pb-summary", "formats §4, P14", "", |_| {
            pb(&[
                proto::family(
                    "s",
                    Kind::Summary,
                    vec![proto::summary(
                        3,
                        1.5,
                        &[(0.5, 1.0), (0.99, f64::NAN), (1.0, 2.0)],
                    )],
                ),
                proto::family("t", Kind::Summary, vec![proto::summary(0, 0.0, &[])]),
            ])
        })
        .shows(&[("s{quantile=\"1.0\"}", "2 …")]),
        case("pb-histogram", "formats §4, P12", "", |_| {
            pb(&[proto::family(
                "h",
                Kind::Histogram,
                vec![proto::histogram(3, 1.5, &[(0.5, 1), (1e6, 2)])],
            )])
        })
        .shows(&[
            ("h_bucket{le=\"+Inf\"}", "3 …"),
            ("h_bucket{le=\"0.5\"}", "1 …"),
        ]),
        case("pb-histogram-inf", "formats §4", "", |_| {
            pb(&[proto::family(
                "h",
                Kind::Histogram,
                vec![proto::histogram(
                    3,
                    1.5,
                    &[(0.5, 1), (1.0, 2), (f64::INFINITY, 3)],
                )],
            )])
        })
        .shows(&[("h_bucket{le=\"+Inf\"}", "3 …")]),
        case("pb-times", "formats §4", "", |a| {
            let t = (a.base_ms as u64).wrapping_add(a.k as u64 * 1000);
            pb(&[proto::family(
                "g",
                Kind::Gauge,
                vec![proto::gauge(&[], 1.0).varint(6, t)],
            )])
        })
        .shows(&[("g", "@0=1 @1000=1")]),
        case("pb-cut", "P04", "", |a| {
            let whole = proto::family("g", Kind::Gauge, vec![proto::gauge(&[("a", "b")], 1.0)]);
            let mut body = whole.clone();
            body.extend_from_slice(if a.k % 3 == 2 {
                &whole[..whole.len() - 5]
            } else {
                &[]
            });
            Reply::new(PROTOBUF, body)
        })
        .shows(&[("up", "1 1 0 1 1 0")]),
        case("pb-garbage", "P06", "", |a| {
            let good = proto::family("g", Kind::Gauge, vec![proto::gauge(&[], 1.0)]);
            if a.k % 3 == 2 {
                Reply::new(PROTOBUF, "g 1\n")
            } else {
                pb(&[good])
            }
        }),
        case("pb-bad-utf8", "P10", "", |a| {
            let value: &[u8] = if a.k % 3 == 2 { b"\xff" } else { b"b" };
            let metric = Message::default()
                .message(1, Message::default().bytes(1, "a").bytes(2, value))
                .message(2, Message::default().double(1, 1.0));
            pb(&[proto::family("g", Kind::Gauge, vec![metric])])
        })
        .shows(&[("up", "1 1 0 1 1 0")]),
        case("pb-vanish", "§8.2", "", |a| {
            let mut all = vec![proto::family(
                "g",
                Kind::Gauge,
                vec![proto::gauge(&[], a.k as f64)],
            )];
            if a.k % 3 == 1 {
                all.push(proto::family(
                    "h",
                    Kind::Histogram,
                    vec![proto::histogram(1, 1.0, &[(1.0, 1)])],
                ));
            }
            pb(&all)
        }),
        case("pb-empty", "P02", "", |a| {
            if a.k % 3 == 2 {
                pb(&[])
            } else {
                pb(&[proto::family(
                    "g",
                    Kind::Gauge,
                    vec![proto::gauge(&[], 1.0)],
                )])
            }
        }),
    ]
}
