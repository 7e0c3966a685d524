//! The window a lexer reads through: a piece of a body that may or may not be its last.
//!
//! Three outcomes are possible wherever a byte is needed: there is one, the body ends here, or the piece ends
//! and more may follow. Every lexer function is generic over `OM`: `false` is the text format, `true`
//! OpenMetrics; the grammars differ in blanks, separators and what ends a line.

use crate::ErrorClass;

/// Why lexing stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The piece ends inside a token.
    More,
    /// The line is complete, but what has to be known of the lines behind it is not in the piece.
    Ahead,
    /// The body is malformed.
    Bad(Fault),
}

/// What is wrong, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) class: ErrorClass,
    pub(crate) message: &'static str,
    /// Index of the byte at fault.
    pub(crate) at: usize,
    /// Index past the last byte that had to be read to know; differs from `at` for an unterminated token.
    pub(crate) reached: usize,
}

pub(crate) type Lex<T> = Result<T, Stop>;

/// A fault at the byte that shows it.
#[cold]
pub(crate) fn bad<T>(class: ErrorClass, message: &'static str, at: usize) -> Lex<T> {
    Err(Stop::Bad(Fault {
        class,
        message,
        at,
        reached: at,
    }))
}

/// The piece.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'p> {
    pub(crate) buf: &'p [u8],
    /// Nothing follows `buf`.
    pub(crate) end: bool,
}

impl<'p> Input<'p> {
    /// The byte at `i`; `None` at the end of the body.
    #[inline(always)]
    pub(crate) fn byte(&self, i: usize) -> Lex<Option<u8>> {
        match self.buf.get(i) {
            Some(&b) => Ok(Some(b)),
            None if self.end => Ok(None),
            None => Err(Stop::More),
        }
    }

    /// As [`Input::byte`], with a line feed after the last line: the text format does not ask for one.
    #[inline(always)]
    pub(crate) fn byte_or_lf(&self, i: usize) -> Lex<u8> {
        Ok(self.byte(i)?.unwrap_or(b'\n'))
    }

    /// A token that starts at `at` reached the end of the piece.
    #[cold]
    pub(crate) fn unterminated<T>(
        &self,
        class: ErrorClass,
        message: &'static str,
        at: usize,
    ) -> Lex<T> {
        if self.end {
            Err(Stop::Bad(Fault {
                class,
                message,
                at,
                reached: self.buf.len(),
            }))
        } else {
            Err(Stop::More)
        }
    }

    /// Bytes `from..to`; both come from this input, so they are in range.
    #[inline(always)]
    pub(crate) fn slice(&self, from: usize, to: usize) -> &'p [u8] {
        self.buf.get(from..to).unwrap_or_default()
    }

    /// Skips the blanks of the text format.
    #[inline(always)]
    pub(crate) fn skip_blanks(&self, mut i: usize) -> usize {
        while let Some(b' ' | b'\t') = self.buf.get(i) {
            i += 1;
        }
        i
    }
}

/// Whether a byte starts a metric name.
#[inline(always)]
pub(crate) fn starts_name(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_' || b == b':'
}

/// Whether a byte starts a label name.
#[inline(always)]
pub(crate) fn starts_label(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_'
}
