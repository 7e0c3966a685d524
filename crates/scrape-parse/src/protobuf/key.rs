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

use super::labels;
use super::wire::{Fault, Range, Result};
use crate::event::METRIC_NAME;
use crate::number::OmFloat;
use crate::{ErrorClass, LabelSink};
use alloc::vec::Vec;

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

    pub(super) fn suffix(self) -> &'static [u8] {
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

/// The last byte of the key of a metric's only series.
pub(super) const PLAIN: u8 = Part::Plain as u8;
/// The last byte of the key of a native histogram.
pub(super) const NATIVE: u8 = Part::Native as u8;

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

    /// From one bound to the next, in one store: a key with a bound was finished before.
    #[inline(always)]
    pub(super) fn next_bound(&mut self, bound: f64) {
        let tail = self.bytes.get_mut(self.metric_end..);
        if let Some(old) = tail.and_then(<[u8]>::first_chunk_mut::<BOUND>) {
            *old = bound.to_bits().to_le_bytes();
        }
    }

    #[inline(always)]
    pub(super) fn key(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the label fields lie in the key.
    pub(super) fn labels(&self) -> Range {
        Range {
            start: self.family_end as u32,
            end: self.metric_end as u32,
        }
    }
}

/// Where the label fields of a key begin: the length of what precedes them.
pub(super) fn labels_start(key: &[u8]) -> Option<usize> {
    memchr::memchr(SEPARATOR, key).map(|at| at + 1)
}

/// What a key ends with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tail {
    pub(super) part: Part,
    /// The number in a bound.
    pub(super) bound: f64,
    /// Where it begins, which is where the label fields end.
    pub(super) start: usize,
}

impl Tail {
    /// `None` if the bytes are no key.
    #[inline]
    pub(super) fn of(key: &[u8]) -> Option<Self> {
        let (part, rest) = key.split_last()?;
        let part = Part::from_byte(*part)?;
        let (start, bound) = match part.bound_label() {
            None => (rest.len(), 0.0),
            Some(_) => {
                let (rest, bits) = rest.split_last_chunk::<BOUND>()?;
                (rest.len(), f64::from_le_bytes(*bits))
            }
        };
        Some(Self { part, bound, start })
    }

    /// The label that the bound stands for, if there is one.
    #[inline]
    pub(super) fn label(&self, sink: &mut impl LabelSink) {
        if let Some(name) = self.part.bound_label() {
            sink.label(name, OmFloat::new(self.bound).as_bytes());
        }
    }
}

/// Decodes name and labels of a key; faults count from its start.
pub(super) fn decode(key: &[u8], sink: &mut impl LabelSink) -> Result<()> {
    let malformed = || Fault::new(ErrorClass::Wire, 0, "not the key of a protobuf series");
    let start = labels_start(key).ok_or_else(malformed)?;
    let tail = Tail::of(key).ok_or_else(malformed)?;
    if tail.start < start {
        return Err(malformed());
    }
    name(&key[..start - 1], tail.part, sink);
    let labels = Range {
        start: start as u32,
        end: tail.start as u32,
    };
    labels::walk(key, labels, |name, value| {
        sink.label(name.of(key), value.of(key))
    })?;
    tail.label(sink);
    Ok(())
}

/// Hands the name of a series over, put together on the stack if it is of any usual length.
fn name(family: &[u8], part: Part, sink: &mut impl LabelSink) {
    let suffix = part.suffix();
    if suffix.is_empty() {
        return sink.label(METRIC_NAME, family);
    }
    let mut short = [0; 128];
    match short.get_mut(..family.len() + suffix.len()) {
        Some(name) => {
            let (front, back) = name.split_at_mut(family.len());
            front.copy_from_slice(family);
            back.copy_from_slice(suffix);
            sink.label(METRIC_NAME, name);
        }
        None => sink.label(METRIC_NAME, &[family, suffix].concat()),
    }
}
