//! Commit: judge again, change the series table, encode, write; if the log refuses, change everything back.
//!
//! All commits go through one lock, so between the judging and the writing nobody else moves a series. A
//! sample that is refused here is counted and never reaches the log. Records are written in the order
//! series, metadata, floats, histograms by type, exemplars: who reads along knows a series before its first
//! sample.

use super::{Batch, PendingMetadata, count, needs_record};
use crate::head::exemplars::Latest;
use crate::head::page::Kind;
use crate::head::rules::{Verdict, Window};
use crate::head::{Head, Here, lock};
use crate::stats::add;
use crate::store::Inner;
use crate::wal::record::{
    ExemplarsEncoder, HistogramsEncoder, MetadataEncoder, RecordType, SamplesEncoder, SeriesEncoder,
};
use scrape_core::{CommitError, CommitStats, MetadataRef};

/// Bytes after which a record of samples or series is closed and another one begun.
const RECORD_BYTES: usize = 512 * 1024;
/// Scratch memory kept between commits, in bytes per buffer.
const KEEP: usize = 2 * 1024 * 1024;
/// Marks a float that was refused or known, in the list of old timestamps.
const SKIPPED: i64 = i64::MAX;

/// Buffers that live across commits.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    series: Vec<u8>,
    series_ends: Vec<usize>,
    records: Vec<u8>,
    ends: Vec<usize>,
    /// Timestamps that floats replaced, in the order of the batches.
    old_t: Vec<i64>,
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
    fn clear(&mut self) {
        self.series.clear();
        self.series.shrink_to(KEEP);
        self.series_ends.clear();
        self.records.clear();
        self.records.shrink_to(KEEP);
        self.ends.clear();
        self.old_t.clear();
        self.old_t.shrink_to(KEEP / 8);
        self.old_kinds.clear();
        self.old_hists.clear();
        self.old_hists.shrink_to(KEEP / 64);
        self.logged.clear();
        self.logged.shrink_to(KEEP / 8);
        self.accepted.clear();
        self.marks.clear();
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
    let mut scratch = std::mem::take(&mut log.scratch);
    scratch.clear();
    let mut totals = Totals {
        stats: CommitStats::default(),
        floats: 0,
        hists: 0,
        min_t: i64::MAX,
        max_t: i64::MIN,
    };
    collect_series(&store.head, claims, &mut scratch);
    for b in done.iter_mut().chain([&mut *last]) {
        scratch.marks.push(Mark {
            hists: scratch.old_hists.len(),
            kinds: scratch.old_kinds.len(),
        });
        apply_floats(store, b, window, &mut scratch, &mut totals);
        apply_hists(store, b, window, &mut scratch, &mut totals);
        encode_exemplars(store, b, &mut scratch, &mut totals);
    }
    let written = write(log, store, &scratch, metadata, totals.max_t);
    let result = match written {
        Ok(()) => {
            finish(store, done, last, metadata, &totals);
            Ok(totals.stats)
        }
        Err(e) => {
            undo(&store.head, done, last, &scratch);
            add(&store.counters.commits_failed, 1);
            Err(CommitError {
                message: e.to_string(),
            })
        }
    };
    log.scratch = scratch;
    result
}

/// Encodes the labels of those series that are not in the log yet.
fn collect_series(head: &Head, ids: &[u64], scratch: &mut Scratch) {
    let pages = head.pages();
    let mut here: Here<'_> = None;
    for id in ids {
        let Some((page, off)) = Head::go(&pages, &mut here, *id) else {
            continue;
        };
        name_series(page, off, *id, scratch);
    }
}

/// Encodes the labels of a series unless they are in the log.
fn name_series(page: &mut crate::head::page::Page, off: u16, id: u64, scratch: &mut Scratch) {
    let Some(slot) = page.slot(off).copied().filter(needs_record) else {
        return;
    };
    let from = scratch.series_ends.last().copied().unwrap_or(0);
    if scratch.series.len() == from {
        SeriesEncoder::new(&mut scratch.series);
    }
    SeriesEncoder::resume(&mut scratch.series).push(id, page.pairs(&slot));
    if scratch.series.len() - from >= RECORD_BYTES {
        scratch.series_ends.push(scratch.series.len());
    }
    scratch.logged.push(id);
    if let Some(s) = page.slot_mut(off) {
        s.logged = true;
    }
}

