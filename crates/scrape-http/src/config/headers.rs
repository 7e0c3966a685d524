//! The `http_headers` section: further request headers, inline, secret or read from files per request.

use std::collections::BTreeMap;
use std::path::PathBuf;

use scrape_core::Secret;
use serde::{Deserialize, Serialize};

use super::lenient;

/// The values of one header: plain ones are sent first, then secrets, then the contents of files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpHeader {
    /// Plain values.
    #[serde(
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub values: Vec<String>,
    /// Values that are never shown.
    #[serde(
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub secrets: Vec<Secret>,
    /// Files whose trimmed contents are sent.
    #[serde(
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub files: Vec<PathBuf>,
}

/// The `http_headers` section: header name to values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HttpHeaders(pub BTreeMap<String, HttpHeader>);

impl HttpHeaders {
    /// Whether no header is configured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this client or the engine sets the header itself, so that a configuration may not.
    pub(super) fn is_reserved(name: &str) -> bool {
        RESERVED
            .iter()
            .any(|reserved| reserved.eq_ignore_ascii_case(name))
    }
}

const RESERVED: [&str; 18] = [
    "Accept-Encoding",
    "Authorization",
    "Connection",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "Host",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "User-Agent",
    "Www-Authenticate",
    "X-Amz-Content-Sha256",
    "X-Amz-Date",
    "X-Amz-Security-Token",
    "X-Prometheus-Remote-Read-Version",
    "X-Prometheus-Remote-Write-Version",
    "X-Prometheus-Scrape-Timeout-Seconds",
];
