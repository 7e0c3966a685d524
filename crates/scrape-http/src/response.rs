//! A response whose body is inflated and handed out in blocks while it arrives.
//!
//! Guarantees: at most one block of [`BLOCK_BYTES`] plus what the connection buffers is held, whatever the
//! target sends; every wait ends at the request's deadline; the connection goes back to the pool only after
//! the body's end, and is closed when a response is dropped before.

use std::pin::Pin;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use http::StatusCode;
use http::header::{CONTENT_ENCODING, HeaderMap};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use tokio::time::{Instant, timeout_at};

use crate::error::{Failure, FetchError, Reason};
use crate::inflate::{Inflate, InflateError};
use crate::pool::{Connection, Key, Pool};
use crate::request::Method;
use crate::target::Target;

/// The most that [`Response::next_block`] returns at once.
pub const BLOCK_BYTES: usize = 64 << 10;
/// What is read of a body that nobody wants, to keep its connection.
const DRAIN_BYTES: u64 = 64 << 10;

/// A borrowed connection, on its way back to the pool.
pub(crate) struct Lease {
    pub(crate) pool: Arc<Pool>,
    pub(crate) key: Arc<Key>,
    pub(crate) connection: Option<Connection>,
    pub(crate) reused: bool,
}

impl Lease {
    fn release(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.pool.put(&self.key, connection);
        }
    }
}

/// What the request said that matters while reading.
pub(crate) struct Terms {
    pub(crate) method: Method,
    pub(crate) target: Arc<Target>,
    pub(crate) deadline: Instant,
    pub(crate) body_size_limit: u64,
}

/// How far the body was read.
enum State {
    /// Before the first block: the encoding was not looked at.
    Start,
    Reading(Inflate),
    Ended,
    /// Reading on would only repeat the failure.
    Failed(Failure),
}

