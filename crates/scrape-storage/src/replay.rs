//! Reads a log into the series table. Memory is bounded by the table and one record: samples leave only the
//! newest of their series behind.

use crate::error::{IoContext, ReadError};
use crate::fs::Fs;
use crate::head::page::Kind;
use crate::head::{Ghost, Head, Here, MAX_ID, lock};
use crate::stats::ReplayReport;
use crate::txn::fingerprint;
use crate::wal::reader::{Damage, DamageKind, Entry, SegmentReader};
use crate::wal::record::{
    DecodeError, Exemplars, HistValue, Histograms, MetadataEntries, RecordType, Samples,
    SeriesEntries,
};
use crate::wal::segment::{Layout, Segment, segments};
use crate::wal::writer::SegmentInfo;
use hashbrown::HashMap;
use scrape_core::{Exemplar, LabelsBuilder, MetadataRef};

/// Damage of one file.
#[derive(Debug)]
pub(crate) struct DamagedFile {
    pub(crate) segment: Segment,
    pub(crate) damage: Vec<Damage>,
    /// The file belongs to the checkpoint.
    pub(crate) in_checkpoint: bool,
    /// Nothing but a record cut off by the end of the newest segment.
    pub(crate) torn_tail: bool,
}

/// What replay found besides the series.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    pub(crate) report: ReplayReport,
    pub(crate) segments: Vec<SegmentInfo>,
    pub(crate) damaged: Vec<DamagedFile>,
    pub(crate) checkpoint_bytes: u64,
}

struct Replay<'a> {
    head: &'a Head,
    report: ReplayReport,
    /// Ids whose labels moved to another id.
    alias: HashMap<u64, u64, foldhash::fast::RandomState>,
    builder: LabelsBuilder,
    scratch: Vec<u8>,
    last_segment: u32,
    max_t: i64,
    min_t: i64,
}

/// Reads the checkpoint and the segments behind it.
pub(crate) fn replay(fs: &dyn Fs, layout: &Layout, head: &Head) -> Result<Replayed, ReadError> {
    let mut r = Replay {
        head,
        report: ReplayReport::default(),
        alias: HashMap::default(),
        builder: LabelsBuilder::new(),
        scratch: Vec::new(),
        last_segment: layout.segments.last().map_or(0, |s| s.number),
        max_t: i64::MIN,
        min_t: i64::MAX,
    };
    let mut out = Replayed::default();
    if let Some(c) = &layout.checkpoint {
        r.last_segment = r.last_segment.max(c.number);
        for segment in segments(fs, &c.path)? {
            out.checkpoint_bytes += segment.len;
            let damage = r.segment(fs, &segment)?;
            if !damage.is_empty() {
                out.damaged.push(DamagedFile {
                    segment,
                    damage,
                    in_checkpoint: true,
                    torn_tail: false,
                });
            }
        }
    }
    let newest = layout.segments.last().map(|s| s.number);
    for segment in &layout.segments {
        let (min, max) = (r.min_t, r.max_t);
        (r.min_t, r.max_t) = (i64::MAX, i64::MIN);
        let damage = r.segment(fs, segment)?;
        out.segments.push(SegmentInfo {
            number: segment.number,
            bytes: segment.len,
            max_t: r.max_t,
            first_t: i64::MIN,
        });
        (r.min_t, r.max_t) = (r.min_t.min(min), r.max_t.max(max));
        if !damage.is_empty() {
            let torn_tail = newest == Some(segment.number)
                && matches!(
                    damage[..],
                    [Damage {
                        kind: DamageKind::Torn,
                        ..
                    }]
                );
            out.damaged.push(DamagedFile {
                segment: segment.clone(),
                damage,
                in_checkpoint: false,
                torn_tail,
            });
        }
    }
    head.saw_times(r.min_t, r.max_t);
    for d in &out.damaged {
        let n = if d.torn_tail {
            &mut r.report.torn_tails
        } else {
            &mut r.report.corruptions
        };
        *n += d.damage.len() as u64;
    }
    out.report = r.report;
    Ok(out)
}

