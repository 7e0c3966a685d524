//! How a fetch fails: a reason out of a fixed set, for metrics, and a text for people that names the URL
//! without its password.

use std::fmt;

/// Why a fetch failed. The set is small and fixed, so a metric may use it as a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// The URL or a header of the request cannot be sent.
    Url,
    /// The host name does not resolve.
    Dns,
    /// No connection to the target, or it broke before the response began.
    Connect,
    /// The TLS handshake failed, or the TLS files cannot be used.
    Tls,
    /// The proxy cannot be reached or refuses.
    Proxy,
    /// A secret file cannot be read or the token endpoint gives no token.
    Credentials,
    /// The deadline passed while connecting.
    TimeoutConnect,
    /// The deadline passed between the request and the end of the response's headers.
    TimeoutHeaders,
    /// The deadline passed inside the body.
    TimeoutBody,
    /// The response is not HTTP.
    Protocol,
    /// The status is not the wanted one.
    Status,
    /// Too many redirects, or one that leads nowhere.
    Redirect,
    /// The body is encoded in a way that this client does not read.
    ContentEncoding,
    /// The compressed body is damaged.
    Decompress,
    /// The inflated body reached the limit.
    BodySizeLimit,
    /// The connection broke inside the body.
    Read,
}

impl Reason {
    /// Every reason, for metrics that start at zero.
    pub const ALL: [Self; 16] = [
        Self::Url,
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::Proxy,
        Self::Credentials,
        Self::TimeoutConnect,
        Self::TimeoutHeaders,
        Self::TimeoutBody,
        Self::Protocol,
        Self::Status,
        Self::Redirect,
        Self::ContentEncoding,
        Self::Decompress,
        Self::BodySizeLimit,
        Self::Read,
    ];

    /// The reason as a label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Proxy => "proxy",
            Self::Credentials => "credentials",
            Self::TimeoutConnect => "timeout_connect",
            Self::TimeoutHeaders => "timeout_headers",
            Self::TimeoutBody => "timeout_body",
            Self::Protocol => "protocol",
            Self::Status => "status",
            Self::Redirect => "redirect",
            Self::ContentEncoding => "content_encoding",
            Self::Decompress => "decompress",
            Self::BodySizeLimit => "body_size_limit",
            Self::Read => "read",
        }
    }

    /// Whether the deadline passed.
    pub fn is_timeout(self) -> bool {
        matches!(
            self,
            Self::TimeoutConnect | Self::TimeoutHeaders | Self::TimeoutBody
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failed fetch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{method} {url:?}: {detail}")]
pub struct FetchError {
    reason: Reason,
    method: &'static str,
    /// Redacted.
    url: String,
    detail: String,
    status: Option<u16>,
}

impl FetchError {
    pub(crate) fn new(failure: Failure, method: &'static str, url: String) -> Self {
        Self {
            reason: failure.reason,
            method,
            url,
            detail: failure.detail,
            status: failure.status,
        }
    }

    /// Why, as one of a fixed set.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The URL that was asked for, its password redacted.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What happened, without the URL.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The response's status, if the failure is about it.
    pub fn status(&self) -> Option<u16> {
        self.status
    }
}

/// A failure before it is known which request it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) reason: Reason,
    pub(crate) detail: String,
    pub(crate) status: Option<u16>,
}

impl Failure {
    pub(crate) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
            status: None,
        }
    }

    /// The deadline passed; `what` says during which step.
    pub(crate) fn timeout(reason: Reason, what: &str) -> Self {
        Self::new(reason, format!("context deadline exceeded while {what}"))
    }
}
