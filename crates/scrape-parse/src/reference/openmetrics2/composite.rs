//! Composite values: read along the grammar, then turned into native histograms bucket by bucket.

use super::super::protobuf::spans;
use super::{E, Line, Result};
use crate::MetricType;
use crate::histogram::{FloatHistogram, Histogram, ResetHint};
use std::collections::{BTreeMap, BTreeSet};

impl<'a> Line<'a> {
    pub(super) fn composite(&mut self, kind: MetricType) -> Result<Composite> {
        const NATIVE: [&str; 7] = [
            "schema",
            "zero_threshold",
            "zero_count",
            "negative_spans",
            "negative_buckets",
            "positive_spans",
            "positive_buckets",
        ];
        let open = self.i;
        self.i += 1;
        let (required, optional): (&[&str], Vec<&str>) = match kind {
            MetricType::Summary => (&["count", "sum", "quantile"], Vec::new()),
            MetricType::Histogram => (&["count", "sum"], [&NATIVE[..], &["bucket"]].concat()),
            _ => (&["gcount", "gsum"], [&NATIVE[..], &["bucket"]].concat()),
        };
        let mut composite = Composite::default();
        let mut seen = BTreeSet::new();
        loop {
            let at = self.i;
            let word = self.take_while(|b| b.is_ascii_lowercase() || b == b'_');
            let name = std::str::from_utf8(word).expect("letters");
            let known = required.contains(&name) || optional.contains(&name);
            if self.peek() != Some(b':') || !known || !seen.insert(name) {
                return self.refuse_at(E::Composite, at);
            }
            self.i += 1;
            self.field(name, kind, &mut composite)?;
            match self.peek() {
                Some(b',') => self.i += 1,
                Some(b'}') => break,
                _ => return self.refuse(E::Composite),
            }
        }
        self.i += 1;
        let has = |name| seen.contains(name);
        let complete = required.iter().all(|n| has(*n))
            && match has("schema") {
                true => has("zero_threshold") && has("zero_count"),
                false => !NATIVE.into_iter().any(has) && (has("bucket") || optional.is_empty()),
            };
        if complete {
            Ok(composite)
        } else {
            self.refuse_at(E::Composite, open)
        }
    }

    fn field(&mut self, name: &'a str, kind: MetricType, c: &mut Composite) -> Result<()> {
        let at = self.i;
        match name {
            "count" | "gcount" => c.count = self.count()?,
            "zero_count" => c.zero_count = self.count()?,
            "sum" | "gsum" => c.sum = self.number(TOKEN)?.0,
            "zero_threshold" => {
                c.zero_threshold = self.number(TOKEN)?.0;
                if !c.zero_threshold.is_finite() || c.zero_threshold < 0.0 {
                    return self.refuse_at(E::Composite, at);
                }
            }
            "schema" => {
                let schema = self.integer()?;
                if !(-4..=8).contains(&schema) {
                    return self.refuse_at(E::Composite, at);
                }
                c.schema = Some(schema as i32);
            }
            "bucket" => {
                c.pairs = self.pairs(|bound| !bound.is_nan(), kind == MetricType::Histogram)?;
                if c.pairs.last().is_none_or(|p| p.0 != f64::INFINITY) {
                    return self.refuse_at(E::Composite, self.i - 1);
                }
            }
            "quantile" => c.pairs = self.pairs(|q| (0.0..=1.0).contains(&q), false)?,
            "negative_spans" => c.negative.0 = self.spans()?,
            "positive_spans" => c.positive.0 = self.spans()?,
            "negative_buckets" => c.negative.1 = self.buckets()?,
            _ => c.positive.1 = self.buckets()?,
        }
        Ok(())
    }

    /// `[`, items, `]`.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self, &[T]) -> Result<T>) -> Result<Vec<T>> {
        let mut items = Vec::new();
        self.expect(b'[', E::Composite)?;
        if self.peek() == Some(b']') {
            self.i += 1;
            return Ok(items);
        }
        loop {
            items.push(item(self, &items)?);
            match self.peek() {
                Some(b',') => self.i += 1,
                Some(b']') => {
                    self.i += 1;
                    return Ok(items);
                }
                _ => return self.refuse(E::Composite),
            }
        }
    }

    fn pairs(&mut self, good: impl Fn(f64) -> bool, counters: bool) -> Result<Vec<(f64, f64)>> {
        self.list(|line, before: &[(f64, f64)]| {
            let at = line.i;
            let (first, _) = line.number(TOKEN)?;
            if !good(first) || before.last().is_some_and(|p| p.0 >= first) {
                return line.refuse_at(E::Composite, at);
            }
            line.expect(b':', E::Composite)?;
            let at = line.i;
            let (second, _) = line.number(TOKEN)?;
            if counters && second < 0.0 {
                return line.refuse_at(E::Composite, at);
            }
            Ok((first, second))
        })
    }

    fn spans(&mut self) -> Result<Vec<(i64, i64)>> {
        let fits = |index: i64| i32::try_from(index).is_ok();
        self.list(|line, before: &[(i64, i64)]| {
            let at = line.i;
            let offset = line.integer()?;
            line.expect(b':', E::Composite)?;
            let length = line.integer()?;
            let start: i64 = before.iter().map(|s| s.0 + s.1).sum();
            let good = length >= 0
                && (offset >= 0 || before.is_empty())
                && fits(offset)
                && u32::try_from(length).is_ok()
                && fits(start + offset + length);
            if good {
                Ok((offset, length))
            } else {
                line.refuse_at(E::Spans, at)
            }
        })
    }

    fn buckets(&mut self) -> Result<Vec<(f64, Option<i64>)>> {
        self.list(|line, _: &[(f64, Option<i64>)]| {
            let (value, text) = line.number(TOKEN)?;
            Ok((value, text.parse().ok()))
        })
    }

    fn integer(&mut self) -> Result<i64> {
        let at = self.i;
        let token = self.take_while(|b| !TOKEN.contains(&b));
        match std::str::from_utf8(token).ok().and_then(|t| t.parse().ok()) {
            Some(value) => Ok(value),
            None => self.refuse_at(E::Float, at),
        }
    }

    /// A number of observations, exact if it is whole.
    fn count(&mut self) -> Result<(f64, Option<u64>)> {
        let (value, text) = self.number(TOKEN)?;
        let whole = value >= 0.0 && value.fract() == 0.0 && value < 2f64.powi(64);
        let exact = text.parse().ok();
        Ok((value, exact.or(whole.then_some(value as u64))))
    }
}

