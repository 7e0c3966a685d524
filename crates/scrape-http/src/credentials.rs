//! What the configuration adds to a request: credentials and further headers.
//!
//! Guarantees: files are read anew for every request and nothing of one request is left for the next, so a
//! header is sent exactly as often as it is configured. What comes from files or is marked secret stays out
//! of error texts and, by [`Scope::Foreign`], away from hosts that were not asked for.

use std::path::{Path, PathBuf};

use http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};
use scrape_core::Secret;

use crate::base64;
use crate::config::{Authorization, BasicAuth, HttpClientConfig};
use crate::error::{Failure, Reason};
use crate::secret_file;

/// Whom a request goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The host that the request names, or one below it.
    Own,
    /// A host that some redirect led to.
    Foreign,
}

/// Headers ready to be sent.
#[derive(Debug, Default, Clone)]
pub(crate) struct Credentials {
    authorization: Option<HeaderValue>,
    plain: Vec<(HeaderName, HeaderValue)>,
    secret: Vec<(HeaderName, HeaderValue)>,
}

/// Whether the configuration reads files for its headers.
pub(crate) fn reads_files(config: &HttpClientConfig) -> bool {
    config
        .basic_auth
        .as_ref()
        .is_some_and(|b| b.username_file.is_some() || b.password_file.is_some())
        || config
            .authorization
            .as_ref()
            .is_some_and(|a| a.credentials_file.is_some())
        || config
            .http_headers
            .0
            .values()
            .any(|header| !header.files.is_empty())
}

impl Credentials {
    /// Reads the files and puts the headers together.
    pub(crate) fn read_blocking(config: &HttpClientConfig) -> Result<Self, Failure> {
        let mut credentials = Self::default();
        if let Some(basic) = &config.basic_auth {
            credentials.authorization = Some(basic_header(basic)?);
        } else if let Some(authorization) = &config.authorization {
            credentials.authorization = Some(authorization_header(authorization)?);
        }
        for (name, header) in &config.http_headers.0 {
            let key = format!("http_headers.{name}");
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| Failure::new(Reason::Url, format!("{key}: is not a header name")))?;
            for value in &header.values {
                credentials
                    .plain
                    .push((name.clone(), value_of(&key, value)?));
            }
            for secret in &header.secrets {
                credentials
                    .secret
                    .push((name.clone(), secret_value(&key, secret.expose())?));
            }
            for path in &header.files {
                let secret = read(&key, path)?;
                credentials
                    .secret
                    .push((name.clone(), secret_value(&key, secret.expose())?));
            }
        }
        Ok(credentials)
    }

    /// Adds the headers to a request: plain values, then secrets, then files, each beside what is there.
    pub(crate) fn apply(&self, headers: &mut HeaderMap, scope: Scope) {
        match scope {
            Scope::Own => {
                if let Some(value) = &self.authorization
                    && !headers.contains_key(AUTHORIZATION)
                {
                    headers.insert(AUTHORIZATION, value.clone());
                }
                for (name, value) in self.plain.iter().chain(&self.secret) {
                    headers.append(name, value.clone());
                }
            }
            Scope::Foreign => {
                for (name, value) in self.plain.iter().filter(|(name, _)| !is_sensitive(name)) {
                    headers.append(name, value.clone());
                }
            }
        }
    }
}

/// Whether a header is for the original host only.
pub(crate) fn is_sensitive(name: &HeaderName) -> bool {
    *name == AUTHORIZATION
        || *name == COOKIE
        || matches!(
            name.as_str(),
            "cookie2" | "www-authenticate" | "proxy-authorization" | "proxy-authenticate"
        )
}

fn basic_header(basic: &BasicAuth) -> Result<HeaderValue, Failure> {
    let file =
        |key: &str, path: &Option<PathBuf>| path.as_ref().map(|path| read(key, path)).transpose();
    let username = file("basic_auth.username_file", &basic.username_file)?;
    let password = match file("basic_auth.password_file", &basic.password_file)? {
        Some(password) => password,
        None => basic.password.clone().unwrap_or_default(),
    };
    let username = username
        .as_ref()
        .map_or(basic.username.as_str(), Secret::expose);
    Ok(base64::basic(username, password.expose()))
}

fn authorization_header(authorization: &Authorization) -> Result<HeaderValue, Failure> {
    let credentials = match &authorization.credentials_file {
        Some(path) => read("authorization.credentials_file", path)?,
        None => authorization.credentials.clone().unwrap_or_default(),
    };
    let text = format!("{} {}", authorization.scheme(), credentials.expose());
    secret_value("authorization", text.trim_end())
}

/// A header of a scheme and a token.
pub(crate) fn secret_value(key: &str, text: &str) -> Result<HeaderValue, Failure> {
    let mut value = value_of(key, text)?;
    value.set_sensitive(true);
    Ok(value)
}

fn value_of(key: &str, text: &str) -> Result<HeaderValue, Failure> {
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
        let detail =
            format!("{key}: a line break or another control character cannot be sent in a header");
        Failure::new(Reason::Credentials, detail)
    })
}

fn read(key: &str, path: &Path) -> Result<Secret, Failure> {
    secret_file::read_blocking(path).map_err(|e| {
        Failure::new(
            Reason::Credentials,
            format!("{key}: cannot read {}: {e}", path.display()),
        )
    })
}
