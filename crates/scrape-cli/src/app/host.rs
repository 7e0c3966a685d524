//! The name of this host: part of the seed that spreads scrapes over time, and of the addresses shown to
//! users. Two hosts of one short name in two domains should not scrape at the same moments, hence the fully
//! qualified name where the host itself knows it.
//!
//! The answer comes from the hosts file, as the canonical name of the line that mentions the host name. The
//! name servers are not asked: an answer that depends on the network would change the seed from one start to
//! the next.

use std::path::Path;
use std::sync::OnceLock;

const HOSTS: &str = "/etc/hosts";

/// The host name as the kernel has it.
pub(crate) fn hostname() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

/// The fully qualified name, or the host name where there is none. Read once per process.
pub(crate) fn fqdn() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| fqdn_in(hostname(), Path::new(HOSTS)))
}

fn fqdn_in(host: String, hosts: &Path) -> String {
    if is_qualified(&host) {
        return trimmed(&host).to_owned();
    }
    // A hosts file that is missing or unreadable knows no better name.
    let text = std::fs::read(hosts).unwrap_or_default();
    match canonical(&String::from_utf8_lossy(&text), &host) {
        Some(name) => name.to_owned(),
        None => host,
    }
}

/// The qualified name that a hosts file gives for a host: the canonical name of a line that mentions the host,
/// or else the first of its names that begins with the host name.
fn canonical<'a>(hosts: &'a str, host: &str) -> Option<&'a str> {
    hosts.lines().find_map(|line| {
        let entry = line.split('#').next().unwrap_or_default();
        let names = || entry.split_ascii_whitespace().skip(1).map(trimmed);
        if !names().any(|n| short(n).eq_ignore_ascii_case(host)) {
            return None;
        }
        let first = names().next().filter(|n| !is_local(n));
        let own = names().filter(|n| short(n).eq_ignore_ascii_case(host));
        own.chain(first).find(|n| is_qualified(n))
    })
}

/// Whether every machine calls itself so.
fn is_local(name: &str) -> bool {
    short(name).eq_ignore_ascii_case("localhost")
}

fn is_qualified(name: &str) -> bool {
    trimmed(name).contains('.')
}

fn short(name: &str) -> &str {
    name.split('.').next().unwrap_or_default()
}

fn trimmed(name: &str) -> &str {
    name.trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_canonical_name_is_found_by_any_name_of_the_line() {
        let hosts = "# comment box.wrong.example box\n\
                     127.0.0.1\tlocalhost localhost.localdomain\n\
                     127.0.1.1 Box.site.example. box # the box\n\
                     10.0.0.9 other.site.example other\n";
        assert_eq!(canonical(hosts, "box"), Some("Box.site.example"));
        assert_eq!(canonical(hosts, "other"), Some("other.site.example"));
        assert_eq!(canonical(hosts, "third"), None);
        assert_eq!(
            canonical("10.0.0.1 box box.b.example\n", "box"),
            Some("box.b.example")
        );
        assert_eq!(
            canonical("10.0.0.1 node7.b.example box\n", "box"),
            Some("node7.b.example")
        );
    }

    #[test]
    fn a_host_called_like_the_loopback_is_not_qualified_by_it() {
        let hosts = "127.0.0.1 localhost.localdomain localhost box\n";
        assert_eq!(canonical(hosts, "box"), None);
        assert_eq!(canonical("127.0.0.1 box\n::1 box\n", "box"), None);
    }

    #[test]
    fn without_a_better_one_the_host_name_stays() {
        let dir = tempfile::TempDir::new().expect("a directory");
        let missing = dir.path().join("hosts");
        assert_eq!(fqdn_in("box".to_owned(), &missing), "box");
        assert_eq!(
            fqdn_in("box.a.example.".to_owned(), &missing),
            "box.a.example"
        );
        std::fs::write(&missing, b"10.0.0.1 box.\xff.example box.c.example\n").expect("written");
        assert!(fqdn_in("box".to_owned(), &missing).starts_with("box."));
    }

    #[test]
    fn this_host_has_a_name() {
        assert!(!fqdn().is_empty());
        assert!(short(fqdn()).eq_ignore_ascii_case(short(&hostname())) || is_qualified(fqdn()));
    }
}
