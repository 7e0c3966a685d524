//! The disk as a trait, so that tests can fill it, fail it and cut its power. Paths are absolute or relative
//! to the working directory, as the caller gives them; nothing here knows what the files mean.

mod real;
#[cfg(any(test, feature = "testing"))]
mod sim;

pub use real::RealFs;
#[cfg(any(test, feature = "testing"))]
pub use sim::SimFs;

use std::fmt::Debug;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirEntry {
    /// File name without the directory. Names that are not UTF-8 are left out of listings: none of ours are.
    pub name: String,
    /// Whether it is a directory.
    pub is_dir: bool,
    /// Bytes, 0 for a directory.
    pub len: u64,
}

/// A file open for writing.
pub trait WriteFile: Send + Sync + Debug {
    /// Writes at an offset; may write less than asked.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize>;
    /// Cuts the file to a length.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Waits until the data is on the medium.
    fn sync_data(&self) -> io::Result<()>;
}

/// Why the lock of a directory was not taken.
#[derive(Debug)]
pub enum LockFailure {
    /// Another process holds it.
    Held,
    /// It could not be opened or locked.
    Io(io::Error),
}

/// A held lock; dropping it gives the lock up.
pub trait LockGuard: Send + Sync + Debug {}

/// The operations that the store needs of a disk.
pub trait Fs: Send + Sync + Debug {
    /// Creates a directory and its parents.
    fn create_dir_all(&self, dir: &Path) -> io::Result<()>;
    /// Lists a directory, in no particular order.
    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>>;
    /// Creates a file that must not exist.
    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn WriteFile>>;
    /// Opens an existing file for writing.
    fn open_write(&self, path: &Path) -> io::Result<Arc<dyn WriteFile>>;
    /// Opens a file for reading from its start.
    fn open_read(&self, path: &Path) -> io::Result<Box<dyn Read + Send>>;
    /// Renames; replaces a file of the new name at once.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file a second name; where the filesystem cannot, copies it.
    fn link_or_copy(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Deletes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Deletes a directory with everything in it.
    fn remove_dir_all(&self, dir: &Path) -> io::Result<()>;
    /// Waits until the names in a directory are on the medium.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Takes the exclusive advisory lock of a file, creating it; never waits. The bool says whether the
    /// file was there before.
    fn lock(&self, path: &Path) -> Result<(Box<dyn LockGuard>, bool), LockFailure>;
}
