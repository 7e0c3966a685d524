//! The key of a protobuf series. It is made of bytes that lie in the message anyway, so that a series seen before
//! is recognised without decoding a label:
//!
//! ```text
//! family name, 0xFF, label fields as they stand on the wire (tags included), [bound: f64 bits, 8 bytes], kind
//! ```
//!
//! 0xFF cannot occur in the name, which is valid UTF-8. What differs between the series of one histogram comes
//! last, so neighbours share a long prefix. Senders that write the labels of a series in another order get a
//! second key for it.

use super::exemplar::label_pair;
use super::wire::{Fault, Fields, Range, Result};
use crate::event::METRIC_NAME;
use crate::number::OmFloat;
use crate::{ErrorClass, LabelSink};

/// What a series is within its metric; the last byte of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Part {
    /// The metric itself.
    Plain = 0,
    /// `_count`
    Count = 1,
    /// `_sum`
    Sum = 2,
    /// `_bucket` with `le`
    Bucket = 3,
    /// With `quantile`
    Quantile = 4,
    /// A native histogram, whether exposed as one or converted.
    Native = 5,
}

impl Part {
    fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0 => Self::Plain,
            1 => Self::Count,
            2 => Self::Sum,
            3 => Self::Bucket,
            4 => Self::Quantile,
            5 => Self::Native,
            _ => return None,
        })
    }

    fn suffix(self) -> &'static [u8] {
        match self {
            Self::Count => b"_count",
            Self::Sum => b"_sum",
            Self::Bucket => b"_bucket",
            Self::Plain | Self::Quantile | Self::Native => b"",
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

const SEPARATOR: u8 = 0xff;
const BOUND: usize = 8;

/// Builds keys in place; the parts that do not change stay.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyBuilder {
    bytes: Vec<u8>,
    family_end: usize,
    metric_end: usize,
}

impl KeyBuilder {
    pub(super) fn start_family(&mut self, name: &[u8]) {
        self.bytes.clear();
        self.bytes.extend_from_slice(name);
        self.bytes.push(SEPARATOR);
        self.family_end = self.bytes.len();
        self.metric_end = self.family_end;
    }

    #[inline]
    pub(super) fn start_metric(&mut self, message: &[u8], labels: &[Range]) {
        self.bytes.truncate(self.family_end);
        for run in labels {
            self.bytes.extend_from_slice(run.of(message));
        }
        self.metric_end = self.bytes.len();
    }

    #[inline]
    pub(super) fn finish(&mut self, part: Part) {
        self.bytes.truncate(self.metric_end);
        self.bytes.push(part as u8);
    }

    #[inline]
    pub(super) fn finish_bound(&mut self, part: Part, bound: f64) {
        self.bytes.truncate(self.metric_end);
        let mut tail = [part as u8; BOUND + 1];
        tail[..BOUND].copy_from_slice(&bound.to_bits().to_le_bytes());
        self.bytes.extend_from_slice(&tail);
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.bytes
    }
}

/// Where the label fields of a key begin: the length of what precedes them.
pub(super) fn labels_start(key: &[u8]) -> Option<usize> {
    memchr::memchr(SEPARATOR, key).map(|at| at + 1)
}

/// Decodes name and labels of a key; faults count from its start.
pub(super) fn decode(key: &[u8], sink: &mut impl LabelSink) -> Result<()> {
    let malformed = || Fault::new(ErrorClass::Wire, 0, "not the key of a protobuf series");
    let labels_start = labels_start(key).ok_or_else(malformed)?;
    let (part, rest) = key.split_last().ok_or_else(malformed)?;
    let part = Part::from_byte(*part).ok_or_else(malformed)?;
    let (labels, bound) = match part.bound_label() {
        None => (rest, None),
        Some(label) => {
            let (rest, bits) = rest.split_last_chunk::<BOUND>().ok_or_else(malformed)?;
            (
                rest,
                Some((label, f64::from_bits(u64::from_le_bytes(*bits)))),
            )
        }
    };
    if labels.len() < labels_start {
        return Err(malformed());
    }
    let name = &key[..labels_start - 1];
    if part.suffix().is_empty() {
        sink.label(METRIC_NAME, name);
    } else {
        sink.label(METRIC_NAME, &[name, part.suffix()].concat());
    }
    let mut fields = Fields::new(
        labels,
        Range {
            start: labels_start as u32,
            end: labels.len() as u32,
        },
    );
    while let Some(tag) = fields.tag()? {
        let pair = fields.bytes(tag)?;
        let (name, value) = label_pair(labels, pair)?;
        let (name_text, value_text) = (name.of(labels), value.of(labels));
        // An empty name is refused here; an absent one decodes as empty and is refused by the caller's name
        // check, as upstream does. Only an absent one starts at 0, where the family name lies.
        if std::str::from_utf8(name_text).is_err() || (name_text.is_empty() && name.start > 0) {
            let message = "label name is empty or not valid UTF-8";
            return Err(Fault::new(
                ErrorClass::LabelName,
                name.start as usize,
                message,
            ));
        }
        if std::str::from_utf8(value_text).is_err() {
            return Err(Fault::new(
                ErrorClass::Utf8,
                value.start as usize,
                "label value is not valid UTF-8",
            ));
        }
        sink.label(name_text, value_text);
    }
    if let Some((label, bound)) = bound {
        sink.label(label, OmFloat::new(bound).as_bytes());
    }
    Ok(())
}
