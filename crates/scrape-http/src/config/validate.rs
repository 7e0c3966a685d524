//! Every contradiction a configuration of an HTTP client can hold, each refused by the name of its key.

use std::path::Path;

use scrape_core::Secret;

use super::{
    Authorization, GrantType, HttpClientConfig, HttpHeaders, OAuth2, ProxyConfig, TlsConfig,
    TlsVersion,
};
use crate::url::Url;

/// A setting that cannot stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct HttpConfigError {
    /// Path of the key inside the section, such as `tls_config.cert_file`.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl HttpConfigError {
    fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            message: message.into(),
        }
    }

    fn under(mut self, section: &str) -> Self {
        self.key = format!("{section}.{}", self.key);
        self
    }
}

type Checked = Result<(), HttpConfigError>;

impl HttpClientConfig {
    /// Checks the settings against each other, moves `bearer_token` and `bearer_token_file` into
    /// `authorization`, and returns warnings about settings that are honoured differently than written.
    pub fn validate(&mut self) -> Result<Vec<String>, HttpConfigError> {
        self.check_credentials()?;
        if let Some(basic) = &self.basic_auth {
            let in_section = |e: HttpConfigError| e.under("basic_auth");
            one_of(
                "username",
                !basic.username.is_empty(),
                "username_file",
                file(&basic.username_file),
            )
            .map_err(in_section)?;
            one_of(
                "password",
                secret(&basic.password),
                "password_file",
                file(&basic.password_file),
            )
            .map_err(in_section)?;
        }
        if let Some(authorization) = &self.authorization {
            check_authorization(authorization).map_err(|e| e.under("authorization"))?;
        }
        let mut warnings = Vec::new();
        if let Some(oauth2) = &self.oauth2 {
            check_oauth2(oauth2, &mut warnings).map_err(|e| e.under("oauth2"))?;
        }
        check_tls(&self.tls_config, "tls_config", &mut warnings)
            .map_err(|e| e.under("tls_config"))?;
        check_proxy(&self.proxy())?;
        check_headers(&self.http_headers)?;
        self.adopt_bearer_token();
        Ok(warnings)
    }

    fn check_credentials(&self) -> Checked {
        let token = secret(&self.bearer_token);
        let token_file = file(&self.bearer_token_file);
        one_of("bearer_token", token, "bearer_token_file", token_file)?;
        let sections = [
            ("basic_auth", self.basic_auth.is_some()),
            ("authorization", self.authorization.is_some()),
            ("oauth2", self.oauth2.is_some()),
        ];
        let mut set = sections.iter().filter(|(_, set)| *set).map(|(key, _)| *key);
        let Some(first) = set.next() else {
            return Ok(());
        };
        if token || token_file {
            let key = if token {
                "bearer_token"
            } else {
                "bearer_token_file"
            };
            return Err(HttpConfigError::new(
                key,
                format!("cannot be used together with {first}"),
            ));
        }
        match set.next() {
            Some(second) => Err(HttpConfigError::new(
                second,
                format!(
                    "at most one of basic_auth, authorization and oauth2 may be set, and {first} is"
                ),
            )),
            None => Ok(()),
        }
    }

    fn adopt_bearer_token(&mut self) {
        let credentials = self.bearer_token.take().filter(|s| !s.is_empty());
        let credentials_file = self
            .bearer_token_file
            .take()
            .filter(|p| !p.as_os_str().is_empty());
        if credentials.is_some() || credentials_file.is_some() {
            self.authorization = Some(Authorization {
                credentials,
                credentials_file,
                ..Authorization::default()
            });
        }
        if let Some(authorization) = &mut self.authorization {
            authorization.kind = authorization.scheme().to_owned();
        }
    }
}

fn file(path: &Option<impl AsRef<Path>>) -> bool {
    path.as_ref()
        .is_some_and(|p| !p.as_ref().as_os_str().is_empty())
}

fn secret(secret: &Option<Secret>) -> bool {
    secret.as_ref().is_some_and(|s| !s.is_empty())
}

fn one_of(first: &str, first_set: bool, second: &str, second_set: bool) -> Checked {
    if first_set && second_set {
        return Err(HttpConfigError::new(
            second,
            format!("at most one of {first} and {second} may be set"),
        ));
    }
    Ok(())
}

fn check_authorization(authorization: &Authorization) -> Checked {
    one_of(
        "credentials",
        secret(&authorization.credentials),
        "credentials_file",
        file(&authorization.credentials_file),
    )?;
    let scheme = authorization.scheme();
    if scheme.eq_ignore_ascii_case("basic") {
        return Err(HttpConfigError::new(
            "type",
            "cannot be \"basic\": use the basic_auth section instead",
        ));
    }
    if !scheme.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(HttpConfigError::new(
            "type",
            "must be one word of printable ASCII characters",
        ));
    }
    Ok(())
}

