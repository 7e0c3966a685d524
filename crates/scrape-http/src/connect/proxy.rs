//! Which proxy a request takes, by the rules of Go's `httpproxy`: those who move a configuration here
//! expect the same hosts to be reached directly.

use std::fmt;
use std::net::IpAddr;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::base64;
use crate::config::ProxyConfig;
use crate::error::{Failure, Reason};
use crate::url::{Scheme, Url};

/// The environment variables that name proxies, read once so that they can be given in tests.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ProxyEnvironment {
    /// `HTTP_PROXY` or `http_proxy`: for `http` URLs.
    pub http_proxy: String,
    /// `HTTPS_PROXY` or `https_proxy`: for `https` URLs.
    pub https_proxy: String,
    /// `NO_PROXY` or `no_proxy`: reached directly.
    pub no_proxy: String,
}

impl ProxyEnvironment {
    /// The variables of this process.
    pub fn of_process() -> Self {
        let first = |names: [&str; 2]| {
            names
                .iter()
                .filter_map(|name| std::env::var(name).ok())
                .find(|value| !value.is_empty())
        };
        Self {
            http_proxy: first(["HTTP_PROXY", "http_proxy"]).unwrap_or_default(),
            https_proxy: first(["HTTPS_PROXY", "https_proxy"]).unwrap_or_default(),
            no_proxy: first(["NO_PROXY", "no_proxy"]).unwrap_or_default(),
        }
    }
}

impl fmt::Debug for ProxyEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Proxy URLs carry passwords.
        f.debug_struct("ProxyEnvironment")
            .field("no_proxy", &self.no_proxy)
            .finish_non_exhaustive()
    }
}

/// A proxy and what it is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Proxy {
    pub(crate) url: Url,
    /// `Proxy-Authorization`, from the URL's user and password.
    pub(crate) authorization: Option<HeaderValue>,
    /// Sent with `CONNECT` only.
    pub(crate) connect_headers: HeaderMap,
}

/// The proxies of one client.
#[derive(Debug, Default)]
pub(crate) struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    /// Unset: every host takes the proxy, even this one.
    direct: Option<DirectRules>,
}

impl Proxies {
    /// The proxies a configuration asks for. The error names the key or variable.
    pub(crate) fn new(
        config: &ProxyConfig,
        environment: &ProxyEnvironment,
    ) -> Result<Self, String> {
        let headers = connect_headers(config)?;
        let proxy = |key: &str, text: &str| -> Result<Option<Proxy>, String> {
            if text.is_empty() {
                return Ok(None);
            }
            // A variable may name a proxy without its scheme.
            let url = match Url::parse_proxy(text) {
                Err(_) if !text.contains("://") => Url::parse_proxy(&format!("http://{text}")),
                parsed => parsed,
            };
            let url = url.map_err(|e| format!("{key}: {e}"))?;
            let authorization = url.user.as_ref().map(|user| {
                base64::basic(&user.username, user.password.as_deref().unwrap_or_default())
            });
            Ok(Some(Proxy {
                url,
                authorization,
                connect_headers: headers.clone(),
            }))
        };
        if config.from_environment {
            return Ok(Self {
                http: proxy("HTTP_PROXY", &environment.http_proxy)?,
                https: proxy("HTTPS_PROXY", &environment.https_proxy)?,
                direct: Some(DirectRules::parse(&environment.no_proxy)),
            });
        }
        Ok(Self {
            http: proxy("proxy_url", config.url.expose())?,
            https: proxy("proxy_url", config.url.expose())?,
            direct: (!config.no_proxy.is_empty()).then(|| DirectRules::parse(&config.no_proxy)),
        })
    }

    /// The proxy for a URL, if it takes one.
    pub(crate) fn for_url(&self, url: &Url) -> Result<Option<&Proxy>, Failure> {
        let proxy = match url.scheme {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
            Scheme::Socks5 => {
                return Err(Failure::new(
                    Reason::Url,
                    "socks5 is a scheme for proxies only",
                ));
            }
        };
        let direct = self
            .direct
            .as_ref()
            .is_some_and(|rules| rules.bypass(&url.host, url.port_or_default()));
        Ok(proxy.as_ref().filter(|_| !direct))
    }
}

