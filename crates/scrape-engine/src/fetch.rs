//! One request of a target as the engine sees it: a response head, then a stream of capped blocks. The
//! network lives behind this port (`scrape-http` implements it in
//! [`HttpFetcherFactory`](crate::HttpFetcherFactory)), so that loops and pools are tested on paused time with
//! scripted targets.
//!
//! The scrape timeout covers the whole of connect, headers and body; implementations enforce it and name the
//! phase that was too slow. Dropping a future or a body aborts the request.

use crate::config::ScrapeConfig;
use scrape_http::{DialCounters, Reason};
use std::collections::HashSet;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use tokio::time::Instant;

/// A boxed future, so that fetchers can be trait objects. One allocation per block, not per sample.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct FetchRequest<'a> {
    /// The full URL.
    pub url: &'a str,
    /// The Unix socket to dial instead of the URL's host, if any.
    pub unix_socket: Option<&'a str>,
    /// The budget of the scrape, sent along as a header.
    pub timeout: std::time::Duration,
    /// When the budget ends.
    pub deadline: Instant,
}

/// A successful response head.
pub struct Fetched {
    /// The `Content-Type` header, if there was one that is text.
    pub content_type: Option<String>,
    /// The rest of the response.
    pub body: Box<dyn Body>,
}

impl std::fmt::Debug for Fetched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetched")
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}

/// A decompressed response body, block by block.
pub trait Body: Send {
    /// The next block, never empty; `None` at the end.
    fn next_block(&mut self) -> BoxFuture<'_, Result<Option<&[u8]>, FetchFailure>>;
}

/// Why nothing usable came back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FetchFailure {
    /// The class.
    pub reason: Reason,
    /// For people, without secrets.
    pub message: String,
}

impl FetchFailure {
    /// A failure of a class, with its text.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
        }
    }
}

/// Sends the requests of one job. Shared by all its loops.
pub trait Fetcher: Send + Sync {
    /// Requests a target. Anything but status 200 is a failure.
    fn fetch<'a>(
        &'a self,
        request: FetchRequest<'a>,
    ) -> BoxFuture<'a, Result<Fetched, FetchFailure>>;

    /// Connections to Unix sockets that are not listed may be closed: their targets are gone.
    fn retain_unix_sockets(&self, _paths: &HashSet<&Path>) {}
}

/// Makes the fetcher of a job. Called again when the job's configuration changes.
pub trait FetcherFactory: Send + Sync {
    /// Builds a client; may read certificate files, must not touch the network. Its connections are to be
    /// counted.
    fn build(
        &self,
        config: &ScrapeConfig,
        dials: &DialCounters,
    ) -> Result<Arc<dyn Fetcher>, BuildError>;
}

/// The client of a job cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BuildError(pub String);