fn check_oauth2(oauth2: &OAuth2, warnings: &mut Vec<String>) -> Checked {
    if oauth2.client_id.is_empty() {
        return Err(HttpConfigError::new("client_id", "must be set"));
    }
    if oauth2.token_url.is_empty() {
        return Err(HttpConfigError::new("token_url", "must be set"));
    }
    Url::parse(oauth2.token_url.expose())
        .map_err(|e| HttpConfigError::new("token_url", e.to_string()))?;
    one_of(
        "client_secret",
        secret(&oauth2.client_secret),
        "client_secret_file",
        file(&oauth2.client_secret_file),
    )?;
    let key = secret(&oauth2.client_certificate_key);
    let key_file = file(&oauth2.client_certificate_key_file);
    one_of(
        "client_certificate_key",
        key,
        "client_certificate_key_file",
        key_file,
    )?;
    if oauth2.grant_type == GrantType::JwtBearer && !key && !key_file {
        return Err(HttpConfigError::new(
            "client_certificate_key",
            "must be set, or client_certificate_key_file, for the jwt-bearer grant",
        ));
    }
    check_tls(&oauth2.tls_config, "oauth2.tls_config", warnings)
        .map_err(|e| e.under("tls_config"))?;
    check_proxy(&oauth2.proxy())
}

fn check_tls(tls: &TlsConfig, section: &str, warnings: &mut Vec<String>) -> Checked {
    let cert_file = file(&tls.cert_file);
    let key_file = file(&tls.key_file);
    one_of("ca", !tls.ca.is_empty(), "ca_file", file(&tls.ca_file))?;
    one_of("cert", !tls.cert.is_empty(), "cert_file", cert_file)?;
    one_of("key", secret(&tls.key), "key_file", key_file)?;
    let cert = !tls.cert.is_empty() || cert_file;
    let key = secret(&tls.key) || key_file;
    if cert && !key {
        let set = if cert_file { "cert_file" } else { "cert" };
        return Err(HttpConfigError::new(
            set,
            "a client certificate needs key or key_file beside it",
        ));
    }
    if key && !cert {
        let set = if key_file { "key_file" } else { "key" };
        return Err(HttpConfigError::new(
            set,
            "a client key needs cert or cert_file beside it",
        ));
    }
    if let (Some(min), Some(max)) = (tls.min_version, tls.max_version)
        && min > max
    {
        return Err(HttpConfigError::new(
            "min_version",
            "is higher than max_version",
        ));
    }
    if tls.max_version.is_some_and(|max| max < TlsVersion::Tls12) {
        return Err(HttpConfigError::new(
            "max_version",
            "TLS 1.0 and 1.1 are not spoken: use TLS12 or TLS13",
        ));
    }
    if tls.min_version.is_some_and(|min| min < TlsVersion::Tls12) {
        warnings
            .push(format!("{section}.min_version: TLS 1.0 and 1.1 are not spoken, TLS12 is the lowest version used"));
    }
    if !tls.server_name.is_empty()
        && rustls::pki_types::ServerName::try_from(tls.server_name.as_str()).is_err()
    {
        return Err(HttpConfigError::new(
            "server_name",
            "is neither a DNS name nor an IP address",
        ));
    }
    Ok(())
}

fn check_proxy(proxy: &ProxyConfig) -> Checked {
    if proxy.from_environment && !proxy.url.is_empty() {
        return Err(HttpConfigError::new(
            "proxy_from_environment",
            "cannot be used together with proxy_url",
        ));
    }
    if proxy.from_environment && !proxy.no_proxy.is_empty() {
        return Err(HttpConfigError::new(
            "proxy_from_environment",
            "cannot be used together with no_proxy",
        ));
    }
    if proxy.url.is_empty() && !proxy.no_proxy.is_empty() {
        return Err(HttpConfigError::new(
            "no_proxy",
            "needs proxy_url beside it",
        ));
    }
    if proxy.url.is_empty() && !proxy.from_environment && !proxy.connect_header.is_empty() {
        return Err(HttpConfigError::new(
            "proxy_connect_header",
            "needs proxy_url or proxy_from_environment beside it",
        ));
    }
    if !proxy.url.is_empty() {
        Url::parse_proxy(proxy.url.expose())
            .map_err(|e| HttpConfigError::new("proxy_url", e.to_string()))?;
    }
    for (name, values) in &proxy.connect_header.0 {
        let key = || format!("proxy_connect_header.{name}");
        check_header_name(name).map_err(|e| HttpConfigError::new(key(), e))?;
        for value in values {
            check_header_value(value.expose()).map_err(|e| HttpConfigError::new(key(), e))?;
        }
    }
    Ok(())
}

fn check_headers(headers: &HttpHeaders) -> Checked {
    for (name, header) in &headers.0 {
        let key = || format!("http_headers.{name}");
        check_header_name(name).map_err(|e| HttpConfigError::new(key(), e))?;
        if HttpHeaders::is_reserved(name) {
            return Err(HttpConfigError::new(
                key(),
                "this header is set by the client and cannot be configured",
            ));
        }
        let values = header.values.iter().map(String::as_str);
        for value in values.chain(header.secrets.iter().map(Secret::expose)) {
            check_header_value(value).map_err(|e| HttpConfigError::new(key(), e))?;
        }
    }
    Ok(())
}

fn check_header_name(name: &str) -> Result<(), &'static str> {
    match http::HeaderName::from_bytes(name.as_bytes()) {
        Ok(_) => Ok(()),
        Err(_) => Err("is not a header name"),
    }
}

fn check_header_value(value: &str) -> Result<(), &'static str> {
    match http::HeaderValue::from_bytes(value.as_bytes()) {
        Ok(_) => Ok(()),
        Err(_) => Err("a value has a line break or another control character"),
    }
}
