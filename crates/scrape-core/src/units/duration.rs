//! Prometheus's duration grammar: `<uint><unit>` with units y w d h m s ms, each at most once, largest first.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de;

/// Units in the order in which they must appear, with their length in milliseconds.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 24 * 3_600_000),
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// The longest duration, in milliseconds: 2^63-1 nanoseconds, about 292 years, as in Prometheus.
const MAX_MS: u64 = i64::MAX as u64 / 1_000_000;

/// A duration as Prometheus writes it, exact to the millisecond.
///
/// An explicit `0` is a value; where the configuration treats it as "unset", the reader of the field decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PromDuration(u64);

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DurationError {
    /// Nothing was written.
    #[error("empty duration, expected something like `30s` or `1h30m`")]
    Empty,
    /// A number is missing where one must stand.
    #[error(
        "duration {text:?}: expected a digit at byte {at}; signs, fractions and spaces are not allowed"
    )]
    ExpectedDigit {
        /// The text as written.
        text: String,
        /// Byte offset of the offending character.
        at: usize,
    },
    /// A number without a unit.
    #[error(
        "duration {text:?}: unit missing after the number at byte {at}, use y, w, d, h, m, s or ms"
    )]
    MissingUnit {
        /// The text as written.
        text: String,
        /// Byte offset at which the unit was expected.
        at: usize,
    },
    /// A unit that does not exist.
    #[error("duration {text:?}: unknown unit {unit:?}, use y, w, d, h, m, s or ms")]
    UnknownUnit {
        /// The text as written.
        text: String,
        /// The unit as written.
        unit: String,
    },
    /// Units repeated or not in descending order.
    #[error("duration {text:?}: unit {unit:?} must come before smaller units and only once")]
    UnitOrder {
        /// The text as written.
        text: String,
        /// The unit that is out of place.
        unit: String,
    },
    /// Beyond 2^63-1 nanoseconds.
    #[error("duration {text:?} is longer than 292 years")]
    TooLong {
        /// The text as written.
        text: String,
    },
}

impl PromDuration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// From milliseconds.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms)
    }

    /// From seconds; saturates.
    pub const fn from_secs(s: u64) -> Self {
        Self(s.saturating_mul(1000))
    }

    /// In milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// As the standard type.
    pub const fn as_duration(self) -> Duration {
        Duration::from_millis(self.0)
    }

    /// Whether it is zero.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Parses Prometheus's grammar.
    ///
    /// # Errors
    /// Any text outside the grammar, and anything longer than 2^63-1 nanoseconds.
    pub fn parse(text: &str) -> Result<Self, DurationError> {
        match text {
            "" => return Err(DurationError::Empty),
            // The one number that needs no unit.
            "0" => return Ok(Self::ZERO),
            _ => {}
        }
        let owned = || text.to_owned();
        let mut next_unit = 0;
        let mut total = 0_u64;
        let mut at = 0;
        while at < text.len() {
            let digits = run(text, at, |c| c.is_ascii_digit());
            if digits.is_empty() {
                return Err(DurationError::ExpectedDigit { text: owned(), at });
            }
            at += digits.len();
            let unit = run(text, at, |c| c.is_ascii_alphabetic() || !c.is_ascii());
            if unit.is_empty() {
                return match text.as_bytes().get(at) {
                    None => Err(DurationError::MissingUnit { text: owned(), at }),
                    Some(_) => Err(DurationError::ExpectedDigit { text: owned(), at }),
                };
            }
            at += unit.len();
            let Some(i) = UNITS.iter().position(|(name, _)| *name == unit) else {
                return Err(DurationError::UnknownUnit {
                    text: owned(),
                    unit: unit.to_owned(),
                });
            };
            if i < next_unit {
                return Err(DurationError::UnitOrder {
                    text: owned(),
                    unit: unit.to_owned(),
                });
            }
            next_unit = i + 1;
            total = digits
                .parse::<u64>()
                .ok()
                .and_then(|n| n.checked_mul(UNITS[i].1))
                .and_then(|n| n.checked_add(total))
                .filter(|n| *n <= MAX_MS)
                .ok_or_else(|| DurationError::TooLong { text: owned() })?;
        }
        Ok(Self(total))
    }
}

/// The longest run of characters from byte `at` that satisfy `is`. `at` lies on a character boundary.
fn run(text: &str, at: usize, is: impl Fn(char) -> bool) -> &str {
    let rest = &text[at..];
    let end = rest.find(|c| !is(c)).unwrap_or(rest.len());
    &rest[..end]
}

impl fmt::Display for PromDuration {
    /// Years and weeks only when they divide exactly, then days down to milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        if rest == 0 {
            return f.write_str("0s");
        }
        for (name, ms) in UNITS {
            let exact_only = matches!(name, "y" | "w");
            if exact_only && !rest.is_multiple_of(ms) {
                continue;
            }
            if rest >= ms {
                write!(f, "{}{name}", rest / ms)?;
                rest %= ms;
            }
        }
        Ok(())
    }
}

impl FromStr for PromDuration {
    type Err = DurationError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::parse(s)
    }
}

impl From<PromDuration> for Duration {
    fn from(d: PromDuration) -> Self {
        d.as_duration()
    }
}

impl From<Duration> for PromDuration {
    /// Cuts off what is finer than a millisecond; saturates.
    fn from(d: Duration) -> Self {
        Self(u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
    }
}

impl serde::Serialize for PromDuration {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for PromDuration {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_str(Visitor)
    }
}

struct Visitor;

impl de::Visitor<'_> for Visitor {
    type Value = PromDuration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as `30s` or `1h30m`")
    }

    fn visit_str<E: de::Error>(self, s: &str) -> Result<PromDuration, E> {
        PromDuration::parse(s).map_err(E::custom)
    }

    // Formats that hand over numbers as numbers: only 0 has a meaning, the rest lacks a unit.
    fn visit_u64<E: de::Error>(self, n: u64) -> Result<PromDuration, E> {
        self.visit_str(&n.to_string())
    }

    fn visit_i64<E: de::Error>(self, n: i64) -> Result<PromDuration, E> {
        self.visit_str(&n.to_string())
    }
}