/// What ends a token in a composite value.
const TOKEN: &[u8] = b",:]} ";

type Side = (Vec<(i64, i64)>, Vec<(f64, Option<i64>)>);

#[derive(Default)]
pub(super) struct Composite {
    pub(super) count: (f64, Option<u64>),
    pub(super) sum: f64,
    pub(super) pairs: Vec<(f64, f64)>,
    pub(super) schema: Option<i32>,
    zero_threshold: f64,
    zero_count: (f64, Option<u64>),
    negative: Side,
    positive: Side,
}

pub(super) fn hint(kind: MetricType) -> ResetHint {
    match kind {
        MetricType::GaugeHistogram => ResetHint::Gauge,
        _ => ResetHint::Unknown,
    }
}

/// Buckets by index, the empty ones left out.
fn filled<T: Copy + PartialEq + Default>(
    spans: &[(i64, i64)],
    counts: impl Iterator<Item = T>,
) -> BTreeMap<i32, T> {
    let mut index = 0;
    let mut indices = Vec::new();
    for (offset, length) in spans {
        index += offset;
        indices.extend((0..*length).map(|i| (index + i) as i32));
        index += length;
    }
    let all = indices.into_iter().zip(counts);
    all.filter(|(_, count)| *count != T::default()).collect()
}

impl Composite {
    pub(super) fn native(&self, kind: MetricType) -> std::result::Result<(String, u64), E> {
        if self.count.0 < 0.0 || self.zero_count.0 < 0.0 {
            return Err(E::Composite);
        }
        let sides = [&self.positive, &self.negative];
        for (spans, buckets) in sides {
            if spans.iter().map(|s| s.1).sum::<i64>() != buckets.len() as i64 {
                return Err(E::Spans);
            }
        }
        let all = sides.into_iter().flat_map(|side| &side.1);
        let whole = all.clone().all(|bucket| bucket.1.is_some());
        let negative = all.clone().any(|bucket| bucket.0 < 0.0);
        if negative {
            return Err(E::Composite);
        }
        let schema = self.schema.unwrap_or_default();
        if let (Some(count), Some(zero_count), true) = (self.count.1, self.zero_count.1, whole) {
            let in_buckets: u128 = all.map(|b| b.1.unwrap_or_default() as u128).sum();
            let total = in_buckets + u128::from(zero_count);
            let fits = match self.sum.is_nan() {
                true => total <= u128::from(count),
                false => total == u128::from(count),
            };
            if !fits {
                return Err(E::Composite);
            }
            let [positive, negative] =
                sides.map(|(spans, counts)| filled(spans, counts.iter().map(|c| c.1.unwrap_or(0))));
            let deltas = |side: &BTreeMap<i32, i64>| {
                let before = [0].into_iter().chain(side.values().copied());
                side.values().zip(before).map(|(now, b)| now - b).collect()
            };
            let h = Histogram {
                reset_hint: hint(kind),
                schema,
                zero_threshold: self.zero_threshold,
                zero_count,
                count,
                sum: self.sum,
                positive_spans: spans(positive.keys().copied()),
                positive_buckets: deltas(&positive),
                negative_spans: spans(negative.keys().copied()),
                negative_buckets: deltas(&negative),
                custom_values: Vec::new(),
            };
            return Ok((format!("{h:?}"), h.sum.to_bits()));
        }
        let [positive, negative] =
            sides.map(|(spans, counts)| filled(spans, counts.iter().map(|c| c.0)));
        let h = FloatHistogram {
            reset_hint: hint(kind),
            schema,
            zero_threshold: self.zero_threshold,
            zero_count: self.zero_count.0,
            count: self.count.0,
            sum: self.sum,
            positive_spans: spans(positive.keys().copied()),
            positive_buckets: positive.into_values().collect(),
            negative_spans: spans(negative.keys().copied()),
            negative_buckets: negative.into_values().collect(),
            custom_values: Vec::new(),
        };
        Ok((format!("{h:?}"), h.sum.to_bits()))
    }
}
