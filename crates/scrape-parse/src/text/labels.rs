//! Label sets: `{…}` of series and exemplars, and quoted names.

use super::lexer::{Input, Lex, Stop, bad, starts_label};
use crate::ErrorClass::{Equal, LabelName, LabelValue, Limit, NameDup, NameUnset, Sep, Utf8};
use crate::labels::LabelSpan;
use crate::parser::Limits;
use crate::scan;
use alloc::vec::Vec;

/// A token between quotes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quoted {
    /// Index past the closing quote.
    pub(crate) next: usize,
    pub(crate) escaped: bool,
}

/// Receives the items of a label set.
pub(crate) trait Spans {
    /// One item, offsets relative to the start of the key.
    fn item(&mut self, span: LabelSpan);
}

impl Spans for Vec<LabelSpan> {
    #[inline]
    fn item(&mut self, span: LabelSpan) {
        self.push(span);
    }
}

/// For label sets that are only validated.
pub(crate) struct Discard;

impl Spans for Discard {
    #[inline]
    fn item(&mut self, _: LabelSpan) {}
}

impl<F: FnMut(LabelSpan)> Spans for F {
    fn item(&mut self, span: LabelSpan) {
        self(span);
    }
}

/// Where a label set stands, which decides what it may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// After a bare metric name: a second name is an error.
    Named,
    /// Without a name before it: one item has to be a quoted name.
    Unnamed,
    /// Of an exemplar: no name at all.
    Exemplar,
}

/// A quoted name that opens at `open`. Line feeds may stand in it (a historic accident that bodies may rely
/// on), except in exemplars; NUL may not.
pub(crate) fn quoted_name(
    input: Input<'_>,
    open: usize,
    line_feeds: bool,
    class: crate::ErrorClass,
) -> Lex<Quoted> {
    let mut escaped = false;
    let mut i = open + 1;
    loop {
        i = scan::quoted(input.buf, i).0;
        match input.buf.get(i) {
            None => return input.unterminated(class, "the quoted name is not closed", open),
            Some(b'"') => {
                return Ok(Quoted {
                    next: i + 1,
                    escaped,
                });
            }
            Some(b'\\') => {
                escaped = true;
                match input.buf.get(i + 1) {
                    None => {
                        return input.unterminated(class, "the quoted name is not closed", open);
                    }
                    Some(b'\n') => return bad(class, "a line break cannot be escaped", i),
                    Some(0) => return bad(class, "a NUL byte cannot stand in a name", i + 1),
                    Some(_) => i += 2,
                }
            }
            Some(b'\n') if line_feeds => i += 1,
            Some(b'\n') => return bad(class, "a line break cannot stand in this name", i),
            Some(_) => return bad(class, "a NUL byte cannot stand in a name", i),
        }
    }
}

/// A label value that opens at `open`, checked to be UTF-8.
fn label_value<const OM: bool>(input: Input<'_>, open: usize, exemplar: bool) -> Lex<Quoted> {
    let mut escaped = false;
    let mut ascii = true;
    let mut i = open + 1;
    let next = loop {
        let (stop, stretch_ascii) = scan::quoted(input.buf, i);
        ascii &= stretch_ascii;
        i = stop;
        match input.buf.get(i) {
            None => return input.unterminated(LabelValue, "the label value is not closed", open),
            Some(b'"') => break i + 1,
            Some(b'\\') => {
                escaped = true;
                i += 1;
                // A backslash reaches over NUL bytes to what it escapes.
                while !exemplar && input.buf.get(i) == Some(&0) {
                    i += 1;
                }
                match input.buf.get(i) {
                    None => {
                        return input.unterminated(
                            LabelValue,
                            "the label value is not closed",
                            open,
                        );
                    }
                    Some(b'\n') => return bad(LabelValue, "a line break cannot be escaped", i),
                    Some(0) => return bad(LabelValue, "a NUL byte cannot stand in an exemplar", i),
                    Some(b) => {
                        ascii &= b.is_ascii();
                        i += 1;
                    }
                }
            }
            Some(b'\n') if OM => {
                return bad(LabelValue, "a line break cannot stand in a label value", i);
            }
            Some(0) if exemplar => {
                return bad(LabelValue, "a NUL byte cannot stand in an exemplar", i);
            }
            Some(_) => i += 1,
        }
    };
    if !ascii && let Err(e) = core::str::from_utf8(input.slice(open + 1, next - 1)) {
        return bad(
            Utf8,
            "a label value must be UTF-8",
            open + 1 + e.valid_up_to(),
        );
    }
    Ok(Quoted { next, escaped })
}

#[inline]
fn relative(start: usize, from: usize, to: usize) -> Lex<(u32, u32)> {
    match (u32::try_from(from - start), u32::try_from(to - start)) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        _ => bad(Limit, "a series longer than 4 GiB", start),
    }
}

#[cold]
fn too_long<T>(what: &'static str, at: usize, limit: usize) -> Lex<T> {
    bad(Limit, what, at + limit)
}

