//! The real parser driven as a scrape cache drives it: predicted lines first, then keys found by their
//! delimiters, then the full grammar. Must yield what the full grammar alone yields.

use std::collections::BTreeSet;

use super::{Item, Labels, Outcome, Sample, exemplar, own};
use crate::{
    Cursor, ErrorClass, Event, Expect, Format, Known, Parser, ParserOptions, Scan, Step, decode_key,
};

/// What is remembered of a line: key and text of the value.
pub type Prediction = (Vec<u8>, Vec<u8>);

/// The lines of a body as far as it can be read, for use as predictions of another body.
pub fn predictions(body: &[u8], options: &ParserOptions) -> Vec<Prediction> {
    let mut out = Vec::new();
    let mut parser = Parser::new(*options);
    let mut cursor = parser.feed(body, true);
    while let Ok(Step::Event(event)) = cursor.next() {
        if let Event::Series(s) = event {
            out.push((s.key.to_vec(), s.value_text.to_vec()));
        }
    }
    out
}

/// Reads a body in pieces, trying the fast path with these predictions: in order, and as a set of known keys.
/// `None` if the fast path contradicts itself.
pub fn parse_lazily(
    body: &[u8],
    options: &ParserOptions,
    cuts: &[usize],
    predicted: &[Prediction],
) -> Option<Outcome> {
    let mut driver = Driver {
        options,
        predicted,
        known: predicted.iter().map(|p| p.0.as_slice()).collect(),
        at: 0,
        items: Vec::new(),
    };
    let mut parser = Parser::new(*options);
    let mut from = 0;
    for (cut, end) in cuts.iter().map(|&c| (c, false)).chain([(body.len(), true)]) {
        let mut cursor = parser.feed(body.get(from..cut)?, end);
        loop {
            match driver.step(&mut cursor)? {
                Ok(Flow::Go) => {}
                Ok(Flow::More) => {
                    from += cursor.consumed();
                    break;
                }
                Ok(Flow::Done) => return Some((driver.items, None)),
                Err(refusal) => return Some((driver.items, Some(refusal))),
            }
        }
    }
    None
}

struct Driver<'d> {
    options: &'d ParserOptions,
    predicted: &'d [Prediction],
    known: BTreeSet<&'d [u8]>,
    at: usize,
    items: Vec<Item>,
}

enum Flow {
    Go,
    More,
    Done,
}

type Refused = (ErrorClass, u64);

impl Driver<'_> {
    fn step(&mut self, cursor: &mut Cursor<'_>) -> Option<Result<Flow, Refused>> {
        let refuse = |e: crate::ParseError| Some(Err((e.class, e.offset)));
        if let Some((key, value)) = self.predicted.get(self.at) {
            match cursor.expect(key, value) {
                Ok(Expect::Hit(known)) => {
                    if known.unchanged != (known.value_text == value) {
                        return None;
                    }
                    let item = sample(self.options, key, &known)?;
                    self.items.push(item);
                    self.at += 1;
                    return Some(Ok(Flow::Go));
                }
                Ok(Expect::NeedMore) => return Some(Ok(Flow::More)),
                Ok(Expect::Miss) => {}
                Err(e) => return refuse(e),
            }
        }
        let mut recognised = None;
        match cursor.scan_key() {
            Ok(Scan::Key(key)) => recognised = self.known.get(key).copied(),
            Ok(Scan::NeedMore) => return Some(Ok(Flow::More)),
            Ok(Scan::Other) => {}
            Err(e) => return refuse(e),
        }
        if let Some(key) = recognised {
            self.at = self.predicted.iter().position(|p| p.0 == key)? + 1;
            return match cursor.take_known(key.len()) {
                Ok(known) => {
                    let item = sample(self.options, key, &known)?;
                    self.items.push(item);
                    Some(Ok(Flow::Go))
                }
                Err(e) => refuse(e),
            };
        }
        match cursor.next() {
            Ok(Step::Event(event)) => self.items.push(own(&event)),
            Ok(Step::NeedMore) => return Some(Ok(Flow::More)),
            Ok(Step::Eof) => return Some(Ok(Flow::Done)),
            Err(e) => return refuse(e),
        }
        Some(Ok(Flow::Go))
    }
}

/// A known line as the item that the full grammar yields.
fn sample(options: &ParserOptions, key: &[u8], known: &Known<'_>) -> Option<Item> {
    let mut labels = Labels::new();
    decode_key(options.format, key, known.context, &mut labels).ok()?;
    let value = if known.unchanged {
        if !known.value.is_nan() {
            return None;
        }
        super::number::value(known.value_text)?
    } else {
        known.value
    };
    debug_assert!(
        options.format != Format::Protobuf,
        "protobuf has no known lines"
    );
    Some(Item::Sample(Sample {
        key: key.to_vec(),
        labels,
        value: value.to_bits(),
        timestamp: known.timestamp,
        start_timestamp: known.start_timestamp,
        exemplar: exemplar(known.exemplars),
    }))
}
