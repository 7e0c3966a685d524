//! Idle connections, by where they lead.
//!
//! Guarantees: a connection is lent to one request at a time (HTTP/2 ones to several); idle ones are closed
//! after [`IDLE_TIMEOUT`], beyond [`MAX_IDLE_PER_KEY`] and [`MAX_IDLE`]; dropping the pool closes all.
//! Expiry is checked when connections come and go, at most once per [`SWEEP_INTERVAL`]: no task runs for it. So is
//! whether the peer closed an idle HTTP/1 connection, see [`Lane`].

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http2;
use tokio::time::Instant;

use crate::lane::Lane;
use crate::url::{Scheme, Url};

/// After this long without a request an idle connection is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);
/// Idle connections to one place.
const MAX_IDLE_PER_KEY: usize = 1000;
/// Idle connections in total.
const MAX_IDLE: usize = 20_000;
/// How often expired connections are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);

/// What the peer is sent.
pub(crate) type Body = Full<Bytes>;

/// Where a connection leads. The proxy is not part of it: within one client it follows from the rest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    scheme: Scheme,
    host: String,
    port: u16,
    pub(crate) unix_socket: Option<Arc<Path>>,
}

impl Key {
    pub(crate) fn of(url: &Url, unix_socket: Option<Arc<Path>>) -> Self {
        Self {
            scheme: url.scheme,
            host: url.host.to_ascii_lowercase(),
            port: url.port_or_default(),
            unix_socket,
        }
    }
}

/// A connection that can take a request.
pub(crate) enum Connection {
    Http1(Box<Lane>),
    Http2(http2::SendRequest<Body>),
}

impl Connection {
    fn is_closed(&mut self) -> bool {
        match self {
            Self::Http1(lane) => lane.is_closed(),
            Self::Http2(sender) => sender.is_closed(),
        }
    }
}

struct Idle {
    connection: Connection,
    since: Instant,
}

#[derive(Default)]
struct Inner {
    idle: HashMap<Arc<Key>, Vec<Idle>>,
    count: usize,
    swept: Option<Instant>,
}

/// The idle connections of one transport.
#[derive(Default)]
pub(crate) struct Pool(Mutex<Inner>);

impl Pool {
    /// A connection that was open when last looked at; the most recently used one.
    pub(crate) fn take(&self, key: &Arc<Key>) -> Option<Connection> {
        let mut inner = self.lock();
        let now = Instant::now();
        let mut dropped = 0;
        let mut found = None;
        let idle = inner.idle.get_mut(key)?;
        while let Some(mut candidate) = idle.pop() {
            dropped += 1;
            if candidate.connection.is_closed() || now - candidate.since >= IDLE_TIMEOUT {
                continue;
            }
            found = Some(match candidate.connection {
                Connection::Http2(sender) => {
                    // Streams share the connection: it stays for others.
                    dropped -= 1;
                    idle.push(Idle {
                        connection: Connection::Http2(sender.clone()),
                        since: now,
                    });
                    Connection::Http2(sender)
                }
                http1 => http1,
            });
            break;
        }
        if idle.is_empty() {
            inner.idle.remove(key);
        }
        inner.count -= dropped;
        found
    }

    /// Keeps a connection for the next request to the same place.
    pub(crate) fn put(&self, key: &Arc<Key>, mut connection: Connection) {
        let now = Instant::now();
        let mut inner = self.lock();
        inner.sweep(now);
        if connection.is_closed() || inner.count >= MAX_IDLE {
            return;
        }
        let idle = inner.idle.entry(Arc::clone(key)).or_default();
        let shared = |i: &mut Idle| {
            matches!(i.connection, Connection::Http2(_)) && !i.connection.is_closed()
        };
        if matches!(connection, Connection::Http2(_)) && idle.iter_mut().any(shared) {
            return;
        }
        if idle.len() >= MAX_IDLE_PER_KEY {
            return;
        }
        idle.push(Idle {
            connection,
            since: now,
        });
        inner.count += 1;
    }

    /// Forgets the connections to one place.
    pub(crate) fn discard(&self, key: &Arc<Key>) {
        let mut inner = self.lock();
        inner.idle.remove(key);
        inner.recount();
    }

    /// Closes the idle connections whose place is not kept.
    pub(crate) fn retain(&self, keep: impl Fn(&Key) -> bool) {
        let mut inner = self.lock();
        inner.idle.retain(|key, _| keep(key));
        inner.recount();
    }

    /// How many connections wait for a request.
    pub(crate) fn idle(&self) -> usize {
        self.lock().count
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere leaves nothing half done here: every change is one map operation.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn sweep(&mut self, now: Instant) {
        if self.swept.is_some_and(|swept| now - swept < SWEEP_INTERVAL) {
            return;
        }
        self.swept = Some(now);
        self.idle.retain(|_, idle| {
            idle.retain_mut(|i| !i.connection.is_closed() && now - i.since < IDLE_TIMEOUT);
            !idle.is_empty()
        });
        self.recount();
    }

    fn recount(&mut self) {
        self.count = self.idle.values().map(Vec::len).sum();
    }
}
