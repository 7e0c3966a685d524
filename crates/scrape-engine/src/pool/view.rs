//! What a pool shows of itself. Published whole after every change, so that nobody who looks waits for a sync
//! or a reload.

use super::generation::Generation;
use crate::target::RunningTarget;
use scrape_core::Labels;
use std::sync::Arc;

/// A pool at one moment.
#[derive(Clone)]
pub(crate) struct PoolView {
    pub(crate) generation: Arc<Generation>,
    /// Unique targets, by URL, then labels.
    pub(crate) active: Arc<[Arc<RunningTarget>]>,
    pub(crate) dropped: Arc<Dropped>,
}

/// Targets that relabeling dropped at the last sync.
#[derive(Debug, Default)]
pub(crate) struct Dropped {
    /// Labels before relabeling, of as many as are kept.
    pub(crate) kept: Vec<Labels>,
    /// How many there were.
    pub(crate) count: usize,
}
