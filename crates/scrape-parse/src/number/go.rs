//! The float grammar of Go's `strconv.ParseFloat`, which Prometheus applies to `le` and `quantile`: decimals,
//! hexadecimal floats (`0x1p-2`), underscores between digits, infinities and NaN; out of range is a failure.

use super::sample::{NAN, is_decimal};
use alloc::vec::Vec;

/// Parses a whole text; `None` if it is not a number in range.
pub fn parse_go_float(text: &[u8]) -> Option<f64> {
    let (negative, magnitude) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if text.eq_ignore_ascii_case(b"nan") {
        return Some(NAN);
    }
    let value =
        if magnitude.eq_ignore_ascii_case(b"inf") || magnitude.eq_ignore_ascii_case(b"infinity") {
            f64::INFINITY
        } else if !magnitude.contains(&b'_') {
            unsigned(magnitude)?
        } else if underscores_separate_digits(magnitude) {
            let plain: Vec<u8> = magnitude.iter().copied().filter(|&b| b != b'_').collect();
            unsigned(&plain)?
        } else {
            return None;
        };
    Some(if negative { -value } else { value })
}

fn unsigned(b: &[u8]) -> Option<f64> {
    match b {
        [b'0', b'x' | b'X', rest @ ..] => hexadecimal(rest),
        _ if is_decimal(b) => fast_float2::parse::<f64, _>(b)
            .ok()
            .filter(|v| v.is_finite()),
        _ => None,
    }
}

/// An underscore stands between digits, or between a base prefix and a digit.
fn underscores_separate_digits(b: &[u8]) -> bool {
    #[derive(PartialEq)]
    enum Before {
        Start,
        Digit,
        Underscore,
        Other,
    }
    let mut before = Before::Start;
    let mut rest = b;
    let mut hex = false;
    if let [b'0', x, tail @ ..] = b
        && matches!(x.to_ascii_lowercase(), b'x' | b'b' | b'o')
    {
        hex = x.eq_ignore_ascii_case(&b'x');
        rest = tail;
        before = Before::Digit;
    }
    for &c in rest {
        before = if c.is_ascii_digit() || (hex && c.is_ascii_hexdigit()) {
            Before::Digit
        } else if c == b'_' {
            if before != Before::Digit {
                return false;
            }
            Before::Underscore
        } else {
            if before == Before::Underscore {
                return false;
            }
            Before::Other
        };
    }
    before != Before::Underscore
}

/// `H* [ "." H* ] p [+-] D+` after the prefix, with at least one hexadecimal digit.
fn hexadecimal(b: &[u8]) -> Option<f64> {
    let mut mantissa = 0u64;
    // Digits beyond 60 bits only matter for rounding: remember whether one was not zero.
    let mut sticky = false;
    let mut exponent = 0i64;
    let mut n_digits = 0usize;
    let mut dot = false;
    let mut i = 0;
    loop {
        let c = *b.get(i)?;
        i += 1;
        if let Some(digit) = char::from(c).to_digit(16) {
            n_digits += 1;
            if mantissa >> 60 == 0 {
                mantissa = mantissa << 4 | u64::from(digit);
                exponent -= if dot { 4 } else { 0 };
            } else {
                sticky |= digit != 0;
                exponent += if dot { 0 } else { 4 };
            }
        } else if c == b'.' && !dot {
            dot = true;
        } else if c.eq_ignore_ascii_case(&b'p') {
            break;
        } else {
            return None;
        }
    }
    let (minus, digits) = match b.get(i..)? {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if n_digits == 0 || digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let magnitude = digits
        .iter()
        .fold(0i64, |e, d| (e * 10 + i64::from(d - b'0')).min(1 << 40));
    scale(
        mantissa,
        sticky,
        exponent + if minus { -magnitude } else { magnitude },
    )
}

/// `mantissa * 2^exponent`, rounded to nearest even; `sticky` says that the true mantissa is a little larger.
fn scale(mantissa: u64, sticky: bool, exponent: i64) -> Option<f64> {
    if mantissa == 0 {
        return Some(0.0);
    }
    let zeros = mantissa.leading_zeros();
    let m = mantissa << zeros;
    let top = 63 + exponent - i64::from(zeros);
    if top > 1023 {
        return None;
    }
    let precision = if top >= -1022 { 53 } else { 53 - (-1022 - top) };
    if precision < 0 {
        return Some(0.0);
    }
    let drop = (64 - precision) as u32;
    let (kept, rest, half) = match drop {
        64 => (0, m, 1u64 << 63),
        _ => (m >> drop, m & ((1 << drop) - 1), 1u64 << (drop - 1)),
    };
    let up = rest > half || (rest == half && (sticky || kept & 1 == 1));
    let rounded = kept + u64::from(up);
    let bits = if precision == 53 {
        (((top + 1023) as u64) << 52) + (rounded - (1 << 52))
    } else {
        rounded
    };
    let value = f64::from_bits(bits);
    value.is_finite().then_some(value)
}
