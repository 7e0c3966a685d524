//! Reads one segment: fragments to records, with positions. Reading never writes.
//!
//! Damage does not end the reading. It is reported as a range of bytes, and reading goes on at the next
//! fragment whose checksum is right: behind the damaged one if its length still leads to a sound place,
//! otherwise at the start of a following page. Of a record that began inside the damage the rest is skipped.
//! Two kinds of damage need no alarm in the newest segment: a record that the end of the file cuts off is
//! what a crash leaves, and it was never acknowledged.

use super::compress::Decompressor;
use super::segment::{FRAGMENT_HEADER, PAGE};
use std::fmt;
use std::io::{self, Read};

const KIND_MASK: u8 = 0x07;
const FLAG_MASK: u8 = 0x18;
const PAGE_END: u8 = 0;
const FULL: u8 = 1;
const FIRST: u8 = 2;
const MIDDLE: u8 = 3;
const LAST: u8 = 4;

/// What is wrong with a range of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DamageKind {
    /// A byte other than zero where the page is unused.
    Padding,
    /// A fragment that would leave its page.
    Length,
    /// The checksum does not fit the bytes.
    Checksum,
    /// A record begins while another one is open.
    UnexpectedStart,
    /// A record continues that never began.
    UnexpectedContinuation,
    /// A header with a kind or flag that does not exist.
    Flags,
    /// The file ends inside a record.
    Torn,
    /// Compressed data that cannot be decompressed.
    Compression,
}

impl fmt::Display for DamageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Padding => "unused part of a page is not zero",
            Self::Length => "fragment longer than its page",
            Self::Checksum => "checksum mismatch",
            Self::UnexpectedStart => "record begins inside another one",
            Self::UnexpectedContinuation => "record continues without a beginning",
            Self::Flags => "unknown kind of fragment",
            Self::Torn => "file ends inside a record",
            Self::Compression => "compressed record cannot be read",
        })
    }
}

/// A range of bytes that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damage {
    /// First byte: where the first lost record begins, or the damaged fragment.
    pub start: u64,
    /// The byte behind the last one that was skipped.
    pub end: u64,
    /// What was found first.
    pub kind: DamageKind,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bytes {} to {}: {}", self.start, self.end, self.kind)
    }
}

/// What a segment yields.
#[derive(Debug)]
pub enum Entry<'a> {
    /// A whole record.
    Record {
        /// Its content.
        data: &'a [u8],
        /// Its content as stored, perhaps compressed.
        stored: &'a [u8],
        /// The compression flag of its fragments.
        flags: u8,
        /// First byte of its first fragment.
        start: u64,
        /// The byte behind its last fragment.
        end: u64,
    },
    /// A range that was skipped.
    Damage(Damage),
}

/// Reads the records of one segment.
pub struct SegmentReader<R> {
    src: R,
    page: Box<[u8]>,
    /// Bytes of the page that came from the file; behind them are zeros.
    filled: usize,
    pos: usize,
    /// Offset of the page in the file.
    page_start: u64,
    eof: bool,
    record: Vec<u8>,
    /// (start, flags) of the record that is being collected.
    open: Option<(u64, u8)>,
    /// A range that is being skipped.
    damage: Option<Damage>,
    decompressor: Decompressor,
    done: bool,
}

impl<R> fmt::Debug for SegmentReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentReader")
            .field("page_start", &self.page_start)
            .finish_non_exhaustive()
    }
}

/// A fragment that lies whole in the page and has the right checksum.
#[derive(Debug, Clone, Copy)]
struct Fragment {
    kind: u8,
    flags: u8,
    start: usize,
    end: usize,
}

enum At {
    Fragment(Fragment),
    PageEnd,
    Bad(
        DamageKind,
        /* where the next fragment would be */ Option<usize>,
    ),
}

enum Found {
    Record { start: u64, end: u64, flags: u8 },
    Damage(Damage),
    End,
}

impl<R: Read> SegmentReader<R> {
    /// Reads from the start of a segment.
    pub fn new(src: R) -> Self {
        Self {
            src,
            page: vec![0; PAGE].into_boxed_slice(),
            filled: 0,
            pos: PAGE,
            page_start: 0,
            eof: false,
            record: Vec::new(),
            open: None,
            damage: None,
            decompressor: Decompressor::new(),
            done: false,
        }
    }

    /// How far the reading is, in bytes.
    pub fn offset(&self) -> u64 {
        self.page_start + self.pos.min(self.filled) as u64
    }

