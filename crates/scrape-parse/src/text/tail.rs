//! What follows a key: value, timestamp, exemplar, end of line.

use super::labels::{Discard, Place, label_set, plain_label};
use super::lexer::{Input, Lex, bad};
use crate::ErrorClass::{Float, NoEof, Trail, Ts, Value};
use crate::number::{Parsed, parse_number, scan_number};
use crate::parser::Limits;

/// A sample without its key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tail<'p> {
    pub(crate) value: f64,
    pub(crate) value_text: &'p [u8],
    pub(crate) unchanged: bool,
    pub(crate) timestamp: Option<i64>,
    /// From `{` to the end of the line.
    pub(crate) exemplar: Option<&'p [u8]>,
    /// Index past the line feed.
    pub(crate) next: usize,
}

/// What the tail of a line may contain beyond the grammar, and how large it may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TailOptions {
    pub(crate) accept_negative_ts: bool,
    pub(crate) limits: Limits,
}

/// Texts that were accepted in this place before; empty where nothing is expected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'e> {
    /// Of the value.
    pub(crate) value: &'e [u8],
    /// Of the exemplar, from `{` to the end of the line.
    pub(crate) exemplar: &'e [u8],
}

impl Expected<'_> {
    pub(crate) const NOTHING: Self = Self {
        value: &[],
        exemplar: &[],
    };
}

/// The NaN of a value that was not parsed because its text is the expected one.
const UNSET: f64 = f64::NAN;

const NO_EOF: &str = "the body ends without `# EOF`";

/// Reads from the end of the key at `i` to the end of the line. If the text of the value is the expected one, the
/// number is not parsed; if that of the exemplar is, it is not validated.
#[inline]
pub(crate) fn tail<'p, const OM: bool>(
    input: Input<'p>,
    i: usize,
    expected: &Expected<'_>,
    options: &TailOptions,
) -> Lex<Tail<'p>> {
    if OM {
        om_tail(input, i, expected, options)
    } else {
        text_tail(input, i, expected, options)
    }
}

/// Index past the value token of the text format.
fn text_token_end(input: Input<'_>, mut i: usize) -> Lex<usize> {
    loop {
        match input.byte_or_lf(i)? {
            b'{' | b' ' | b'\t' | b'\n' | 0 => return Ok(i),
            _ => i += 1,
        }
    }
}

fn text_tail<'p>(
    input: Input<'p>,
    i: usize,
    expected: &Expected<'_>,
    options: &TailOptions,
) -> Lex<Tail<'p>> {
    let start = input.skip_blanks(i);
    let mut unchanged = false;
    let mut value = UNSET;
    let end;
    if is_expected(input, start, expected.value, |b| {
        matches!(b, None | Some(b' ' | b'\t' | b'\n' | b'{' | 0))
    }) {
        unchanged = true;
        end = start + expected.value.len();
    } else if let Some((number, past)) = quick_number(input, start) {
        value = number;
        end = past;
    } else {
        end = text_token_end(input, start)?;
        if end == start {
            return bad(Value, "expected a value", start);
        }
        value = number(input, start, end)?;
    }
    let mut tail = Tail {
        value,
        value_text: input.slice(start, end),
        unchanged,
        timestamp: None,
        exemplar: None,
        next: 0,
    };
    let after = input.skip_blanks(end);
    let mut at = after;
    match input.byte_or_lf(at)? {
        b'\n' => {
            tail.next = at + 1;
            return Ok(tail);
        }
        b'0'..=b'9' if after > end => {}
        b'-' if after > end && options.accept_negative_ts => at += 1,
        _ => {
            return bad(
                Trail,
                "expected a timestamp in milliseconds or the end of the line",
                after,
            );
        }
    }
    let digits = at;
    while input.byte_or_lf(at)?.is_ascii_digit() {
        at += 1;
    }
    if digits == at {
        return bad(
            Trail,
            "expected a timestamp in milliseconds or the end of the line",
            after,
        );
    }
    match integer(input.slice(after, at)) {
        Some(ms) => tail.timestamp = Some(ms),
        None => return bad(Ts, "the timestamp is out of range", after),
    }
    let at = input.skip_blanks(at);
    if input.byte_or_lf(at)? != b'\n' {
        return bad(
            Trail,
            "expected the end of the line after the timestamp",
            at,
        );
    }
    tail.next = at + 1;
    Ok(tail)
}

