//! Statuses, headers, connections and what goes wrong around them.

use std::sync::atomic::{AtomicBool, Ordering};

use scrape_http::{Reason, Request};

use crate::server::{Answer, Server, Step, answer, body, client, get, ok};

#[tokio::test]
async fn case_052_the_scrape_headers_arrive() {
    let server = Server::start(|_| ok("x")).await;
    let client = client("{}");
    let request = Request::get(&server.url("/metrics?a=b"))
        .and_then(|r| r.header("Accept", "text/plain;version=0.0.4;q=0.6,*/*;q=0.5"))
        .expect("a request");
    let request = request
        .compression(true)
        .scrape_timeout(std::time::Duration::from_millis(60_500));
    body(&client, &request).await.expect("served");
    let seen = server.log.last();
    assert_eq!(seen.line(), "GET /metrics?a=b HTTP/1.1");
    assert_eq!(
        seen.header("host"),
        Some(server.address.to_string().as_str())
    );
    assert_eq!(
        seen.header("accept"),
        Some("text/plain;version=0.0.4;q=0.6,*/*;q=0.5")
    );
    assert_eq!(seen.header("accept-encoding"), Some("gzip"));
    assert_eq!(
        seen.header("x-prometheus-scrape-timeout-seconds"),
        Some("60.5")
    );
    assert_eq!(
        seen.header("user-agent"),
        Some(concat!("scrape-cli/", env!("CARGO_PKG_VERSION")))
    );
    body(&client, &get(&server.url("/")).compression(false))
        .await
        .expect("served");
    assert_eq!(
        server.log.last().header("accept-encoding"),
        Some("identity")
    );
}

#[tokio::test]
async fn case_053_any_status_but_200_is_an_error_that_names_it() {
    let server = Server::start(|seen| match seen.path() {
        "/404" => answer("404 Not Found", "", "page not found"),
        "/204" => answer("204 No Content", "", ""),
        "/206" => answer("206 Partial Content", "", "part"),
        "/599" => answer("599 Whatever", "", ""),
        _ => answer("302 Found", "Location: /elsewhere\r\n", ""),
    })
    .await;
    let client = client("follow_redirects: false");
    for (path, status, text) in [
        ("/404", 404, "server returned HTTP status 404 Not Found"),
        ("/204", 204, "server returned HTTP status 204 No Content"),
        (
            "/206",
            206,
            "server returned HTTP status 206 Partial Content",
        ),
        ("/302", 302, "server returned HTTP status 302 Found"),
        ("/599", 599, "server returned HTTP status 599"),
    ] {
        let error = body(&client, &get(&server.url(path)))
            .await
            .expect_err("not 200");
        assert_eq!(
            (error.reason(), error.status()),
            (Reason::Status, Some(status))
        );
        assert!(error.to_string().contains(text), "{error}");
        assert!(error.to_string().contains(&server.url(path)), "{error}");
    }
    assert_eq!(
        server.log.connections(),
        1,
        "small bodies are drained and the connection is kept"
    );
}

#[tokio::test]
async fn connections_are_used_again_and_closed_ones_replaced() {
    let close = std::sync::Arc::new(AtomicBool::new(false));
    let closing = std::sync::Arc::clone(&close);
    let server = Server::start(move |_| {
        let mut steps = ok("x");
        if closing.load(Ordering::SeqCst) {
            steps.push(Step::Close);
        }
        steps
    })
    .await;
    let client = client("{}");
    let request = get(&server.url("/"));
    for _ in 0..10 {
        assert_eq!(body(&client, &request).await.as_deref(), Ok("x"));
    }
    assert_eq!(
        (server.log.connections(), client.idle_connections()),
        (1, 1)
    );
    // From here on the server closes after each answer without having said so.
    close.store(true, Ordering::SeqCst);
    for _ in 0..20 {
        assert_eq!(body(&client, &request).await.as_deref(), Ok("x"));
    }
    assert_eq!(
        server.log.requests().len(),
        30,
        "no request was lost or doubled"
    );
    client.close_idle_connections();
    assert_eq!(client.idle_connections(), 0);
}

#[tokio::test]
async fn a_connection_closed_before_the_answer_is_tried_again_only_if_it_was_old() {
    let server = Server::start(|seen| match seen.connection {
        0 if seen.path() == "/second" => vec![Step::Close],
        0 => ok("first"),
        1 => ok("again"),
        _ => vec![Step::Close],
    })
    .await;
    let client = client("{}");
    assert_eq!(
        body(&client, &get(&server.url("/"))).await.as_deref(),
        Ok("first")
    );
    assert_eq!(
        body(&client, &get(&server.url("/second"))).await.as_deref(),
        Ok("again")
    );
    client.close_idle_connections();
    let error = body(&client, &get(&server.url("/")))
        .await
        .expect_err("closed");
    assert_eq!(error.reason(), Reason::Connect);
    assert_eq!(server.log.connections(), 3);
}

#[tokio::test]
async fn a_post_is_never_sent_twice() {
    let server = Server::start(|seen| match seen.path() {
        "/" => ok("x"),
        _ => vec![Step::Close],
    })
    .await;
    let client = client("{}");
    body(&client, &get(&server.url("/"))).await.expect("served");
    let post = Request::post(&server.url("/post"), "text/plain", "data").expect("a request");
    let error = body(&client, &post).await.expect_err("closed");
    assert_eq!(error.reason(), Reason::Connect);
    let posts: Vec<_> = server
        .log
        .requests()
        .into_iter()
        .filter(|seen| seen.path() == "/post")
        .collect();
    assert_eq!(posts.len(), 1);
    assert_eq!(
        (posts[0].body.as_str(), posts[0].header("content-type")),
        ("data", Some("text/plain"))
    );
}

#[tokio::test]
async fn what_is_not_http_is_named_so() {
    for bytes in [
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    ] {
        let server = Server::start(move |_| vec![Step::Send(bytes.into()), Step::Close]).await;
        let error = body(&client("{}"), &get(&server.url("/")))
            .await
            .expect_err(bytes);
        assert_eq!(error.reason(), Reason::Protocol, "{error}");
    }
}

#[tokio::test]
async fn endless_headers_are_cut_off() {
    let head = b"HTTP/1.1 200 OK\r\n".to_vec();
    let line = format!("X-Filler: {}\r\n", "x".repeat(1000)).into_bytes();
    let server = Server::start(move |_| -> Answer {
        vec![Step::Send(head.clone()), Step::Forever(line.clone())]
    })
    .await;
    let error = body(&client("{}"), &get(&server.url("/")))
        .await
        .expect_err("too much");
    assert_eq!(error.reason(), Reason::Protocol, "{error}");
}

#[tokio::test]
async fn nobody_there_is_a_failure_to_connect_and_no_such_name_one_of_dns() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let client = client("{}");
    let error = body(&client, &get(&format!("http://user:hunter2@{address}/")))
        .await
        .expect_err("nobody");
    assert_eq!(error.reason(), Reason::Connect);
    assert!(error.to_string().contains("user:xxxxx@"), "{error}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    let error = body(&client, &get("http://no-such-name.invalid/"))
        .await
        .expect_err("no name");
    assert_eq!(error.reason(), Reason::Dns, "{error}");
}
