//! The one place that changes damaged files, and only when a store is opened for writing.
//!
//! A damaged segment is written anew without the damaged ranges beside the log (`scraper/tmp/`), the
//! original gets a second name under `scraper/quarantine/`, and then the new file takes the original's name
//! in one step. At every moment the log has either the original or the repaired segment. A record that the
//! end of the newest segment cuts off is what a crash leaves; only those bytes are put aside and the file
//! is cut. Segments of a checkpoint are treated the same way: nothing else is ever removed because of
//! damage.

use super::reader::{Entry, SegmentReader};
use super::segment::{Layout, PAGE, segment_path};
use super::writer::frame_into;
use crate::error::{IoContext, ReadError};
use crate::fs::{Fs, WriteFile};
use crate::replay::DamagedFile;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const FLUSH: usize = 1024 * 1024;

/// Where repair works: the directories of one data directory.
#[derive(Debug)]
pub(crate) struct Workspace {
    fs: Arc<dyn Fs>,
    wal: PathBuf,
    own: PathBuf,
    /// Distinguishes what is put aside by different openings.
    stamp: i64,
}

impl Workspace {
    pub(crate) fn new(fs: Arc<dyn Fs>, data: &Path, stamp: i64) -> Self {
        Self {
            fs,
            wal: data.join("wal"),
            own: data.join("scraper"),
            stamp,
        }
    }

