//! Lists of fields become metrics.

use super::Result;
use super::wire::{fields, read_value, unzigzag};
use crate::histogram::Span;
use crate::reference::Labels;

#[derive(Debug, Clone, Default)]
pub(super) struct Time(i64, i32);

impl Time {
    pub(super) fn merge(this: &mut Option<Self>, message: &[u8]) -> Result<()> {
        let this = this.get_or_insert_default();
        for entry in fields(message) {
            let (number, value) = entry?;
            match number {
                1 => this.0 = value.int()? as i64,
                2 => this.1 = value.int()? as i32,
                _ => {}
            }
        }
        Ok(())
    }
    pub(super) fn millis(&self) -> i64 {
        let exact = i128::from(self.0) * 1000 + i128::from(self.1) / 1_000_000;
        exact.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Exemplar {
    pub(super) labels: Labels,
    pub(super) value: f64,
    pub(super) time: Option<Time>,
}

impl Exemplar {
    pub(super) fn merge(this: &mut Option<Self>, message: &[u8]) -> Result<()> {
        let this = this.get_or_insert_default();
        for entry in fields(message) {
            let (number, value) = entry?;
            match number {
                1 => {
                    let (mut n, mut v) = (Vec::new(), Vec::new());
                    for entry in fields(&value.bytes()?) {
                        let (number, value) = entry?;
                        match number {
                            1 => n = value.bytes()?,
                            2 => v = value.bytes()?,
                            _ => {}
                        }
                    }
                    this.labels.push((n, v));
                }
                2 => this.value = value.double()?,
                3 => Time::merge(&mut this.time, &value.bytes()?)?,
                _ => {}
            }
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Bucket {
    pub(super) count: u64,
    pub(super) bound: f64,
    pub(super) exemplar: Option<Exemplar>,
    pub(super) count_float: f64,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Side {
    pub(super) spans: Vec<Span>,
    pub(super) deltas: Vec<i64>,
    pub(super) counts: Vec<f64>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Metric {
    pub(super) labels: Vec<Vec<u8>>,
    pub(super) gauge: f64,
    pub(super) untyped: f64,
    pub(super) counter_value: f64,
    pub(super) counter_exemplar: Option<Exemplar>,
    pub(super) counter_start: Option<Time>,
    pub(super) timestamp: i64,
    pub(super) summary: (u64, f64, Vec<(f64, f64)>, Option<Time>),
    pub(super) count: u64,
    pub(super) sum: f64,
    pub(super) buckets: Vec<Bucket>,
    pub(super) count_float: f64,
    pub(super) schema: i32,
    pub(super) zero_threshold: f64,
    pub(super) zero_count: u64,
    pub(super) zero_count_float: f64,
    pub(super) negative: Side,
    pub(super) positive: Side,
    pub(super) start: Option<Time>,
    pub(super) exemplars: Vec<Exemplar>,
}

pub(super) fn span(message: &[u8]) -> Result<Span> {
    let mut span = Span::default();
    for entry in fields(message) {
        let (number, value) = entry?;
        match number {
            1 => span.offset = unzigzag(u64::from(value.int()? as u32)) as i32,
            2 => span.length = value.int()? as u32,
            _ => {}
        }
    }
    Ok(span)
}

impl Metric {
    pub(super) fn read(message: &[u8]) -> Result<Self> {
        let mut m = Self::default();
        for entry in fields(message) {
            let (number, value) = entry?;
            match number {
                1 => m.labels.push(value.bytes()?),
                2 => read_value(&value.bytes()?, &mut m.gauge)?,
                5 => read_value(&value.bytes()?, &mut m.untyped)?,
                3 => m.counter(&value.bytes()?)?,
                4 => m.summary(&value.bytes()?)?,
                6 => m.timestamp = value.int()? as i64,
                7 => m.histogram(&value.bytes()?)?,
                _ => {}
            }
        }
        Ok(m)
    }

    pub(super) fn counter(&mut self, message: &[u8]) -> Result<()> {
        for entry in fields(message) {
            let (number, value) = entry?;
            match number {
                1 => self.counter_value = value.double()?,
                2 => Exemplar::merge(&mut self.counter_exemplar, &value.bytes()?)?,
                3 => Time::merge(&mut self.counter_start, &value.bytes()?)?,
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn summary(&mut self, message: &[u8]) -> Result<()> {
        for entry in fields(message) {
            let (number, value) = entry?;
            match number {
                1 => self.summary.0 = value.int()?,
                2 => self.summary.1 = value.double()?,
                3 => {
                    let mut pair = (0.0, 0.0);
                    for entry in fields(&value.bytes()?) {
                        let (number, value) = entry?;
                        match number {
                            1 => pair.0 = value.double()?,
                            2 => pair.1 = value.double()?,
                            _ => {}
                        }
                    }
                    self.summary.2.push(pair);
                }
                4 => Time::merge(&mut self.summary.3, &value.bytes()?)?,
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn histogram(&mut self, message: &[u8]) -> Result<()> {
        for entry in fields(message) {
            let (number, value) = entry?;
            match number {
                1 => self.count = value.int()?,
                2 => self.sum = value.double()?,
                3 => {
                    let mut bucket = Bucket::default();
                    for entry in fields(&value.bytes()?) {
                        let (number, value) = entry?;
                        match number {
                            1 => bucket.count = value.int()?,
                            2 => bucket.bound = value.double()?,
                            3 => Exemplar::merge(&mut bucket.exemplar, &value.bytes()?)?,
                            4 => bucket.count_float = value.double()?,
                            _ => {}
                        }
                    }
                    self.buckets.push(bucket);
                }
                4 => self.count_float = value.double()?,
                5 => self.schema = unzigzag(u64::from(value.int()? as u32)) as i32,
                6 => self.zero_threshold = value.double()?,
                7 => self.zero_count = value.int()?,
                8 => self.zero_count_float = value.double()?,
                9 => self.negative.spans.push(span(&value.bytes()?)?),
                10 => self.negative.deltas.extend(value.deltas()?),
                11 => self.negative.counts.extend(value.doubles()?),
                12 => self.positive.spans.push(span(&value.bytes()?)?),
                13 => self.positive.deltas.extend(value.deltas()?),
                14 => self.positive.counts.extend(value.doubles()?),
                15 => Time::merge(&mut self.start, &value.bytes()?)?,
                16 => {
                    let mut exemplar = None;
                    Exemplar::merge(&mut exemplar, &value.bytes()?)?;
                    self.exemplars.extend(exemplar);
                }
                _ => {}
            }
        }
        Ok(())
    }
}
