//! Appends to the log: records to fragments and pages, segments that roll, and a way back.
//!
//! A transaction is `begin`, `log` for each record, `commit`. What it wrote counts only after `commit` said
//! so. When the disk refuses (full, failing, a short write), everything since `begin` is taken back: the
//! segment is cut to where the transaction began, segments that it created are removed, and writing goes on
//! in a new segment. So no half-written page ever stands in front of later data.
//!
//! Records are framed into a buffer and reach the file in one write per transaction, or one per
//! [`FLUSH_BYTES`] for unusually large ones. Bringing them to the medium is the owner's step, off this path.

use super::compress::{Compression, Compressor};
use super::segment::{FRAGMENT_HEADER, PAGE, segment_path};
use crate::fs::{Fs, WriteFile};
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Buffered bytes that are written without waiting for the end of the transaction.
const FLUSH_BYTES: usize = 1024 * 1024;
/// Buffer memory kept between transactions.
const KEEP_BYTES: usize = 2 * FLUSH_BYTES;

/// Finished segments that wait for their sync, at most.
const MAX_UNSYNCED: usize = 64;

/// Why the log did not take something.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", path.display())]
pub(crate) struct WriteError {
    pub(crate) path: PathBuf,
    pub(crate) cause: io::Error,
}

/// What is known of a segment that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentInfo {
    pub(crate) number: u32,
    pub(crate) bytes: u64,
    /// Newest sample, or `i64::MIN` when there is none.
    pub(crate) max_t: i64,
    /// Newest sample of the first commit, or `i64::MIN`; known only of segments of this process.
    pub(crate) first_t: i64,
}

/// What must be synced so that everything committed is on the medium.
#[derive(Debug, Default)]
pub(crate) struct Unsynced {
    pub(crate) files: Vec<(PathBuf, Arc<dyn WriteFile>)>,
    /// Segments were created or removed.
    pub(crate) dir: bool,
}

#[derive(Debug)]
struct Open {
    number: u32,
    path: PathBuf,
    file: Arc<dyn WriteFile>,
    /// Bytes in the file.
    written: u64,
    /// Written to since the last sync.
    dirty: bool,
}

/// Where a transaction began.
#[derive(Debug, Clone, Copy)]
struct Savepoint {
    number: u32,
    written: u64,
}

#[derive(Debug)]
pub(crate) struct Writer {
    fs: Arc<dyn Fs>,
    dir: PathBuf,
    compression: Compression,
    segment_bytes: u64,
    current: Option<Open>,
    next_number: u32,
    /// Framed bytes that are not in the file yet.
    buf: Vec<u8>,
    /// Lent out while it compresses.
    compressor: Option<Box<Compressor>>,
    savepoint: Option<Savepoint>,
    /// A failed transaction that could not be taken back yet.
    debris: Option<Savepoint>,
    segments: VecDeque<SegmentInfo>,
    finished: Vec<(PathBuf, Arc<dyn WriteFile>)>,
    dir_dirty: bool,
    /// Segments abandoned because of failed writes.
    abandoned: u64,
    pages_flushed: u64,
}

impl Writer {
    /// Continues behind the segments that exist, in a new one.
    pub(crate) fn create(
        fs: Arc<dyn Fs>,
        dir: &Path,
        compression: Compression,
        segment_bytes: u64,
        existing: Vec<SegmentInfo>,
        next_number: u32,
    ) -> Result<Self, WriteError> {
        let mut w = Self {
            fs,
            dir: dir.to_owned(),
            compression,
            segment_bytes,
            current: None,
            next_number,
            buf: Vec::new(),
            compressor: None,
            savepoint: None,
            debris: None,
            segments: existing.into(),
            finished: Vec::new(),
            dir_dirty: false,
            abandoned: 0,
            pages_flushed: 0,
        };
        w.open_next()?;
        Ok(w)
    }

    /// Number of the segment that is being written, or of the next one.
    pub(crate) fn current_number(&self) -> u32 {
        self.current.as_ref().map_or(self.next_number, |c| c.number)
    }

    /// Bytes in the segment that is being written.
    pub(crate) fn current_bytes(&self) -> u64 {
        self.current.as_ref().map_or(0, |c| c.written)
    }

    /// All segments, ascending, the one being written last.
    pub(crate) fn segments(&self) -> &VecDeque<SegmentInfo> {
        &self.segments
    }

    /// Segments that were given up because of failed writes.
    pub(crate) fn abandoned(&self) -> u64 {
        self.abandoned
    }

    /// Pages begun.
    pub(crate) fn pages_flushed(&self) -> u64 {
        self.pages_flushed
    }

