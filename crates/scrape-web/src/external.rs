//! Where users reach this server, and how a target's URL looks from there.

use std::fmt;

/// The URL under which the server is reachable from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalUrl {
    scheme: String,
    /// `host` or `host:port`, brackets kept.
    host: String,
    path: String,
}

/// Why an external URL is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExternalUrlError {
    /// Neither `http://` nor `https://`.
    #[error("external URL {url:?} must start with http:// or https://")]
    Scheme {
        /// As written.
        url: String,
    },
    /// No host, or characters that do not belong into one.
    #[error("external URL {url:?} has no valid host")]
    Host {
        /// As written.
        url: String,
    },
}

impl ExternalUrl {
    /// Reads `http[s]://host[:port][/path]`. A query or fragment is not part of it and is refused.
    ///
    /// # Errors
    /// See [`ExternalUrlError`].
    pub fn parse(url: &str) -> Result<Self, ExternalUrlError> {
        let (scheme, rest) = match url.split_once("://") {
            Some((s @ ("http" | "https"), rest)) => (s, rest),
            _ => {
                return Err(ExternalUrlError::Scheme {
                    url: url.to_owned(),
                });
            }
        };
        let (host, path) = match rest.find('/') {
            Some(i) => rest.split_at(i),
            None => (rest, ""),
        };
        let bad = |c: char| {
            c.is_whitespace() || c.is_control() || matches!(c, '@' | '?' | '#' | '"' | '<' | '>')
        };
        if host.is_empty() || rest.contains(bad) || split_port(host).0.is_empty() {
            return Err(ExternalUrlError::Host {
                url: url.to_owned(),
            });
        }
        let path = path.trim_end_matches('/').to_owned();
        Ok(Self {
            scheme: scheme.to_owned(),
            host: host.to_owned(),
            path,
        })
    }

    /// The path prefix without a trailing slash; empty for the root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// A target's URL as someone outside would use it. A target on this host's loopback that is this server
    /// (same port) gets the external scheme and host, another one only the external host name.
    ///
    /// A target without a port has the one of its scheme. Anything that is no such URL stays as it is.
    pub(crate) fn global_url(&self, target: &str, listen_port: u16) -> String {
        let Some((scheme, rest)) = target.split_once("://") else {
            return target.to_owned();
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (host, port) = split_port(authority);
        if !matches!(host, "127.0.0.1" | "localhost" | "[::1]") {
            return target.to_owned();
        }
        let default_port = if scheme == "https" { 443 } else { 80 };
        if port.map_or(Some(default_port), |p| p.parse().ok()) == Some(listen_port) {
            return format!("{}://{}{tail}", self.scheme, self.host);
        }
        let own = split_port(&self.host).0;
        match port {
            Some(port) => format!("{scheme}://{own}:{port}{tail}"),
            None => format!("{scheme}://{own}{tail}"),
        }
    }
}

/// `host:port`; a colon inside brackets is part of the host.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rfind(':') {
        Some(i) if !authority[i..].contains(']') => (&authority[..i], Some(&authority[i + 1..])),
        _ => (authority, None),
    }
}

impl fmt::Display for ExternalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}/", self.scheme, self.host, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_targets_are_shown_as_seen_from_outside() {
        let external = ExternalUrl::parse("https://mon.example.org:8443/prom/").expect("valid");
        for (target, want) in [
            (
                "http://localhost:9090/prom/metrics",
                "https://mon.example.org:8443/prom/metrics",
            ),
            (
                "http://127.0.0.1:9090/metrics?a=b",
                "https://mon.example.org:8443/metrics?a=b",
            ),
            (
                "http://[::1]:9090/metrics",
                "https://mon.example.org:8443/metrics",
            ),
            (
                "http://localhost:9100/metrics",
                "http://mon.example.org:9100/metrics",
            ),
            ("http://localhost/metrics", "http://mon.example.org/metrics"),
            (
                "http://10.0.0.1:9090/metrics",
                "http://10.0.0.1:9090/metrics",
            ),
            ("http://[fe80::1]:9090/", "http://[fe80::1]:9090/"),
            ("http://example.org/metrics", "http://example.org/metrics"),
            ("not a url", "not a url"),
        ] {
            assert_eq!(external.global_url(target, 9090), want);
        }
        let plain = ExternalUrl::parse("http://mon").expect("valid");
        assert_eq!(plain.global_url("http://localhost/x", 80), "http://mon/x");
        assert_eq!(
            plain.global_url("http://localhost:1/x", 80),
            "http://mon:1/x"
        );
        let v6 = ExternalUrl::parse("http://[2001:db8::1]:9090").expect("valid");
        assert_eq!(
            v6.global_url("http://localhost:1/x", 9090),
            "http://[2001:db8::1]:1/x"
        );
    }

    #[test]
    fn external_urls_are_checked_and_their_path_is_the_prefix() {
        assert_eq!(ExternalUrl::parse("http://a").expect("valid").path(), "");
        let e = ExternalUrl::parse("http://a:1/b/c/").expect("valid");
        assert_eq!(
            (e.path(), e.to_string().as_str()),
            ("/b/c", "http://a:1/b/c/")
        );
        for bad in [
            "",
            "a:9090",
            "ftp://a",
            "http://",
            "http:///x",
            "http://:80",
            "http://u@h",
            "http://a?x",
            "http://a b",
        ] {
            assert!(ExternalUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
