//! The type and unit under which each line was cached, for scrapes that turn them into labels. The same line
//! text under another type or unit is another series, so it must not find the entry of the old one.
//!
//! Cost: 4 bytes per entry, only while the feature is on. Distinct pairs are kept once and forgotten when no
//! entry has them any more.

use super::entry::EntryId;
use hashbrown::HashTable;
use scrape_parse::MetricType;
use std::hash::BuildHasher;

/// Pairs below which looking for unused ones is not worth it.
const SHRINK_ABOVE: usize = 64;

/// A type and a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Schema {
    pub(crate) kind: MetricType,
    pub(crate) unit: Box<str>,
}

/// All pairs in use, the one in force, and which entry has which.
#[derive(Debug)]
pub(crate) struct Schemas {
    pairs: Vec<Schema>,
    index: HashTable<u32>,
    hasher: foldhash::fast::RandomState,
    of_entry: Vec<u32>,
    now: u32,
}

impl Default for Schemas {
    fn default() -> Self {
        let mut s = Self {
            pairs: Vec::new(),
            index: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
            of_entry: Vec::new(),
            now: 0,
        };
        s.set(MetricType::Unknown, "");
        s
    }
}

impl Schemas {
    /// Puts a pair in force.
    pub(crate) fn set(&mut self, kind: MetricType, unit: &str) {
        let hash = self.hasher.hash_one((kind, unit));
        let pairs = &self.pairs;
        let found = self.index.find(hash, |i| {
            pairs
                .get(*i as usize)
                .is_some_and(|s| s.kind == kind && &*s.unit == unit)
        });
        self.now = match found {
            Some(i) => *i,
            None => self.add(kind, unit, hash),
        };
    }

    fn add(&mut self, kind: MetricType, unit: &str, hash: u64) -> u32 {
        let i = u32::try_from(self.pairs.len()).expect("as few pairs as lines");
        self.pairs.push(Schema {
            kind,
            unit: unit.into(),
        });
        let (hasher, pairs) = (&self.hasher, &self.pairs);
        self.index.insert_unique(hash, i, |j| {
            let s = &pairs[*j as usize];
            hasher.hash_one((s.kind, &*s.unit))
        });
        i
    }

    /// The pair in force.
    pub(crate) fn now(&self) -> &Schema {
        &self.pairs[self.now as usize]
    }

    /// The pair that was in force when an entry was cached.
    pub(crate) fn of(&self, id: EntryId) -> Option<&Schema> {
        self.pairs.get(*self.of_entry.get(id as usize)? as usize)
    }

    /// Whether the entry was cached under the pair in force.
    pub(crate) fn in_force(&self, id: EntryId) -> bool {
        self.of_entry.get(id as usize) == Some(&self.now)
    }

    /// A new entry is cached under the pair in force.
    pub(crate) fn note(&mut self, id: EntryId) {
        let i = id as usize;
        if i >= self.of_entry.len() {
            self.of_entry.resize(i + 1, u32::MAX);
        }
        self.of_entry[i] = self.now;
    }

    /// Forgets pairs that no live entry has, when there are many. Nothing is in force afterwards.
    pub(crate) fn shrink(&mut self, live: impl Fn(EntryId) -> bool) {
        if self.pairs.len() <= SHRINK_ABOVE {
            return;
        }
        let old = std::mem::take(self);
        for (id, pair) in (0..).zip(&old.of_entry) {
            if let Some(s) = old.pairs.get(*pair as usize)
                && live(id)
            {
                self.set(s.kind, &s.unit);
                self.note(id);
            }
        }
        self.set(MetricType::Unknown, "");
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.pairs.capacity() * size_of::<Schema>()
            + self.index.allocation_size()
            + self.of_entry.capacity() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unused_pairs_are_forgotten() {
        let mut s = Schemas::default();
        for i in 0..100u32 {
            s.set(MetricType::Counter, &format!("unit{i}"));
            s.note(i);
        }
        s.shrink(|id| id >= 98);
        assert_eq!(s.pairs.len(), 3);
        assert_eq!(s.of(99).map(|s| &*s.unit), Some("unit99"));
        assert_eq!(s.of(3), None);
        s.set(MetricType::Counter, "unit98");
        assert!(s.in_force(98) && !s.in_force(99) && !s.in_force(3));
    }
}
