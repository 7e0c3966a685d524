//! A failed scrape as it is remembered and shown: class, text, and the place in the body where there is one.

use crate::fetch::FetchFailure;
use crate::reason::FailureReason;
use scrape_core::pass::PassError;
use scrape_parse::ParseError;
use std::sync::Arc;

/// Where in a body a scrape failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1; for protobuf the ordinal of the message.
    pub line: u64,
    /// Byte column in the line, from 1.
    pub column: u64,
    /// Byte offset from the start of the body.
    pub offset: u64,
    /// The line around the place, at most [`ParseError::SNIPPET_MAX`] bytes of it; empty for protobuf.
    pub snippet: Box<[u8]>,
    /// Index in `snippet` of the byte at fault.
    pub snippet_at: usize,
}

impl From<&ParseError> for Position {
    fn from(e: &ParseError) -> Self {
        Self {
            line: e.line,
            column: e.column,
            offset: e.offset,
            snippet: e.snippet.clone(),
            snippet_at: e.snippet_at,
        }
    }
}

/// Why the last scrape of a target failed. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScrapeFailure {
    /// The class.
    pub reason: FailureReason,
    /// For people, without secrets.
    pub message: Arc<str>,
    /// Where in the body, if that is known.
    pub position: Option<Arc<Position>>,
}

impl ScrapeFailure {
    pub(crate) fn new(reason: FailureReason, message: impl Into<Arc<str>>) -> Self {
        Self {
            reason,
            message: message.into(),
            position: None,
        }
    }
}

impl From<FetchFailure> for ScrapeFailure {
    fn from(f: FetchFailure) -> Self {
        Self::new(f.reason.into(), f.message)
    }
}

impl From<PassError> for ScrapeFailure {
    fn from(e: PassError) -> Self {
        let reason = match &e {
            PassError::Parse(_) => FailureReason::Parse,
            PassError::ContentType(_) => FailureReason::ContentType,
            PassError::NameMissing | PassError::InvalidLabels { .. } => {
                FailureReason::InvalidLabels
            }
            PassError::LabelLimit { .. } => FailureReason::LabelLimit,
            PassError::SampleLimit { .. } => FailureReason::SampleLimit,
            PassError::BucketLimit { .. } => FailureReason::BucketLimit,
            PassError::LineTooLong { .. } | PassError::TooLarge => FailureReason::TooLarge,
            PassError::Storage(_) => FailureReason::Storage,
            // The kind is open for additions; what is unknown here is about the content.
            _ => FailureReason::Parse,
        };
        let position = match &e {
            PassError::Parse(p) => Some(Arc::new(Position::from(p))),
            _ => None,
        };
        Self {
            position,
            ..Self::new(reason, e.to_string())
        }
    }
}
