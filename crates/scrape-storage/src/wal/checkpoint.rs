//! What may be forgotten, and forgetting it.
//!
//! A checkpoint `checkpoint.N` replaces segment N, all before it, and the checkpoint before. It holds the
//! labels of every series that a later record may name, the samples that are not too old, and the newest
//! metadata. It is written beside the log under a temporary name, brought to the medium, read again and
//! compared, renamed, and only then is anything deleted, lowest segment first. A crash at any moment leaves
//! either the old state or the new one, perhaps with files that the next opening removes.

use super::compress::Compression;
use super::reader::{Entry, SegmentReader};
use super::record::{
    DecodeError, Exemplars, ExemplarsEncoder, Histograms, HistogramsEncoder, MetadataEncoder,
    MetadataEntries, RecordType, Samples, SamplesEncoder, SeriesEncoder, SeriesEntries, Tombstones,
    TombstonesEncoder,
};
use super::segment::{Layout, SEGMENT_BYTES, Segment, checkpoint_path, segments};
use super::writer::Writer;
use crate::error::{IoContext, ReadError};
use crate::fs::Fs;
use crate::head::Head;
use hashbrown::HashMap;
use scrape_core::{LabelsBuilder, MetricType};
use std::path::Path;
use std::sync::Arc;

/// Bytes after which the output is written out.
const BATCH: usize = 1024 * 1024;

/// What a checkpoint is made of and what it keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// The last segment to replace.
    pub(crate) through: u32,
    /// Samples before this are dropped.
    pub(crate) min_t: i64,
    pub(crate) compression: Compression,
}

/// What was written; compared with what is read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Written {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    /// Bytes of input that could not be read and are not in the checkpoint.
    pub(crate) damaged: u64,
}

/// Metadata of one series, owned.
type Metadata = (MetricType, String, String);

/// Writes a checkpoint, verifies it and puts it in place. Nothing is deleted yet: see [`delete_replaced`].
pub(crate) fn write(
    fs: &Arc<dyn Fs>,
    wal: &Path,
    head: &Head,
    plan: Plan,
) -> Result<Written, ReadError> {
    let layout = Layout::of(&**fs, wal)?;
    let target = checkpoint_path(wal, plan.through);
    let tmp = target.with_extension(format!("{:08}.tmp", plan.through));
    if fs.list(wal).at(wal)?.iter().any(|e| tmp.ends_with(&e.name)) {
        fs.remove_dir_all(&tmp).at(&tmp)?;
    }
    fs.create_dir_all(&tmp).at(&tmp)?;
    let done = fill(fs, &layout, &tmp, head, plan).and_then(|w| {
        fs.sync_dir(&tmp).at(&tmp)?;
        verify(&**fs, &tmp, w)?;
        fs.rename(&tmp, &target).at(&target)?;
        fs.sync_dir(wal).at(wal)?;
        Ok(w)
    });
    if done.is_err() {
        // Best effort: the next checkpoint and the next opening remove it as well.
        let _gone = fs.remove_dir_all(&tmp);
    }
    done
}

/// Deletes what the newest checkpoint replaces. Gives the number of segments.
pub(crate) fn delete_replaced(fs: &dyn Fs, wal: &Path) -> Result<u64, ReadError> {
    let layout = Layout::of(fs, wal)?;
    for s in &layout.replaced {
        fs.remove_file(&s.path).at(&s.path)?;
    }
    for c in &layout.superseded {
        fs.remove_dir_all(&c.path).at(&c.path)?;
    }
    Ok(layout.replaced.len() as u64)
}

fn fill(
    fs: &Arc<dyn Fs>,
    layout: &Layout,
    tmp: &Path,
    head: &Head,
    plan: Plan,
) -> Result<Written, ReadError> {
    let writer = Writer::create(
        fs.clone(),
        tmp,
        plan.compression,
        SEGMENT_BYTES,
        Vec::new(),
        0,
    );
    let writer = writer.map_err(|e| ReadError::Io {
        path: e.path,
        cause: e.cause,
    })?;
    let mut f = Filter {
        head,
        plan,
        writer,
        out: Vec::new(),
        ends: Vec::new(),
        pending: 0,
        written: Written::default(),
        metadata: HashMap::default(),
        builder: LabelsBuilder::new(),
    };
    f.begin()?;
    let old = match &layout.checkpoint {
        Some(c) => segments(&**fs, &c.path)?,
        None => Vec::new(),
    };
    for s in old
        .iter()
        .chain(layout.segments.iter().filter(|s| s.number <= plan.through))
    {
        f.segment(&**fs, s)?;
    }
    f.finish()
}

