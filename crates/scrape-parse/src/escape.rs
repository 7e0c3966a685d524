//! How names that are not `[a-zA-Z_:][a-zA-Z0-9_:]*` are written for a side that knows only such names.

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use core::fmt;
use core::str::FromStr;

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

impl core::error::Error for UnknownEscapingScheme {}

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

/// Whether a character may stand unescaped at a byte index of a name.
fn fits(c: char, at: usize) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == ':' || (c.is_ascii_digit() && at > 0)
}

fn is_legacy(name: &str) -> bool {
    !name.is_empty() && name.char_indices().all(|(at, c)| fits(c, at))
}

impl EscapingScheme {
    /// Writes a name so that a side which knows only `[a-zA-Z_:][a-zA-Z0-9_:]*` can hold it. Invalid UTF-8
    /// counts as U+FFFD.
    ///
    /// # Examples
    /// ```
    /// use scrape_parse::escape::EscapingScheme;
    ///
    /// assert_eq!(EscapingScheme::Values.escape("http.status".as_bytes()), "U__http_2e_status");
    /// assert_eq!(EscapingScheme::Values.unescape("U__http_2e_status"), "http.status");
    /// ```
    pub fn escape(self, name: &[u8]) -> String {
        let name = String::from_utf8_lossy(name);
        let each = |write: &dyn Fn(&mut String, char, bool)| {
            let mut out = String::with_capacity(name.len());
            for (at, c) in name.char_indices() {
                write(&mut out, c, fits(c, at));
            }
            out
        };
        match self {
            Self::AllowUtf8 => name.into_owned(),
            Self::Underscores => each(&|out, c, fits| out.push(if fits { c } else { '_' })),
            Self::Dots => each(&|out, c, fits| match c {
                '_' => out.push_str("__"),
                '.' => out.push_str("_dot_"),
                c if fits => out.push(c),
                _ => out.push_str("__"),
            }),
            Self::Values if name.is_empty() || is_legacy(&name) => name.into_owned(),
            Self::Values => {
                let escaped = each(&|out, c, fits| match c {
                    '_' => out.push_str("__"),
                    c if fits => out.push(c),
                    c => out.push_str(&format!("_{:x}_", u32::from(c))),
                });
                format!("U__{escaped}")
            }
        }
    }

    /// Reads back what [`EscapingScheme::escape`] wrote, as far as that is possible: underscores are not
    /// reversible, dots lose what was neither dot nor underscore. A text that was not written by `Values` is
    /// answered unchanged.
    pub fn unescape(self, name: &str) -> String {
        match self {
            Self::AllowUtf8 | Self::Underscores => name.to_owned(),
            Self::Dots => name.replace("_dot_", ".").replace("__", "_"),
            Self::Values => unescape_values(name).unwrap_or_else(|| name.to_owned()),
        }
    }
}

fn unescape_values(name: &str) -> Option<String> {
    let mut rest = name.strip_prefix("U__")?;
    let mut out = String::with_capacity(rest.len());
    while let Some(at) = rest.find('_') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let escape = from.strip_prefix('_')?;
        if let Some(after) = escape.strip_prefix('_') {
            out.push('_');
            rest = after;
            continue;
        }
        let (hex, after) = escape.split_once('_')?;
        let well_formed =
            (1..=6).contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_hexdigit());
        if !well_formed {
            return None;
        }
        out.push(u32::from_str_radix(hex, 16).ok().and_then(char::from_u32)?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
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

    #[test]
    fn e01_every_cell_of_the_table() {
        use EscapingScheme::{AllowUtf8, Dots, Underscores, Values};
        for (name, [allow, underscores, dots, values]) in [
            (
                "http.status:sum",
                [
                    "http.status:sum",
                    "http_status:sum",
                    "http_dot_status:sum",
                    "U__http_2e_status:sum",
                ],
            ),
            ("a.b_c", ["a.b_c", "a_b_c", "a_dot_b__c", "U__a_2e_b__c"]),
            ("花火", ["花火", "__", "____", "U___82b1__706b_"]),
            ("0x", ["0x", "_x", "__x", "U___30_x"]),
            ("a_b", ["a_b", "a_b", "a__b", "a_b"]),
        ] {
            for (scheme, escaped) in [
                (AllowUtf8, allow),
                (Underscores, underscores),
                (Dots, dots),
                (Values, values),
            ] {
                assert_eq!(
                    scheme.escape(name.as_bytes()),
                    escaped,
                    "{scheme} of {name}"
                );
            }
            assert_eq!(Values.unescape(values), name);
        }
        assert_eq!(Values.escape(b"a\xff"), "U__a_fffd_");
        assert_eq!(Dots.unescape("a_dot_b__c"), "a.b_c");
        assert_eq!(Underscores.unescape("a_b"), "a_b");
    }

    #[test]
    fn e02_unescaping_values() {
        let unescape = |name| EscapingScheme::Values.unescape(name);
        assert_eq!(unescape("U__a_2E_b"), "a.b");
        assert_eq!(unescape("U__a_b_"), "a\u{b}");
        for unchanged in [
            "U__a_x_",
            "U__x_D900_",
            "U__a_2e",
            "a_2e_b",
            "U__a_1234567_",
            "U__a_+1_",
        ] {
            assert_eq!(unescape(unchanged), unchanged);
        }
    }

    proptest::proptest! {
        #[test]
        fn values_are_reversible(name in "[a-zA-Z0-9_:.é火 ]{0,12}") {
            let escaped = EscapingScheme::Values.escape(name.as_bytes());
            // A name that is legacy-valid and looks escaped is the one ambiguity of the scheme.
            if !name.starts_with("U__") {
                proptest::prop_assert_eq!(EscapingScheme::Values.unescape(&escaped), name);
            }
        }
    }
}
