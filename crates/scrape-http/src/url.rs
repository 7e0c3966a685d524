//! URLs as Go reads them, since target addresses and redirects come from files and peers written for it:
//! the path is neither normalised nor re-encoded, an explicit default port stays in the `Host` header, and
//! nothing but `http` and `https` is fetched.
//!
//! Guarantees: what prints a URL shows the password as `xxxxx`; control characters, an empty host and a port
//! out of range are refused; bytes that HTTP cannot carry are percent-encoded.

use std::fmt;

/// Shown instead of a password inside a URL.
const REDACTED: &str = "xxxxx";
/// The schemes of what is fetched, as errors name them.
const FETCHED: &str = "http or https";

/// Why a text is not a URL this client can fetch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum UrlError {
    /// A byte below 0x20 or 0x7f.
    #[error("control character at byte {0} of the URL")]
    Control(usize),
    /// Not one this client speaks where the URL stands.
    #[error("unsupported protocol scheme {0:?}: expected {1}")]
    Scheme(String, &'static str),
    /// Nothing between the scheme and the path.
    #[error("no host in the URL")]
    NoHost,
    /// The host has a character that no host name has.
    #[error("invalid character {0:?} in the host name")]
    Host(char),
    /// A name outside ASCII.
    #[error("the host name has characters outside ASCII: write it in its xn-- form")]
    Idn,
    /// The port is not a number up to 65535.
    #[error("invalid port in the URL")]
    Port,
    /// An IPv6 address whose bracket is missing.
    #[error("missing ']' after an IPv6 address")]
    Bracket,
    /// A `%` that two hexadecimal digits do not follow.
    #[error("invalid percent-encoding in the user name or password")]
    UserInfo,
}

/// What to speak to the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Http,
    Https,
    /// Proxies only.
    Socks5,
}

impl Scheme {
    fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks5 => "socks5",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            Self::Socks5 => 1080,
        }
    }
}

/// A user name and maybe a password, decoded.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct UserInfo {
    pub(crate) username: String,
    pub(crate) password: Option<String>,
}

/// A parsed URL. `Display` and `Debug` redact the password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) scheme: Scheme,
    pub(crate) user: Option<UserInfo>,
    /// Without brackets; an IPv6 zone is kept behind `%`.
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    /// Begins with `/`; has the query, not the fragment.
    pub(crate) path_and_query: String,
}

impl Url {
    /// Parses the URL of a request.
    pub(crate) fn parse(text: &str) -> Result<Self, UrlError> {
        let url = Self::parse_any(text)?;
        match url.scheme {
            Scheme::Http | Scheme::Https => Ok(url),
            Scheme::Socks5 => Err(UrlError::Scheme("socks5".into(), FETCHED)),
        }
    }

    /// Parses the URL of a proxy: `http`, `https` or `socks5`.
    pub(crate) fn parse_proxy(text: &str) -> Result<Self, UrlError> {
        Self::parse_any(text).map_err(|e| match e {
            UrlError::Scheme(scheme, _) => UrlError::Scheme(scheme, "http, https or socks5"),
            e => e,
        })
    }

    fn parse_any(text: &str) -> Result<Self, UrlError> {
        if let Some(at) = text.bytes().position(|b| b < 0x20 || b == 0x7f) {
            return Err(UrlError::Control(at));
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            "socks5" | "socks5h" => Scheme::Socks5,
            other => return Err(UrlError::Scheme(other.to_owned(), FETCHED)),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (user, host_port) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(parse_user(user)?), host),
            None => (None, authority),
        };
        let (host, port) = parse_host_port(host_port)?;
        Ok(Self {
            scheme,
            user,
            host,
            port,
            path_and_query: encode_path(tail),
        })
    }

    /// The target of a `Location` header found at this URL.
    pub(crate) fn join(&self, location: &str) -> Result<Self, UrlError> {
        if let Some(at) = location.bytes().position(|b| b < 0x20 || b == 0x7f) {
            return Err(UrlError::Control(at));
        }
        if let Some(scheme) = scheme_of(location) {
            // `scheme:` without `//` cannot name a host.
            return match location[scheme.len()..].starts_with("://") {
                true => Self::parse(location),
                false => Err(UrlError::Scheme(scheme.to_owned(), FETCHED)),
            };
        }
        if location.starts_with("//") {
            return Self::parse(&format!("{}:{location}", self.scheme.as_str()));
        }
        let mut next = self.clone();
        let location = location.split('#').next().unwrap_or_default();
        let (base_path, _) = split_query(&self.path_and_query);
        let merged = match location.as_bytes().first() {
            None => self.path_and_query.clone(),
            Some(b'?') => format!("{base_path}{location}"),
            Some(b'/') => remove_dots(location),
            Some(_) => {
                let folder = base_path
                    .rfind('/')
                    .map_or("/", |slash| &base_path[..=slash]);
                remove_dots(&format!("{folder}{location}"))
            }
        };
        next.path_and_query = encode_path(&merged);
        Ok(next)
    }

    /// The port to connect to.
    pub(crate) fn port_or_default(&self) -> u16 {
        self.port.unwrap_or(self.scheme.default_port())
    }

    /// The value of the `Host` header: the port only if the URL names one, without an IPv6 zone.
    pub(crate) fn host_header(&self) -> String {
        let host = self.host.split('%').next().unwrap_or_default();
        let (open, close) = if host.contains(':') {
            ("[", "]")
        } else {
            ("", "")
        };
        match self.port {
            Some(port) => format!("{open}{host}{close}:{port}"),
            None => format!("{open}{host}{close}"),
        }
    }

    /// `host:port`, as a `CONNECT` request names it.
    pub(crate) fn authority(&self) -> String {
        let host = self.host.split('%').next().unwrap_or_default();
        let (open, close) = if host.contains(':') {
            ("[", "]")
        } else {
            ("", "")
        };
        format!("{open}{host}{close}:{}", self.port_or_default())
    }

    /// The whole URL without user and password, as a request through an HTTP proxy names it.
    pub(crate) fn absolute_form(&self) -> String {
        format!(
            "{}://{}{}",
            self.scheme.as_str(),
            self.host_header(),
            self.path_and_query
        )
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme.as_str())?;
        if let Some(user) = &self.user {
            f.write_str(&user.username)?;
            if user.password.is_some() {
                write!(f, ":{REDACTED}")?;
            }
            f.write_str("@")?;
        }
        write!(f, "{}{}", self.host_header(), self.path_and_query)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text of a URL, parsable or not, with the password in it replaced.
