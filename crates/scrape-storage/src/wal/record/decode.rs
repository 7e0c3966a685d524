//! Decoders: iterators over the entries of one record, borrowed from its bytes. After an error an iterator
//! ends: what it gave before is good, the rest of the record is not to be trusted.

use super::histogram::{Bounds, HistValue, take_histogram};
use super::varint::Cursor;
use super::{DecodeError, RecordType};
use scrape_core::{Labels, LabelsBuilder, MetricType};

/// Labels of one entry, not yet built.
#[derive(Debug, Clone, Copy)]
pub struct LabelPairs<'a> {
    n: usize,
    at: Cursor<'a>,
}

impl<'a> LabelPairs<'a> {
    /// Steps over the labels at the cursor, checking every length and string.
    fn take(c: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let n = c.count(2)?;
        let at = *c;
        for _ in 0..n {
            c.str()?;
            c.str()?;
        }
        Ok(Self { n, at })
    }

    /// The pairs in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> + Clone + use<'a> {
        let mut c = self.at;
        // `take` read the same bytes before, so none of these can fail.
        (0..self.n).map_while(move |_| Some((c.str().ok()?, c.str().ok()?)))
    }

    /// Builds the label set.
    pub fn build(&self, builder: &mut LabelsBuilder) -> Labels {
        builder.clear();
        for (n, v) in self.iter() {
            builder.set(n, v);
        }
        builder.labels()
    }
}

fn body(record: &[u8], want: RecordType) -> Result<Cursor<'_>, DecodeError> {
    match record.split_first() {
        Some((t, rest)) if *t == want as u8 => Ok(Cursor::new(rest)),
        _ => Err(DecodeError::WrongType),
    }
}

/// Gives the next entry of a cursor, or ends; an error empties the cursor.
fn step<'a, T>(
    c: &mut Cursor<'a>,
    take: impl FnOnce(&mut Cursor<'a>) -> Result<T, DecodeError>,
) -> Option<Result<T, DecodeError>> {
    if c.is_empty() {
        return None;
    }
    let r = take(c);
    if r.is_err() {
        *c = Cursor::new(&[]);
    }
    Some(r)
}

/// Entries of a record of type 1: reference and labels.
#[derive(Debug)]
pub struct SeriesEntries<'a>(Cursor<'a>);

impl<'a> SeriesEntries<'a> {
    /// Reads a record of type 1.
    pub fn new(record: &'a [u8]) -> Result<Self, DecodeError> {
        body(record, RecordType::Series).map(Self)
    }
}

impl<'a> Iterator for SeriesEntries<'a> {
    type Item = Result<(u64, LabelPairs<'a>), DecodeError>;
    fn next(&mut self) -> Option<Self::Item> {
        step(&mut self.0, |c| Ok((c.be64()?, LabelPairs::take(c)?)))
    }
}

/// Where deltas of a record are counted from.
#[derive(Debug, Clone, Copy)]
struct Base {
    r: u64,
    t: i64,
}

impl Base {
    fn take(c: &mut Cursor<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            r: c.be64()?,
            t: c.be64()? as i64,
        })
    }

    fn entry(self, c: &mut Cursor<'_>) -> Result<(u64, i64), DecodeError> {
        Ok((
            self.r.wrapping_add(c.zv()? as u64),
            self.t.wrapping_add(c.zv()?),
        ))
    }
}

/// The running state of records with start times (types 11 to 13).
#[derive(Debug, Clone, Copy, Default)]
struct V2 {
    started: bool,
    prev_ref: u64,
    t0: i64,
    st0: i64,
    prev_st: i64,
}

impl V2 {
    /// (reference, timestamp, start time)
    fn entry(&mut self, c: &mut Cursor<'_>) -> Result<(u64, i64, i64), DecodeError> {
        if !self.started {
            let (r, t, st) = (c.zv()? as u64, c.zv()?, c.zv()?);
            *self = Self {
                started: true,
                prev_ref: r,
                t0: t,
                st0: st,
                prev_st: st,
            };
            return Ok((r, t, st));
        }
        let r = self.prev_ref.wrapping_add(c.zv()? as u64);
        let t = self.t0.wrapping_add(c.zv()?);
        let st = match c.u8()? {
            0 => 0,
            1 => self.prev_st,
            2 => self.st0.wrapping_add(c.zv()?),
            _ => return Err(DecodeError::Marker),
        };
        self.prev_ref = r;
        self.prev_st = st;
        Ok((r, t, st))
    }
}

#[derive(Debug, Clone, Copy)]
enum Layout {
    V1(Base),
    V2(V2),
}

impl Layout {
    fn entry(&mut self, c: &mut Cursor<'_>) -> Result<(u64, i64), DecodeError> {
        match self {
            Self::V1(base) => base.entry(c),
            Self::V2(state) => state.entry(c).map(|(r, t, _)| (r, t)),
        }
    }
}

/// Floats of a record of type 2 or 11: reference, timestamp, bits of the value. Start times are read over.
#[derive(Debug)]
pub struct Samples<'a> {
    c: Cursor<'a>,
    layout: Layout,
}

impl<'a> Samples<'a> {
    /// Reads a record of type 2 or 11.
    pub fn new(record: &'a [u8]) -> Result<Self, DecodeError> {
        if let Ok(c) = body(record, RecordType::SamplesV2) {
            return Ok(Self {
                c,
                layout: Layout::V2(V2::default()),
            });
        }
        let mut c = body(record, RecordType::Samples)?;
        // A record without any entry is its type byte alone.
        let base = if c.is_empty() {
            Base { r: 0, t: 0 }
        } else {
            Base::take(&mut c)?
        };
        Ok(Self {
            c,
            layout: Layout::V1(base),
        })
    }
}

