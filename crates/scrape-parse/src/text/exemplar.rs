//! Exemplars of OpenMetrics, read again from the bytes that full parsing has validated.

use super::labels::{Place, label_set};
use super::lexer::Input;
use super::tail::exemplar;
use crate::event::{LabelContext, LabelSink};
use crate::labels::{LabelSpan, emit};
use crate::parser::Limits;

/// An exemplar whose labels are still text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextExemplar<'a> {
    pub(crate) value: f64,
    pub(crate) timestamp: Option<i64>,
    /// The label set with its braces.
    set: &'a [u8],
    raw: bool,
}

impl<'a> TextExemplar<'a> {
    /// From the bytes between `{` and the end of the line.
    pub(crate) fn decode(bytes: &'a [u8], raw: bool) -> Option<Self> {
        let parts = exemplar(
            Input {
                buf: bytes,
                end: true,
            },
            0,
            &Limits::default(),
        )
        .ok()?;
        Some(Self {
            value: parts.value,
            timestamp: parts.timestamp,
            set: bytes.get(..parts.labels_end)?,
            raw,
        })
    }

    pub(crate) fn labels(&self, sink: &mut impl LabelSink) {
        let input = Input {
            buf: self.set,
            end: true,
        };
        let mut each = |mut span: LabelSpan| {
            if self.raw {
                span.name_escaped = false;
                span.value_escaped = false;
            }
            emit(self.set, &span, LabelContext::Other, sink);
        };
        let read = label_set::<true>(input, 0, 1, Place::Exemplar, &Limits::default(), &mut each);
        debug_assert!(read.is_ok(), "the exemplar was validated");
    }
}
