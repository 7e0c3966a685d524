//! Giving back what a transaction claimed: series that only rolled-back transactions know are forgotten at
//! once.
//!
//! Their ids stay used, because caches may hold them: such a reference is unknown from then on.

use super::page::{PAGE_SERIES, Page, Slot};
use super::{Head, lock, rehash, shard_of, table_hash, unpack};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

/// Room that an index shard may have beyond four times its series before it shrinks.
const SPARE_ROOM: usize = 256;

impl Head {
    /// Gives claims back and forgets the series that nobody else counts on. No commit may be under way: it
    /// might still take back what it did to one of them.
    pub(crate) fn unclaim(&self, ids: &[u64]) {
        let mut forgotten = 0;
        for in_page in ids.chunk_by(|a, b| a / PAGE_SERIES == b / PAGE_SERIES) {
            forgotten += self.unclaim_in_page(in_page[0] / PAGE_SERIES, in_page);
        }
        self.series.fetch_sub(forgotten, Ordering::Relaxed);
        self.removed.fetch_add(forgotten, Ordering::Relaxed);
    }

    fn unclaim_in_page(&self, no: u64, ids: &[u64]) -> u64 {
        let Some(page) = self.pages().get(&no).cloned() else {
            return 0;
        };
        let forgotten = ids
            .iter()
            .map(|id| u64::from(self.unclaim_one(*id, &page)))
            .sum();
        if forgotten == 0 {
            return 0;
        }
        lock(&page).compact(no >= self.filling());
        drop(page);
        let mut pages = self.pages.write().unwrap_or_else(PoisonError::into_inner);
        if pages.get(&no).is_some_and(|p| self.is_spent(no, p)) {
            pages.remove(&no);
        }
        forgotten
    }

    fn unclaim_one(&self, id: u64, page: &Mutex<Page>) -> bool {
        let (_, off) = Page::locate(id);
        let Some(hash) = lock(page).slot(off).map(|s| s.hash) else {
            return false;
        };
        // Under the index's lock nobody finds the series and claims it.
        let mut shard = lock(&self.shards[shard_of(hash)]);
        let mut p = lock(page);
        if !p.slot_mut(off).is_some_and(Slot::unclaim) {
            return false;
        }
        p.remove(off);
        if let Ok(e) = shard.find_entry(table_hash(hash), |e| unpack(*e).1 == id) {
            e.remove();
        }
        if shard.capacity() > shard.len() * 4 + SPARE_ROOM {
            let room = shard.len() * 2;
            shard.shrink_to(room, rehash);
        }
        true
    }
}
