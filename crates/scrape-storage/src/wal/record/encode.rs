//! Encoders: each appends one record to a buffer, entry by entry, so that a commit is encoded straight into
//! the log's buffer. Deltas are zigzag and taken against the first entry, which is itself written as 0, 0.

use super::RecordType;
use super::histogram::{HistValueRef, put_histogram};
use super::varint::{put_f64, put_str, put_uv, put_zv};
use scrape_core::{Labels, MetricType};

/// The wrapping difference of two references as the signed delta that the format stores.
fn delta_ref(r: u64, base: u64) -> i64 {
    r.wrapping_sub(base) as i64
}

/// Encodes a record of type 1.
#[derive(Debug)]
pub struct SeriesEncoder<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> SeriesEncoder<'a> {
    /// Begins a record at the end of `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(RecordType::Series as u8);
        Self { out }
    }

    /// Goes on with a record that ends at the end of `out`.
    pub(crate) fn resume(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Adds a series; `labels` yields the pairs ascending by name.
    pub fn push<'l>(&mut self, r: u64, labels: impl Iterator<Item = (&'l str, &'l str)> + Clone) {
        self.out.extend_from_slice(&r.to_be_bytes());
        put_labels(self.out, labels);
    }
}

fn put_labels<'l>(out: &mut Vec<u8>, labels: impl Iterator<Item = (&'l str, &'l str)> + Clone) {
    put_uv(out, labels.clone().count() as u64);
    for (n, v) in labels {
        put_str(out, n);
        put_str(out, v);
    }
}

/// Encodes a record of type 2.
#[derive(Debug)]
pub struct SamplesEncoder<'a> {
    out: &'a mut Vec<u8>,
    first: Option<(u64, i64)>,
}

impl<'a> SamplesEncoder<'a> {
    /// Begins a record at the end of `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(RecordType::Samples as u8);
        Self { out, first: None }
    }

    /// Whether no float was added.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Bytes in the buffer, those before the record included.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    /// Adds a float, given by its bits.
    #[inline]
    pub fn push(&mut self, r: u64, t: i64, bits: u64) {
        let (r0, t0) = first(&mut self.first, self.out, r, t);
        put_zv(self.out, delta_ref(r, r0));
        put_zv(self.out, t.wrapping_sub(t0));
        self.out.extend_from_slice(&bits.to_be_bytes());
    }
}

#[inline]
fn first(first: &mut Option<(u64, i64)>, out: &mut Vec<u8>, r: u64, t: i64) -> (u64, i64) {
    *first.get_or_insert_with(|| {
        out.extend_from_slice(&r.to_be_bytes());
        out.extend_from_slice(&t.to_be_bytes());
        (r, t)
    })
}

/// Encodes a record of type 3.
#[derive(Debug)]
pub struct TombstonesEncoder<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> TombstonesEncoder<'a> {
    /// Begins a record at the end of `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(RecordType::Tombstones as u8);
        Self { out }
    }

    /// Goes on with a record that ends at the end of `out`.
    pub(crate) fn resume(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Adds a deleted range, both ends inclusive, in milliseconds.
    pub fn push(&mut self, r: u64, min_t: i64, max_t: i64) {
        self.out.extend_from_slice(&r.to_be_bytes());
        put_zv(self.out, min_t);
        put_zv(self.out, max_t);
    }
}

/// Encodes a record of type 4.
#[derive(Debug)]
pub struct ExemplarsEncoder<'a> {
    out: &'a mut Vec<u8>,
    first: Option<(u64, i64)>,
}

impl<'a> ExemplarsEncoder<'a> {
    /// Begins a record at the end of `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(RecordType::Exemplars as u8);
        Self { out, first: None }
    }

    /// Bytes in the buffer, those before the record included.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    /// Adds an exemplar.
    pub fn push(&mut self, r: u64, t: i64, value: f64, labels: &Labels) {
        let (r0, t0) = first(&mut self.first, self.out, r, t);
        put_zv(self.out, delta_ref(r, r0));
        put_zv(self.out, t.wrapping_sub(t0));
        put_f64(self.out, value);
        put_labels(self.out, labels.iter());
    }
}

/// Encodes a record of type 6.
#[derive(Debug)]
pub struct MetadataEncoder<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> MetadataEncoder<'a> {
    /// Begins a record at the end of `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(RecordType::Metadata as u8);
        Self { out }
    }

    /// Bytes in the buffer, those before the record included.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    /// Adds type, unit and help of a series.
    pub fn push(&mut self, r: u64, kind: MetricType, unit: &str, help: &str) {
        put_uv(self.out, r);
        self.out.push(metric_type_byte(kind));
        put_uv(self.out, 2);
        put_str(self.out, "UNIT");
        put_str(self.out, unit);
        put_str(self.out, "HELP");
        put_str(self.out, help);
    }
}

/// The number of a metric type in the log.
pub(super) fn metric_type_byte(kind: MetricType) -> u8 {
    match kind {
        MetricType::Unknown => 0,
        MetricType::Counter => 1,
        MetricType::Gauge => 2,
        MetricType::Histogram => 3,
        MetricType::GaugeHistogram => 4,
        MetricType::Summary => 5,
        MetricType::Info => 6,
        MetricType::StateSet => 7,
    }
}

/// Encodes a record of type 7, 8, 9 or 10. All histograms of a record must suit its type: integer or float
/// counts, with custom bounds or without.
#[derive(Debug)]
pub struct HistogramsEncoder<'a> {
    out: &'a mut Vec<u8>,
    first: Option<(u64, i64)>,
    custom: bool,
}

impl<'a> HistogramsEncoder<'a> {
    /// Begins a record at the end of `out`: of the type that suits `sample`.
    pub fn new(out: &'a mut Vec<u8>, sample: HistValueRef<'_>) -> Self {
        let kind = sample.record_type();
        out.push(kind as u8);
        Self {
            out,
            first: None,
            custom: matches!(
                kind,
                RecordType::CustomHistograms | RecordType::CustomFloatHistograms
            ),
        }
    }

    /// Bytes in the buffer, those before the record included.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    /// Adds a histogram of the record's type.
    pub fn push(&mut self, r: u64, t: i64, h: HistValueRef<'_>) {
        let (r0, t0) = first(&mut self.first, self.out, r, t);
        put_zv(self.out, delta_ref(r, r0));
        put_zv(self.out, t.wrapping_sub(t0));
        put_histogram(self.out, h, self.custom);
    }
}
