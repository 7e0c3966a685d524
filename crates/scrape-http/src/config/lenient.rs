//! Readers that treat `null` as Go's YAML does: the zero value. A file written for Prometheus may hold
//! `password:` with nothing behind it, and means an unset field.

use std::path::PathBuf;

use scrape_core::Secret;
use serde::{Deserialize, Deserializer};

/// `null` is the type's default.
pub(super) fn null_default<'de, D, T>(d: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}

/// `null` and the empty text are an unset path.
pub(super) fn path<'de, D: Deserializer<'de>>(d: D) -> Result<Option<PathBuf>, D::Error> {
    Ok(Option::<String>::deserialize(d)?
        .filter(|s| !s.is_empty())
        .map(PathBuf::from))
}

/// `null` and the empty text are an unset secret.
pub(super) fn secret<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<Secret>::deserialize(d)?.filter(|s| !s.is_empty()))
}

/// A key that names an entry of a secret manager. No value of it can exist: reading one is an error at its
/// place in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecretRef {}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(d)?;
        Err(serde::de::Error::custom(
            "keys ending in `_ref` read a secret manager, which is not supported: \
             write the value itself or use the key ending in `_file`",
        ))
    }
}
