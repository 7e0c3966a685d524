//! The labels of a metric, decoded and validated once for all the series it yields: a histogram of twenty buckets
//! has one set of labels, whatever its number of series.

use super::exemplar::label_pair;
use super::key::{Part, Tail};
use super::wire::{BYTES, Fault, Fields, Range, Result};
use crate::event::METRIC_NAME;
use crate::{ErrorClass, LabelSink};
use alloc::vec::Vec;
use core::cell::RefCell;

/// What is known of the labels of the metric in work. Filled when the first of its series is asked for them, so a
/// caller that knows its series pays nothing.
#[derive(Debug, Default)]
pub(super) struct LabelTable(RefCell<Table>);

#[derive(Debug, Default)]
struct Table {
    /// Whether the rest belongs to the metric in work.
    filled: bool,
    /// Names and values, as places in the key, which are the same in the keys of all series of a metric.
    pairs: Vec<(Range, Range)>,
    /// Name of the series looked at last, and which one that is; none yet of this metric.
    name: Vec<u8>,
    part: Option<Part>,
}

impl LabelTable {
    /// The next metric has other labels.
    #[inline]
    pub(super) fn forget(&mut self) {
        self.0.get_mut().filled = false;
    }

    /// Hands over the labels of the series with `key`, whose label fields lie at `labels`. False if it cannot,
    /// and has handed over nothing: they are malformed, or a sink asks while it is being told.
    #[inline]
    pub(super) fn decode(&self, key: &[u8], labels: Range, sink: &mut impl LabelSink) -> bool {
        let Some(tail) = Tail::of(key) else {
            return false;
        };
        {
            let Ok(mut table) = self.0.try_borrow_mut() else {
                return false;
            };
            if !table.filled && !table.fill(key, labels) {
                return false;
            }
            if table.part != Some(tail.part) {
                table.set_part(key, labels, tail.part);
            }
        }
        let Ok(table) = self.0.try_borrow() else {
            return false;
        };
        sink.label(METRIC_NAME, &table.name);
        for (name, value) in &table.pairs {
            sink.label(name.of(key), value.of(key));
        }
        tail.label(sink);
        true
    }
}

impl Table {
    fn fill(&mut self, key: &[u8], labels: Range) -> bool {
        self.pairs.clear();
        self.part = None;
        let pairs = &mut self.pairs;
        self.filled = walk(key, labels, |name, value| pairs.push((name, value))).is_ok();
        self.filled
    }

    fn set_part(&mut self, key: &[u8], labels: Range, part: Part) {
        let family = key.get(..labels.start as usize);
        // The separator is not part of the name.
        let family = family.and_then(<[u8]>::split_last).map(|(_, name)| name);
        self.name.clear();
        self.name.extend_from_slice(family.unwrap_or_default());
        self.name.extend_from_slice(part.suffix());
        self.part = Some(part);
    }
}

/// Calls `pair` with the places of name and value of every label in the label fields at `labels` of `key`.
pub(super) fn walk(key: &[u8], labels: Range, mut pair: impl FnMut(Range, Range)) -> Result<()> {
    // Tags and lengths included: if these are all ASCII, then so are names and values, however they are cut.
    let ascii = labels.of(key).is_ascii();
    let mut fields = Fields::new(key, labels);
    while let Some(tag) = fields.tag()? {
        let content = fields.bytes(tag)?;
        let (name, value) = match usual(key, content) {
            Some(places) => places,
            None => label_pair(&key[..labels.end as usize], content)?,
        };
        // An empty name is refused here; an absent one decodes as empty and is refused by the caller's name
        // check, as upstream does. Only an absent one starts at 0, where the family name lies.
        if (!ascii && core::str::from_utf8(name.of(key)).is_err())
            || (name.is_empty() && name.start > 0)
        {
            return Err(Fault::new(
                ErrorClass::LabelName,
                name.start as usize,
                "label name is empty or not valid UTF-8",
            ));
        }
        if !ascii && core::str::from_utf8(value.of(key)).is_err() {
            return Err(Fault::new(
                ErrorClass::Utf8,
                value.start as usize,
                "label value is not valid UTF-8",
            ));
        }
        pair(name, value);
    }
    Ok(())
}

/// Name and value of a label that has them in this order, both short, and nothing else.
#[inline(always)]
fn usual(key: &[u8], content: Range) -> Option<(Range, Range)> {
    const NAME_TAG: u8 = 1 << 3 | BYTES;
    const VALUE_TAG: u8 = 2 << 3 | BYTES;
    let short = |length: u8| (length < 0x80).then_some(u32::from(length));
    let [NAME_TAG, n_name, rest @ ..] = content.of(key) else {
        return None;
    };
    let n_name = short(*n_name)?;
    let [VALUE_TAG, n_value, ..] = rest.get(n_name as usize..)? else {
        return None;
    };
    let n_value = short(*n_value)?;
    let name = Range {
        start: content.start + 2,
        end: content.start + 2 + n_name,
    };
    let value = Range {
        start: name.end + 2,
        end: name.end + 2 + n_value,
    };
    (value.end == content.end).then_some((name, value))
}
