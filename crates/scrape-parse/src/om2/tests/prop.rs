//! Random bodies: all ways to read one agree.

use super::*;
use proptest::prelude::*;

fn any_options() -> impl Strategy<Value = ParserOptions> {
    any::<u8>().prop_map(|flags| lockstep::openmetrics2_options(&[flags]).0)
}

const TOKENS: &[&str] = &[
    "a",
    "h",
    "s_info",
    "{",
    "}",
    "\"",
    "\"",
    "=",
    ",",
    " ",
    " ",
    "\n",
    "\n",
    "\\",
    "#",
    "# HELP ",
    "# TYPE ",
    "# UNIT ",
    "# TYPE h histogram\n",
    "# TYPE g gaugehistogram\n",
    "# TYPE s summary\n",
    "# TYPE c counter\n",
    "# TYPE a stateset\n",
    "# EOF\n",
    " # {",
    "} 1 2",
    " st@",
    " st@1.5",
    "le=\"1\"",
    "a=\"b\"",
    "\"a.b\"",
    "1",
    "2.5",
    "-1",
    "NaN",
    "+Inf",
    "1e400",
    "\0",
    "\r",
    "\u{e9}",
    "\\n",
    ":",
    "[",
    "]",
    "count:",
    "sum:",
    "bucket:[",
    "quantile:[",
    "schema:0",
    "zero_threshold:0",
    "zero_count:0",
    "positive_spans:[0:1]",
    "positive_buckets:[1]",
    "h {count:1,sum:1,",
    "h {count:1,sum:1,bucket:[+Inf:1]}\n",
    "s {count:1,sum:1,quantile:[0.5:1]}\n",
    "h {count:1,sum:1,schema:0,zero_threshold:0,zero_count:0,positive_spans:[0:1],positive_buckets:[1]",
    "a 1\n",
    "a{a=\"b\"} 1 2\n",
    "c 1 # {t=\"u\"} 1 2\n",
];

fn soup() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        30 => proptest::sample::select(TOKENS).prop_map(|t| t.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|b| vec![b]),
    ];
    proptest::collection::vec(token, 0..30).prop_map(|t| t.concat())
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[0-9]{1,3}",
        2 => "[0-9]{1,2}\\.[0-9]{0,2}",
        1 => "-?[0-9]e-?[0-9]",
        1 => "(NaN|[+-]Inf|18446744073709551615|9223372036854775808)".prop_map(String::from),
    ]
}

/// Ascending bounds with counts.
fn buckets() -> impl Strategy<Value = String> {
    proptest::collection::vec((0..4u8, number()), 0..5).prop_map(|steps| {
        let mut bound = -2i32;
        let mut text = String::new();
        for (step, count) in steps {
            bound += i32::from(step);
            text += &format!("{bound}:{count},");
        }
        format!("bucket:[{text}+Inf:7]")
    })
}

/// One side of native buckets, mostly with as many buckets as its spans say.
fn side(name: &'static str) -> impl Strategy<Value = String> {
    let spans = proptest::collection::vec((-2..4i32, 0..3usize), 0..4);
    (spans, any::<bool>(), 0..12u8).prop_map(move |(spans, fractions, odd)| {
        let count: usize = spans.iter().map(|s| s.1).sum::<usize>() + usize::from(odd == 0);
        let spans: Vec<String> = spans.iter().map(|(o, n)| format!("{o}:{n}")).collect();
        let bucket = |i| {
            if fractions {
                format!("{i}.5")
            } else {
                format!("{}", i % 3)
            }
        };
        let buckets: Vec<String> = (0..count).map(bucket).collect();
        format!(
            ",{name}_spans:[{}],{name}_buckets:[{}]",
            spans.join(","),
            buckets.join(",")
        )
    })
}

fn native_fields() -> impl Strategy<Value = String> {
    (side("negative"), side("positive"), -5..10i32, number()).prop_map(|(n, p, schema, zero)| {
        format!("schema:{schema},zero_threshold:0.5,zero_count:{zero}{n}{p}")
    })
}

fn line() -> impl Strategy<Value = String> {
    let labels = "(\\{([a-c]=\"[a-z\\\\é]{0,5}\",?|le=\"1\",|\"[a-c]\"=\"\",){0,3}\\})?";
    let value = prop_oneof![
        3 => number(),
        2 => (number(), number(), buckets()).prop_map(|(c, s, b)| format!("{{count:{c},sum:{s},{b}}}")),
        1 => (number(), buckets()).prop_map(|(c, b)| format!("{{gcount:{c},gsum:-1,{b}}}")),
        // The sum is mostly NaN so that the count need not be exact.
        2 => native_fields().prop_map(|n| format!("{{count:99,sum:NaN,{n}}}")),
        1 => (native_fields(), buckets()).prop_map(|(n, b)| format!("{{count:99,sum:NaN,{n},{b}}}")),
        1 => (number(), number()).prop_map(|(c, q)| format!("{{count:{c},sum:1,quantile:[0.5:{q},1:2]}}")),
    ];
    let tail = "( [0-9]{1,3})?( st@[0-9.]{1,3})?( # \\{(t=\"[a-z]\")?\\} [0-9]{1,2} 1){0,3}";
    let name = "(h|g|s|c|\\{\"h\"\\})";
    let sample = (name, labels, value, tail).prop_map(|(n, l, v, t)| {
        let labels = if n.starts_with('{') { String::new() } else { l };
        format!("{n}{labels} {v}{t}\n")
    });
    let meta = "# TYPE (h histogram|g gaugehistogram|s summary|c counter|c gauge|h gauge)\n";
    prop_oneof![3 => sample, 2 => meta]
}

fn lines() -> impl Strategy<Value = Vec<u8>> {
    let all = proptest::collection::vec(line(), 0..8);
    let damage = (any::<proptest::sample::Index>(), any::<u8>(), 0..8u8);
    (all, damage).prop_map(|(lines, (at, byte, how))| {
        let mut body = (lines.concat() + "# EOF\n").into_bytes();
        let at = at.index(body.len());
        match how {
            0 => body.truncate(at),
            1 => body[at] = byte,
            2 => body[at] ^= 1 << (byte % 8),
            _ => {}
        }
        body
    })
}

/// A whole body that is mostly good: each line after a type that it suits.
fn good_lines() -> impl Strategy<Value = Vec<u8>> {
    let typed = line().prop_map(|line| {
        let kind = match () {
            () if line.starts_with('#') => return line,
            () if line.contains("gcount") => "gaugehistogram",
            () if line.contains("quantile:") => "summary",
            () if line.contains("count:") => "histogram",
            () => "gauge",
        };
        let name = line.trim_start_matches("{\"").get(..1).unwrap_or_default();
        format!("# TYPE {name} {kind}\n{line}")
    });
    proptest::collection::vec(typed, 0..6).prop_map(|l| (l.concat() + "# EOF\n").into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn om2_50_token_soup_reads_alike_in_all_ways(body in soup(), options in any_options()) {
        drop(parse(&body, options));
    }

    #[test]
    fn om2_51_damaged_bodies_read_alike_in_all_ways(body in lines(), options in any_options()) {
        drop(parse(&body, options));
    }

    #[test]
    fn om2_52_good_bodies_read_alike_in_all_ways(body in good_lines(), options in any_options()) {
        drop(parse(&body, options));
    }
}
