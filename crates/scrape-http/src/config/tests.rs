//! Defaults, contradictions, paths and what is shown of a configuration.

use std::collections::HashSet;
use std::path::Path;

use super::*;

/// The configuration as a YAML file would give it.
fn config(yaml: &str) -> HttpClientConfig {
    serde_yaml::from_str(yaml).expect("well-formed settings")
}

/// The key that `validate` refuses.
fn refused_key(yaml: &str) -> String {
    config(yaml).validate().expect_err(yaml).key
}

#[test]
fn nothing_written_means_the_defaults() {
    let empty = config("{}");
    assert_eq!(empty, HttpClientConfig::default());
    assert!(empty.follow_redirects && empty.enable_http2);
    assert_eq!(config("{}").validate(), Ok(vec![]));
}

#[test]
fn null_is_the_zero_value_as_in_go() {
    let parsed = config(
        "basic_auth: {username: ~, password: ~, password_file: ~}\n\
         tls_config: {ca: ~, key: ~, insecure_skip_verify: ~}\nproxy_url: ~\nfollow_redirects: ~\noauth2: ~\n",
    );
    assert_eq!(parsed.basic_auth, Some(BasicAuth::default()));
    assert_eq!(
        HttpClientConfig {
            basic_auth: None,
            ..parsed
        },
        HttpClientConfig::default()
    );
}

#[test]
fn case_013_contradictions_are_refused_by_key() {
    assert_eq!(
        refused_key("bearer_token: a\nbearer_token_file: b"),
        "bearer_token_file"
    );
    assert_eq!(
        refused_key("basic_auth: {username: a}\nbearer_token: b"),
        "bearer_token"
    );
    assert_eq!(
        refused_key("authorization: {type: ' Basic '}"),
        "authorization.type"
    );
    assert_eq!(
        refused_key("tls_config: {cert_file: c.pem}"),
        "tls_config.cert_file"
    );
    assert_eq!(refused_key("no_proxy: localhost"), "no_proxy");
}

#[test]
fn every_other_contradiction_is_refused_by_key() {
    for (yaml, key) in [
        (
            "oauth2: {client_id: a, token_url: 'http://t/'}\nbearer_token_file: b",
            "bearer_token_file",
        ),
        (
            "authorization: {credentials: a}\nbearer_token: b",
            "bearer_token",
        ),
        (
            "basic_auth: {username: a}\nauthorization: {credentials: b}",
            "authorization",
        ),
        (
            "basic_auth: {username: a}\noauth2: {client_id: a, token_url: 'http://t/'}",
            "oauth2",
        ),
        (
            "basic_auth: {username: a, username_file: b}",
            "basic_auth.username_file",
        ),
        (
            "basic_auth: {password: a, password_file: b}",
            "basic_auth.password_file",
        ),
        (
            "authorization: {credentials: a, credentials_file: b}",
            "authorization.credentials_file",
        ),
        ("authorization: {type: 'a b'}", "authorization.type"),
        ("oauth2: {token_url: 'http://t/'}", "oauth2.client_id"),
        ("oauth2: {client_id: a}", "oauth2.token_url"),
        (
            "oauth2: {client_id: a, token_url: 'gopher://t/'}",
            "oauth2.token_url",
        ),
        (
            "oauth2: {client_id: a, token_url: 'http://t/', client_secret: s, client_secret_file: f}",
            "oauth2.client_secret_file",
        ),
        (
            "oauth2: {client_id: a, token_url: 'http://t/', client_certificate_key: s, client_certificate_key_file: f}",
            "oauth2.client_certificate_key_file",
        ),
        (
            "oauth2: {client_id: a, token_url: 'http://t/', grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer'}",
            "oauth2.client_certificate_key",
        ),
        (
            "oauth2: {client_id: a, token_url: 'http://t/', tls_config: {key: k}}",
            "oauth2.tls_config.key",
        ),
        (
            "oauth2: {client_id: a, token_url: 'http://t/', no_proxy: x}",
            "oauth2.no_proxy",
        ),
        ("tls_config: {ca: a, ca_file: b}", "tls_config.ca_file"),
        (
            "tls_config: {cert: a, cert_file: b, key: k}",
            "tls_config.cert_file",
        ),
        (
            "tls_config: {key: a, key_file: b, cert: c}",
            "tls_config.key_file",
        ),
        ("tls_config: {key_file: b}", "tls_config.key_file"),
        (
            "tls_config: {min_version: TLS13, max_version: TLS12}",
            "tls_config.min_version",
        ),
        ("tls_config: {max_version: TLS11}", "tls_config.max_version"),
        ("tls_config: {server_name: 'a b'}", "tls_config.server_name"),
        (
            "proxy_from_environment: true\nproxy_url: http://p",
            "proxy_from_environment",
        ),
        (
            "proxy_from_environment: true\nno_proxy: x",
            "proxy_from_environment",
        ),
        ("proxy_connect_header: {X: [a]}", "proxy_connect_header"),
        (
            "proxy_url: http://p\nproxy_connect_header: {'a b': [a]}",
            "proxy_connect_header.a b",
        ),
        ("proxy_url: ftp://p", "proxy_url"),
        ("http_headers: {'a b': {values: [x]}}", "http_headers.a b"),
        (
            "http_headers: {X: {secrets: [\"x\\ny\"]}}",
            "http_headers.X",
        ),
    ] {
        assert_eq!(refused_key(yaml), key, "{yaml}");
    }
}

