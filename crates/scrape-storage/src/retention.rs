//! Which segments are old enough to go. Only whole segments are dropped, and only from the front.

use crate::error::MaintainError;
use crate::head::lock;
use crate::options::ms;
use crate::stats::{add, read};
use crate::store::Inner;
use crate::wal::checkpoint::{self, Plan};
use crate::wal::segment::{Layout, segments};
use crate::wal::writer::SegmentInfo;
use std::collections::VecDeque;
use std::sync::atomic::Ordering;

/// A segment is rolled when its first sample is older than this part of the retention, so that quiet
/// stores forget as well.
const ROLL_PART: i64 = 16;

/// What is to be dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Drop {
    through: u32,
    /// Samples of the dropped segments that are at least this old go with them.
    min_t: i64,
}

/// Decides from what is known of the segments; the last one is being written and stays.
fn decide(
    segments: &VecDeque<SegmentInfo>,
    cutoff: i64,
    size: u64,
    other_bytes: u64,
) -> Option<Drop> {
    let finished = segments.len().saturating_sub(1);
    let by_age = segments
        .iter()
        .take(finished)
        .take_while(|s| s.max_t < cutoff)
        .last();
    let mut bytes = other_bytes + segments.iter().map(|s| s.bytes).sum::<u64>();
    let mut by_size = None;
    for s in segments.iter().take(finished) {
        if size == 0 || bytes <= size {
            break;
        }
        bytes -= s.bytes;
        by_size = Some(s);
    }
    match (by_age, by_size) {
        // The limit on bytes takes samples that are young enough, too.
        (age, Some(s)) if age.is_none_or(|a| a.number < s.number) => Some(Drop {
            through: s.number,
            min_t: i64::MAX,
        }),
        (Some(a), _) => Some(Drop {
            through: a.number,
            min_t: cutoff,
        }),
        (None, _) => None,
    }
}

impl Inner {
    /// Drops segments beyond the retention. Gives how many.
    pub(crate) fn retain(&self, now: i64) -> Result<u64, MaintainError> {
        let retention = ms(self.options.retention);
        let cutoff = if retention == 0 {
            i64::MIN
        } else {
            now.saturating_sub(retention)
        };
        let drop = {
            let mut log = lock(&self.log);
            let age = retention / ROLL_PART;
            let old = |s: &SegmentInfo| s.first_t > i64::MIN && s.first_t < now.saturating_sub(age);
            let full = self.options.retention_size > 0
                && log.writer.current_bytes() > self.options.retention_size / ROLL_PART as u64;
            if ((retention > 0 && log.writer.segments().back().is_some_and(old)) || full)
                && let Err(e) = log.writer.roll()
            {
                return Err(MaintainError::Checkpoint(crate::ReadError::Io {
                    path: e.path,
                    cause: e.cause,
                }));
            }
            decide(
                log.writer.segments(),
                cutoff,
                self.options.retention_size,
                read(&self.counters.checkpoint_bytes),
            )
        };
        let Some(drop) = drop else { return Ok(0) };
        // What the checkpoint is made of and what replaces it must not depend on data that is only in the
        // page cache.
        self.sync()?;
        add(&self.counters.checkpoints, 1);
        let plan = Plan {
            through: drop.through,
            min_t: drop.min_t,
            compression: self.options.compression,
        };
        let written = checkpoint::write(&self.fs, &self.wal_dir, &self.head, plan)
            .map_err(|e| self.failed(e))?;
        if written.damaged > 0 {
            add(&self.counters.corruptions, 1);
        }
        self.head.drop_ghosts(drop.through, drop.min_t);
        if drop.min_t != i64::MAX {
            self.head.raise_min_t(drop.min_t);
        }
        lock(&self.log).writer.forget_through(drop.through);
        let n =
            checkpoint::delete_replaced(&*self.fs, &self.wal_dir).map_err(|e| self.failed(e))?;
        add(&self.counters.segments_dropped, n);
        self.count_checkpoint();
        Ok(n)
    }

    fn failed(&self, e: crate::ReadError) -> MaintainError {
        add(&self.counters.checkpoints_failed, 1);
        MaintainError::Checkpoint(e)
    }

    fn count_checkpoint(&self) {
        let bytes = Layout::of(&*self.fs, &self.wal_dir)
            .ok()
            .and_then(|l| segments(&*self.fs, &l.checkpoint?.path).ok())
            .map_or(0, |all| all.iter().map(|s| s.len).sum());
        self.counters
            .checkpoint_bytes
            .store(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
