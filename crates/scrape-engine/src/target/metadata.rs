//! The metadata of a target's families, readable while its loop lives, also in the middle of a scrape.
//!
//! The scrape cache is the loop's alone and a scrape may last as long as its timeout. Its metadata is
//! therefore parked here and lent to the pass only while the pass runs, never across a wait.

use scrape_core::cache::metadata::MetadataCache;
use scrape_core::pass::Scrape;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where a target's metadata is parked.
#[derive(Debug, Default)]
pub(crate) struct TargetMetadata {
    parked: Mutex<MetadataCache>,
    entries: AtomicUsize,
    bytes: AtomicUsize,
}

impl TargetMetadata {
    /// Runs one step of a pass with the metadata in place.
    pub(crate) fn with<'c, R>(
        &self,
        scrape: &mut Scrape<'c>,
        step: impl FnOnce(&mut Scrape<'c>) -> R,
    ) -> R {
        let mut parked = self.lock();
        std::mem::swap(&mut *parked, scrape.metadata_mut());
        let result = step(scrape);
        std::mem::swap(&mut *parked, scrape.metadata_mut());
        result
    }

    /// Reads the metadata; waits at most for one block of a body to be parsed.
    pub(crate) fn read<R>(&self, read: impl FnOnce(&MetadataCache) -> R) -> R {
        read(&self.lock())
    }

    /// Forgets everything: the loop starts with a fresh cache.
    pub(crate) fn clear(&self) {
        *self.lock() = MetadataCache::default();
        self.publish_size();
    }

    /// Makes the current size what [`Self::size`] says.
    pub(crate) fn publish_size(&self) {
        let (entries, bytes) = self.read(|m| (m.len(), m.bytes()));
        self.entries.store(entries, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    /// Families and bytes after the last scrape, without waiting.
    pub(crate) fn size(&self) -> (usize, usize) {
        (
            self.entries.load(Ordering::Relaxed),
            self.bytes.load(Ordering::Relaxed),
        )
    }

    fn lock(&self) -> MutexGuard<'_, MetadataCache> {
        // A step that panicked leaves an empty or partly filled table: sound, and refilled by the next scrape.
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
