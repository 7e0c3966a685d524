//! Errors say where, show the text and cannot spoil a terminal.

use crate::{ErrorClass, Format, ParseError, Parser, ParserOptions, Step};

fn error(body: &[u8]) -> ParseError {
    let mut parser = Parser::new(ParserOptions::new(Format::Text));
    let mut cursor = parser.feed(body, true);
    loop {
        match cursor.next() {
            Ok(Step::Event(_)) => {}
            Ok(_) => panic!("the body was accepted"),
            Err(e) => return e,
        }
    }
}

#[test]
fn position_and_caret() {
    let e = error(b"a 1\nfoo{b=\"c\",} x 2\nd 1\n");
    assert_eq!(
        (e.class, e.offset, e.line, e.column),
        (ErrorClass::Float, 16, 2, 13)
    );
    assert_eq!(
        e.to_string(),
        "line 2, column 13: this is not a number\n  foo{b=\"c\",} x 2\n              ^"
    );
}

#[test]
fn lines_inside_label_values_count() {
    let e = error(b"a{b=\"\n\n\"} 1\n!");
    assert_eq!((e.line, e.column, e.class), (4, 1, ErrorClass::Start));
}

#[test]
fn lines_are_counted_across_pieces() {
    let body = b"a 1\nb{c=\"\n\"} 2\n# x\n?";
    for cut in 0..body.len() {
        let mut parser = Parser::new(ParserOptions::new(Format::Text));
        let consumed = {
            let mut cursor = parser.feed(&body[..cut], false);
            while let Ok(Step::Event(_)) = cursor.next() {}
            cursor.consumed()
        };
        let mut cursor = parser.feed(&body[consumed..], true);
        let e = loop {
            match cursor.next() {
                Ok(Step::Event(_)) => {}
                Ok(step) => panic!("{step:?}"),
                Err(e) => break e,
            }
        };
        assert_eq!(
            (e.line, e.column, e.offset),
            (5, 1, body.len() as u64 - 1),
            "cut at {cut}"
        );
    }
}

#[test]
fn hostile_bytes_are_escaped_and_the_caret_still_points() {
    let e = error(b"a{b=\"\x1b[31m\xe2\x80\xae\"} x\xff\n");
    let shown = e.to_string();
    assert!(
        !shown.contains('\x1b') && !shown.contains('\u{202e}'),
        "{shown:?}"
    );
    let mut lines = shown.lines().skip(1);
    let (text, caret) = (lines.next().expect("text"), lines.next().expect("caret"));
    assert_eq!(text, "  a{b=\"\\u{1b}[31m\\u{202e}\"} x\\xff");
    assert_eq!(text.chars().nth(caret.len() - 1), Some('x'));
}

#[test]
fn long_lines_are_shown_in_part() {
    let body = [b"a{b=\"".as_slice(), &[b'x'; 5000], b"\"} y"].concat();
    let e = error(&body);
    assert!(e.snippet.len() <= ParseError::SNIPPET_MAX);
    assert_eq!(e.snippet.get(e.snippet_at), Some(&b'y'));
    assert_eq!(e.column, 5009);
}

#[test]
fn the_first_error_is_final() {
    let mut parser = Parser::new(ParserOptions::new(Format::Text));
    let mut cursor = parser.feed(b"a x\nb 1\n", true);
    let first = cursor.next().expect_err("refused");
    assert_eq!(cursor.next().err().as_ref(), Some(&first));
    drop(cursor);
    assert_eq!(parser.feed(b"b 1\n", true).next().err(), Some(first));
    parser.reset();
    assert!(matches!(
        parser.feed(b"b 1\n", true).next(),
        Ok(Step::Event(_))
    ));
}
