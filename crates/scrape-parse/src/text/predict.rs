//! The fast path: lines whose key the caller knows.
//!
//! Sound because where a token ends depends on its bytes and the byte after it only. A key that was once read
//! with the full grammar is read the same way whenever the same bytes stand at the start of a line, provided
//! that a bare name really ends there: the next byte must not continue the name, and no `{` may follow it.
//! What comes after the key is read in full, so malformed lines fail as they do on the full path.

use super::lexer::{Input, Lex, Stop, starts_name};
use super::start_ts::{self, Ahead};
use super::tail::{Expected, Tail, plain_exemplar, tail};
use crate::event::{Expect, Known, KnownMeta, Plain, PlainSample, Scan};
use crate::number::scan_number;
use crate::parser::Cursor;
use crate::{ErrorClass, Format, ParseError, scan};

/// Whether the bare name or label set that ends before `end` really ends there.
#[inline(always)]
fn key_ends<const OM: bool>(input: Input<'_>, last: u8, end: usize) -> Lex<bool> {
    if last == b'}' {
        return Ok(true);
    }
    match input.byte_or_lf(end)? {
        // The usual separator; one more byte tells that no label set follows.
        b' ' | b'\t' if !OM => Ok(input.byte_or_lf(input.skip_blanks(end))? != b'{'),
        b' ' => Ok(true),
        b => Ok(!(b == b'{' || b.is_ascii_digit() || starts_name(b))),
    }
}

/// The lane that nearly all lines of a scrape take: key, one blank, number, perhaps a plain exemplar, line feed,
/// with nothing to be looked up. Up to the number it means the same in both formats: a blank ends a bare name, and
/// a number is no `{`.
#[inline(always)]
pub(crate) fn plain<'p>(
    cursor: &mut Cursor<'p>,
    key: &[u8],
    expected: &[u8],
    expected_exemplar: &[u8],
) -> Plain<'p> {
    let input: &'p [u8] = cursor.input;
    let Some(line) = input.get(cursor.pos..) else {
        return Plain::Unclear;
    };
    let Some(tail) = line.strip_prefix(key) else {
        return if cursor.plain > 0 && line.len() >= key.len() {
            Plain::Miss
        } else {
            Plain::Unclear
        };
    };
    let [b' ', value_on @ ..] = tail else {
        return Plain::Unclear;
    };
    let mut value = f64::NAN;
    let mut len = expected.len();
    let unchanged = len > 0
        && value_on.starts_with(expected)
        && matches!(value_on.get(len), Some(b'\n' | b' '));
    if !unchanged {
        let Some((number, n)) = scan_number(value_on) else {
            return Plain::Unclear;
        };
        value = number;
        len = n;
    }
    let mut line_len = key.len() + 1 + len;
    let mut exemplar = None;
    if value_on.get(len) != Some(&b'\n') {
        let behind = value_on.get(len..).unwrap_or_default();
        let Some(text) = exemplar_behind(cursor, behind, expected_exemplar) else {
            return Plain::Unclear;
        };
        line_len += EXEMPLAR_MARK.len() + text.len();
        exemplar = Some(text);
    }
    if key.is_empty() || line_len > cursor.plain {
        return Plain::Unclear;
    }
    cursor.parser.retry_at = 0;
    cursor.pos += line_len + 1;
    Plain::Hit(PlainSample {
        value,
        value_text: value_on.get(..len).unwrap_or_default(),
        unchanged,
        exemplars: super::exemplars(exemplar, cursor.parser.options.raw_exemplars),
    })
}

/// What stands between a value and the `{` of its exemplar.
const EXEMPLAR_MARK: &[u8] = b" # ";

