//! Proxy settings. In the file their keys stand beside the other HTTP keys, not in a section of their own.

use std::collections::BTreeMap;
use std::fmt;

use scrape_core::Secret;
use serde::{Deserialize, Serialize};

use crate::url::redact_userinfo;

/// A URL as written in the configuration. What prints or serialises it shows the password as `xxxxx`.
#[derive(Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(transparent)]
pub struct UrlText(String);

impl UrlText {
    /// Wraps the text of a URL, which is checked later.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether none is configured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The URL with its password, for the one place that connects.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UrlText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact_userinfo(&self.0))
    }
}

impl fmt::Debug for UrlText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for UrlText {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// Headers of the `CONNECT` request: name to values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProxyHeader(pub BTreeMap<String, Vec<Secret>>);

impl ProxyHeader {
    /// Whether none is configured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The proxy keys taken together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ProxyConfig {
    /// `proxy_url`; empty when unset.
    pub url: UrlText,
    /// `no_proxy`; empty when unset.
    pub no_proxy: String,
    /// `proxy_from_environment`.
    pub from_environment: bool,
    /// `proxy_connect_header`.
    pub connect_header: ProxyHeader,
}
