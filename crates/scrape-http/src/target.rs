//! One place to send requests to: the URL, and what sending needs of it, worked out once.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use http::Uri;
use http::header::HeaderValue;

use crate::error::{Failure, Reason};
use crate::pool::Key;
use crate::url::Url;

/// A URL ready to be requested.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) url: Url,
    pub(crate) key: Arc<Key>,
    /// The `Host` header.
    pub(crate) host: HeaderValue,
    /// Path and query, as a request to the host itself names them.
    pub(crate) origin: Uri,
    absolute: OnceLock<Result<Uri, Failure>>,
}

impl Target {
    /// Fails if the URL has bytes that no request line can carry.
    pub(crate) fn new(url: Url, unix_socket: Option<Arc<Path>>) -> Result<Self, Failure> {
        let host = HeaderValue::from_str(&url.host_header()).map_err(|e| invalid(&e))?;
        Ok(Self {
            key: Arc::new(Key::of(&url, unix_socket)),
            host,
            origin: url.path_and_query.parse::<Uri>().map_err(|e| invalid(&e))?,
            absolute: OnceLock::new(),
            url,
        })
    }

    /// The same URL behind a Unix socket.
    pub(crate) fn at_socket(&self, path: Arc<Path>) -> Self {
        Self {
            key: Arc::new(Key::of(&self.url, Some(path))),
            host: self.host.clone(),
            origin: self.origin.clone(),
            absolute: OnceLock::new(),
            url: self.url.clone(),
        }
    }

    /// The whole URL without its user, as proxies and HTTP/2 want it.
    pub(crate) fn absolute(&self) -> Result<Uri, Failure> {
        let parse = || {
            self.url
                .absolute_form()
                .parse::<Uri>()
                .map_err(|e| invalid(&e))
        };
        self.absolute.get_or_init(parse).clone()
    }
}

fn invalid(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Reason::Url, format!("cannot be sent: {error}"))
}