impl Replay<'_> {
    fn segment(&mut self, fs: &dyn Fs, segment: &Segment) -> Result<Vec<Damage>, ReadError> {
        let mut damage = Vec::new();
        let mut reader = SegmentReader::new(fs.open_read(&segment.path).at(&segment.path)?);
        self.report.segments += 1;
        while let Some(entry) = reader.read().at(&segment.path)? {
            match entry {
                Entry::Damage(d) => damage.push(d),
                Entry::Record { data, start, .. } => {
                    self.report.records += 1;
                    if let Err(e) = self.record(data) {
                        self.report.undecodable_records += 1;
                        tracing::warn!(segment = %segment.path.display(), offset = start, error = %e, "skipping a record of the log");
                    }
                }
            }
        }
        Ok(damage)
    }

    fn record(&mut self, data: &[u8]) -> Result<(), DecodeError> {
        match RecordType::of(data) {
            Some(RecordType::Series) => self.series(data),
            Some(RecordType::Samples | RecordType::SamplesV2) => self.samples(data),
            Some(RecordType::Metadata) => self.metadata(data),
            Some(RecordType::Exemplars) => self.exemplars(data),
            Some(kind) if kind.is_histogram() => self.histograms(data),
            // Deletions concern data that is not in memory; markers belong to another log.
            Some(_) => Ok(()),
            None => {
                self.report.skipped_records += 1;
                Ok(())
            }
        }
    }

    fn series(&mut self, data: &[u8]) -> Result<(), DecodeError> {
        for e in SeriesEntries::new(data)? {
            let (id, pairs) = e?;
            self.report.series += 1;
            if id == 0 || id >= MAX_ID {
                continue;
            }
            let labels = pairs.build(&mut self.builder);
            if let Some(old) = self.head.replay_series(id, &labels, self.last_segment) {
                self.report.duplicate_series += 1;
                self.alias.insert(old, id);
            }
            // An id that is named again is itself again.
            self.alias.remove(&id);
        }
        Ok(())
    }

    /// The series behind an id, through those that moved on.
    fn current(&self, mut id: u64) -> Option<u64> {
        for _ in 0..=self.alias.len() {
            match self.alias.get(&id) {
                Some(next) => id = *next,
                None => return Some(id),
            }
        }
        None
    }

    fn saw(&mut self, t: i64) {
        self.max_t = self.max_t.max(t);
        self.min_t = self.min_t.min(t);
    }

    fn samples(&mut self, data: &[u8]) -> Result<(), DecodeError> {
        let head = self.head;
        let pages = head.pages();
        let mut here: Here<'_> = None;
        for e in Samples::new(data)? {
            let (id, t, bits) = e?;
            self.report.samples += 1;
            self.saw(t);
            match Head::go(&pages, &mut here, id).and_then(|(p, off)| p.slot_mut(off)) {
                Some(slot) => Head::replay_sample(slot, t, bits, Kind::Float),
                None => {
                    here = None;
                    self.stray(id, t, bits, Kind::Float);
                }
            }
        }
        Ok(())
    }

    /// A sample whose id is not that of a live series.
    fn stray(&mut self, id: u64, t: i64, bits: u64, kind: Kind) {
        let known = self.current(id).filter(|now| *now != id).and_then(|now| {
            self.head
                .with(now, |slot| Head::replay_sample(slot, t, bits, kind))
        });
        match known {
            Some(()) => {
                let mut ghosts = lock(&self.head.ghosts);
                let g = ghosts.entry(id).or_insert(Ghost {
                    segment: self.last_segment,
                    last_t: t,
                });
                g.last_t = g.last_t.max(t);
            }
            None => {
                self.report.unknown_samples += 1;
                if id < MAX_ID {
                    self.head.saw_id(id);
                }
            }
        }
    }

    fn histograms(&mut self, data: &[u8]) -> Result<(), DecodeError> {
        for e in Histograms::new(data)? {
            let (id, t, h) = e?;
            self.report.histograms += 1;
            self.saw(t);
            let bits = fingerprint(&mut self.scratch, &h);
            let kind = if matches!(h, HistValue::Int(_)) {
                Kind::Int
            } else {
                Kind::FloatHist
            };
            if self
                .head
                .with(id, |slot| Head::replay_sample(slot, t, bits, kind))
                .is_none()
            {
                self.stray(id, t, bits, kind);
            }
        }
        Ok(())
    }

    fn metadata(&mut self, data: &[u8]) -> Result<(), DecodeError> {
        for e in MetadataEntries::new(data)? {
            let e = e?;
            self.report.metadata += 1;
            let id = self.current(e.series).unwrap_or(e.series);
            if self
                .head
                .set_metadata(
                    id,
                    MetadataRef {
                        kind: e.kind,
                        unit: e.unit,
                        help: e.help,
                    },
                )
                .is_none()
            {
                self.report.unknown_metadata += 1;
            }
        }
        Ok(())
    }

    fn exemplars(&mut self, data: &[u8]) -> Result<(), DecodeError> {
        for e in Exemplars::new(data)? {
            let (id, ts, value, pairs) = e?;
            self.report.exemplars += 1;
            let id = self.current(id).unwrap_or(id);
            if self.head.with(id, |_| ()).is_none() {
                self.report.unknown_exemplars += 1;
                continue;
            }
            let labels = pairs.build(&mut self.builder);
            let mut latest = lock(&self.head.exemplars);
            if latest.enabled() {
                latest.set(
                    id,
                    crate::head::exemplars::Latest::of(&Exemplar { labels, value, ts }),
                );
            }
        }
        Ok(())
    }
}
