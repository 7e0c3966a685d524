//! OpenMetrics 1.x.

use super::reader::{Reader, refuse_at};
use super::start_ts::{Entry, resolve};
use super::{Item, Labels, NAME, Outcome, Refusal, Sample, decode, number, unescape};
use crate::ErrorClass as E;
use crate::{MetricType, ParserOptions};

pub(super) fn parse(body: &[u8], options: &ParserOptions) -> Outcome {
    let mut r = Reader { body, i: 0 };
    let mut entries = Vec::new();
    let mut kind = MetricType::Unknown;
    let mut family = Vec::new();
    let refusal = loop {
        if r.rest_starts_with(b"# EOF") {
            r.i += 5;
            r.i += usize::from(r.peek() == Some(b'\n'));
            break if r.i < body.len() {
                Some((E::AfterEof, r.i as u64))
            } else {
                None
            };
        }
        match line(&mut r, &mut kind, &mut family, options) {
            Ok(entry) => entries.push(entry),
            Err(refusal) => break Some(refusal),
        }
    };
    (resolve(entries, options), refusal)
}

fn line(
    r: &mut Reader<'_>,
    kind: &mut MetricType,
    family: &mut Vec<u8>,
    options: &ParserOptions,
) -> Result<Entry, Refusal> {
    match r.peek() {
        None => r.refuse(E::NoEof),
        Some(b'#') => {
            let item = meta(r)?;
            if let Item::Type(name, k) = &item {
                *kind = *k;
                family.clone_from(name);
            }
            Ok(Entry {
                item,
                pairs: Vec::new(),
                kind: *kind,
                family: family.clone(),
            })
        }
        Some(b) if b.is_ascii_alphabetic() || matches!(b, b'_' | b':' | b'{') => {
            let (sample, pairs) = sample(r, *kind, options)?;
            Ok(Entry {
                item: Item::Sample(sample),
                pairs,
                kind: *kind,
                family: family.clone(),
            })
        }
        Some(_) => r.refuse(E::Start),
    }
}

fn meta(r: &mut Reader<'_>) -> Result<Item, Refusal> {
    let keyword: &[u8] = if r.rest_starts_with(b"# HELP ") {
        b"HELP"
    } else if r.rest_starts_with(b"# TYPE ") {
        b"TYPE"
    } else if r.rest_starts_with(b"# UNIT ") {
        b"UNIT"
    } else {
        return r.refuse(E::Start);
    };
    r.i += 7;
    let at = r.i;
    let raw = match r.peek() {
        Some(b'"') => r.quoted_name(E::MetaName, true)?,
        _ => r.metric_name(),
    };
    if r.i == at {
        return r.refuse(E::MetaName);
    }
    let family = unescape(raw, true);
    if r.peek() != Some(b' ') {
        return r.refuse(E::MetaText);
    }
    r.i += 1;
    let from = r.i;
    let text = r.rest_of_line();
    let item = match keyword {
        b"HELP" => {
            r.text(text, from)?;
            Item::Help(
                family,
                String::from_utf8_lossy(&unescape(text, true)).into_owned(),
            )
        }
        b"TYPE" => Item::Type(
            family,
            match text {
                b"counter" => MetricType::Counter,
                b"gauge" => MetricType::Gauge,
                b"histogram" => MetricType::Histogram,
                b"gaugehistogram" => MetricType::GaugeHistogram,
                b"summary" => MetricType::Summary,
                b"info" => MetricType::Info,
                b"stateset" => MetricType::StateSet,
                b"unknown" => MetricType::Unknown,
                _ => return refuse_at(E::Type, from),
            },
        ),
        _ => {
            r.text(text, from)?;
            let wanted = [b"_", text].concat();
            if !text.is_empty() && !raw.ends_with(&wanted) {
                return refuse_at(E::Unit, from);
            }
            Item::Unit(family, String::from_utf8_lossy(text).into_owned())
        }
    };
    if from + text.len() == r.body.len() {
        return r.refuse(E::NoEof);
    }
    Ok(item)
}

fn token<'a>(r: &mut Reader<'a>) -> &'a [u8] {
    r.take_while(|b| !matches!(b, b' ' | b'\n' | 0))
}

