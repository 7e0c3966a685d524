//! How names that are not `[a-zA-Z_:][a-zA-Z0-9_:]*` are written for a side that knows only such names.

use std::fmt;
use std::str::FromStr;

/// What a scrape asks the target to do with such names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EscapingScheme {
    /// Leave them as they are, quoted.
    #[default]
    AllowUtf8,
    /// Write `_` for every character that does not fit.
    Underscores,
    /// Write `_dot_` for `.` and `__` for `_`; other characters that do not fit become underscores.
    Dots,
    /// Write `U__` and the code points of characters that do not fit.
    Values,
}

impl EscapingScheme {
    /// Every scheme.
    pub const ALL: [Self; 4] = [Self::AllowUtf8, Self::Underscores, Self::Dots, Self::Values];

    /// The name used in configuration files and in the `escaping` parameter of a content type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AllowUtf8 => "allow-utf-8",
            Self::Underscores => "underscores",
            Self::Dots => "dots",
            Self::Values => "values",
        }
    }
}

impl fmt::Display for EscapingScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no escaping scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownEscapingScheme {
    /// The text as written.
    pub text: String,
}

impl fmt::Display for UnknownEscapingScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = EscapingScheme::ALL.iter().map(|s| s.as_str()).collect();
        let names = names.join(", ");
        write!(
            f,
            "unknown escaping scheme {:?}, use one of {names}",
            self.text
        )
    }
}

impl std::error::Error for UnknownEscapingScheme {}

impl FromStr for EscapingScheme {
    type Err = UnknownEscapingScheme;

    fn from_str(text: &str) -> Result<Self, UnknownEscapingScheme> {
        Self::ALL
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| UnknownEscapingScheme {
                text: text.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for scheme in EscapingScheme::ALL {
            assert_eq!(scheme.to_string().parse(), Ok(scheme));
        }
        assert!("none".parse::<EscapingScheme>().is_err());
    }
}
