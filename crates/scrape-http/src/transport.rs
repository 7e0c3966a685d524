//! One exchange over one connection: from the pool if one is idle, else a new one.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{HOST, HeaderMap, PROXY_AUTHORIZATION};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use crate::connect::Connector;
use crate::error::{Failure, Reason};
use crate::pool::{Body, Connection, Pool};
use crate::request::Method;
use crate::response::{Lease, chain};
use crate::target::Target;

/// A connector and the connections it made. Replaced as a whole when certificates change.
pub(crate) struct Transport {
    pub(crate) connector: Connector,
    pub(crate) pool: Arc<Pool>,
}

/// One message to be sent.
pub(crate) struct Message<'a> {
    pub(crate) method: Method,
    pub(crate) target: &'a Target,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why an exchange did not happen, and whether the peer may have closed an idle connection under it.
struct Broken {
    failure: Failure,
    stale: bool,
}

impl Transport {
    pub(crate) fn new(connector: Connector) -> Self {
        Self {
            connector,
            pool: Arc::default(),
        }
    }

    /// Sends the message and waits for the head of the response.
    pub(crate) async fn exchange(
        &self,
        message: &Message<'_>,
        deadline: Instant,
    ) -> Result<(http::Response<Incoming>, Lease), Failure> {
        let lease = |connection, reused| Lease {
            pool: Arc::clone(&self.pool),
            key: Arc::clone(&message.target.key),
            connection: Some(connection),
            reused,
        };
        let key = &message.target.key;
        // A connection may have been closed by the peer just now. Asking again is safe for `GET`; for `POST`
        // only what was certainly not sent is sent again.
        while let Some(mut connection) = self.pool.take(key) {
            match self.send(&mut connection, message, deadline).await {
                Ok(response) => return Ok((response, lease(connection, true))),
                Err(broken) => {
                    if let Connection::Http2(_) = connection {
                        // It stayed in the pool; the next request shall not fail on it too.
                        self.pool.discard(key);
                    }
                    if !broken.stale {
                        return Err(broken.failure);
                    }
                    tracing::trace!("an idle connection was closed by the peer");
                }
            }
        }
        let url = &message.target.url;
        let mut connection = self.connector.connect(url, key, deadline).await?;
        if let Connection::Http2(sender) = &connection {
            // Others may use it at once.
            self.pool.put(key, Connection::Http2(sender.clone()));
        }
        match self.send(&mut connection, message, deadline).await {
            Ok(response) => Ok((response, lease(connection, false))),
            Err(broken) => {
                if let Connection::Http2(_) = connection {
                    self.pool.discard(key);
                }
                Err(broken.failure)
            }
        }
    }

    async fn send(
        &self,
        connection: &mut Connection,
        message: &Message<'_>,
        deadline: Instant,
    ) -> Result<http::Response<Incoming>, Broken> {
        let fatal = |failure| Broken {
            failure,
            stale: false,
        };
        let http1 = matches!(connection, Connection::Http1(_));
        let request = self.request(message, http1).map_err(fatal)?;
        let sent = timeout_at(deadline, async {
            match connection {
                Connection::Http1(lane) => {
                    match lane.beside(|sender, cx| sender.poll_ready(cx)).await {
                        Ok(()) => {
                            let mut sent = pin!(lane.sender.try_send_request(request));
                            lane.beside(|_, cx| sent.as_mut().poll(cx))
                                .await
                                .map_err(|e| (e.message().is_some(), e.into_error()))
                        }
                        Err(e) => Err((true, e)),
                    }
                }
                Connection::Http2(sender) => match sender.ready().await {
                    Ok(()) => sender
                        .try_send_request(request)
                        .await
                        .map_err(|e| (e.message().is_some(), e.into_error())),
                    Err(e) => Err((true, e)),
                },
            }
        });
        match sent.await {
            Ok(Ok(response)) => Ok(response),
            Err(_) => Err(fatal(Failure::timeout(
                Reason::TimeoutHeaders,
                "waiting for the response headers",
            ))),
            Ok(Err((unsent, error))) => {
                let cut = error.is_incomplete_message() || error.is_closed() || is_io(&error);
                let stale = unsent || (cut && message.method == Method::Get);
                let (reason, detail) = if error.is_parse() {
                    (
                        Reason::Protocol,
                        format!("malformed HTTP response: {}", chain(&error)),
                    )
                } else if is_tls(&error) {
                    (Reason::Tls, format!("tls: {}", chain(&error)))
                } else if error.is_incomplete_message() {
                    (
                        Reason::Connect,
                        "the connection was closed before the response".to_owned(),
                    )
                } else {
                    (Reason::Connect, chain(&error))
                };
                Err(Broken {
                    failure: Failure::new(reason, detail),
                    stale,
                })
            }
        }
    }

    fn request(&self, message: &Message<'_>, http1: bool) -> Result<http::Request<Body>, Failure> {
        let target = message.target;
        let mut headers = message.headers.clone();
        let forwarder = self.connector.forwarder(&target.url, &target.key)?;
        let uri = match forwarder {
            None if http1 => target.origin.clone(),
            _ => target.absolute()?,
        };
        if http1 {
            headers.insert(HOST, target.host.clone());
        }
        if let Some(Some(authorization)) = forwarder {
            headers.insert(PROXY_AUTHORIZATION, authorization.clone());
        }
        let mut request = http::Request::new(Full::new(message.body.clone()));
        *request.method_mut() = message.method.http();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// Whether a TLS alert or a broken record is behind an error: peers refuse client certificates that late.
fn is_tls(error: &hyper::Error) -> bool {
    causes(error).any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>();
        io.and_then(std::io::Error::get_ref)
            .is_some_and(|inner| inner.is::<rustls::Error>())
    })
}

fn is_io(error: &hyper::Error) -> bool {
    causes(error).any(|cause| cause.is::<std::io::Error>())
}

fn causes(error: &hyper::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |cause| cause.source())
}
