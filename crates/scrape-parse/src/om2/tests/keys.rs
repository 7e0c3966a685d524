//! Keys: told apart, and read back.

use super::*;
use crate::event::{Event, Expect, LabelContext, Scan, Step};
use crate::reference::{Prediction, predictions};
use crate::{Parser, decode_key};

fn keys(lines: &str, options: ParserOptions) -> Vec<Vec<u8>> {
    let body = format!("{lines}\n# EOF\n");
    let mut parser = Parser::new(options);
    let mut cursor = parser.feed(body.as_bytes(), true);
    let mut keys = Vec::new();
    loop {
        match cursor.next().expect("accepted") {
            Step::Event(Event::Series(s)) => keys.push(s.key.to_vec()),
            Step::Event(Event::Histogram(h)) => keys.push(h.key.to_vec()),
            Step::Event(_) => {}
            Step::NeedMore | Step::Eof => return keys,
        }
    }
}

#[test]
fn om2_40_every_series_of_a_line_has_a_key_of_its_own() {
    let options = ParserOptions {
        keep_classic: true,
        ..native()
    };
    let lines = "# TYPE h histogram\n\
        h{a=\"b\"} {count:2,sum:3,schema:0,zero_threshold:1,zero_count:2,bucket:[1:0,2:1,+Inf:2]}\n\
        # TYPE h_count gauge\nh_count{a=\"b\"} 1\n\
        # TYPE h gaugehistogram\nh{a=\"b\"} {gcount:2,gsum:3,bucket:[1:0,+Inf:2]}\n\
        # TYPE h summary\nh{a=\"b\"} {count:2,sum:3,quantile:[1:0]}\n\
        # TYPE h gauge\nh{a=\"b\"} 1";
    let mut all = keys(lines, options);
    let n = all.len();
    assert_eq!(n, 6 + 1 + 4 + 3 + 1);
    all.sort();
    all.dedup();
    // Count and sum of histogram and summary are the same series; so is a bucket of both histograms.
    assert_eq!(all.len(), n - 2 - 2);
}

#[test]
fn om2_41_keys_are_read_back() {
    let lines =
        "# TYPE \"h.x\" histogram\n{\"h.x\",\"a b\"=\"\\\"\"} {count:2,sum:3,bucket:[1:0,+Inf:2]}";
    let bucket = &keys(lines, options())[2];
    let mut labels = Vec::new();
    decode_key(
        Format::OpenMetrics2,
        bucket,
        LabelContext::Other,
        &mut labels,
    )
    .expect("a key");
    let pair = |n: &str, v: &str| (n.as_bytes().to_vec(), v.as_bytes().to_vec());
    assert_eq!(
        labels,
        [
            pair("__name__", "h.x_bucket"),
            pair("a b", "\""),
            pair("le", "1.0")
        ]
    );
    for broken in [
        &b""[..],
        b"a ",
        b"a{",
        b"\x01",
        b"\x05",
        b"12345678\x05",
        b"a1234567\x05",
        b"a{b=\"c\"}x",
        b"a\x08",
    ] {
        let mut labels = Vec::new();
        let read = decode_key(
            Format::OpenMetrics2,
            broken,
            LabelContext::Other,
            &mut labels,
        );
        assert!(read.is_err(), "{broken:?} {labels:?}");
    }
}

#[test]
fn om2_42_a_known_line_is_taken_without_decoding() {
    let body = b"# TYPE g gauge\ng 1\ng{a=\"b\"} 2.5\n# TYPE h histogram\nh {count:0,sum:0,bucket:[+Inf:0]}\ni 7\n# EOF\n";
    let predicted: Vec<_> = predictions(body, &options())
        .into_iter()
        .filter_map(|p| match p {
            Prediction::Series(line) => Some(line),
            Prediction::Meta { .. } => None,
        })
        .collect();
    let mut parser = Parser::new(options());
    let mut cursor = parser.feed(body, true);
    let (mut hits, mut events) = (0, 0);
    let mut at = 0;
    loop {
        if let Some(line) = predicted.get(at)
            && let Expect::Hit(known) = cursor.expect(&line.key, &line.value).expect("accepted")
        {
            assert!(known.unchanged && known.value_text == line.value);
            hits += 1;
            at += 1;
            continue;
        }
        assert_eq!(cursor.scan_key().expect("nothing refused"), Scan::Other);
        match cursor.next().expect("accepted") {
            Step::Event(Event::Series(_)) => at += 1,
            Step::Event(_) => {}
            Step::NeedMore | Step::Eof => break,
        }
        events += 1;
    }
    // All plain numbers; the histogram's three series and three types take the full grammar, the last of which
    // only ends the histogram.
    assert_eq!((hits, events), (3, 3 + 3));
    assert!(cursor.take_known(1).is_err());
}

#[test]
fn om2_43_the_fast_path_asks_for_the_family_in_force() {
    // The quoted name is no longer key of the bare one, though its text is.
    let first = "# TYPE \"a{x=\\\"1\\\"}\" gauge\na{x=\"1\"} 1";
    let events = ok(first);
    assert!(
        events.iter().any(|e| e.brief() == "TYPE a unknown"),
        "{events:?}"
    );
    // A number that a type does not allow is refused whether or not the line is known.
    for (good, bad) in [
        ("# TYPE c gauge\nc NaN", "# TYPE c counter\nc NaN"),
        (
            "# TYPE c_info gauge\nc_info 2",
            "# TYPE c_info info\nc_info 2",
        ),
        ("# TYPE c gauge\nc 2", "# TYPE c histogram\nc 2"),
    ] {
        let predicted = predictions(format!("{good}\n# EOF\n").as_bytes(), &options());
        let body = format!("{bad}\n# EOF\n");
        let lazily = crate::reference::parse_lazily(body.as_bytes(), &options(), &[], &predicted);
        let (_, refusal) = lazily.expect("consistent");
        assert!(refusal.is_some(), "{bad}");
    }
}
