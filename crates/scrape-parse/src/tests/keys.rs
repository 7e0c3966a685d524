//! Cases K01–K04: what a cache that works with raw keys relies on.

use crate::reference::{Labels, Line, Prediction, predictions};
use crate::{
    Cursor, Event, Expect, Format, LabelContext, Parser, ParserOptions, Scan, Step, decode_key,
};

fn parser() -> Parser {
    Parser::new(ParserOptions::new(Format::Text))
}

/// Reads a body with predictions in order, then by known keys; answers how often the full grammar was needed
/// for a sample.
fn full_decodes(body: &str, known: &[Line]) -> usize {
    let mut parser = parser();
    let mut cursor = parser.feed(body.as_bytes(), true);
    let (mut at, mut full) = (0, 0);
    loop {
        if let Some(line) = known.get(at)
            && let Expect::Hit(_) = cursor.expect(&line.key, &line.value).expect("well-formed")
        {
            at += 1;
            continue;
        }
        let found = match cursor.scan_key().expect("well-formed") {
            Scan::Key(key) => known.iter().position(|k| k.key == key),
            _ => None,
        };
        if let Some(index) = found {
            cursor
                .take_known(known[index].key.len())
                .expect("well-formed");
            at = index + 1;
            continue;
        }
        match cursor.next().expect("well-formed") {
            Step::Event(Event::Series(_)) => full += 1,
            Step::Event(_) => {}
            Step::Eof => return full,
            Step::NeedMore => panic!("the body was whole"),
        }
    }
}

fn lines_of(body: &str) -> Vec<Line> {
    let all = predictions(body.as_bytes(), &ParserOptions::new(Format::Text));
    all.into_iter()
        .filter_map(|p| match p {
            Prediction::Series(line) => Some(line),
            Prediction::Meta { .. } => None,
        })
        .collect()
}

const FIRST: &str = "# TYPE a counter\na{x=\"1\"} 1\na{x=\"2\"} 2 5\nb 3\n{\"c d\"} 4\n";

#[test]
fn k01_changed_values_need_no_label_decode() {
    let known = lines_of(FIRST);
    assert_eq!(known.len(), 4);
    let second = "# TYPE a counter\na{x=\"1\"} 10\na{x=\"2\"} 20 6\nb 3.5\n{\"c d\"} 4\n";
    assert_eq!(full_decodes(second, &known), 0);
}

#[test]
fn k02_rotated_lines_need_no_full_decode() {
    let known = lines_of(FIRST);
    let rotated = "a{x=\"2\"} 20\nb 30\n{\"c d\"} 40\na{x=\"1\"} 10\n";
    assert_eq!(full_decodes(rotated, &known), 0);
}

fn miss(body: &str, key: &str) {
    let mut parser = parser();
    let mut cursor = parser.feed(body.as_bytes(), true);
    assert!(
        matches!(cursor.expect(key.as_bytes(), b"1"), Ok(Expect::Miss)),
        "{body:?}"
    );
    assert_ne!(
        cursor.scan_key().expect("no failure"),
        Scan::Key(key.as_bytes()),
        "{body:?}"
    );
    assert_eq!(cursor.consumed(), 0);
}

#[test]
fn k03_a_bare_name_before_a_label_set_misses() {
    miss("foo {a=\"b\"} 1\n", "foo");
    miss("foo\t {a=\"b\"} 1\n", "foo");
    miss("foo{a=\"b\"} 1\n", "foo");
    miss("foobar 1\n", "foo");
    miss("foo:bar 1\n", "foo");
    miss(" foo 1\n", "foo");
    miss("foo {} 1\n", "foo{}");
    let mut parser = Parser::new(ParserOptions::new(Format::OpenMetrics));
    let mut cursor = parser.feed(b"foo{a=\"b\"} 1\n", true);
    assert!(matches!(cursor.expect(b"foo", b"1"), Ok(Expect::Miss)));
}

#[test]
fn k03_an_unfinished_name_is_undecided() {
    for (piece, key) in [
        ("fo", "foo"),
        ("foo", "foo"),
        ("foo ", "foo"),
        ("foo  ", "foo"),
        ("foo 1", "foo"),
        ("", "foo"),
    ] {
        let mut parser = parser();
        let mut cursor = parser.feed(piece.as_bytes(), false);
        assert!(
            matches!(cursor.expect(key.as_bytes(), b"1"), Ok(Expect::NeedMore)),
            "{piece:?}"
        );
        assert_eq!(cursor.scan_key(), Ok(Scan::NeedMore), "{piece:?}");
        assert_eq!(cursor.consumed(), 0);
    }
}

#[test]
fn k04_le_is_decoded_by_the_context_in_force() {
    let body = b"# TYPE h histogram\nh{le=\"1\"} 1\n# TYPE h gauge\nh{le=\"1\"} 2\n";
    let mut parser = parser();
    let mut cursor = parser.feed(body, true);
    let mut seen = Vec::new();
    let mut key = Vec::new();
    loop {
        if let Scan::Key(k) = cursor.scan_key().expect("well-formed") {
            key = k.to_vec();
            let known = cursor.take_known(key.len()).expect("well-formed");
            let mut labels = Labels::new();
            decode_key(Format::Text, &key, known.context, &mut labels).expect("a key");
            seen.push((
                known.context,
                String::from_utf8_lossy(&labels[1].1).into_owned(),
            ));
        } else if matches!(cursor.next().expect("well-formed"), Step::Eof) {
            break;
        }
    }
    assert_eq!(key, b"h{le=\"1\"}");
    assert_eq!(
        seen,
        [
            (LabelContext::Histogram, "1.0".to_owned()),
            (LabelContext::Other, "1".to_owned())
        ]
    );
}

#[test]
fn an_unchanged_value_is_not_parsed() {
    let mut parser = parser();
    let mut cursor = parser.feed(b"a 17\na 170\na 17\t5\na 18", true);
    let unchanged = |cursor: &mut Cursor<'_>| match cursor.expect(b"a", b"17").expect("well-formed")
    {
        Expect::Hit(k) => (k.unchanged, k.value.to_bits(), k.timestamp),
        other => panic!("{other:?}"),
    };
    assert_eq!(unchanged(&mut cursor), (true, f64::NAN.to_bits(), None));
    assert_eq!(unchanged(&mut cursor), (false, 170f64.to_bits(), None));
    assert_eq!(unchanged(&mut cursor), (true, f64::NAN.to_bits(), Some(5)));
    assert_eq!(unchanged(&mut cursor), (false, 18f64.to_bits(), None));
    assert!(matches!(cursor.next(), Ok(Step::Eof)));
}

#[test]
fn keys_that_are_none_are_refused() {
    let mut labels = Labels::new();
    for key in ["", "a b", "a{", "a{b=\"", "a{} ", "\u{0}"] {
        assert!(
            decode_key(
                Format::Text,
                key.as_bytes(),
                LabelContext::Other,
                &mut labels
            )
            .is_err(),
            "{key:?}"
        );
    }
    assert!(
        decode_key(
            Format::OpenMetrics,
            b"a {}",
            LabelContext::Other,
            &mut labels
        )
        .is_err()
    );
}
