//! What a transaction holds until it is committed: 16 bytes per float, the timestamps once per run of equal
//! ones. Floats lie in chunks of one size, so that a large scrape neither copies them nor holds room for as
//! many again, and so that scrapes of all sizes can use each other's chunks.

use crate::head::page::Kind;
use crate::wal::record::HistValue;
use scrape_core::Exemplar;

/// Floats in a chunk.
const CHUNK: usize = 4096;
/// Chunks kept for reuse: 4 MiB.
const KEEP_CHUNKS: usize = 64;
/// Runs that a chunk may have room for when it is kept.
const KEEP_RUNS: usize = 64;

/// A histogram that waits for the commit.
#[derive(Debug)]
pub(crate) struct PendingHist {
    pub(crate) series: u64,
    pub(crate) t: i64,
    /// What equality with the next one is judged by.
    pub(crate) bits: u64,
    pub(crate) value: HistValue,
}

/// Some floats.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    /// Series and bits of the value.
    pub(crate) floats: Vec<(u64, u64)>,
    /// (timestamp, end) of each run of floats with one timestamp.
    pub(crate) runs: Vec<(i64, usize)>,
}

impl Chunk {
    pub(crate) fn is_full(&self) -> bool {
        self.floats.len() >= CHUNK
    }

    #[inline]
    pub(crate) fn push(&mut self, series: u64, t: i64, bits: u64) {
        self.floats.push((series, bits));
        let end = self.floats.len();
        match self.runs.last_mut() {
            Some(run) if run.0 == t => run.1 = end,
            _ => self.runs.push((t, end)),
        }
    }
}

/// Chunks that nobody uses.
#[derive(Debug, Default)]
pub(crate) struct Pool(Vec<Chunk>);

impl Pool {
    pub(crate) fn take(&mut self) -> Chunk {
        self.0.pop().unwrap_or_default()
    }

    /// Keeps chunks of a batch; what is beyond the pool's size is freed.
    pub(crate) fn recycle(&mut self, batch: Batch) {
        let room = KEEP_CHUNKS.saturating_sub(self.0.len());
        self.0
            .extend(batch.chunks.into_iter().take(room).map(|mut c| {
                c.floats.clear();
                c.runs.clear();
                c.runs.shrink_to(KEEP_RUNS);
                c
            }));
    }
}

/// Samples in the order in which their records are written.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// All but the last are full.
    pub(crate) chunks: Vec<Chunk>,
    pub(crate) hists: Vec<PendingHist>,
    pub(crate) exemplars: Vec<(u64, Exemplar)>,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty() && self.hists.is_empty() && self.exemplars.is_empty()
    }

    /// Whether it holds samples of the other sort than `kind`.
    pub(crate) fn has_other(&self, kind: Kind) -> bool {
        if kind == Kind::Float {
            !self.hists.is_empty()
        } else {
            !self.chunks.is_empty()
        }
    }

    /// The chunk that takes the next float; `fresh` gives a new one.
    #[inline]
    pub(crate) fn open_chunk(&mut self, fresh: impl FnOnce() -> Chunk) -> &mut Chunk {
        if self.chunks.last().is_none_or(Chunk::is_full) {
            self.chunks.push(fresh());
        }
        let last = self.chunks.len() - 1;
        &mut self.chunks[last]
    }
}
