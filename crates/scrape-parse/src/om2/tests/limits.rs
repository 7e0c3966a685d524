//! Caps, and memory.

use super::*;
use crate::event::Step;
use crate::{Limits, Parser};

fn capped(line: usize, name: usize, value: usize) -> ParserOptions {
    ParserOptions {
        limits: Limits { line, name, value },
        ..options()
    }
}

/// Refused alike whole and in pieces of any size.
#[track_caller]
fn over(body: &str, options: ParserOptions, at: u64) {
    for piece in 0..body.len() + 2 {
        let (_, result) = parse_in_pieces(body.as_bytes(), options, piece);
        let error = result.expect_err("over its cap");
        assert_eq!(
            (error.class, error.offset),
            (ErrorClass::Limit, at),
            "{piece}"
        );
    }
}

#[test]
fn om2_44_lines_names_and_values_have_caps() {
    let body = "a{bcd=\"efgh\"} 1\n# TYPE abcd gauge\n{\"abcd\"} 1\n# EOF\n";
    assert_eq!(parse(body.as_bytes(), capped(18, 4, 4)).1, Ok(()));
    over(body, capped(14, 0, 0), 14);
    over(body, capped(16, 0, 0), 16 + 16);
    over(body, capped(0, 2, 0), 4);
    over(body, capped(0, 3, 0), 16 + 7 + 3);
    over(body, capped(0, 0, 3), 10);
    over("abcd 1\n# EOF\n", capped(0, 3, 0), 3);
    over("a 1 # {bcd=\"e\"} 1 1\n# EOF\n", capped(0, 2, 0), 9);
    // A long line is refused before it is whole, whatever is wrong with it.
    over(
        "# TYPE h histogram\nh {count:x,sum:1}\n# EOF\n",
        capped(12, 0, 0),
        12,
    );
    over("abcdefghij", capped(5, 0, 0), 5);
}

#[test]
fn om2_45_a_cap_is_on_the_line_not_on_what_it_becomes() {
    let mut body = String::from("# TYPE h histogram\nh {count:1,sum:1,bucket:[");
    for bound in 0..500 {
        body += &format!("{bound}:0,");
    }
    body += "+Inf:1]}\n# EOF\n";
    let (events, result) = parse_in_pieces(body.as_bytes(), capped(body.len(), 0, 0), 0);
    assert_eq!((events.len(), result), (504, Ok(())));
}

#[test]
fn om2_46_a_line_in_work_survives_its_piece() {
    // A cursor may be dropped between two series of one line; the line is then fed again.
    let body = b"# TYPE s summary\ns {count:1,sum:2,quantile:[0.5:3]} # {a=\"b\"} 1 1\n# EOF\n";
    let mut parser = Parser::new(options());
    let mut start = 0;
    let mut seen = Vec::new();
    loop {
        let mut cursor = parser.feed(&body[start..], true);
        match cursor.next().expect("accepted") {
            Step::Event(event) => seen.push(format!("{:?}", crate::reference::own(&event))),
            Step::NeedMore => panic!("the body is whole"),
            Step::Eof => break,
        }
        start += cursor.consumed();
    }
    let mut whole = Vec::new();
    let mut parser = Parser::new(options());
    let mut cursor = parser.feed(body, true);
    while let Step::Event(event) = cursor.next().expect("accepted") {
        whole.push(format!("{:?}", crate::reference::own(&event)));
    }
    assert_eq!((seen.len(), &seen), (4, &whole));
}

#[test]
fn om2_47_a_parser_is_used_again() {
    let mut parser = Parser::new(options());
    for body in [
        &b"# TYPE h histogram\nh {count:0,sum:0,bucket:[+Inf:0]}\n# EOF\n"[..],
        b"h 1\n# EOF\n",
        b"h {",
        b"h 1\n# EOF\n",
    ] {
        parser.reset();
        let mut cursor = parser.feed(body, true);
        let result = loop {
            match cursor.next() {
                Ok(Step::Event(_)) => {}
                Ok(Step::NeedMore) => panic!("the body is whole"),
                Ok(Step::Eof) => break Ok(()),
                Err(e) => break Err(e.class),
            }
        };
        let wanted = if body == b"h {" {
            Err(ErrorClass::Value)
        } else {
            Ok(())
        };
        assert_eq!(result, wanted);
    }
}