/// A response: status and headers are there, the body arrives.
pub struct Response {
    status: StatusCode,
    headers: HeaderMap,
    body: Incoming,
    lease: Lease,
    terms: Terms,
    state: State,
    /// Arrived, not yet inflated.
    input: Bytes,
    /// The block handed out last, if the body is not compressed.
    current: Bytes,
    /// The block handed out last, if it is.
    output: Vec<u8>,
    received: u64,
    inflated: u64,
    redirects: usize,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("url", &self.terms.target.url)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Where the next block lies.
enum Block {
    /// These bytes, which were not compressed.
    Input(Bytes),
    /// So many bytes at the front of the output.
    Output(usize),
    End,
}

impl Response {
    pub(crate) fn new(
        response: http::Response<Incoming>,
        lease: Lease,
        terms: Terms,
        redirects: usize,
    ) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status,
            headers: parts.headers,
            body,
            lease,
            terms,
            state: State::Start,
            input: Bytes::new(),
            current: Bytes::new(),
            output: Vec::new(),
            received: 0,
            inflated: 0,
            redirects,
        }
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The first value of a header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Every header that is text, names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
    }

    /// The URL that answered, after redirects, its password redacted.
    pub fn url(&self) -> String {
        self.terms.target.url.to_string()
    }

    /// How many redirects led here.
    pub fn redirects(&self) -> usize {
        self.redirects
    }

    /// Whether the connection had served an earlier request.
    pub fn reused_connection(&self) -> bool {
        self.lease.reused
    }

    /// Bytes handed out so far, inflated.
    pub fn inflated_bytes(&self) -> u64 {
        self.inflated
    }

    /// Bytes of the body that arrived so far, as sent.
    pub fn received_bytes(&self) -> u64 {
        self.received
    }

    /// Requires status 200; any other is an error that names it, after the body was drained.
    pub async fn expect_ok(mut self) -> Result<Self, FetchError> {
        if self.status == StatusCode::OK {
            return Ok(self);
        }
        self.drain().await;
        let text = match self.status.canonical_reason() {
            Some(reason) => format!(
                "server returned HTTP status {} {reason}",
                self.status.as_u16()
            ),
            None => format!("server returned HTTP status {}", self.status.as_u16()),
        };
        let status = Some(self.status.as_u16());
        Err(self.error(Failure {
            status,
            ..Failure::new(Reason::Status, text)
        }))
    }

    /// The next inflated bytes of the body, 1 to [`BLOCK_BYTES`] of them; nothing at its end. After an error
    /// the same error is returned again.
    pub async fn next_block(&mut self) -> Result<Option<&[u8]>, FetchError> {
        match self.advance().await {
            Ok(Block::End) => Ok(None),
            Ok(Block::Input(block)) => {
                self.current = block;
                Ok(Some(&self.current))
            }
            Ok(Block::Output(n)) => Ok(self.output.get(..n)),
            Err(failure) => {
                self.state = State::Failed(failure.clone());
                // A half-read connection is of no use.
                self.lease.connection = None;
                Err(self.error(failure))
            }
        }
    }

    /// The whole inflated body, at most `limit` bytes of it; a longer one is an error.
    pub async fn bytes(&mut self, limit: usize) -> Result<Vec<u8>, FetchError> {
        let mut all = Vec::new();
        while let Some(block) = self.next_block().await? {
            if all.len() + block.len() > limit {
                let failure = Failure::new(
                    Reason::BodySizeLimit,
                    format!("the body exceeds {limit} bytes"),
                );
                return Err(self.error(failure));
            }
            all.extend_from_slice(block);
        }
        Ok(all)
    }

    /// Reads a little of what is left of the body, so that the connection can be used again if that was all.
    pub async fn drain(&mut self) {
        if matches!(self.state, State::Ended | State::Failed(_)) {
            return;
        }
        let enough = self.received + DRAIN_BYTES;
        self.input = Bytes::new();
        while self.received < enough {
            match self.receive().await {
                Ok(true) => self.input = Bytes::new(),
                Ok(false) => {
                    self.lease.release();
                    break;
                }
                Err(_) => break,
            }
        }
        self.lease.connection = None;
        self.state = State::Ended;
    }

    async fn advance(&mut self) -> Result<Block, Failure> {
        if let State::Start = self.state {
            self.state = State::Reading(self.decoder()?);
        }
        loop {
            let room = self.room();
            let inflate = match &mut self.state {
                State::Reading(inflate) => inflate,
                State::Failed(failure) => return Err(failure.clone()),
                State::Ended | State::Start => return Ok(Block::End),
            };
            if let Inflate::Identity = inflate {
                if !self.input.is_empty() {
                    let block = self.input.split_to(room.min(self.input.len()));
                    self.inflated += block.len() as u64;
                    return self.within_limit(Block::Input(block));
                }
            } else if !self.input.is_empty() || inflate.may_hold_output() {
                self.output.resize(BLOCK_BYTES, 0);
                let output = self.output.get_mut(..room).unwrap_or_default();
                let progress = inflate.run(&self.input, output).map_err(failure_of)?;
                self.input.advance(progress.consumed);
                self.inflated += progress.produced as u64;
                if progress.produced > 0 {
                    return self.within_limit(Block::Output(progress.produced));
                }
                if !self.input.is_empty() {
                    continue;
                }
            }
            if !self.receive().await? {
                if let State::Reading(inflate) = &self.state {
                    inflate.finish().map_err(failure_of)?;
                }
                self.state = State::Ended;
                self.lease.release();
                return Ok(Block::End);
            }
        }
    }

    /// How much may be inflated now: never past the limit.
    fn room(&self) -> usize {
        match self.terms.body_size_limit {
            0 => BLOCK_BYTES,
            limit => usize::try_from(limit.saturating_sub(self.inflated))
                .unwrap_or(BLOCK_BYTES)
                .min(BLOCK_BYTES),
        }
    }

    fn within_limit(&self, block: Block) -> Result<Block, Failure> {
        let limit = self.terms.body_size_limit;
        if limit > 0 && self.inflated >= limit {
            return Err(Failure::new(
                Reason::BodySizeLimit,
                format!("body size limit of {limit} bytes exceeded"),
            ));
        }
        Ok(block)
    }

    /// The next piece of the body, while the connection it comes from goes on.
    async fn frame(&mut self) -> Option<hyper::Result<Frame<Bytes>>> {
        match &mut self.lease.connection {
            Some(Connection::Http1(lane)) => {
                let body = &mut self.body;
                lane.beside(|_, cx| Pin::new(&mut *body).poll_frame(cx))
                    .await
            }
            // HTTP/2 connections are driven by their own tasks.
            Some(Connection::Http2(_)) | None => self.body.frame().await,
        }
    }

    /// Waits for more of the body; false at its end.
    async fn receive(&mut self) -> Result<bool, Failure> {
        let late = || Failure::timeout(Reason::TimeoutBody, "reading the body");
        loop {
            // A timeout looks at its clock only when the body makes it wait: a fast one might never do so.
            if Instant::now() >= self.terms.deadline {
                return Err(late());
            }
            match timeout_at(self.terms.deadline, self.frame()).await {
                Err(_) => return Err(late()),
                Ok(None) => return Ok(false),
                Ok(Some(Err(e))) if e.is_incomplete_message() => {
                    return Err(Failure::new(
                        Reason::Read,
                        "the connection was closed inside the body",
                    ));
                }
                Ok(Some(Err(e))) => {
                    return Err(Failure::new(
                        Reason::Read,
                        format!("reading the body: {}", chain(&e)),
                    ));
                }
                Ok(Some(Ok(frame))) => {
                    if let Ok(data) = frame.into_data()
                        && !data.is_empty()
                    {
                        self.received += data.len() as u64;
                        self.input = data;
                        return Ok(true);
                    }
                }
            }
        }
    }

    fn decoder(&self) -> Result<Inflate, Failure> {
        let mut encodings = self.headers.get_all(CONTENT_ENCODING).iter();
        let encoding = match (encodings.next(), encodings.next()) {
            (None, _) => "",
            (Some(one), None) => one.to_str().unwrap_or("(not text)"),
            (Some(_), Some(_)) => "several",
        };
        Inflate::for_encoding(encoding).map_err(failure_of)
    }

    fn error(&self, failure: Failure) -> FetchError {
        FetchError::new(
            failure,
            self.terms.method.name(),
            self.terms.target.url.to_string(),
        )
    }
}

fn failure_of(error: InflateError) -> Failure {
    match error {
        InflateError::Unsupported(encoding) => Failure::new(
            Reason::ContentEncoding,
            format!("content encoding {encoding:?} is not supported: use gzip, zstd or none"),
        ),
        InflateError::Damaged(detail) => Failure::new(Reason::Decompress, detail),
    }
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
