//! TLS: whom the client trusts, what it presents, and files that change under it.

use std::fs;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use scrape_http::config::{HttpClientConfig, TlsConfig, TlsVersion};
use scrape_http::{Client, ClientOptions, Reason};

use crate::server::{body, get};
use crate::tls_server::{Authority, Identity, TlsServer, settings};

fn trusting(ca: String) -> HttpClientConfig {
    HttpClientConfig {
        tls_config: TlsConfig {
            ca,
            ..TlsConfig::default()
        },
        ..HttpClientConfig::default()
    }
}

fn client(config: &HttpClientConfig) -> Client {
    Client::new(config, &ClientOptions::default()).expect("a client")
}

#[tokio::test]
async fn only_the_configured_authority_and_name_are_trusted() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = TlsServer::start(&authority.issue(&["localhost", "127.0.0.1"])).await;
    let good = client(&trusting(authority.pem()));
    assert_eq!(
        body(&good, &get(&server.url())).await.as_deref(),
        Ok("secure")
    );
    assert_eq!(server.last().server_name.as_deref(), Some("localhost"));
    let by_address = format!("https://{}/", server.address);
    assert_eq!(
        body(&good, &get(&by_address)).await.as_deref(),
        Ok("secure")
    );
    for config in [trusting(other.pem()), HttpClientConfig::default()] {
        let error = body(&client(&config), &get(&server.url()))
            .await
            .expect_err("a stranger");
        assert_eq!(error.reason(), Reason::Tls);
        assert!(
            error.to_string().contains("invalid peer certificate"),
            "{error}"
        );
    }
    let wrong = TlsServer::start(&authority.issue(&["example.org"])).await;
    let error = body(&good, &get(&wrong.url()))
        .await
        .expect_err("another name");
    assert_eq!(error.reason(), Reason::Tls);
}

#[tokio::test]
async fn a_server_name_replaces_the_host_in_sni_and_certificate() {
    let authority = Authority::new();
    let server = TlsServer::start(&authority.issue(&["metrics.example.org"])).await;
    let mut config = trusting(authority.pem());
    config.tls_config.server_name = "metrics.example.org".to_owned();
    assert_eq!(
        body(&client(&config), &get(&server.url())).await.as_deref(),
        Ok("secure")
    );
    assert_eq!(
        server.last().server_name.as_deref(),
        Some("metrics.example.org")
    );
    let host = format!("localhost:{}", server.address.port());
    assert_eq!(server.log.last().header("host"), Some(host.as_str()));
}

