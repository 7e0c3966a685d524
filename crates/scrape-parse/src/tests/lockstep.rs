//! Random bodies: all ways to read one agree (K05). Bodies come from an alphabet of tokens, so that most are
//! nearly well-formed, and from mutations of well-formed ones.

use proptest::prelude::*;

use super::check_with;
use crate::reference::{parse_fast, parse_lazily, predictions};
use crate::{Format, ParserOptions};

fn options() -> impl Strategy<Value = ParserOptions> {
    (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(om, start_timestamps, st_anywhere, raw_exemplars, accept_negative_ts)| {
                ParserOptions {
                    start_timestamps,
                    st_anywhere,
                    raw_exemplars,
                    accept_negative_ts,
                    ..ParserOptions::new(if om {
                        Format::OpenMetrics
                    } else {
                        Format::Text
                    })
                }
            },
        )
}

const TOKENS: &[&str] = &[
    "a",
    "b_total",
    "h",
    "h_bucket",
    "_created",
    "c_created",
    "c",
    "c_total",
    "{",
    "}",
    "\"",
    "\"",
    "=",
    ",",
    " ",
    " ",
    "\t",
    "\n",
    "\n",
    "\n",
    "\\",
    "#",
    "# ",
    "# HELP ",
    "# TYPE ",
    "# UNIT ",
    "# TYPE c counter\n",
    "# TYPE h histogram\n",
    "# TYPE s summary\n",
    "# TYPE g gauge\n",
    "# EOF",
    "# EOF\n",
    " # {",
    "le=\"",
    "quantile=\"",
    "a=\"b\"",
    "\"a.b\"",
    "1",
    "2.5",
    "-",
    "+",
    ".",
    "e",
    "e5",
    "NaN",
    "Inf",
    "0x1p3",
    "1e400",
    "12345678901234567890",
    "\0",
    "\r",
    "\u{e9}",
    "\\n",
    "\\\"",
    "\\\\",
    "_s s",
    ":",
    "a{a=\"b\"} 1\n",
    "c_total 1\n",
    "c_created 2\n",
    "c_total{a=\"b\"} 1 # {t=\"u\"} 2\n",
    "h_bucket{le=\"1\"} 5 6\n",
    "{\"a b\",x=\"y\"} 3\n",
    "h_created 1.5\n",
    "h_sum 1\n",
];

fn soup() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        30 => proptest::sample::select(TOKENS).prop_map(|t| t.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|b| vec![b]),
    ];
    proptest::collection::vec(token, 0..30).prop_map(|t| t.concat())
}

fn lines() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        "[0-9]{1,20}",
        "-?[0-9]{0,3}\\.[0-9]{0,18}",
        "[0-9]\\.[0-9]{1,5}e[+-]?[0-9]{1,3}",
        "(NaN|[+-]Inf)".prop_map(String::from),
    ];
    let labels = "(\\{([a-c]=\"[a-z\\\\é]{0,18}\",?|le=\"[0-9.]{1,4}\",|\"[a-c]\"=\"\",){0,3}\\})?";
    let line = (
        "(c|h|c_total|h_bucket|h_created|c_created)",
        labels,
        value,
        "( [0-9]{1,4})?( # \\{([ab]=\"[a-z0-9\\\\é]{0,18}\",?){0,2}\\} [0-9]{1,3}(\\.[0-9]{1,4})?( [0-9]{1,12}(\\.[0-9]{0,3})?)?)?",
    )
        .prop_map(|(name, labels, value, rest)| format!("{name}{labels} {value}{rest}\n"));
    let any_line = prop_oneof![
        8 => line,
        1 => proptest::sample::select(&["# TYPE c counter\n", "# TYPE h histogram\n", "# HELP c x\\n\n", "# HELP c y\n# TYPE c counter\n", "# TYPE h histogram\n# HELP h z\n", "# UNIT c c\n"][..]).prop_map(String::from),
    ];
    (
        proptest::collection::vec(any_line, 0..8),
        any::<bool>(),
        any::<proptest::sample::Index>(),
        any::<u8>(),
        0..8u8,
    )
        .prop_map(|(lines, eof, at, byte, mutate)| {
            let mut body = lines.concat().into_bytes();
            if eof {
                body.extend_from_slice(b"# EOF\n");
            }
            if !body.is_empty() {
                let at = at.index(body.len());
                match mutate {
                    0 => body.truncate(at),
                    1 => body[at] = byte,
                    2 => body[at] ^= 1 << (byte % 8),
                    _ => {}
                }
            }
            body
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn k05_token_soup_reads_alike_in_all_ways(body in soup(), options in options()) {
        check_with(&body, options);
    }

    #[test]
    fn k05_damaged_bodies_read_alike_in_all_ways(body in lines(), options in options()) {
        check_with(&body, options);
    }

    #[test]
    fn k05_predictions_of_another_body_change_nothing(
        first in lines(), second in lines(), options in options(), cut in any::<proptest::sample::Index>(),
    ) {
        let cuts = [cut.index(second.len() + 1)];
        let predicted = predictions(&first, &options);
        let whole = parse_fast(&second, &options, &[]);
        prop_assert_eq!(parse_lazily(&second, &options, &[], &predicted), Some(whole.clone()));
        let pieces = parse_lazily(&second, &options, &cuts, &predicted);
        prop_assert_eq!(pieces, Some(whole));
    }
}
