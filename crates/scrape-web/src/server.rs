//! Accepts connections within limits that a hostile client cannot exceed: their number, the time to send a
//! request head, the size of the head, the time without reading the answer.

use std::future::{Future, poll_fn};
use std::io;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::stall::StallGuard;

/// What one client, and all of them, may take.
#[derive(Debug, Clone)]
pub struct ServerLimits {
    /// Connections at a time; further ones wait to be accepted.
    pub max_connections: usize,
    /// From the start of a connection, or the end of an answer, to the end of the next request's head.
    pub head_timeout: Duration,
    /// Bytes of a request's head.
    pub max_head_bytes: usize,
    /// Headers of a request.
    pub max_headers: usize,
    /// How long a client may go without reading anything of its answer.
    pub write_stall: Duration,
    /// How long requests that are being answered may go on after the stop.
    pub drain: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            max_connections: 512,
            head_timeout: Duration::from_secs(30),
            max_head_bytes: 64 << 10,
            max_headers: 100,
            write_stall: Duration::from_secs(30),
            drain: Duration::from_secs(5),
        }
    }
}

/// Serves on every listener until `stop` fires, then lets requests in progress finish. The limits hold for
/// all listeners together.
///
/// Bind to a loopback address unless others are meant to read what is served.
pub async fn serve(
    listeners: Vec<TcpListener>,
    router: Router,
    limits: ServerLimits,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(limits.max_connections));
    let connections = TaskTracker::new();
    let close = CancellationToken::new();
    loop {
        let accepted = async {
            // The semaphore is never closed; an error would mean no limit, so it counts as none left.
            let Ok(place) = places.clone().acquire_owned().await else {
                return std::future::pending().await;
            };
            (accept(&listeners).await, place)
        };
        let (stream, place) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accepted => accepted,
        };
        let connection = connection(stream, router.clone(), limits.clone(), stop.clone());
        let close = close.clone();
        connections.spawn(async move {
            let _place = place;
            tokio::select! {
                () = close.cancelled() => {}
                () = connection => {}
            }
        });
    }
    drop(listeners);
    connections.close();
    if timeout(limits.drain, connections.wait()).await.is_err() {
        tracing::warn!(
            open = connections.len(),
            "connections did not end in time and are closed"
        );
        close.cancel();
        connections.wait().await;
    }
}

/// The next connection. Errors concern one client, or will pass (no descriptors left): wait, try again.
async fn accept(listeners: &[TcpListener]) -> TcpStream {
    let mut first = 0;
    loop {
        let ready = poll_fn(|cx| {
            // Not always the same one first: a busy address must not starve the others.
            first = (first + 1) % listeners.len().max(1);
            let in_turn = listeners[first..].iter().chain(&listeners[..first]);
            in_turn
                .map(|listener| listener.poll_accept(cx))
                .find(Poll::is_ready)
                .unwrap_or(Poll::Pending)
        });
        match ready.await {
            Ok((stream, _)) => return stream,
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections, trying again in a second");
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

fn connection(
    stream: TcpStream,
    router: Router,
    limits: ServerLimits,
    stop: CancellationToken,
) -> impl Future<Output = ()> {
    // Answers leave in few writes; waiting to fill a packet only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let io = TokioIo::new(StallGuard::new(stream, limits.write_stall));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits.max_head_bytes.max(8 << 10))
        .max_headers(limits.max_headers)
        .serve_connection(io, TowerToHyperService::new(router));
    async move {
        let mut connection = std::pin::pin!(connection);
        let mut stopping = false;
        let ended = loop {
            tokio::select! {
                ended = connection.as_mut() => break ended,
                () = stop.cancelled(), if !stopping => {
                    stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "connection ended");
        }
    }
}

#[cfg(test)]
mod tests;
