//! The `oauth2` section: a token fetched from an endpoint and cached until it expires.

use std::collections::BTreeMap;
use std::path::PathBuf;

use scrape_core::Secret;
use serde::{Deserialize, Serialize};

use super::lenient::{self, SecretRef};
use super::{HttpClientConfig, ProxyConfig, ProxyHeader, TlsConfig, UrlText};

/// How a token is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GrantType {
    /// Client id and secret (RFC 6749 §4.4).
    #[default]
    #[serde(rename = "client_credentials")]
    ClientCredentials,
    /// A signed assertion (RFC 7523).
    #[serde(rename = "urn:ietf:params:oauth:grant-type:jwt-bearer")]
    JwtBearer,
}

/// How the assertion of [`GrantType::JwtBearer`] is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SignatureAlgorithm {
    /// RSA PKCS #1 v1.5 with SHA-256.
    #[default]
    RS256,
    /// RSA PKCS #1 v1.5 with SHA-384.
    RS384,
    /// RSA PKCS #1 v1.5 with SHA-512.
    RS512,
}

/// Claims added to the assertion, as JSON values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Claims(pub(crate) BTreeMap<String, serde_json::Value>);

impl Claims {
    /// Whether no claim is configured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The `oauth2` section.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OAuth2 {
    /// Client id; required.
    #[serde(deserialize_with = "lenient::null_default")]
    pub client_id: String,
    /// Client secret.
    #[serde(
        deserialize_with = "lenient::secret",
        skip_serializing_if = "Option::is_none"
    )]
    pub client_secret: Option<Secret>,
    /// File holding the client secret; a changed content discards the cached token.
    #[serde(
        deserialize_with = "lenient::path",
        skip_serializing_if = "Option::is_none"
    )]
    pub client_secret_file: Option<PathBuf>,
    /// Refused when present.
    #[serde(skip_serializing)]
    pub client_secret_ref: Option<SecretRef>,
    /// Scopes asked for.
    #[serde(
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub scopes: Vec<String>,
    /// Token endpoint; required.
    #[serde(deserialize_with = "lenient::null_default")]
    pub token_url: UrlText,
    /// Further form parameters of the token request.
    #[serde(deserialize_with = "lenient::null_default")]
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub endpoint_params: BTreeMap<String, String>,
    /// `client_credentials` unless set.
    #[serde(deserialize_with = "lenient::null_default")]
    pub grant_type: GrantType,
    /// Private key (PEM, RSA) that signs the assertion.
    #[serde(
        deserialize_with = "lenient::secret",
        skip_serializing_if = "Option::is_none"
    )]
    pub client_certificate_key: Option<Secret>,
    /// File holding that key.
    #[serde(
        deserialize_with = "lenient::path",
        skip_serializing_if = "Option::is_none"
    )]
    pub client_certificate_key_file: Option<PathBuf>,
    /// Refused when present.
    #[serde(skip_serializing)]
    pub client_certificate_key_ref: Option<SecretRef>,
    /// `kid` header of the assertion.
    #[serde(
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub client_certificate_key_id: String,
    /// `RS256` unless set.
    #[serde(deserialize_with = "lenient::null_default")]
    pub signature_algorithm: SignatureAlgorithm,
    /// `iss` claim; the client id when empty.
    #[serde(
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub iss: String,
    /// `aud` claim; the token URL when empty.
    #[serde(
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub audience: String,
    /// Further claims of the assertion.
    #[serde(
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "Claims::is_empty"
    )]
    pub claims: Claims,
    /// TLS towards the token endpoint.
    #[serde(
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "TlsConfig::is_unset"
    )]
    pub tls_config: TlsConfig,
    /// Proxy towards the token endpoint.
    #[serde(
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "UrlText::is_empty"
    )]
    pub proxy_url: UrlText,
    /// Hosts reached without the proxy.
    #[serde(
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub no_proxy: String,
    /// Take the proxy from the environment.
    #[serde(
        deserialize_with = "lenient::null_default",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub proxy_from_environment: bool,
    /// Headers of the `CONNECT` request.
    #[serde(deserialize_with = "lenient::null_default")]
    #[serde(skip_serializing_if = "ProxyHeader::is_empty")]
    pub proxy_connect_header: ProxyHeader,
}

impl OAuth2 {
    /// The proxy settings of the token endpoint.
    pub fn proxy(&self) -> ProxyConfig {
        ProxyConfig {
            url: self.proxy_url.clone(),
            no_proxy: self.no_proxy.clone(),
            from_environment: self.proxy_from_environment,
            connect_header: self.proxy_connect_header.clone(),
        }
    }

    /// The settings of the client that talks to the token endpoint.
    pub(crate) fn token_client(&self) -> HttpClientConfig {
        HttpClientConfig {
            tls_config: self.tls_config.clone(),
            proxy_url: self.proxy_url.clone(),
            no_proxy: self.no_proxy.clone(),
            proxy_from_environment: self.proxy_from_environment,
            proxy_connect_header: self.proxy_connect_header.clone(),
            ..HttpClientConfig::default()
        }
    }
}
