//! The slow, obvious decoder: messages become trees, trees become families, families become events. It shares
//! nothing with the fast one but the types it answers with.

mod message;
mod wire;

use self::message::{Exemplar, Metric, Side, Time};
use self::wire::{Reader, fields};
use super::Labels;
use super::conversion::custom_buckets;
use super::owned::{Owned, OwnedExemplar};
use crate::histogram::{FloatHistogram, Histogram, ResetHint, Span};
use crate::{ErrorClass, MetricType, OmFloat, ParserOptions};

type Result<T> = std::result::Result<T, ErrorClass>;

/// The events of a body, up to the first error.
pub(crate) fn events(body: &[u8], options: &ParserOptions) -> (Vec<Owned>, Result<()>) {
    let mut out = Vec::new();
    let result = all(body, options, &mut out);
    (out, result)
}

fn all(body: &[u8], options: &ParserOptions, out: &mut Vec<Owned>) -> Result<()> {
    let mut rest = body;
    while !rest.is_empty() {
        let end = rest
            .iter()
            .take(5)
            .position(|b| *b < 128)
            .ok_or(ErrorClass::Varint)?;
        let length = Reader(rest).varint()?;
        rest = &rest[end + 1..];
        if length > rest.len() as u64 {
            return Err(ErrorClass::Trunc);
        }
        let (message, next) = rest.split_at(length as usize);
        rest = next;
        family(message, options, out)?;
    }
    Ok(())
}

fn family(message: &[u8], options: &ParserOptions, out: &mut Vec<Owned>) -> Result<()> {
    let (mut name, mut help, mut unit, mut kind) = (Vec::new(), Vec::new(), Vec::new(), 0u64);
    let mut metrics = Vec::new();
    for entry in fields(message) {
        let (number, value) = entry?;
        match number {
            1 => name = value.bytes()?,
            2 => help = value.bytes()?,
            3 => kind = value.int()?,
            4 => metrics.push(value.bytes()?),
            5 => unit = value.bytes()?,
            _ => {}
        }
    }
    if metrics.is_empty() {
        return Ok(());
    }
    if name.is_empty() || String::from_utf8(name.clone()).is_err() {
        return Err(ErrorClass::PbName);
    }
    let help = String::from_utf8(help).map_err(|_| ErrorClass::Utf8)?;
    let kind = match kind as i32 {
        0 => MetricType::Counter,
        1 => MetricType::Gauge,
        2 => MetricType::Summary,
        3 => MetricType::Unknown,
        4 => MetricType::Histogram,
        5 => MetricType::GaugeHistogram,
        _ => return Err(ErrorClass::PbType),
    };
    out.push(Owned::Help(name.clone(), help));
    if !unit.is_empty() {
        out.push(Owned::Unit(
            name.clone(),
            String::from_utf8_lossy(&unit).into_owned(),
        ));
    }
    out.push(Owned::Type(name.clone(), kind));
    for metric in metrics {
        let metric = Metric::read(&metric)?;
        Emit {
            name: &name,
            kind,
            metric: &metric,
            options,
            out,
        }
        .metric()?;
    }
    Ok(())
}

struct Emit<'a> {
    name: &'a [u8],
    kind: MetricType,
    metric: &'a Metric,
    options: &'a ParserOptions,
    out: &'a mut Vec<Owned>,
}