    /// The next record or damaged range, or `None` at the end.
    pub fn read(&mut self) -> io::Result<Option<Entry<'_>>> {
        match self.find()? {
            Found::End => Ok(None),
            Found::Damage(d) => Ok(Some(Entry::Damage(d))),
            Found::Record { start, end, flags } => {
                match self.decompressor.decompress(flags, &self.record) {
                    Ok(data) => Ok(Some(Entry::Record {
                        data,
                        stored: &self.record,
                        flags,
                        start,
                        end,
                    })),
                    Err(kind) => Ok(Some(Entry::Damage(Damage { start, end, kind }))),
                }
            }
        }
    }

    fn find(&mut self) -> io::Result<Found> {
        if self.done {
            return Ok(Found::End);
        }
        loop {
            if self.pos >= PAGE && !self.load()? {
                return Ok(self.finish());
            }
            if self.pos >= self.filled && self.filled < PAGE {
                // The file ends here; behind are only the zeros that stand for padding.
                self.pos = PAGE;
                continue;
            }
            let at = self.examine(self.pos);
            if let Some(found) = self.take(at) {
                return Ok(found);
            }
        }
    }

    /// Loads the next page; false at the end of the file.
    fn load(&mut self) -> io::Result<bool> {
        if self.eof {
            return Ok(false);
        }
        self.page_start += self.filled as u64;
        self.filled = 0;
        while self.filled < PAGE {
            match self.src.read(&mut self.page[self.filled..]) {
                Ok(0) => break,
                Ok(n) => self.filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        self.page[self.filled..].fill(0);
        self.eof = self.filled < PAGE;
        self.pos = 0;
        Ok(self.filled > 0)
    }

    /// What stands at a position of the page.
    fn examine(&self, pos: usize) -> At {
        let rest = &self.page[pos..];
        let head = rest[0];
        if head & KIND_MASK == PAGE_END || rest.len() < FRAGMENT_HEADER {
            return if rest.iter().all(|b| *b == 0) {
                At::PageEnd
            } else {
                At::Bad(DamageKind::Padding, None)
            };
        }
        let len = usize::from(u16::from_be_bytes([rest[1], rest[2]]));
        let crc = u32::from_be_bytes([rest[3], rest[4], rest[5], rest[6]]);
        let (kind, flags) = (head & KIND_MASK, head & FLAG_MASK);
        let start = pos + FRAGMENT_HEADER;
        let end = start + len;
        if end > PAGE {
            // In an unfinished page the length itself may be cut off.
            let kind = if self.filled < PAGE && start > self.filled {
                DamageKind::Torn
            } else {
                DamageKind::Length
            };
            return At::Bad(kind, None);
        }
        if end > self.filled {
            return At::Bad(DamageKind::Torn, None);
        }
        if kind > LAST || head & !(KIND_MASK | FLAG_MASK) != 0 {
            return At::Bad(DamageKind::Flags, Some(end));
        }
        if crc32c::crc32c(&self.page[start..end]) != crc {
            return At::Bad(DamageKind::Checksum, Some(end));
        }
        At::Fragment(Fragment {
            kind,
            flags,
            start,
            end,
        })
    }

    /// Acts on what was found; `Some` when there is something to hand out.
    fn take(&mut self, at: At) -> Option<Found> {
        let here = self.page_start + self.pos as u64;
        match at {
            At::PageEnd => {
                self.pos = PAGE;
                None
            }
            At::Bad(kind, next) => {
                let torn_here = kind == DamageKind::Torn;
                self.begin_damage(here, kind);
                // The length may be what is damaged: believe it only if it leads to something sound.
                self.pos = match next {
                    Some(p) if p < PAGE && !torn_here && self.sound(p) => p,
                    _ => PAGE,
                };
                None
            }
            At::Fragment(f) => {
                let starts = f.kind == FULL || f.kind == FIRST;
                if starts && self.open.is_some() {
                    self.begin_damage(here, DamageKind::UnexpectedStart);
                }
                if !starts && self.open.is_none() {
                    self.begin_damage(here, DamageKind::UnexpectedContinuation);
                    self.pos = f.end;
                    return None;
                }
                if starts && let Some(d) = self.damage.take() {
                    // The fragment stays where it is and is taken by the next call.
                    return Some(Found::Damage(Damage { end: here, ..d }));
                }
                self.collect(f, here)
            }
        }
    }

    /// Whether a fragment or the end of the page stands at a position.
    fn sound(&self, pos: usize) -> bool {
        pos >= self.filled || !matches!(self.examine(pos), At::Bad(..))
    }

    fn begin_damage(&mut self, here: u64, kind: DamageKind) {
        let start = self.open.take().map_or(here, |(start, _)| start);
        self.damage.get_or_insert(Damage {
            start,
            end: start,
            kind,
        });
        self.record.clear();
    }

    fn collect(&mut self, f: Fragment, here: u64) -> Option<Found> {
        if matches!(f.kind, FULL | FIRST) {
            self.record.clear();
            self.open = Some((here, f.flags));
        }
        self.record.extend_from_slice(&self.page[f.start..f.end]);
        self.pos = f.end;
        if matches!(f.kind, FIRST | MIDDLE) {
            return None;
        }
        let (start, flags) = self.open.take()?;
        Some(Found::Record {
            start,
            end: self.page_start + f.end as u64,
            flags,
        })
    }

    /// At the end of the file.
    fn finish(&mut self) -> Found {
        self.done = true;
        let end = self.page_start + self.filled as u64;
        if let Some((start, _)) = self.open.take() {
            return Found::Damage(Damage {
                start,
                end,
                kind: DamageKind::Torn,
            });
        }
        match self.damage.take() {
            Some(d) => Found::Damage(Damage { end, ..d }),
            None => Found::End,
        }
    }
}
