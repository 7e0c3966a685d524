//! Where a redirect leads, and whether it leads to a stranger.

use std::net::IpAddr;

use http::StatusCode;

use crate::credentials::Scope;
use crate::url::{Scheme, Url};

/// Requests of one chain, the first included.
pub(crate) const MAX_REQUESTS: usize = 10;

/// Whether the status asks to go elsewhere.
pub(crate) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Whether a request with a body is to be sent again as it was.
pub(crate) fn keeps_method(status: StatusCode) -> bool {
    matches!(status.as_u16(), 307 | 308)
}

/// What the next request may carry. A chain that has left the original host never gets it back; leaving
/// means another host that is not below the original one, or giving up TLS.
pub(crate) fn scope(original: &Url, next: &Url, so_far: Scope) -> Scope {
    let downgraded = original.scheme == Scheme::Https && next.scheme == Scheme::Http;
    match so_far == Scope::Own && !downgraded && same_or_below(&next.host, &original.host) {
        true => Scope::Own,
        false => Scope::Foreign,
    }
}

fn same_or_below(host: &str, original: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let original = original.trim_end_matches('.').to_ascii_lowercase();
    if host == original {
        return true;
    }
    let is_name = |name: &str| name.parse::<IpAddr>().is_err() && !name.contains(':');
    let below = host
        .strip_suffix(&original)
        .is_some_and(|front| front.ends_with('.'));
    below && is_name(&host) && is_name(&original)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_host_itself_and_names_below_it_are_its_own() {
        for (original, next, own) in [
            ("http://a.org/", "http://a.org:8080/x", true),
            ("http://a.org/", "https://A.ORG./", true),
            ("http://a.org/", "http://b.a.org/", true),
            ("http://b.a.org/", "http://a.org/", false),
            ("http://a.org/", "http://xa.org/", false),
            ("http://127.0.0.1/", "http://localhost/", false),
            ("http://0.0.1/", "http://127.0.0.1/", false),
            ("http://[::1]/", "http://[::1]:9/", true),
            ("https://a.org/", "http://a.org/", false),
        ] {
            let (original, next) = (
                Url::parse(original).expect("a URL"),
                Url::parse(next).expect("a URL"),
            );
            assert_eq!(
                scope(&original, &next, Scope::Own) == Scope::Own,
                own,
                "{original} to {next}"
            );
            assert_eq!(scope(&original, &next, Scope::Foreign), Scope::Foreign);
        }
    }
}
