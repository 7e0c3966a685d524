//! Scalars: what a text has to look like to be a number, a switch, a duration, a size, a path.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use scrape_core::units::{ByteSize, PromDuration};

use super::At;
use crate::tree::{Kind, boolean};

impl At<'_> {
    /// The text of any scalar, as it stands in the file: `1.50` is `1.50`. Nothing is the empty text.
    pub(crate) fn string(&self) -> Option<String> {
        match &self.node.kind {
            Kind::Scalar { .. } if self.node.is_null() => Some(String::new()),
            Kind::Scalar { text, .. } => Some(text.to_string()),
            Kind::List(_) | Kind::Map(_) => {
                self.mistyped("a single value");
                None
            }
        }
    }

    /// A list of texts. A single text is not a list.
    pub(crate) fn strings(&self) -> Option<Vec<String>> {
        self.items()?.iter().map(At::string).collect()
    }

    /// The text of an unquoted scalar, which is what a number or a boolean has to be.
    fn plain(&self, wanted: &str) -> Option<&str> {
        match &self.node.kind {
            Kind::Scalar { text, plain: true } => Some(text),
            _ => {
                self.mistyped(wanted);
                None
            }
        }
    }

    /// A switch, in any spelling of YAML 1.1. Nothing means off, as it does in Prometheus, with a warning.
    pub(crate) fn boolean(&self) -> Option<bool> {
        if self.node.is_null() {
            self.warn("there is no value here, which means false");
            return Some(false);
        }
        let text = self.plain("true or false")?;
        let value = boolean(text);
        if value.is_none() {
            self.mistyped("true or false");
        }
        value
    }

    /// A three-state switch: nothing leaves it unset.
    pub(crate) fn switch(&self) -> Option<bool> {
        (!self.node.is_null()).then(|| self.boolean()).flatten()
    }

    /// A whole number of at least 0: decimal, octal (`0755`, `0o755`), hexadecimal or binary, with `_` between
    /// digits, or a float without a fraction (`1e3`). Nothing is 0.
    pub(crate) fn unsigned(&self) -> Option<u64> {
        const WANTED: &str = "a whole number";
        if self.node.is_null() {
            return Some(0);
        }
        let text = self.plain(WANTED)?;
        match whole_number(text) {
            Some(Number::Unsigned(n)) => Some(n),
            Some(Number::Negative(_)) => {
                self.error("this number must not be negative");
                None
            }
            Some(Number::TooLarge) => {
                self.error(format!(
                    "this number is above the largest one, {}",
                    u64::MAX
                ));
                None
            }
            None => {
                self.mistyped(WANTED);
                None
            }
        }
    }

    /// A whole number that may be negative. Nothing is 0.
    pub(crate) fn signed(&self) -> Option<i64> {
        const WANTED: &str = "a whole number";
        if self.node.is_null() {
            return Some(0);
        }
        let value = match whole_number(self.plain(WANTED)?) {
            Some(Number::Unsigned(n)) => i64::try_from(n).ok(),
            Some(Number::Negative(n)) => 0_i64.checked_sub_unsigned(n),
            Some(Number::TooLarge) => None,
            None => {
                self.mistyped(WANTED);
                return None;
            }
        };
        if value.is_none() {
            self.error("this number does not fit 64 bits");
        }
        value
    }

    /// A number. Nothing is 0; not-a-number is refused, because it does not even equal itself.
    pub(crate) fn float(&self) -> Option<f64> {
        if self.node.is_null() {
            return Some(0.0);
        }
        let value = float(self.plain("a number")?);
        if value.is_none() {
            self.mistyped("a number");
        }
        value
    }

    /// A duration such as `1m30s`. Nothing is zero.
    pub(crate) fn duration(&self) -> Option<PromDuration> {
        if self.node.is_null() {
            return Some(PromDuration::ZERO);
        }
        let text = self.string()?;
        let help = "write numbers with the units y, w, d, h, m, s, ms, each at most once, largest first, as in `1m30s`";
        PromDuration::parse(&text)
            .map_err(|e| self.error_with_help(e.to_string(), help))
            .ok()
    }

    /// A size such as `10MB`. Nothing is zero.
    pub(crate) fn size(&self) -> Option<u64> {
        if self.node.is_null() {
            return Some(0);
        }
        let text = self.string()?;
        let help = "write a number with one of the units B, KB, MB, GB, KiB, MiB, GiB, as in `10MB`; all are powers of 1024";
        ByteSize::parse(&text)
            .map(ByteSize::as_bytes)
            .map_err(|e| self.error_with_help(e.to_string(), help))
            .ok()
    }

    /// A file name, relative ones resolved against the directory of this file. Nothing and the empty text
    /// mean none.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        let text = self.string()?;
        (!text.is_empty()).then(|| self.resolve(&text))
    }

    /// Resolves a path against the directory of this file.
    pub(crate) fn resolve(&self, path: &str) -> PathBuf {
        let path = path.strip_prefix("./").unwrap_or(path);
        self.source.directory().join(path)
    }

    /// A text that stands for one of a few things.
    pub(crate) fn parse<T>(&self) -> Option<T>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        let text = self.string()?;
        text.parse()
            .map_err(|e: T::Err| self.error(e.to_string()))
            .ok()
    }
}

