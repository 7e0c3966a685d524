//! Which names a metric and a label may have. Exposition, relabeling and the scrape pass ask the same
//! question, so the answer lives at the bottom.

use alloc::{borrow::ToOwned, string::String};
use core::fmt;
use core::str::FromStr;

/// The rule that names must follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ValidationScheme {
    /// Any text that is not empty and valid UTF-8.
    #[default]
    Utf8,
    /// `[a-zA-Z_][a-zA-Z0-9_]*`, and `:` in metric names.
    Legacy,
}

impl ValidationScheme {
    /// The name used in configuration files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf8",
            Self::Legacy => "legacy",
        }
    }
}

impl fmt::Display for ValidationScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no validation scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownValidationScheme {
    /// The text as written.
    pub text: String,
}

impl fmt::Display for UnknownValidationScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "unknown name validation scheme {:?}, use `utf8` or `legacy`",
            self.text
        )
    }
}

impl core::error::Error for UnknownValidationScheme {}

impl FromStr for ValidationScheme {
    type Err = UnknownValidationScheme;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "utf8" => Ok(Self::Utf8),
            "legacy" => Ok(Self::Legacy),
            _ => Err(UnknownValidationScheme {
                text: text.to_owned(),
            }),
        }
    }
}

/// Whether a metric may have this name.
pub fn is_valid_metric_name(scheme: ValidationScheme, name: &[u8]) -> bool {
    match scheme {
        ValidationScheme::Utf8 => is_non_empty_utf8(name),
        ValidationScheme::Legacy => is_legacy(name, |c| c == b':'),
    }
}

/// Whether a label may have this name.
pub fn is_valid_label_name(scheme: ValidationScheme, name: &[u8]) -> bool {
    match scheme {
        ValidationScheme::Utf8 => is_non_empty_utf8(name),
        ValidationScheme::Legacy => is_legacy(name, |_| false),
    }
}

fn is_non_empty_utf8(name: &[u8]) -> bool {
    !name.is_empty() && core::str::from_utf8(name).is_ok()
}

fn is_legacy(name: &[u8], also: impl Fn(u8) -> bool) -> bool {
    let start = |c: u8| c.is_ascii_alphabetic() || c == b'_' || also(c);
    name.first().is_some_and(|c| start(*c)) && name.iter().all(|c| start(*c) || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_valid_by_scheme() {
        use ValidationScheme::{Legacy, Utf8};
        for (name, legacy_metric, legacy_label, utf8) in [
            (&b"a_1"[..], true, true, true),
            (b"_", true, true, true),
            (b"a:b", true, false, true),
            (b":", true, false, true),
            (b"1a", false, false, true),
            (b"", false, false, false),
            (b"a.b", false, false, true),
            ("é".as_bytes(), false, false, true),
            (b"a\xff", false, false, false),
        ] {
            assert_eq!(
                is_valid_metric_name(Legacy, name),
                legacy_metric,
                "{name:?}"
            );
            assert_eq!(is_valid_label_name(Legacy, name), legacy_label, "{name:?}");
            assert_eq!(is_valid_metric_name(Utf8, name), utf8, "{name:?}");
            assert_eq!(is_valid_label_name(Utf8, name), utf8, "{name:?}");
        }
    }

    #[test]
    fn schemes_read_and_print_their_names() {
        for scheme in [ValidationScheme::Utf8, ValidationScheme::Legacy] {
            assert_eq!(scheme.to_string().parse(), Ok(scheme));
        }
        assert!("UTF8".parse::<ValidationScheme>().is_err());
    }
}