    fn open_next(&mut self) -> Result<(), WriteError> {
        let number = self.next_number;
        let path = segment_path(&self.dir, number);
        let file = self.fs.create_new(&path).map_err(|cause| WriteError {
            path: path.clone(),
            cause,
        })?;
        self.next_number = number + 1;
        self.dir_dirty = true;
        self.segments.push_back(SegmentInfo {
            number,
            bytes: 0,
            max_t: i64::MIN,
            first_t: i64::MIN,
        });
        self.current = Some(Open {
            number,
            path,
            file,
            written: 0,
            dirty: false,
        });
        Ok(())
    }

    /// Begins a transaction. Fails while the traces of a failed one cannot be removed.
    pub(crate) fn begin(&mut self) -> Result<(), WriteError> {
        if let Some(s) = self.debris {
            self.take_back(s)?;
            self.debris = None;
        }
        if self.current.is_none() {
            self.open_next()?;
        }
        self.savepoint = self.current.as_ref().map(|c| Savepoint {
            number: c.number,
            written: c.written,
        });
        Ok(())
    }

    /// Adds a record. After an error the transaction is already taken back.
    pub(crate) fn log(&mut self, record: &[u8]) -> Result<(), WriteError> {
        let mut compressor = self
            .compressor
            .take()
            .unwrap_or_else(|| Box::new(Compressor::new()));
        let (stored, flags) = compressor.compress(self.compression, record);
        let done = self.log_stored(stored, flags);
        compressor.trim(KEEP_BYTES);
        self.compressor = Some(compressor);
        done
    }

    /// Adds a record as stored in another segment.
    pub(crate) fn log_stored(&mut self, stored: &[u8], flags: u8) -> Result<(), WriteError> {
        let pos = self.position();
        if pos > 0 && stored.len() as u64 > room(pos, self.segment_bytes) {
            self.or_take_back(Self::roll_inner)?;
        }
        let before = self.position();
        frame_into(&mut self.buf, before, stored, flags);
        self.pages_flushed += pages(self.position()) - pages(before);
        if self.buf.len() >= FLUSH_BYTES {
            self.or_take_back(Self::flush)?;
        }
        Ok(())
    }

    /// Ends the transaction. `max_t` is its newest sample, `i64::MIN` when it has none.
    pub(crate) fn commit(&mut self, max_t: i64) -> Result<(), WriteError> {
        self.or_take_back(Self::flush)?;
        let from = self.savepoint.take().map_or(u32::MAX, |s| s.number);
        for s in self
            .segments
            .iter_mut()
            .rev()
            .take_while(|s| s.number >= from)
        {
            s.max_t = s.max_t.max(max_t);
            if s.first_t == i64::MIN {
                s.first_t = max_t;
            }
        }
        if self.buf.capacity() > KEEP_BYTES {
            self.buf = Vec::new();
        }
        Ok(())
    }

    /// Begins a new segment, unless the current one is empty. Not inside a transaction.
    pub(crate) fn roll(&mut self) -> Result<(), WriteError> {
        self.begin()?;
        if self.position() > 0 {
            self.or_take_back(Self::roll_inner)?;
        }
        self.savepoint = None;
        Ok(())
    }

    /// Takes back what could not be synced, to be tried again. If the current segment is among it, it is
    /// given up: its medium has failed, and nothing more is to stand behind such a hole.
    pub(crate) fn sync_failed(&mut self, failed: Unsynced) {
        let current = self.current.as_ref().map(|c| c.path.as_path());
        if failed
            .files
            .iter()
            .any(|(path, _)| Some(path.as_path()) == current)
        {
            self.abandoned += 1;
            self.current = None;
        }
        self.dir_dirty |= failed.dir;
        self.finished.extend(failed.files);
        // Each holds a descriptor; a disk that never recovers must not take them all.
        let surplus = self.finished.len().saturating_sub(MAX_UNSYNCED);
        self.finished.drain(..surplus);
    }

    /// Pads the last page. Further writing is not intended.
    pub(crate) fn finish(&mut self) -> Result<(), WriteError> {
        self.begin()?;
        self.or_take_back(|w| {
            w.pad();
            w.flush()
        })?;
        self.savepoint = None;
        Ok(())
    }

    /// Hands out what has to be synced, and considers it synced.
    pub(crate) fn take_unsynced(&mut self, with_current: bool) -> Unsynced {
        let mut files = std::mem::take(&mut self.finished);
        if let Some(c) = self.current.as_mut().filter(|c| with_current && c.dirty) {
            c.dirty = false;
            files.push((c.path.clone(), c.file.clone()));
        }
        Unsynced {
            files,
            dir: std::mem::take(&mut self.dir_dirty),
        }
    }

    /// Forgets segments that were deleted.
    pub(crate) fn forget_through(&mut self, number: u32) {
        self.segments.retain(|s| s.number > number);
        self.dir_dirty = true;
    }