/// What a text is when read as a whole number.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Number {
    Unsigned(u64),
    /// Below zero by this much.
    Negative(u64),
    TooLarge,
}

/// Reads a number, infinities included.
pub(super) fn float(text: &str) -> Option<f64> {
    match text.replace('_', "").as_str() {
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        text if text.contains(|c: char| c.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}

/// Reads a whole number as Go's YAML library does.
pub(super) fn whole_number(text: &str) -> Option<Number> {
    let clean = text.replace('_', "");
    let (negative, digits) = match clean.as_bytes().first() {
        Some(b'-') => (true, &clean[1..]),
        Some(b'+') => (false, &clean[1..]),
        _ => (false, &clean[..]),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, body) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] if lower.bytes().all(|b| b.is_ascii_digit()) => (8, &lower[1..]),
        _ => (10, &lower[..]),
    };
    let value = if !body.is_empty() && body.bytes().all(|b| char::from(b).is_digit(radix)) {
        u64::from_str_radix(body, radix).map_or(Number::TooLarge, Number::Unsigned)
    } else if body.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        match body.parse::<f64>().ok()? {
            f if f.fract() != 0.0 => return None,
            // 2^64 itself is the first whole number that does not fit.
            f if f >= 18_446_744_073_709_551_616.0 => Number::TooLarge,
            f => Number::Unsigned(f as u64),
        }
    } else {
        return None;
    };
    Some(match value {
        Number::Unsigned(0) => Number::Unsigned(0),
        Number::Unsigned(n) if negative => Number::Negative(n),
        value => value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_read_as_go_reads_them() {
        use Number::{Negative, TooLarge, Unsigned};
        for (text, want) in [
            ("10", Some(Unsigned(10))),
            ("1_000", Some(Unsigned(1000))),
            ("0755", Some(Unsigned(493))),
            ("0o17", Some(Unsigned(15))),
            ("0xFF", Some(Unsigned(255))),
            ("0b11", Some(Unsigned(3))),
            ("1e3", Some(Unsigned(1000))),
            ("+5", Some(Unsigned(5))),
            ("-0", Some(Unsigned(0))),
            ("-1", Some(Negative(1))),
            ("18446744073709551615", Some(Unsigned(u64::MAX))),
            ("18446744073709551616", Some(TooLarge)),
            ("1e30", Some(TooLarge)),
            ("1.5", None),
            ("0x", None),
            ("", None),
            ("inf", None),
            ("ten", None),
            ("089", Some(Unsigned(89))),
        ] {
            assert_eq!(whole_number(text), want, "{text}");
        }
    }
}