#[test]
fn reserved_headers_are_refused_in_any_case_and_accept_is_not_reserved() {
    for name in [
        "authorization",
        "HOST",
        "Content-encoding",
        "Content-Length",
        "Content-Type",
        "User-Agent",
        "Connection",
        "Keep-Alive",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "Www-Authenticate",
        "Accept-Encoding",
        "X-Prometheus-Remote-Write-Version",
        "X-Prometheus-Remote-Read-Version",
        "X-Prometheus-Scrape-Timeout-Seconds",
        "X-Amz-Date",
        "X-Amz-Security-Token",
        "x-amz-content-sha256",
    ] {
        assert_eq!(
            refused_key(&format!("http_headers: {{{name}: {{values: [x]}}}}")),
            format!("http_headers.{name}")
        );
    }
    assert_eq!(
        config("http_headers: {Accept: {values: [x]}}").validate(),
        Ok(vec![])
    );
}

#[test]
fn unknown_keys_and_secret_manager_references_are_refused() {
    let error = |yaml: &str| {
        serde_yaml::from_str::<HttpClientConfig>(yaml)
            .expect_err(yaml)
            .to_string()
    };
    for yaml in [
        "basic_auth: {username_ref: a}",
        "basic_auth: {password_ref: a}",
        "authorization: {credentials_ref: a}",
        "oauth2: {client_secret_ref: a}",
        "oauth2: {client_certificate_key_ref: a}",
        "tls_config: {ca_ref: a}",
        "tls_config: {cert_ref: a}",
        "tls_config: {key_ref: a}",
    ] {
        let message = error(yaml);
        assert!(
            message.contains("secret manager, which is not supported"),
            "{message}"
        );
    }
    assert!(error("basic_auth: {user: a}").contains("user"));
    assert!(error("tls_config: {min_version: TLS14}").contains("TLS14"));
    assert!(error("oauth2: {grant_type: password}").contains("password"));
}

#[test]
fn old_tls_versions_are_warned_about() {
    let warnings = config("tls_config: {min_version: TLS10}")
        .validate()
        .expect("stands");
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].starts_with("tls_config.min_version"),
        "{warnings:?}"
    );
}

