//! Sample values: `[+-] ( D+ [ "." D* ] / "." D+ ) [ (e|E) [+-] D+ ]`, `inf`, `infinity`, `nan`.
//!
//! Short decimals, nearly all there are, are exact: at most 2^53 times or divided by at most 10^22, both of
//! which a double holds, so one rounding gives the correct result. The rest goes to a correctly rounding library, with the grammar checked here because libraries accept
//! more (`-nan`) and turn overflow into infinity.

/// The one NaN that parsing yields; the staleness marker cannot be spelled.
pub(crate) const NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0001);

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Parsed {
    /// A number.
    Number(f64),
    /// Something else.
    Malformed,
    /// A number that does not fit.
    OutOfRange,
}

const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

const SMALL_POWERS: [u64; 9] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
];

/// The digits from `i` on, folded into `mantissa` (wrapping); answers the index past them. Eight bytes are looked
/// at together, and how many of them are digits costs no branch.
#[inline(always)]
fn digits(b: &[u8], mut i: usize, mantissa: &mut u64) -> usize {
    while let Some(eight) = b.get(i..).and_then(<[u8]>::first_chunk::<8>) {
        // Digits become 0 to 9, everything else more.
        let values = u64::from_le_bytes(*eight) ^ 0x3030_3030_3030_3030;
        // Adding 0x76 carries into the top bit from 10 on; a carry out of a byte comes only from one that has its
        // top bit set already, so the lowest bit found is right.
        let others = (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080;
        let n = (others.trailing_zeros() / 8) as usize;
        // The digits move to the end, zeros take their place in front.
        let aligned = if n == 0 { 0 } else { values << (64 - 8 * n) };
        *mantissa = mantissa
            .wrapping_mul(SMALL_POWERS[n])
            .wrapping_add(eight_digits(aligned));
        i += n;
        if n < 8 {
            return i;
        }
    }
    while let Some(d) = b.get(i).map(|b| b.wrapping_sub(b'0')).filter(|&d| d < 10) {
        *mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(d));
        i += 1;
    }
    i
}

/// The number that eight digits make, the first one in the lowest byte: pairs, then fours, then all.
#[inline(always)]
fn eight_digits(values: u64) -> u64 {
    const PAIRS: u64 = 0x0000_00ff_0000_00ff;
    let pairs = values.wrapping_mul(10).wrapping_add(values >> 8);
    let high = (pairs & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let low = (pairs >> 16 & PAIRS).wrapping_mul(1 + (10_000 << 32));
    high.wrapping_add(low) >> 32
}

/// A decimal at the start of `b` and its length. `None` if there is none or it is not one of the exact ones;
/// what follows is the caller's business.
#[inline]
pub(crate) fn scan_number(b: &[u8]) -> Option<(f64, usize)> {
    let negative = b.first() == Some(&b'-');
    let start = usize::from(negative || b.first() == Some(&b'+'));
    let mut mantissa = 0u64;
    let mut i = digits(b, start, &mut mantissa);
    let mut n_digits = i - start;
    let mut exponent = 0i64;
    match b.get(i) {
        Some(b'.') => {
            let fraction = i + 1;
            i = digits(b, fraction, &mut mantissa);
            n_digits += i - fraction;
            exponent = -((i - fraction) as i64);
        }
        Some(b'e' | b'E') => {}
        // An integer: the common case needs no more tests.
        _ => {
            if n_digits == 0 || n_digits > 19 || mantissa > 1 << 53 {
                return None;
            }
            let value = mantissa as f64;
            return Some((if negative { -value } else { value }, i));
        }
    }
    if n_digits == 0 || n_digits > 19 || mantissa > 1 << 53 {
        return None;
    }
    if let Some(b'e' | b'E') = b.get(i) {
        let minus = b.get(i + 1) == Some(&b'-');
        let from = i + 1 + usize::from(minus || b.get(i + 1) == Some(&b'+'));
        let mut magnitude = 0u64;
        let to = digits(b, from, &mut magnitude);
        if to == from || to - from > 4 {
            return None;
        }
        i = to;
        exponent += if minus {
            -(magnitude as i64)
        } else {
            magnitude as i64
        };
    }
    let power = *EXACT_POWERS.get(usize::try_from(exponent.unsigned_abs()).ok()?)?;
    let value = if exponent < 0 {
        mantissa as f64 / power
    } else {
        mantissa as f64 * power
    };
    Some((if negative { -value } else { value }, i))
}

/// A whole token.
pub(crate) fn parse_number(token: &[u8]) -> Parsed {
    match scan_number(token) {
        Some((value, len)) if len == token.len() => return Parsed::Number(value),
        _ => {}
    }
    let (negative, magnitude) = match token {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, token),
    };
    if magnitude.eq_ignore_ascii_case(b"inf") || magnitude.eq_ignore_ascii_case(b"infinity") {
        return Parsed::Number(if negative {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        });
    }
    if token.eq_ignore_ascii_case(b"nan") {
        return Parsed::Number(NAN);
    }
    if !is_decimal(magnitude) {
        return Parsed::Malformed;
    }
    match fast_float2::parse::<f64, _>(magnitude) {
        Ok(value) if value.is_finite() => Parsed::Number(if negative { -value } else { value }),
        Ok(_) => Parsed::OutOfRange,
        Err(_) => Parsed::Malformed,
    }
}

/// Whether a token without sign follows the decimal grammar.
pub(super) fn is_decimal(b: &[u8]) -> bool {
    let run = |from: usize| {
        from + b
            .iter()
            .skip(from)
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    let mut i = run(0);
    let mut n_digits = i;
    if b.get(i) == Some(&b'.') {
        let to = run(i + 1);
        n_digits += to - i - 1;
        i = to;
    }
    if n_digits == 0 {
        return false;
    }
    if let Some(b'e' | b'E') = b.get(i) {
        i += 1 + usize::from(matches!(b.get(i + 1), Some(b'+' | b'-')));
        let to = run(i);
        if to == i {
            return false;
        }
        i = to;
    }
    i == b.len()
}
