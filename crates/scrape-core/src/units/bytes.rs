//! Sizes such as `10MB`. Both families of units (`MB` and `MiB`) are powers of 1024, as in Prometheus; one
//! text may use only one of them. Numbers are summed as 64-bit floats and truncated, again as there.

use std::fmt;
use std::str::FromStr;

use serde::de;

const PREFIXES: &str = "KMGTPE";

/// A size in bytes. Zero means "no limit" where a limit is configured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

/// Why a text is not a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ByteSizeError {
    /// Nothing was written.
    #[error("empty size, expected something like `10MB` or `512KiB`")]
    Empty,
    /// A negative size; write 0 for "no limit".
    #[error("size {text:?} is negative, use 0 for no limit")]
    Negative {
        /// The text as written.
        text: String,
    },
    /// A number is missing where one must stand.
    #[error("size {text:?}: expected a number at byte {at}")]
    ExpectedNumber {
        /// The text as written.
        text: String,
        /// Byte offset of the offending character.
        at: usize,
    },
    /// A number without a unit.
    #[error(
        "size {text:?}: unit missing after the number at byte {at}, use B, KB, MB, GB, ... or KiB, MiB, GiB, ..."
    )]
    MissingUnit {
        /// The text as written.
        text: String,
        /// Byte offset at which the unit was expected.
        at: usize,
    },
    /// A unit that does not exist.
    #[error(
        "size {text:?}: unknown unit {unit:?}, use B, KB, MB, GB, ... or KiB, MiB, GiB, ... (upper-case K)"
    )]
    UnknownUnit {
        /// The text as written.
        text: String,
        /// The unit as written.
        unit: String,
    },
    /// `MB` and `MiB` in one text.
    #[error("size {text:?} mixes units like MB with units like MiB")]
    MixedUnits {
        /// The text as written.
        text: String,
    },
    /// Beyond 2^63-1 bytes.
    #[error("size {text:?} is larger than 2^63-1 bytes")]
    TooLarge {
        /// The text as written.
        text: String,
    },
}

impl ByteSize {
    /// From bytes.
    pub const fn from_bytes(n: u64) -> Self {
        Self(n)
    }

    /// In bytes.
    pub const fn as_bytes(self) -> u64 {
        self.0
    }

    /// Whether it is zero, which a limit reads as "none".
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Parses a size: an optional `+`, then one or more `<decimal><unit>`; `0` needs no unit.
    ///
    /// # Errors
    /// Any text outside the grammar, a negative size, and anything larger than 2^63-1.
    pub fn parse(text: &str) -> Result<Self, ByteSizeError> {
        let owned = || text.to_owned();
        if text.is_empty() {
            return Err(ByteSizeError::Empty);
        }
        if text.starts_with('-') {
            return Err(ByteSizeError::Negative { text: owned() });
        }
        let start = usize::from(text.starts_with('+'));
        match &text[start..] {
            "0" => return Ok(Self(0)),
            "" => {
                return Err(ByteSizeError::ExpectedNumber {
                    text: owned(),
                    at: start,
                });
            }
            _ => {}
        }
        let mut family = None;
        let mut total = 0.0_f64;
        let mut at = start;
        while at < text.len() {
            let number = run(text, at, |c| c.is_ascii_digit() || c == '.');
            // Two points in one number, or a lone point, fail to parse.
            let Ok(value) = number.parse::<f64>() else {
                return Err(ByteSizeError::ExpectedNumber { text: owned(), at });
            };
            at += number.len();
            let unit = run(text, at, |c| !c.is_ascii_digit() && c != '.');
            if unit.is_empty() {
                return Err(ByteSizeError::MissingUnit { text: owned(), at });
            }
            at += unit.len();
            let Some((factor, binary)) = unit_of(unit) else {
                return Err(ByteSizeError::UnknownUnit {
                    text: owned(),
                    unit: unit.to_owned(),
                });
            };
            if let Some(binary) = binary
                && *family.get_or_insert(binary) != binary
            {
                return Err(ByteSizeError::MixedUnits { text: owned() });
            }
            total += value * factor;
        }
        // 2^63 as a float; everything below converts exactly or truncates.
        if total >= 9_223_372_036_854_775_808.0 {
            return Err(ByteSizeError::TooLarge { text: owned() });
        }
        Ok(Self(total as u64))
    }
}

/// The factor of a unit and whether it is of the `KiB` family; plain `B` belongs to both.
fn unit_of(unit: &str) -> Option<(f64, Option<bool>)> {
    if unit == "B" {
        return Some((1.0, None));
    }
    let prefix = unit.chars().next()?;
    let power = PREFIXES.find(prefix)? + 1;
    let binary = match &unit[1..] {
        "B" => false,
        "iB" => true,
        _ => return None,
    };
    Some(((1_u64 << (10 * power)) as f64, Some(binary)))
}

/// The longest run of characters from byte `at` that satisfy `is`. `at` lies on a character boundary.
fn run(text: &str, at: usize, is: impl Fn(char) -> bool) -> &str {
    let rest = &text[at..];
    let end = rest.find(|c| !is(c)).unwrap_or(rest.len());
    &rest[..end]
}

impl fmt::Display for ByteSize {
    /// The form Prometheus writes: largest unit first, no zero parts, `1MiB512KiB`; `0B` for zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0B");
        }
        for (i, prefix) in PREFIXES.char_indices().rev() {
            let part = self.0 >> (10 * (i + 1));
            let part = if i + 1 == PREFIXES.len() {
                part
            } else {
                part & 1023
            };
            if part != 0 {
                write!(f, "{part}{prefix}iB")?;
            }
        }
        match self.0 & 1023 {
            0 => Ok(()),
            n => write!(f, "{n}B"),
        }
    }
}

impl FromStr for ByteSize {
    type Err = ByteSizeError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::parse(s)
    }
}

impl serde::Serialize for ByteSize {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for ByteSize {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_str(Visitor)
    }
}

struct Visitor;

impl de::Visitor<'_> for Visitor {
    type Value = ByteSize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size such as `10MB` or `512KiB`")
    }

    fn visit_str<E: de::Error>(self, s: &str) -> Result<ByteSize, E> {
        ByteSize::parse(s).map_err(E::custom)
    }

    // Formats that hand over numbers as numbers: only 0 has a meaning, the rest lacks a unit.
    fn visit_u64<E: de::Error>(self, n: u64) -> Result<ByteSize, E> {
        self.visit_str(&n.to_string())
    }

    fn visit_i64<E: de::Error>(self, n: i64) -> Result<ByteSize, E> {
        self.visit_str(&n.to_string())
    }
}