#[tokio::test]
async fn verification_can_be_skipped() {
    let server = TlsServer::start(&Authority::new().issue(&["example.org"])).await;
    let mut config = HttpClientConfig::default();
    config.tls_config.insecure_skip_verify = true;
    assert_eq!(
        body(&client(&config), &get(&server.url())).await.as_deref(),
        Ok("secure")
    );
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_if_it_is_the_configured_authority() {
    let identity = Identity::self_signed("localhost", 2200);
    let server = TlsServer::start(&identity).await;
    let config = trusting(identity.certificate.pem());
    assert_eq!(
        body(&client(&config), &get(&server.url())).await.as_deref(),
        Ok("secure")
    );

    let error = body(
        &client(&config),
        &get(&format!("https://{}/", server.address)),
    )
    .await
    .expect_err("another name");
    assert_eq!(error.reason(), Reason::Tls);

    let expired = Identity::self_signed("localhost", 2001);
    let server = TlsServer::start(&expired).await;
    let error = body(
        &client(&trusting(expired.certificate.pem())),
        &get(&server.url()),
    )
    .await
    .expect_err("expired");
    assert!(
        error.to_string().contains("expired") || error.to_string().contains("Expired"),
        "{error}"
    );
}

#[tokio::test]
async fn versions_are_bounded() {
    let authority = Authority::new();
    let identity = authority.issue(&["localhost"]);
    let provider = Arc::new(aws_lc_rs::default_provider());
    let old_only = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .expect("a version")
        .with_no_client_auth()
        .with_single_cert(
            vec![identity.certificate.der().clone()],
            PrivateKeyDer::try_from(identity.key.serialize_der()).expect("a key"),
        )
        .expect("a certificate");
    let server = TlsServer::with(Arc::new(old_only)).await;
    let mut config = trusting(authority.pem());
    assert_eq!(
        body(&client(&config), &get(&server.url())).await.as_deref(),
        Ok("secure")
    );
    config.tls_config.max_version = Some(TlsVersion::Tls12);
    assert_eq!(
        body(&client(&config), &get(&server.url())).await.as_deref(),
        Ok("secure")
    );
    config.tls_config.max_version = None;
    config.tls_config.min_version = Some(TlsVersion::Tls13);
    let error = body(&client(&config), &get(&server.url()))
        .await
        .expect_err("too old");
    assert_eq!(error.reason(), Reason::Tls);
}

#[tokio::test]
async fn case_060_changed_files_are_used_by_the_next_request() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = |name: &str| dir.path().join(name);
    let (ca, cert, key) = (path("ca.pem"), path("cert.pem"), path("key.pem"));
    let (servers, clients) = (Authority::new(), Authority::new());
    let identity = servers.issue(&["localhost"]);
    let first = clients.issue(&["first"]);
    fs::write(&ca, servers.pem()).expect("writes");
    first.write(&cert, &key);
    let server = TlsServer::with(settings(&identity, Some(&clients), &[])).await;
    let mut config = HttpClientConfig::default();
    config.tls_config.ca_file = Some(ca.clone());
    config.tls_config.cert_file = Some(cert.clone());
    config.tls_config.key_file = Some(key.clone());
    let client = client(&config);
    let request = get(&server.url());
    for _ in 0..3 {
        assert_eq!(body(&client, &request).await.as_deref(), Ok("secure"));
    }
    assert_eq!(
        server.log.connections(),
        1,
        "unchanged files keep the connection"
    );
    assert_eq!(server.last().client.as_ref(), Some(first.certificate.der()));

    // Another client certificate.
    let second = clients.issue(&["second"]);
    second.write(&cert, &key);
    assert_eq!(body(&client, &request).await.as_deref(), Ok("secure"));
    assert_eq!(server.log.connections(), 2);
    assert_eq!(
        server.last().client.as_ref(),
        Some(second.certificate.der())
    );

    // Another authority on the server's side: refused until the file has it too.
    let successors = Authority::new();
    server.replace(settings(
        &successors.issue(&["localhost"]),
        Some(&clients),
        &[],
    ));
    client.close_idle_connections();
    assert_eq!(
        body(&client, &request)
            .await
            .expect_err("not trusted yet")
            .reason(),
        Reason::Tls
    );
    fs::write(&ca, successors.pem()).expect("writes");
    assert_eq!(body(&client, &request).await.as_deref(), Ok("secure"));

    // A certificate whose key has not arrived yet, and a file that is gone, fail this scrape only.
    let third = clients.issue(&["third"]);
    fs::write(&cert, third.certificate.pem()).expect("writes");
    assert_eq!(
        body(&client, &request)
            .await
            .expect_err("no match")
            .reason(),
        Reason::Tls
    );
    fs::remove_file(&key).expect("removes");
    let error = body(&client, &request).await.expect_err("gone");
    assert_eq!(error.reason(), Reason::Tls);
    assert!(
        error.to_string().contains(&key.display().to_string()),
        "{error}"
    );
    third.write(&cert, &key);
    assert_eq!(body(&client, &request).await.as_deref(), Ok("secure"));
    assert_eq!(server.last().client.as_ref(), Some(third.certificate.der()));
}

#[tokio::test]
async fn a_missing_client_certificate_is_the_handshakes_failure() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let server = TlsServer::with(settings(
        &servers.issue(&["localhost"]),
        Some(&clients),
        &[],
    ))
    .await;
    let error = body(&client(&trusting(servers.pem())), &get(&server.url()))
        .await
        .expect_err("not known");
    assert_eq!(error.reason(), Reason::Tls, "{error}");
    assert!(
        error.to_string().to_lowercase().contains("certificate"),
        "{error}"
    );
}