/// A decimal i64, `-` allowed.
fn integer(digits: &[u8]) -> Option<i64> {
    core::str::from_utf8(digits).ok()?.parse().ok()
}

/// Whether the token at `start` is `expected`, not just the beginning of a longer one.
#[inline(always)]
fn is_expected(
    input: Input<'_>,
    start: usize,
    expected: &[u8],
    ends: impl Fn(Option<u8>) -> bool,
) -> bool {
    let end = start + expected.len();
    !expected.is_empty()
        && input.buf.get(start..end) == Some(expected)
        && input.byte(end).is_ok_and(ends)
}

fn number(input: Input<'_>, start: usize, end: usize) -> Lex<f64> {
    match parse_number(input.slice(start, end)) {
        Parsed::Number(value) => Ok(value),
        Parsed::Malformed => bad(Float, "this is not a number", start),
        Parsed::OutOfRange => bad(Float, "the number is out of range", start),
    }
}

/// Index past a token of OpenMetrics that starts at `i`; empty if a blank or the end follows at once.
fn om_token_end(input: Input<'_>, mut i: usize) -> Lex<usize> {
    loop {
        match input.byte(i)? {
            None | Some(b' ' | b'\n' | 0) => return Ok(i),
            Some(_) => i += 1,
        }
    }
}

/// A plain number that starts at `i` and ends with a token's end; what is not is left to the full grammar.
#[inline(always)]
fn quick_number(input: Input<'_>, i: usize) -> Option<(f64, usize)> {
    let (number, len) = scan_number(input.buf.get(i..)?)?;
    let end = i + len;
    matches!(input.buf.get(end), Some(b' ' | b'\n')).then_some((number, end))
}

/// One blank and a value, from the blank at `i`; answers the value and the range of its token.
#[inline]
fn om_number(input: Input<'_>, i: usize) -> Lex<(f64, usize, usize)> {
    if input.buf.get(i) == Some(&b' ')
        && let Some((value, end)) = quick_number(input, i + 1)
    {
        return Ok((value, i + 1, end));
    }
    let (start, end) = om_value(input, i)?;
    Ok((number(input, start, end)?, start, end))
}

/// One blank and a value, from the blank at `i`; answers the token.
fn om_value(input: Input<'_>, i: usize) -> Lex<(usize, usize)> {
    if input.byte(i)? != Some(b' ') {
        return bad(Value, "expected one blank and a value", i);
    }
    let end = om_token_end(input, i + 1)?;
    if end == i + 1 {
        return bad(Value, "expected a value after one blank", end);
    }
    Ok((i + 1, end))
}

fn om_tail<'p>(
    input: Input<'p>,
    i: usize,
    expected: &Expected<'_>,
    options: &TailOptions,
) -> Lex<Tail<'p>> {
    let mut tail = Tail {
        value: UNSET,
        value_text: &[],
        unchanged: false,
        timestamp: None,
        exemplar: None,
        next: 0,
    };
    let end;
    if input.buf.get(i) == Some(&b' ')
        && is_expected(input, i + 1, expected.value, |b| {
            matches!(b, None | Some(b' ' | b'\n' | 0))
        })
    {
        end = i + 1 + expected.value.len();
        tail.unchanged = true;
        tail.value_text = input.slice(i + 1, end);
    } else {
        let start;
        (tail.value, start, end) = om_number(input, i)?;
        tail.value_text = input.slice(start, end);
    }
    let mut at = end;
    if input.byte(at)? == Some(b' ') && !opens_exemplar(input, at)? {
        let (ms, next) = om_timestamp(input, at)?;
        tail.timestamp = Some(ms);
        at = next;
    }
    match input.byte(at)? {
        Some(b'\n') => {}
        None => return bad(NoEof, NO_EOF, at),
        Some(b' ') if opens_exemplar(input, at)? => {
            let open = at + 3;
            at = if is_expected(input, open, expected.exemplar, |b| b == Some(b'\n')) {
                open + expected.exemplar.len()
            } else {
                exemplar(input, open, &options.limits)?.next
            };
            match input.byte(at)? {
                Some(b'\n') => {}
                None => return bad(NoEof, NO_EOF, at),
                Some(_) => {
                    return bad(Trail, "expected the end of the line after the exemplar", at);
                }
            }
            tail.exemplar = Some(input.slice(open, at));
        }
        Some(_) => {
            return bad(
                Trail,
                "expected a timestamp, an exemplar or the end of the line",
                at,
            );
        }
    }
    tail.next = at + 1;
    Ok(tail)
}

