//! What stands in for OpenMetrics 2.0 in a build without the cargo feature `om2`: the format has a name, and
//! everything that would read it says that it cannot.

use crate::event::{Expect, LabelSink, Step};
use crate::parser::Cursor;
use crate::{ErrorClass, ParseError};

const MESSAGE: &str =
    "this build does not read OpenMetrics 2.0; it takes one with the cargo feature om2";

/// Nothing to remember.
#[derive(Debug, Default)]
pub(crate) struct State(());

impl State {
    pub(crate) fn reset(&mut self) {}
}

pub(crate) fn next<'a>(cursor: &'a mut Cursor<'_>) -> Result<Step<'a>, ParseError> {
    match &cursor.parser.failed {
        Some(error) => Err(ParseError::clone(error)),
        None => Err(cursor.fail(ErrorClass::ContentType, MESSAGE, cursor.pos)),
    }
}

pub(crate) fn expect<'a>(
    _: &'a mut Cursor<'_>,
    _: &[u8],
    _: &[u8],
) -> Result<Expect<'a>, ParseError> {
    Ok(Expect::Miss)
}

pub(crate) fn decode_key(_: &[u8], _: &mut impl LabelSink) -> Result<(), ParseError> {
    Err(ParseError::bare(ErrorClass::ContentType, MESSAGE))
}

#[cfg(test)]
mod tests {
    use crate::{ErrorClass, Format, LabelContext, Parser, ParserOptions, decode_key};

    #[test]
    fn om2_00_a_build_without_the_format_says_so() {
        let mut parser = Parser::new(ParserOptions::new(Format::OpenMetrics2));
        let mut cursor = parser.feed(b"# EOF\n", true);
        for _ in 0..2 {
            let error = cursor.next().expect_err("refused");
            assert_eq!(error.class, ErrorClass::ContentType);
            assert!(error.to_string().contains("om2"), "{error}");
        }
        let mut labels = Vec::new();
        let error = decode_key(Format::OpenMetrics2, b"a", LabelContext::Other, &mut labels);
        assert_eq!(error.expect_err("refused").class, ErrorClass::ContentType);
    }
}