struct Filter<'a> {
    head: &'a Head,
    plan: Plan,
    writer: Writer,
    /// The records being encoded, and where all but the last end.
    out: Vec<u8>,
    ends: Vec<usize>,
    /// Bytes since the last write.
    pending: usize,
    written: Written,
    metadata: HashMap<u64, Metadata, foldhash::fast::RandomState>,
    builder: LabelsBuilder,
}

impl Filter<'_> {
    fn begin(&mut self) -> Result<(), ReadError> {
        self.writer.begin().map_err(|e| ReadError::Io {
            path: e.path,
            cause: e.cause,
        })
    }

    fn segment(&mut self, fs: &dyn Fs, s: &Segment) -> Result<(), ReadError> {
        let mut reader = SegmentReader::new(fs.open_read(&s.path).at(&s.path)?);
        while let Some(entry) = reader.read().at(&s.path)? {
            match entry {
                Entry::Record { data, start, .. } => {
                    self.out.clear();
                    self.ends.clear();
                    if let Err(e) = self.record(data) {
                        // What was decoded before the fault is kept.
                        tracing::warn!(segment = %s.path.display(), offset = start, error = %e, "a record of the log is left out of the checkpoint");
                    }
                    self.emit()?;
                }
                Entry::Damage(d) => {
                    tracing::warn!(segment = %s.path.display(), start = d.start, end = d.end, problem = %d.kind, "damaged log");
                    self.written.damaged += d.end - d.start;
                }
            }
        }
        Ok(())
    }

    /// Encodes what is kept of a record into `out`.
    fn record(&mut self, data: &[u8]) -> Result<(), DecodeError> {
        match RecordType::of(data) {
            Some(RecordType::Series) => self.series(data),
            Some(RecordType::Samples | RecordType::SamplesV2) => self.samples(data),
            Some(RecordType::Tombstones) => self.tombstones(data),
            Some(RecordType::Exemplars) => self.exemplars(data),
            Some(RecordType::Metadata) => self.metadata(data),
            Some(k) if k.is_histogram() => self.histograms(data),
            Some(_) | None => Ok(()),
        }
    }

    fn keeps(&self, id: u64) -> bool {
        self.head.keeps(id, self.plan.through, self.plan.min_t)
    }

    fn series(&mut self, data: &[u8]) -> Result<(), DecodeError> {
        for e in SeriesEntries::new(data)? {
            let (id, pairs) = e?;
            if self.keeps(id) {
                if self.out.is_empty() {
                    SeriesEncoder::new(&mut self.out);
                }
                SeriesEncoder::resume(&mut self.out).push(id, pairs.iter());
            }
        }
        Ok(())
    }

    fn samples(&mut self, data: &[u8]) -> Result<(), DecodeError> {
        let mut enc = SamplesEncoder::new(&mut self.out);
        let mut fault = Ok(());
        for e in Samples::new(data)? {
            match e {
                Ok((id, t, bits)) if t >= self.plan.min_t => enc.push(id, t, bits),
                Ok(_) => {}
                Err(e) => fault = Err(e),
            }
        }
        if enc.is_empty() {
            self.out.clear();
        }
        fault
    }

    fn tombstones(&mut self, data: &[u8]) -> Result<(), DecodeError> {
        for e in Tombstones::new(data)? {
            let t = e?;
            if t.max_t >= self.plan.min_t && self.keeps(t.series) {
                if self.out.is_empty() {
                    TombstonesEncoder::new(&mut self.out);
                }
                TombstonesEncoder::resume(&mut self.out).push(t.series, t.min_t, t.max_t);
            }
        }
        Ok(())
    }

    fn exemplars(&mut self, data: &[u8]) -> Result<(), DecodeError> {
        let mut kept = Vec::new();
        let mut fault = Ok(());
        for e in Exemplars::new(data)? {
            match e {
                Ok((id, t, v, pairs)) if t >= self.plan.min_t => {
                    kept.push((id, t, v, pairs.build(&mut self.builder)))
                }
                Ok(_) => {}
                Err(e) => fault = Err(e),
            }
        }
        if !kept.is_empty() {
            let mut enc = ExemplarsEncoder::new(&mut self.out);
            kept.iter()
                .for_each(|(id, t, v, labels)| enc.push(*id, *t, *v, labels));
        }
        fault
    }

    fn histograms(&mut self, data: &[u8]) -> Result<(), DecodeError> {
        let mut kept = Vec::new();
        let mut fault = Ok(());
        for e in Histograms::new(data)? {
            match e {
                Ok(h) if h.1 >= self.plan.min_t => kept.push(h),
                Ok(_) => {}
                Err(e) => fault = Err(e),
            }
        }
        // A record of a newer writer may mix types that ours keep apart; each run becomes its own.
        for run in kept.chunk_by(|a, b| a.2.as_ref().record_type() == b.2.as_ref().record_type()) {
            if !self.out.is_empty() {
                self.ends.push(self.out.len());
            }
            let mut enc = HistogramsEncoder::new(&mut self.out, run[0].2.as_ref());
            run.iter()
                .for_each(|(id, t, h)| enc.push(*id, *t, h.as_ref()));
        }
        fault
    }

    fn metadata(&mut self, data: &[u8]) -> Result<(), DecodeError> {
        for e in MetadataEntries::new(data)? {
            let e = e?;
            if self.keeps(e.series) {
                self.metadata
                    .insert(e.series, (e.kind, e.unit.to_owned(), e.help.to_owned()));
            }
        }
        Ok(())
    }
}

