//! Keys. A line with a plain number has the bytes that identify it in the body, like the older text formats. A
//! series out of a composite value has the same bytes and a tail that tells it from its siblings:
//!
//! ```text
//! key of the line, [bound: f64 bits, 8 bytes], part
//! ```
//!
//! The part is a control byte, and a line's own key ends with a letter, digit, `_`, `:` or `}`, so the two kinds
//! cannot be confused.

use super::labels::head;
use crate::event::{LabelContext, LabelSink, METRIC_NAME};
use crate::labels::{LabelSpan, emit};
use crate::number::OmFloat;
use crate::parser::Limits;
use crate::{ErrorClass, ParseError};
use alloc::vec::Vec;

/// What a series is within its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Part {
    Count = 1,
    Sum = 2,
    GCount = 3,
    GSum = 4,
    Bucket = 5,
    Quantile = 6,
    /// A native histogram, whether exposed as one or converted.
    Native = 7,
}

impl Part {
    fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Count,
            2 => Self::Sum,
            3 => Self::GCount,
            4 => Self::GSum,
            5 => Self::Bucket,
            6 => Self::Quantile,
            7 => Self::Native,
            _ => return None,
        })
    }

    fn suffix(self) -> &'static [u8] {
        match self {
            Self::Count => b"_count",
            Self::Sum => b"_sum",
            Self::GCount => b"_gcount",
            Self::GSum => b"_gsum",
            Self::Bucket => b"_bucket",
            Self::Quantile | Self::Native => b"",
        }
    }

    fn bound_label(self) -> Option<&'static [u8]> {
        match self {
            Self::Bucket => Some(b"le"),
            Self::Quantile => Some(b"quantile"),
            _ => None,
        }
    }
}

/// Builds keys in place; what does not change stays.
#[derive(Debug, Default)]
pub(super) struct KeyBuilder {
    bytes: Vec<u8>,
    line_end: usize,
}

impl KeyBuilder {
    pub(super) fn start(&mut self, key: &[u8]) {
        self.bytes.clear();
        self.bytes.extend_from_slice(key);
        self.line_end = key.len();
    }

    pub(super) fn finish(&mut self, part: Part) {
        self.bytes.truncate(self.line_end);
        self.bytes.push(part as u8);
    }

    pub(super) fn finish_bound(&mut self, part: Part, bound: f64) {
        self.bytes.truncate(self.line_end);
        self.bytes.extend_from_slice(&bound.to_bits().to_le_bytes());
        self.bytes.push(part as u8);
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.bytes
    }
}

/// The key of a line in a key, and what its tail says.
fn split(key: &[u8]) -> (&[u8], Option<Part>, f64) {
    let Some((&last, rest)) = key.split_last() else {
        return (key, None, 0.0);
    };
    match Part::from_byte(last) {
        None => (key, None, 0.0),
        Some(part) if part.bound_label().is_none() => (rest, Some(part), 0.0),
        Some(part) => match rest.split_last_chunk::<8>() {
            Some((line, bits)) => {
                let bound = f64::from_bits(u64::from_le_bytes(*bits));
                (line, Some(part), bound)
            }
            None => (key, None, 0.0),
        },
    }
}

/// See [`crate::decode_key`].
pub(crate) fn decode_key(key: &[u8], sink: &mut impl LabelSink) -> Result<(), ParseError> {
    let (line, part, bound) = split(key);
    let suffix = part.map_or(&b""[..], Part::suffix);
    let found = head(line, &Limits::default(), |span| {
        if span.name == LabelSpan::NO_NAME && !suffix.is_empty() {
            let sink = &mut Suffixed { sink, suffix };
            emit(line, &span, LabelContext::Other, sink);
        } else {
            emit(line, &span, LabelContext::Other, sink);
        }
    });
    let error = |class, message, at| Err(ParseError::locate(class, message, key, at, 0, 1));
    match found {
        Ok(head) if head.end == line.len() => {}
        Ok(head) => return error(ErrorClass::Trail, "the key has a tail", head.end),
        Err(fault) => return error(fault.class, fault.message, fault.at),
    }
    if let Some(label) = part.and_then(Part::bound_label) {
        sink.label(label, OmFloat::new(bound).as_bytes());
    }
    Ok(())
}

/// Puts a suffix behind the metric name.
struct Suffixed<'s, S> {
    sink: &'s mut S,
    suffix: &'static [u8],
}

impl<S: LabelSink> LabelSink for Suffixed<'_, S> {
    fn label(&mut self, name: &[u8], value: &[u8]) {
        debug_assert_eq!(name, METRIC_NAME, "used for the name alone");
        self.sink.label(name, &[value, self.suffix].concat());
    }
}
