//! What a configuration could not ask for before version 3: native histograms, histograms converted to custom
//! buckets, UTF-8 names and their escaping. These rows run against version 3 only.

use super::case::{Ask, Case, PROTOBUF, Reply, case, om, text};
use super::proto::{self, Kind, Message};

pub(super) fn table() -> Vec<Case> {
    let mut all = native();
    all.extend(custom_buckets());
    all.extend(names());
    all.into_iter().map(Case::only_3).collect()
}

const NATIVE: &str = "scrape_native_histograms: true";

fn families(families: &[Vec<u8>]) -> Reply {
    Reply::new(PROTOBUF, families.concat())
}

fn zigzag(n: i64) -> u64 {
    ((n << 1) ^ (n >> 63)) as u64
}

fn span(offset: i64, length: u64) -> Message {
    Message::default()
        .varint(1, zigzag(offset))
        .varint(2, length)
}

/// Integer counts; `extra` more in each bucket with a delta.
fn integer(extra: i64) -> Message {
    let deltas = [2 + extra, 1, -2, 3];
    let h = Message::default()
        .varint(1, (13 + 4 * extra + 1) as u64)
        .double(2, 18.5 + extra as f64)
        .varint(5, zigzag(3))
        .double(6, 0.001)
        .varint(7, 1);
    let h = deltas.iter().fold(
        h.message(12, span(-2, 2)).message(12, span(3, 2)),
        |h, d| h.varint(13, zigzag(*d)),
    );
    h.message(9, span(0, 1)).varint(10, zigzag(3))
}

fn float() -> Message {
    Message::default()
        .double(4, 7.5)
        .double(2, -3.25)
        .varint(5, zigzag(-1))
        .double(6, 1e-9)
        .double(8, 0.5)
        .message(12, span(1, 3))
        .double(14, 2.5)
        .double(14, 0.0)
        .double(14, 4.5)
}

fn histogram(h: Message) -> Message {
    Message::default().message(7, h)
}

/// As a client exposes both forms of one histogram.
fn both(extra: i64) -> Message {
    let classic = [(0.5, 2u64), (1.0, 9)];
    classic.iter().fold(integer(extra), |h, (bound, n)| {
        h.message(
            3,
            Message::default()
                .varint(1, n + extra as u64)
                .double(2, *bound),
        )
    })
}

fn one(h: Message) -> Reply {
    families(&[proto::family("h", Kind::Histogram, vec![histogram(h)])])
}

fn growing(a: &Ask) -> i64 {
    a.k as i64 / 3
}

