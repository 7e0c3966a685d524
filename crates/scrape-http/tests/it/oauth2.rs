//! Tokens: fetched once, shared, renewed, and what happens without one.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{KeyPair, PKCS_RSA_SHA256};
use scrape_http::Reason;

use crate::server::{Answer, Seen, Server, Step, answer, body, client, get, ok};

fn token(text: &str, lifetime: u32) -> Answer {
    let body =
        format!(r#"{{"access_token":"{text}","token_type":"bearer","expires_in":{lifetime}}}"#);
    answer("200 OK", "Content-Type: application/json\r\n", body)
}

/// A token endpoint that counts, with `accept` deciding which requests are well authenticated.
async fn endpoint(lifetime: u32, accept: impl Fn(&Seen) -> bool + Send + Sync + 'static) -> Server {
    let issued = AtomicUsize::new(0);
    Server::start(move |seen| match accept(seen) {
        true => token(
            &format!("t{}", issued.fetch_add(1, Ordering::SeqCst)),
            lifetime,
        ),
        false => answer("401 Unauthorized", "", r#"{"error":"invalid_client"}"#),
    })
    .await
}

fn settings(endpoint: &Server, more: &str) -> String {
    format!(
        "oauth2: {{client_id: me, token_url: '{}', {more}}}",
        endpoint.url("/token")
    )
}

#[tokio::test]
async fn a_token_is_fetched_once_and_shared() {
    let endpoint = endpoint(3600, |_| true).await;
    let target = Server::start(|_| ok("x")).await;
    let yaml = settings(
        &endpoint,
        "client_secret: 's&t', scopes: [a, b], endpoint_params: {audience: 'x y'}",
    );
    let client = client(&yaml);
    let request = get(&target.url("/"));
    let (one, two) = tokio::join!(body(&client, &request), body(&client, &request));
    assert_eq!((one.as_deref(), two.as_deref()), (Ok("x"), Ok("x")));
    body(&client, &request).await.expect("served");
    assert!(
        target
            .log
            .requests()
            .iter()
            .all(|seen| seen.header("authorization") == Some("Bearer t0"))
    );
    let asked = endpoint.log.requests();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].line(), "POST /token HTTP/1.1");
    assert_eq!(
        asked[0].header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(
        asked[0].body,
        "grant_type=client_credentials&scope=a+b&audience=x+y"
    );
    assert_eq!(
        asked[0].header("authorization"),
        Some("Basic bWU6cyUyNnQ="),
        "id and secret are form-encoded first"
    );
}

#[tokio::test]
async fn an_expiring_token_is_renewed() {
    // Within the margin before its end, so never used twice.
    let endpoint = endpoint(5, |_| true).await;
    let target = Server::start(|_| ok("x")).await;
    let client = client(&settings(&endpoint, "client_secret: s"));
    for expected in ["Bearer t0", "Bearer t1"] {
        body(&client, &get(&target.url("/"))).await.expect("served");
        assert_eq!(target.log.last().header("authorization"), Some(expected));
    }
}

#[tokio::test]
async fn a_token_may_claim_to_live_forever() {
    let target = Server::start(|_| ok("x")).await;
    let endpoint =
        Server::start(|_| ok(r#"{"access_token":"t","expires_in":18446744073709551615}"#)).await;
    let client = client(&settings(&endpoint, "client_secret: s"));
    for _ in 0..2 {
        assert_eq!(
            body(&client, &get(&target.url("/"))).await.as_deref(),
            Ok("x")
        );
    }
    assert_eq!(endpoint.log.requests().len(), 1);
}

#[tokio::test]
async fn an_endpoint_that_wants_the_secret_in_the_form_is_remembered() {
    let endpoint = endpoint(5, |seen| seen.body.contains("client_secret=s")).await;
    let target = Server::start(|_| ok("x")).await;
    let client = client(&settings(&endpoint, "client_secret: s"));
    for _ in 0..2 {
        body(&client, &get(&target.url("/"))).await.expect("served");
    }
    let asked = endpoint.log.requests();
    let in_header: Vec<bool> = asked
        .iter()
        .map(|seen| seen.header("authorization").is_some())
        .collect();
    assert_eq!(in_header, [true, false, false]);
    assert_eq!(
        asked[1].body,
        "grant_type=client_credentials&client_id=me&client_secret=s"
    );
}

#[tokio::test]
async fn a_changed_secret_file_discards_the_token() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("secret");
    let endpoint = endpoint(3600, |_| true).await;
    let target = Server::start(|_| ok("x")).await;
    let client = client(&settings(
        &endpoint,
        &format!("client_secret_file: {}", path.display()),
    ));
    for (secret, expected) in [
        ("one", "Bearer t0"),
        ("one", "Bearer t0"),
        ("two", "Bearer t1"),
    ] {
        fs::write(&path, secret).expect("writes");
        body(&client, &get(&target.url("/"))).await.expect("served");
        assert_eq!(target.log.last().header("authorization"), Some(expected));
    }
    fs::remove_file(&path).expect("removes");
    let error = body(&client, &get(&target.url("/")))
        .await
        .expect_err("gone");
    assert_eq!(error.reason(), Reason::Credentials);
    assert!(
        error.to_string().contains("oauth2.client_secret_file"),
        "{error}"
    );
}

#[tokio::test]
async fn without_a_token_there_is_no_request() {
    let refusing = endpoint(1, |_| false).await;
    let garbled = Server::start(|_| ok("<html>")).await;
    let cut = Server::start(|_| vec![Step::Close]).await;
    let target = Server::start(|_| ok("x")).await;
    for (endpoint, text) in [
        (&refusing, "status 401: invalid_client"),
        (&garbled, "is not a token"),
        (&cut, "closed before the response"),
    ] {
        let error = body(
            &client(&settings(endpoint, "client_secret: hunter2")),
            &get(&target.url("/")),
        )
        .await
        .expect_err("no token");
        assert_eq!(error.reason(), Reason::Credentials);
        assert!(error.to_string().contains(text), "{error}");
        assert!(error.to_string().contains("oauth2"), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    assert!(target.log.requests().is_empty());
}

#[tokio::test]
async fn a_token_does_not_follow_to_another_host() {
    let endpoint = endpoint(3600, |_| true).await;
    let end = Server::start(|_| ok("x")).await;
    let location = end.localhost_url("/");
    let start = Server::start(move |_| crate::server::redirect(&location)).await;
    body(
        &client(&settings(&endpoint, "client_secret: s")),
        &get(&start.url("/")),
    )
    .await
    .expect("served");
    assert_eq!(start.log.last().header("authorization"), Some("Bearer t0"));
    assert_eq!(end.log.last().header("authorization"), None);
}

#[tokio::test]
async fn an_assertion_is_signed_by_the_key_of_the_configuration() {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).expect("an RSA key");
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("key.pem");
    fs::write(&path, key.serialize_pem()).expect("writes");
    let endpoint = endpoint(3600, |_| true).await;
    let target = Server::start(|_| ok("x")).await;
    for (name, digest) in [
        ("RS256", "sha256"),
        ("RS384", "sha384"),
        ("RS512", "sha512"),
    ] {
        let more = format!(
            "grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', signature_algorithm: {name}, \
             client_certificate_key_file: {}, claims: {{level: 3}}",
            path.display()
        );
        body(&client(&settings(&endpoint, &more)), &get(&target.url("/")))
            .await
            .expect("served");
        let asked = endpoint.log.last();
        assert_eq!(asked.header("authorization"), None);
        let form = asked.body.strip_prefix(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=",
        );
        let parts: Vec<&str> = form.expect("the grant").split('.').collect();
        let [header, claims, signature] = parts[..] else {
            panic!("three parts, not {parts:?}")
        };
        let header: serde_json::Value = serde_json::from_slice(&decode(header)).expect("JSON");
        assert_eq!(header["alg"], name);
        let claims_json: serde_json::Value = serde_json::from_slice(&decode(claims)).expect("JSON");
        assert_eq!(claims_json["iss"], "me");
        assert_eq!(claims_json["level"], 3);
        assert_eq!(claims_json["aud"], endpoint.url("/token"));
        let message = format!("{}.{claims}", parts[0]);
        verify(&key, digest, message.as_bytes(), &decode(signature));
    }
}

/// Verifies with rustls's verifier for the same algorithms.
fn verify(key: &KeyPair, digest: &str, message: &[u8], signature: &[u8]) {
    use rustls::SignatureScheme::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512};
    let scheme = match digest {
        "sha256" => RSA_PKCS1_SHA256,
        "sha384" => RSA_PKCS1_SHA384,
        _ => RSA_PKCS1_SHA512,
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let known = provider.signature_verification_algorithms.mapping;
    let (_, algorithms) = known
        .iter()
        .find(|(known, _)| *known == scheme)
        .expect("a known algorithm");
    algorithms[0]
        .verify_signature(key.public_key_raw(), message, signature)
        .expect("the right signature");
}

fn decode(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bits, mut held, mut out) = (0_u32, 0, Vec::new());
    for b in text.bytes() {
        let digit = ALPHABET.iter().position(|a| *a == b).expect("base 64");
        bits = bits << 6 | u32::try_from(digit).expect("below 64");
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xff).expect("a byte"));
        }
    }
    out
}
