//! Reads every sample of a data directory, without a lock and without changing a byte. For tests and tools:
//! it holds the labels of all series, and nothing else.

use crate::error::{IoContext, ReadError};
use crate::fs::{Fs, RealFs};
use crate::wal::reader::{Entry, SegmentReader};
use crate::wal::record::{DecodeError, HistValue, Histograms, RecordType, Samples, SeriesEntries};
use crate::wal::segment::{Layout, Segment, segments};
use scrape_core::{Labels, LabelsBuilder};
use std::collections::{HashMap, VecDeque};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// A value that was read.
#[derive(Debug, Clone, PartialEq)]
pub enum DumpValue {
    /// A float.
    Float(f64),
    /// A histogram.
    Histogram(Box<HistValue>),
}

/// A sample that was read, in the order of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct DumpSample {
    /// The series.
    pub labels: Arc<Labels>,
    /// Unix milliseconds.
    pub t: i64,
    /// The value.
    pub value: DumpValue,
}

/// Iterator over the samples of a data directory. Damage is an `Err` item; the samples behind it follow.
pub struct Dump {
    fs: Arc<dyn Fs>,
    files: VecDeque<Segment>,
    reader: Option<(Segment, SegmentReader<Box<dyn Read + Send>>)>,
    series: HashMap<u64, Arc<Labels>>,
    ready: VecDeque<Result<DumpSample, ReadError>>,
    builder: LabelsBuilder,
    /// Samples whose series is not in the log.
    unknown: u64,
}

impl std::fmt::Debug for Dump {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dump")
            .field("files", &self.files.len())
            .finish_non_exhaustive()
    }
}

/// Reads a data directory (the one that holds `wal/`).
pub fn dump(dir: impl AsRef<Path>) -> Result<Dump, ReadError> {
    dump_in(dir.as_ref(), Arc::new(RealFs))
}

/// [`dump`] on a given disk.
pub fn dump_in(dir: &Path, fs: Arc<dyn Fs>) -> Result<Dump, ReadError> {
    let layout = Layout::of(&*fs, &dir.join("wal"))?;
    let mut files = VecDeque::new();
    if let Some(c) = &layout.checkpoint {
        files.extend(segments(&*fs, &c.path)?);
    }
    files.extend(layout.segments);
    Ok(Dump {
        fs,
        files,
        reader: None,
        series: HashMap::new(),
        ready: VecDeque::new(),
        builder: LabelsBuilder::new(),
        unknown: 0,
    })
}

impl Dump {
    /// Samples so far whose series is not in the log.
    pub fn unknown(&self) -> u64 {
        self.unknown
    }

    /// Reads one record, or opens the next file. False at the end.
    fn step(&mut self) -> Result<bool, ReadError> {
        let Some((file, mut reader)) = self.reader.take() else {
            let Some(file) = self.files.pop_front() else {
                return Ok(false);
            };
            let src = self.fs.open_read(&file.path).at(&file.path)?;
            self.reader = Some((file, SegmentReader::new(src)));
            return Ok(true);
        };
        match reader.read().at(&file.path)? {
            None => return Ok(true),
            Some(Entry::Damage(damage)) => {
                self.ready.push_back(Err(ReadError::Damaged {
                    path: file.path.clone(),
                    damage,
                }));
            }
            Some(Entry::Record { data, start, .. }) => {
                if let Err(cause) = self.record(data) {
                    self.ready.push_back(Err(ReadError::Record {
                        path: file.path.clone(),
                        offset: start,
                        cause,
                    }));
                }
            }
        }
        self.reader = Some((file, reader));
        Ok(true)
    }

    fn record(&mut self, data: &[u8]) -> Result<(), DecodeError> {
        match RecordType::of(data) {
            Some(RecordType::Series) => {
                for e in SeriesEntries::new(data)? {
                    let (id, pairs) = e?;
                    self.series
                        .insert(id, Arc::new(pairs.build(&mut self.builder)));
                }
            }
            Some(RecordType::Samples | RecordType::SamplesV2) => {
                for e in Samples::new(data)? {
                    let (id, t, bits) = e?;
                    self.sample(id, t, DumpValue::Float(f64::from_bits(bits)));
                }
            }
            Some(k) if k.is_histogram() => {
                for e in Histograms::new(data)? {
                    let (id, t, h) = e?;
                    self.sample(id, t, DumpValue::Histogram(Box::new(h)));
                }
            }
            Some(_) | None => {}
        }
        Ok(())
    }

    fn sample(&mut self, id: u64, t: i64, value: DumpValue) {
        match self.series.get(&id) {
            Some(labels) => self.ready.push_back(Ok(DumpSample {
                labels: labels.clone(),
                t,
                value,
            })),
            None => self.unknown += 1,
        }
    }
}

impl Iterator for Dump {
    type Item = Result<DumpSample, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(item);
            }
            match self.step() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(e) => return Some(Err(e)),
            }
        }
    }
}
