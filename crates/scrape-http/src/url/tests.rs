use super::*;

fn parse(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

#[test]
fn parts_are_kept_as_written() {
    let url = parse("HTTP://example.org:80/metrics?a=b%20c#frag");
    assert_eq!(url.host_header(), "example.org:80");
    assert_eq!(url.path_and_query, "/metrics?a=b%20c");
    assert_eq!(url.authority(), "example.org:80");
    assert_eq!(parse("https://[::1]").authority(), "[::1]:443");
    assert_eq!(
        parse("https://[fe80::1%25eth0]:9/").host_header(),
        "[fe80::1]:9"
    );
    assert_eq!(parse("https://[fe80::1%25eth0]:9/").host, "fe80::1%eth0");
    assert_eq!(parse("http://h?x=1").path_and_query, "/?x=1");
    assert_eq!(parse("http://h/a b/ü\"").path_and_query, "/a%20b/%C3%BC%22");
}

#[test]
fn bad_urls_are_refused_with_the_reason() {
    let refused = |text: &str| Url::parse(text).expect_err("no URL");
    assert_eq!(
        refused("ftp://h/"),
        UrlError::Scheme("ftp".into(), "http or https")
    );
    assert_eq!(
        refused("h:80/"),
        UrlError::Scheme(String::new(), "http or https")
    );
    assert_eq!(refused("http:///x"), UrlError::NoHost);
    assert_eq!(refused("http://:80/x"), UrlError::NoHost);
    assert_eq!(refused("http://h:99999/"), UrlError::Port);
    assert_eq!(refused("http://h:8o/"), UrlError::Port);
    assert_eq!(refused("http://[::1/"), UrlError::Bracket);
    assert_eq!(refused("http://a b/"), UrlError::Host(' '));
    assert_eq!(refused("http://bücher/"), UrlError::Idn);
    assert_eq!(refused("http://h/\r\nX: y"), UrlError::Control(9));
    assert_eq!(refused("http://u%2:p@h/"), UrlError::UserInfo);
}

#[test]
fn user_and_password_are_decoded_and_never_printed() {
    let url = parse("http://al%40ice:p%3Ass@h:1/x");
    let user = url.user.clone().expect("user");
    assert_eq!(
        (user.username.as_str(), user.password.as_deref()),
        ("al@ice", Some("p:ss"))
    );
    assert_eq!(
        format!("{url} {url:?}"),
        "http://al@ice:xxxxx@h:1/x http://al@ice:xxxxx@h:1/x"
    );
    assert_eq!(
        redact_userinfo("http://u:p@h/x:y@z"),
        "http://u:xxxxx@h/x:y@z"
    );
    assert_eq!(redact_userinfo("http://u:p/q@h/"), "http://u:xxxxx@h/");
    assert_eq!(redact_userinfo("u:p@h:3128"), "u:xxxxx@h:3128");
    assert_eq!(redact_userinfo("http://u@h:80/a@b"), "http://u@h:80/a@b");
    assert_eq!(redact_userinfo("http://h:80/a@b"), "http://h:80/a@b");
    assert_eq!(
        redact_userinfo("http://[::1]:80/a@b"),
        "http://[::1]:80/a@b"
    );
}

#[test]
fn locations_resolve_against_the_url_they_came_from() {
    let base = parse("http://u:p@h:1/a/b/c?q=1");
    let joined = |location: &str| base.join(location).expect("joins").to_string();
    assert_eq!(joined("/x"), "http://u:xxxxx@h:1/x");
    assert_eq!(joined("x?y=2#z"), "http://u:xxxxx@h:1/a/b/x?y=2");
    assert_eq!(joined("../x"), "http://u:xxxxx@h:1/a/x");
    assert_eq!(joined("../../../../x/."), "http://u:xxxxx@h:1/x/");
    assert_eq!(joined("?z"), "http://u:xxxxx@h:1/a/b/c?z");
    assert_eq!(joined(""), "http://u:xxxxx@h:1/a/b/c?q=1");
    assert_eq!(joined("//other/x"), "http://other/x");
    assert_eq!(joined("https://other:8/x"), "https://other:8/x");
    assert_eq!(
        base.join("file:///etc/passwd"),
        Err(UrlError::Scheme("file".into(), "http or https"))
    );
    assert_eq!(
        base.join("data:x"),
        Err(UrlError::Scheme("data".into(), "http or https"))
    );
}

proptest::proptest! {
    #[test]
    fn any_text_is_parsed_or_refused_and_what_is_parsed_stays_the_same(
        text in "(https?://)?([a-z:@%0-9]{0,8}@)?[\\PC]{0,24}",
        location in "[\\PC]{0,24}",
    ) {
        proptest::prop_assert!(!redact_userinfo(&text).is_empty() || text.is_empty());
        if let Ok(url) = Url::parse(&text) {
            let again = Url::parse(&format!("http://{}{}", url.host_header(), url.path_and_query));
            let again = again.expect("its own parts");
            proptest::prop_assert_eq!(&again.path_and_query, &url.path_and_query);
            proptest::prop_assert_eq!(again.port, url.port);
            if let Ok(next) = url.join(&location) {
                proptest::prop_assert!(next.path_and_query.starts_with('/'));
                proptest::prop_assert!(next.path_and_query.is_ascii());
            }
        }
    }

    #[test]
    fn a_password_is_never_shown(password in "[a-zA-Z0-9][a-zA-Z0-9:@ ]{2,11}|[a-zA-Z/?#: ][a-zA-Z0-9/?#: ]{2,11}", host in "[a-z]{1,8}") {
        let shown = redact_userinfo(&format!("http://user:{password}s3cr3t@{host}:80/path"));
        proptest::prop_assert!(!shown.contains("s3cr3t"), "{}", shown);
    }
}
