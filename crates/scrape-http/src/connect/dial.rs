//! TCP and Unix streams. A host with several addresses is tried as browsers and Go do: one family first, the
//! other joins in when the first has not answered soon.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout_at};

use super::dials::Cause;
use crate::error::{Failure, Reason};

/// How long the second address family waits for the first.
const FALLBACK_DELAY: Duration = Duration::from_millis(300);
/// A stream, or why there is none.
type Dialled<S> = Result<S, (Cause, Failure)>;

/// The least time one of several addresses gets.
const MIN_ATTEMPT: Duration = Duration::from_secs(2);

pub(super) async fn tcp(host: &str, port: u16, deadline: Instant) -> Dialled<TcpStream> {
    let addresses = match host.parse::<IpAddr>() {
        Ok(ip) => vec![SocketAddr::new(ip, port)],
        Err(_) => lookup(host, port).await?,
    };
    let stream = race(&addresses, deadline).await?;
    // Requests are one small write; waiting to merge it with another would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot disable Nagle's algorithm");
    }
    Ok(stream)
}

#[cfg(unix)]
pub(super) async fn unix(path: &Path) -> Dialled<tokio::net::UnixStream> {
    tokio::net::UnixStream::connect(path).await.map_err(|e| {
        let detail = format!("unix socket {}: {e}", path.display());
        (Cause::of(&e), Failure::new(Reason::Connect, detail))
    })
}

#[cfg(not(unix))]
pub(super) async fn unix(path: &Path) -> Dialled<TcpStream> {
    let detail = format!("unix socket {}: this system has none", path.display());
    Err((Cause::Unknown, Failure::new(Reason::Connect, detail)))
}

async fn lookup(host: &str, port: u16) -> Dialled<Vec<SocketAddr>> {
    let failed = |detail: String| {
        let failure = Failure::new(Reason::Dns, format!("lookup {host}: {detail}"));
        (Cause::Resolution, failure)
    };
    let found = tokio::net::lookup_host((host, port))
        .await
        .map_err(|e| failed(e.to_string()))?;
    let addresses: Vec<SocketAddr> = found.collect();
    if addresses.is_empty() {
        return Err(failed("no addresses".to_owned()));
    }
    Ok(addresses)
}

async fn race(addresses: &[SocketAddr], deadline: Instant) -> Dialled<TcpStream> {
    let first_family = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<SocketAddr>, Vec<SocketAddr>) =
        addresses.iter().partition(|a| a.is_ipv6() == first_family);
    if second.is_empty() {
        return in_turn(&first, deadline).await;
    }
    let first = in_turn(&first, deadline);
    tokio::pin!(first);
    let early = tokio::select! {
        outcome = &mut first => Some(outcome),
        () = sleep(FALLBACK_DELAY) => None,
    };
    let second = in_turn(&second, deadline);
    match early {
        Some(Ok(stream)) => Ok(stream),
        Some(Err(failure)) => second.await.map_err(|_| failure),
        None => {
            tokio::pin!(second);
            tokio::select! {
                outcome = &mut first => match outcome {
                    Ok(stream) => Ok(stream),
                    Err(failure) => second.await.map_err(|_| failure),
                },
                outcome = &mut second => match outcome {
                    Ok(stream) => Ok(stream),
                    Err(_) => first.await,
                },
            }
        }
    }
}

/// Tries one address after the other; a silent one may not use up the time of those behind it.
async fn in_turn(addresses: &[SocketAddr], deadline: Instant) -> Dialled<TcpStream> {
    let mut last = (
        Cause::Unknown,
        Failure::new(Reason::Connect, "no addresses"),
    );
    for (tried, address) in addresses.iter().enumerate() {
        let now = Instant::now();
        let remaining = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = (deadline.saturating_duration_since(now) / remaining).max(MIN_ATTEMPT);
        last = match timeout_at((now + share).min(deadline), TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(e)) => {
                let detail = format!("connect to {address}: {e}");
                (Cause::of(&e), Failure::new(Reason::Connect, detail))
            }
            Err(_) => {
                let step = format!("connecting to {address}");
                let failure = Failure::timeout(Reason::TimeoutConnect, &step);
                (Cause::Timeout, failure)
            }
        };
    }
    Err(last)
}
