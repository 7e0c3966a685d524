//! Caps on lines, names and values hold whole and in pieces, and bound what a caller has to keep.

use crate::reference::parse_fast;
use crate::{ErrorClass, Format, Limits, ParserOptions};

fn with(limits: Limits) -> ParserOptions {
    ParserOptions {
        limits,
        ..ParserOptions::new(Format::Text)
    }
}

fn refusal(body: &str, options: ParserOptions) -> Option<(ErrorClass, u64)> {
    let whole = parse_fast(body.as_bytes(), &options, &[]).1;
    let every: Vec<usize> = (0..body.len()).collect();
    assert_eq!(
        parse_fast(body.as_bytes(), &options, &every).1,
        whole,
        "{body:?}"
    );
    whole
}

#[test]
fn a_line_over_its_cap_fails() {
    let options = with(Limits {
        line: 10,
        ..Limits::default()
    });
    assert_eq!(refusal("abcdefgh 1\n", options), None);
    assert_eq!(
        refusal("a 1\nabcdefghi 1\n", options),
        Some((ErrorClass::Limit, 14))
    );
    assert_eq!(
        refusal("a{b=\"ccccccccccccccccccccc", options),
        Some((ErrorClass::Limit, 10))
    );
    assert_eq!(
        refusal("# a very long comment line\n", options),
        Some((ErrorClass::Limit, 10))
    );
    assert_eq!(
        refusal("a x yyyyyyyyyyyyyyyyyyyyy\n", options),
        Some((ErrorClass::Float, 2))
    );
}

#[test]
fn a_name_over_its_cap_fails() {
    let options = with(Limits {
        name: 4,
        ..Limits::default()
    });
    assert_eq!(
        refusal("abcd{abcd=\"x\"} 1\n{\"abcd\"} 1\n# HELP abcd x\n", options),
        None
    );
    assert_eq!(refusal("abcde 1\n", options), Some((ErrorClass::Limit, 4)));
    assert_eq!(
        refusal("a{abcde=\"x\"} 1\n", options),
        Some((ErrorClass::Limit, 6))
    );
    assert_eq!(
        refusal("{\"abcde\"} 1\n", options),
        Some((ErrorClass::Limit, 6))
    );
    assert_eq!(
        refusal("# HELP abcde x\n", options),
        Some((ErrorClass::Limit, 11))
    );
}

#[test]
fn a_value_over_its_cap_fails() {
    let options = with(Limits {
        value: 4,
        ..Limits::default()
    });
    assert_eq!(refusal("a{b=\"abcd\"} 1\n", options), None);
    assert_eq!(
        refusal("a{b=\"abcde\"} 1\n", options),
        Some((ErrorClass::Limit, 9))
    );
}
