//! Metadata lines and comments.

use super::RawLine;
use super::labels::quoted_name;
use super::lexer::{Input, Lex, Stop, bad, starts_name};
use crate::ErrorClass::{Limit, MetaName, MetaText, NoEof, Start, Type, Unit, Utf8};
use crate::MetricType;
use crate::parser::Limits;
use crate::scan;

/// A line that starts with `#`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Meta<'p> {
    /// Metadata or comment, and the index past its line feed.
    Line(RawLine<'p>, usize),
    /// `# EOF` and the index past it, line feed included.
    Eof(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keyword {
    Help,
    Type,
    Unit,
}

/// A family name as written, quotes excluded.
#[derive(Debug, Clone, Copy)]
struct Family<'p> {
    name: &'p [u8],
    escaped: bool,
    next: usize,
}

#[inline]
fn family<'p>(input: Input<'p>, i: usize, limits: &Limits) -> Lex<Family<'p>> {
    let family = match input.byte(i)? {
        Some(b'"') => {
            let quoted = quoted_name(input, i, true, MetaName)?;
            Family {
                name: input.slice(i + 1, quoted.next - 1),
                escaped: quoted.escaped,
                next: quoted.next,
            }
        }
        Some(b) if starts_name(b) => {
            let next = scan::metric_name_end(input.buf, i + 1);
            if next == input.buf.len() && !input.end {
                return Err(Stop::More);
            }
            Family {
                name: input.slice(i, next),
                escaped: false,
                next,
            }
        }
        _ => return bad(MetaName, "expected a metric name", i),
    };
    if limits.name != 0 && family.name.len() > limits.name {
        return bad(
            Limit,
            "the metric name is longer than the limit",
            i + limits.name,
        );
    }
    Ok(family)
}

/// Index of the line feed that ends the line; the end of the body counts as one.
fn line_end(input: Input<'_>, from: usize) -> Lex<usize> {
    match memchr::memchr(b'\n', input.buf.get(from..).unwrap_or_default()) {
        Some(at) => Ok(from + at),
        None if input.end => Ok(input.buf.len()),
        None => Err(Stop::More),
    }
}

fn utf8<'p>(input: Input<'p>, from: usize, to: usize) -> Lex<&'p str> {
    match core::str::from_utf8(input.slice(from, to)) {
        Ok(text) => Ok(text),
        Err(e) => bad(Utf8, "this text must be UTF-8", from + e.valid_up_to()),
    }
}

/// A `#` line of the text format; `hash` is the index of the `#`.
#[inline]
pub(crate) fn text_line<'p>(input: Input<'p>, hash: usize, limits: &Limits) -> Lex<Meta<'p>> {
    let word = input.skip_blanks(hash + 1);
    let keyword = if word > hash + 1 {
        text_keyword(input, word)?
    } else {
        None
    };
    let Some(keyword) = keyword else {
        let end = line_end(input, hash)?;
        return Ok(Meta::Line(
            RawLine::Comment(input.slice(hash, end)),
            end + 1,
        ));
    };
    let family = family(input, input.skip_blanks(word + 4), limits)?;
    if input.byte(family.next)? == Some(0) {
        return bad(
            MetaText,
            "a NUL byte cannot follow the metric name",
            family.next,
        );
    }
    let end = line_end(input, family.next)?;
    // The separator is dropped blindly, whatever it is.
    let mut from = end.min(family.next + 1);
    if input.skip_blanks(family.next) >= end {
        from = end;
    }
    let line = match keyword {
        Keyword::Help => {
            let text = utf8(input, from, end)?;
            RawLine::Help {
                family: family.name,
                family_escaped: family.escaped,
                text,
            }
        }
        Keyword::Type | Keyword::Unit => {
            let kind = match input.slice(from, end) {
                b"counter" => MetricType::Counter,
                b"gauge" => MetricType::Gauge,
                b"histogram" => MetricType::Histogram,
                b"summary" => MetricType::Summary,
                b"untyped" => MetricType::Unknown,
                _ => {
                    return bad(
                        Type,
                        "expected counter, gauge, histogram, summary or untyped",
                        from,
                    );
                }
            };
            RawLine::Type {
                family: family.name,
                family_escaped: family.escaped,
                kind,
            }
        }
    };
    Ok(Meta::Line(line, end + 1))
}

/// `HELP` or `TYPE` with a blank after it.
fn text_keyword(input: Input<'_>, word: usize) -> Lex<Option<Keyword>> {
    for (text, keyword) in [(b"HELP", Keyword::Help), (b"TYPE", Keyword::Type)] {
        if starts_with(input, word, text)? {
            return Ok(matches!(input.byte(word + 4)?, Some(b' ' | b'\t')).then_some(keyword));
        }
    }
    Ok(None)
}

fn starts_with(input: Input<'_>, from: usize, text: &[u8]) -> Lex<bool> {
    for (k, &b) in text.iter().enumerate() {
        if input.byte(from + k)? != Some(b) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A `#` line of OpenMetrics at `hash`.
pub(crate) fn om_line<'p>(input: Input<'p>, hash: usize, limits: &Limits) -> Lex<Meta<'p>> {
    if starts_with(input, hash, b"# EOF")? {
        let next = hash + 5;
        return Ok(Meta::Eof(if input.byte(next)? == Some(b'\n') {
            next + 1
        } else {
            next
        }));
    }
    let mut keyword = None;
    for (text, k) in [
        (b"# HELP ", Keyword::Help),
        (b"# TYPE ", Keyword::Type),
        (b"# UNIT ", Keyword::Unit),
    ] {
        if keyword.is_none() && starts_with(input, hash, text)? {
            keyword = Some(k);
        }
    }
    let Some(keyword) = keyword else {
        return bad(
            Start,
            "expected `# HELP `, `# TYPE `, `# UNIT ` or `# EOF`; OpenMetrics has no comments",
            hash,
        );
    };
    let family = family(input, hash + 7, limits)?;
    if input.byte(family.next)? != Some(b' ') {
        return bad(
            MetaText,
            "expected a blank and a text after the metric name",
            family.next,
        );
    }
    let from = family.next + 1;
    let end = line_end(input, from)?;
    let (name, family_escaped) = (family.name, family.escaped);
    let line = match keyword {
        Keyword::Help => RawLine::Help {
            family: name,
            family_escaped,
            text: utf8(input, from, end)?,
        },
        Keyword::Type => {
            let Some(kind) = MetricType::from_openmetrics(input.slice(from, end)) else {
                return bad(Type, "unknown metric type", from);
            };
            RawLine::Type {
                family: name,
                family_escaped,
                kind,
            }
        }
        Keyword::Unit => {
            let unit = utf8(input, from, end)?;
            let suffix = name.strip_suffix(unit.as_bytes());
            if !unit.is_empty() && suffix.and_then(<[u8]>::last) != Some(&b'_') {
                return bad(Unit, "the unit is not a suffix of the metric name", from);
            }
            RawLine::Unit {
                family: name,
                family_escaped,
                unit,
            }
        }
    };
    if end == input.buf.len() {
        return bad(NoEof, "the body ends without `# EOF`", end);
    }
    Ok(Meta::Line(line, end + 1))
}