/// Whether ` # {` stands at `i`.
fn opens_exemplar(input: Input<'_>, i: usize) -> Lex<bool> {
    for (k, &b) in b" # {".iter().enumerate() {
        if input.byte(i + k)? != Some(b) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A blank and a timestamp in seconds; answers milliseconds and the index past it.
fn om_timestamp(input: Input<'_>, i: usize) -> Lex<(i64, usize)> {
    if let Some((seconds, end)) = quick_number(input, i + 1) {
        return Ok((millis(seconds), end));
    }
    let end = om_token_end(input, i + 1)?;
    if end == i + 1 {
        return bad(
            Trail,
            "expected a timestamp, an exemplar or the end of the line",
            i,
        );
    }
    let seconds = number(input, i + 1, end)?;
    if !seconds.is_finite() {
        return bad(Ts, "the timestamp is not finite", i + 1);
    }
    Ok((millis(seconds), end))
}

/// Seconds to milliseconds, truncated towards zero, saturating.
pub(crate) fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}

/// A validated exemplar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExemplarParts {
    /// Index past the `}`.
    pub(crate) labels_end: usize,
    pub(crate) value: f64,
    pub(crate) timestamp: Option<i64>,
    pub(crate) next: usize,
}

/// An exemplar from its `{` at `open`, up to what should be the end of the line.
pub(crate) fn exemplar(input: Input<'_>, open: usize, limits: &Limits) -> Lex<ExemplarParts> {
    if let Some(parts) = plain_exemplar(input, open, limits) {
        return Ok(parts);
    }
    let labels_end =
        label_set::<true>(input, open, open + 1, Place::Exemplar, limits, &mut Discard)?;
    let (value, _, end) = om_number(input, labels_end)?;
    let mut parts = ExemplarParts {
        labels_end,
        value,
        timestamp: None,
        next: end,
    };
    if input.byte(end)? == Some(b' ') {
        let (ms, next) = om_timestamp(input, end)?;
        parts.timestamp = Some(ms);
        parts.next = next;
    }
    Ok(parts)
}

/// An exemplar as nearly all are written, in one pass: plain labels, one blank before each of one or two plain
/// numbers, the end of the line, all of it in the piece. What is anything else is left to the full grammar.
#[inline(always)]
pub(crate) fn plain_exemplar(
    input: Input<'_>,
    open: usize,
    limits: &Limits,
) -> Option<ExemplarParts> {
    let buf = input.buf;
    let line_ends = |i| buf.get(i).map_or(input.end, |&b| b == b'\n');
    if buf.get(open) != Some(&b'{') {
        return None;
    }
    let mut item = open + 1;
    let labels_end = loop {
        let (_, value_end) = plain_label(buf, item, limits)?;
        match buf.get(value_end + 1)? {
            b'}' => break value_end + 2,
            b',' => item = value_end + 2,
            _ => return None,
        }
    };
    let (value, end) = blank_and_number(buf, labels_end)?;
    if line_ends(end) {
        return Some(ExemplarParts {
            labels_end,
            value,
            timestamp: None,
            next: end,
        });
    }
    let (seconds, end) = blank_and_number(buf, end)?;
    line_ends(end).then_some(ExemplarParts {
        labels_end,
        value,
        timestamp: Some(millis(seconds)),
        next: end,
    })
}

/// One blank at `i` and a plain number; answers the number and the index past it.
#[inline(always)]
fn blank_and_number(buf: &[u8], i: usize) -> Option<(f64, usize)> {
    if buf.get(i) != Some(&b' ') {
        return None;
    }
    let (number, len) = scan_number(buf.get(i + 1..)?)?;
    Some((number, i + 1 + len))
}
