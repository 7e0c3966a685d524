//! The way out: one slot that always holds the newest map, and knowledge of whether it was taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

use crate::group::TargetSets;

#[derive(Debug, Clone, Default)]
struct Delivered {
    version: u64,
    sets: Arc<TargetSets>,
}

/// The sending half.
#[derive(Debug)]
pub(super) struct Sink {
    slot: watch::Sender<Delivered>,
    taken: Arc<AtomicU64>,
    version: u64,
}

/// The consumer's half: yields complete maps, always the newest.
#[derive(Debug)]
pub struct TargetsReceiver {
    slot: watch::Receiver<Delivered>,
    taken: Arc<AtomicU64>,
}

pub(super) fn channel() -> (Sink, TargetsReceiver) {
    let (tx, rx) = watch::channel(Delivered::default());
    let taken = Arc::new(AtomicU64::new(0));
    (
        Sink {
            slot: tx,
            taken: taken.clone(),
            version: 0,
        },
        TargetsReceiver { slot: rx, taken },
    )
}

impl Sink {
    /// Puts a map in the slot; `false` if it took the place of one that nobody had taken.
    pub(super) fn put(&mut self, sets: TargetSets) -> bool {
        let taken = self.taken.load(Ordering::Acquire) == self.version;
        self.version += 1;
        self.slot.send_replace(Delivered {
            version: self.version,
            sets: Arc::new(sets),
        });
        taken
    }
}

impl TargetsReceiver {
    /// Waits for a map that was not taken yet; `None` after shutdown. Safe to cancel.
    pub async fn next(&mut self) -> Option<Arc<TargetSets>> {
        self.slot.changed().await.ok()?;
        let newest = self.slot.borrow_and_update().clone();
        self.taken.store(newest.version, Ordering::Release);
        Some(newest.sets)
    }
}