fn apply_floats(
    store: &Inner,
    b: &mut Batch,
    window: Window,
    scratch: &mut Scratch,
    totals: &mut Totals,
) {
    if b.floats.is_empty() {
        return;
    }
    let pages = store.head.pages();
    let mut here: Here<'_> = None;
    // The buffer is taken out so that series records can be encoded meanwhile.
    let mut records = std::mem::take(&mut scratch.records);
    let mut from = records.len();
    let mut enc = SamplesEncoder::new(&mut records);
    let mut taken = 0u64;
    let mut at = 0;
    for (t, end) in &b.runs {
        let before = taken;
        for (id, bits) in &mut b.floats[at..*end] {
            let Some((page, off)) = Head::go(&pages, &mut here, *id) else {
                scratch.old_t.push(SKIPPED);
                totals.stats.rejected += 1;
                continue;
            };
            let Some(slot) = page.slot_mut(off) else {
                scratch.old_t.push(SKIPPED);
                totals.stats.rejected += 1;
                continue;
            };
            let verdict = window.judge(slot, *t, *bits, Kind::Float);
            if !matches!(verdict, Ok(Verdict::Take)) {
                scratch.old_t.push(SKIPPED);
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
            scratch.old_t.push(slot.last_t);
            if slot.kind != Kind::Float {
                scratch.old_kinds.push((*id, slot.kind));
                slot.kind = Kind::Float;
            }
            slot.last_t = *t;
            // The old value waits in the batch, in case the log refuses.
            std::mem::swap(&mut slot.last_bits, bits);
            if !slot.logged {
                name_series(page, off, *id, scratch);
            }
            if enc.len() - from >= RECORD_BYTES {
                scratch.ends.push(enc.len());
                from = enc.len();
                enc = enc.again();
            }
        }
        if taken > before {
            totals.saw(*t);
        }
        at = *end;
    }
    let empty = enc.is_empty();
    if empty {
        records.truncate(from);
    } else {
        scratch.ends.push(records.len());
    }
    scratch.records = records;
    totals.floats += taken;
    totals.stats.samples += taken;
}

fn apply_hists(
    store: &Inner,
    b: &mut Batch,
    window: Window,
    scratch: &mut Scratch,
    totals: &mut Totals,
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
            let kind = if matches!(h.value, crate::wal::record::HistValue::Int(_)) {
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
            name_series(page, off, h.series, scratch);
        }
    }
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
            .filter(|h| h.value.as_ref().record_type() == kind);
        let Some(first) = of_kind.next() else {
            continue;
        };
        let mut enc = HistogramsEncoder::new(&mut scratch.records, first.value.as_ref());
        enc.push(first.series, first.t, first.value.as_ref());
        of_kind.for_each(|h| enc.push(h.series, h.t, h.value.as_ref()));
        scratch.ends.push(scratch.records.len());
    }
    totals.hists += scratch.accepted.len() as u64;
    totals.stats.samples += scratch.accepted.len() as u64;
}

fn encode_exemplars(store: &Inner, b: &mut Batch, scratch: &mut Scratch, totals: &mut Totals) {
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
    if b.exemplars.is_empty() {
        return;
    }
    let mut enc = ExemplarsEncoder::new(&mut scratch.records);
    for (id, e) in &b.exemplars {
        enc.push(*id, e.ts, e.value, &e.labels);
    }
    scratch.ends.push(scratch.records.len());
    totals.stats.exemplars += b.exemplars.len() as u64;
}

fn write(
    log: &mut crate::store::Log,
    store: &Inner,
    scratch: &Scratch,
    metadata: &[PendingMetadata],
    max_t: i64,
) -> Result<(), crate::wal::writer::WriteError> {
    let any = !scratch.series.is_empty() || !scratch.records.is_empty();
    let with_metadata = !metadata.is_empty() && store.limits.log_metadata;
    if !any && !with_metadata {
        return Ok(());
    }
    let w = &mut log.writer;
    w.begin()?;
    for r in slices(&scratch.series, &scratch.series_ends) {
        w.log(r)?;
    }
    if with_metadata {
        let mut out = Vec::new();
        let mut enc = MetadataEncoder::new(&mut out);
        for m in metadata {
            enc.push(m.series, m.kind, &m.unit, &m.help);
        }
        w.log(&out)?;
    }
    for r in slices(&scratch.records, &scratch.ends) {
        w.log(r)?;
    }
    w.commit(max_t)
}

/// The parts of a buffer between its marks, and the rest.
fn slices<'a>(buf: &'a [u8], ends: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let ends = ends.iter().copied().chain([buf.len()]);
    starts
        .zip(ends)
        .map(|(a, b)| &buf[a..b])
        .filter(|r| !r.is_empty())
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
    let mut old_t = scratch.old_t.iter().rev();
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
        for ((id, bits), t) in b.floats.iter().rev().zip(&mut old_t) {
            if *t != SKIPPED {
                head.with(*id, |s| (s.last_t, s.last_bits) = (*t, *bits));
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
