//! Type, help and unit of the families a target exposes, by family name. Kept for ten more successful
//! scrapes after a family has vanished, as upstream does, so that a flapping family keeps its metadata.
//!
//! What a family says about itself is kept as it was written, because the next scrape will most likely write it
//! the same way: then its lines are recognised by one comparison. Name, help and unit are parts of that text,
//! unless escapes make them differ.

use crate::sample::MetadataRef;
use hashbrown::HashTable;
use scrape_parse::{KnownMeta, MetricType};
use std::hash::BuildHasher;

/// Successful iterations for which the metadata of a vanished family is kept.
const KEEP_ITERATIONS: u64 = 10;
/// Longest lines of a family, together, that are kept as written.
const LINES_MAX: usize = 64 << 10;
/// No family.
const NONE: u32 = u32::MAX;

/// A part of a family's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Part {
    start: u32,
    len: u32,
}

/// Metadata of one family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// Type, `Unknown` when never declared.
    pub kind: MetricType,
    /// Whether the lines declare the type, and the unit.
    declares: Kinds,
    /// The lines of the family, then what of name, help and unit is not a part of them.
    text: Box<str>,
    /// Bytes of `text` that are lines; 0 if they are not known. What they say is what the family is.
    lines_len: u32,
    name: Part,
    help: Part,
    unit: Part,
    /// The family whose lines followed when these were last seen.
    next: u32,
    last_seen: u64,
    last_change: u64,
}

impl Family {
    /// Family name.
    pub fn name(&self) -> &str {
        self.part(self.name)
    }

    /// Help text, may be empty.
    pub fn help(&self) -> &str {
        self.part(self.help)
    }

    /// Unit, may be empty.
    pub fn unit(&self) -> &str {
        self.part(self.unit)
    }

    fn part(&self, part: Part) -> &str {
        let end = part.start as usize + part.len as usize;
        self.text.get(part.start as usize..end).unwrap_or_default()
    }

    /// Bytes of help, unit and type text, the unit of `prometheus_target_metadata_cache_bytes`.
    pub fn size(&self) -> usize {
        self.help().len() + self.unit().len() + self.kind.as_str().len()
    }

    /// The metadata as storage takes it.
    pub fn as_ref(&self) -> MetadataRef<'_> {
        MetadataRef {
            kind: self.kind,
            unit: self.unit(),
            help: self.help(),
        }
    }

    /// Whether the family is new or changed in this iteration.
    pub(crate) fn changed_in(&self, iteration: u64) -> bool {
        self.last_change == iteration
    }

    fn learn(&mut self, fact: &Fact<'_>, iteration: u64) {
        let changed = match *fact {
            Fact::Type(kind) => std::mem::replace(&mut self.kind, kind) != kind,
            Fact::Help(text) => self.help() != text,
            Fact::Unit(text) => self.unit() != text,
        };
        if !changed {
            return;
        }
        self.last_change = iteration;
        self.lines_len = 0;
        let (name, help, unit) = self.owned();
        match *fact {
            // The text does not speak of the type.
            Fact::Type(_) => {}
            Fact::Help(help) => self.write("", &name, help, &unit),
            Fact::Unit(unit) => self.write("", &name, &help, unit),
        }
    }

    /// Name, help and unit, for writing the text anew. Families rarely change.
    fn owned(&self) -> (String, String, String) {
        (
            self.name().to_owned(),
            self.help().to_owned(),
            self.unit().to_owned(),
        )
    }

    fn lines(&self) -> &str {
        self.text.get(..self.lines_len as usize).unwrap_or_default()
    }

    /// What the lines say of the type and the unit.
    pub(crate) fn declared(&self) -> (Option<MetricType>, Option<&str>) {
        (
            self.declares.has(Kinds::TYPE).then_some(self.kind),
            self.declares.has(Kinds::UNIT).then(|| self.unit()),
        )
    }

    /// Puts the text together anew.
    fn write(&mut self, lines: &str, name: &str, help: &str, unit: &str) {
        let mut text = String::with_capacity(lines.len());
        text.push_str(lines);
        let mut part = |wanted: &str| {
            let within = memchr::memmem::find(lines.as_bytes(), wanted.as_bytes());
            let start = within.unwrap_or(text.len());
            // A text that no index of ours reaches, of gigabytes, is not kept.
            let (Ok(start), Ok(len), Ok(_)) = (
                u32::try_from(start),
                u32::try_from(wanted.len()),
                u32::try_from(start + wanted.len()),
            ) else {
                return Part::default();
            };
            if within.is_none() {
                text.push_str(wanted);
            }
            Part { start, len }
        };
        (self.name, self.help, self.unit) = (part(name), part(help), part(unit));
        self.text = text.into_boxed_str();
        self.lines_len = lines.len() as u32;
    }
}

