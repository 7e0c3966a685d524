//! The `Histogram` message, classic and native fields alike, read into scratch.

use super::bucket::{self, Bucket};
use super::exemplar::{self, Parts, Time};
use super::metric::read_time;
use super::packed::Deltas;
use super::wire::{BYTES, FIXED64, Fields, Range, Result, Tag, zigzag32};
use crate::histogram::Span;
use alloc::vec::Vec;

#[derive(Debug, Clone, Default)]
pub(super) struct Histogram {
    pub(super) count: u64,
    pub(super) count_float: f64,
    pub(super) sum: f64,
    pub(super) buckets: Vec<Bucket>,
    /// Those buckets that have an exemplar, by number.
    pub(super) bucket_exemplars: Vec<(u32, Parts)>,
    pub(super) schema: i32,
    pub(super) zero_threshold: f64,
    pub(super) zero_count: u64,
    pub(super) zero_count_float: f64,
    pub(super) positive: Side,
    pub(super) negative: Side,
    pub(super) exemplars: Vec<Parts>,
    pub(super) start: Option<Time>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Side {
    pub(super) spans: Vec<Span>,
    pub(super) deltas: Deltas,
    pub(super) counts: Vec<f64>,
}

/// The float field if it is set, else the integer one.
fn either(float: f64, int: u64) -> f64 {
    if float == 0.0 { int as f64 } else { float }
}

impl Side {
    fn clear(&mut self) {
        self.spans.clear();
        self.deltas.clear();
        self.counts.clear();
    }
}

impl Histogram {
    pub(super) fn clear(&mut self) {
        self.buckets.clear();
        self.bucket_exemplars.clear();
        self.exemplars.clear();
        self.positive.clear();
        self.negative.clear();
        (self.count, self.zero_count, self.schema) = (0, 0, 0);
        (
            self.count_float,
            self.zero_count_float,
            self.sum,
            self.zero_threshold,
        ) = (0.0, 0.0, 0.0, 0.0);
        self.start = None;
    }

    /// Whether the metric carries a native histogram. A float zero count alone does not make it one.
    pub(super) fn is_native(&self) -> bool {
        !self.positive.spans.is_empty()
            || !self.negative.spans.is_empty()
            || self.zero_threshold > 0.0
            || self.zero_count > 0
    }

    /// Whether the native histogram has float counts.
    pub(super) fn is_float(&self) -> bool {
        self.count_float > 0.0 || self.zero_count_float > 0.0
    }

    pub(super) fn count(&self) -> f64 {
        either(self.count_float, self.count)
    }
}

impl Histogram {
    /// Merges the message at `range` into this one. `parts` takes the stretches of exemplars.
    pub(super) fn read(
        &mut self,
        message: &[u8],
        range: Range,
        parts: &mut Vec<Range>,
    ) -> Result<()> {
        let mut fields = Fields::new(message, range);
        let end = range.end as usize;
        loop {
            let mut pos = fields.pos();
            while let Some((bucket, next)) = bucket::usual(message, pos, end) {
                self.buckets.push(bucket);
                pos = next;
            }
            fields.set_pos(pos);
            let Some(tag) = fields.tag()? else {
                return Ok(());
            };
            match tag.number {
                1 => self.count = fields.int(tag)?,
                2 => self.sum = fields.double(tag)?,
                3 => {
                    let content = fields.bytes(tag)?;
                    self.read_bucket(message, content, parts)?;
                }
                4 => self.count_float = fields.double(tag)?,
                5 => self.schema = zigzag32(fields.int(tag)?),
                6 => self.zero_threshold = fields.double(tag)?,
                7 => self.zero_count = fields.int(tag)?,
                8 => self.zero_count_float = fields.double(tag)?,
                9 => {
                    let content = fields.bytes(tag)?;
                    self.negative.spans.push(read_span(message, content)?);
                }
                10 => read_deltas(message, &mut fields, tag, &mut self.negative.deltas)?,
                11 => read_counts(message, &mut fields, tag, &mut self.negative.counts)?,
                12 => {
                    let content = fields.bytes(tag)?;
                    self.positive.spans.push(read_span(message, content)?);
                }
                13 => read_deltas(message, &mut fields, tag, &mut self.positive.deltas)?,
                14 => read_counts(message, &mut fields, tag, &mut self.positive.counts)?,
                15 => read_time(message, fields.bytes(tag)?, &mut self.start)?,
                16 => {
                    let mut exemplar = Parts::default();
                    add_part(message, fields.bytes(tag)?, &mut exemplar, parts)?;
                    self.exemplars.push(exemplar);
                }
                _ => fields.skip(tag)?,
            }
        }
    }

    /// A bucket of any form.
    fn read_bucket(&mut self, message: &[u8], range: Range, parts: &mut Vec<Range>) -> Result<()> {
        let (mut count, mut count_float, mut bound) = (0, 0.0, 0.0);
        let mut exemplar = Parts::default();
        let mut fields = Fields::new(message, range);
        while let Some(tag) = fields.tag()? {
            match tag.number {
                1 => count = fields.int(tag)?,
                2 => bound = fields.double(tag)?,
                3 => add_part(message, fields.bytes(tag)?, &mut exemplar, parts)?,
                4 => count_float = fields.double(tag)?,
                _ => fields.skip(tag)?,
            }
        }
        if !exemplar.is_none() {
            self.bucket_exemplars
                .push((self.buckets.len() as u32, exemplar));
        }
        self.buckets.push(Bucket {
            value: either(count_float, count),
            bound,
        });
        Ok(())
    }
}

fn read_span(message: &[u8], range: Range) -> Result<Span> {
    let mut span = Span::default();
    let mut fields = Fields::new(message, range);
    while let Some(tag) = fields.tag()? {
        match tag.number {
            1 => span.offset = zigzag32(fields.int(tag)?),
            2 => span.length = fields.int(tag)? as u32,
            _ => fields.skip(tag)?,
        }
    }
    Ok(span)
}

/// Repeated `sint64`, packed or not.
fn read_deltas(message: &[u8], fields: &mut Fields<'_>, tag: Tag, into: &mut Deltas) -> Result<()> {
    if tag.wire != BYTES {
        into.push(fields.int(tag)?);
        return Ok(());
    }
    into.read(message, fields.bytes(tag)?)
}

/// Repeated `double`, packed or not.
fn read_counts(
    message: &[u8],
    fields: &mut Fields<'_>,
    tag: Tag,
    into: &mut Vec<f64>,
) -> Result<()> {
    if tag.wire == FIXED64 {
        into.push(fields.fixed64()?);
        return Ok(());
    }
    let packed = fields.bytes(tag)?;
    let mut values = Fields::new(message, packed);
    while values.pos() < packed.end as usize {
        into.push(values.fixed64()?);
    }
    Ok(())
}

/// Notes one stretch of an exemplar. A bucket is read in one go, so the stretches of its exemplar lie side by
/// side in `parts`.
fn add_part(
    message: &[u8],
    range: Range,
    exemplar: &mut Parts,
    parts: &mut Vec<Range>,
) -> Result<()> {
    exemplar::check(message, range)?;
    if exemplar.is_none() {
        let next = parts.len() as u32;
        *exemplar = Parts {
            first: next,
            end: next,
        };
    }
    parts.push(range);
    exemplar.end += 1;
    Ok(())
}