fn native() -> Vec<Case> {
    vec![
        case("native-int", "formats §4.5, P20", NATIVE, |a| {
            one(integer(growing(a)))
        }).shows(&[("h", "{count:14,sum:18.5,[-1,-0.9170040432046711):3,[-0.001,0.001]:1,(0.7711054127039704,0.8408964152537144]:2,(0.8408964152537144,0.9170040432046711]:3,(1.189207115002721,1.2968395546510096]:1,(1.2968395546510096,1.414213562373095]:4}")]),
        case("native-float", "formats §4.5", NATIVE, |_| one(float())).shows(&[("h", "{count:7.5,sum:-3.25,[-1e-09,1e-09]:0.5,(1,4]:2.5,(16,64]:4.5} …")]),
        case("native-first", "formats §4.5", NATIVE, |a| {
            one(both(growing(a)))
        }),
        case(
            "native-and-classic",
            "formats §4.5",
            "scrape_native_histograms: true\nalways_scrape_classic_histograms: true",
            |a| one(both(growing(a))),
        ),
        case("native-off", "formats §4.5", "", |a| one(both(growing(a)))).shows(&[("h_bucket{le=\"0.5\"}", "2 2 2 3 3 3 4")]).lacks(&["h"]),
        case("native-vanishes", "§9", NATIVE, |a| {
            if a.k % 3 == 2 {
                families(&[proto::family(
                    "g",
                    Kind::Gauge,
                    vec![proto::gauge(&[], 1.0)],
                )])
            } else {
                one(integer(0))
            }
        }),
        case("native-fails", "§8.5", NATIVE, |a| {
            let mut body = one(integer(0));
            if a.k % 3 == 2 {
                body.body.truncate(20);
            }
            body
        }),
        case(
            "native-bucket-limit",
            "§8.4, case 88",
            "scrape_native_histograms: true\nnative_histogram_bucket_limit: 3",
            |a| one(integer(growing(a))),
        ),
        case(
            "native-too-many-buckets",
            "§8.4",
            "scrape_native_histograms: true\nnative_histogram_bucket_limit: 1",
            |_| one(integer(0)),
        ).shows(&[("up", "0 …")]),
        case(
            "native-bucket-factor",
            "§8.4",
            "scrape_native_histograms: true\nnative_histogram_min_bucket_factor: 2",
            |_| one(integer(0)),
        ),
        case("native-spans-wrong", "formats §4.5, P19", NATIVE, |a| {
            one(if a.k % 2 == 0 {
                integer(0)
            } else {
                integer(0).message(12, span(1, 4))
            })
        }),
        case("native-gauge", "formats §4.5", NATIVE, |a| {
            let mut family = Message::default().bytes(1, "h").bytes(2, "").varint(3, 5);
            family = family.message(4, histogram(integer(growing(a))));
            Reply::new(PROTOBUF, family.delimited())
        }),
        case(
            "native-and-relabel",
            "§4",
            "scrape_native_histograms: true\nmetric_relabel_configs: [{source_labels: [__name__], regex: 'h', target_label: __name__, replacement: renamed}]",
            |_| one(integer(0)),
        ),
        case("native-times", "§8.2", NATIVE, |a| {
            let t = (a.base_ms as u64).wrapping_add(a.k as u64 * 1000);
            families(&[proto::family(
                "h",
                Kind::Histogram,
                vec![histogram(integer(0)).varint(6, t)],
            )])
        }),
        case("native-twice", "§8.2", NATIVE, |_| {
            let h = || histogram(integer(0));
            families(&[proto::family("h", Kind::Histogram, vec![h(), h()])])
        }),
    ]
}

const CONVERT: &str = "convert_classic_histograms_to_nhcb: true";

fn classic(a: &Ask) -> String {
    let n = a.k / 3;
    format!(
        "# TYPE h histogram\nh_bucket{{le=\"0.5\",x=\"1\"}} {n}\nh_bucket{{le=\"1\",x=\"1\"}} {}\nh_bucket{{le=\"+Inf\",x=\"1\"}} {}\nh_sum{{x=\"1\"}} {}.5\nh_count{{x=\"1\"}} {}\n",
        n + 1,
        n + 4,
        n * 2,
        n + 4
    )
}