fn value(r: &mut Reader<'_>) -> Result<f64, Refusal> {
    if r.peek() != Some(b' ') {
        return r.refuse(E::Value);
    }
    r.i += 1;
    let at = r.i;
    let text = token(r);
    if text.is_empty() {
        return r.refuse(E::Value);
    }
    number::value(text).map_or(refuse_at(E::Float, at), Ok)
}

fn timestamp(r: &mut Reader<'_>) -> Result<i64, Refusal> {
    let blank = r.i;
    r.i += 1;
    let text = token(r);
    if text.is_empty() {
        return refuse_at(E::Trail, blank);
    }
    match number::value(text) {
        None => refuse_at(E::Float, blank + 1),
        Some(v) if !v.is_finite() => refuse_at(E::Ts, blank + 1),
        Some(v) => Ok((v * 1000.0).trunc() as i64),
    }
}

fn sample(
    r: &mut Reader<'_>,
    kind: MetricType,
    options: &ParserOptions,
) -> Result<(Sample, Labels), Refusal> {
    let start = r.i;
    let mut pairs = Vec::new();
    let name = r.metric_name().to_vec();
    if !name.is_empty() {
        pairs.push((NAME.to_vec(), name.clone()));
    }
    if r.peek() == Some(b'{') {
        set(r, Some(!name.is_empty()), &mut pairs)?;
    }
    let mut sample = Sample {
        key: r.body[start..r.i].to_vec(),
        labels: decode(&pairs, kind),
        value: value(r)?.to_bits(),
        timestamp: None,
        start_timestamp: 0,
        exemplar: None,
    };
    if r.peek() == Some(b' ') && !r.rest_starts_with(b" # {") {
        sample.timestamp = Some(timestamp(r)?);
    }
    if r.rest_starts_with(b" # {") {
        r.i += 3;
        let mut labels = Vec::new();
        set(r, None, &mut labels)?;
        let value = value(r)?.to_bits();
        let at = if r.peek() == Some(b' ') {
            Some(timestamp(r)?)
        } else {
            None
        };
        if !options.raw_exemplars {
            labels = decode(&labels, MetricType::Unknown);
        }
        sample.exemplar = Some((labels, value, at));
    }
    match r.peek() {
        None => r.refuse(E::NoEof),
        Some(b'\n') => {
            r.i += 1;
            Ok((sample, pairs))
        }
        Some(_) => r.refuse(E::Trail),
    }
}

/// `named`: whether there is a name already; `None` in an exemplar, which has none.
fn set(r: &mut Reader<'_>, named: Option<bool>, pairs: &mut Labels) -> Result<(), Refusal> {
    let exemplar = named.is_none();
    let mut named = named.unwrap_or(true);
    let open = r.i;
    r.i += 1;
    loop {
        let item = r.i;
        let quoted = r.peek() == Some(b'"');
        let name = match r.peek() {
            Some(b'}') => {
                r.i += 1;
                return if named {
                    Ok(())
                } else {
                    refuse_at(E::NameUnset, open)
                };
            }
            Some(b'"') => r.quoted_name(E::LabelName, !exemplar)?.to_vec(),
            _ => r.label_name().to_vec(),
        };
        if r.i == item {
            return r.refuse(E::LabelName);
        }
        match r.peek() {
            Some(b',' | b'}') if quoted && exemplar => return refuse_at(E::LabelName, item),
            Some(b',' | b'}') if quoted && named => return refuse_at(E::NameDup, item),
            Some(b',' | b'}') if quoted => {
                named = true;
                pairs.push((NAME.to_vec(), name));
            }
            Some(b'=') => {
                r.i += 1;
                if r.peek() != Some(b'"') {
                    return r.refuse(E::LabelValue);
                }
                pairs.push((name, r.label_value(false, !exemplar)?.to_vec()));
            }
            _ => return r.refuse(E::Equal),
        }
        match r.peek() {
            Some(b',') => r.i += 1,
            Some(b'}') => {}
            _ => return r.refuse(E::Sep),
        }
    }
}