#[test]
fn a_bearer_token_becomes_an_authorization() {
    let mut old = config("bearer_token: t");
    let mut new = config("authorization: {type: Bearer, credentials: t}");
    old.validate().expect("stands");
    new.validate().expect("stands");
    assert_eq!(old, new);
    let mut file = config("bearer_token_file: /t");
    file.validate().expect("stands");
    let authorization = file.authorization.expect("rewritten");
    assert_eq!(
        authorization.credentials_file.as_deref(),
        Some(Path::new("/t"))
    );
}

#[test]
fn case_016_secrets_are_never_shown() {
    let mut all = config(
        "authorization: {credentials: hunter2}\n\
         proxy_url: http://user:hunter2@proxy:3128\n\
         proxy_connect_header: {X-A: [hunter2]}\n\
         http_headers: {X-B: {secrets: [hunter2], values: [shown]}}\n\
         tls_config: {cert: c, key: hunter2}\n",
    );
    all.validate().expect("stands");
    let token = config("bearer_token: hunter2");
    let basic = config("basic_auth: {username: u, password: hunter2}");
    let oauth2 = config(
        "oauth2: {client_id: i, client_secret: hunter2, client_certificate_key: hunter2, \
         token_url: 'http://u:hunter2@t/', proxy_url: 'http://u:hunter2@p'}",
    );
    for config in [&all, &token, &basic, &oauth2] {
        let shown = serde_yaml::to_string(config).expect("serialises");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("<secret>"), "{shown}");
        let debug = format!("{config:?} {config:#?}");
        assert!(!debug.contains("hunter2"), "{debug}");
    }
    let shown = serde_yaml::to_string(&all).expect("serialises");
    assert!(shown.contains("http://user:xxxxx@proxy:3128"), "{shown}");
    assert!(shown.contains("shown"), "{shown}");
}

#[test]
fn what_is_shown_reads_back() {
    let written = config(
        "tls_config: {insecure_skip_verify: true}\nfollow_redirects: false\nproxy_url: http://p",
    );
    let shown = serde_yaml::to_string(&written).expect("serialises");
    assert_eq!(config(&shown), written);
    let shown = serde_yaml::to_string(&HttpClientConfig::default()).expect("serialises");
    assert_eq!(shown.trim(), "follow_redirects: true\nenable_http2: true");
}

#[test]
fn relative_paths_start_at_the_configuration_file() {
    let mut all = config(
        "basic_auth: {username_file: a, password_file: /abs/b}\n\
         authorization: {credentials_file: c}\n\
         oauth2: {client_secret_file: d, client_certificate_key_file: e, \
                  tls_config: {ca_file: f, cert_file: g, key_file: h}}\n\
         bearer_token_file: i\n\
         tls_config: {ca_file: j, cert_file: k, key_file: l}\n\
         http_headers: {X: {files: [m, n]}}\n",
    );
    all.resolve_paths(Path::new("/etc/p"));
    let files = all.files();
    let paths: HashSet<String> = files.iter().map(|f| f.path.display().to_string()).collect();
    let wanted = [
        "a", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n",
    ];
    let mut wanted: HashSet<String> = wanted.iter().map(|name| format!("/etc/p/{name}")).collect();
    wanted.insert("/abs/b".to_owned());
    assert_eq!(paths, wanted);
    assert!(
        files
            .iter()
            .any(|f| f.key == "oauth2.client_certificate_key_file"
                && f.path == Path::new("/etc/p/e"))
    );
}

#[test]
fn unusable_files_are_named() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("empty.pem"), "no certificate").expect("writes");
    std::fs::write(dir.path().join("token"), " t \n").expect("writes");
    let mut config = config(
        "authorization: {credentials_file: token}\n\
         tls_config: {ca_file: empty.pem, cert_file: missing.pem, key_file: empty.pem}\n",
    );
    config.resolve_paths(dir.path());
    let problems = config.check_material();
    let keys: Vec<&str> = problems.iter().map(|p| p.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "tls_config.ca_file",
            "tls_config.cert_file",
            "tls_config.key_file"
        ]
    );
    assert!(
        problems[0].to_string().contains("holds no certificate"),
        "{}",
        problems[0]
    );
    assert!(
        problems[1].to_string().contains("missing.pem"),
        "{}",
        problems[1]
    );
}

