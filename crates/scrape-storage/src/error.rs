//! Errors, one family per operation. Each names the path, and where there is one, the byte.

use std::io;
use std::path::{Path, PathBuf};

/// Why a log could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The operating system refused.
    #[error("{}: {cause}", path.display())]
    Io {
        /// File or directory concerned.
        path: PathBuf,
        /// What it said.
        cause: io::Error,
    },
    /// Segments are missing.
    #[error("{}: segments are not sequential: {after:08} follows {before:08}; restore the missing files, or move the segments after the gap elsewhere to go without them", dir.display())]
    Gap {
        /// Directory of the segments.
        dir: PathBuf,
        /// Last number before the gap.
        before: u32,
        /// First number after it.
        after: u32,
    },
    /// Bytes that are no log.
    #[error("{}: {damage}", path.display())]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where and what.
        damage: crate::wal::Damage,
    },
    /// A record whose checksum is right and whose content is not.
    #[error("{}: record at byte {offset}: {cause}", path.display())]
    Record {
        /// The segment.
        path: PathBuf,
        /// First byte of the record.
        offset: u64,
        /// What is wrong with it.
        cause: crate::wal::record::DecodeError,
    },
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has the directory open.
    #[error("{}: locked by another process: stop it, or use another data directory", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The lock file could not be opened.
    #[error("{}: cannot take the lock: {cause}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// An option has a value that cannot be.
    #[error("{option}: {problem}")]
    Option {
        /// Its name.
        option: &'static str,
        /// What is wrong and what is allowed.
        problem: String,
    },
    /// The operating system refused.
    #[error("{}: {cause}", path.display())]
    Io {
        /// File or directory concerned.
        path: PathBuf,
        /// What it said.
        cause: io::Error,
    },
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Why a maintenance step did not finish. The store goes on; the step is tried again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MaintainError {
    /// Data could not be brought to the medium; what was committed since the last success may be lost when
    /// the power goes. Writing continues in a new segment.
    #[error("sync of {}: {cause}", path.display())]
    Sync {
        /// File or directory concerned.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// A checkpoint was not finished; no data was touched.
    #[error("checkpoint: {0}")]
    Checkpoint(ReadError),
}

/// Names the path in an I/O error.
pub(crate) trait IoContext<T> {
    fn at(self, path: &Path) -> Result<T, ReadError>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn at(self, path: &Path) -> Result<T, ReadError> {
        self.map_err(|cause| ReadError::Io {
            path: path.to_owned(),
            cause,
        })
    }
}
