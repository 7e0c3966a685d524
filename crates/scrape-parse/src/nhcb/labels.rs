//! Which series belong together, and the key of the histogram they become.

use crate::event::{LabelContext, LabelSink, METRIC_NAME};
use crate::labels::{LabelSpan, emit};
use crate::names::{ValidationScheme, is_valid_label_name, is_valid_metric_name};
use crate::number::parse_go_float;
use alloc::vec::Vec;

const BUCKET_LABEL: &[u8] = b"le";

/// What a series contributes to a histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Member {
    /// `_bucket`, with its upper bound.
    Bucket(f64),
    Count,
    Sum,
}

/// The series in hand and the group being collected.
#[derive(Debug, Default)]
pub(super) struct Members {
    labels: Flat,
    /// Key of the group that the series in hand belongs to.
    candidate: Vec<u8>,
    /// Key of the group being collected.
    group: Vec<u8>,
}

impl Members {
    /// Decodes a series; says what it contributes to the histogram `family`, if anything.
    pub(super) fn examine(
        &mut self,
        key: &[u8],
        spans: &[LabelSpan],
        family: &[u8],
    ) -> Option<Member> {
        self.labels.clear();
        for span in spans {
            emit(key, span, LabelContext::Other, &mut self.labels);
        }
        self.labels.sort();
        let name = self.labels.value(METRIC_NAME).unwrap_or_default();
        let (base, member) = if let Some(base) = name.strip_suffix(b"_bucket") {
            let bound = self.labels.value(BUCKET_LABEL).and_then(parse_go_float);
            (
                base,
                bound.filter(|bound| !bound.is_nan()).map(Member::Bucket),
            )
        } else if let Some(base) = name.strip_suffix(b"_sum") {
            (base, Some(Member::Sum))
        } else if let Some(base) = name.strip_suffix(b"_count") {
            (base, Some(Member::Count))
        } else {
            (name, None)
        };
        self.candidate.clear();
        compose(&mut self.candidate, base, &self.labels);
        member.filter(|_| base == family)
    }

    /// Whether the series examined last is of the group being collected.
    pub(super) fn same_group(&self) -> bool {
        self.candidate == self.group
    }

    /// Starts a group with the series examined last.
    pub(super) fn adopt(&mut self) {
        self.group.clear();
        self.group.extend_from_slice(&self.candidate);
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.group
    }
}

/// Writes the series as an exposition would, labels in order, so that the key decodes like any other.
fn compose(out: &mut Vec<u8>, base: &[u8], labels: &Flat) {
    let plain_name = is_valid_metric_name(ValidationScheme::Legacy, base);
    let mut separator: &[u8] = b"{";
    if plain_name {
        out.extend_from_slice(base);
    } else {
        out.push(b'{');
        quote(out, base);
        separator = b",";
    }
    for (name, value) in labels.iter() {
        if name == METRIC_NAME || name == BUCKET_LABEL {
            continue;
        }
        out.extend_from_slice(separator);
        separator = b",";
        if is_valid_label_name(ValidationScheme::Legacy, name) {
            out.extend_from_slice(name);
        } else {
            quote(out, name);
        }
        out.push(b'=');
        quote(out, value);
    }
    if separator == b"," {
        out.push(b'}');
    }
}

fn quote(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for byte in text {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'"' => out.extend_from_slice(b"\\\""),
            b'\n' => out.extend_from_slice(b"\\n"),
            byte => out.push(*byte),
        }
    }
    out.push(b'"');
}

/// Labels in one buffer, so that taking in a series allocates nothing in the long run.
#[derive(Debug, Default)]
struct Flat {
    bytes: Vec<u8>,
    /// Ends of name and value; the name starts where the first number says.
    items: Vec<(usize, usize, usize)>,
}

impl Flat {
    fn clear(&mut self) {
        self.bytes.clear();
        self.items.clear();
    }

    fn get(bytes: &[u8], item: (usize, usize, usize)) -> (&[u8], &[u8]) {
        let (start, name_end, value_end) = item;
        (
            bytes.get(start..name_end).unwrap_or_default(),
            bytes.get(name_end..value_end).unwrap_or_default(),
        )
    }

    fn sort(&mut self) {
        let bytes = &self.bytes;
        self.items.sort_unstable_by(|a, b| {
            Self::get(bytes, *a)
                .0
                .cmp(Self::get(bytes, *b).0)
                .then(a.0.cmp(&b.0))
        });
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.items.iter().map(|item| Self::get(&self.bytes, *item))
    }

    fn value(&self, name: &[u8]) -> Option<&[u8]> {
        self.iter()
            .find(|(n, _)| *n == name)
            .map(|(_, value)| value)
    }
}

impl LabelSink for Flat {
    fn label(&mut self, name: &[u8], value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name);
        let name_end = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.items.push((start, name_end, self.bytes.len()));
    }
}
