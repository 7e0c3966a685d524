//! A disk in memory that crashes. It keeps apart what the operating system has and what the medium has, so
//! that a test can cut the power; it can be told to fill up, and to refuse the n-th changing operation and
//! every one after it, which is what `kill -9` at that point leaves behind.

use super::{DirEntry, Fs, LockFailure, LockGuard, WriteFile};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A disk in memory; clones share it.
#[derive(Debug, Clone, Default)]
pub struct SimFs(Arc<Mutex<Disk>>);

type Content = Arc<Mutex<File>>;

#[derive(Debug, Clone, Default)]
struct File {
    data: Vec<u8>,
    durable: Vec<u8>,
}

#[derive(Debug, Default)]
struct Disk {
    files: BTreeMap<PathBuf, Content>,
    dirs: BTreeSet<PathBuf>,
    durable_files: BTreeMap<PathBuf, Content>,
    durable_dirs: BTreeSet<PathBuf>,
    locks: BTreeSet<PathBuf>,
    /// Changing operations so far.
    ops: u64,
    /// From this operation on everything fails.
    stop_at: Option<u64>,
    /// Bytes that may still be written.
    free: Option<u64>,
    fail_sync: bool,
}

impl Disk {
    fn step(&mut self) -> io::Result<()> {
        self.ops += 1;
        match self.stop_at {
            Some(n) if self.ops > n => Err(io::Error::other("the process is gone")),
            _ => Ok(()),
        }
    }
}

fn missing(path: &Path) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("{}: no such file", path.display()),
    )
}

impl SimFs {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changing operations so far.
    pub fn ops(&self) -> u64 {
        self.disk().ops
    }

    /// Lets `n` more changing operations succeed; then everything fails.
    pub fn stop_after(&self, n: u64) {
        let mut d = self.disk();
        d.stop_at = Some(d.ops + n);
    }

    /// Ends what [`SimFs::stop_after`] began.
    pub fn resume(&self) {
        self.disk().stop_at = None;
    }

    /// Bytes that may still be written; `None` removes the limit.
    pub fn set_free(&self, bytes: Option<u64>) {
        self.disk().free = bytes;
    }

    /// Whether syncs fail.
    pub fn fail_sync(&self, fail: bool) {
        self.disk().fail_sync = fail;
    }

    /// The disk as the next process finds it after `kill -9`: everything written, no lock held.
    pub fn after_kill(&self) -> Self {
        self.image(|d| (d.files.clone(), d.dirs.clone()), |f| f.data.clone())
    }

    /// The disk as found after the power was cut: only what was synced.
    pub fn after_power_cut(&self) -> Self {
        self.image(
            |d| (d.durable_files.clone(), d.durable_dirs.clone()),
            |f| f.durable.clone(),
        )
    }

    fn image(
        &self,
        names: impl Fn(&Disk) -> (BTreeMap<PathBuf, Content>, BTreeSet<PathBuf>),
        bytes: impl Fn(&File) -> Vec<u8>,
    ) -> Self {
        let (files, mut dirs) = names(&self.disk());
        let files: BTreeMap<PathBuf, Content> = files
            .into_iter()
            .map(|(p, f)| {
                let data = bytes(&f.lock().unwrap_or_else(PoisonError::into_inner));
                (
                    p,
                    Arc::new(Mutex::new(File {
                        durable: data.clone(),
                        data,
                    })),
                )
            })
            .collect();
        dirs.extend(
            files
                .keys()
                .flat_map(|p| p.ancestors().skip(1))
                .map(Path::to_owned),
        );
        let new = Disk {
            durable_files: files.clone(),
            durable_dirs: dirs.clone(),
            files,
            dirs,
            ..Disk::default()
        };
        Self(Arc::new(Mutex::new(new)))
    }

    /// The content of a file.
    pub fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let f = self.disk().files.get(path)?.clone();
        let data = f
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .data
            .clone();
        Some(data)
    }

    /// Replaces the content of a file, durably, creating it and its directory.
    pub fn put(&self, path: &Path, data: Vec<u8>) {
        let mut d = self.disk();
        let f = Arc::new(Mutex::new(File {
            durable: data.clone(),
            data,
        }));
        d.files.insert(path.to_owned(), f.clone());
        d.durable_files.insert(path.to_owned(), f);
        d.dirs.extend(
            path.parent()
                .into_iter()
                .flat_map(Path::ancestors)
                .map(Path::to_owned),
        );
    }

    /// Paths of all files.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.disk().files.keys().cloned().collect()
    }
}

#[derive(Debug)]
struct SimFile {
    fs: SimFs,
    file: Content,
}

impl WriteFile for SimFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut d = self.fs.disk();
        let mut f = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // A process that is killed inside a write leaves a part of it.
        let stopped = d.step();
        let mut n = if stopped.is_err() {
            bytes.len() / 2
        } else {
            bytes.len()
        };
        if stopped.is_err() && d.stop_at.is_some_and(|s| d.ops > s + 1) {
            return stopped.map(|()| 0);
        }
        if let Some(free) = d.free {
            n = n.min(usize::try_from(free).unwrap_or(usize::MAX));
            d.free = Some(free - n as u64);
            if n == 0 && !bytes.is_empty() {
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
        }
        let at = usize::try_from(offset).map_err(io::Error::other)?;
        if f.data.len() < at + n {
            f.data.resize(at + n, 0);
        }
        f.data[at..at + n].copy_from_slice(&bytes[..n]);
        stopped.map(|()| n)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.fs.disk().step()?;
        let mut f = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        f.data
            .resize(usize::try_from(len).map_err(io::Error::other)?, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut d = self.fs.disk();
        d.step()?;
        if d.fail_sync {
            return Err(io::Error::other("medium error"));
        }
        let mut f = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        f.durable = f.data.clone();
        Ok(())
    }
}

