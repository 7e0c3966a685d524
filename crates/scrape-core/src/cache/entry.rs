//! One cached series or dropped line: a cache line's worth of facts, no heap of its own.

use crate::ports::append::SeriesRef;
use scrape_parse::LabelContext;

/// Index of an entry; [`NONE`] is no entry.
pub(crate) type EntryId = u32;
/// No entry.
pub(crate) const NONE: EntryId = u32::MAX;

/// The most bytes of value text kept for comparing with the next scrape's; longer texts are parsed again.
pub(crate) const VALUE_TEXT_MAX: usize = 22;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The slot is free.
    Free,
    /// A series that is appended.
    Series,
    /// A line that metric relabeling drops.
    Dropped,
}

/// 64 bytes. The key text lies in the cache's arena.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) series: SeriesRef,
    /// The value that `value_text` parsed to.
    pub(crate) value: f64,
    pub(crate) key_at: u32,
    pub(crate) key_len: u32,
    /// The entry that followed this one when it was last seen.
    pub(crate) next: EntryId,
    /// Hash of the key, kept so that growing the index does not touch the keys.
    pub(crate) hash: u32,
    /// Where the text of its exemplar is kept; see [`super::exemplar`].
    pub(super) exemplar_at: u32,
    pub(crate) value_text: [u8; VALUE_TEXT_MAX],
    pub(crate) value_text_len: u8,
    pub(crate) kind: Kind,
    pub(crate) context: LabelContext,
    /// Whether the labels depend on `context` (the key mentions `le` or `quantile`).
    pub(crate) context_matters: bool,
}

impl Entry {
    /// The remembered value text; empty when there is none, which no value text ever is.
    #[inline]
    pub(crate) fn value_text(&self) -> &[u8] {
        &self.value_text[..usize::from(self.value_text_len)]
    }

    #[inline]
    pub(crate) fn remember_value(&mut self, text: &[u8], value: f64) {
        self.value = value;
        if text.len() <= VALUE_TEXT_MAX {
            self.value_text[..text.len()].copy_from_slice(text);
            self.value_text_len = text.len() as u8;
        } else {
            self.value_text_len = 0;
        }
    }

    /// Whether the entry stands for a line with its key under this label context.
    #[inline]
    pub(crate) fn fits(&self, context: LabelContext) -> bool {
        !self.context_matters || self.context == context
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_cache_line() {
        assert_eq!(size_of::<Entry>(), 64);
    }
}