impl Filter<'_> {
    /// Logs the encoded records.
    fn emit(&mut self) -> Result<(), ReadError> {
        self.ends.push(self.out.len());
        let mut from = 0;
        for end in &self.ends {
            let record = &self.out[from..*end];
            from = *end;
            if record.is_empty() {
                continue;
            }
            self.written.records += 1;
            self.written.bytes += record.len() as u64;
            self.pending += record.len();
            self.writer.log(record).map_err(|e| ReadError::Io {
                path: e.path,
                cause: e.cause,
            })?;
        }
        if self.pending >= BATCH {
            self.pending = 0;
            self.writer.commit(i64::MIN).map_err(|e| ReadError::Io {
                path: e.path,
                cause: e.cause,
            })?;
            self.begin()?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Written, ReadError> {
        let mut all: Vec<(u64, Metadata)> = self.metadata.drain().collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        for part in all.chunks(1024) {
            self.out.clear();
            self.ends.clear();
            let mut enc = MetadataEncoder::new(&mut self.out);
            part.iter()
                .for_each(|(id, (kind, unit, help))| enc.push(*id, *kind, unit, help));
            self.emit()?;
        }
        let io = |e: super::writer::WriteError| ReadError::Io {
            path: e.path,
            cause: e.cause,
        };
        self.writer.commit(i64::MIN).map_err(io)?;
        self.writer.finish().map_err(io)?;
        for (path, file) in self.writer.take_unsynced(true).files {
            file.sync_data().at(&path)?;
        }
        Ok(self.written)
    }
}

/// Reads a finished checkpoint again: no damage, and as much as was written.
fn verify(fs: &dyn Fs, dir: &Path, want: Written) -> Result<(), ReadError> {
    let mut got = Written {
        damaged: want.damaged,
        ..Written::default()
    };
    for s in segments(fs, dir)? {
        let mut reader = SegmentReader::new(fs.open_read(&s.path).at(&s.path)?);
        while let Some(entry) = reader.read().at(&s.path)? {
            match entry {
                Entry::Record { data, .. } => {
                    got.records += 1;
                    got.bytes += data.len() as u64;
                }
                Entry::Damage(damage) => {
                    return Err(ReadError::Damaged {
                        path: s.path,
                        damage,
                    });
                }
            }
        }
    }
    if got == want {
        return Ok(());
    }
    let problem = format!(
        "{} records were written and {} read back",
        want.records, got.records
    );
    Err(std::io::Error::other(problem)).at(dir)
}