#[derive(Debug)]
struct SimLock {
    fs: SimFs,
    path: PathBuf,
}

impl LockGuard for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.fs.disk().locks.remove(&self.path);
    }
}

impl Fs for SimFs {
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        let mut d = self.disk();
        if d.dirs.contains(dir) {
            return Ok(());
        }
        d.step()?;
        d.dirs.extend(dir.ancestors().map(Path::to_owned));
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        let d = self.disk();
        if !d.dirs.contains(dir) {
            return Err(missing(dir));
        }
        let name = |p: &Path| {
            p.file_name()
                .and_then(|n| n.to_str())
                .unwrap_or_default()
                .to_owned()
        };
        let files = d
            .files
            .iter()
            .filter(|(p, _)| p.parent() == Some(dir))
            .map(|(p, f)| DirEntry {
                name: name(p),
                is_dir: false,
                len: f.lock().unwrap_or_else(PoisonError::into_inner).data.len() as u64,
            });
        let dirs = d
            .dirs
            .iter()
            .filter(|p| p.parent() == Some(dir))
            .map(|p| DirEntry {
                name: name(p),
                is_dir: true,
                len: 0,
            });
        Ok(files.chain(dirs).collect())
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn WriteFile>> {
        let mut d = self.disk();
        if d.files.contains_key(path) {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        d.step()?;
        let file = Content::default();
        d.files.insert(path.to_owned(), file.clone());
        Ok(Arc::new(SimFile {
            fs: self.clone(),
            file,
        }))
    }

    fn open_write(&self, path: &Path) -> io::Result<Arc<dyn WriteFile>> {
        let file = self
            .disk()
            .files
            .get(path)
            .cloned()
            .ok_or_else(|| missing(path))?;
        Ok(Arc::new(SimFile {
            fs: self.clone(),
            file,
        }))
    }

    fn open_read(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        self.read(path)
            .map(|b| Box::new(Cursor::new(b)) as Box<dyn Read + Send>)
            .ok_or_else(|| missing(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut d = self.disk();
        d.step()?;
        if let Some(f) = d.files.remove(from) {
            d.files.insert(to.to_owned(), f);
            return Ok(());
        }
        if !d.dirs.contains(from) {
            return Err(missing(from));
        }
        if d.files.keys().any(|p| p.starts_with(to)) {
            return Err(io::Error::from(io::ErrorKind::DirectoryNotEmpty));
        }
        // The names inside a directory belong to it, so a synced directory keeps them under its new name.
        let moved = |p: &Path| Some(to.join(p.strip_prefix(from).ok()?));
        let dirs = std::mem::take(&mut d.dirs);
        d.dirs = dirs.into_iter().map(|p| moved(&p).unwrap_or(p)).collect();
        let files = std::mem::take(&mut d.files);
        d.files = files
            .into_iter()
            .map(|(p, f)| (moved(&p).unwrap_or(p), f))
            .collect();
        Ok(())
    }

    fn link_or_copy(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut d = self.disk();
        let f = d.files.get(from).cloned().ok_or_else(|| missing(from))?;
        if d.files.contains_key(to) {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        d.step()?;
        d.files.insert(to.to_owned(), f);
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut d = self.disk();
        d.step()?;
        d.files
            .remove(path)
            .map(|_| ())
            .ok_or_else(|| missing(path))
    }

    fn remove_dir_all(&self, dir: &Path) -> io::Result<()> {
        let mut d = self.disk();
        // Deleting is many operations; a kill may come between any two of them.
        let inside: Vec<PathBuf> = d
            .files
            .keys()
            .filter(|p| p.starts_with(dir))
            .cloned()
            .collect();
        for p in inside {
            d.step()?;
            d.files.remove(&p);
        }
        d.step()?;
        d.dirs.retain(|p| !p.starts_with(dir));
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut d = self.disk();
        d.step()?;
        if d.fail_sync {
            return Err(io::Error::other("medium error"));
        }
        // Names below are taken along: who syncs a directory has synced its subdirectories before.
        let names: BTreeMap<_, _> = d
            .files
            .iter()
            .filter(|(p, _)| p.starts_with(dir))
            .map(|(p, f)| (p.clone(), f.clone()))
            .collect();
        let dirs: Vec<_> = d
            .dirs
            .iter()
            .filter(|p| p.starts_with(dir))
            .cloned()
            .collect();
        d.durable_dirs.retain(|p| !p.starts_with(dir));
        d.durable_dirs.extend(dirs);
        d.durable_files.retain(|p, _| !p.starts_with(dir));
        d.durable_files.extend(names);
        Ok(())
    }

    fn lock(&self, path: &Path) -> Result<(Box<dyn LockGuard>, bool), LockFailure> {
        let mut d = self.disk();
        if !d.locks.insert(path.to_owned()) {
            return Err(LockFailure::Held);
        }
        let existed = d.files.contains_key(path);
        d.files.entry(path.to_owned()).or_default();
        Ok((
            Box::new(SimLock {
                fs: self.clone(),
                path: path.to_owned(),
            }),
            existed,
        ))
    }
}
