//! Targets, well and badly behaved.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

type Body = dyn Fn(u64) -> Vec<u8> + Send + Sync;

/// What a target does with a request.
#[derive(Clone)]
enum Manner {
    /// Answers; the function gets the number of the request, from 1.
    Answer(&'static str, Arc<Body>),
    /// Sends these pieces over and over: the first once, the second for ever.
    Endless(Arc<[u8]>, Arc<[u8]>),
    /// Says nothing.
    Silence,
}

/// A target on a port of its own, as long as this lives.
pub(crate) struct Exporter {
    pub(crate) address: SocketAddr,
    requests: Arc<AtomicU64>,
    sent: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Exporter {
    /// Answers with text that depends on the number of the request, from 1.
    pub(crate) async fn text(body: impl Fn(u64) -> String + Send + Sync + 'static) -> Self {
        let body = move |n| body(n).into_bytes();
        Self::start(Manner::Answer("200 OK", Arc::new(body))).await
    }

    /// Exposes the number of the request, from 1, as `n`.
    pub(crate) async fn counting() -> Self {
        Self::text(|n| format!("# TYPE n counter\n# HELP n Requests.\nn {n}\n")).await
    }

    /// Refuses with the request itself as the text.
    pub(crate) async fn refusing(text: &'static str) -> Self {
        let body = move |_| text.as_bytes().to_vec();
        Self::start(Manner::Answer("401 Unauthorized", Arc::new(body))).await
    }

    /// Sends `piece` without end after `first`.
    pub(crate) async fn endless(first: &str, piece: &str) -> Self {
        // Large writes keep the sender from being what limits the stream.
        let piece = piece.repeat(65536 / piece.len() + 1);
        Self::start(Manner::Endless(
            first.as_bytes().into(),
            piece.as_bytes().into(),
        ))
        .await
    }

    /// A small body that inflates to `bytes` of comments.
    pub(crate) async fn bomb(bytes: usize) -> Self {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let line = format!("#{}\n", "0".repeat(1022));
        for _ in 0..bytes / line.len() {
            gzip.write_all(line.as_bytes()).expect("in memory");
        }
        let packed = gzip.finish().expect("in memory");
        let head = "200 OK\r\nContent-Encoding: gzip";
        Self::start(Manner::Answer(head, Arc::new(move |_| packed.clone()))).await
    }

    pub(crate) async fn silent() -> Self {
        Self::start(Manner::Silence).await
    }

    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (requests, sent) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let counters = (requests.clone(), sent.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (manner, (requests, sent)) = (manner.clone(), counters.clone());
                // The client may hang up at any time.
                tokio::spawn(async move { drop(serve(stream, manner, &requests, &sent).await) });
            }
        });
        Self {
            address,
            requests,
            sent,
            task,
        }
    }

    /// Requests so far.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    /// Bytes of bodies that the sockets took so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    manner: Manner,
    requests: &AtomicU64,
    sent: &AtomicU64,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
        if !head.starts_with(b"GET ") && head.len() >= 4 {
            // A TLS handshake, or a request to a proxy.
            return stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    }
    let n = requests.fetch_add(1, Ordering::SeqCst) + 1;
    let plain = "Content-Type: text/plain; version=0.0.4\r\nConnection: close";
    match manner {
        Manner::Answer(status, body) => {
            let body = body(n);
            let head = format!(
                "HTTP/1.1 {status}\r\n{plain}\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&body).await?;
            stream.shutdown().await
        }
        Manner::Endless(first, piece) => {
            let head = format!("HTTP/1.1 200 OK\r\n{plain}\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&first).await?;
            loop {
                stream.write_all(&piece).await?;
                sent.fetch_add(piece.len() as u64, Ordering::SeqCst);
            }
        }
        Manner::Silence => {
            // Until the client gives up.
            while stream.read_buf(&mut head).await? > 0 {}
            Ok(())
        }
    }
}
