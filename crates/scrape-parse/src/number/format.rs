//! The text of a float as OpenMetrics clients write it, Go's shortest `g` form with a dot or exponent always
//! present: `1.0`, `0.25`, `1e+06`, `+Inf`.

/// A float in that form, in a buffer of its own.
#[derive(Debug, Clone, Copy)]
pub struct OmFloat {
    text: [u8; 32],
    len: u8,
}

impl OmFloat {
    /// Formats a value.
    pub fn new(value: f64) -> Self {
        let mut out = Self {
            text: [0; 32],
            len: 0,
        };
        if value.is_nan() {
            out.push(b"NaN");
        } else if value.is_infinite() {
            out.push(if value > 0.0 { b"+Inf" } else { b"-Inf" });
        } else if value == 0.0 {
            out.push(b"0.0");
        } else if let Some(short) = Self::six_places(value) {
            return short;
        } else {
            if value < 0.0 {
                out.push(b"-");
            }
            out.finite(value.abs());
        }
        out
    }

    /// Bucket bounds as nearly all clients choose them are decimals of few digits. If a float is nearest to one of
    /// at most 15 digits, then that one is the shortest that is nearest to it, trailing zeros aside: no two
    /// decimals of 15 digits share a float. Here: at most six digits before the point and six behind it.
    #[inline]
    fn six_places(value: f64) -> Option<Self> {
        // Otherwise an exponent is written, or a sign.
        if !(0.0001..1e6).contains(&value) {
            return None;
        }
        let millionths = (value * 1e6 + 0.5) as u64;
        // Both are exact as floats, so one rounding makes the quotient the nearest one.
        if millionths as f64 / 1e6 != value {
            return None;
        }
        let whole = (millionths / 1_000_000) as u32;
        let fraction = (millionths % 1_000_000) as u32;
        // The first digit is in the lowest byte of both.
        let (whole, fraction) = (eight_digits(whole), eight_digits(fraction * 100));
        let n_whole = 8 - (whole.trailing_zeros() / 8).min(7) as usize;
        let n_fraction = 8 - (fraction.leading_zeros() / 8).min(7) as usize;
        const ZEROS: u64 = 0x3030_3030_3030_3030;
        let mut out = Self {
            text: [0; 32],
            len: (n_whole + 1 + n_fraction) as u8,
        };
        // Eight bytes are written whatever is needed of them; the rest is written over, or lies past the end.
        let whole = (whole | ZEROS) >> (8 * (8 - n_whole));
        let (front, back) = out.text.split_at_mut_checked(n_whole + 1)?;
        *back.first_chunk_mut()? = (fraction | ZEROS).to_le_bytes();
        let point = front.last_mut()?;
        *point = b'.';
        let digits = whole.to_le_bytes();
        front
            .get_mut(..n_whole)?
            .copy_from_slice(digits.get(..n_whole)?);
        Some(out)
    }

    /// The form of a number written in the wider grammar of [`parse_go_float`](super::parse_go_float); `None`
    /// if the text is no number in range.
    pub fn canonical(text: &[u8]) -> Option<Self> {
        if let Some(out) = Self::short(text) {
            return Some(out);
        }
        super::parse_go_float(text).map(Self::new)
    }

    /// Bucket bounds as nearly all clients write them need no float: up to 15 significant digits are the
    /// shortest ones of the float they stand for.
    fn short(text: &[u8]) -> Option<Self> {
        let (whole, fraction) = match memchr::memchr(b'.', text) {
            Some(at) => (text.get(..at)?, text.get(at + 1..)?),
            None => (text, &b"0"[..]),
        };
        let all_digits = whole.iter().chain(fraction).all(u8::is_ascii_digit);
        let plain = all_digits
            && match (whole, fraction) {
                ([b'0'], [b'0']) => true,
                ([b'0'], [.., b'0']) => false,
                // Below 0.0001 an exponent is written.
                ([b'0'], f) => f.len() <= 15 && f.iter().take(4).any(|&b| b != b'0'),
                ([b'0', ..], _) | ([], _) => false,
                (w, [b'0']) => w.len() <= 6,
                (_, [] | [.., b'0']) => false,
                (w, f) => w.len() <= 6 && w.len() + f.len() <= 15,
            };
        if !plain {
            return None;
        }
        let mut out = Self {
            text: [0; 32],
            len: 0,
        };
        out.push(whole);
        out.push(b".");
        out.push(fraction);
        Some(out)
    }

