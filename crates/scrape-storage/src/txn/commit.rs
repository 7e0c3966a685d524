//! Commit: judge again, change the series table, encode, write; if the log refuses, change everything back.
//!
//! All commits go through one lock, so between the judging and the writing nobody else moves a series. A
//! sample that is refused here is counted and never reaches the log. Records are written in the order
//! series, metadata, floats, histograms by type, exemplars: who reads along knows a series before its first
//! sample.

use super::batch::Chunk;
use super::{Batch, PendingMetadata, count};
use crate::head::exemplars::Latest;
use crate::head::page::{Kind, Page};
use crate::head::rules::{Verdict, Window};
use crate::head::{Head, Here, PageMap, lock};
use crate::stats::add;
use crate::store::Inner;
use crate::wal::record::{
    ExemplarsEncoder, HistValue, HistogramsEncoder, MetadataEncoder, RecordType, SamplesEncoder,
    SeriesEncoder,
};
use crate::wal::writer::{WriteError, Writer};
use scrape_core::{CommitError, CommitStats, MetadataRef};

/// Bytes after which a record is closed and another one begun.
const RECORD_BYTES: usize = 512 * 1024;
/// Series named before the pages are left for others.
const SERIES_AT_ONCE: usize = 1024;
/// Scratch memory kept between commits, in bytes per buffer.
const KEEP: usize = 2 * 1024 * 1024;
/// Marks a float that was refused or known, in the list of old timestamps.
const SKIPPED: i64 = i64::MAX;

/// Buffers that live across commits.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// The record being made.
    record: Vec<u8>,
    /// A record of series that were found unnamed while their samples were encoded; written before those.
    series: Vec<u8>,
    /// Timestamps that floats replaced, in the order of the batches, once per run of equal ones.
    old_t: Vec<(i64, usize)>,
    /// Slots that changed in more than time and value: (series, old kind).
    old_kinds: Vec<(u64, Kind)>,
    /// State that histograms replaced: (series, t, bits, kind).
    old_hists: Vec<(u64, i64, u64, Kind)>,
    /// Series whose record is in this transaction.
    logged: Vec<u64>,
    accepted: Vec<usize>,
    /// Where each batch begins in the lists above.
    marks: Vec<Mark>,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    hists: usize,
    kinds: usize,
}

impl Scratch {
    /// Empties it and keeps a bounded amount of memory.
    fn clear(&mut self) {
        fn empty<T>(v: &mut Vec<T>) {
            v.clear();
            v.shrink_to(KEEP / size_of::<T>());
        }
        empty(&mut self.record);
        empty(&mut self.series);
        empty(&mut self.old_t);
        empty(&mut self.old_kinds);
        empty(&mut self.old_hists);
        empty(&mut self.logged);
        empty(&mut self.accepted);
        empty(&mut self.marks);
    }

    #[inline]
    fn replaced(&mut self, t: i64) {
        match self.old_t.last_mut() {
            Some(run) if run.0 == t => run.1 += 1,
            _ => self.old_t.push((t, 1)),
        }
    }
}

/// The log during one commit. After a failure it takes nothing more, and the transaction is already taken
/// back; the judging goes on, so that everything can be changed back in one way.
struct Out<'a> {
    writer: &'a mut Writer,
    begun: bool,
    failure: Option<WriteError>,
}

impl Out<'_> {
    /// Writes a record and empties it.
    fn log(&mut self, record: &mut Vec<u8>) {
        if !record.is_empty() && self.failure.is_none() {
            self.failure = self.try_log(record).err();
        }
        record.clear();
    }

    fn try_log(&mut self, record: &[u8]) -> Result<(), WriteError> {
        if !self.begun {
            self.writer.begin()?;
            self.begun = true;
        }
        self.writer.log(record)
    }

    /// `max_t` is the newest sample, `i64::MIN` without any.
    fn end(self, max_t: i64) -> Result<(), WriteError> {
        match self.failure {
            Some(e) => Err(e),
            None if self.begun => self.writer.commit(max_t),
            None => Ok(()),
        }
    }
}

/// What a commit saw.
struct Totals {
    stats: CommitStats,
    floats: u64,
    hists: u64,
    min_t: i64,
    max_t: i64,
}

