//! The series table: labels to id, id to the last sample. It holds no history; that is in the log.
//!
//! Ids count up from 1 and are never used twice, as records and caches may name them: of the five bytes there
//! are, failed scrapes of a million new series each second would need twelve days. Locks are taken in the order
//! index shard, page map, page; no two of a kind at once.

mod claims;
pub(crate) mod exemplars;
pub(crate) mod metadata;
pub(crate) mod page;
pub(crate) mod rules;
pub(crate) mod validate;

use exemplars::LatestExemplars;
use hashbrown::{HashMap, HashTable};
use metadata::MetadataTable;
use page::{Kind, NEVER, PAGE_SERIES, Page, Slot};
use scrape_core::Labels;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

/// Ids must stay below this: formats built on the log keep five bytes of them.
pub(crate) const MAX_ID: u64 = 1 << 40;
const SHARDS: usize = 64;
/// Bits of an index entry that hold the id; the others hold a part of the hash.
const ID_BITS: u32 = 40;

/// A lock whose data stays consistent even if a holder panicked: every change below is a single step.
pub(crate) fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) type PageMap = HashMap<u64, Arc<Mutex<Page>>, foldhash::fast::FixedState>;

/// The page that a walk over ids is at.
pub(crate) type Here<'p> = Option<(u64, MutexGuard<'p, Page>)>;

/// What must be known of a series that was forgotten while records may still name it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ghost {
    /// Records that name it are in segments up to this one.
    pub(crate) segment: u32,
    /// Its newest sample.
    pub(crate) last_t: i64,
}

#[derive(Debug)]
pub(crate) struct Head {
    pages: RwLock<PageMap>,
    shards: Box<[Mutex<HashTable<u64>>]>,
    next_id: AtomicU64,
    series: AtomicU64,
    created: AtomicU64,
    removed: AtomicU64,
    max_t: AtomicI64,
    min_t: AtomicI64,
    pub(crate) metadata: Mutex<MetadataTable>,
    pub(crate) exemplars: Mutex<LatestExemplars>,
    pub(crate) ghosts: Mutex<HashMap<u64, Ghost, foldhash::fast::RandomState>>,
}

/// The low 32 bits of the labels' hash, which a slot keeps: the upper eight choose the shard, an index entry
/// holds the other 24.
fn hash_of(labels: &Labels) -> u32 {
    labels.stable_hash() as u32
}

fn shard_of(hash: u32) -> usize {
    (hash >> 24) as usize % SHARDS
}

/// The table wants entropy in the low bits (place) and the top seven (tag).
fn table_hash(hash: u32) -> u64 {
    u64::from(hash & 0x00ff_ffff)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(32)
}

fn pack(hash: u32, id: u64) -> u64 {
    u64::from(hash & 0x00ff_ffff) << ID_BITS | id
}

/// The 24 bits of the hash, and the id.
fn unpack(entry: u64) -> (u32, u64) {
    ((entry >> ID_BITS) as u32, entry & (MAX_ID - 1))
}

fn rehash(entry: &u64) -> u64 {
    table_hash(unpack(*entry).0)
}