impl Iterator for Samples<'_> {
    type Item = Result<(u64, i64, u64), DecodeError>;
    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let layout = &mut self.layout;
        step(&mut self.c, |c| {
            let (r, t) = layout.entry(c)?;
            Ok((r, t, c.be64()?))
        })
    }
}

/// A deleted range of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tombstone {
    /// Series reference.
    pub series: u64,
    /// First deleted millisecond.
    pub min_t: i64,
    /// Last deleted millisecond.
    pub max_t: i64,
}

/// Entries of a record of type 3.
#[derive(Debug)]
pub struct Tombstones<'a>(Cursor<'a>);

impl<'a> Tombstones<'a> {
    /// Reads a record of type 3.
    pub fn new(record: &'a [u8]) -> Result<Self, DecodeError> {
        body(record, RecordType::Tombstones).map(Self)
    }
}

impl Iterator for Tombstones<'_> {
    type Item = Result<Tombstone, DecodeError>;
    fn next(&mut self) -> Option<Self::Item> {
        step(&mut self.0, |c| {
            Ok(Tombstone {
                series: c.be64()?,
                min_t: c.zv()?,
                max_t: c.zv()?,
            })
        })
    }
}

/// Entries of a record of type 4: reference, timestamp, value, labels.
#[derive(Debug)]
pub struct Exemplars<'a> {
    c: Cursor<'a>,
    base: Base,
}

impl<'a> Exemplars<'a> {
    /// Reads a record of type 4.
    pub fn new(record: &'a [u8]) -> Result<Self, DecodeError> {
        let mut c = body(record, RecordType::Exemplars)?;
        let base = if c.is_empty() {
            Base { r: 0, t: 0 }
        } else {
            Base::take(&mut c)?
        };
        Ok(Self { c, base })
    }
}

impl<'a> Iterator for Exemplars<'a> {
    type Item = Result<(u64, i64, f64, LabelPairs<'a>), DecodeError>;
    fn next(&mut self) -> Option<Self::Item> {
        let base = self.base;
        step(&mut self.c, |c| {
            let (r, t) = base.entry(c)?;
            Ok((r, t, c.f64()?, LabelPairs::take(c)?))
        })
    }
}

/// Type, unit and help of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetadataEntry<'a> {
    /// Series reference.
    pub series: u64,
    /// Metric type; a number that is not known reads as unknown.
    pub kind: MetricType,
    /// Unit.
    pub unit: &'a str,
    /// Help text.
    pub help: &'a str,
}

/// Entries of a record of type 6. Fields with unknown names are skipped.
#[derive(Debug)]
pub struct MetadataEntries<'a>(Cursor<'a>);

impl<'a> MetadataEntries<'a> {
    /// Reads a record of type 6.
    pub fn new(record: &'a [u8]) -> Result<Self, DecodeError> {
        body(record, RecordType::Metadata).map(Self)
    }
}

impl<'a> Iterator for MetadataEntries<'a> {
    type Item = Result<MetadataEntry<'a>, DecodeError>;
    fn next(&mut self) -> Option<Self::Item> {
        step(&mut self.0, |c| {
            let series = c.uv()?;
            let kind = match c.u8()? {
                1 => MetricType::Counter,
                2 => MetricType::Gauge,
                3 => MetricType::Histogram,
                4 => MetricType::GaugeHistogram,
                5 => MetricType::Summary,
                6 => MetricType::Info,
                7 => MetricType::StateSet,
                _ => MetricType::Unknown,
            };
            let mut entry = MetadataEntry {
                series,
                kind,
                unit: "",
                help: "",
            };
            for _ in 0..c.count(2)? {
                let (name, value) = (c.str()?, c.str()?);
                match name {
                    "UNIT" => entry.unit = value,
                    "HELP" => entry.help = value,
                    _ => {}
                }
            }
            Ok(entry)
        })
    }
}

/// Entries of a record of type 7 to 10, 12 or 13: reference, timestamp, histogram.
#[derive(Debug)]
pub struct Histograms<'a> {
    c: Cursor<'a>,
    layout: Layout,
    float: bool,
    bounds: Bounds,
}

impl<'a> Histograms<'a> {
    /// Reads a record of histograms.
    pub fn new(record: &'a [u8]) -> Result<Self, DecodeError> {
        let (float, bounds, v2) = match RecordType::of(record) {
            Some(RecordType::Histograms) => (false, Bounds::Absent, false),
            Some(RecordType::FloatHistograms) => (true, Bounds::Absent, false),
            Some(RecordType::CustomHistograms) => (false, Bounds::Present, false),
            Some(RecordType::CustomFloatHistograms) => (true, Bounds::Present, false),
            Some(RecordType::HistogramsV2) => (false, Bounds::BySchema, true),
            Some(RecordType::FloatHistogramsV2) => (true, Bounds::BySchema, true),
            _ => return Err(DecodeError::WrongType),
        };
        let mut c = Cursor::new(&record[1..]);
        let layout = match (v2, c.is_empty()) {
            (true, _) => Layout::V2(V2::default()),
            (false, true) => Layout::V1(Base { r: 0, t: 0 }),
            (false, false) => Layout::V1(Base::take(&mut c)?),
        };
        Ok(Self {
            c,
            layout,
            float,
            bounds,
        })
    }
}

impl Iterator for Histograms<'_> {
    type Item = Result<(u64, i64, HistValue), DecodeError>;
    fn next(&mut self) -> Option<Self::Item> {
        let (layout, float, bounds) = (&mut self.layout, self.float, self.bounds);
        step(&mut self.c, |c| {
            let (r, t) = layout.entry(c)?;
            Ok((r, t, take_histogram(c, float, bounds)?))
        })
    }
}
