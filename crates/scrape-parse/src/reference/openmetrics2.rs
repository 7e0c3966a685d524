//! OpenMetrics 2.0. Lines first, as nothing in one may hold a line feed; then along the grammar of the draft.

use super::conversion::custom_buckets;
use super::owned::{Owned, OwnedExemplar};
use super::protobuf::spans;
use super::{Labels, Refusal, number, unescape};
use crate::ErrorClass as E;
use crate::histogram::{FloatHistogram, Histogram, ResetHint};
use crate::{MetricType, ParserOptions};
use std::collections::{BTreeMap, BTreeSet};

type Result<T> = std::result::Result<T, Refusal>;

/// What a body yields, and why it was refused, if it was.
pub(super) fn events(body: &[u8], options: &ParserOptions) -> (Vec<Owned>, Option<Refusal>) {
    let mut family = Family::default();
    let mut out = Vec::new();
    let mut at = 0;
    loop {
        let rest = &body[at..];
        if rest.starts_with(b"# EOF") {
            let end = at + 5 + usize::from(rest.get(5) == Some(&b'\n'));
            return (out, (end < body.len()).then_some((E::AfterEof, end as u64)));
        }
        let length = rest.iter().position(|b| *b == b'\n');
        let mut line = Line {
            text: &rest[..length.unwrap_or(rest.len())],
            body_at: at,
            i: 0,
            terminated: length.is_some(),
        };
        if let Err(refusal) = line.read(&mut family, options, &mut out) {
            return (out, Some(refusal));
        }
        at += line.text.len() + 1;
    }
}

#[derive(Default)]
struct Family {
    name: Vec<u8>,
    kind: MetricType,
    has_unit: bool,
}

struct Line<'a> {
    text: &'a [u8],
    body_at: usize,
    i: usize,
    terminated: bool,
}

/// A label set as written: the name first, if there is one.
struct Set {
    name: Option<Vec<u8>>,
    labels: Vec<(Vec<u8>, Vec<u8>, usize)>,
}

impl Set {
    fn decoded(&self) -> Labels {
        let labels = self.labels.iter();
        labels
            .map(|(n, v, _)| (unescape(n, true), unescape(v, true)))
            .collect()
    }
}