impl Totals {
    fn saw(&mut self, t: i64) {
        self.min_t = self.min_t.min(t);
        self.max_t = self.max_t.max(t);
    }
}

pub(super) fn commit(
    store: &Inner,
    done: &mut [Batch],
    last: &mut Batch,
    metadata: &[PendingMetadata],
    claims: &[u64],
    window: Window,
) -> Result<CommitStats, CommitError> {
    if done.is_empty() && last.is_empty() && metadata.is_empty() && claims.is_empty() {
        return Ok(CommitStats::default());
    }
    let mut log = lock(&store.log);
    let log = &mut *log;
    if log.closed {
        return Err(CommitError {
            message: format!("{}: the store is closed", store.wal_dir.display()),
        });
    }
    let scratch = &mut log.scratch;
    let mut out = Out {
        writer: &mut log.writer,
        begun: false,
        failure: None,
    };
    let mut totals = Totals {
        stats: CommitStats::default(),
        floats: 0,
        hists: 0,
        min_t: i64::MAX,
        max_t: i64::MIN,
    };
    name_all(&store.head, claims, scratch, &mut out);
    if store.limits.log_metadata {
        write_metadata(metadata, scratch, &mut out);
    }
    for b in done.iter_mut().chain([&mut *last]) {
        scratch.marks.push(Mark {
            hists: scratch.old_hists.len(),
            kinds: scratch.old_kinds.len(),
        });
        apply_floats(store, b, window, scratch, &mut totals, &mut out);
        apply_hists(store, b, window, scratch, &mut totals, &mut out);
        write_exemplars(store, b, scratch, &mut totals, &mut out);
    }
    let result = match out.end(totals.max_t) {
        Ok(()) => {
            finish(store, done, last, metadata, &totals);
            Ok(totals.stats)
        }
        Err(e) => {
            undo(&store.head, done, last, scratch);
            add(&store.counters.commits_failed, 1);
            Err(CommitError {
                message: e.to_string(),
            })
        }
    };
    scratch.clear();
    result
}

/// Writes the labels of those series that are not in the log yet.
fn name_all(head: &Head, ids: &[u64], scratch: &mut Scratch, out: &mut Out<'_>) {
    for some in ids.chunks(SERIES_AT_ONCE) {
        {
            let pages = head.pages();
            let mut here: Here<'_> = None;
            for id in some {
                if let Some((page, off)) = Head::go(&pages, &mut here, *id) {
                    name(page, off, *id, &mut scratch.series, &mut scratch.logged);
                }
            }
        }
        if scratch.series.len() >= RECORD_BYTES {
            out.log(&mut scratch.series);
        }
    }
    out.log(&mut scratch.series);
}

/// Encodes the labels of a series unless they are in the log.
fn name(page: &mut Page, off: u16, id: u64, record: &mut Vec<u8>, logged: &mut Vec<u64>) {
    let Some(slot) = page.slot(off).copied().filter(|s| !s.logged) else {
        return;
    };
    if record.is_empty() {
        SeriesEncoder::new(record);
    }
    SeriesEncoder::resume(record).push(id, page.pairs(&slot));
    logged.push(id);
    if let Some(s) = page.slot_mut(off) {
        s.logged = true;
    }
}

fn write_metadata(metadata: &[PendingMetadata], scratch: &mut Scratch, out: &mut Out<'_>) {
    let mut rest = metadata.iter().peekable();
    while rest.peek().is_some() {
        let mut enc = MetadataEncoder::new(&mut scratch.record);
        while let Some(m) = rest.next_if(|_| enc.len() < RECORD_BYTES) {
            enc.push(m.series, m.kind, &m.unit, &m.help);
        }
        out.log(&mut scratch.record);
    }
}

