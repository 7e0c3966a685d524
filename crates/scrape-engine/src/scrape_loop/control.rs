//! How a pool talks to a loop: stop it (and why), wait until it has stopped, take over its cache. A loop that
//! succeeds another for the same target waits for it here, so that two never scrape the same target at once.

use scrape_core::cache::ScrapeCache;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

/// Why a loop stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The process stops: no markers, the data simply pauses.
    Shutdown,
    /// A successor with an equal enough configuration takes over the cache; nothing has ended.
    HandOver,
    /// Its target or job is gone, or a successor starts afresh: the series get end-of-run markers.
    EndOfRun,
}

/// What a loop carries from scrape to scrape, and over to a successor.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    pub(crate) cache: ScrapeCache,
    /// Whether anything was written with this cache, so that there is something to end.
    pub(crate) reported: bool,
}

/// Shared between a loop's task and its pool.
#[derive(Debug, Default)]
pub(crate) struct LoopControl {
    /// Cancelled when the loop should stop; the reason was set before.
    stop: CancellationToken,
    reason: AtomicU8,
    /// No end-of-run markers, whatever the reason to stop.
    markers_disabled: AtomicBool,
    /// Cancelled when the loop no longer scrapes.
    stopped: CancellationToken,
    /// Where a stopped loop leaves its cache for its successor.
    hand_over: Mutex<Option<Box<Carried>>>,
}

impl LoopControl {
    /// Asks the loop to stop after the scrape it may be in. Of several calls the last reason counts, unless
    /// the loop has already acted on an earlier one.
    pub(crate) fn stop(&self, why: Stop) {
        self.reason.store(why as u8, Ordering::SeqCst);
        self.stop.cancel();
    }

    /// Suppresses the end-of-run markers, also when the loop is already on its way to write them.
    pub(crate) fn disable_markers(&self) {
        self.markers_disabled.store(true, Ordering::SeqCst);
    }

    pub(super) fn markers_disabled(&self) -> bool {
        self.markers_disabled.load(Ordering::SeqCst)
    }

    /// Whether the loop was asked to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Waits until the loop is asked to stop.
    pub(super) async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    pub(super) fn why(&self) -> Stop {
        match self.reason.load(Ordering::SeqCst) {
            r if r == Stop::HandOver as u8 => Stop::HandOver,
            r if r == Stop::EndOfRun as u8 => Stop::EndOfRun,
            _ => Stop::Shutdown,
        }
    }

    /// Waits until the loop no longer scrapes. Markers may still be written later.
    pub(crate) async fn stopped(&self) {
        self.stopped.cancelled().await;
    }

    /// Whether the loop no longer scrapes.
    pub(crate) fn has_stopped(&self) -> bool {
        self.stopped.is_cancelled()
    }

    pub(super) fn leave(&self, carried: Box<Carried>) {
        *self.slot() = Some(carried);
    }

    pub(super) fn take(&self) -> Option<Box<Carried>> {
        self.slot().take()
    }

    fn slot(&self) -> MutexGuard<'_, Option<Box<Carried>>> {
        // The value is replaced in one step, so it is whole even if a holder panicked.
        self.hand_over
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that the loop has stopped when dropped, so that not even a panic leaves a successor waiting.
pub(super) struct StoppedOnDrop(pub(super) std::sync::Arc<LoopControl>);

impl Drop for StoppedOnDrop {
    fn drop(&mut self) {
        self.0.stopped.cancel();
    }
}
