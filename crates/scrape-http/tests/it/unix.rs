//! Targets behind Unix sockets.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use scrape_http::Reason;
use tokio::net::UnixListener;

use crate::server::{Log, Server, body, client, get, ok, serve};

/// Serves its own name on a socket.
fn listen(dir: &Path, name: &'static str) -> (PathBuf, Arc<Log>) {
    let path = dir.join(name);
    let listener = UnixListener::bind(&path).expect("a socket");
    let log = Arc::new(Log::default());
    let seen = Arc::clone(&log);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let log = Arc::clone(&seen);
            let connection = log.next_connection();
            tokio::spawn(async move { serve(stream, connection, &log, &|_| ok(name)).await });
        }
    });
    (path, log)
}

#[tokio::test]
async fn case_059_targets_of_one_address_and_two_sockets_share_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let (path_a, log_a) = listen(dir.path(), "a");
    let (path_b, log_b) = listen(dir.path(), "b");
    let tcp = Server::start(|_| ok("tcp")).await;
    let client = client("{}");
    let plain = get(&tcp.url("/metrics"));
    let (a, b) = (
        plain.clone().unix_socket(&path_a),
        plain.clone().unix_socket(&path_b),
    );
    for _ in 0..5 {
        assert_eq!(body(&client, &a).await.as_deref(), Ok("a"));
        assert_eq!(body(&client, &b).await.as_deref(), Ok("b"));
        assert_eq!(body(&client, &plain).await.as_deref(), Ok("tcp"));
    }
    assert_eq!(
        (
            log_a.connections(),
            log_b.connections(),
            tcp.log.connections()
        ),
        (1, 1, 1)
    );
    let seen = log_a.last();
    assert_eq!(seen.line(), "GET /metrics HTTP/1.1");
    assert_eq!(seen.header("host"), Some(tcp.address.to_string().as_str()));

    assert_eq!(client.idle_connections(), 3);
    client.retain_unix_sockets(&HashSet::from([path_b.as_path()]));
    assert_eq!(
        client.idle_connections(),
        2,
        "the socket without a target was let go"
    );
    assert_eq!(body(&client, &b).await.as_deref(), Ok("b"));
    assert_eq!(log_b.connections(), 1);
}

#[tokio::test]
async fn a_missing_socket_never_falls_back_to_tcp() {
    let tcp = Server::start(|_| ok("tcp")).await;
    let request = get(&tcp.url("/")).unix_socket("/nonexistent/socket");
    let error = body(&client("{}"), &request).await.expect_err("no socket");
    assert_eq!(error.reason(), Reason::Connect);
    assert!(error.to_string().contains("/nonexistent/socket"), "{error}");
    assert!(tcp.log.requests().is_empty());
}