/// The text of the exemplar that is all there is between a value and the end of its line: the expected one, or a
/// plain one.
#[inline]
fn exemplar_behind<'p>(cursor: &Cursor<'_>, behind: &'p [u8], expected: &[u8]) -> Option<&'p [u8]> {
    let text = behind.strip_prefix(EXEMPLAR_MARK)?;
    let options = &cursor.parser.options;
    if options.format != Format::OpenMetrics {
        return None;
    }
    let mut len = expected.len();
    let same = len > 0 && text.starts_with(expected) && text.get(len) == Some(&b'\n');
    if !same {
        let input = Input {
            buf: text,
            end: false,
        };
        len = plain_exemplar(input, 0, &options.limits)?.next;
    }
    text.get(..len)
}

/// See [`Cursor::expect_meta`]. Sound as for series: where a line of metadata ends, and what it means, depends on
/// its bytes only, its line feed among them.
#[inline]
pub(crate) fn meta(cursor: &mut Cursor<'_>, known: &KnownMeta<'_>) -> bool {
    let lines = known.lines;
    let rest = cursor.input.get(cursor.pos..).unwrap_or_default();
    if lines.last() != Some(&b'\n') || !rest.starts_with(lines) {
        return false;
    }
    let parser = &mut *cursor.parser;
    let cap = parser.options.limits.line;
    // A histogram in conversion ends where metadata begins, and has to be yielded first.
    let may = parser.failed.is_none()
        && !parser.complete
        && !parser.nhcb.is_collecting()
        && matches!(parser.options.format, Format::Text | Format::OpenMetrics)
        && (cap == 0 || lines.len() <= cap);
    if !may {
        return false;
    }
    if let Some(kind) = known.kind {
        parser.declare(kind, known.family);
    }
    parser.retry_at = 0;
    cursor.pos += lines.len();
    true
}

/// See [`Cursor::expect`].
pub(crate) fn expect<'a, const OM: bool>(
    cursor: &'a mut Cursor<'_>,
    key: &[u8],
    expected: &Expected<'_>,
) -> Result<Expect<'a>, ParseError> {
    if !cursor.fast_lane() {
        return Ok(Expect::Miss);
    }
    if start_ts::active(cursor) {
        match start_ts::skip_created(cursor)? {
            Ahead::Ready => {}
            Ahead::NeedMore => return Ok(Expect::NeedMore),
        }
    }
    let input = Input {
        buf: cursor.input,
        end: cursor.end,
    };
    let rest = input.slice(cursor.pos, input.buf.len());
    let Some(last) = key.last().copied() else {
        return Ok(Expect::Miss);
    };
    if !rest.starts_with(key) {
        let cut = !cursor.end && key.starts_with(rest);
        return Ok(if cut { Expect::NeedMore } else { Expect::Miss });
    }
    let end = cursor.pos + key.len();
    match key_ends::<OM>(input, last, end) {
        Ok(true) => {}
        Ok(false) | Err(Stop::Bad(_)) => return Ok(Expect::Miss),
        Err(Stop::More | Stop::Ahead) => return Ok(Expect::NeedMore),
    }
    Ok(match known::<OM>(cursor, end, expected)? {
        Some(known) => Expect::Hit(known),
        None => Expect::NeedMore,
    })
}

/// Reads on from a key and consumes the line; `None` if the piece ends first.
#[inline]
fn known<'a, const OM: bool>(
    cursor: &'a mut Cursor<'_>,
    key_end: usize,
    expected: &Expected<'_>,
) -> Result<Option<Known<'a>>, ParseError> {
    let input = Input {
        buf: cursor.input,
        end: cursor.end,
    };
    let tail: Tail<'_> = match tail::<OM>(input, key_end, expected, &cursor.tail_options()) {
        Ok(tail) => tail,
        Err(Stop::More | Stop::Ahead) => {
            cursor.need_more()?;
            return Ok(None);
        }
        Err(Stop::Bad(fault)) => return Err(cursor.fault(fault)),
    };
    cursor.check_line(tail.next - 1)?;
    let key = input.slice(cursor.pos, key_end);
    let start_timestamp = match start_ts::lookup(cursor, key, tail.next, false) {
        Ok(st) => st,
        Err(Stop::More | Stop::Ahead) => {
            cursor.wait();
            return Ok(None);
        }
        Err(Stop::Bad(fault)) => return Err(cursor.fault(fault)),
    };
    cursor.parser.retry_at = 0;
    cursor.pos = tail.next.min(input.buf.len());
    Ok(Some(Known {
        value: tail.value,
        value_text: tail.value_text,
        unchanged: tail.unchanged,
        timestamp: tail.timestamp,
        start_timestamp,
        exemplars: super::exemplars(tail.exemplar, cursor.parser.options.raw_exemplars),
        context: cursor.context(),
    }))
}

