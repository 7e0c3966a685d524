//! What a rule does, by the names used in `prometheus.yml`.

use std::fmt;
use std::str::FromStr;

use serde::de;

/// What a relabel rule does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Action {
    /// Sets the target label when the regex matches.
    #[default]
    Replace,
    /// Drops what the regex does not match.
    Keep,
    /// Drops what the regex matches.
    Drop,
    /// Drops what does not equal the target label.
    KeepEqual,
    /// Drops what equals the target label.
    DropEqual,
    /// Sets the target label to a hash of the value modulo `modulus`.
    HashMod,
    /// Copies labels whose name the regex matches to a new name.
    LabelMap,
    /// Removes labels whose name the regex matches.
    LabelDrop,
    /// Removes labels whose name the regex does not match.
    LabelKeep,
    /// Sets the target label to the value in lower case.
    Lowercase,
    /// Sets the target label to the value in upper case.
    Uppercase,
}

impl Action {
    /// All actions, in the order of the documentation.
    pub const ALL: [Self; 11] = [
        Self::Replace,
        Self::Keep,
        Self::Drop,
        Self::KeepEqual,
        Self::DropEqual,
        Self::HashMod,
        Self::LabelMap,
        Self::LabelDrop,
        Self::LabelKeep,
        Self::Lowercase,
        Self::Uppercase,
    ];

    /// The name used in configuration files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replace => "replace",
            Self::Keep => "keep",
            Self::Drop => "drop",
            Self::KeepEqual => "keepequal",
            Self::DropEqual => "dropequal",
            Self::HashMod => "hashmod",
            Self::LabelMap => "labelmap",
            Self::LabelDrop => "labeldrop",
            Self::LabelKeep => "labelkeep",
            Self::Lowercase => "lowercase",
            Self::Uppercase => "uppercase",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownAction {
    /// `action:` with nothing behind it.
    #[error("relabel action cannot be empty, leave the field out for `replace`")]
    Empty,
    /// Some other word.
    #[error(
        "unknown relabel action {text:?}, use one of replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase"
    )]
    Unknown {
        /// The text as written.
        text: String,
    },
}

impl FromStr for Action {
    type Err = UnknownAction;

    /// Case does not matter.
    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        if text.is_empty() {
            return Err(UnknownAction::Empty);
        }
        Self::ALL
            .into_iter()
            .find(|a| a.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownAction::Unknown {
                text: text.to_owned(),
            })
    }
}

impl serde::Serialize for Action {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Action {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(d)?.unwrap_or_default();
        text.parse().map_err(de::Error::custom)
    }
}