/// Which kinds of metadata lines there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Kinds(u8);

impl Kinds {
    const TYPE: Self = Self(1);
    const HELP: Self = Self(2);
    const UNIT: Self = Self(4);

    fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// The families of one target, in the order of first appearance.
#[derive(Debug)]
pub struct MetadataCache {
    families: Vec<Family>,
    index: HashTable<u32>,
    hasher: foldhash::fast::RandomState,
    /// The family whose lines came first.
    first: u32,
}

impl Default for MetadataCache {
    fn default() -> Self {
        Self {
            families: Vec::new(),
            index: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
            first: NONE,
        }
    }
}

/// One metadata line.
pub(crate) enum Fact<'a> {
    Type(MetricType),
    Help(&'a str),
    Unit(&'a str),
}

impl Fact<'_> {
    fn kind(&self) -> Kinds {
        match self {
            Self::Type(_) => Kinds::TYPE,
            Self::Help(_) => Kinds::HELP,
            Self::Unit(_) => Kinds::UNIT,
        }
    }
}

/// Lines of one family that follow each other, while they are read one by one.
#[derive(Debug, Default)]
pub(crate) struct Run {
    family: Option<usize>,
    lines: Vec<u8>,
    kinds: Kinds,
    /// Samples counted when it began: another count means that it has ended.
    total: u64,
}

impl Run {
    /// Takes in the text of the line just learned.
    pub(crate) fn line(&mut self, line: &[u8]) {
        if self.lines.len() <= LINES_MAX {
            self.lines.extend_from_slice(line);
        }
    }
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
        self.find(name).and_then(|i| self.families.get(i))
    }

    /// Sum of [`Family::size`].
    pub fn bytes(&self) -> usize {
        self.families.iter().map(Family::size).sum()
    }

    /// Bytes of heap held.
    pub fn heap_bytes(&self) -> usize {
        let texts: usize = self.families.iter().map(|f| f.text.len()).sum();
        texts + self.families.capacity() * size_of::<Family>() + self.index.allocation_size()
    }

    pub(crate) fn at(&self, i: usize) -> Option<&Family> {
        self.families.get(i)
    }

    /// The family that followed `after` the last time (`None`: the first one).
    pub(crate) fn expected(&self, after: Option<usize>) -> usize {
        let next = match after {
            Some(i) => self.families.get(i).map_or(NONE, |f| f.next),
            None => self.first,
        };
        next as usize
    }

