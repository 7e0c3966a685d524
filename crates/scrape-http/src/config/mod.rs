//! What a `prometheus.yml` may say about an HTTP client, as plain data.
//!
//! Guarantees: a value of these types prints, debugs and serialises without its secrets; equal values mean
//! equal clients, so a reload compares them. [`HttpClientConfig::validate`] finds every contradiction and
//! names its key; [`HttpClientConfig::resolve_paths`] makes every file path relative to the configuration
//! file. Reading the YAML itself is left to the configuration crate, which repeats the keys in jobs and
//! discovery sections through [`http_client_fields!`](crate::http_client_fields).

mod auth;
mod fields;
mod files;
mod headers;
mod lenient;
mod oauth2;
mod proxy;
#[cfg(test)]
mod tests;
mod tls;
mod validate;

use std::path::PathBuf;

use scrape_core::Secret;
use serde::{Deserialize, Serialize};

pub use self::auth::{Authorization, BasicAuth};
pub use self::fields::HttpClientFields;
pub use self::files::{FileKind, FileUse, MaterialProblem};
pub use self::headers::{HttpHeader, HttpHeaders};
pub use self::lenient::SecretRef;
pub use self::oauth2::{Claims, GrantType, OAuth2, SignatureAlgorithm};
pub use self::proxy::{ProxyConfig, ProxyHeader, UrlText};
pub use self::tls::{TlsConfig, TlsVersion};
pub use self::validate::HttpConfigError;

/// Everything that shapes a client, with defaults resolved.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "HttpClientFields")]
pub struct HttpClientConfig {
    /// `basic_auth`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<BasicAuth>,
    /// `authorization`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Authorization>,
    /// `oauth2`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2: Option<OAuth2>,
    /// `bearer_token`; [`validate`](Self::validate) moves it into `authorization`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer_token: Option<Secret>,
    /// `bearer_token_file`; [`validate`](Self::validate) moves it into `authorization`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer_token_file: Option<PathBuf>,
    /// `tls_config`
    #[serde(skip_serializing_if = "TlsConfig::is_unset")]
    pub tls_config: TlsConfig,
    /// `proxy_url`; empty when unset.
    #[serde(skip_serializing_if = "UrlText::is_empty")]
    pub proxy_url: UrlText,
    /// `no_proxy`: comma-separated hosts, domains, addresses and networks.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub no_proxy: String,
    /// `proxy_from_environment`: use `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub proxy_from_environment: bool,
    /// `proxy_connect_header`
    #[serde(skip_serializing_if = "ProxyHeader::is_empty")]
    pub proxy_connect_header: ProxyHeader,
    /// `follow_redirects`; true unless set.
    pub follow_redirects: bool,
    /// `enable_http2`; true unless set.
    pub enable_http2: bool,
    /// `http_headers`
    #[serde(skip_serializing_if = "HttpHeaders::is_empty")]
    pub http_headers: HttpHeaders,
}

impl Default for HttpClientConfig {
    fn default() -> Self {
        Self {
            basic_auth: None,
            authorization: None,
            oauth2: None,
            bearer_token: None,
            bearer_token_file: None,
            tls_config: TlsConfig::default(),
            proxy_url: UrlText::default(),
            no_proxy: String::new(),
            proxy_from_environment: false,
            proxy_connect_header: ProxyHeader::default(),
            follow_redirects: true,
            enable_http2: true,
            http_headers: HttpHeaders::default(),
        }
    }
}

impl HttpClientConfig {
    /// The proxy keys taken together.
    pub fn proxy(&self) -> ProxyConfig {
        ProxyConfig {
            url: self.proxy_url.clone(),
            no_proxy: self.no_proxy.clone(),
            from_environment: self.proxy_from_environment,
            connect_header: self.proxy_connect_header.clone(),
        }
    }
}
