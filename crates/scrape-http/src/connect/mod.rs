//! From a URL to a connection that speaks HTTP: name lookup, dialling, proxies, TLS, protocol choice.

mod dial;
mod dials;
mod proxy;
mod socks;
mod tunnel;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::HeaderValue;
use http_body_util::Full;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};

pub use self::dials::DialCounters;
use self::dials::counted;
pub use self::proxy::ProxyEnvironment;
pub(crate) use self::proxy::{Proxies, Proxy};
use crate::error::{Failure, Reason};
use crate::lane::Lane;
use crate::pool::{Connection, Key};
use crate::tls::Tls;
use crate::url::{Scheme, Url};

/// A handshake that takes longer fails even if the deadline allows more.
const TLS_HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// After this much silence an HTTP/2 peer is asked whether it lives.
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(60);
/// And has this long to answer.
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(15);
/// What an HTTP/2 peer may send ahead of our reading, per stream and per connection.
const HTTP2_STREAM_WINDOW: u32 = 256 << 10;
const HTTP2_CONNECTION_WINDOW: u32 = 1 << 20;
/// Response headers above this are refused.
const MAX_HEADER_BYTES: u32 = 32 << 10;

/// A byte stream to the peer.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Any byte stream to the peer.
pub(crate) type Stream = Box<dyn Io>;

/// Makes connections the way one configuration wants them.
pub(crate) struct Connector {
    pub(crate) tls: Tls,
    pub(crate) proxies: Arc<Proxies>,
    /// The most a connection buffers of what it reads.
    pub(crate) buffer_bytes: usize,
    /// What becomes of each connection is counted here.
    pub(crate) dials: Option<DialCounters>,
}

impl Connector {
    /// Connects to where a URL leads.
    pub(crate) async fn connect(
        &self,
        url: &Url,
        key: &Key,
        deadline: Instant,
    ) -> Result<Connection, Failure> {
        let late = || {
            let step = format!("connecting to {}", url.authority());
            Failure::timeout(Reason::TimeoutConnect, &step)
        };
        let established = timeout_at(deadline, self.establish(url, key, deadline));
        established.await.unwrap_or_else(|_| Err(late()))
    }

    async fn establish(
        &self,
        url: &Url,
        key: &Key,
        deadline: Instant,
    ) -> Result<Connection, Failure> {
        let (stream, http2) = self.open(url, key, deadline).await?;
        let io = TokioIo::new(stream);
        if http2 {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .keep_alive_interval(HTTP2_PING_INTERVAL)
                .keep_alive_timeout(HTTP2_PING_TIMEOUT)
                .keep_alive_while_idle(true)
                .initial_stream_window_size(HTTP2_STREAM_WINDOW)
                .initial_connection_window_size(HTTP2_CONNECTION_WINDOW)
                .max_header_list_size(MAX_HEADER_BYTES)
                .handshake::<_, Full<Bytes>>(io)
                .await
                .map_err(|e| Failure::new(Reason::Connect, format!("HTTP/2: {e}")))?;
            spawn(connection);
            return Ok(Connection::Http2(sender));
        }
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(self.buffer_bytes)
            // Not every exporter compares header names without case.
            .title_case_headers(true)
            .handshake(io)
            .await
            .map_err(|e| Failure::new(Reason::Connect, e.to_string()))?;
        Ok(Connection::Http1(Box::new(Lane::new(sender, connection))))
    }

    /// The stream, and whether both sides agreed on HTTP/2.
    async fn open(
        &self,
        url: &Url,
        key: &Key,
        deadline: Instant,
    ) -> Result<(Stream, bool), Failure> {
        let stream = match (&key.unix_socket, self.proxies.for_url(url)?) {
            (Some(path), _) => counted(self.dials.as_ref(), dial::unix(path)).await?,
            (None, None) => self.dial(url, deadline).await?,
            (None, Some(proxy)) => self.through(proxy, url, deadline).await?,
        };
        match url.scheme {
            Scheme::Https => {
                let failed = |e: String| Failure::new(Reason::Tls, format!("tls: {e}"));
                let handshake = self.tls.handshake(&url.host, stream);
                match timeout_at(Instant::now() + TLS_HANDSHAKE_LIMIT, handshake).await {
                    Ok(done) => done.map_err(failed),
                    Err(_) => Err(Failure::timeout(
                        Reason::TimeoutConnect,
                        "waiting for the TLS handshake",
                    )),
                }
            }
            Scheme::Http | Scheme::Socks5 => Ok((stream, false)),
        }
    }

    async fn dial(&self, url: &Url, deadline: Instant) -> Result<Stream, Failure> {
        let dial = dial::tcp(&url.host, url.port_or_default(), deadline);
        counted(self.dials.as_ref(), dial).await
    }

    async fn through(
        &self,
        proxy: &Proxy,
        url: &Url,
        deadline: Instant,
    ) -> Result<Stream, Failure> {
        let at_proxy = |failure: Failure| match failure.reason {
            Reason::TimeoutConnect => failure,
            _ => Failure::new(
                Reason::Proxy,
                format!("proxy {}: {}", proxy.url, failure.detail),
            ),
        };
        let dialled = self.dial(&proxy.url, deadline).await;
        let mut stream = dialled.map_err(at_proxy)?;
        if proxy.url.scheme == Scheme::Https {
            let handshake = self.tls.proxy_handshake(&proxy.url.host, stream).await;
            stream =
                handshake.map_err(|e| at_proxy(Failure::new(Reason::Tls, format!("tls: {e}"))))?;
        }
        match (proxy.url.scheme, url.scheme) {
            (Scheme::Socks5, _) => {
                let connected = socks::connect(&mut stream, proxy.url.user.as_ref(), url).await;
                connected.map(|()| stream).map_err(at_proxy)
            }
            (_, Scheme::Https) => tunnel::connect(stream, proxy, url).await.map_err(at_proxy),
            // Plain HTTP is forwarded request by request.
            _ => Ok(stream),
        }
    }

    /// The proxy that forwards a plain request and wants its whole URL, with the credentials it is sent.
    pub(crate) fn forwarder(
        &self,
        url: &Url,
        key: &Key,
    ) -> Result<Option<Option<&HeaderValue>>, Failure> {
        if key.unix_socket.is_some() || url.scheme != Scheme::Http {
            return Ok(None);
        }
        let proxy = self
            .proxies
            .for_url(url)?
            .filter(|proxy| proxy.url.scheme != Scheme::Socks5);
        Ok(proxy.map(|proxy| proxy.authorization.as_ref()))
    }
}

/// Drives an HTTP/2 connection, which several requests share, until either side closes it.
fn spawn(connection: impl Future<Output = hyper::Result<()>> + Send + 'static) {
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::trace!(%error, "connection ended");
        }
    });
}