fn apply_floats(
    store: &Inner,
    b: &mut Batch,
    window: Window,
    scratch: &mut Scratch,
    totals: &mut Totals,
    out: &mut Out<'_>,
) {
    // Taken out so that other buffers can be filled meanwhile.
    let mut record = std::mem::take(&mut scratch.record);
    let mut enc = SamplesEncoder::new(&mut record);
    for chunk in &mut b.chunks {
        {
            let pages = store.head.pages();
            apply_chunk(store, &pages, chunk, window, scratch, totals, &mut enc);
        }
        // No page is held while the disk is waited for.
        if enc.len() >= RECORD_BYTES {
            out.log(&mut scratch.series);
            out.log(&mut record);
            enc = SamplesEncoder::new(&mut record);
        }
    }
    if enc.is_empty() {
        record.clear();
    }
    out.log(&mut scratch.series);
    out.log(&mut record);
    scratch.record = record;
}

fn apply_chunk(
    store: &Inner,
    pages: &PageMap,
    chunk: &mut Chunk,
    window: Window,
    scratch: &mut Scratch,
    totals: &mut Totals,
    enc: &mut SamplesEncoder<'_>,
) {
    let mut here: Here<'_> = None;
    let mut taken = 0u64;
    let mut at = 0;
    for (t, end) in &chunk.runs {
        let before = taken;
        for (id, bits) in &mut chunk.floats[at..*end] {
            let Some((page, off)) = Head::go(pages, &mut here, *id) else {
                scratch.replaced(SKIPPED);
                totals.stats.rejected += 1;
                continue;
            };
            let Some(slot) = page.slot_mut(off) else {
                scratch.replaced(SKIPPED);
                totals.stats.rejected += 1;
                continue;
            };
            let verdict = window.judge(slot, *t, *bits, Kind::Float);
            if !matches!(verdict, Ok(Verdict::Take)) {
                scratch.replaced(SKIPPED);
                match verdict {
                    Ok(Verdict::TakeOutOfOrder) => {
                        enc.push(*id, *t, *bits);
                        taken += 1;
                    }
                    Err(e) => {
                        count(&store.counters, &e);
                        totals.stats.rejected += 1;
                    }
                    Ok(_) => {}
                }
                continue;
            }
            enc.push(*id, *t, *bits);
            taken += 1;
            scratch.replaced(slot.last_t);
            if slot.kind != Kind::Float {
                scratch.old_kinds.push((*id, slot.kind));
                slot.kind = Kind::Float;
            }
            slot.last_t = *t;
            // The old value waits in the batch, in case the log refuses.
            std::mem::swap(&mut slot.last_bits, bits);
            if !slot.logged {
                name(page, off, *id, &mut scratch.series, &mut scratch.logged);
            }
        }
        if taken > before {
            totals.saw(*t);
        }
        at = *end;
    }
    totals.floats += taken;
    totals.stats.samples += taken;
}

fn apply_hists(
    store: &Inner,
    b: &mut Batch,
    window: Window,
    scratch: &mut Scratch,
    totals: &mut Totals,
    out: &mut Out<'_>,
) {
    if b.hists.is_empty() {
        return;
    }
    scratch.accepted.clear();
    {
        let pages = store.head.pages();
        let mut here: Here<'_> = None;
        for (i, h) in b.hists.iter().enumerate() {
            let Some((page, off)) = Head::go(&pages, &mut here, h.series) else {
                totals.stats.rejected += 1;
                continue;
            };
            let Some(slot) = page.slot_mut(off) else {
                totals.stats.rejected += 1;
                continue;
            };
            let kind = if matches!(h.value, HistValue::Int(_)) {
                Kind::Int
            } else {
                Kind::FloatHist
            };
            match window.judge(slot, h.t, h.bits, kind) {
                Ok(Verdict::Take) => {
                    scratch
                        .old_hists
                        .push((h.series, slot.last_t, slot.last_bits, slot.kind));
                    (slot.last_t, slot.last_bits, slot.kind) = (h.t, h.bits, kind);
                }
                Ok(Verdict::TakeOutOfOrder) => {}
                Ok(Verdict::Known) => continue,
                Err(e) => {
                    count(&store.counters, &e);
                    totals.stats.rejected += 1;
                    continue;
                }
            }
            totals.saw(h.t);
            scratch.accepted.push(i);
            name(
                page,
                off,
                h.series,
                &mut scratch.series,
                &mut scratch.logged,
            );
        }
    }
    out.log(&mut scratch.series);
    use RecordType as T;
    for kind in [
        T::Histograms,
        T::CustomHistograms,
        T::FloatHistograms,
        T::CustomFloatHistograms,
    ] {
        let mut of_kind = scratch
            .accepted
            .iter()
            .map(|i| &b.hists[*i])
            .filter(|h| h.value.as_ref().record_type() == kind)
            .peekable();
        while let Some(first) = of_kind.peek() {
            let mut enc = HistogramsEncoder::new(&mut scratch.record, first.value.as_ref());
            while let Some(h) = of_kind.next_if(|_| enc.len() < RECORD_BYTES) {
                enc.push(h.series, h.t, h.value.as_ref());
            }
            out.log(&mut scratch.record);
        }
    }
    totals.hists += scratch.accepted.len() as u64;
    totals.stats.samples += scratch.accepted.len() as u64;
}