    /// The lines of a family as the parser may expect them.
    pub(crate) fn lines(&self, i: usize) -> Option<KnownMeta<'_>> {
        let family = self.families.get(i)?;
        Some(KnownMeta {
            lines: family.lines().as_bytes(),
            family: family.name().as_bytes(),
            kind: family.declared().0,
        })
    }

    /// The lines of family `i` were found after those of `after`.
    pub(crate) fn meet(&mut self, i: usize, after: Option<usize>, iteration: u64) {
        if let Some(f) = self.families.get_mut(i) {
            f.last_seen = iteration;
        }
        // The lines of one family do not follow themselves.
        if after != Some(i) && self.expected(after) != i {
            let i = u32::try_from(i).unwrap_or(NONE);
            match after.and_then(|after| self.families.get_mut(after)) {
                Some(f) => f.next = i,
                None => self.first = i,
            }
        }
    }

    /// Takes one metadata line, which `run` is told of; `after` is the family of the one before it and `total`
    /// the number of samples so far. Returns the position of its family.
    pub(crate) fn learn(
        &mut self,
        name: &str,
        fact: &Fact<'_>,
        run: &mut Run,
        (after, total): (Option<usize>, u64),
        iteration: u64,
    ) -> usize {
        let (i, new) = match self.near(name, after).or_else(|| self.find(name)) {
            Some(i) => (i, false),
            None => (self.add(name, iteration), true),
        };
        if run.family != Some(i) || run.total != total || run.kinds.has(fact.kind()) {
            self.end_run(run);
            // Only the first lines of a family in a body count as its lines.
            let first = new || self.families[i].last_seen != iteration;
            run.family = first.then_some(i);
            run.total = total;
        }
        run.kinds.0 |= fact.kind().0;
        self.families[i].learn(fact, iteration);
        self.meet(i, after, iteration);
        i
    }

    /// No further line belongs to `run`: what it has gathered are the lines of its family.
    pub(crate) fn end_run(&mut self, run: &mut Run) {
        if let Some(f) = run.family.take().and_then(|i| self.families.get_mut(i)) {
            let keep = run.lines.len() <= LINES_MAX && run.lines.ends_with(b"\n");
            match std::str::from_utf8(&run.lines).ok().filter(|_| keep) {
                Some(lines) if f.lines() != lines => {
                    let (name, help, unit) = f.owned();
                    f.write(lines, &name, &help, &unit);
                    f.declares = run.kinds;
                }
                Some(_) => {}
                None => f.lines_len = 0,
            }
        }
        run.lines.clear();
        run.kinds = Kinds::default();
    }

    /// Forgets the lines of families not seen in this iteration: they may be of another format.
    pub(crate) fn forget_unseen_lines(&mut self, iteration: u64) {
        for f in &mut self.families {
            if f.last_seen != iteration {
                f.lines_len = 0;
            }
        }
    }

    /// Drops families not seen for more than ten successful iterations.
    pub(crate) fn evict(&mut self, iteration: u64) {
        let before = self.families.len();
        self.families
            .retain(|f| iteration - f.last_seen <= KEEP_ITERATIONS);
        if self.families.len() == before {
            return;
        }
        self.index.clear();
        self.first = NONE;
        let mut previous = None;
        for i in 0..self.families.len() {
            self.note(i);
            let last_seen = self.families[i].last_seen;
            self.meet(i, previous, last_seen);
            previous = Some(i);
        }
    }

    fn near(&self, name: &str, after: Option<usize>) -> Option<usize> {
        after
            .into_iter()
            .chain([self.expected(after)])
            .find(|i| self.families.get(*i).is_some_and(|f| f.name() == name))
    }

    fn find(&self, name: &str) -> Option<usize> {
        let hash = self.hasher.hash_one(name);
        self.index
            .find(hash, |i| self.families[*i as usize].name() == name)
            .map(|i| *i as usize)
    }

    fn add(&mut self, name: &str, iteration: u64) -> usize {
        let i = self.families.len();
        let mut family = Family {
            kind: MetricType::Unknown,
            declares: Kinds::default(),
            text: Box::default(),
            lines_len: 0,
            name: Part::default(),
            help: Part::default(),
            unit: Part::default(),
            next: NONE,
            last_seen: iteration,
            last_change: iteration,
        };
        family.write("", name, "", "");
        self.families.push(family);
        self.note(i);
        i
    }

    /// Puts a family into the index.
    fn note(&mut self, i: usize) {
        let (hasher, families) = (&self.hasher, &self.families);
        let hash = |i: u32| hasher.hash_one(families[i as usize].name());
        let i = u32::try_from(i).expect("as few families as lines");
        self.index.insert_unique(hash(i), i, |j| hash(*j));
    }
}