    /// The text.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // Only ASCII is ever pushed.
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    fn push(&mut self, bytes: &[u8]) {
        let from = usize::from(self.len);
        if let Some(room) = self.text.get_mut(from..from + bytes.len()) {
            room.copy_from_slice(bytes);
            self.len += bytes.len() as u8;
        }
    }

    fn finite(&mut self, value: f64) {
        let shortest = Decimal::shortest(value);
        let digits = shortest.digits();
        // Position of the decimal point relative to the first digit: 1 for `d.ddd`.
        let point = shortest.exponent + 1;
        if (-4..6).contains(&shortest.exponent) {
            if point <= 0 {
                self.push(b"0.");
                for _ in point..0 {
                    self.push(b"0");
                }
                self.push(digits);
                return;
            }
            let point = point.unsigned_abs() as usize;
            if digits.len() > point {
                let (whole, fraction) = digits.split_at(point);
                self.push(whole);
                self.push(b".");
                self.push(fraction);
            } else {
                self.push(digits);
                for _ in digits.len()..point {
                    self.push(b"0");
                }
                self.push(b".0");
            }
            return;
        }
        if let Some((first, fraction)) = digits.split_first() {
            self.push(&[*first]);
            if !fraction.is_empty() {
                self.push(b".");
                self.push(fraction);
            }
        }
        self.push(if shortest.exponent < 0 { b"e-" } else { b"e+" });
        let magnitude = shortest.exponent.unsigned_abs();
        if magnitude < 10 {
            self.push(b"0");
        }
        self.push(itoa::Buffer::new().format(magnitude).as_bytes());
    }
}

/// The digits of a number below 10⁸ as bytes 0 to 9, the first in the lowest byte: split into fours, pairs, ones,
/// each step for all parts at once.
fn eight_digits(number: u32) -> u64 {
    let number = u64::from(number);
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    // n·10486 >> 20 is n / 100 below 10⁴; n·103 >> 10 is n / 10 below 100.
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | ((fours - hundreds * 100) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((pairs - tens * 10) << 8)
}

/// The shortest decimal that reads back as a float: `0.d₁d₂…` times ten to `exponent + 1`.
struct Decimal {
    digits: [u8; 24],
    len: usize,
    exponent: i32,
}

impl Decimal {
    fn digits(&self) -> &[u8] {
        self.digits.get(..self.len).unwrap_or_default()
    }

    /// Of a positive finite value. The printer decides the digits; its layout is read back, whatever it is.
    fn shortest(value: f64) -> Self {
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(value);
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((m, e)) => (
                m,
                e.trim_start_matches('+').parse::<i32>().unwrap_or_default(),
            ),
            None => (text, 0),
        };
        let mut out = Self {
            digits: [0; 24],
            len: 0,
            exponent: 0,
        };
        let mut point = None;
        let mut leading = 0;
        for b in mantissa.bytes() {
            match b {
                b'.' => point = Some(out.len as i32 + leading),
                b'0' if out.len == 0 => leading += 1,
                _ => {
                    if let Some(slot) = out.digits.get_mut(out.len) {
                        *slot = b;
                        out.len += 1;
                    }
                }
            }
        }
        let point = point.unwrap_or(out.len as i32 + leading);
        out.exponent = exponent + point - leading - 1;
        while out.digits().last() == Some(&b'0') {
            out.len -= 1;
        }
        out
    }
}
