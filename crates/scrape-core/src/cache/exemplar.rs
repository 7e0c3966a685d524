//! The exemplar texts that series were last exposed with, so that one that is exposed again needs no validation.
//!
//! Cost: a series that never had an exemplar pays nothing. One that has pays for its text with two bytes in front
//! of it, rounded up to sixteen: texts change from scrape to scrape, and mostly fit in the room of the last one.

use super::entry::Entry;

/// The most bytes of an exemplar that are kept; longer ones are validated each time.
const TEXT_MAX: usize = 254;
/// Room of a text in front of it, then its length.
const HEADER: usize = 2;
/// Room comes in multiples of this, header included.
const GRAIN: usize = 16;

/// No text.
pub(super) const NONE: u32 = u32::MAX;

/// Texts of all entries, one behind the other.
#[derive(Debug, Default)]
pub(super) struct ExemplarTexts {
    arena: Vec<u8>,
    /// Bytes of the arena that no entry refers to.
    garbage: usize,
}

impl ExemplarTexts {
    /// The text at a place that [`Self::put`] answered; empty for [`NONE`].
    #[inline]
    pub(super) fn get(&self, at: u32) -> &[u8] {
        match self.arena.get(at as usize..) {
            Some([_, len, text @ ..]) => text.get(..usize::from(*len)).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Keeps `text` in the place of the one at `at`; answers where it is now.
    pub(super) fn put(&mut self, at: u32, text: &[u8]) -> u32 {
        if let Some([room, len, old @ ..]) = self.arena.get_mut(at as usize..)
            && text.len() <= usize::from(*room)
            && let Some(old) = old.get_mut(..text.len())
        {
            old.copy_from_slice(text);
            *len = text.len() as u8;
            return at;
        }
        self.forget(at);
        if text.is_empty() || text.len() > TEXT_MAX {
            return NONE;
        }
        let size = (HEADER + text.len()).next_multiple_of(GRAIN);
        let start = self.arena.len();
        let Some(at) = u32::try_from(start).ok().filter(|_| {
            // Every place must be smaller than the one that means none.
            u32::try_from(start + size).is_ok()
        }) else {
            return NONE;
        };
        self.arena
            .extend_from_slice(&[(size - HEADER) as u8, text.len() as u8]);
        self.arena.extend_from_slice(text);
        self.arena.resize(start + size, 0);
        at
    }

    /// The text at `at` is no longer referred to.
    pub(super) fn forget(&mut self, at: u32) {
        if let Some(room) = self.arena.get(at as usize) {
            self.garbage += HEADER + usize::from(*room);
        }
    }

    /// Rewrites the arena when more than half of it is garbage. `entries` are all that refer to it.
    pub(super) fn compact<'e>(&mut self, entries: impl Iterator<Item = &'e mut Entry>) {
        if self.garbage * 2 <= self.arena.len() {
            return;
        }
        let old = std::mem::take(self);
        self.arena.reserve(old.arena.len() - old.garbage);
        for e in entries.filter(|e| e.exemplar_at != NONE) {
            e.exemplar_at = self.put(NONE, old.get(e.exemplar_at));
        }
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.arena.shrink_to_fit();
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.arena.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_in_its_place_while_it_fits() {
        let mut texts = ExemplarTexts::default();
        assert_eq!(texts.get(NONE), b"");
        let a = texts.put(NONE, b"{a=\"1\"} 1");
        let b = texts.put(NONE, b"{a=\"2\"} 2");
        assert_eq!(texts.put(a, b"{a=\"1\"} 1 12.5"), a);
        assert_eq!(texts.get(a), b"{a=\"1\"} 1 12.5");
        assert_eq!(texts.get(b), b"{a=\"2\"} 2");
        assert_eq!(texts.put(a, b"{} 1"), a);
        assert_eq!(texts.get(a), b"{} 1");
        assert_eq!(texts.arena.len(), 32);
        let c = texts.put(a, b"{a=\"1\"} 1 1234567.5");
        assert!(c > b);
        assert_eq!(texts.get(c), b"{a=\"1\"} 1 1234567.5");
        assert_eq!((texts.arena.len(), texts.garbage), (64, 16));
    }

    #[test]
    fn a_text_that_is_too_long_is_not_kept() {
        let mut texts = ExemplarTexts::default();
        let longest = vec![b'x'; TEXT_MAX];
        let at = texts.put(NONE, &longest);
        assert_eq!(texts.get(at), longest);
        assert_eq!(texts.put(at, &[b'x'; TEXT_MAX + 1]), NONE);
        assert_eq!(texts.garbage, texts.arena.len());
    }
}