/// The items of a label set whose `{` is the byte before `i`; answers the index past its `}`. Offsets handed to
/// `spans` count from `start`.
pub(crate) fn label_set<const OM: bool>(
    input: Input<'_>,
    start: usize,
    mut i: usize,
    place: Place,
    limits: &Limits,
    spans: &mut impl Spans,
) -> Lex<usize> {
    let open = i - 1;
    let mut named = place != Place::Unnamed;
    loop {
        if !OM {
            i = input.skip_blanks(i);
        }
        let item = i;
        if let Some((name_end, value_end)) = plain_label(input.buf, i, limits) {
            spans.item(LabelSpan {
                name: relative(start, i, name_end)?,
                value: relative(start, name_end + 2, value_end)?,
                name_escaped: false,
                value_escaped: false,
            });
            i = separator::<OM>(input, value_end + 1)?;
            continue;
        }
        let quoted = match input.byte(i)? {
            Some(b'}') => {
                if !named {
                    return bad(NameUnset, "the series has no metric name", open);
                }
                return Ok(i + 1);
            }
            Some(b'"') => Some(quoted_name(
                input,
                i,
                !(OM && place == Place::Exemplar),
                LabelName,
            )?),
            Some(b) if starts_label(b) => None,
            _ => return bad(LabelName, "expected a label name or `}`", i),
        };
        let name = match quoted {
            Some(q) => {
                i = q.next;
                (item + 1, q.next - 1)
            }
            None => {
                i = scan::label_name_end(input.buf, i + 1);
                (item, i)
            }
        };
        if limits.name != 0 && name.1 - name.0 > limits.name {
            return too_long(
                "the label name is longer than the limit",
                name.0,
                limits.name,
            );
        }
        if !OM {
            i = input.skip_blanks(i);
        }
        match input.byte(i)? {
            Some(b'=') => i += 1,
            Some(b',' | b'}') if quoted.is_some() => {
                if place == Place::Exemplar {
                    return bad(LabelName, "an exemplar has no metric name", item);
                }
                if named {
                    return bad(NameDup, "the series has a second metric name", item);
                }
                named = true;
                spans.item(LabelSpan {
                    name: LabelSpan::NO_NAME,
                    value: relative(start, name.0, name.1)?,
                    name_escaped: false,
                    value_escaped: quoted.is_some_and(|q| q.escaped),
                });
                if input.byte(i)? == Some(b',') {
                    i += 1;
                }
                continue;
            }
            _ => return bad(Equal, "expected `=` after the label name", i),
        }
        if !OM {
            i = input.skip_blanks(i);
        }
        if input.byte(i)? != Some(b'"') {
            return bad(LabelValue, "expected a label value in double quotes", i);
        }
        let open_value = i;
        let value = label_value::<OM>(input, i, place == Place::Exemplar)?;
        i = value.next;
        if limits.value != 0 && i - 2 - open_value > limits.value {
            return too_long(
                "the label value is longer than the limit",
                open_value + 1,
                limits.value,
            );
        }
        spans.item(LabelSpan {
            name: relative(start, name.0, name.1)?,
            value: relative(start, open_value + 1, i - 1)?,
            name_escaped: quoted.is_some_and(|q| q.escaped),
            value_escaped: value.escaped,
        });
        i = separator::<OM>(input, i)?;
    }
}

/// What stands between two items, from the end of the first: one comma, which the text format does not ask for.
#[inline(always)]
fn separator<const OM: bool>(input: Input<'_>, i: usize) -> Lex<usize> {
    match input.buf.get(i) {
        Some(b',') => return Ok(i + 1),
        Some(b'}') => return Ok(i),
        _ => {}
    }
    if OM {
        input.byte(i)?;
        return bad(Sep, "expected `,` or `}`", i);
    }
    let i = input.skip_blanks(i);
    Ok(if input.byte(i)? == Some(b',') {
        i + 1
    } else {
        i
    })
}

/// A label as nearly all are written: a bare name, `=`, a quoted value without escapes, all of it ASCII and in the
/// piece. Answers the end of the name and the end of the value; what is anything else is left to the full grammar.
#[inline(always)]
pub(crate) fn plain_label(buf: &[u8], i: usize, limits: &Limits) -> Option<(usize, usize)> {
    if !starts_label(*buf.get(i)?) {
        return None;
    }
    let name_end = scan::label_name_end(buf, i + 1);
    if buf.get(name_end..name_end + 2) != Some(b"=\"") {
        return None;
    }
    let (value_end, ascii) = scan::quoted(buf, name_end + 2);
    let plain = ascii
        && buf.get(value_end) == Some(&b'"')
        && (limits.name == 0 || name_end - i <= limits.name)
        && (limits.value == 0 || value_end - name_end - 2 <= limits.value);
    plain.then_some((name_end, value_end))
}

/// The key of a series at `start`: a bare name, a name with a label set, or a label set holding the name.
/// Answers the index past it. The caller has checked nothing; a byte that cannot start a series is `Start`.
#[inline]
pub(crate) fn series_key<const OM: bool>(
    input: Input<'_>,
    start: usize,
    limits: &Limits,
    spans: &mut impl Spans,
) -> Lex<usize> {
    let name = if OM { start } else { input.skip_blanks(start) };
    match input.byte(name)? {
        Some(b'{') => label_set::<OM>(input, start, name + 1, Place::Unnamed, limits, spans),
        Some(b) if super::lexer::starts_name(b) => {
            let end = scan::metric_name_end(input.buf, name + 1);
            if end == input.buf.len() && !input.end {
                return Err(Stop::More);
            }
            if limits.name != 0 && end - name > limits.name {
                return too_long(
                    "the metric name is longer than the limit",
                    name,
                    limits.name,
                );
            }
            spans.item(LabelSpan {
                name: LabelSpan::NO_NAME,
                value: relative(start, name, end)?,
                name_escaped: false,
                value_escaped: false,
            });
            let brace = if OM { end } else { input.skip_blanks(end) };
            if input.byte(brace)? == Some(b'{') {
                label_set::<OM>(input, start, brace + 1, Place::Named, limits, spans)
            } else {
                Ok(end)
            }
        }
        _ => bad(crate::ErrorClass::Start, "this cannot start a line", name),
    }
}
