//! Why a body was refused and where. The position is data, so that callers can point at it; `Display` shows
//! the offending line with a caret, so that people can see it.

use alloc::{boxed::Box, format, string::String};
use core::fmt;

/// The class of a parse failure. Classes are part of the public contract; messages are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorClass {
    /// A line starts with a byte that cannot start one.
    Start,
    /// `{…}` without a metric name before it and without a quoted name inside.
    NameUnset,
    /// A second metric name in one series.
    NameDup,
    /// A label name was expected.
    LabelName,
    /// `=` was expected after a label name.
    Equal,
    /// A label value is missing, unterminated or has a bad escape.
    LabelValue,
    /// `,` or `}` was expected.
    Sep,
    /// Invalid UTF-8 where it is required.
    Utf8,
    /// The sample value is missing.
    Value,
    /// The sample value is not a number in range.
    Float,
    /// The timestamp is not valid.
    Ts,
    /// Something follows the value or timestamp.
    Trail,
    /// The family name of a metadata line is missing or malformed.
    MetaName,
    /// The text of a metadata line is missing or malformed.
    MetaText,
    /// Unknown metric type.
    Type,
    /// The unit is not a suffix of the family name.
    Unit,
    /// OpenMetrics: the body ends without `# EOF`.
    NoEof,
    /// OpenMetrics: something follows `# EOF`.
    AfterEof,
    /// Protobuf: malformed varint.
    Varint,
    /// Protobuf: a length runs past its parent.
    Trunc,
    /// Protobuf: malformed wire data.
    Wire,
    /// Protobuf: family without a valid name.
    PbName,
    /// Protobuf: unknown metric type.
    PbType,
    /// Protobuf: spans and buckets of a native histogram do not match.
    Spans,
    /// A classic histogram cannot be converted to custom buckets.
    Nhcb,
    /// OpenMetrics 2.0: a composite value lacks a field, has one too many, or contradicts itself.
    Composite,
    /// The content type is not one we can parse.
    ContentType,
    /// A caller-set cap was exceeded (line, name or label size).
    Limit,
    /// A rule of the strict validator, 1 to 28 (`S1` … `S28`).
    Strict(u8),
}

/// A parse failure: its class, what was expected, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// What kind of failure.
    pub class: ErrorClass,
    /// Short human text, a lowercase fragment without a full stop.
    pub message: Box<str>,
    /// Byte offset from the start of the body.
    pub offset: u64,
    /// Line number, from 1. For protobuf: the ordinal of the message, from 1.
    pub line: u64,
    /// Byte column in the line, from 1.
    pub column: u64,
    /// Up to [`ParseError::SNIPPET_MAX`] bytes of the line around the position; empty for protobuf.
    pub snippet: Box<[u8]>,
    /// Index in `snippet` of the byte at fault.
    pub snippet_at: usize,
}

impl ParseError {
    /// The most bytes of a line that an error keeps.
    pub const SNIPPET_MAX: usize = 160;

    /// An error without a place.
    pub(crate) fn bare(class: ErrorClass, message: &str) -> Self {
        Self {
            class,
            message: message.into(),
            offset: 0,
            line: 0,
            column: 0,
            snippet: [].into(),
            snippet_at: 0,
        }
    }

    /// An error at index `at` of `input`, which starts at `offset` and `line` of the body.
    pub(crate) fn locate(
        class: ErrorClass,
        message: &str,
        input: &[u8],
        at: usize,
        offset: u64,
        line: u64,
    ) -> Self {
        let at = at.min(input.len());
        let (before, after) = input.split_at(at);
        let start = memchr::memrchr(b'\n', before).map_or(0, |lf| lf + 1);
        let end = memchr::memchr(b'\n', after).map_or(input.len(), |lf| at + lf);
        // A window around the place if the line is long.
        let from = start.max(at.saturating_sub(Self::SNIPPET_MAX / 2));
        let to = end.min(from + Self::SNIPPET_MAX);
        Self {
            class,
            message: message.into(),
            offset: offset + at as u64,
            line: line + memchr::memchr_iter(b'\n', before).count() as u64,
            column: (at - start) as u64 + 1,
            snippet: input.get(from..to).unwrap_or_default().into(),
            snippet_at: at - from,
        }
    }
}

impl fmt::Display for ParseError {
    /// Line, column and message; then, if there is text to show, the line and a caret under the byte at fault.
    /// Bytes that a terminal would act on are shown escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return f.write_str(&self.message);
        }
        write!(
            f,
            "line {}, column {}: {}",
            self.line, self.column, self.message
        )?;
        if self.snippet.is_empty() {
            return Ok(());
        }
        let before = self.snippet.get(..self.snippet_at).unwrap_or(&self.snippet);
        let after = self.snippet.get(self.snippet_at..).unwrap_or_default();
        let mut shown = String::new();
        escape_into(before, &mut shown);
        let width = shown.chars().count();
        escape_into(after, &mut shown);
        write!(f, "\n  {shown}\n  {:width$}^", "")
    }
}

/// Printable characters as they are; controls, invisible and direction-changing characters and bytes that are
/// not UTF-8 as escapes.
fn escape_into(bytes: &[u8], out: &mut String) {
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            // `escape_debug` knows what does not print; quotes and backslashes stand for themselves here.
            match c {
                '"' | '\'' | '\\' => out.push(c),
                c => out.extend(c.escape_debug()),
            }
        }
        for b in chunk.invalid() {
            out.push_str(&format!("\\x{b:02x}"));
        }
    }
}

impl core::error::Error for ParseError {}
