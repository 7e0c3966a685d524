//! Counts the connections of one client, for whoever shows their number: how many were tried, made, refused
//! and closed again.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use scrape_core::registry::Counter;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Io, Stream};
use crate::error::Failure;

/// Counters of connections, whatever is spoken over them. Connections to proxies and Unix sockets count as
/// well; those to a token endpoint do not.
#[derive(Debug, Clone)]
pub struct DialCounters {
    /// Connections tried.
    pub attempted: Counter,
    /// Connections made.
    pub established: Counter,
    /// Connections ended, by whichever side.
    pub closed: Counter,
    /// Connections that could not be made, in the order of [`DialCounters::REASONS`].
    pub failed: [Counter; 4],
}

impl DialCounters {
    /// Why a connection cannot be made: the name has no address, nobody listens, no answer in time, anything
    /// else.
    pub const REASONS: [&'static str; 4] = ["resolution", "refused", "timeout", "unknown"];
}

/// Index into [`DialCounters::REASONS`].
#[derive(Debug, Clone, Copy)]
pub(super) enum Cause {
    Resolution,
    Refused,
    Timeout,
    Unknown,
}

impl Cause {
    pub(super) fn of(e: &io::Error) -> Self {
        match e.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::TimedOut => Self::Timeout,
            _ => Self::Unknown,
        }
    }
}

/// Dials and counts what becomes of it.
pub(super) async fn counted<S: Io + 'static>(
    counters: Option<&DialCounters>,
    dial: impl Future<Output = Result<S, (Cause, Failure)>>,
) -> Result<Stream, Failure> {
    let Some(counters) = counters else {
        return match dial.await {
            Ok(stream) => Ok(Box::new(stream)),
            Err((_, failure)) => Err(failure),
        };
    };
    counters.attempted.inc();
    // Whoever gives up waiting drops this future.
    let mut outcome = Counting(&counters.failed[Cause::Timeout as usize]);
    match dial.await {
        Ok(stream) => {
            outcome.0 = &counters.established;
            Ok(Box::new(Counted {
                stream,
                _closed: Closing(counters.closed.clone()),
            }))
        }
        Err((cause, failure)) => {
            outcome.0 = &counters.failed[cause as usize];
            Err(failure)
        }
    }
}

/// Counts when dropped.
struct Counting<'a>(&'a Counter);

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        self.0.inc();
    }
}

/// Counts the end of a connection.
struct Closing(Counter);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.inc();
    }
}

/// A stream whose end is counted.
struct Counted<S> {
    stream: S,
    _closed: Closing,
}

impl<S: Io> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: Io> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scrape_core::ports::clock::ManualClock;
    use scrape_core::registry::{Desc, Registry};
    use std::sync::Arc;
    use tokio::net::TcpStream;

    #[tokio::test]
    async fn an_attempt_that_nobody_waits_for_any_more_counts_as_too_slow() {
        let registry = Registry::new(Arc::new(ManualClock::at_ms(0)));
        let counter = |name: &str| registry.counter(Desc::new(name, "help")).expect("free");
        let counters = DialCounters {
            attempted: counter("attempted"),
            established: counter("established"),
            closed: counter("closed"),
            failed: DialCounters::REASONS.map(counter),
        };
        let never = std::future::pending::<Result<TcpStream, (Cause, Failure)>>();
        let dial = counted(Some(&counters), never);
        tokio::select! {
            biased;
            _ = dial => panic!("it never ends"),
            () = std::future::ready(()) => {}
        }
        let failed: Vec<f64> = counters.failed.iter().map(Counter::get).collect();
        assert_eq!(failed, [0.0, 0.0, 1.0, 0.0]);
        assert_eq!(counters.attempted.get(), 1.0);
        assert_eq!(counters.established.get() + counters.closed.get(), 0.0);
    }
}
