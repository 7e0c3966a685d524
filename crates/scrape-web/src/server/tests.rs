//! Real sockets, hostile clients. Guards of time are far from what is expected; nothing is measured.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::router;
use crate::testing::setup;

struct Running {
    address: std::net::SocketAddr,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

async fn start(limits: ServerLimits) -> Running {
    start_with(router(setup(false, "").state).expect("a router"), limits).await
}

async fn start_with(router: Router, limits: ServerLimits) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let stop = CancellationToken::new();
    let task = tokio::spawn(serve(vec![listener], router, limits, stop.clone()));
    Running {
        address,
        stop,
        task,
    }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("connected")
    }

    /// Sends bytes and reads until the server closes.
    async fn exchange(&self, request: &[u8]) -> String {
        let mut stream = self.connect().await;
        // The server may refuse, and close, before it has read everything.
        let _closed_early = stream.write_all(request).await;
        read_all(&mut stream).await
    }

    async fn stop(self) {
        self.stop.cancel();
        timeout(Duration::from_secs(60), self.task)
            .await
            .expect("stops")
            .expect("no panic");
    }
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut block = [0; 4096];
    loop {
        match timeout(Duration::from_secs(60), stream.read(&mut block))
            .await
            .expect("the server closes")
        {
            Ok(0) | Err(_) => return String::from_utf8_lossy(&bytes).into_owned(),
            Ok(n) => bytes.extend_from_slice(&block[..n]),
        }
    }
}

const HEALTH: &[u8] = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn requests_are_answered_and_stopping_ends_idle_connections() {
    let server = start(ServerLimits::default()).await;
    let answer = server.exchange(HEALTH).await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("scrape-cli is Healthy.\n"),
        "{answer}"
    );
    assert!(
        answer.contains("x-content-type-options: nosniff"),
        "{answer}"
    );
    let mut idle = server.connect().await;
    idle.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .expect("sent");
    let mut first = [0; 15];
    idle.read_exact(&mut first).await.expect("answered");
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_never_finishes_its_head_is_cut_off() {
    let limits = ServerLimits {
        head_timeout: Duration::from_millis(200),
        ..Default::default()
    };
    let server = start(limits).await;
    for sent in ["", "GET /-/healthy HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let answer = server.exchange(sent.as_bytes()).await;
        assert!(!answer.contains(" 200 "), "{answer}");
    }
    assert!(server.exchange(HEALTH).await.contains(" 200 "));
    server.stop().await;
}

#[tokio::test]
async fn heads_and_bodies_beyond_the_limits_are_refused() {
    let server = start(ServerLimits::default()).await;
    let long = format!(
        "GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n",
        "a".repeat(200 << 10)
    );
    let answer = server.exchange(long.as_bytes()).await;
    assert!(
        answer.starts_with("HTTP/1.1 431") || answer.is_empty(),
        "{answer}"
    );
    let many = format!(
        "GET / HTTP/1.1\r\nHost: x\r\n{}\r\n",
        "X-A: b\r\n".repeat(200)
    );
    let answer = server.exchange(many.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let body = "POST /-/reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 10000000\r\n\r\n";
    let answer = server.exchange(body.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(
        server
            .exchange(b"\x16\x03\x01 not http\r\n\r\n")
            .await
            .starts_with("HTTP/1.1 400")
    );
    assert!(server.exchange(HEALTH).await.contains(" 200 "));
    server.stop().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let server = start(ServerLimits {
        max_connections: 1,
        ..Default::default()
    })
    .await;
    let mut first = server.connect().await;
    first
        .write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .expect("sent");
    let mut byte = [0; 1];
    first.read_exact(&mut byte).await.expect("answered");
    let mut second = server.connect().await;
    second.write_all(HEALTH).await.expect("sent");
    let mut probe = [0; 1];
    let early = timeout(Duration::from_millis(200), second.read(&mut probe)).await;
    assert!(early.is_err(), "no place yet");
    drop(first);
    assert!(read_all(&mut second).await.contains("Healthy"));
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_cut_off_and_a_stop_does_not_wait_for_it() {
    let huge = Router::new().route("/", axum::routing::get(async || vec![b'x'; 64 << 20]));
    // Only the stall can end it: draining would take far longer than the stop may.
    let limits = ServerLimits {
        write_stall: Duration::from_millis(200),
        drain: Duration::from_secs(24 * 3600),
        ..Default::default()
    };
    let server = start_with(huge.clone(), limits).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .expect("sent");
    let mut byte = [0; 1];
    stream
        .read_exact(&mut byte)
        .await
        .expect("the answer begins");
    server.stop().await;
    drop(stream);

    let limits = ServerLimits {
        drain: Duration::from_millis(100),
        ..Default::default()
    };
    let server = start_with(huge, limits).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .expect("sent");
    let mut byte = [0; 1];
    stream
        .read_exact(&mut byte)
        .await
        .expect("the answer begins");
    server.stop().await;
}

#[tokio::test]
async fn every_listener_is_served_and_the_limits_are_shared() {
    let mut listeners = Vec::new();
    for _ in 0..3 {
        listeners.push(TcpListener::bind("127.0.0.1:0").await.expect("a free port"));
    }
    let addresses: Vec<_> = listeners
        .iter()
        .map(|l| l.local_addr().expect("an address"))
        .collect();
    let limits = ServerLimits {
        max_connections: 1,
        ..ServerLimits::default()
    };
    let router = router(setup(false, "").state).expect("a router");
    let stop = CancellationToken::new();
    let task = tokio::spawn(serve(listeners, router, limits, stop.clone()));
    for address in addresses.iter().chain(&addresses) {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        stream.write_all(HEALTH).await.expect("sent");
        let answer = read_all(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{address}: {answer}");
    }
    // The only place is taken at one address: another one waits for it.
    let mut holder = TcpStream::connect(addresses[0]).await.expect("connected");
    holder.write_all(b"GET /-/healthy").await.expect("sent");
    let mut head = HEALTH.to_vec();
    head.drain(.."GET /-/healthy".len());
    let mut waiting = TcpStream::connect(addresses[1]).await.expect("connected");
    waiting.write_all(HEALTH).await.expect("sent");
    holder.write_all(&head).await.expect("sent");
    assert!(read_all(&mut holder).await.starts_with("HTTP/1.1 200 OK"));
    assert!(read_all(&mut waiting).await.starts_with("HTTP/1.1 200 OK"));
    stop.cancel();
    timeout(Duration::from_secs(60), task)
        .await
        .expect("stops")
        .expect("no panic");
}
