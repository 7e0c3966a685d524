//! Connections are counted: made, refused, closed.

use std::sync::Arc;
use std::time::Duration;

use scrape_core::ports::clock::SystemClock;
use scrape_core::registry::{Desc, Registry};
use scrape_http::{Client, ClientOptions, DialCounters};
use tokio::net::TcpListener;

use crate::server::{Server, answer, body, get, ok};

fn counters() -> DialCounters {
    let registry = Registry::new(Arc::new(SystemClock));
    let counter = |name: &str| registry.counter(Desc::new(name, "help")).expect("free");
    DialCounters {
        attempted: counter("attempted"),
        established: counter("established"),
        closed: counter("closed"),
        failed: DialCounters::REASONS.map(counter),
    }
}

/// Attempted, established, failed by reason.
fn dialled(c: &DialCounters) -> (f64, f64, [f64; 4]) {
    (
        c.attempted.get(),
        c.established.get(),
        [0, 1, 2, 3].map(|i: usize| c.failed[i].get()),
    )
}

fn client(yaml: &str, counters: &DialCounters) -> Client {
    let options = ClientOptions {
        dials: Some(counters.clone()),
        ..ClientOptions::default()
    };
    Client::new(&serde_yaml::from_str(yaml).expect("settings"), &options).expect("a client")
}

#[tokio::test]
async fn every_connection_is_counted_once_and_every_end_of_one() {
    let server = Server::start(|_| ok("a 1\n")).await;
    let counters = counters();
    let client = client("{}", &counters);
    for _ in 0..3 {
        let text = body(&client, &get(&server.url("/metrics"))).await;
        assert_eq!(text.expect("an answer"), "a 1\n");
    }
    // Kept open in between, hence one.
    assert_eq!(dialled(&counters), (1.0, 1.0, [0.0; 4]));
    assert_eq!(counters.closed.get(), 0.0);
    drop(client);
    let closed = async {
        while counters.closed.get() < 1.0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), closed)
        .await
        .expect("closed with the client");
}

#[tokio::test]
async fn failures_are_told_apart() {
    let counters = counters();
    let client = client("{}", &counters);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let nobody = listener.local_addr().expect("bound");
    drop(listener);
    body(&client, &get(&format!("http://{nobody}/")))
        .await
        .expect_err("nobody listens");
    assert_eq!(dialled(&counters), (1.0, 0.0, [0.0, 1.0, 0.0, 0.0]));
    body(&client, &get("http://no-such-name.invalid/"))
        .await
        .expect_err("no address");
    assert_eq!(dialled(&counters), (2.0, 0.0, [1.0, 1.0, 0.0, 0.0]));
    let dir = tempfile::tempdir().expect("a directory");
    let request = get("http://x/").unix_socket(dir.path().join("gone"));
    body(&client, &request).await.expect_err("no socket");
    assert_eq!(dialled(&counters), (3.0, 0.0, [1.0, 1.0, 0.0, 1.0]));
}

#[tokio::test]
async fn a_token_endpoint_is_not_counted() {
    let server = Server::start(|seen| match seen.path() {
        "/token" => answer(
            "200 OK",
            "Content-Type: application/json\r\n",
            r#"{"access_token":"t","token_type":"Bearer"}"#,
        ),
        _ => ok("a 1\n"),
    })
    .await;
    let counters = counters();
    let yaml = format!(
        "oauth2: {{client_id: a, client_secret: b, token_url: '{}'}}",
        server.url("/token")
    );
    let client = client(&yaml, &counters);
    body(&client, &get(&server.url("/metrics")))
        .await
        .expect("an answer");
    assert_eq!(server.log.connections(), 2);
    assert_eq!(dialled(&counters), (1.0, 1.0, [0.0; 4]));
}