#[tokio::test]
async fn unusable_files_fail_when_the_client_is_made() {
    let dir = tempfile::tempdir().expect("a directory");
    let empty = dir.path().join("empty.pem");
    fs::write(&empty, "nothing").expect("writes");
    let made = |tls_config: TlsConfig| {
        let config = HttpClientConfig {
            tls_config,
            ..HttpClientConfig::default()
        };
        Client::new(&config, &ClientOptions::default())
            .expect_err("unusable")
            .to_string()
    };
    let missing = made(TlsConfig {
        ca_file: Some(dir.path().join("missing")),
        ..TlsConfig::default()
    });
    assert!(missing.contains("missing"), "{missing}");
    let empty = made(TlsConfig {
        ca_file: Some(empty),
        ..TlsConfig::default()
    });
    assert!(empty.contains("no certificate"), "{empty}");
    let (one, two) = (
        Authority::new().issue(&["a"]),
        Authority::new().issue(&["b"]),
    );
    let mixed = made(TlsConfig {
        cert: one.certificate.pem(),
        key: Some(scrape_http::Secret::new(two.key.serialize_pem())),
        ..TlsConfig::default()
    });
    assert!(mixed.contains("cert and key"), "{mixed}");
}

#[tokio::test]
async fn http2_is_spoken_where_both_sides_want_it() {
    let authority = Authority::new();
    let identity = authority.issue(&["localhost"]);
    let server = TlsServer::with(settings(&identity, None, &["h2", "http/1.1"])).await;
    let mut config = trusting(authority.pem());
    let both = client(&config);
    for _ in 0..3 {
        assert_eq!(body(&both, &get(&server.url())).await.as_deref(), Ok("two"));
    }
    assert_eq!((server.log.connections(), both.idle_connections()), (1, 1));
    let seen = server.log.last();
    assert_eq!(seen.line(), format!("GET {} HTTP/2.0", server.url()));
    assert_eq!(
        (seen.header("host"), seen.header("user-agent").is_some()),
        (None, true)
    );
    config.enable_http2 = false;
    assert_eq!(
        body(&client(&config), &get(&server.url())).await.as_deref(),
        Ok("secure")
    );
    assert_eq!(server.last().protocol, None);
}

#[tokio::test]
async fn an_rsa_key_in_a_file_can_be_presented() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let server = TlsServer::with(settings(
        &servers.issue(&["localhost"]),
        Some(&clients),
        &[],
    ))
    .await;
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).expect("an RSA key");
    let params = CertificateParams::new(vec!["rsa".to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, &clients.0).expect("signed");
    let mut config = trusting(servers.pem());
    config.tls_config.cert = certificate.pem();
    config.tls_config.key = Some(scrape_http::Secret::new(key.serialize_pem()));
    assert_eq!(
        body(&client(&config), &get(&server.url())).await.as_deref(),
        Ok("secure")
    );
    assert_eq!(server.last().client.as_ref(), Some(certificate.der()));
}

#[tokio::test]
async fn http2_requests_share_a_connection_and_survive_its_end() {
    let authority = Authority::new();
    let identity = authority.issue(&["localhost"]);
    let server = TlsServer::with(settings(&identity, None, &["h2"])).await;
    let client = client(&trusting(authority.pem()));
    let request = get(&server.url());
    assert_eq!(body(&client, &request).await.as_deref(), Ok("two"));
    let (a, b, c) = tokio::join!(
        body(&client, &request),
        body(&client, &request),
        body(&client, &request)
    );
    assert_eq!(
        (a.as_deref(), b.as_deref(), c.as_deref()),
        (Ok("two"), Ok("two"), Ok("two"))
    );
    assert_eq!(server.log.connections(), 1);
    server.close_connections();
    for _ in 0..3 {
        assert_eq!(body(&client, &request).await.as_deref(), Ok("two"));
    }
    assert_eq!(server.log.connections(), 2);
}
