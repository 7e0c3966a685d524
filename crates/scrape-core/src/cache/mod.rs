//! What a target's scrape loop remembers from one scrape to the next, so that a known line costs two memory
//! compares instead of decoding, relabeling, validating and hashing its labels.
//!
//! Guarantees (spec: scrape cache and staleness):
//! - Each distinct line key has one entry: a series with its storage reference, or a dropped line.
//! - A series appended without its own timestamp in one iteration and absent from the next gets exactly one
//!   stale marker (`ScrapeCache::for_each_stale`), whatever spelling of the series was seen.
//! - An iteration whose fetch failed midway leaves no trace (`ScrapeCache::undo_iteration`).
//! - Memory stays bounded by twice the last successful scrape plus 1000 entries.
//!
//! Cost: an entry is 64 bytes and its key text; the hash index exists only while lines arrive in an order
//! that the successor links do not predict. Texts of exemplars are kept beside it, for series that have them.

mod bits;
pub(crate) mod entry;
mod exemplar;
pub mod metadata;
pub(crate) mod schema;
pub(crate) mod start;

use crate::ports::append::SeriesRef;
use bits::Bits;
use entry::{Entry, EntryId, Kind, NONE, VALUE_TEXT_MAX};
use exemplar::ExemplarTexts;
use hashbrown::{HashMap, HashTable};
use metadata::MetadataCache;
use schema::{Schema, Schemas};
use scrape_parse::{Format, LabelContext};
use start::Start;
use std::hash::BuildHasher;

/// Report series kept besides the exposed ones; see [`crate::report`].
pub(crate) const REPORT_SERIES: usize = 8;
/// Iterations without a single index lookup after which the index is given back.
const INDEX_IDLE_ITERATIONS: u8 = 8;
/// Slack of the bound on entries, as upstream's.
const FORCED_FLUSH_SLACK: usize = 1000;

/// The scrape cache of one target.
#[derive(Debug)]
pub struct ScrapeCache {
    entries: Vec<Entry>,
    free: Vec<EntryId>,
    keys: Vec<u8>,
    /// Bytes of `keys` that belong to removed entries.
    keys_garbage: usize,
    exemplars: ExemplarTexts,
    index: Option<HashTable<EntryId>>,
    index_used: bool,
    index_idle: u8,
    hasher: foldhash::fast::RandomState,
    /// First line of the last iteration.
    first: EntryId,
    /// Lines seen in this iteration.
    seen: Bits,
    /// Series that count for staleness: in this iteration, and in the previous one.
    tracked: Bits,
    tracked_before: Bits,
    /// Entries created in this iteration.
    created: Vec<EntryId>,
    live: usize,
    successful_count: usize,
    iteration: u64,
    /// The format under which all texts here were accepted; `None` while some may be of another.
    format: Option<Format>,
    /// Metadata of the exposed families.
    pub(crate) metadata: MetadataCache,
    pub(crate) report_refs: [SeriesRef; REPORT_SERIES],
    /// Only while type and unit are labels.
    schemas: Option<Box<Schemas>>,
    /// Start times worked out; empty unless that is wanted.
    pub(crate) starts: HashMap<EntryId, Start, foldhash::fast::RandomState>,
}

impl Default for ScrapeCache {
    fn default() -> Self {
        Self::new()
    }
}

