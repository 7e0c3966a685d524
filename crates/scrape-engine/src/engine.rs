//! What all pools and loops of one manager share.

use crate::fetch::FetcherFactory;
use crate::metrics::EngineMetrics;
use crate::options::ManagerOptions;
use scrape_core::{Appendable, Clock};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Shared by everything below a manager.
pub(crate) struct Engine {
    pub(crate) appendable: Arc<dyn Appendable>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) fetchers: Arc<dyn FetcherFactory>,
    pub(crate) metrics: Arc<EngineMetrics>,
    pub(crate) options: ManagerOptions,
    /// Every loop, those on their way out included.
    pub(crate) tasks: TaskTracker,
    /// Cancels everything under way.
    pub(crate) cancel: CancellationToken,
    seed: AtomicU64,
}

impl Engine {
    pub(crate) fn new(
        appendable: Arc<dyn Appendable>,
        clock: Arc<dyn Clock>,
        fetchers: Arc<dyn FetcherFactory>,
        metrics: Arc<EngineMetrics>,
        options: ManagerOptions,
    ) -> Self {
        Self {
            appendable,
            clock,
            fetchers,
            metrics,
            options,
            tasks: TaskTracker::new(),
            cancel: CancellationToken::new(),
            seed: AtomicU64::new(0),
        }
    }

    /// Spreads the scrapes of equal targets of different servers over time.
    pub(crate) fn seed(&self) -> u64 {
        self.seed.load(Ordering::Relaxed)
    }

    /// Takes effect for loops that start from now on.
    pub(crate) fn set_seed(&self, seed: u64) {
        self.seed.store(seed, Ordering::Relaxed);
    }
}
