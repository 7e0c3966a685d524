//! What a transaction holds until it is committed: 16 bytes per float, the timestamps once per run of equal
//! ones.

use crate::head::page::Kind;
use crate::wal::record::HistValue;
use scrape_core::Exemplar;

/// Capacity, in floats, that a batch may keep when it goes back to the pool.
const KEEP_FLOATS: usize = 128 * 1024;

/// A histogram that waits for the commit.
#[derive(Debug)]
pub(crate) struct PendingHist {
    pub(crate) series: u64,
    pub(crate) t: i64,
    /// What equality with the next one is judged by.
    pub(crate) bits: u64,
    pub(crate) value: HistValue,
}

/// Samples in the order in which their records are written.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Series and bits of the value.
    pub(crate) floats: Vec<(u64, u64)>,
    /// (timestamp, end) of each run of floats with one timestamp.
    pub(crate) runs: Vec<(i64, usize)>,
    pub(crate) hists: Vec<PendingHist>,
    pub(crate) exemplars: Vec<(u64, Exemplar)>,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.floats.is_empty() && self.hists.is_empty() && self.exemplars.is_empty()
    }

    /// Whether it holds samples of the other sort than `kind`.
    pub(crate) fn has_other(&self, kind: Kind) -> bool {
        if kind == Kind::Float {
            !self.hists.is_empty()
        } else {
            !self.floats.is_empty()
        }
    }

    #[inline]
    pub(crate) fn push_float(&mut self, series: u64, t: i64, bits: u64) {
        self.floats.push((series, bits));
        let end = self.floats.len();
        match self.runs.last_mut() {
            Some(run) if run.0 == t => run.1 = end,
            _ => self.runs.push((t, end)),
        }
    }

    /// Empties it and keeps a bounded amount of memory.
    pub(crate) fn reset(&mut self) {
        self.floats.clear();
        self.floats.shrink_to(KEEP_FLOATS);
        self.runs.clear();
        self.runs.shrink_to(KEEP_FLOATS / 16);
        self.hists = Vec::new();
        self.exemplars = Vec::new();
    }
}
