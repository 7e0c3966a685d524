//! One deadline over everything, and the step during which it passed.

use std::time::Duration;

use scrape_http::{FetchError, Reason};

use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::server::{PLENTY, Server, Step, body, client, get, gzip, ok, read_request};

/// Long enough for an exchange on a busy machine, short enough to wait for.
const SHORT: Duration = Duration::from_secs(2);

fn timed_out(error: &FetchError, reason: Reason) {
    assert_eq!(error.reason(), reason, "{error}");
    assert!(error.reason().is_timeout());
    assert!(
        error.to_string().contains("context deadline exceeded"),
        "{error}"
    );
}

#[tokio::test]
async fn case_055_a_hanging_target_ends_with_the_deadline() {
    let server = Server::start(|_| vec![Step::Hang]).await;
    let client = client("{}");
    let error = body(&client, &get(&server.url("/")).timeout(SHORT))
        .await
        .expect_err("hangs");
    timed_out(&error, Reason::TimeoutHeaders);
    assert_eq!(client.idle_connections(), 0);
}

#[tokio::test]
async fn a_body_that_stalls_ends_with_the_deadline() {
    let packed = gzip(b"metric 1\n");
    let server = Server::start(move |seen| {
        let mut bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n".to_vec();
        match seen.path() {
            "/gzip" => {
                bytes.extend_from_slice(b"Content-Encoding: gzip\r\n\r\n");
                bytes.extend_from_slice(&packed);
            }
            _ => bytes.extend_from_slice(b"\r\nmetric 1\n"),
        }
        vec![Step::Send(bytes), Step::Hang]
    })
    .await;
    let client = client("{}");
    let (plain, zipped) = (
        get(&server.url("/")).timeout(SHORT),
        get(&server.url("/gzip")).timeout(SHORT),
    );
    let (plain, zipped) = tokio::join!(body(&client, &plain), body(&client, &zipped));
    timed_out(&plain.expect_err("stalls"), Reason::TimeoutBody);
    timed_out(&zipped.expect_err("stalls"), Reason::TimeoutBody);
}

#[tokio::test]
async fn a_body_that_never_ends_ends_with_the_deadline() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let server =
        Server::start(move |_| vec![Step::Send(head.clone()), Step::Forever(vec![b'\n'; 1000])])
            .await;
    let request = get(&server.url("/")).timeout(SHORT);
    let mut response = client("{}").fetch(&request).await.expect("headers");
    let error = loop {
        match response.next_block().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it has no end"),
            Err(error) => break error,
        }
    };
    timed_out(&error, Reason::TimeoutBody);
}

#[tokio::test]
async fn a_tls_handshake_that_hangs_counts_as_connecting() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let silent = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    let request = get(&format!("https://{address}/")).timeout(Duration::from_millis(500));
    let error = body(&client("{}"), &request).await.expect_err("silent");
    timed_out(&error, Reason::TimeoutConnect);
    silent.abort();
}

#[tokio::test]
async fn a_timed_out_connection_is_closed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        read_request(&mut stream, 0).await.expect("a request");
        stream.read(&mut [0; 1]).await
    });
    let client = client("{}");
    let request = get(&format!("http://{address}/")).timeout(SHORT);
    timed_out(
        &body(&client, &request).await.expect_err("no answer"),
        Reason::TimeoutHeaders,
    );
    let end = tokio::time::timeout(PLENTY, server)
        .await
        .expect("the client hangs up")
        .expect("no panic");
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
}

#[tokio::test]
async fn the_longest_duration_is_a_timeout() {
    let server = Server::start(|_| ok("x")).await;
    let client = client("{}");
    assert_eq!(
        body(&client, &get(&server.url("/")).timeout(Duration::MAX))
            .await
            .as_deref(),
        Ok("x")
    );
}

#[tokio::test]
async fn an_idle_connection_is_not_used_after_five_minutes() {
    let server = Server::start(|_| ok("x")).await;
    let client = client("{}");
    for (idle, connections) in [(299, 1), (301, 2)] {
        assert_eq!(
            body(&client, &get(&server.url("/"))).await.as_deref(),
            Ok("x")
        );
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(idle)).await;
        tokio::time::resume();
        assert_eq!(
            body(&client, &get(&server.url("/"))).await.as_deref(),
            Ok("x")
        );
        assert_eq!(server.log.connections(), connections);
    }
}
