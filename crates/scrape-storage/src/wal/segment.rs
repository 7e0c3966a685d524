//! Names and sizes: which files of a directory are segments and checkpoints, and in what order.
//!
//! Segments are `%08d`, checkpoints directories `checkpoint.%08d` with segments inside. Everything else is
//! not ours to read. A gap in the numbers means that data is missing, and nobody may guess which.

use crate::error::{IoContext, ReadError};
use crate::fs::Fs;
use std::path::{Path, PathBuf};

/// Bytes of a page; no fragment crosses one.
pub const PAGE: usize = 32 * 1024;
/// Bytes of a fragment's header.
pub const FRAGMENT_HEADER: usize = 7;
/// Bytes of a segment, unless a single record needs more.
pub const SEGMENT_BYTES: u64 = 128 * 1024 * 1024;

const CHECKPOINT_PREFIX: &str = "checkpoint.";

/// A segment file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its number.
    pub number: u32,
    /// Where it is.
    pub path: PathBuf,
    /// Bytes at the time of listing.
    pub len: u64,
}

/// A checkpoint directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last segment that it replaces.
    pub number: u32,
    /// Where it is.
    pub path: PathBuf,
}

/// The path of a segment.
pub fn segment_path(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("{number:08}"))
}

/// The path of a checkpoint.
pub fn checkpoint_path(wal: &Path, number: u32) -> PathBuf {
    wal.join(format!("{CHECKPOINT_PREFIX}{number:08}"))
}

/// The number in a name of eight or more digits. Shorter names are listed by upstream and then not found,
/// because it opens them with eight digits.
/// Absurdly large ones are not segments either: there must be room to count on.
fn number(name: &str) -> Option<u32> {
    if name.len() < 8 || !name.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    name.parse().ok().filter(|n| *n < u32::MAX / 2)
}

/// Segments of a directory, ascending. A gap is not an error here: see [`check_sequence`].
pub fn segments(fs: &dyn Fs, dir: &Path) -> Result<Vec<Segment>, ReadError> {
    let mut out: Vec<Segment> = fs
        .list(dir)
        .at(dir)?
        .into_iter()
        .filter(|e| !e.is_dir)
        .filter_map(|e| {
            Some(Segment {
                number: number(&e.name)?,
                path: dir.join(&e.name),
                len: e.len,
            })
        })
        .collect();
    out.sort_by_key(|s| s.number);
    Ok(out)
}

/// Checkpoints of a log, ascending.
pub fn checkpoints(fs: &dyn Fs, wal: &Path) -> Result<Vec<Checkpoint>, ReadError> {
    let mut out: Vec<Checkpoint> = fs
        .list(wal)
        .at(wal)?
        .into_iter()
        .filter(|e| e.is_dir)
        .filter_map(|e| {
            Some(Checkpoint {
                number: number(e.name.strip_prefix(CHECKPOINT_PREFIX)?)?,
                path: wal.join(&e.name),
            })
        })
        .collect();
    out.sort_by_key(|c| c.number);
    Ok(out)
}

/// Refuses a gap between consecutive segments.
pub fn check_sequence(dir: &Path, segments: &[Segment]) -> Result<(), ReadError> {
    match segments.windows(2).find(|w| w[1].number != w[0].number + 1) {
        Some(w) => Err(ReadError::Gap {
            dir: dir.to_owned(),
            before: w[0].number,
            after: w[1].number,
        }),
        None => Ok(()),
    }
}

/// What a log consists of, in the order of reading: the newest checkpoint and the segments behind it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// The newest checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// Segments with numbers above the checkpoint's, without a gap.
    pub segments: Vec<Segment>,
    /// Segments that the newest checkpoint has replaced and that were not deleted yet.
    pub replaced: Vec<Segment>,
    /// Older checkpoints.
    pub superseded: Vec<Checkpoint>,
}

impl Layout {
    /// Lists a log directory. Refuses gaps.
    pub fn of(fs: &dyn Fs, wal: &Path) -> Result<Self, ReadError> {
        let mut superseded = checkpoints(fs, wal)?;
        let checkpoint = superseded.pop();
        let all = segments(fs, wal)?;
        let covered = |s: &Segment| checkpoint.as_ref().is_some_and(|c| s.number <= c.number);
        let (replaced, segments): (Vec<_>, Vec<_>) = all.into_iter().partition(covered);
        check_sequence(wal, &segments)?;
        if let (Some(c), Some(s)) = (&checkpoint, segments.first())
            && s.number != c.number + 1
        {
            return Err(ReadError::Gap {
                dir: wal.to_owned(),
                before: c.number,
                after: s.number,
            });
        }
        Ok(Self {
            checkpoint,
            segments,
            replaced,
            superseded,
        })
    }
}