impl<'a> Line<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.i).copied()
    }

    fn refuse<T>(&self, class: E) -> Result<T> {
        self.refuse_at(class, self.i)
    }

    fn refuse_at<T>(&self, class: E, i: usize) -> Result<T> {
        Err((class, (self.body_at + i) as u64))
    }

    fn sees(&self, text: &str) -> bool {
        self.text[self.i..].starts_with(text.as_bytes())
    }

    fn expect(&mut self, byte: u8, class: E) -> Result<()> {
        if self.peek() != Some(byte) {
            return self.refuse(class);
        }
        self.i += 1;
        Ok(())
    }

    fn take_while(&mut self, keep: impl Fn(u8) -> bool) -> &'a [u8] {
        let from = self.i;
        while self.peek().is_some_and(&keep) {
            self.i += 1;
        }
        &self.text[from..self.i]
    }

    fn name(&mut self, colon: bool) -> &'a [u8] {
        if self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return &[];
        }
        self.take_while(|b| b.is_ascii_alphanumeric() || b == b'_' || (colon && b == b':'))
    }

    /// A quoted string, as written, without its quotes.
    fn string(&mut self, class: E) -> Result<&'a [u8]> {
        let open = self.i;
        self.i += 1;
        loop {
            match self.peek() {
                None => return self.refuse_at(class, open),
                Some(b'"') => break,
                Some(b'\\') => self.i += 2,
                Some(_) => self.i += 1,
            }
        }
        self.i += 1;
        let text = &self.text[open + 1..self.i - 1];
        match std::str::from_utf8(text) {
            Ok(_) => Ok(text),
            Err(e) => self.refuse_at(E::Utf8, open + 1 + e.valid_up_to()),
        }
    }

    fn read(
        &mut self,
        family: &mut Family,
        options: &ParserOptions,
        out: &mut Vec<Owned>,
    ) -> Result<()> {
        match self.peek() {
            None if self.terminated => self.refuse(E::Start),
            None => self.refuse(E::NoEof),
            Some(b'#') => {
                let events = self.metadata(family)?;
                out.extend(events);
                Ok(())
            }
            Some(_) => self.sample(family, options, out),
        }
    }

    fn end(&self) -> Result<()> {
        if self.terminated {
            Ok(())
        } else {
            self.refuse_at(E::NoEof, self.text.len())
        }
    }

    fn metadata(&mut self, family: &mut Family) -> Result<Option<Owned>> {
        let keywords = ["# HELP ", "# TYPE ", "# UNIT "];
        let Some(keyword) = keywords.into_iter().find(|k| self.sees(k)) else {
            return self.refuse(E::Start);
        };
        self.i = 7;
        let raw = if self.peek() == Some(b'"') {
            self.string(E::MetaName)?
        } else {
            self.name(true)
        };
        if raw.is_empty() {
            return self.refuse_at(E::MetaName, 7);
        }
        self.expect(b' ', E::MetaText)?;
        let from = self.i;
        let text = &self.text[from..];
        let name = unescape(raw, true);
        let same = name == family.name;
        let mut kind = if same {
            family.kind
        } else {
            MetricType::Unknown
        };
        let mut has_unit = same && family.has_unit;
        let event = if keyword == "# TYPE " {
            kind = match text {
                b"counter" => MetricType::Counter,
                b"gauge" => MetricType::Gauge,
                b"histogram" => MetricType::Histogram,
                b"gaugehistogram" => MetricType::GaugeHistogram,
                b"summary" => MetricType::Summary,
                b"info" if raw.ends_with(b"_info") => MetricType::Info,
                b"stateset" => MetricType::StateSet,
                b"unknown" => MetricType::Unknown,
                _ => return self.refuse_at(E::Type, from),
            };
            Owned::Type(name.clone(), kind)
        } else {
            if let Err(e) = std::str::from_utf8(text) {
                return self.refuse_at(E::Utf8, from + e.valid_up_to());
            }
            if text.ends_with(b"\r") {
                return self.refuse_at(E::MetaText, self.text.len() - 1);
            }
            if keyword == "# UNIT " {
                has_unit |= !text.is_empty();
                let unit = String::from_utf8_lossy(text).into_owned();
                Owned::Unit(name.clone(), unit)
            } else {
                let help = unescape(text, true);
                Owned::Help(name.clone(), String::from_utf8_lossy(&help).into_owned())
            }
        };
        if has_unit && matches!(kind, MetricType::Info | MetricType::StateSet) {
            return self.refuse_at(E::Unit, from);
        }
        self.end()?;
        if text.is_empty() {
            return Ok(None);
        }
        *family = Family {
            name,
            kind,
            has_unit,
        };
        Ok(Some(event))
    }

    /// A label set from its `{`; `metric` says whether it has to hold the metric name, `None` that it must not in
    /// an exemplar.
    fn set(&mut self, metric: Option<bool>) -> Result<Set> {
        let open = self.i;
        self.i += 1;
        let mut set = Set {
            name: None,
            labels: Vec::new(),
        };
        loop {
            let item = self.i;
            let quoted = self.peek() == Some(b'"');
            if self.peek() == Some(b'}') {
                self.i += 1;
                if metric == Some(true) && set.name.is_none() {
                    return self.refuse_at(E::NameUnset, open);
                }
                return Ok(set);
            }
            let name = if quoted {
                self.string(E::LabelName)?
            } else {
                self.name(false)
            };
            if !quoted && name.is_empty() {
                return self.refuse(E::LabelName);
            }
            if quoted && matches!(self.peek(), Some(b',' | b'}')) {
                match metric {
                    None => return self.refuse_at(E::LabelName, item),
                    Some(false) => return self.refuse_at(E::NameDup, item),
                    Some(true) if set.name.is_some() => return self.refuse_at(E::NameDup, item),
                    Some(true) if !set.labels.is_empty() => return self.refuse(E::Equal),
                    Some(true) if name.is_empty() => return self.refuse_at(E::NameUnset, item),
                    Some(true) => set.name = Some(name.to_vec()),
                }
            } else {
                self.expect(b'=', E::Equal)?;
                if name.is_empty() {
                    return self.refuse_at(E::LabelName, item);
                }
                if self.peek() != Some(b'"') {
                    return self.refuse(E::LabelValue);
                }
                let value = self.string(E::LabelValue)?;
                let at = item + usize::from(quoted);
                set.labels.push((name.to_vec(), value.to_vec(), at));
            }
            match self.peek() {
                Some(b',') => self.i += 1,
                Some(b'}') => {}
                _ => return self.refuse(E::Sep),
            }
        }
    }

    /// The number that reaches to one of these bytes or the end of the line.
    fn number(&mut self, ends: &[u8]) -> Result<(f64, &'a str)> {
        let at = self.i;
        let token = self.take_while(|b| !ends.contains(&b));
        match number::value(token) {
            Some(value) => Ok((value, std::str::from_utf8(token).expect("a number"))),
            None => self.refuse_at(E::Float, at),
        }
    }

    fn value(&mut self) -> Result<f64> {
        self.expect(b' ', E::Value)?;
        if matches!(self.peek(), None | Some(b' ')) {
            return self.refuse(E::Value);
        }
        Ok(self.number(b" ")?.0)
    }

    fn millis(&mut self) -> Result<i64> {
        let at = self.i;
        let (seconds, _) = self.number(b" ")?;
        if !seconds.is_finite() {
            return self.refuse_at(E::Ts, at);
        }
        Ok((seconds * 1000.0).trunc() as i64)
    }

    fn sample(
        &mut self,
        family: &mut Family,
        options: &ParserOptions,
        out: &mut Vec<Owned>,
    ) -> Result<()> {
        let bare = self.name(true);
        if bare.is_empty() && self.peek() != Some(b'{') {
            return self.refuse_at(E::Start, 0);
        }
        let set = if self.peek() == Some(b'{') {
            self.set(Some(bare.is_empty()))?
        } else {
            Set {
                name: None,
                labels: Vec::new(),
            }
        };
        let name = unescape(set.name.as_deref().unwrap_or(bare), true);
        if name != family.name {
            if family.kind != MetricType::Unknown || family.has_unit {
                out.push(Owned::Type(name.clone(), MetricType::Unknown));
            }
            *family = Family {
                name: name.clone(),
                ..Family::default()
            };
        }
        let kind = family.kind;
        let sample_at = self.i + 1;
        let composite_kind = matches!(
            kind,
            MetricType::Histogram | MetricType::GaugeHistogram | MetricType::Summary
        );
        self.expect(b' ', E::Value)?;
        if matches!(self.peek(), None | Some(b' ')) {
            return self.refuse(E::Value);
        }
        if (self.peek() == Some(b'{')) != composite_kind {
            return self.refuse(E::Value);
        }
        let composite = if composite_kind {
            Some(self.composite(kind)?)
        } else {
            None
        };
        let value = match composite {
            Some(_) => 0.0,
            None => self.number(b" ")?.0,
        };
        let has = |label: &[u8]| {
            let mut all = set.labels.iter();
            all.find(|(n, _, _)| unescape(n, true) == label)
        };
        let fits = match kind {
            MetricType::Counter => !value.is_nan(),
            MetricType::Info => value == 1.0,
            MetricType::StateSet => value == 0.0 || value == 1.0,
            _ => true,
        };
        if !fits {
            return self.refuse_at(E::Float, sample_at);
        }
        if kind == MetricType::StateSet && has(&name).is_none() {
            return self.refuse_at(E::LabelName, 0);
        }
        let made: Option<&[u8]> = match (&composite, kind) {
            (_, MetricType::Summary) => Some(b"quantile"),
            (Some(c), _) if !c.pairs.is_empty() => Some(b"le"),
            _ => None,
        };
        if let Some((_, _, at)) = made.and_then(has) {
            return self.refuse_at(E::LabelName, *at);
        }
        let tail = self.tail()?;
        let mut labels = vec![(b"__name__".to_vec(), name)];
        labels.extend(set.decoded());
        let show = Show {
            labels,
            timestamp: tail.timestamp,
            start: if options.start_timestamps {
                tail.start
            } else {
                0
            },
        };
        let Some(composite) = composite else {
            self.end()?;
            out.push(show.series("", None, value, tail.exemplars));
            return Ok(());
        };
        let open = (self.body_at + sample_at) as u64;
        let native = if composite.schema.is_some() && options.native_histograms {
            Some(composite.native(kind).map_err(|class| (class, open))?)
        } else {
            None
        };
        self.end()?;
        if kind == MetricType::Summary {
            out.push(show.series("_count", None, composite.count.0, tail.exemplars));
            out.push(show.series("_sum", None, composite.sum, Vec::new()));
            for (quantile, value) in composite.pairs {
                let label = Some(("quantile", quantile));
                out.push(show.series("", label, value, Vec::new()));
            }
            return Ok(());
        }
        let had_native = native.is_some();
        if let Some(histogram) = native {
            out.push(show.histogram(histogram, &tail.exemplars));
        }
        let keep = options.keep_classic;
        let classic = match had_native {
            true => keep && !composite.pairs.is_empty(),
            false => keep || !options.nhcb,
        };
        if classic {
            let [count, sum] = match kind {
                MetricType::Histogram => ["_count", "_sum"],
                _ => ["_gcount", "_gsum"],
            };
            out.push(show.series(count, None, composite.count.0, Vec::new()));
            out.push(show.series(sum, None, composite.sum, Vec::new()));
            let mut buckets = composite.pairs.clone();
            if buckets.is_empty() {
                buckets.push((f64::INFINITY, composite.count.0));
            }
            let mut left = tail.exemplars.clone();
            for (i, (bound, value)) in buckets.iter().enumerate() {
                let is_last = i + 1 == buckets.len();
                let (mine, others) = left
                    .into_iter()
                    .partition(|e| is_last || f64::from_bits(e.value) <= *bound);
                left = others;
                out.push(show.series("_bucket", Some(("le", *bound)), *value, mine));
            }
        }
        if options.nhcb && !had_native {
            let hint = hint(kind);
            let converted = custom_buckets(
                composite.pairs,
                Some(composite.count.0),
                composite.sum,
                hint,
            );
            match converted {
                Some(histogram) => out.push(show.histogram(histogram, &tail.exemplars)),
                None => return Err((E::Nhcb, open)),
            }
        }
        Ok(())
    }

    fn tail(&mut self) -> Result<Tail> {
        let mut tail = Tail::default();
        if self.peek() == Some(b' ') && !self.sees(" # {") && !self.sees(" st@") {
            if matches!(self.text.get(self.i + 1), None | Some(b' ')) {
                return self.refuse(E::Trail);
            }
            self.i += 1;
            tail.timestamp = Some(self.millis()?);
        }
        if self.sees(" st@") {
            self.i += 4;
            tail.start = self.millis()?;
        }
        while self.sees(" # {") {
            self.i += 3;
            let labels = self.set(None)?.decoded();
            let value = self.value()?.to_bits();
            if self.peek() != Some(b' ') || self.sees(" # {") {
                return self.refuse(E::Ts);
            }
            self.i += 1;
            let timestamp = Some(self.millis()?);
            tail.exemplars.push(OwnedExemplar {
                labels,
                value,
                timestamp,
            });
        }
        if self.i < self.text.len() {
            return self.refuse(E::Trail);
        }
        Ok(tail)
    }

    fn composite(&mut self, kind: MetricType) -> Result<Composite> {
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

#[derive(Default)]
struct Tail {
    timestamp: Option<i64>,
    start: i64,
    exemplars: Vec<OwnedExemplar>,
}

type Side = (Vec<(i64, i64)>, Vec<(f64, Option<i64>)>);

#[derive(Default)]
struct Composite {
    count: (f64, Option<u64>),
    sum: f64,
    pairs: Vec<(f64, f64)>,
    schema: Option<i32>,
    zero_threshold: f64,
    zero_count: (f64, Option<u64>),
    negative: Side,
    positive: Side,
}

fn hint(kind: MetricType) -> ResetHint {
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
    fn native(&self, kind: MetricType) -> std::result::Result<(String, u64), E> {
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

/// What all events of a line have in common.
struct Show {
    labels: Labels,
    timestamp: Option<i64>,
    start: i64,
}

impl Show {
    fn series(
        &self,
        suffix: &str,
        bound: Option<(&str, f64)>,
        value: f64,
        exemplars: Vec<OwnedExemplar>,
    ) -> Owned {
        let mut labels = self.labels.clone();
        labels[0].1.extend_from_slice(suffix.as_bytes());
        if let Some((name, bound)) = bound {
            let text = number::om_text(bound).into_bytes();
            labels.push((name.as_bytes().to_vec(), text));
        }
        Owned::Series {
            labels,
            value: value.to_bits(),
            timestamp: self.timestamp,
            start: self.start,
            exemplars,
        }
    }

    fn histogram(&self, histogram: (String, u64), exemplars: &[OwnedExemplar]) -> Owned {
        Owned::Histogram {
            labels: self.labels.clone(),
            histogram,
            timestamp: self.timestamp,
            start: self.start,
            exemplars: exemplars.to_vec(),
        }
    }
}