    /// Removes what interrupted work left, and takes interrupted repairs of upstream back.
    pub(crate) fn clean_leftovers(&self) -> Result<(), ReadError> {
        for e in self.fs.list(&self.wal).at(&self.wal)? {
            let path = self.wal.join(&e.name);
            if e.is_dir && e.name.starts_with("checkpoint.") && e.name.ends_with(".tmp") {
                tracing::info!(path = %path.display(), "removing an unfinished checkpoint");
                self.fs.remove_dir_all(&path).at(&path)?;
            } else if let Some(number) = e
                .name
                .strip_suffix(".repair")
                .and_then(|n| n.parse::<u32>().ok())
            {
                self.restore(&path, number)?;
            }
        }
        let tmp = self.own.join("tmp");
        match self.fs.remove_dir_all(&tmp) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e).at(&tmp),
            _ => Ok(()),
        }
    }

    /// Upstream renames a damaged segment to `.repair` and writes its first part anew. If it was interrupted
    /// the original holds at least as much as the new file.
    fn restore(&self, repair: &Path, number: u32) -> Result<(), ReadError> {
        let segment = segment_path(&self.wal, number);
        tracing::warn!(path = %repair.display(), "taking an interrupted repair back");
        let aside = self.quarantine(&format!("{number:08}.partial"))?;
        match self.fs.link_or_copy(&segment, &aside) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e).at(&aside),
            _ => {}
        }
        self.fs.rename(repair, &segment).at(repair)?;
        self.fs.sync_dir(&self.wal).at(&self.wal)
    }

    /// Makes room in the quarantine and gives a name there that is not taken.
    fn quarantine(&self, what: &str) -> Result<PathBuf, ReadError> {
        let dir = self.own.join("quarantine");
        self.fs.create_dir_all(&dir).at(&dir)?;
        let taken: Vec<String> = self
            .fs
            .list(&dir)
            .at(&dir)?
            .into_iter()
            .map(|e| e.name)
            .collect();
        let name = (0u32..)
            .map(|n| format!("{}.{n}-{what}", self.stamp))
            .find(|n| !taken.contains(n));
        Ok(dir.join(name.unwrap_or_else(|| what.to_owned())))
    }

    /// Repairs a file. Gives the bytes that were put aside and the length of the repaired file.
    pub(crate) fn repair(&self, file: &DamagedFile) -> Result<(u64, u64), ReadError> {
        let path = &file.segment.path;
        let name = path
            .strip_prefix(&self.wal)
            .unwrap_or(path)
            .to_string_lossy()
            .replace(['/', '\\'], "-");
        for d in &file.damage {
            tracing::warn!(segment = %path.display(), start = d.start, end = d.end, problem = %d.kind, "damaged log");
        }
        let done = match file.damage[..] {
            [d] if file.torn_tail => self.cut(path, &name, d.start)?,
            _ => self.rewrite(path, &name)?,
        };
        let dir = path.parent().unwrap_or(&self.wal);
        self.fs.sync_dir(dir).at(dir)?;
        Ok(done)
    }

    /// Puts everything behind `from` aside and cuts the file there.
    fn cut(&self, path: &Path, name: &str, from: u64) -> Result<(u64, u64), ReadError> {
        let mut src = self.fs.open_read(path).at(path)?;
        io::copy(&mut (&mut src).take(from), &mut io::sink()).at(path)?;
        let aside = self.quarantine(&format!("{name}-from-{from}"))?;
        let mut out = Output::create(&*self.fs, &aside)?;
        let mut buf = vec![0; PAGE];
        loop {
            match src.read(&mut buf).at(path)? {
                0 => break,
                n => out.add(&buf[..n])?,
            }
        }
        let bytes = out.finish()?;
        let dir = self.own.join("quarantine");
        self.fs.sync_dir(&dir).at(&dir)?;
        let file = self.fs.open_write(path).at(path)?;
        file.set_len(from).at(path)?;
        file.sync_data().at(path)?;
        Ok((bytes, from))
    }

    /// Writes the sound records anew and swaps the files.
    fn rewrite(&self, path: &Path, name: &str) -> Result<(u64, u64), ReadError> {
        let aside = self.quarantine(name)?;
        self.fs.link_or_copy(path, &aside).at(&aside)?;
        let dir = self.own.join("quarantine");
        self.fs.sync_dir(&dir).at(&dir)?;
        let tmp_dir = self.own.join("tmp");
        self.fs.create_dir_all(&tmp_dir).at(&tmp_dir)?;
        let tmp = tmp_dir.join(name);
        let mut out = Output::create(&*self.fs, &tmp)?;
        let mut reader = SegmentReader::new(self.fs.open_read(path).at(path)?);
        let mut framed = Vec::new();
        let mut pos = 0u64;
        let mut damaged = 0u64;
        while let Some(entry) = reader.read().at(path)? {
            match entry {
                Entry::Record { stored, flags, .. } => {
                    framed.clear();
                    frame_into(&mut framed, pos, stored, flags);
                    pos += framed.len() as u64;
                    out.add(&framed)?;
                }
                Entry::Damage(d) => damaged += d.end - d.start,
            }
        }
        let len = out.finish()?;
        self.fs.rename(&tmp, path).at(path)?;
        Ok((damaged, len))
    }

    /// Deletes segments and checkpoints that the newest checkpoint replaces: what a crash between finishing
    /// a checkpoint and deleting left over. In ascending order, so that no gap ever appears.
    pub(crate) fn remove_replaced(&self, layout: &Layout) -> Result<(), ReadError> {
        for s in &layout.replaced {
            self.fs.remove_file(&s.path).at(&s.path)?;
        }
        for c in &layout.superseded {
            self.fs.remove_dir_all(&c.path).at(&c.path)?;
        }
        Ok(())
    }
}

/// A file that is written from start to end.
pub(crate) struct Output {
    file: Arc<dyn WriteFile>,
    path: PathBuf,
    buf: Vec<u8>,
    written: u64,
}

impl Output {
    pub(crate) fn create(fs: &dyn Fs, path: &Path) -> Result<Self, ReadError> {
        Ok(Self {
            file: fs.create_new(path).at(path)?,
            path: path.to_owned(),
            buf: Vec::new(),
            written: 0,
        })
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        self.buf.extend_from_slice(bytes);
        if self.buf.len() >= FLUSH {
            self.flush()
        } else {
            Ok(())
        }
    }

    fn flush(&mut self) -> Result<(), ReadError> {
        let mut rest = self.buf.as_slice();
        while !rest.is_empty() {
            match self.file.write_at(self.written, rest) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero)).at(&self.path),
                Ok(n) => {
                    self.written += n as u64;
                    rest = &rest[n..];
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e).at(&self.path),
            }
        }
        self.buf.clear();
        Ok(())
    }

    /// Brings everything to the medium; gives the length.
    pub(crate) fn finish(mut self) -> Result<u64, ReadError> {
        self.flush()?;
        self.file.sync_data().at(&self.path)?;
        Ok(self.written)
    }
}
