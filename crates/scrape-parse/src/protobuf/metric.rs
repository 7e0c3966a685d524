//! One `Metric` message, read in a single pass into scratch that is kept from metric to metric. Every payload
//! is read whatever the family's type is, because upstream refuses a body with a malformed payload even where it
//! then ignores it; the type decides later which one counts.

use super::exemplar::{self, Time};
use super::histogram::Histogram;
use super::wire::{FIXED64, Fields, Range, Result};
use alloc::vec::Vec;

/// The scratch of one metric.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metric {
    /// Label fields with their tags, runs of neighbours joined: mostly a single run.
    pub(super) labels: Vec<Range>,
    /// 0 means none.
    pub(super) timestamp_ms: i64,
    pub(super) gauge: f64,
    pub(super) counter: Counter,
    pub(super) untyped: f64,
    pub(super) summary: Summary,
    pub(super) histogram: Histogram,
    /// The stretches of the counter's exemplar.
    pub(super) counter_exemplar: Vec<Range>,
    /// The stretches of the histogram's exemplars, see [`Parts`](super::exemplar::Parts).
    pub(super) exemplar_parts: Vec<Range>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counter {
    pub(super) value: f64,
    pub(super) start: Option<Time>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Summary {
    pub(super) count: u64,
    pub(super) sum: f64,
    /// (quantile, value)
    pub(super) quantiles: Vec<(f64, f64)>,
    pub(super) start: Option<Time>,
}

impl Metric {
    /// Reads the metric at `range`, forgetting the previous one.
    pub(super) fn read(&mut self, message: &[u8], range: Range) -> Result<()> {
        self.labels.clear();
        self.counter_exemplar.clear();
        self.exemplar_parts.clear();
        self.timestamp_ms = 0;
        self.gauge = 0.0;
        self.untyped = 0.0;
        self.counter = Counter::default();
        let (mut summary_seen, mut histogram_seen) = (false, false);
        let mut fields = Fields::new(message, range);
        while let Some(tag) = fields.tag()? {
            match tag.number {
                1 => {
                    let content = fields.bytes(tag)?;
                    let at = tag.at as u32;
                    match self.labels.last_mut() {
                        Some(run) if run.end == at => run.end = content.end,
                        _ => self.labels.push(Range {
                            start: at,
                            end: content.end,
                        }),
                    }
                }
                2 => {
                    let content = fields.bytes(tag)?;
                    value_message(message, content, &mut self.gauge)?;
                }
                3 => {
                    let content = fields.bytes(tag)?;
                    read_counter(
                        message,
                        content,
                        &mut self.counter,
                        &mut self.counter_exemplar,
                    )?;
                }
                4 => {
                    let content = fields.bytes(tag)?;
                    if !summary_seen {
                        self.summary.quantiles.clear();
                        (self.summary.count, self.summary.sum, self.summary.start) = (0, 0.0, None);
                        summary_seen = true;
                    }
                    read_summary(message, content, &mut self.summary)?;
                }
                5 => {
                    let content = fields.bytes(tag)?;
                    value_message(message, content, &mut self.untyped)?;
                }
                6 => self.timestamp_ms = fields.int(tag)? as i64,
                7 => {
                    let content = fields.bytes(tag)?;
                    if !histogram_seen {
                        self.histogram.clear();
                        histogram_seen = true;
                    }
                    let parts = &mut self.exemplar_parts;
                    self.histogram.read(message, content, parts)?;
                }
                _ => fields.skip(tag)?,
            }
        }
        if !summary_seen {
            self.summary.quantiles.clear();
            (self.summary.count, self.summary.sum, self.summary.start) = (0, 0.0, None);
        }
        if !histogram_seen {
            self.histogram.clear();
        }
        Ok(())
    }
}

/// Tag of field 1 as a `double`.
const VALUE_TAG: u8 = 1 << 3 | FIXED64;

/// The value of a message that holds nothing else, as most do.
#[inline(always)]
fn sole_value(message: &[u8], range: Range) -> Option<f64> {
    match range.of(message) {
        [VALUE_TAG, bits @ ..] => Some(f64::from_le_bytes(bits.try_into().ok()?)),
        _ => None,
    }
}

/// `Gauge` and `Untyped`.
#[inline]
fn value_message(message: &[u8], range: Range, value: &mut f64) -> Result<()> {
    if let Some(sole) = sole_value(message, range) {
        *value = sole;
        return Ok(());
    }
    let mut fields = Fields::new(message, range);
    while let Some(tag) = fields.tag()? {
        match tag.number {
            1 => *value = fields.double(tag)?,
            _ => fields.skip(tag)?,
        }
    }
    Ok(())
}

fn read_counter(
    message: &[u8],
    range: Range,
    counter: &mut Counter,
    exemplar: &mut Vec<Range>,
) -> Result<()> {
    if let Some(sole) = sole_value(message, range) {
        counter.value = sole;
        return Ok(());
    }
    let mut fields = Fields::new(message, range);
    while let Some(tag) = fields.tag()? {
        match tag.number {
            1 => counter.value = fields.double(tag)?,
            2 => {
                let part = fields.bytes(tag)?;
                exemplar::check(message, part)?;
                exemplar.push(part);
            }
            3 => read_time(message, fields.bytes(tag)?, &mut counter.start)?,
            _ => fields.skip(tag)?,
        }
    }
    Ok(())
}

fn read_summary(message: &[u8], range: Range, summary: &mut Summary) -> Result<()> {
    let mut fields = Fields::new(message, range);
    while let Some(tag) = fields.tag()? {
        match tag.number {
            1 => summary.count = fields.int(tag)?,
            2 => summary.sum = fields.double(tag)?,
            3 => {
                let content = fields.bytes(tag)?;
                let mut pair = (0.0, 0.0);
                let mut inner = Fields::new(message, content);
                while let Some(tag) = inner.tag()? {
                    match tag.number {
                        1 => pair.0 = inner.double(tag)?,
                        2 => pair.1 = inner.double(tag)?,
                        _ => inner.skip(tag)?,
                    }
                }
                summary.quantiles.push(pair);
            }
            4 => read_time(message, fields.bytes(tag)?, &mut summary.start)?,
            _ => fields.skip(tag)?,
        }
    }
    Ok(())
}

pub(super) fn read_time(message: &[u8], range: Range, time: &mut Option<Time>) -> Result<()> {
    time.get_or_insert_with(Time::default).read(message, range)
}