/// The key of the line at `start` by its delimiters alone: `None` if the line has none.
pub(super) fn lazy_key<const OM: bool>(input: Input<'_>, start: usize) -> Lex<Option<usize>> {
    let name = if OM { start } else { input.skip_blanks(start) };
    match input.byte(name)? {
        Some(b'{') => braces(input, name + 1),
        Some(b) if starts_name(b) => {
            let end = scan::metric_name_end(input.buf, name + 1);
            let brace = if OM { end } else { input.skip_blanks(end) };
            if input.byte(brace)? == Some(b'{') {
                braces(input, brace + 1)
            } else {
                Ok(Some(end))
            }
        }
        _ => Ok(None),
    }
}

/// Index past the `}` outside quotes.
fn braces(input: Input<'_>, i: usize) -> Lex<Option<usize>> {
    let close = scan::label_set_end(input.buf, i);
    Ok((input.byte(close)? == Some(b'}')).then_some(close + 1))
}

/// See [`Cursor::scan_key`].
pub(crate) fn scan_key<'a, const OM: bool>(
    cursor: &'a mut Cursor<'_>,
) -> Result<Scan<'a>, ParseError> {
    if !cursor.fast_lane() {
        return Ok(Scan::Other);
    }
    if cursor.too_early() {
        return Ok(Scan::NeedMore);
    }
    if start_ts::active(cursor) {
        match start_ts::skip_created(cursor)? {
            Ahead::Ready => {}
            Ahead::NeedMore => return Ok(Scan::NeedMore),
        }
    }
    let input = Input {
        buf: cursor.input,
        end: cursor.end,
    };
    let end = match lazy_key::<OM>(input, cursor.pos) {
        Ok(Some(end)) => end,
        Ok(None) | Err(Stop::Bad(_)) => return Ok(Scan::Other),
        Err(Stop::More | Stop::Ahead) => {
            cursor.need_more()?;
            return Ok(Scan::NeedMore);
        }
    };
    // The tail of a line holds no line feed, so that one found here ends the line.
    let Some(next) = line_feed(input, end) else {
        cursor.need_more()?;
        return Ok(Scan::NeedMore);
    };
    if start_ts::active(cursor) && start_ts::ahead_of(cursor, next).is_err() {
        return Ok(Scan::NeedMore);
    }
    Ok(Scan::Key(input.slice(cursor.pos, end)))
}

/// Index past the next line feed, or past the body.
pub(super) fn line_feed(input: Input<'_>, from: usize) -> Option<usize> {
    match memchr::memchr(b'\n', input.buf.get(from..)?) {
        Some(at) => Some(from + at + 1),
        None if input.end => Some(input.buf.len() + 1),
        None => None,
    }
}

/// See [`Cursor::take_known`].
pub(crate) fn take_known<'a, const OM: bool>(
    cursor: &'a mut Cursor<'_>,
    key_len: usize,
) -> Result<Known<'a>, ParseError> {
    if let Some(error) = &cursor.parser.failed {
        return Err(ParseError::clone(error));
    }
    let key_end = (cursor.pos + key_len).min(cursor.input.len());
    match known::<OM>(cursor, key_end, &Expected::NOTHING)? {
        Some(known) => Ok(known),
        None => Err(ParseError::bare(
            ErrorClass::Value,
            "no complete line was scanned",
        )),
    }
}
