//! Events as owned values that can be compared, floats by their bits.

use super::Labels;
use crate::event::{Event, Expect, HistogramValue, Known, Step};
use crate::{Exemplars, ParseError, Parser, ParserOptions, decode_key};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OwnedExemplar {
    pub(crate) labels: Labels,
    pub(crate) value: u64,
    pub(crate) timestamp: Option<i64>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Owned {
    Help(Vec<u8>, String),
    Unit(Vec<u8>, String),
    Type(Vec<u8>, crate::MetricType),
    Comment(Vec<u8>),
    Series {
        labels: Labels,
        value: u64,
        timestamp: Option<i64>,
        start: i64,
        exemplars: Vec<OwnedExemplar>,
    },
    Histogram {
        labels: Labels,
        /// `Debug` text, which tells every float but NaN apart, and the bits of the sum.
        histogram: (String, u64),
        timestamp: Option<i64>,
        start: i64,
        exemplars: Vec<OwnedExemplar>,
    },
}

impl Owned {
    /// `name{l="v"} value` for series, for short assertions.
    #[cfg(test)]
    pub(crate) fn brief(&self) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match self {
            Self::Help(family, help) => format!("HELP {} {help}", text(family)),
            Self::Unit(family, unit) => format!("UNIT {} {unit}", text(family)),
            Self::Type(family, kind) => format!("TYPE {} {}", text(family), kind.as_str()),
            Self::Comment(line) => text(line),
            Self::Series {
                labels,
                value,
                timestamp,
                ..
            } => {
                let at = timestamp.map_or(String::new(), |t| format!(" @{t}"));
                format!("{} {}{at}", series(labels), f64::from_bits(*value))
            }
            Self::Histogram { labels, .. } => format!("{} histogram", series(labels)),
        }
    }
}

#[cfg(test)]
fn series(labels: &Labels) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut name = String::new();
    let mut rest = Vec::new();
    for (n, v) in labels {
        if n == b"__name__" {
            name = text(v);
        } else {
            rest.push(format!("{}={:?}", text(n), text(v)));
        }
    }
    if rest.is_empty() {
        name
    } else {
        format!("{name}{{{}}}", rest.join(","))
    }
}

fn own_exemplars(exemplars: Exemplars<'_>) -> Vec<OwnedExemplar> {
    assert_eq!(exemplars.is_empty(), exemplars.count() == 0);
    exemplars
        .map(|exemplar| {
            let mut labels = Vec::new();
            exemplar.labels(&mut labels);
            OwnedExemplar {
                labels,
                value: exemplar.value.to_bits(),
                timestamp: exemplar.timestamp,
            }
        })
        .collect()
}

/// The events of one step, with labels decoded both from the event and from its key.
fn own(event: Event<'_>, options: &ParserOptions) -> Result<Owned, ParseError> {
    Ok(match event {
        Event::Help { family, text } => Owned::Help(family.into_owned(), text.into_owned()),
        Event::Unit { family, unit } => Owned::Unit(family.into_owned(), unit.into_owned()),
        Event::Type { family, kind } => Owned::Type(family.into_owned(), kind),
        Event::Comment(line) => Owned::Comment(line.to_vec()),
        Event::Series(series) => {
            let (mut labels, mut again) = (Vec::new(), Vec::new());
            series.labels(&mut labels)?;
            decode_key(options.format, series.key, series.context, &mut again)?;
            assert_eq!(labels, again, "key and event disagree");
            Owned::Series {
                labels,
                value: series.value.to_bits(),
                timestamp: series.timestamp,
                start: series.start_timestamp,
                exemplars: own_exemplars(series.exemplars),
            }
        }
        Event::Histogram(series) => {
            let (mut labels, mut again) = (Vec::new(), Vec::new());
            series.labels(&mut labels)?;
            decode_key(options.format, series.key, series.context, &mut again)?;
            assert_eq!(labels, again, "key and event disagree");
            let histogram = match series.value {
                HistogramValue::Int(h) => (format!("{h:?}"), h.sum.to_bits()),
                HistogramValue::Float(h) => (format!("{h:?}"), h.sum.to_bits()),
            };
            Owned::Histogram {
                labels,
                histogram,
                timestamp: series.timestamp,
                start: series.start_timestamp,
                exemplars: own_exemplars(series.exemplars),
            }
        }
    })
}

