//! `basic_auth` and `authorization`: fixed credentials, inline or in a file that is read on every request.

use std::path::PathBuf;

use scrape_core::Secret;
use serde::{Deserialize, Serialize};

use super::lenient::{self, SecretRef};

/// The `basic_auth` section.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BasicAuth {
    /// User name; may be empty.
    #[serde(
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub username: String,
    /// File holding the user name.
    #[serde(
        deserialize_with = "lenient::path",
        skip_serializing_if = "Option::is_none"
    )]
    pub username_file: Option<PathBuf>,
    /// Password.
    #[serde(
        deserialize_with = "lenient::secret",
        skip_serializing_if = "Option::is_none"
    )]
    pub password: Option<Secret>,
    /// File holding the password.
    #[serde(
        deserialize_with = "lenient::path",
        skip_serializing_if = "Option::is_none"
    )]
    pub password_file: Option<PathBuf>,
    /// Refused when present.
    #[serde(skip_serializing)]
    pub username_ref: Option<SecretRef>,
    /// Refused when present.
    #[serde(skip_serializing)]
    pub password_ref: Option<SecretRef>,
}

/// The `authorization` section: `Authorization: <type> <credentials>`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Authorization {
    /// Scheme; empty means `Bearer`.
    #[serde(rename = "type", deserialize_with = "lenient::null_default")]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The credentials.
    #[serde(
        deserialize_with = "lenient::secret",
        skip_serializing_if = "Option::is_none"
    )]
    pub credentials: Option<Secret>,
    /// File holding the credentials.
    #[serde(
        deserialize_with = "lenient::path",
        skip_serializing_if = "Option::is_none"
    )]
    pub credentials_file: Option<PathBuf>,
    /// Refused when present.
    #[serde(skip_serializing)]
    pub credentials_ref: Option<SecretRef>,
}

impl Authorization {
    /// The scheme to send, without surrounding blanks: `Bearer` when none is configured.
    pub fn scheme(&self) -> &str {
        match self.kind.trim() {
            "" => "Bearer",
            kind => kind,
        }
    }
}
