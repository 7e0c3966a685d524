//! The `tls_config` section.

use std::path::PathBuf;

use scrape_core::Secret;
use serde::{Deserialize, Serialize};

use super::lenient::{self, SecretRef};

/// A TLS protocol version as a configuration names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TlsVersion {
    /// TLS 1.0; never negotiated.
    #[serde(rename = "TLS10")]
    Tls10,
    /// TLS 1.1; never negotiated.
    #[serde(rename = "TLS11")]
    Tls11,
    /// TLS 1.2, the lowest version spoken.
    #[serde(rename = "TLS12")]
    Tls12,
    /// TLS 1.3.
    #[serde(rename = "TLS13")]
    Tls13,
}

/// The `tls_config` section.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// Certificate authorities, PEM.
    #[serde(
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub ca: String,
    /// Client certificate chain, PEM.
    #[serde(
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub cert: String,
    /// Client private key, PEM.
    #[serde(
        deserialize_with = "lenient::secret",
        skip_serializing_if = "Option::is_none"
    )]
    pub key: Option<Secret>,
    /// File holding the certificate authorities.
    #[serde(
        deserialize_with = "lenient::path",
        skip_serializing_if = "Option::is_none"
    )]
    pub ca_file: Option<PathBuf>,
    /// File holding the client certificate chain.
    #[serde(
        deserialize_with = "lenient::path",
        skip_serializing_if = "Option::is_none"
    )]
    pub cert_file: Option<PathBuf>,
    /// File holding the client private key.
    #[serde(
        deserialize_with = "lenient::path",
        skip_serializing_if = "Option::is_none"
    )]
    pub key_file: Option<PathBuf>,
    /// Refused when present.
    #[serde(skip_serializing)]
    pub ca_ref: Option<SecretRef>,
    /// Refused when present.
    #[serde(skip_serializing)]
    pub cert_ref: Option<SecretRef>,
    /// Refused when present.
    #[serde(skip_serializing)]
    pub key_ref: Option<SecretRef>,
    /// Name sent in SNI and expected in the certificate instead of the URL's host.
    #[serde(
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub server_name: String,
    /// Accept any certificate.
    #[serde(deserialize_with = "lenient::null_default")]
    pub insecure_skip_verify: bool,
    /// Lowest version spoken; 1.2 when unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_version: Option<TlsVersion>,
    /// Highest version spoken; the newest when unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_version: Option<TlsVersion>,
}

impl TlsConfig {
    /// Whether the section says nothing.
    pub fn is_unset(&self) -> bool {
        *self == Self::default()
    }
}