fn custom_buckets() -> Vec<Case> {
    vec![
        case("nhcb-text", "formats §6, N01", CONVERT, |a| {
            text(classic(a))
        })
        .shows(&[("h{x=\"1\"}", "{count:4,sum:0.5,(0.5,1]:1,(1,+Inf]:3}")])
        .lacks(&["h_count{x=\"1\"}"]),
        case(
            "nhcb-kept",
            "formats §6",
            "convert_classic_histograms_to_nhcb: true\nalways_scrape_classic_histograms: true",
            |a| text(classic(a)),
        ),
        case("nhcb-om", "formats §6", CONVERT, |a| {
            om(format!("{}h_created{{x=\"1\"}} 1e9\n# EOF\n", classic(a)))
        }),
        case("nhcb-two", "formats §6", CONVERT, |_| {
            text(
                "# TYPE h histogram\nh_bucket{le=\"1\",i=\"a\"} 1\nh_bucket{le=\"+Inf\",i=\"a\"} 2\nh_sum{i=\"a\"} 1\nh_count{i=\"a\"} 2\nh_bucket{le=\"1\",i=\"b\"} 0\nh_bucket{le=\"+Inf\",i=\"b\"} 1\nh_sum{i=\"b\"} 3\nh_count{i=\"b\"} 1\n# TYPE g gauge\ng 1\n",
            )
        }),
        case("nhcb-float", "formats §6", CONVERT, |_| {
            text(
                "# TYPE h histogram\nh_bucket{le=\"1\"} 1.5\nh_bucket{le=\"+Inf\"} 2.5\nh_sum 1\nh_count 2.5\n",
            )
        }),
        case("nhcb-no-inf", "formats §6", CONVERT, |_| {
            text(
                "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 2\nh_sum 1\nh_count 3\n",
            )
        }),
        case("nhcb-no-count", "formats §6", CONVERT, |_| {
            text("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\n")
        }),
        case("nhcb-no-sum", "formats §6", CONVERT, |_| {
            text("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_count 2\n")
        }),
        case("nhcb-falling", "formats §6", CONVERT, |_| {
            text(
                "# TYPE h histogram\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"2\"} 2\nh_bucket{le=\"+Inf\"} 4\nh_sum 1\nh_count 4\n",
            )
        }),
        case("nhcb-unsorted", "formats §6", CONVERT, |_| {
            text(
                "# TYPE h histogram\nh_bucket{le=\"2\"} 2\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 4\nh_sum 1\nh_count 4\n",
            )
        }),
        case("nhcb-untyped", "formats §6", CONVERT, |_| {
            text("h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n")
        }),
        case("nhcb-le-strange", "formats §6", CONVERT, |_| {
            text(
                "# TYPE h histogram\nh_bucket{le=\"one\"} 1\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n",
            )
        }),
        case("nhcb-pb", "formats §6", CONVERT, |_| {
            families(&[proto::family(
                "h",
                Kind::Histogram,
                vec![proto::histogram(3, 1.5, &[(0.5, 1), (1e6, 2)])],
            )])
        }),
        case("nhcb-vanishes", "formats §6, §9", CONVERT, |a| {
            if a.k % 3 == 2 {
                text("g 1\n")
            } else {
                text(classic(a))
            }
        })
        .shows(&[("h{x=\"1\"}", "* * {count:0,sum:NaN}")]),
        case(
            "nhcb-bucket-limit",
            "§8.4",
            "convert_classic_histograms_to_nhcb: true\nnative_histogram_bucket_limit: 2",
            |a| text(classic(a)),
        ),
    ]
}

const QUOTED: &str = "{\"a.b\",\"c d\"=\"1\"} 1\n{\"ünï\"} 2\nplain 3\n";

fn names() -> Vec<Case> {
    vec![
        case("utf8-all", "formats §7", "", |_| text(QUOTED))
            .shows(&[("a.b{c d=\"1\"}", "1 …"), ("ünï", "2 …")]),
        case(
            "utf8-legacy",
            "formats §7, case 84",
            "metric_name_validation_scheme: legacy\nmetric_name_escaping_scheme: underscores",
            |_| text(QUOTED),
        )
        .shows(&[("up", "0 …")]),
        case(
            "utf8-legacy-mended",
            "formats §7",
            "metric_name_validation_scheme: legacy\nmetric_name_escaping_scheme: underscores\nmetric_relabel_configs: [{source_labels: [__name__], regex: 'a.*', target_label: __name__, replacement: ab}, {regex: 'c d', action: labeldrop}, {source_labels: [__name__], regex: 'ü.*', action: drop}]",
            |_| text(QUOTED),
        ),
        case("utf8-om", "formats §2, §7", "", |_| {
            om(
                "# TYPE \"a.b\" counter\n{\"a.b_total\",\"c d\"=\"1\"} 1\n# TYPE g gauge\ng{\"x y\"=\"\\n\"} 2\n# EOF\n",
            )
        }),
        case("utf8-pb", "formats §4.4, §7", "", |_| {
            families(&[proto::family(
                "a.b",
                Kind::Gauge,
                vec![proto::gauge(&[("c d", "1")], 1.0)],
            )])
        }),
        case(
            "utf8-relabel",
            "§4",
            "metric_relabel_configs: [{source_labels: [plain], target_label: 'x.y', replacement: z}]",
            |_| text("plain 3\n"),
        ),
        case("escape-answer", "formats §5, §7", "", |_| {
            Reply::new(
                "text/plain; version=1.0.0; escaping=values",
                "U__a_2e_b 1\n",
            )
        }),
    ]
}