fn connect_headers(config: &ProxyConfig) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, values) in &config.connect_header.0 {
        let invalid = || format!("proxy_connect_header.{name}: cannot be sent");
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
        for value in values {
            let mut value = HeaderValue::from_str(value.expose()).map_err(|_| invalid())?;
            value.set_sensitive(true);
            headers.append(&header, value);
        }
    }
    Ok(headers)
}

/// The hosts that a `no_proxy` list reaches directly.
#[derive(Debug, Default, PartialEq, Eq)]
struct DirectRules {
    all: bool,
    rules: Vec<Rule>,
}

#[derive(Debug, PartialEq, Eq)]
enum Rule {
    Network {
        address: IpAddr,
        prefix: u8,
    },
    Address {
        address: IpAddr,
        port: Option<u16>,
    },
    /// `suffix` begins with a dot; `itself` if the name without it matches too.
    Domain {
        suffix: String,
        itself: bool,
        port: Option<u16>,
    },
}

impl DirectRules {
    fn parse(list: &str) -> Self {
        let mut parsed = Self::default();
        for entry in list.split(',') {
            let entry = entry.trim().to_ascii_lowercase();
            if entry == "*" {
                return Self {
                    all: true,
                    rules: Vec::new(),
                };
            }
            parsed.rules.extend(Rule::parse(&entry));
        }
        parsed
    }

    fn bypass(&self, host: &str, port: u16) -> bool {
        let host = host.trim().trim_end_matches('.').to_ascii_lowercase();
        let address = host.parse::<IpAddr>().ok();
        if host == "localhost" || address.is_some_and(|a| a.is_loopback()) {
            return true;
        }
        self.all
            || self
                .rules
                .iter()
                .any(|rule| rule.matches(&host, address, port))
    }
}

impl Rule {
    fn parse(entry: &str) -> Option<Self> {
        if entry.is_empty() {
            return None;
        }
        if let Some((address, prefix)) = entry.split_once('/') {
            let address: IpAddr = address.parse().ok()?;
            let prefix: u8 = prefix.parse().ok()?;
            let longest = if address.is_ipv4() { 32 } else { 128 };
            return (prefix <= longest).then_some(Self::Network { address, prefix });
        }
        let bare = entry.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Some(Self::Address {
                address,
                port: None,
            });
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse::<u16>().ok()?)),
            None => (entry, None),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = host.parse::<IpAddr>() {
            return Some(Self::Address { address, port });
        }
        let host = match host.strip_prefix('*') {
            Some(rest) if rest.starts_with('.') => rest,
            _ => host,
        };
        match host.strip_prefix('.') {
            _ if host.is_empty() => None,
            Some(_) => Some(Self::Domain {
                suffix: host.to_owned(),
                itself: false,
                port,
            }),
            None => Some(Self::Domain {
                suffix: format!(".{host}"),
                itself: true,
                port,
            }),
        }
    }

    fn matches(&self, host: &str, address: Option<IpAddr>, at_port: u16) -> bool {
        let port_fits = |port: &Option<u16>| port.is_none_or(|port| port == at_port);
        match self {
            Self::Network {
                address: network,
                prefix,
            } => address.is_some_and(|address| in_network(address, *network, *prefix)),
            Self::Address {
                address: wanted,
                port,
            } => address == Some(*wanted) && port_fits(port),
            Self::Domain {
                suffix,
                itself,
                port,
            } => {
                let matches =
                    host.ends_with(suffix.as_str()) || (*itself && Some(host) == suffix.get(1..));
                matches && port_fits(port)
            }
        }
    }
}

fn in_network(address: IpAddr, network: IpAddr, prefix: u8) -> bool {
    let bits = |ip: IpAddr| match ip {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)) << 96, 32),
        IpAddr::V6(v6) => (u128::from(v6), 128),
    };
    let ((address, width), (network, network_width)) = (bits(address), bits(network));
    let mask = if prefix == 0 {
        0
    } else {
        u128::MAX << (128 - u32::from(prefix))
    };
    width == network_width && address & mask == network & mask
}

#[cfg(test)]
mod tests;
