//! Why a body was refused and where. The position is data, so that callers can point at it; `Display` shows
//! the offending line with a caret, so that people can see it.

use std::fmt;

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
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {} (byte {}): {}",
            self.line, self.column, self.offset, self.message
        )
    }
}

impl std::error::Error for ParseError {}
