//! The JSON form, with the habits of Go's decoder that writers of such files rely on: keys match in any
//! case, of repeated keys the last wins, null is the zero value.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use super::{DecodeError, check};
use crate::config::StaticConfig;

/// Reads a list of groups; `null` is the empty list.
///
/// Invalid UTF-8 inside strings becomes U+FFFD.
///
/// # Errors
/// Anything else than such a list, with line and column where known.
pub fn decode_json(input: &[u8]) -> Result<Vec<StaticConfig>, DecodeError> {
    let text = String::from_utf8_lossy(input);
    let groups: Option<Vec<Option<Group>>> =
        serde_json::from_str(&text).map_err(|e| DecodeError {
            line: e.line() as u64,
            column: e.column() as u64,
            reason: reason(&e),
        })?;
    check(
        groups
            .unwrap_or_default()
            .into_iter()
            .map(|g| g.map(|Group(g)| g))
            .collect(),
    )
}

/// The message without the position that serde_json appends, which the error carries as data.
fn reason(e: &serde_json::Error) -> String {
    let text = e.to_string();
    let position = format!(" at line {} column {}", e.line(), e.column());
    text.strip_suffix(&position).unwrap_or(&text).to_owned()
}

struct Group(StaticConfig);

enum Key {
    Targets,
    Labels,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl Visitor<'_> for KeyVisitor {
            type Value = Key;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("targets or labels")
            }
            fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Key, E> {
                match fold(key).as_ref() {
                    "targets" => Ok(Key::Targets),
                    "labels" => Ok(Key::Labels),
                    _ => Err(E::unknown_field(key, &["targets", "labels"])),
                }
            }
        }
        d.deserialize_identifier(KeyVisitor)
    }
}

/// Lower case, and the one non-ASCII letter that folds into these keys (long s).
fn fold(key: &str) -> Cow<'_, str> {
    if key.bytes().all(|b| b.is_ascii_lowercase()) {
        return Cow::Borrowed(key);
    }
    Cow::Owned(
        key.chars()
            .map(|c| {
                if c == 'ſ' {
                    's'
                } else {
                    c.to_ascii_lowercase()
                }
            })
            .collect(),
    )
}

impl<'de> Deserialize<'de> for Group {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct GroupVisitor;
        impl<'de> Visitor<'de> for GroupVisitor {
            type Value = Group;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a group with targets and labels")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Group, A::Error> {
                let mut group = StaticConfig::default();
                while let Some(key) = map.next_key::<Key>()? {
                    match key {
                        Key::Targets => {
                            let list: Option<Vec<Option<String>>> = map.next_value()?;
                            group.targets = list
                                .unwrap_or_default()
                                .into_iter()
                                .map(Option::unwrap_or_default)
                                .collect();
                        }
                        Key::Labels => {
                            let labels: Option<BTreeMap<String, Option<String>>> =
                                map.next_value()?;
                            let labels = labels.unwrap_or_default();
                            if labels.contains_key("") {
                                return Err(A::Error::custom("\"\" is not a valid label name"));
                            }
                            group.labels = labels
                                .into_iter()
                                .map(|(k, v)| (k, v.unwrap_or_default()))
                                .collect();
                        }
                    }
                }
                Ok(Group(group))
            }
        }
        d.deserialize_map(GroupVisitor)
    }
}