impl Emit<'_> {
    fn metric(&mut self) -> Result<()> {
        let m = self.metric;
        match self.kind {
            MetricType::Counter => {
                let exemplars = m.counter_exemplar.iter().collect();
                self.series("", None, m.counter_value, exemplars)
            }
            MetricType::Gauge => self.series("", None, m.gauge, Vec::new()),
            MetricType::Summary => {
                self.series("_count", None, m.summary.0 as f64, Vec::new())?;
                self.series("_sum", None, m.summary.1, Vec::new())?;
                for (quantile, value) in &m.summary.2 {
                    self.series("", Some(("quantile", *quantile)), *value, Vec::new())?;
                }
                Ok(())
            }
            MetricType::Histogram | MetricType::GaugeHistogram => {
                let native = !m.positive.spans.is_empty()
                    || !m.negative.spans.is_empty()
                    || m.zero_threshold > 0.0
                    || m.zero_count > 0;
                if native && self.options.native_histograms {
                    self.native()?;
                    if self.options.keep_classic && !m.buckets.is_empty() {
                        self.classic()?;
                    }
                    return Ok(());
                }
                if !self.options.nhcb || self.options.keep_classic {
                    self.classic()?;
                }
                if self.options.nhcb {
                    self.converted()
                } else {
                    Ok(())
                }
            }
            _ => self.series("", None, m.untyped, Vec::new()),
        }
    }

    fn start(&self) -> i64 {
        let m = self.metric;
        let time = match self.kind {
            MetricType::Counter => &m.counter_start,
            MetricType::Summary => &m.summary.3,
            MetricType::Histogram | MetricType::GaugeHistogram => &m.start,
            _ => &None,
        };
        time.as_ref().map_or(0, Time::millis)
    }

    fn labels(&self, suffix: &str, bound: Option<(&str, f64)>) -> Result<Labels> {
        let mut labels = vec![(
            b"__name__".to_vec(),
            [self.name, suffix.as_bytes()].concat(),
        )];
        for pair in &self.metric.labels {
            let (mut name, mut value) = (None, Vec::new());
            for entry in fields(pair) {
                let (number, field) = entry?;
                match number {
                    1 => name = Some(field.bytes()?),
                    2 => value = field.bytes()?,
                    _ => {}
                }
            }
            if name
                .as_ref()
                .is_some_and(|n| n.is_empty() || String::from_utf8(n.clone()).is_err())
            {
                return Err(ErrorClass::LabelName);
            }
            if String::from_utf8(value.clone()).is_err() {
                return Err(ErrorClass::Utf8);
            }
            labels.push((name.unwrap_or_default(), value));
        }
        if let Some((name, bound)) = bound {
            labels.push((
                name.as_bytes().to_vec(),
                OmFloat::new(bound).as_bytes().to_vec(),
            ));
        }
        Ok(labels)
    }

    fn number(&self, value: f64) -> f64 {
        if value.is_nan() && self.options.canonical_nan {
            f64::from_bits(0x7ff8_0000_0000_0001)
        } else {
            value
        }
    }

    fn exemplars(&self, exemplars: Vec<&Exemplar>) -> Vec<OwnedExemplar> {
        exemplars
            .into_iter()
            .map(|e| OwnedExemplar {
                labels: e.labels.clone(),
                value: self.number(e.value).to_bits(),
                timestamp: e.time.as_ref().map(Time::millis),
            })
            .collect()
    }

    fn series(
        &mut self,
        suffix: &str,
        bound: Option<(&str, f64)>,
        v: f64,
        e: Vec<&Exemplar>,
    ) -> Result<()> {
        let event = Owned::Series {
            labels: self.labels(suffix, bound)?,
            value: self.number(v).to_bits(),
            timestamp: Some(self.metric.timestamp).filter(|t| *t != 0),
            start: self.start(),
            exemplars: self.exemplars(e),
        };
        self.out.push(event);
        Ok(())
    }

    fn classic(&mut self) -> Result<()> {
        let m = self.metric;
        let total = pick(m.count_float, m.count);
        self.series("_count", None, total, Vec::new())?;
        self.series("_sum", None, m.sum, Vec::new())?;
        for bucket in &m.buckets {
            let value = pick(bucket.count_float, bucket.count);
            self.series(
                "_bucket",
                Some(("le", bucket.bound)),
                value,
                bucket.exemplar.iter().collect(),
            )?;
            if bucket.bound == f64::INFINITY {
                return Ok(());
            }
        }
        self.series("_bucket", Some(("le", f64::INFINITY)), total, Vec::new())
    }

    fn histogram(&mut self, histogram: (String, u64), exemplars: Vec<&Exemplar>) -> Result<()> {
        let event = Owned::Histogram {
            labels: self.labels("", None)?,
            histogram,
            timestamp: Some(self.metric.timestamp).filter(|t| *t != 0),
            start: self.start(),
            exemplars: self.exemplars(exemplars),
        };
        self.out.push(event);
        Ok(())
    }

    fn hint(&self) -> ResetHint {
        if self.kind == MetricType::GaugeHistogram {
            ResetHint::Gauge
        } else {
            ResetHint::Unknown
        }
    }

    fn native(&mut self) -> Result<()> {
        let m = self.metric;
        let timed = |e: &&Exemplar| e.time.is_some();
        let exemplars: Vec<&Exemplar> = if m.exemplars.is_empty() {
            m.buckets
                .iter()
                .filter_map(|b| b.exemplar.as_ref())
                .filter(timed)
                .collect()
        } else {
            m.exemplars.iter().filter(timed).collect()
        };
        let float = m.count_float > 0.0 || m.zero_count_float > 0.0;
        for side in [&m.positive, &m.negative] {
            let described: u128 = side.spans.iter().map(|s| u128::from(s.length)).sum();
            let present = if float {
                side.counts.len()
            } else {
                side.deltas.len()
            };
            if described != present as u128 {
                return Err(ErrorClass::Spans);
            }
        }
        let dump = if float {
            let (positive_spans, positive_buckets) = self.compact_float(&m.positive);
            let (negative_spans, negative_buckets) = self.compact_float(&m.negative);
            let h = FloatHistogram {
                reset_hint: self.hint(),
                schema: m.schema,
                zero_threshold: m.zero_threshold,
                zero_count: self.number(m.zero_count_float),
                count: self.number(m.count_float),
                sum: self.number(m.sum),
                positive_spans,
                positive_buckets,
                negative_spans,
                negative_buckets,
                custom_values: Vec::new(),
            };
            (format!("{h:?}"), h.sum.to_bits())
        } else {
            let (positive_spans, positive_buckets) = compact_int(&m.positive);
            let (negative_spans, negative_buckets) = compact_int(&m.negative);
            let h = Histogram {
                reset_hint: self.hint(),
                schema: m.schema,
                zero_threshold: m.zero_threshold,
                zero_count: m.zero_count,
                count: m.count,
                sum: self.number(m.sum),
                positive_spans,
                positive_buckets,
                negative_spans,
                negative_buckets,
                custom_values: Vec::new(),
            };
            (format!("{h:?}"), h.sum.to_bits())
        };
        self.histogram(dump, exemplars)
    }

    fn compact_float(&self, side: &Side) -> (Vec<Span>, Vec<f64>) {
        let by_index = indexed(&side.spans, &side.counts);
        let kept: Vec<(i32, f64)> = by_index
            .into_iter()
            .filter(|(_, count)| *count != 0.0)
            .collect();
        (
            spans(kept.iter().map(|(i, _)| *i)),
            kept.iter().map(|(_, c)| self.number(*c)).collect(),
        )
    }

    fn converted(&mut self) -> Result<()> {
        let m = self.metric;
        let buckets = m
            .buckets
            .iter()
            .map(|b| (b.bound, pick(b.count_float, b.count)))
            .collect();
        let exemplars = m
            .buckets
            .iter()
            .filter_map(|b| b.exemplar.as_ref())
            .collect();
        let count = pick(m.count_float, m.count);
        let dump = custom_buckets(buckets, Some(count), self.number(m.sum), self.hint());
        self.histogram(dump.ok_or(ErrorClass::Nhcb)?, exemplars)
    }
}

