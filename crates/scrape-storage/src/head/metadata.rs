//! Type, unit and help, one copy for all series that share them.

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use scrape_core::{MetadataRef, MetricType};
use std::hash::BuildHasher;

#[derive(Debug)]
struct Entry {
    kind: MetricType,
    unit: Box<str>,
    help: Box<str>,
}

impl Entry {
    fn as_ref(&self) -> MetadataRef<'_> {
        MetadataRef {
            kind: self.kind,
            unit: &self.unit,
            help: &self.help,
        }
    }
}

/// Numbered metadata; number 0 means none.
#[derive(Debug, Default)]
pub(crate) struct MetadataTable {
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
    index: HashTable<u32>,
}

fn hash(m: MetadataRef<'_>) -> u64 {
    FixedState::default().hash_one((m.kind as u8, m.unit, m.help))
}

impl MetadataTable {
    /// What a number stands for.
    pub(crate) fn lookup(&self, id: u32) -> Option<MetadataRef<'_>> {
        let i = usize::try_from(id.checked_sub(1)?).ok()?;
        self.entries.get(i)?.as_ref().map(Entry::as_ref)
    }

    /// The number of some metadata.
    pub(crate) fn intern(&mut self, m: MetadataRef<'_>) -> u32 {
        let h = hash(m);
        let Self {
            entries,
            free,
            index,
        } = self;
        let same = |id: &u32| {
            entries[*id as usize - 1]
                .as_ref()
                .is_some_and(|e| e.as_ref() == m)
        };
        if let Some(id) = index.find(h, same) {
            return *id;
        }
        let entry = Some(Entry {
            kind: m.kind,
            unit: m.unit.into(),
            help: m.help.into(),
        });
        let id = match free.pop() {
            Some(id) => {
                entries[id as usize - 1] = entry;
                id
            }
            None => {
                entries.push(entry);
                u32::try_from(entries.len()).expect("fewer than 2^32 distinct metadata")
            }
        };
        index.insert_unique(h, id, |id| {
            entries[*id as usize - 1]
                .as_ref()
                .map_or(0, |e| hash(e.as_ref()))
        });
        id
    }

    /// Forgets everything that `used` does not hold.
    pub(crate) fn retain(&mut self, used: impl Fn(u32) -> bool) {
        let Self {
            entries,
            free,
            index,
        } = self;
        index.retain(|id| {
            let keep = used(*id);
            if !keep {
                entries[*id as usize - 1] = None;
                free.push(*id);
            }
            keep
        });
    }

    /// Number of distinct entries.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }
}
