//! Names and label sets. A quoted name stands first in its set or nowhere; names are not empty, and everything
//! quoted is UTF-8.

use super::{Parsed, bad};
use crate::ErrorClass::{
    Equal, LabelName, LabelValue, Limit, NameDup, NameUnset, Sep, Start, Utf8,
};
use crate::labels::LabelSpan;
use crate::parser::Limits;
use crate::{ErrorClass, scan};

/// A token between quotes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quoted {
    /// Index past the closing quote.
    pub(super) next: usize,
    pub(super) escaped: bool,
}

/// The string that opens at `open`; a line has no line feed, so none is met.
#[inline]
pub(super) fn quoted(line: &[u8], open: usize, class: ErrorClass) -> Parsed<Quoted> {
    let (mut escaped, mut ascii) = (false, true);
    let mut i = open + 1;
    let next = loop {
        let (stop, plain) = scan::quoted(line, i);
        ascii &= plain;
        match line.get(stop) {
            Some(b'"') => break stop + 1,
            Some(b'\\') => {
                escaped = true;
                ascii &= line.get(stop + 1).is_some_and(u8::is_ascii);
                i = stop + 2;
            }
            // NUL is a character like any other.
            Some(_) => i = stop + 1,
            None => return bad(class, "the string is not closed", open),
        }
    };
    if !ascii && let Err(e) = core::str::from_utf8(line.get(open + 1..next - 1).unwrap_or_default())
    {
        return bad(Utf8, "a string must be UTF-8", open + 1 + e.valid_up_to());
    }
    Ok(Quoted { next, escaped })
}

/// Where a label set stands, which decides what it may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// After a bare metric name.
    Named,
    /// Without a name before it: the first item has to be one.
    Unnamed,
    /// Of an exemplar.
    Exemplar,
}

/// The items of a label set whose `{` is the byte before `i`; answers the index past its `}`.
pub(super) fn label_set(
    line: &[u8],
    mut i: usize,
    place: Place,
    limits: &Limits,
    mut item: impl FnMut(LabelSpan),
) -> Parsed<usize> {
    let open = i - 1;
    let mut named = place != Place::Unnamed;
    let mut first = true;
    loop {
        let start = i;
        let (name, next, escaped, is_quoted) = match line.get(i) {
            Some(b'}') if named => return Ok(i + 1),
            Some(b'}') => return bad(NameUnset, "the series has no metric name", open),
            Some(b'"') => {
                let q = quoted(line, i, LabelName)?;
                ((i + 1, q.next - 1), q.next, q.escaped, true)
            }
            Some(b) if b.is_ascii_alphabetic() || *b == b'_' => {
                let end = scan::label_name_end(line, i + 1);
                ((i, end), end, false, false)
            }
            _ => return bad(LabelName, "expected a label name or `}`", i),
        };
        if limits.name != 0 && name.1 - name.0 > limits.name {
            let message = "the name is longer than the limit";
            return bad(Limit, message, name.0 + limits.name);
        }
        match line.get(next) {
            Some(b'=') => {}
            Some(b @ (b',' | b'}')) if is_quoted => {
                if place == Place::Exemplar {
                    return bad(LabelName, "an exemplar has no metric name", start);
                }
                if named {
                    return bad(NameDup, "the series has a second metric name", start);
                }
                if !first {
                    let message = "expected `=`: the metric name has to be the first item";
                    return bad(Equal, message, next);
                }
                if name.0 == name.1 {
                    return bad(NameUnset, "the metric name is empty", start);
                }
                named = true;
                first = false;
                item(span(LabelSpan::NO_NAME, place_of(name), false, escaped));
                i = next + usize::from(*b == b',');
                continue;
            }
            _ => return bad(Equal, "expected `=` after the label name", next),
        }
        if name.0 == name.1 {
            return bad(LabelName, "the label name is empty", start);
        }
        let open_value = next + 1;
        if line.get(open_value) != Some(&b'"') {
            let message = "expected a label value in double quotes";
            return bad(LabelValue, message, open_value);
        }
        let value = quoted(line, open_value, LabelValue)?;
        let text = (open_value + 1, value.next - 1);
        if limits.value != 0 && text.1 - text.0 > limits.value {
            let message = "the label value is longer than the limit";
            return bad(Limit, message, text.0 + limits.value);
        }
        item(span(place_of(name), place_of(text), escaped, value.escaped));
        first = false;
        i = match line.get(value.next) {
            Some(b',') => value.next + 1,
            Some(b'}') => value.next,
            _ => return bad(Sep, "expected `,` or `}`", value.next),
        };
    }
}

fn span(name: (u32, u32), value: (u32, u32), name_escaped: bool, value_escaped: bool) -> LabelSpan {
    LabelSpan {
        name,
        value,
        name_escaped,
        value_escaped,
    }
}

/// A line is shorter than 4 GiB, see [`super::line::parse`].
fn place_of((from, to): (usize, usize)) -> (u32, u32) {
    (from as u32, to as u32)
}

/// The key of a line: where it ends, and the name in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) end: usize,
    pub(super) name: (usize, usize),
    pub(super) escaped: bool,
}

/// A bare name, a name with a label set, or a label set that begins with the name.
#[inline]
pub(super) fn head(line: &[u8], limits: &Limits, mut item: impl FnMut(LabelSpan)) -> Parsed<Head> {
    match line.first() {
        Some(b'{') => {
            let mut name = ((0, 0), false);
            let end = label_set(line, 1, Place::Unnamed, limits, |span| {
                if span.name == LabelSpan::NO_NAME {
                    name = (span.value, span.value_escaped);
                }
                item(span);
            })?;
            let ((from, to), escaped) = name;
            Ok(Head {
                end,
                name: (from as usize, to as usize),
                escaped,
            })
        }
        Some(b) if b.is_ascii_alphabetic() || matches!(b, b'_' | b':') => {
            let end = scan::metric_name_end(line, 1);
            if limits.name != 0 && end > limits.name {
                let message = "the name is longer than the limit";
                return bad(Limit, message, limits.name);
            }
            item(span(LabelSpan::NO_NAME, place_of((0, end)), false, false));
            let key_end = if line.get(end) == Some(&b'{') {
                label_set(line, end + 1, Place::Named, limits, item)?
            } else {
                end
            };
            Ok(Head {
                end: key_end,
                name: (0, end),
                escaped: false,
            })
        }
        _ => bad(Start, "a line cannot start with this", 0),
    }
}
