//! The host tables of Go's `httpproxy`, restated.

use super::*;
use crate::config::UrlText;

fn direct(list: &str, target: &str) -> bool {
    let url = Url::parse(target).expect("a URL");
    DirectRules::parse(list).bypass(&url.host, url.port_or_default())
}

#[test]
fn rules_match_names_domains_addresses_networks_and_ports() {
    let list = "foo.com:443, .bar.net,*.baz.org ,10.1.0.0/16,192.168.1.1:8080,::1/128,2001:db8::/32,[fd00::1]:9,bad/x";
    for (target, expected) in [
        ("https://foo.com/", true),
        ("http://foo.com/", false),
        ("https://x.foo.com/", true),
        ("https://xfoo.com/", false),
        ("http://bar.net/", false),
        ("http://a.bar.net/", true),
        ("http://a.baz.org/", true),
        ("http://baz.org/", false),
        ("http://10.1.255.3/", true),
        ("http://10.2.0.1/", false),
        ("http://192.168.1.1:8080/", true),
        ("http://192.168.1.1/", false),
        ("http://[2001:db8::7]/", true),
        ("http://[2001:db9::7]/", false),
        ("http://[fd00::1]:9/", true),
        ("http://[fd00::1]/", false),
        ("http://FOO.com.:443/", true),
        ("http://localhost:1/", true),
        ("http://127.8.8.8/", true),
        ("http://[::1]/", true),
    ] {
        assert_eq!(direct(list, target), expected, "{target}");
    }
    assert!(direct("a.com, *", "http://anything/"));
    assert!(!direct("", "http://anything/"));
}

#[test]
fn a_proxy_url_alone_covers_even_this_host_and_a_list_spares_it() {
    let mut config = ProxyConfig {
        url: UrlText::new("http://u:p@proxy:3128"),
        ..ProxyConfig::default()
    };
    let target = Url::parse("http://localhost/").expect("a URL");
    let all = Proxies::new(&config, &ProxyEnvironment::default()).expect("stands");
    let proxy = all.for_url(&target).expect("http").expect("proxied");
    assert_eq!(
        proxy.authorization,
        Some(HeaderValue::from_static("Basic dTpw"))
    );
    config.no_proxy = "example.org".to_owned();
    let some = Proxies::new(&config, &ProxyEnvironment::default()).expect("stands");
    assert_eq!(some.for_url(&target), Ok(None));
}

#[test]
fn the_environment_names_one_proxy_per_scheme() {
    let config = ProxyConfig {
        from_environment: true,
        ..ProxyConfig::default()
    };
    let environment = ProxyEnvironment {
        http_proxy: "plain:8080".to_owned(),
        https_proxy: "socks5://s".to_owned(),
        no_proxy: "skip.me".to_owned(),
    };
    let proxies = Proxies::new(&config, &environment).expect("stands");
    let taken = |url: &str| {
        let url = Url::parse(url).expect("a URL");
        proxies
            .for_url(&url)
            .expect("http")
            .map(|p| p.url.to_string())
    };
    assert_eq!(taken("http://h/").as_deref(), Some("http://plain:8080/"));
    assert_eq!(taken("https://h/").as_deref(), Some("socks5://s/"));
    assert_eq!(taken("https://skip.me/"), None);
    let broken = ProxyEnvironment {
        http_proxy: "ftp://x".to_owned(),
        ..environment
    };
    assert!(
        Proxies::new(&config, &broken)
            .expect_err("no such proxy")
            .starts_with("HTTP_PROXY")
    );
}