    fn position(&self) -> u64 {
        self.current_bytes() + self.buf.len() as u64
    }

    fn pad(&mut self) {
        let over = (self.position() % PAGE as u64) as usize;
        if over > 0 {
            self.buf.resize(self.buf.len() + PAGE - over, 0);
        }
    }

    fn roll_inner(&mut self) -> Result<(), WriteError> {
        self.pad();
        self.flush()?;
        if let Some(c) = self.current.take() {
            self.finished.push((c.path, c.file));
        }
        self.open_next()
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        let Some(c) = self.current.as_mut() else {
            return Ok(());
        };
        let mut rest = self.buf.as_slice();
        while !rest.is_empty() {
            match c.file.write_at(c.written, rest) {
                Ok(0) => {
                    let cause = io::Error::new(io::ErrorKind::WriteZero, "the disk took no bytes");
                    return Err(WriteError {
                        path: c.path.clone(),
                        cause,
                    });
                }
                Ok(n) => {
                    c.written += n as u64;
                    c.dirty = true;
                    rest = &rest[n..];
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => {
                    return Err(WriteError {
                        path: c.path.clone(),
                        cause,
                    });
                }
            }
        }
        self.buf.clear();
        if let Some(info) = self.segments.back_mut() {
            info.bytes = c.written;
        }
        Ok(())
    }

    fn or_take_back(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        let Err(e) = step(self) else { return Ok(()) };
        self.buf.clear();
        self.abandoned += 1;
        if let Some(s) = self.savepoint.take() {
            // If this fails as well, `begin` tries again before anything else is written.
            self.debris = self.take_back(s).is_err().then_some(s);
        }
        Err(e)
    }

    /// Removes everything behind a savepoint. Afterwards no segment is open.
    fn take_back(&mut self, s: Savepoint) -> Result<(), WriteError> {
        // What was committed to it before still wants its sync.
        if let Some(c) = self.current.take().filter(|c| c.number == s.number) {
            self.finished.push((c.path, c.file));
        }
        while let Some(last) = self
            .segments
            .back()
            .copied()
            .filter(|i| i.number > s.number)
        {
            let path = segment_path(&self.dir, last.number);
            match self.fs.remove_file(&path) {
                Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                    return Err(WriteError { path, cause });
                }
                _ => {
                    self.segments.pop_back();
                    self.next_number = last.number;
                    self.dir_dirty = true;
                }
            }
        }
        let path = segment_path(&self.dir, s.number);
        let cut = self.fs.open_write(&path).and_then(|f| {
            f.set_len(s.written)?;
            Ok(f)
        });
        match cut {
            Ok(file) => {
                if let Some(info) = self.segments.back_mut() {
                    info.bytes = s.written;
                }
                self.finished.retain(|(p, _)| *p != path);
                self.finished.push((path, file));
                Ok(())
            }
            Err(cause) => Err(WriteError { path, cause }),
        }
    }
}

/// Pages that a position has begun.
fn pages(pos: u64) -> u64 {
    pos.div_ceil(PAGE as u64)
}

/// Payload bytes of a record that fit behind a position of a segment.
fn room(pos: u64, segment_bytes: u64) -> u64 {
    let payload = (PAGE - FRAGMENT_HEADER) as u64;
    if pos >= segment_bytes {
        return 0;
    }
    let in_page = PAGE as u64 - pos % PAGE as u64;
    let begun = pos / PAGE as u64 + 1;
    (segment_bytes / PAGE as u64).saturating_sub(begun) * payload
        + in_page.saturating_sub(FRAGMENT_HEADER as u64)
}

/// Splits a record into fragments behind a position. A page with no room for another header is filled up.
pub(super) fn frame_into(out: &mut Vec<u8>, pos: u64, stored: &[u8], flags: u8) {
    let mut in_page = (pos % PAGE as u64) as usize;
    let mut rest = stored;
    let mut first = true;
    loop {
        let (part, tail) = rest.split_at(rest.len().min(PAGE - in_page - FRAGMENT_HEADER));
        let kind = match (first, tail.is_empty()) {
            (true, true) => 1,
            (true, false) => 2,
            (false, false) => 3,
            (false, true) => 4,
        };
        out.push(kind | flags);
        // A fragment fits a page of 32 KiB.
        out.extend_from_slice(&(part.len() as u16).to_be_bytes());
        out.extend_from_slice(&crc32c::crc32c(part).to_be_bytes());
        out.extend_from_slice(part);
        in_page += FRAGMENT_HEADER + part.len();
        if PAGE - in_page < FRAGMENT_HEADER {
            out.resize(out.len() + PAGE - in_page, 0);
            in_page = 0;
        }
        if tail.is_empty() {
            return;
        }
        rest = tail;
        first = false;
    }
}