impl ScrapeCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self {
            entries: Vec::new(),
            free: Vec::new(),
            keys: Vec::new(),
            keys_garbage: 0,
            exemplars: ExemplarTexts::default(),
            index: None,
            index_used: false,
            index_idle: 0,
            hasher: foldhash::fast::RandomState::default(),
            first: NONE,
            seen: Bits::default(),
            tracked: Bits::default(),
            tracked_before: Bits::default(),
            created: Vec::new(),
            live: 0,
            successful_count: 0,
            iteration: 0,
            format: None,
            metadata: MetadataCache::default(),
            report_refs: [SeriesRef::UNKNOWN; REPORT_SERIES],
            schemas: None,
            starts: HashMap::default(),
        }
    }

    /// Cached series and dropped lines.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether nothing is cached.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Metadata of the families that the target exposes.
    pub fn metadata(&self) -> &MetadataCache {
        &self.metadata
    }

    /// Bytes of heap that the cache holds: (everything beyond the key text, key text). Metadata is not among
    /// them: see [`MetadataCache::heap_bytes`].
    pub fn heap_bytes(&self) -> (usize, usize) {
        let index = self.index.as_ref().map_or(0, |t| t.allocation_size());
        let bits =
            self.seen.heap_bytes() + self.tracked.heap_bytes() + self.tracked_before.heap_bytes();
        let entries = self.entries.capacity() * size_of::<Entry>();
        let lists = (self.free.capacity() + self.created.capacity()) * size_of::<EntryId>();
        let schemas = self.schemas.as_ref().map_or(0, |s| s.heap_bytes());
        let starts = self.starts.allocation_size();
        (
            entries + lists + index + bits + schemas + starts + self.exemplars.heap_bytes(),
            self.keys.capacity(),
        )
    }

    pub(crate) fn iteration(&self) -> u64 {
        self.iteration
    }

    /// A body of this format begins. Says whether its lines may be recognised by their texts alone: what was
    /// accepted under one format may be malformed under another.
    pub(crate) fn begin_format(&mut self, format: Format) -> bool {
        if self.format != Some(format) {
            self.format = None;
        }
        self.format.is_some()
    }

    /// Ends an iteration in which every line was accepted under `format`, unless it was recognised as one that
    /// was. What it did not show goes.
    pub(crate) fn end_successful_iteration(&mut self, format: Option<Format>) {
        if self.format.is_none() {
            self.metadata.forget_unseen_lines(self.iteration);
        }
        self.end_iteration(true);
        self.format = format;
    }

    /// Whether type and unit are part of what a line means, from now on. Entries cached under the other
    /// setting no longer fit.
    pub(crate) fn distinguish_schemas(&mut self, on: bool) {
        if on {
            self.schemas
                .get_or_insert_default()
                .set(scrape_parse::MetricType::Unknown, "");
        } else if self.schemas.take().is_some() {
            for id in 0..self.entries.len() as EntryId {
                if self.entries[id as usize].kind != Kind::Free {
                    self.remove(id);
                }
            }
        }
    }

    /// The type and unit in force, if they are part of what a line means.
    pub(crate) fn schemas_mut(&mut self) -> Option<&mut Schemas> {
        self.schemas.as_deref_mut()
    }

    /// The type and unit in force, if they matter.
    pub(crate) fn schema_in_force(&self) -> Option<&Schema> {
        self.schemas.as_ref().map(|s| s.now())
    }

    /// The type and unit of an entry, if they matter.
    pub(crate) fn schema_of(&self, id: EntryId) -> Option<&Schema> {
        self.schemas.as_ref()?.of(id)
    }

    /// Whether the entry stands for its line under the type and unit in force.
    #[inline]
    pub(crate) fn in_force(&self, id: EntryId) -> bool {
        self.schemas.as_ref().is_none_or(|s| s.in_force(id))
    }

    #[inline]
    pub(crate) fn entry(&self, id: EntryId) -> Option<&Entry> {
        self.entries.get(id as usize)
    }

    #[inline]
    pub(crate) fn entry_mut(&mut self, id: EntryId) -> &mut Entry {
        &mut self.entries[id as usize]
    }

    #[inline]
    pub(crate) fn key(&self, e: &Entry) -> &[u8] {
        &self.keys[e.key_at as usize..(e.key_at + e.key_len) as usize]
    }

    /// The exemplar text the series was last exposed with, if that is remembered.
    #[inline]
    pub(crate) fn exemplar(&self, e: &Entry) -> &[u8] {
        self.exemplars.get(e.exemplar_at)
    }

    /// Remembers an exemplar text that the parser accepted.
    pub(crate) fn remember_exemplar(&mut self, id: EntryId, text: &[u8]) {
        let e = &mut self.entries[id as usize];
        if self.exemplars.get(e.exemplar_at) != text {
            e.exemplar_at = self.exemplars.put(e.exemplar_at, text);
        }
    }

    /// The line expected after `id` (after [`NONE`]: the first one).
    #[inline]
    pub(crate) fn successor(&self, id: EntryId) -> EntryId {
        match self.entries.get(id as usize) {
            Some(e) => e.next,
            None => self.first,
        }
    }

    /// Remembers that `id` followed `after`.
    #[inline]
    pub(crate) fn link(&mut self, after: EntryId, id: EntryId) {
        match self.entries.get_mut(after as usize) {
            Some(e) => e.next = id,
            None => self.first = id,
        }
    }

    /// Finds an entry by key.
    pub(crate) fn lookup(&mut self, key: &[u8], context: LabelContext) -> Option<EntryId> {
        self.index_used = true;
        if self.index.is_none() {
            self.build_index();
        }
        let hash = self.hash(key);
        let (entries, keys, schemas) = (&self.entries, &self.keys, &self.schemas);
        self.index
            .as_ref()?
            .find(spread(hash), |id| {
                let e = &entries[*id as usize];
                e.hash == hash
                    && e.fits(context)
                    && schemas.as_ref().is_none_or(|s| s.in_force(*id))
                    && &keys[e.key_at as usize..(e.key_at + e.key_len) as usize] == key
            })
            .copied()
    }

    fn hash(&self, key: &[u8]) -> u32 {
        self.hasher.hash_one(key) as u32
    }

    fn build_index(&mut self) {
        let mut table = HashTable::with_capacity(self.live);
        for (id, e) in self.entries.iter().enumerate() {
            if e.kind != Kind::Free {
                let entries = &self.entries;
                table.insert_unique(spread(e.hash), id as EntryId, |id| {
                    spread(entries[*id as usize].hash)
                });
            }
        }
        self.index = Some(table);
    }

    /// Adds an entry for a key that [`Self::lookup`] did not find. `None` when the key texts of this target
    /// would exceed 4 GiB.
    pub(crate) fn insert(
        &mut self,
        key: &[u8],
        context: LabelContext,
        kind: Kind,
        series: SeriesRef,
    ) -> Option<EntryId> {
        let key_at = u32::try_from(self.keys.len()).ok()?;
        let key_len = u32::try_from(key.len()).ok()?;
        key_at.checked_add(key_len)?;
        self.keys.extend_from_slice(key);
        let hash = self.hash(key);
        let contains = |needle: &[u8]| memchr::memmem::find(key, needle).is_some();
        let entry = Entry {
            series,
            value: 0.0,
            key_at,
            key_len,
            next: NONE,
            hash,
            exemplar_at: exemplar::NONE,
            value_text: [0; VALUE_TEXT_MAX],
            value_text_len: 0,
            kind,
            context,
            context_matters: contains(b"le") || contains(b"quantile"),
        };
        let id = match self.free.pop() {
            Some(id) => {
                self.entries[id as usize] = entry;
                id
            }
            None => {
                let id = EntryId::try_from(self.entries.len())
                    .ok()
                    .filter(|id| *id != NONE)?;
                self.entries.push(entry);
                id
            }
        };
        match &mut self.index {
            None => self.build_index(),
            Some(index) => {
                let entries = &self.entries;
                index.insert_unique(spread(hash), id, |id| spread(entries[*id as usize].hash));
            }
        }
        if let Some(schemas) = &mut self.schemas {
            schemas.note(id);
        }
        self.live += 1;
        self.created.push(id);
        Some(id)
    }

    /// Marks an entry as seen in this iteration; says whether it already was.
    #[inline]
    pub(crate) fn see(&mut self, id: EntryId) -> bool {
        self.seen.set(id)
    }

    /// The series counts for staleness in this iteration.
    #[inline]
    pub(crate) fn track(&mut self, id: EntryId) {
        self.tracked.set(id);
    }

    /// Calls `f` once for each series tracked in the previous iteration and not in this one. A series that
    /// is still exposed under another spelling (same reference) is not stale.
    pub(crate) fn for_each_stale(&self, mut f: impl FnMut(EntryId, &Entry)) {
        let mut gone: Vec<(SeriesRef, EntryId)> = Vec::new();
        self.tracked_before.for_each_minus(&self.tracked, |id| {
            gone.push((self.entries[id as usize].series, id));
        });
        if gone.is_empty() {
            return;
        }
        gone.sort_unstable();
        gone.dedup_by_key(|(series, _)| *series);
        let mut exposed = vec![false; gone.len()];
        self.tracked.for_each_minus(&Bits::default(), |id| {
            if let Ok(i) = gone.binary_search_by_key(&self.entries[id as usize].series, |(s, _)| *s)
            {
                exposed[i] = true;
            }
        });
        let mut stale: Vec<EntryId> = gone
            .iter()
            .zip(exposed)
            .filter(|(_, exposed)| !exposed)
            .map(|((_, id), _)| *id)
            .collect();
        stale.sort_unstable();
        for id in stale {
            f(id, &self.entries[id as usize]);
        }
    }

    /// Ends the iteration. `flush` removes what was not seen (after a successful, non-empty scrape); without
    /// it that happens only when the cache has outgrown its bound. Returns whether the bound forced it.
    pub(crate) fn end_iteration(&mut self, flush: bool) -> bool {
        let count = self.live + self.metadata.len();
        let forced = !flush && count > 2 * self.successful_count + FORCED_FLUSH_SLACK;
        if flush {
            self.successful_count = count;
        }
        if flush || forced {
            self.remove_unseen();
            if let Some(schemas) = &mut self.schemas {
                let entries = &self.entries;
                let live = |id| {
                    entries
                        .get(id as usize)
                        .is_some_and(|e: &Entry| e.kind != Kind::Free)
                };
                schemas.shrink(live);
            }
            self.metadata.evict(self.iteration);
        }
        self.exemplars.compact(self.entries.iter_mut());
        std::mem::swap(&mut self.tracked, &mut self.tracked_before);
        self.tracked.clear();
        self.seen.clear();
        self.created.clear();
        self.iteration += 1;
        if flush {
            self.retire_index();
        }
        forced
    }

    /// Makes this iteration not have happened: used when the fetch fails after part of the body was parsed.
    pub(crate) fn undo_iteration(&mut self) {
        for id in std::mem::take(&mut self.created) {
            self.remove(id);
        }
        self.seen.clear();
        self.tracked.clear();
    }

    fn retire_index(&mut self) {
        if std::mem::take(&mut self.index_used) {
            self.index_idle = 0;
        } else if self.index.is_some() {
            self.index_idle += 1;
            if self.index_idle >= INDEX_IDLE_ITERATIONS {
                self.index = None;
                self.index_idle = 0;
                self.entries.shrink_to_fit();
                self.keys.shrink_to_fit();
                self.exemplars.shrink_to_fit();
            }
        }
    }

    fn remove_unseen(&mut self) {
        let before = self.live;
        for id in 0..self.entries.len() as EntryId {
            if self.entries[id as usize].kind != Kind::Free && !self.seen.get(id) {
                self.remove(id);
            }
        }
        if self.live != before {
            self.compact();
        }
    }

    fn remove(&mut self, id: EntryId) {
        let e = self.entries[id as usize];
        if let Some(index) = &mut self.index
            && let Ok(found) = index.find_entry(spread(e.hash), |other| *other == id)
        {
            found.remove();
        }
        self.keys_garbage += e.key_len as usize;
        let slot = &mut self.entries[id as usize];
        slot.kind = Kind::Free;
        slot.key_len = 0;
        slot.value_text_len = 0;
        self.exemplars
            .forget(std::mem::replace(&mut slot.exemplar_at, exemplar::NONE));
        self.live -= 1;
        self.free.push(id);
        self.starts.remove(&id);
        self.tracked.unset(id);
        self.tracked_before.unset(id);
    }

    /// Rewrites the key arena when more than half of it is garbage.
    fn compact(&mut self) {
        if self.keys_garbage * 2 <= self.keys.len() {
            return;
        }
        let mut keys = Vec::with_capacity(self.keys.len() - self.keys_garbage);
        for e in self.entries.iter_mut().filter(|e| e.kind != Kind::Free) {
            let at = keys.len() as u32;
            keys.extend_from_slice(&self.keys[e.key_at as usize..(e.key_at + e.key_len) as usize]);
            e.key_at = at;
        }
        self.keys = keys;
        self.keys_garbage = 0;
        while self.entries.last().is_some_and(|e| e.kind == Kind::Free) {
            self.entries.pop();
        }
        let end = self.entries.len();
        self.free.retain(|id| (*id as usize) < end);
    }
}

/// The table takes bucket and tag from different ends of a 64-bit hash; both ends get our 32 bits.
fn spread(hash: u32) -> u64 {
    u64::from(hash) | u64::from(hash) << 32
}

#[cfg(test)]
mod model;