pub(crate) fn redact_userinfo(text: &str) -> String {
    let start = text.find("://").map_or(0, |at| at + 3);
    let rest = &text[start..];
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let at = rest[..end].rfind('@').or_else(|| {
        // A password with an unescaped slash: not a URL, yet not to be shown either.
        let (_, port) = rest[..end].split_once(':')?;
        let is_port = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        if rest.starts_with('[') || is_port {
            None
        } else {
            rest.rfind('@')
        }
    });
    let Some(at) = at else { return text.to_owned() };
    match rest[..at].find(':') {
        Some(colon) => format!(
            "{}{}:{REDACTED}{}",
            &text[..start],
            &rest[..colon],
            &rest[at..]
        ),
        None => text.to_owned(),
    }
}

fn scheme_of(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let mut bytes = scheme.bytes();
    let first = bytes.next()?;
    let valid = first.is_ascii_alphabetic()
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    valid.then_some(scheme)
}

fn parse_user(text: &str) -> Result<UserInfo, UrlError> {
    let (username, password) = match text.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (text, None),
    };
    Ok(UserInfo {
        username: percent_decode(username)?,
        password: password.map(percent_decode).transpose()?,
    })
}

fn percent_decode(text: &str) -> Result<String, UrlError> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        if b != b'%' {
            out.push(b);
            continue;
        }
        let mut digit = || {
            let b = bytes.next().ok_or(UrlError::UserInfo)?;
            char::from(b).to_digit(16).ok_or(UrlError::UserInfo)
        };
        let value = digit()? * 16 + digit()?;
        out.push(u8::try_from(value).map_err(|_| UrlError::UserInfo)?);
    }
    String::from_utf8(out).map_err(|_| UrlError::UserInfo)
}

fn parse_host_port(text: &str) -> Result<(String, Option<u16>), UrlError> {
    let (host, port) = if let Some(inside) = text.strip_prefix('[') {
        let (host, after) = inside.split_once(']').ok_or(UrlError::Bracket)?;
        let port = match after {
            "" => None,
            _ => Some(after.strip_prefix(':').ok_or(UrlError::Port)?),
        };
        (host.replacen("%25", "%", 1), port)
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host.to_owned(), Some(port)),
            None => (text.to_owned(), None),
        }
    };
    if host.is_empty() {
        return Err(UrlError::NoHost);
    }
    if !host.is_ascii() {
        return Err(UrlError::Idn);
    }
    let allowed = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(
                c,
                '-' | '.'
                    | '_'
                    | '~'
                    | '!'
                    | '$'
                    | '&'
                    | '\''
                    | '('
                    | ')'
                    | '*'
                    | '+'
                    | ','
                    | ';'
                    | '='
            )
            || (text.starts_with('[') && matches!(c, ':' | '%'))
    };
    if let Some(bad) = host.chars().find(|c| !allowed(*c)) {
        return Err(UrlError::Host(bad));
    }
    let port = match port {
        None | Some("") => None,
        Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => {
            Some(port.parse::<u16>().map_err(|_| UrlError::Port)?)
        }
        Some(_) => return Err(UrlError::Port),
    };
    Ok((host, port))
}

/// Drops the fragment, puts the leading slash, encodes what HTTP cannot carry.
fn encode_path(tail: &str) -> String {
    let tail = tail.split('#').next().unwrap_or_default();
    let mut out = String::with_capacity(tail.len() + 1);
    if !tail.starts_with('/') {
        out.push('/');
    }
    for b in tail.bytes() {
        match b {
            b' ' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x80.. => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                out.push('%');
                out.push(char::from(HEX[usize::from(b >> 4)]));
                out.push(char::from(HEX[usize::from(b & 15)]));
            }
            _ => out.push(char::from(b)),
        }
    }
    out
}

fn split_query(path: &str) -> (&str, &str) {
    let at = path.find('?').unwrap_or(path.len());
    path.split_at(at)
}

/// RFC 3986 §5.2.4, on the path only.
fn remove_dots(path_and_query: &str) -> String {
    let (path, query) = split_query(path_and_query);
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." if last => kept.push(""),
            "." => {}
            ".." => {
                kept.pop();
                if last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    format!("/{}{query}", kept.join("/"))
}

#[cfg(test)]
mod tests;