impl Head {
    pub(crate) fn new(max_exemplars: usize) -> Self {
        Self {
            pages: RwLock::default(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            next_id: AtomicU64::new(1),
            series: AtomicU64::new(0),
            created: AtomicU64::new(0),
            removed: AtomicU64::new(0),
            max_t: AtomicI64::new(NEVER),
            min_t: AtomicI64::new(i64::MAX),
            metadata: Mutex::default(),
            exemplars: Mutex::new(LatestExemplars::new(max_exemplars)),
            ghosts: Mutex::default(),
        }
    }

    pub(crate) fn pages(&self) -> RwLockReadGuard<'_, PageMap> {
        self.pages.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves a walk to the page of an id, and gives it with the offset inside.
    #[inline]
    pub(crate) fn go<'a, 'p>(
        pages: &'p PageMap,
        here: &'a mut Here<'p>,
        id: u64,
    ) -> Option<(&'a mut Page, u16)> {
        let (no, off) = Page::locate(id);
        if here.as_ref().is_none_or(|(n, _)| *n != no) {
            // Leave the old page before entering the new one.
            *here = None;
            *here = Some((no, lock(pages.get(&no)?)));
        }
        here.as_mut().map(|(_, p)| (&mut **p, off))
    }

    /// Runs `f` on a series, if it is there.
    pub(crate) fn with<T>(&self, id: u64, f: impl FnOnce(&mut Slot) -> T) -> Option<T> {
        let pages = self.pages();
        let (page, off) = Page::locate(id);
        let mut page = lock(pages.get(&page)?);
        page.slot_mut(off).map(f)
    }

    /// The labels of a series.
    pub(crate) fn labels_of(&self, id: u64) -> Option<Labels> {
        let pages = self.pages();
        let (no, off) = Page::locate(id);
        let page = lock(pages.get(&no)?);
        page.slot(off).map(|s| Labels::from_pairs(page.pairs(s)))
    }

    /// The id of a label set.
    pub(crate) fn find(&self, labels: &Labels) -> Option<u64> {
        let hash = hash_of(labels);
        self.find_in(&lock(&self.shards[shard_of(hash)]), hash, labels)
    }

    fn find_in(&self, shard: &HashTable<u64>, hash: u32, labels: &Labels) -> Option<u64> {
        let same = |entry: &u64| {
            let (part, id) = unpack(*entry);
            part == hash & 0x00ff_ffff && self.has_labels(id, labels)
        };
        shard.find(table_hash(hash), same).map(|e| unpack(*e).1)
    }

    fn has_labels(&self, id: u64, labels: &Labels) -> bool {
        let pages = self.pages();
        let (no, off) = Page::locate(id);
        let Some(page) = pages.get(&no) else {
            return false;
        };
        let page = lock(page);
        page.slot(off)
            .is_some_and(|s| page.labels(s) == labels.as_bytes())
    }

    /// The id of a label set, created with the id that `new_id` gives if it is not known. The bool says
    /// whether the transaction `ticket` now has a claim on it (see [`Slot::claim`]).
    /// `None` when `new_id` has none or the page is full of text.
    pub(crate) fn find_or_create(
        &self,
        labels: &Labels,
        ticket: u64,
        new_id: impl FnOnce() -> Option<u64>,
    ) -> Option<(u64, bool)> {
        let hash = hash_of(labels);
        let mut shard = lock(&self.shards[shard_of(hash)]);
        if let Some(id) = self.find_in(&shard, hash, labels) {
            // Marked under the shard's lock, so that neither a collection nor a rollback comes in between.
            return Some((id, self.claim(id, ticket)?));
        }
        let id = new_id()?;
        self.insert_slot(id, labels, hash, |s| {
            s.touched = true;
            s.claim(ticket);
        })?;
        shard.insert_unique(table_hash(hash), pack(hash, id), rehash);
        self.series.fetch_add(1, Ordering::Relaxed);
        self.created.fetch_add(1, Ordering::Relaxed);
        Some((id, true))
    }

    /// Marks a series as used. `None` when it is unknown, otherwise whether the transaction now has a claim.
    pub(crate) fn claim(&self, id: u64, ticket: u64) -> Option<bool> {
        self.with(id, |s| {
            s.touched = true;
            s.claim(ticket)
        })
    }

    fn insert_slot(
        &self,
        id: u64,
        labels: &Labels,
        hash: u32,
        init: impl FnOnce(&mut Slot),
    ) -> Option<()> {
        let (no, off) = Page::locate(id);
        let page = self.pages().get(&no).cloned();
        let page = page.unwrap_or_else(|| {
            let mut pages = self.pages.write().unwrap_or_else(PoisonError::into_inner);
            pages.entry(no).or_default().clone()
        });
        lock(&page).insert(off, labels, hash).map(init)
    }

    /// Ids nobody has; at most `n`, and none when they run out.
    pub(crate) fn reserve(&self, n: u64) -> std::ops::Range<u64> {
        let start = self.next_id.fetch_add(n, Ordering::Relaxed);
        start.min(MAX_ID)..(start + n).min(MAX_ID)
    }

    /// Takes unused ids back if they are the newest.
    pub(crate) fn give_back(&self, ids: std::ops::Range<u64>) {
        if !ids.is_empty() {
            // If others were reserved meanwhile these stay unused, which costs nothing.
            let _kept = self.next_id.compare_exchange(
                ids.end,
                ids.start,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
        }
    }

    /// Makes sure that ids up to this one are not given out.
    pub(crate) fn saw_id(&self, id: u64) {
        self.next_id.fetch_max(id + 1, Ordering::Relaxed);
    }

    pub(crate) fn saw_time(&self, t: i64) {
        self.max_t.fetch_max(t, Ordering::Relaxed);
        self.min_t.fetch_min(t, Ordering::Relaxed);
    }

    pub(crate) fn saw_times(&self, min: i64, max: i64) {
        if min <= max {
            self.saw_time(min);
            self.saw_time(max);
        }
    }

    /// Newest sample of all, [`NEVER`] if there is none.
    pub(crate) fn max_t(&self) -> i64 {
        self.max_t.load(Ordering::Relaxed)
    }

    /// Oldest sample seen, `i64::MAX` if there is none.
    pub(crate) fn min_t(&self) -> i64 {
        self.min_t.load(Ordering::Relaxed)
    }

    pub(crate) fn raise_min_t(&self, t: i64) {
        self.min_t.fetch_max(t, Ordering::Relaxed);
    }

    /// Series, created so far, removed so far.
    pub(crate) fn counts(&self) -> (u64, u64, u64) {
        let of = |a: &AtomicU64| a.load(Ordering::Relaxed);
        (of(&self.series), of(&self.created), of(&self.removed))
    }

    /// During replay: a series record. Labels that are known under another id move to this one, with what
    /// is known of them; the old id becomes a ghost that lives in segments up to `segment`. Gives that id.
    pub(crate) fn replay_series(&self, id: u64, labels: &Labels, segment: u32) -> Option<u64> {
        self.saw_id(id);
        if self.labels_of(id).is_some_and(|l| l == *labels) {
            return None;
        }
        if self.with(id, |_| ()).is_some() {
            // A log that gives an id to two label sets: the later record counts from here on.
            self.remove(id);
        }
        let hash = hash_of(labels);
        let old = self.find(labels);
        let state = old.and_then(|o| self.with(o, |s| *s));
        if let Some(o) = old {
            self.remove(o);
        }
        let inserted = self.insert_slot(id, labels, hash, |s| {
            s.logged = true;
            if let Some(p) = state {
                (s.last_t, s.last_bits, s.kind, s.meta) = (p.last_t, p.last_bits, p.kind, p.meta);
            }
        });
        if inserted.is_some() {
            lock(&self.shards[shard_of(hash)]).insert_unique(
                table_hash(hash),
                pack(hash, id),
                rehash,
            );
            self.series.fetch_add(1, Ordering::Relaxed);
        }
        if let (Some(o), Some(p)) = (old, state) {
            lock(&self.ghosts).insert(
                o,
                Ghost {
                    segment,
                    last_t: p.last_t,
                },
            );
        }
        old
    }

    fn remove(&self, id: u64) {
        let (no, off) = Page::locate(id);
        let Some(page) = self.pages().get(&no).cloned() else {
            return;
        };
        let Some(hash) = lock(&page).slot(off).map(|s| s.hash) else {
            return;
        };
        let mut shard = lock(&self.shards[shard_of(hash)]);
        if let Ok(e) = shard.find_entry(table_hash(hash), |e| unpack(*e).1 == id) {
            e.remove();
        }
        lock(&page).remove(off);
        self.series.fetch_sub(1, Ordering::Relaxed);
    }

    /// Forgets series whose last sample is older than `cutoff` and that nobody used since the last call.
    /// They become ghosts in `segment`. The caller makes sure that no transaction is open that began before
    /// the last call. Gives how many were forgotten.
    pub(crate) fn collect(&self, cutoff: i64, segment: u32) -> u64 {
        let all: Vec<(u64, Arc<Mutex<Page>>)> =
            self.pages().iter().map(|(n, p)| (*n, p.clone())).collect();
        let mut removed = 0;
        for (no, page) in all {
            let old: Vec<u16> = lock(&page)
                .iter()
                .filter(|(_, s)| !s.touched && s.last_t < cutoff)
                .map(|(off, _)| off)
                .collect();
            let before = removed;
            for off in old {
                removed += u64::from(self.collect_one(
                    no * PAGE_SERIES + u64::from(off),
                    &page,
                    off,
                    cutoff,
                    segment,
                ));
            }
            let mut p = lock(&page);
            p.slots_mut().for_each(|s| s.touched = false);
            if removed > before {
                p.compact(no >= self.filling());
            }
        }
        let mut pages = self.pages.write().unwrap_or_else(PoisonError::into_inner);
        pages.retain(|no, p| !self.is_spent(*no, p));
        pages.shrink_to_fit();
        drop(pages);
        self.removed.fetch_add(removed, Ordering::Relaxed);
        removed
    }

    /// The page that the next ids are in.
    fn filling(&self) -> u64 {
        self.next_id.load(Ordering::Relaxed) / PAGE_SERIES
    }

    /// Whether a page is empty, has had its ids and is in nobody's hands. To be asked under the map's lock
    /// for writing; whoever still has an id of it reserved makes the page anew.
    fn is_spent(&self, no: u64, page: &Arc<Mutex<Page>>) -> bool {
        no < self.filling() && Arc::strong_count(page) == 1 && lock(page).live() == 0
    }

    fn collect_one(
        &self,
        id: u64,
        page: &Mutex<Page>,
        off: u16,
        cutoff: i64,
        segment: u32,
    ) -> bool {
        let Some(hash) = lock(page).slot(off).map(|s| s.hash) else {
            return false;
        };
        let mut shard = lock(&self.shards[shard_of(hash)]);
        let mut p = lock(page);
        let Some(s) = p
            .slot(off)
            .filter(|s| !s.touched && s.last_t < cutoff)
            .copied()
        else {
            return false;
        };
        if let Ok(e) = shard.find_entry(table_hash(s.hash), |e| unpack(*e).1 == id) {
            e.remove();
        }
        p.remove(off);
        self.series.fetch_sub(1, Ordering::Relaxed);
        drop(p);
        drop(shard);
        lock(&self.exemplars).remove(id);
        if s.logged {
            lock(&self.ghosts).insert(
                id,
                Ghost {
                    segment,
                    last_t: s.last_t,
                },
            );
        }
        true
    }

    /// Forgets metadata that no series has.
    pub(crate) fn collect_metadata(&self) {
        let pages: Vec<_> = self.pages().values().cloned().collect();
        // Under the table's lock: whoever interns sets the slot before giving that lock back.
        let mut table = lock(&self.metadata);
        let mut used = hashbrown::HashSet::<u32, foldhash::fast::RandomState>::default();
        for p in pages {
            used.extend(lock(&p).iter().map(|(_, s)| s.meta));
        }
        table.retain(|id| used.contains(&id));
    }

    /// Sets the metadata of a series. `None` when the series is unknown, otherwise whether it changed.
    pub(crate) fn set_metadata(&self, id: u64, m: scrape_core::MetadataRef<'_>) -> Option<bool> {
        let mut table = lock(&self.metadata);
        let meta = table.intern(m);
        self.with(id, |s| std::mem::replace(&mut s.meta, meta) != meta)
    }

    /// Whether a record about this id may still be needed when everything through segment `through` with
    /// samples before `min_t` is dropped.
    pub(crate) fn keeps(&self, id: u64, through: u32, min_t: i64) -> bool {
        self.with(id, |_| ()).is_some()
            || lock(&self.ghosts)
                .get(&id)
                .is_some_and(|g| g.segment > through || g.last_t >= min_t)
    }

    /// Forgets ghosts that no record names any more.
    pub(crate) fn drop_ghosts(&self, through: u32, min_t: i64) {
        let mut ghosts = lock(&self.ghosts);
        ghosts.retain(|_, g| g.segment > through || g.last_t >= min_t);
        ghosts.shrink_to_fit();
    }

    /// Bytes of heap that the table occupies.
    pub(crate) fn heap_bytes(&self) -> usize {
        let pages: Vec<_> = self.pages().values().cloned().collect();
        let slots: usize = pages
            .iter()
            .map(|p| lock(p).heap_bytes() + size_of::<Page>() + 48)
            .sum();
        let index: usize = self.shards.iter().map(|s| lock(s).allocation_size()).sum();
        slots + index
    }

    /// Applies a replayed sample. False when the series is unknown.
    #[inline]
    pub(crate) fn replay_sample(slot: &mut Slot, t: i64, bits: u64, kind: Kind) {
        if t >= slot.last_t {
            (slot.last_t, slot.last_bits, slot.kind) = (t, bits, kind);
        }
    }
}