fn pick(float: f64, int: u64) -> f64 {
    if float != 0.0 { float } else { int as f64 }
}

fn indexed<T: Copy>(spans: &[Span], values: &[T]) -> Vec<(i32, T)> {
    let mut values = values.iter();
    let mut index = 0i32;
    let mut out = Vec::new();
    for span in spans {
        index = index.wrapping_add(span.offset);
        for _ in 0..span.length {
            out.push((index, *values.next().expect("lengths were compared")));
            index = index.wrapping_add(1);
        }
    }
    out
}

pub(super) fn spans(indices: impl Iterator<Item = i32>) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut end = 0i32;
    for index in indices {
        match spans.last_mut() {
            Some(span) if index == end => span.length += 1,
            _ => spans.push(Span {
                offset: index.wrapping_sub(end),
                length: 1,
            }),
        }
        end = index.wrapping_add(1);
    }
    spans
}

fn compact_int(side: &Side) -> (Vec<Span>, Vec<i64>) {
    let mut absolute = 0i64;
    let counts: Vec<i64> = side
        .deltas
        .iter()
        .map(|delta| {
            absolute = absolute.wrapping_add(*delta);
            absolute
        })
        .collect();
    let kept: Vec<(i32, i64)> = indexed(&side.spans, &counts)
        .into_iter()
        .filter(|(_, count)| *count != 0)
        .collect();
    let mut previous = 0i64;
    let deltas = kept
        .iter()
        .map(|(_, count)| {
            let delta = count.wrapping_sub(previous);
            previous = *count;
            delta
        })
        .collect();
    (spans(kept.iter().map(|(i, _)| *i)), deltas)
}
