//! Redirect chains, and who gets to see credentials along them.

use std::sync::{Arc, OnceLock};

use scrape_http::{Reason, Request};

use crate::server::{Seen, Server, answer, body, client, get, ok, read, redirect};

const SECRETS: &str = "authorization: {credentials: t}\n\
    http_headers: {X-Key: {secrets: [k]}, Cookie: {values: [c]}, X-Plain: {values: [p]}}\n";

fn has_secrets(seen: &Seen) -> bool {
    let sent = [
        seen.header("authorization"),
        seen.header("x-key"),
        seen.header("cookie"),
    ];
    assert_eq!(
        seen.header("x-plain"),
        Some("p"),
        "what is no secret is always sent"
    );
    assert!(
        sent.iter().all(Option::is_some) || sent.iter().all(Option::is_none),
        "{sent:?}"
    );
    sent[0].is_some()
}

#[tokio::test]
async fn case_058_another_host_gets_no_credentials_and_the_same_keeps_them() {
    let port = Arc::new(OnceLock::new());
    let known = Arc::clone(&port);
    let server = Server::start(move |seen| {
        let port: &u16 = known.get().expect("started");
        match seen.path() {
            "/same" => redirect("/end"),
            "/other" => redirect(&format!("http://localhost:{port}/end")),
            // Leaves and comes back.
            "/round-trip" => redirect(&format!("http://localhost:{port}/back")),
            "/back" => redirect(&format!("http://127.0.0.1:{port}/end")),
            _ => ok("done"),
        }
    })
    .await;
    port.set(server.address.port()).expect("once");
    let client = client(SECRETS);
    for (path, first, last) in [
        ("/same", true, true),
        ("/other", true, false),
        ("/round-trip", true, false),
    ] {
        let before = server.log.requests().len();
        assert_eq!(
            body(&client, &get(&server.url(path))).await.as_deref(),
            Ok("done")
        );
        let chain = server.log.requests().split_off(before);
        assert_eq!(has_secrets(&chain[0]), first, "{path}");
        assert_eq!(
            has_secrets(chain.last().expect("a request")),
            last,
            "{path}"
        );
        assert!(path != "/round-trip" || !has_secrets(&chain[1]));
    }
}

#[tokio::test]
async fn another_port_of_the_same_host_keeps_them() {
    let end = Server::start(|_| ok("done")).await;
    let location = end.url("/");
    let start = Server::start(move |_| redirect(&location)).await;
    assert_eq!(
        body(&client(SECRETS), &get(&start.url("/")))
            .await
            .as_deref(),
        Ok("done")
    );
    assert!(has_secrets(&end.log.last()));
}

#[tokio::test]
async fn request_headers_that_carry_credentials_stay_too() {
    let end = Server::start(|_| ok("done")).await;
    let location = end.localhost_url("/");
    let start = Server::start(move |_| redirect(&location)).await;
    let request = get(&start.url("/"))
        .header("Authorization", "Custom x")
        .and_then(|r| r.header("Accept", "text/plain"))
        .expect("headers");
    body(&client("{}"), &request).await.expect("served");
    assert_eq!(start.log.last().header("authorization"), Some("Custom x"));
    assert_eq!(end.log.last().header("authorization"), None);
    assert_eq!(end.log.last().header("accept"), Some("text/plain"));
}

#[tokio::test]
async fn ten_requests_and_no_more() {
    let server = Server::start(
        |seen| match seen.path().trim_start_matches('/').parse::<u32>() {
            Ok(0) => ok("done"),
            Ok(n) => redirect(&format!("/{}", n - 1)),
            Err(_) => redirect("/loop"),
        },
    )
    .await;
    let client = client("{}");
    let mut response = client
        .fetch(&get(&server.url("/9")))
        .await
        .expect("nine redirects");
    assert_eq!(read(&mut response).await.as_deref(), Ok("done"));
    assert_eq!(
        (response.redirects(), response.url()),
        (9, server.url("/0"))
    );
    for path in ["/10", "/loop"] {
        let before = server.log.requests().len();
        let error = client
            .fetch(&get(&server.url(path)))
            .await
            .expect_err("too many");
        assert_eq!(error.reason(), Reason::Redirect);
        assert!(
            error.to_string().contains("stopped after 10 redirects"),
            "{error}"
        );
        assert_eq!(server.log.requests().len() - before, 10);
    }
    assert_eq!(server.log.connections(), 1, "each hop's body was drained");
}

#[tokio::test]
async fn locations_that_lead_nowhere_are_refused() {
    let server = Server::start(|seen| match seen.path() {
        "/file" => redirect("file:///etc/passwd"),
        "/none" => answer("302 Found", "", ""),
        "/304" => answer("304 Not Modified", "Location: /x\r\n", ""),
        _ => redirect("http://"),
    })
    .await;
    let client = client("{}");
    for path in ["/file", "/empty-host"] {
        let error = client
            .fetch(&get(&server.url(path)))
            .await
            .expect_err("leads nowhere");
        assert_eq!(error.reason(), Reason::Redirect, "{error}");
    }
    for (path, status) in [("/none", 302), ("/304", 304)] {
        assert_eq!(
            client
                .fetch(&get(&server.url(path)))
                .await
                .map(|r| r.status()),
            Ok(status)
        );
    }
}

#[tokio::test]
async fn a_post_becomes_a_get_unless_the_status_keeps_it() {
    let server = Server::start(|seen| match seen.path() {
        "/302" => redirect("/end"),
        "/307" => answer("307 Temporary Redirect", "Location: /end\r\n", ""),
        _ => ok("done"),
    })
    .await;
    let client = client("{}");
    for (path, line, sent) in [
        ("/302", "GET /end HTTP/1.1", ""),
        ("/307", "POST /end HTTP/1.1", "data"),
    ] {
        let request = Request::post(&server.url(path), "text/plain", "data").expect("a request");
        body(&client, &request).await.expect("served");
        let last = server.log.last();
        assert_eq!((last.line(), last.body.as_str()), (line, sent));
    }
}