fn write_exemplars(
    store: &Inner,
    b: &mut Batch,
    scratch: &mut Scratch,
    totals: &mut Totals,
    out: &mut Out<'_>,
) {
    if b.exemplars.is_empty() {
        return;
    }
    {
        // Another transaction may have stored them meanwhile.
        let latest = lock(&store.head.exemplars);
        b.exemplars.retain(|(id, e)| {
            latest
                .latest(*id)
                .is_none_or(|p| Latest::of(e).follows(&p) == Ok(true))
        });
    }
    let mut rest = b.exemplars.iter().peekable();
    while rest.peek().is_some() {
        let mut enc = ExemplarsEncoder::new(&mut scratch.record);
        while let Some((id, e)) = rest.next_if(|_| enc.len() < RECORD_BYTES) {
            enc.push(*id, e.ts, e.value, &e.labels);
        }
        out.log(&mut scratch.record);
    }
    totals.stats.exemplars += b.exemplars.len() as u64;
}

fn finish(
    store: &Inner,
    done: &[Batch],
    last: &Batch,
    metadata: &[PendingMetadata],
    totals: &Totals,
) {
    let head = &store.head;
    head.saw_times(totals.min_t, totals.max_t);
    for m in metadata {
        let changed = head.set_metadata(
            m.series,
            MetadataRef {
                kind: m.kind,
                unit: &m.unit,
                help: &m.help,
            },
        );
        add(&store.counters.metadata, u64::from(changed == Some(true)));
    }
    if totals.stats.exemplars > 0 {
        let mut latest = lock(&head.exemplars);
        for (id, e) in done.iter().chain([last]).flat_map(|b| &b.exemplars) {
            latest.set(*id, Latest::of(e));
        }
    }
    add(&store.counters.floats, totals.floats);
    add(&store.counters.histograms, totals.hists);
    add(&store.counters.exemplars, totals.stats.exemplars);
}

/// Restores the series table, newest change first.
fn undo(head: &Head, done: &[Batch], last: &Batch, scratch: &Scratch) {
    let old_t = scratch.old_t.iter().rev();
    let mut old_t = old_t.flat_map(|(t, n)| std::iter::repeat_n(*t, *n));
    let (mut hists, mut kinds) = (scratch.old_hists.as_slice(), scratch.old_kinds.as_slice());
    let batches: Vec<&Batch> = done.iter().chain([last]).collect();
    for (b, mark) in batches.into_iter().zip(&scratch.marks).rev() {
        // Inside a batch the histograms were applied after the floats.
        for (id, t, bits, kind) in hists[mark.hists..].iter().rev() {
            head.with(*id, |s| {
                (s.last_t, s.last_bits, s.kind) = (*t, *bits, *kind)
            });
        }
        hists = &hists[..mark.hists];
        let floats = b.chunks.iter().flat_map(|c| &c.floats);
        for ((id, bits), t) in floats.rev().zip(&mut old_t) {
            if t != SKIPPED {
                head.with(*id, |s| (s.last_t, s.last_bits) = (t, *bits));
            }
        }
        for (id, kind) in kinds[mark.kinds..].iter().rev() {
            head.with(*id, |s| s.kind = *kind);
        }
        kinds = &kinds[..mark.kinds];
    }
    unmark(head, &scratch.logged);
}

fn unmark(head: &Head, ids: &[u64]) {
    for id in ids {
        head.with(*id, |s| s.logged = false);
    }
}
