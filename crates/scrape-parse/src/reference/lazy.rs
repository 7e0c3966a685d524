//! The real parser driven as a scrape cache drives it: predicted lines first, then keys found by their
//! delimiters, then the full grammar. Must yield what the full grammar alone yields.

use std::collections::BTreeSet;

use super::{Item, Labels, Outcome, Sample, exemplar, own};
use crate::{
    Cursor, ErrorClass, Event, Expect, Known, KnownMeta, MetricType, Parser, ParserOptions, Scan,
    Step, decode_key,
};

/// What is remembered of a line, or of the metadata lines of a family.
#[derive(Debug, Clone)]
pub enum Prediction {
    /// A sample.
    Series(Line),
    /// Metadata lines that follow each other: each with what it yields.
    Meta {
        /// The family they are about, unescaped.
        family: Vec<u8>,
        /// Text and event.
        lines: Vec<(Vec<u8>, Item)>,
    },
}

/// The parts of a line with a sample.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// Its key.
    pub key: Vec<u8>,
    /// The text of its value.
    pub value: Vec<u8>,
    /// The text of its exemplar, or nothing.
    pub exemplar: Vec<u8>,
}

/// The lines of a body as far as it can be read, for use as predictions of another body.
pub fn predictions(body: &[u8], options: &ParserOptions) -> Vec<Prediction> {
    let mut out = Vec::new();
    let mut parser = Parser::new(*options);
    let mut cursor = parser.feed(body, true);
    let mut place = 0;
    while let Ok(Step::Event(event)) = cursor.next() {
        let item = own(&event);
        if let Event::Series(s) = event {
            out.push(Prediction::Series(Line {
                key: s.key.to_vec(),
                value: s.value_text.to_vec(),
                exemplar: s.exemplars.text().to_vec(),
            }));
        }
        let line = cursor.line().to_vec();
        let follows = place + line.len() == cursor.consumed();
        place = cursor.consumed();
        let (Item::Help(name, _) | Item::Type(name, _) | Item::Unit(name, _)) = &item else {
            continue;
        };
        match out.last_mut() {
            Some(Prediction::Meta { family, lines }) if follows && family == name => {
                lines.push((line, item));
            }
            _ => out.push(Prediction::Meta {
                family: name.clone(),
                lines: vec![(line, item)],
            }),
        }
    }
    out
}

/// The same predictions, wrong in one way each: out of step; each key with the texts of the next line; texts that
/// begin what they should be; metadata without its last line.
pub fn wrong(right: &[Prediction]) -> Vec<Vec<Prediction>> {
    let mut rotated = right.to_vec();
    if !rotated.is_empty() {
        rotated.rotate_left(1);
    }
    let mut crossed = right.to_vec();
    let texts = right.iter().filter_map(|p| match p {
        Prediction::Series(line) => Some(line.clone()),
        Prediction::Meta { .. } => None,
    });
    let rows = crossed.iter_mut().filter_map(|p| match p {
        Prediction::Series(line) => Some(line),
        Prediction::Meta { .. } => None,
    });
    for (row, other) in rows.zip(texts.skip(1)) {
        (row.value, row.exemplar) = (other.value, other.exemplar);
    }
    let mut shorter = right.to_vec();
    for row in &mut shorter {
        match row {
            Prediction::Series(line) => {
                for text in [&mut line.value, &mut line.exemplar] {
                    // What is left has to be a number still.
                    if let [.., b'0'..=b'9', b'0'..=b'9'] = text.as_slice() {
                        text.pop();
                    }
                }
            }
            Prediction::Meta { lines, .. } => {
                lines.pop();
            }
        }
    }
    vec![rotated, crossed, shorter]
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
        known: predicted.iter().filter_map(key_of).collect(),
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
        match self.predicted.get(self.at) {
            Some(Prediction::Series(line)) => {
                match cursor.expect_with_exemplar(&line.key, &line.value, &line.exemplar) {
                    Ok(Expect::Hit(known)) => {
                        if known.unchanged != (known.value_text == line.value) {
                            return None;
                        }
                        let item = sample(self.options, &line.key, &known)?;
                        self.items.push(item);
                        self.at += 1;
                        return Some(Ok(Flow::Go));
                    }
                    Ok(Expect::NeedMore) => return Some(Ok(Flow::More)),
                    Ok(Expect::Miss) => {}
                    Err(e) => return refuse(e),
                }
            }
            Some(Prediction::Meta { family, lines }) => {
                let before = cursor.consumed();
                let kinds = lines.iter().rev().map(|(_, item)| declared(item));
                let text: Vec<u8> = lines.iter().flat_map(|l| l.0.clone()).collect();
                let hit = cursor.expect_meta(&KnownMeta {
                    lines: &text,
                    family,
                    kind: kinds.flatten().next(),
                });
                if cursor.consumed() - before != if hit { text.len() } else { 0 } {
                    return None;
                }
                if hit {
                    self.items
                        .extend(lines.iter().map(|(_, item)| item.clone()));
                    self.at += 1;
                    return Some(Ok(Flow::Go));
                }
            }
            None => {}
        }
        let mut recognised = None;
        match cursor.scan_key() {
            Ok(Scan::Key(key)) => recognised = self.known.get(key).copied(),
            Ok(Scan::NeedMore) => return Some(Ok(Flow::More)),
            Ok(Scan::Other) => {}
            Err(e) => return refuse(e),
        }
        if let Some(key) = recognised {
            let is_it = |p| key_of(p) == Some(key);
            self.at = self.predicted.iter().position(is_it)? + 1;
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

fn key_of(prediction: &Prediction) -> Option<&[u8]> {
    match prediction {
        Prediction::Series(line) => Some(&line.key),
        Prediction::Meta { .. } => None,
    }
}

fn declared(item: &Item) -> Option<MetricType> {
    match item {
        Item::Type(_, kind) => Some(*kind),
        _ => None,
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
    Some(Item::Sample(Sample {
        key: key.to_vec(),
        labels,
        value: value.to_bits(),
        timestamp: known.timestamp,
        start_timestamp: known.start_timestamp,
        exemplar: exemplar(known.exemplars),
    }))
}