#[test]
fn a_certificate_with_another_ones_key_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let made = rcgen::generate_simple_self_signed(vec!["a".to_owned()]).expect("a certificate");
    let other = rcgen::KeyPair::generate().expect("a key");
    std::fs::write(dir.path().join("c.pem"), made.cert.pem()).expect("writes");
    std::fs::write(dir.path().join("k.pem"), other.serialize_pem()).expect("writes");
    let mut config = config("tls_config: {cert_file: c.pem, key_file: k.pem}");
    config.resolve_paths(dir.path());
    let problems = config.check_material();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].key, "tls_config.cert_file");
    std::fs::write(dir.path().join("k.pem"), made.signing_key.serialize_pem()).expect("writes");
    assert_eq!(config.check_material(), []);
}

#[test]
fn unusable_inline_texts_are_named_and_not_quoted() {
    let made = rcgen::generate_simple_self_signed(vec!["a".to_owned()]).expect("a certificate");
    let other = rcgen::KeyPair::generate().expect("a key");
    let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let on_one_line = key.replace('\n', "");
    let not_base64 = key.replace('M', "!");
    let der_of_nothing = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let other_key = other.serialize_pem();
    let of = |ca: &str, cert: &str, key: &str| {
        let mut text = String::from("tls_config:\n");
        for (name, value) in [("ca", ca), ("cert", cert), ("key", key)] {
            if !value.is_empty() {
                let value = serde_json::to_string(value).expect("serialises");
                text.push_str(&format!("  {name}: {value}\n"));
            }
        }
        config(&text).check_material()
    };
    assert_eq!(of(&cert, &cert, &key), []);
    for (problems, name, says) in [
        (
            of("nothing", "", ""),
            "ca",
            "holds no certificate in PEM form",
        ),
        (
            of(der_of_nothing, "", ""),
            "ca",
            "no certificate that can be an authority",
        ),
        (
            of("", &key, &key),
            "cert",
            "holds no certificate in PEM form",
        ),
        (
            of("", &cert, &cert),
            "key",
            "holds no unencrypted private key",
        ),
        (of("", &cert, &on_one_line), "key", "END line"),
        (of("", &cert, &not_base64), "key", "not base64"),
        (of("", &cert, &other_key), "cert", "cert and key"),
        (of("", der_of_nothing, &key), "cert", "cert and key"),
    ] {
        let text: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 1, "{name}: {text:?}");
        assert_eq!(problems[0].key, format!("tls_config.{name}"));
        assert!(text[0].contains(says), "{says}: {text:?}");
        assert!(!text[0].contains("BEGIN PRIVATE"), "{text:?}");
    }
    let signing = config(
        "oauth2: {client_id: a, token_url: 'http://t/', client_certificate_key: x, tls_config: {ca: y}}",
    );
    let keys: Vec<_> = signing
        .check_material()
        .into_iter()
        .map(|p| p.key)
        .collect();
    assert_eq!(
        keys,
        ["oauth2.tls_config.ca", "oauth2.client_certificate_key"]
    );
}

#[test]
fn numbers_and_booleans_are_taken_as_the_text_they_are() {
    let parsed = config(
        "basic_auth: {username: 123, password: 4.50}\nhttp_headers: {X: {values: [1, true]}}\nno_proxy: 10\n",
    );
    let basic = parsed.basic_auth.expect("set");
    assert_eq!(
        (
            basic.username.as_str(),
            basic.password.as_ref().map(Secret::expose)
        ),
        ("123", Some("4.50"))
    );
    assert_eq!(parsed.http_headers.0["X"].values, ["1", "true"]);
    assert_eq!(parsed.no_proxy, "10");
}