/// The same for a series that the caller knows by its key.
fn own_known(key: &[u8], known: &Known<'_>, options: &ParserOptions) -> Result<Owned, ParseError> {
    let mut labels = Vec::new();
    decode_key(options.format, key, known.context, &mut labels)?;
    Ok(Owned::Series {
        labels,
        value: known.value.to_bits(),
        timestamp: known.timestamp,
        start: known.start_timestamp,
        exemplars: own_exemplars(known.exemplars),
    })
}

/// The keys of the float series in `body` up to the first error.
pub(crate) fn keys(body: &[u8], options: ParserOptions) -> Vec<Vec<u8>> {
    let mut parser = Parser::new(options);
    let mut cursor = parser.feed(body, true);
    let mut keys = Vec::new();
    while let Ok(Step::Event(event)) = cursor.next() {
        let (key, labels) = match event {
            Event::Series(series) => (Some(series.key), series.labels(&mut Labels::new())),
            Event::Histogram(series) => (None, series.labels(&mut Labels::new())),
            _ => continue,
        };
        if labels.is_err() {
            break;
        }
        keys.extend(key.map(<[u8]>::to_vec));
    }
    keys
}

/// As [`parse_in_pieces`], of a body whose values have no text, asking at each step for the next few of `keys`
/// first. Answers the number of hits too.
pub(crate) fn parse_expecting(
    body: &[u8],
    options: ParserOptions,
    piece: usize,
    keys: &[Vec<u8>],
) -> (Vec<Owned>, Result<(), ParseError>, usize) {
    let mut parser = Parser::new(options);
    let (mut events, mut at, mut hits) = (Vec::new(), 0, 0);
    let (mut start, mut visible) = (0, piece.min(body.len()));
    loop {
        let end = visible == body.len();
        let mut cursor = parser.feed(&body[start..visible], end);
        'piece: loop {
            for (i, key) in keys.iter().enumerate().skip(at).take(3) {
                match cursor.expect(key, &[]) {
                    Err(error) => return (events, Err(error), hits),
                    Ok(Expect::NeedMore) => break 'piece,
                    Ok(Expect::Miss) => {}
                    Ok(Expect::Hit(known)) => {
                        assert!(!known.unchanged);
                        at = i + 1;
                        hits += 1;
                        match own_known(key, &known, &options) {
                            Ok(event) => events.push(event),
                            Err(error) => return (events, Err(error), hits),
                        }
                        continue 'piece;
                    }
                }
            }
            match cursor.next() {
                Err(error) => return (events, Err(error), hits),
                Ok(Step::Eof) => return (events, Ok(()), hits),
                Ok(Step::NeedMore) => break,
                Ok(Step::Event(event)) => match own(event, &options) {
                    Ok(event) => events.push(event),
                    Err(error) => return (events, Err(error), hits),
                },
            }
        }
        assert!(!end, "more is asked for after the end");
        start += cursor.consumed();
        visible = (visible + piece).min(body.len());
    }
}

/// Feeds `body` so that at most `piece` more bytes become visible at a time; 0 feeds it whole.
pub(crate) fn parse_in_pieces(
    body: &[u8],
    options: ParserOptions,
    piece: usize,
) -> (Vec<Owned>, Result<(), ParseError>) {
    let mut parser = Parser::new(options);
    let mut events = Vec::new();
    let mut start = 0;
    let mut visible = if piece == 0 {
        body.len()
    } else {
        piece.min(body.len())
    };
    loop {
        let end = visible == body.len();
        let mut cursor = parser.feed(&body[start..visible], end);
        loop {
            match cursor.next() {
                Err(error) => {
                    assert_eq!(cursor.next().expect_err("fused"), error, "errors repeat");
                    return (events, Err(error));
                }
                Ok(Step::Eof) => {
                    assert!(matches!(cursor.next(), Ok(Step::Eof)), "the end repeats");
                    return (events, Ok(()));
                }
                Ok(Step::NeedMore) => break,
                Ok(Step::Event(event)) => match own(event, &options) {
                    Ok(event) => events.push(event),
                    Err(error) => return (events, Err(error)),
                },
            }
        }
        assert!(!end, "more is asked for after the end");
        start += cursor.consumed();
        visible = (visible + piece).min(body.len());
    }
}
