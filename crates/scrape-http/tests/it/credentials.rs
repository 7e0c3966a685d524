//! Credentials and headers as they arrive, request by request.

use std::fs;

use scrape_http::{Client, ClientOptions, Reason};

use crate::server::{Server, body, client, get, ok};

#[tokio::test]
async fn case_056_a_token_file_is_read_for_every_request() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("token");
    let server = Server::start(|_| ok("x")).await;
    let client = client(&format!(
        "authorization: {{credentials_file: {}}}",
        path.display()
    ));
    let request = get(&server.url("/"));
    for token in ["first", "second"] {
        fs::write(&path, format!("  {token}\n")).expect("writes");
        body(&client, &request).await.expect("served");
        assert_eq!(
            server.log.last().header("authorization"),
            Some(format!("Bearer {token}").as_str())
        );
    }
    fs::remove_file(&path).expect("removes");
    let error = body(&client, &request).await.expect_err("no token");
    assert_eq!(error.reason(), Reason::Credentials);
    assert!(
        error.to_string().contains("authorization.credentials_file"),
        "{error}"
    );
    assert!(
        error.to_string().contains(&path.display().to_string()),
        "{error}"
    );
    fs::write(&path, "third").expect("writes");
    body(&client, &request)
        .await
        .expect("only that scrape failed");
    assert_eq!(
        server.log.last().header("authorization"),
        Some("Bearer third")
    );
    assert_eq!(server.log.requests().len(), 3);
}

#[tokio::test]
async fn case_057_every_request_has_each_header_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("header");
    fs::write(&path, "from-file\n").expect("writes");
    let server = Server::start(|_| ok("x")).await;
    let client = client(&format!(
        "authorization: {{credentials: t}}\n\
         http_headers:\n  X-One: {{values: [v]}}\n  X-All: {{values: [a, b], secrets: [s], files: [{}]}}\n\
         \x20 Accept: {{values: [text/html]}}\n",
        path.display()
    ));
    let request = get(&server.url("/"))
        .header("Accept", "*/*")
        .expect("a header")
        .compression(true);
    for _ in 0..100 {
        body(&client, &request).await.expect("served");
    }
    let first = server.log.requests().first().cloned().expect("a request");
    let last = server.log.last();
    assert_eq!(last.head, first.head);
    assert_eq!(last.all("x-all"), ["a", "b", "s", "from-file"]);
    assert_eq!(last.header("x-one"), Some("v"));
    assert_eq!(last.all("accept"), ["*/*", "text/html"]);
    for name in ["authorization", "user-agent", "host", "accept-encoding"] {
        assert_eq!(last.all(name).len(), 1, "{name}");
    }
}

#[tokio::test]
async fn every_kind_of_credentials_is_sent() {
    let dir = tempfile::tempdir().expect("a directory");
    let (user, password) = (dir.path().join("user"), dir.path().join("password"));
    fs::write(&user, "alice\n").expect("writes");
    fs::write(&password, " secret ").expect("writes");
    let server = Server::start(|_| ok("x")).await;
    let files = format!(
        "basic_auth: {{username_file: {}, password_file: {}}}",
        user.display(),
        password.display()
    );
    for (yaml, expected) in [
        (
            "basic_auth: {username: alice, password: secret}",
            "Basic YWxpY2U6c2VjcmV0",
        ),
        ("basic_auth: {username: alice}", "Basic YWxpY2U6"),
        (files.as_str(), "Basic YWxpY2U6c2VjcmV0"),
        ("bearer_token: t", "Bearer t"),
        ("authorization: {credentials: t}", "Bearer t"),
        (
            "authorization: {type: ' Token ', credentials: t}",
            "Token t",
        ),
    ] {
        body(&client(yaml), &get(&server.url("/")))
            .await
            .expect("served");
        assert_eq!(
            server.log.last().header("authorization"),
            Some(expected),
            "{yaml}"
        );
    }
    let url = server.url("/").replace("http://", "http://al%69ce:secret@");
    body(&client("{}"), &get(&url)).await.expect("served");
    assert_eq!(
        server.log.last().header("authorization"),
        Some("Basic YWxpY2U6c2VjcmV0")
    );
    body(&client("bearer_token: t"), &get(&url))
        .await
        .expect("served");
    assert_eq!(
        server.log.last().header("authorization"),
        Some("Bearer t"),
        "configured credentials win"
    );
}

#[tokio::test]
async fn a_secret_with_a_line_break_is_refused_without_showing_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("token");
    fs::write(&path, "hunter2\nX-Injected: yes").expect("writes");
    let server = Server::start(|_| ok("x")).await;
    let client = client(&format!("bearer_token_file: {}", path.display()));
    let error = body(&client, &get(&server.url("/")))
        .await
        .expect_err("two lines");
    assert_eq!(error.reason(), Reason::Credentials);
    assert!(
        !format!("{error} {error:?} {client:?}").contains("hunter2"),
        "{error:?}"
    );
    assert!(server.log.requests().is_empty());
}

#[tokio::test]
async fn the_product_token_can_be_set() {
    let server = Server::start(|_| ok("x")).await;
    let options = ClientOptions {
        user_agent: "probe/1".to_owned(),
        ..ClientOptions::default()
    };
    let client = Client::new(&Default::default(), &options).expect("a client");
    body(&client, &get(&server.url("/"))).await.expect("served");
    assert_eq!(server.log.last().header("user-agent"), Some("probe/1"));
    let options = ClientOptions {
        user_agent: "a\nb".to_owned(),
        ..options
    };
    assert_eq!(
        Client::new(&Default::default(), &options)
            .expect_err("a line break")
            .key,
        "user_agent"
    );
}
