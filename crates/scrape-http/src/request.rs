//! A request, built once per target and sent many times: parsing, header checks and the connection key are
//! paid for at construction.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use crate::error::{Failure, FetchError, Reason};
use crate::target::Target;
use crate::url::{Url, redact_userinfo};

/// How long a request may take unless it says otherwise: the default scrape timeout.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
}

impl Method {
    /// As error messages name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "Get",
            Self::Post => "Post",
        }
    }

    pub(crate) fn http(self) -> http::Method {
        match self {
            Self::Get => http::Method::GET,
            Self::Post => http::Method::POST,
        }
    }
}

/// A request. Cheap to keep and to send again; nothing of one sending is left in it for the next.
#[derive(Clone)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) target: Arc<Target>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) timeout: Duration,
    pub(crate) body_size_limit: u64,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Headers and body may hold credentials.
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &self.target.url)
            .field("unix_socket", &self.target.key.unix_socket)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Request {
    /// A `GET` of an `http` or `https` URL.
    pub fn get(url: &str) -> Result<Self, FetchError> {
        Self::new(Method::Get, url)
    }

    /// A `POST` of a body.
    pub fn post(url: &str, content_type: &str, body: impl Into<Bytes>) -> Result<Self, FetchError> {
        let mut request =
            Self::new(Method::Post, url)?.header(CONTENT_TYPE.as_str(), content_type)?;
        request.body = body.into();
        Ok(request)
    }

    fn new(method: Method, text: &str) -> Result<Self, FetchError> {
        let target = Url::parse(text)
            .map_err(|e| Failure::new(Reason::Url, e.to_string()))
            .and_then(|url| Target::new(url, None))
            .map_err(|f| FetchError::new(f, method.name(), redact_userinfo(text)))?;
        Ok(Self {
            method,
            target: Arc::new(target),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            timeout: DEFAULT_TIMEOUT,
            body_size_limit: 0,
        })
    }

    /// Adds a header beside others of the same name.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, FetchError> {
        let checked = HeaderName::from_bytes(name.as_bytes())
            .ok()
            .zip(HeaderValue::from_str(value).ok());
        let Some((name, value)) = checked else {
            let failure = Failure::new(Reason::Url, format!("header {name:?} cannot be sent"));
            return Err(FetchError::new(
                failure,
                self.method.name(),
                self.target.url.to_string(),
            ));
        };
        self.headers.append(name, value);
        Ok(self)
    }

    /// Asks for a gzip body, or for one that is not compressed.
    #[must_use]
    pub fn compression(mut self, wanted: bool) -> Self {
        let value = if wanted { "gzip" } else { "identity" };
        self.headers
            .insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
        self
    }

    /// The time for everything: files, name lookup, connecting, the headers and the whole body. 10 s unless set.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the timeout and tells the target about it in `X-Prometheus-Scrape-Timeout-Seconds`.
    #[must_use]
    pub fn scrape_timeout(mut self, timeout: Duration) -> Self {
        if let Ok(value) = HeaderValue::from_str(&seconds_text(timeout)) {
            self.headers.insert(
                HeaderName::from_static("x-prometheus-scrape-timeout-seconds"),
                value,
            );
        }
        self.timeout(timeout)
    }

    /// Fails the fetch once this many inflated bytes were read, hence also on a body of exactly this size;
    /// 0 means no limit.
    #[must_use]
    pub fn body_size_limit(mut self, bytes: u64) -> Self {
        self.body_size_limit = bytes;
        self
    }

    /// Connects to a Unix socket instead of the URL's host; the URL still names host and path. Connections
    /// of different sockets are never mixed up.
    #[must_use]
    pub fn unix_socket(mut self, path: impl Into<PathBuf>) -> Self {
        let path: Arc<Path> = path.into().into();
        self.target = Arc::new(self.target.at_socket(path));
        self
    }

    /// The URL with its password redacted.
    pub fn url(&self) -> String {
        self.target.url.to_string()
    }
}

/// The shortest decimal of a duration in seconds: `10`, `1.5`, `0.025`.
pub fn seconds_text(duration: Duration) -> String {
    let whole = duration.as_secs();
    match duration.subsec_nanos() {
        0 => whole.to_string(),
        nanos => format!("{whole}.{}", format!("{nanos:09}").trim_end_matches('0')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_052_timeout_and_compression_headers() {
        for (ms, text) in [
            (1500, "1.5"),
            (10_000, "10"),
            (25, "0.025"),
            (0, "0"),
            (60_001, "60.001"),
        ] {
            assert_eq!(seconds_text(Duration::from_millis(ms)), text);
        }
        let sent = |request: Request, name: &str| request.headers.get(name).cloned().expect("set");
        let request = || Request::get("http://h/").expect("a request");
        let timed = request().scrape_timeout(Duration::from_millis(1500));
        assert_eq!(sent(timed, "x-prometheus-scrape-timeout-seconds"), "1.5");
        assert_eq!(sent(request().compression(true), "accept-encoding"), "gzip");
        assert_eq!(
            sent(request().compression(false), "accept-encoding"),
            "identity"
        );
    }

    #[test]
    fn what_cannot_be_sent_is_refused_without_showing_the_password() {
        let error = Request::get("ftp://u:hunter2@h/").expect_err("not HTTP");
        assert_eq!(error.reason(), Reason::Url);
        assert!(!error.to_string().contains("hunter2"), "{error}");
        let error = Request::get("http://h/")
            .and_then(|r| r.header("X", "a\nb"))
            .expect_err("a line break");
        assert_eq!(error.reason(), Reason::Url);
    }
}
