//! Buffers that a pass needs while it runs and nobody needs between scrapes. A thread keeps a few for the
//! next pass, so that ten thousand idle targets hold none.

use super::mutate::Exposed;
use crate::cache::entry::EntryId;
use crate::labels::LabelsBuilder;
use crate::ports::append::{AppendError, SeriesRef};
use crate::sample::Exemplar;
use std::cell::RefCell;

/// Samples handed to storage in one call.
pub(super) const BATCH: usize = 1024;
/// Sets kept per thread.
const KEEP: usize = 2;
/// A carry buffer that has grown beyond this is not kept.
const KEEP_CARRY_BYTES: usize = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) batch: Vec<(SeriesRef, f64)>,
    pub(super) batch_ids: Vec<EntryId>,
    pub(super) refused: Vec<(usize, AppendError)>,
    pub(super) exposed: Exposed,
    pub(super) builder: LabelsBuilder,
    pub(super) exemplars: Vec<Exemplar>,
    pub(super) exemplar_builder: LabelsBuilder,
    /// The start of a line whose end has not arrived yet.
    pub(super) carry: Vec<u8>,
}

thread_local! {
    static IDLE: RefCell<Vec<Scratch>> = const { RefCell::new(Vec::new()) };
}

impl Scratch {
    pub(super) fn take() -> Self {
        IDLE.with_borrow_mut(Vec::pop).unwrap_or_default()
    }

    pub(super) fn give_back(mut self) {
        if self.carry.capacity() > KEEP_CARRY_BYTES {
            self.carry = Vec::new();
        }
        self.carry.clear();
        self.batch.clear();
        self.batch_ids.clear();
        self.refused.clear();
        self.exemplars.clear();
        IDLE.with_borrow_mut(|idle| {
            if idle.len() < KEEP {
                idle.push(self);
            }
        });
    }
}
