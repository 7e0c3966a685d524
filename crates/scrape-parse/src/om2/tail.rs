//! What follows a value: timestamp, start timestamp, exemplars. And the numbers.

use super::labels::{Place, label_set};
use super::{Parsed, bad};
use crate::ErrorClass::{Float, Trail, Ts, Value};
use crate::number::{Parsed as Number, parse_number, scan_number};
use crate::parser::Limits;
use alloc::vec::Vec;

/// A line without key and value.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tail {
    pub(super) timestamp: Option<i64>,
    pub(super) start_timestamp: Option<i64>,
}

/// A validated exemplar; places count from the start of the line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    /// Of its `{`.
    pub(super) open: u32,
    /// Past its `}`.
    pub(super) labels_end: u32,
    pub(super) value: f64,
    pub(super) timestamp: i64,
}

const EXPECTED: &str =
    "expected a timestamp, a start timestamp, an exemplar or the end of the line";
const EXEMPLAR: &[u8] = b" # {";
const START: &[u8] = b" st@";

/// Reads from the end of the value to the end of the line.
#[inline]
pub(super) fn tail(
    line: &[u8],
    mut at: usize,
    limits: &Limits,
    found: &mut Vec<Found>,
) -> Parsed<Tail> {
    let mut tail = Tail::default();
    if at == line.len() {
        return Ok(tail);
    }
    let opens = |at: usize, what: &[u8]| line.get(at..).is_some_and(|rest| rest.starts_with(what));
    if line.get(at) == Some(&b' ') && !opens(at, EXEMPLAR) && !opens(at, START) {
        if token_end(line, at + 1) == at + 1 {
            return bad(Trail, EXPECTED, at);
        }
        let (ms, end) = millis(line, at + 1)?;
        tail.timestamp = Some(ms);
        at = end;
    }
    if opens(at, START) {
        let (ms, end) = millis(line, at + START.len())?;
        tail.start_timestamp = Some(ms);
        at = end;
    }
    while opens(at, EXEMPLAR) {
        let open = at + 3;
        let labels_end = label_set(line, open + 1, Place::Exemplar, limits, |_| ())?;
        let (value, end) = value(line, labels_end)?;
        if line.get(end) != Some(&b' ') || opens(end, EXEMPLAR) {
            return bad(Ts, "an exemplar needs a timestamp", end);
        }
        let (timestamp, end) = millis(line, end + 1)?;
        found.push(Found {
            open: open as u32,
            labels_end: labels_end as u32,
            value,
            timestamp,
        });
        at = end;
    }
    if at < line.len() {
        return bad(Trail, EXPECTED, at);
    }
    Ok(tail)
}

/// Index past a token that starts at `i`.
pub(super) fn token_end(line: &[u8], i: usize) -> usize {
    let rest = line.get(i..).unwrap_or_default();
    memchr::memchr(b' ', rest).map_or(line.len(), |at| i + at)
}

/// One blank and a number, from the blank at `i`.
pub(super) fn value(line: &[u8], i: usize) -> Parsed<(f64, usize)> {
    if line.get(i) != Some(&b' ') {
        return bad(Value, "expected one blank and a value", i);
    }
    if matches!(line.get(i + 1), None | Some(b' ')) {
        return bad(Value, "expected a value after one blank", i + 1);
    }
    number(line, i + 1)
}

/// The number that is the token at `i`.
#[inline]
pub(super) fn number(line: &[u8], i: usize) -> Parsed<(f64, usize)> {
    if let Some((value, len)) = scan_number(line.get(i..).unwrap_or_default())
        && matches!(line.get(i + len), None | Some(b' '))
    {
        return Ok((value, i + len));
    }
    let end = token_end(line, i);
    Ok((number_in(line, i, end)?, end))
}

/// The number that stands between these places.
pub(super) fn number_in(line: &[u8], from: usize, to: usize) -> Parsed<f64> {
    match parse_number(line.get(from..to).unwrap_or_default()) {
        Number::Number(value) => Ok(value),
        Number::Malformed => bad(Float, "this is not a number", from),
        Number::OutOfRange => bad(Float, "the number is out of range", from),
    }
}

/// Seconds at `i` as milliseconds, truncated towards zero, saturating.
fn millis(line: &[u8], i: usize) -> Parsed<(i64, usize)> {
    let (seconds, end) = number(line, i)?;
    if !seconds.is_finite() {
        return bad(Ts, "the timestamp is not finite", i);
    }
    Ok(((seconds * 1000.0) as i64, end))
}
