//! One whole line.

use super::labels::{Head, head};
use super::meta::{meta, unitless};
use super::tail::{number, tail, token_end};
use super::{Entry, Name, Parsed, State, bad};
use crate::ErrorClass::{Float, LabelName, Limit, NoEof, Start, Value};
use crate::MetricType::{Counter, GaugeHistogram, Histogram, Info, StateSet, Summary};
use crate::labels::LabelSpan;
use crate::parser::Cursor;
use crate::unescape::unescape_label;
use crate::{MetricType, ParserOptions};
use alloc::borrow::Cow;

/// Parses the line at the cursor, which ends with a line feed if it is `terminated`. `None` if it yields nothing
/// by itself: it says nothing, or it holds a composite value, whose events come from [`State::step`].
pub(super) fn parse<'p>(
    cursor: &mut Cursor<'p>,
    line: &'p [u8],
    terminated: bool,
) -> Parsed<Option<Entry<'p>>> {
    if u32::try_from(line.len()).is_err() {
        return bad(Limit, "a line longer than 4 GiB", 0);
    }
    match line.first() {
        Some(b'#') => metadata(cursor, line, terminated),
        Some(_) => sample(cursor, line, terminated),
        None if terminated => bad(Start, "a line cannot be empty", 0),
        None => no_eof(line),
    }
}

fn no_eof<T>(line: &[u8]) -> Parsed<T> {
    bad(NoEof, "the body ends without `# EOF`", line.len())
}

fn metadata<'p>(
    cursor: &mut Cursor<'p>,
    line: &'p [u8],
    terminated: bool,
) -> Parsed<Option<Entry<'p>>> {
    let found = meta(line, &cursor.parser.options.limits)?;
    let state = &mut cursor.parser.om2;
    let same = state.is_family(found.family);
    let (mut kind, mut has_unit) = if same {
        (state.kind, state.has_unit)
    } else {
        (MetricType::Unknown, false)
    };
    match found.entry {
        Entry::Type { kind: declared, .. } => kind = declared,
        Entry::Unit { .. } => has_unit |= !found.absent,
        _ => {}
    }
    if matches!(kind, Info | StateSet) && has_unit {
        return unitless(found.text);
    }
    if !terminated {
        return no_eof(line);
    }
    cursor.pos += line.len() + 1;
    if found.absent {
        return Ok(None);
    }
    if !same {
        state.adopt(found.family);
    }
    (state.kind, state.has_unit) = (kind, has_unit);
    Ok(Some(found.entry))
}

fn sample<'p>(
    cursor: &mut Cursor<'p>,
    line: &'p [u8],
    terminated: bool,
) -> Parsed<Option<Entry<'p>>> {
    let parser = &mut *cursor.parser;
    let options: &ParserOptions = &parser.options;
    let spans = &mut parser.spans;
    let state = &mut parser.om2;
    spans.clear();
    let head = head(line, &options.limits, |span| spans.push(span))?;
    let family = Name {
        text: line.get(head.name.0..head.name.1).unwrap_or_default(),
        escaped: head.escaped,
    };
    if !state.is_family(family) {
        // Type and unit end with their family, which those who follow the metadata have to be told.
        state.adopt(family);
        let declared = state.kind != MetricType::Unknown || state.has_unit;
        (state.kind, state.has_unit) = (MetricType::Unknown, false);
        if declared {
            let kind = MetricType::Unknown;
            return Ok(Some(Entry::Type { family, kind }));
        }
    }
    if line.get(head.end) != Some(&b' ') {
        return bad(Value, "expected one blank and a value", head.end);
    }
    let at = head.end + 1;
    let is_composite = line.get(at) == Some(&b'{');
    let wants_composite = matches!(state.kind, Histogram | GaugeHistogram | Summary);
    if token_end(line, at) == at {
        return bad(Value, "expected a value after one blank", at);
    }
    if is_composite != wants_composite {
        let message = if wants_composite {
            "a sample of this type has a composite value"
        } else {
            "a composite value takes the type histogram, gaugehistogram or summary"
        };
        return bad(Value, message, at);
    }
    let (value, end) = if is_composite {
        (0.0, state.composite.read(line, at, state.kind)?)
    } else {
        number(line, at)?
    };
    state.fits(line, head, value, spans)?;
    state.exemplars.clear();
    let tail = tail(line, end, &options.limits, &mut state.exemplars)?;
    let start_timestamp = match options.start_timestamps {
        true => tail.start_timestamp.unwrap_or(0),
        false => 0,
    };
    let key = line.get(..head.end).unwrap_or_default();
    if is_composite {
        state.start(options)?;
    }
    if !terminated {
        return no_eof(line);
    }
    state.line_start = cursor.pos;
    if is_composite {
        state.key.start(key);
        state.timestamp = tail.timestamp;
        state.start_timestamp = start_timestamp;
        state.length = line.len() + 1;
        state.active = true;
        return Ok(None);
    }
    cursor.pos += line.len() + 1;
    Ok(Some(Entry::Sample {
        key,
        value,
        value_text: line.get(at..end).unwrap_or_default(),
        timestamp: tail.timestamp,
        start_timestamp,
    }))
}

impl State {
    /// Whether the last line belongs to this family. The unescaped name stays behind if it was made.
    fn is_family(&mut self, name: Name<'_>) -> bool {
        if !name.escaped {
            return name.text == self.family;
        }
        self.unescaped.clear();
        self.unescaped.extend(unescape_label(name.text));
        self.unescaped == self.family
    }

    /// Goes on to this family, which [`State::is_family`] was asked for.
    fn adopt(&mut self, name: Name<'_>) {
        let text = if name.escaped {
            &self.unescaped
        } else {
            name.text
        };
        self.family.clear();
        self.family.extend_from_slice(text);
    }

    /// What a type demands of its samples.
    fn fits(&self, line: &[u8], head: Head, value: f64, spans: &[LabelSpan]) -> Parsed<()> {
        let at = head.end + 1;
        match self.kind {
            Counter if value.is_nan() => bad(Float, "a counter cannot be NaN", at),
            Info if value != 1.0 => bad(Float, "the value of an info is 1", at),
            StateSet if value != 0.0 && value != 1.0 => {
                bad(Float, "the value of a state is 0 or 1", at)
            }
            StateSet => match label(line, spans, &self.family) {
                Some(_) => Ok(()),
                None => {
                    let message = "a state has a label with the name of the metric";
                    bad(LabelName, message, 0)
                }
            },
            Histogram | GaugeHistogram if !self.composite.pairs.is_empty() => {
                forbidden(line, spans, b"le")
            }
            Summary => forbidden(line, spans, b"quantile"),
            _ => Ok(()),
        }
    }
}

/// Where the label with this name is.
fn label(line: &[u8], spans: &[LabelSpan], name: &[u8]) -> Option<usize> {
    let is_it = |span: &&LabelSpan| {
        let (from, to) = span.name;
        let text = line.get(from as usize..to as usize).unwrap_or_default();
        let text = if span.name_escaped {
            Cow::Owned(unescape_label(text))
        } else {
            Cow::Borrowed(text)
        };
        span.name != LabelSpan::NO_NAME && *text == *name
    };
    spans.iter().find(is_it).map(|span| span.name.0 as usize)
}

/// The series of a composite value get this label.
fn forbidden(line: &[u8], spans: &[LabelSpan], name: &[u8]) -> Parsed<()> {
    match label(line, spans, name) {
        None => Ok(()),
        Some(at) => bad(LabelName, "this label is made from the composite value", at),
    }
}
