//! A target that answers by path and remembers what it was asked.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};

pub(crate) type Requests = Arc<Mutex<Vec<String>>>;

/// Serves on a free port of the loopback interface; returns its address.
pub(crate) async fn tcp(requests: &Requests) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    let requests = Arc::clone(requests);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, Arc::clone(&requests)));
        }
    });
    address
}

/// Serves on a Unix socket.
pub(crate) fn unix(path: &std::path::Path, requests: &Requests) {
    let listener = UnixListener::bind(path).expect("a free path");
    let requests = Arc::clone(requests);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, Arc::clone(&requests)));
        }
    });
}

async fn connection(mut stream: impl AsyncRead + AsyncWrite + Unpin, requests: Requests) {
    let mut received = Vec::new();
    let mut block = [0; 4096];
    loop {
        while !received.ends_with(b"\r\n\r\n") {
            match stream.read(&mut block).await {
                Ok(n) if n > 0 => received.extend_from_slice(&block[..n]),
                _ => return,
            }
        }
        let request = String::from_utf8_lossy(&std::mem::take(&mut received)).into_owned();
        let answer = answer(request.split(' ').nth(1).unwrap_or_default());
        requests.lock().expect("no panic").push(request);
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn answer(path: &str) -> String {
    let ok = |content_type: &str, body: &str| {
        let length = body.len();
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    };
    match path {
        "/metrics" => ok(
            "text/plain; version=0.0.4",
            "# TYPE a counter\na_total 1\nb 2\n",
        ),
        "/openmetrics" => ok(
            "application/openmetrics-text; version=1.0.0",
            "# TYPE a counter\na_total 1\n# EOF\n",
        ),
        "/chunked" => {
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n\
                       3\r\na 1\r\n5\r\n\nb 2\n\r\n0\r\n\r\n"
                .to_owned()
        }
        "/broken" => ok("text/plain", "a 1\nb ?\n"),
        "/html" => ok("text/html", "<html>"),
        "/large" => ok("text/plain", &"a_rather_long_name 1\n".repeat(100)),
        _ => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(),
    }
}
