//! The text format 0.0.4 and 1.0.0.

use super::reader::{Reader, refuse_at};
use super::{Item, NAME, Outcome, Refusal, Sample, decode, number, unescape};
use crate::ErrorClass as E;
use crate::{MetricType, ParserOptions};

pub(super) fn parse(body: &[u8], options: &ParserOptions) -> Outcome {
    let mut r = Reader { body, i: 0 };
    let mut items = Vec::new();
    let mut kind = MetricType::Unknown;
    while r.i < body.len() {
        match line(&mut r, &mut kind, options) {
            Ok(item) => items.extend(item),
            Err(refusal) => return (items, Some(refusal)),
        }
    }
    (items, None)
}

fn line(
    r: &mut Reader<'_>,
    kind: &mut MetricType,
    options: &ParserOptions,
) -> Result<Option<Item>, Refusal> {
    let start = r.i;
    r.blanks();
    match r.peek() {
        None => Ok(None),
        Some(b'\n') => {
            r.i += 1;
            Ok(None)
        }
        Some(b'#') => meta(r, kind).map(Some),
        Some(b'{') => sample(r, start, *kind, options).map(Some),
        Some(b) if b.is_ascii_alphabetic() || b == b'_' || b == b':' => {
            sample(r, start, *kind, options).map(Some)
        }
        Some(_) => r.refuse(E::Start),
    }
}

fn meta(r: &mut Reader<'_>, kind: &mut MetricType) -> Result<Item, Refusal> {
    let hash = r.i;
    r.i += 1;
    let blanks = r.blanks();
    let is_help = r.rest_starts_with(b"HELP ") || r.rest_starts_with(b"HELP\t");
    let is_type = r.rest_starts_with(b"TYPE ") || r.rest_starts_with(b"TYPE\t");
    if blanks == 0 || !(is_help || is_type) {
        r.i = hash;
        return Ok(Item::Comment(r.rest_of_line().to_vec()));
    }
    r.i += 4;
    r.blanks();
    let at = r.i;
    let family = match r.peek() {
        Some(b'"') => unescape(r.quoted_name(E::MetaName, true)?, true),
        _ => r.metric_name().to_vec(),
    };
    if r.i == at {
        return r.refuse(E::MetaName);
    }
    if r.peek() == Some(0) {
        return r.refuse(E::MetaText);
    }
    let mut from = r.i;
    let rest = r.rest_of_line();
    let text = if rest.iter().all(|&b| b == b' ' || b == b'\t') {
        from += rest.len();
        &[]
    } else {
        from += 1;
        &rest[1..]
    };
    if is_help {
        r.text(text, from)?;
        return Ok(Item::Help(
            family,
            String::from_utf8_lossy(&unescape(text, false)).into_owned(),
        ));
    }
    *kind = match text {
        b"counter" => MetricType::Counter,
        b"gauge" => MetricType::Gauge,
        b"histogram" => MetricType::Histogram,
        b"summary" => MetricType::Summary,
        b"untyped" => MetricType::Unknown,
        _ => return refuse_at(E::Type, from),
    };
    Ok(Item::Type(family, *kind))
}

fn sample(
    r: &mut Reader<'_>,
    start: usize,
    kind: MetricType,
    options: &ParserOptions,
) -> Result<Item, Refusal> {
    let mut pairs = Vec::new();
    let name = r.metric_name().to_vec();
    let mut key_end = r.i;
    if !name.is_empty() {
        pairs.push((NAME.to_vec(), name.clone()));
        r.blanks();
    }
    if r.peek() == Some(b'{') {
        set(r, !name.is_empty(), &mut pairs)?;
        key_end = r.i;
    }
    r.blanks();
    let at = r.i;
    let token = r.take_while(|b| !matches!(b, b'{' | b' ' | b'\t' | b'\n' | 0));
    if token.is_empty() {
        return r.refuse(E::Value);
    }
    let Some(value) = number::value(token) else {
        return refuse_at(E::Float, at);
    };
    let separated = r.blanks() > 0;
    let at = r.i;
    let mut timestamp = None;
    match r.peek() {
        None | Some(b'\n') => {}
        Some(b)
            if separated && (b.is_ascii_digit() || (b == b'-' && options.accept_negative_ts)) =>
        {
            let negative = b == b'-';
            r.i += usize::from(negative);
            let digits = r.take_while(|b| b.is_ascii_digit());
            if digits.is_empty() {
                return refuse_at(E::Trail, at);
            }
            let magnitude = digits
                .iter()
                .fold(0i128, |n, d| (n * 10 + i128::from(d - b'0')).min(1 << 100));
            match i64::try_from(if negative { -magnitude } else { magnitude }) {
                Ok(ms) => timestamp = Some(ms),
                Err(_) => return refuse_at(E::Ts, at),
            }
            r.blanks();
        }
        Some(_) => return r.refuse(E::Trail),
    }
    match r.peek() {
        None => {}
        Some(b'\n') => r.i += 1,
        Some(_) => return r.refuse(E::Trail),
    }
    Ok(Item::Sample(Sample {
        key: r.body[start..key_end].to_vec(),
        labels: decode(&pairs, kind),
        value: value.to_bits(),
        timestamp,
        start_timestamp: 0,
        exemplar: None,
    }))
}

fn set(
    r: &mut Reader<'_>,
    mut named: bool,
    pairs: &mut Vec<(Vec<u8>, Vec<u8>)>,
) -> Result<(), Refusal> {
    let open = r.i;
    r.i += 1;
    loop {
        r.blanks();
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
            Some(b'"') => r.quoted_name(E::LabelName, true)?.to_vec(),
            _ => r.label_name().to_vec(),
        };
        if r.i == item {
            return r.refuse(E::LabelName);
        }
        r.blanks();
        match r.peek() {
            Some(b',' | b'}') if quoted => {
                if named {
                    return refuse_at(E::NameDup, item);
                }
                named = true;
                pairs.push((NAME.to_vec(), name));
            }
            Some(b'=') => {
                r.i += 1;
                r.blanks();
                if r.peek() != Some(b'"') {
                    return r.refuse(E::LabelValue);
                }
                pairs.push((name, r.label_value(true, true)?.to_vec()));
                r.blanks();
            }
            _ => return r.refuse(E::Equal),
        }
        if r.peek() == Some(b',') {
            r.i += 1;
        }
    }
}
