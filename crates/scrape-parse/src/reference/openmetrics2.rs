//! OpenMetrics 2.0. Lines first, as nothing in one may hold a line feed; then along the grammar of the draft.

mod composite;
mod show;

use super::conversion::custom_buckets;
use super::owned::{Owned, OwnedExemplar};
use super::{Labels, Refusal, number, unescape};
use crate::ErrorClass as E;
use crate::{MetricType, ParserOptions};
use composite::hint;
use show::Show;

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
}

#[derive(Default)]
struct Tail {
    timestamp: Option<i64>,
    start: i64,
    exemplars: Vec<OwnedExemplar>,
}
