//! Type, help and unit of the families a target exposes, by family name. Kept for ten more successful
//! scrapes after a family has vanished, as upstream does, so that a flapping family keeps its metadata.

use crate::sample::MetadataRef;
use hashbrown::HashTable;
use scrape_parse::MetricType;
use std::hash::BuildHasher;

/// Successful iterations for which the metadata of a vanished family is kept.
const KEEP_ITERATIONS: u64 = 10;

/// Metadata of one family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// Family name.
    pub name: Box<str>,
    /// Type, `Unknown` when never declared.
    pub kind: MetricType,
    /// Help text, may be empty.
    pub help: Box<str>,
    /// Unit, may be empty.
    pub unit: Box<str>,
    last_seen: u64,
    last_change: u64,
}

impl Family {
    /// Bytes of help, unit and type text, the unit of `prometheus_target_metadata_cache_bytes`.
    pub fn size(&self) -> usize {
        self.help.len() + self.unit.len() + self.kind.as_str().len()
    }

    /// The metadata as storage takes it.
    pub fn as_ref(&self) -> MetadataRef<'_> {
        MetadataRef {
            kind: self.kind,
            unit: &self.unit,
            help: &self.help,
        }
    }

    /// Whether the family is new or changed in this iteration.
    pub(crate) fn changed_in(&self, iteration: u64) -> bool {
        self.last_change == iteration
    }
}

/// The families of one target, in the order of first appearance.
#[derive(Debug, Default)]
pub struct MetadataCache {
    families: Vec<Family>,
    index: HashTable<u32>,
    hasher: foldhash::fast::RandomState,
    /// Where the last lookup hit: the same family or its neighbour comes next.
    last: usize,
}

/// One metadata line.
pub(crate) enum Fact<'a> {
    Type(MetricType),
    Help(&'a str),
    Unit(&'a str),
}

impl MetadataCache {
    /// Number of families.
    pub fn len(&self) -> usize {
        self.families.len()
    }

    /// Whether no family is known.
    pub fn is_empty(&self) -> bool {
        self.families.is_empty()
    }

    /// All families.
    pub fn iter(&self) -> impl Iterator<Item = &Family> {
        self.families.iter()
    }

    /// One family by name.
    pub fn get(&self, name: &str) -> Option<&Family> {
        self.find(name).map(|i| &self.families[i])
    }

    /// Sum of [`Family::size`].
    pub fn bytes(&self) -> usize {
        self.families.iter().map(Family::size).sum()
    }

    pub(crate) fn at(&self, i: usize) -> Option<&Family> {
        self.families.get(i)
    }

    /// Takes one metadata line; returns the position of its family.
    pub(crate) fn learn(&mut self, name: &str, fact: &Fact<'_>, iteration: u64) -> usize {
        let i = match self.near(name).or_else(|| self.find(name)) {
            Some(i) => i,
            None => self.add(name, iteration),
        };
        self.last = i;
        let f = &mut self.families[i];
        f.last_seen = iteration;
        let changed = match fact {
            Fact::Type(kind) => std::mem::replace(&mut f.kind, *kind) != *kind,
            Fact::Help(text) => replace_text(&mut f.help, text),
            Fact::Unit(text) => replace_text(&mut f.unit, text),
        };
        if changed {
            f.last_change = iteration;
        }
        i
    }

    /// Drops families not seen for more than ten successful iterations.
    pub(crate) fn evict(&mut self, iteration: u64) {
        let before = self.families.len();
        self.families
            .retain(|f| iteration - f.last_seen <= KEEP_ITERATIONS);
        if self.families.len() != before {
            self.last = 0;
            self.index.clear();
            for (i, f) in self.families.iter().enumerate() {
                let hasher = &self.hasher;
                let families = &self.families;
                self.index
                    .insert_unique(hasher.hash_one(&*f.name), i as u32, |j| {
                        hasher.hash_one(&*families[*j as usize].name)
                    });
            }
        }
    }

    fn near(&self, name: &str) -> Option<usize> {
        [self.last, self.last + 1]
            .into_iter()
            .find(|i| self.families.get(*i).is_some_and(|f| &*f.name == name))
    }

    fn find(&self, name: &str) -> Option<usize> {
        let hash = self.hasher.hash_one(name);
        self.index
            .find(hash, |i| &*self.families[*i as usize].name == name)
            .map(|i| *i as usize)
    }

    fn add(&mut self, name: &str, iteration: u64) -> usize {
        let i = self.families.len();
        self.families.push(Family {
            name: name.into(),
            kind: MetricType::Unknown,
            help: Box::default(),
            unit: Box::default(),
            last_seen: iteration,
            last_change: iteration,
        });
        let (hasher, families) = (&self.hasher, &self.families);
        self.index
            .insert_unique(hasher.hash_one(name), i as u32, |j| {
                hasher.hash_one(&*families[*j as usize].name)
            });
        i
    }
}

fn replace_text(old: &mut Box<str>, new: &str) -> bool {
    if &**old == new {
        return false;
    }
    *old = new.into();
    true
}
