//! TCP and Unix streams. A host with several addresses is tried as browsers and Go do: one family first, the
//! other joins in when the first has not answered soon.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout_at};

use super::Stream;
use crate::error::{Failure, Reason};

/// How long the second address family waits for the first.
const FALLBACK_DELAY: Duration = Duration::from_millis(300);
/// The least time one of several addresses gets.
const MIN_ATTEMPT: Duration = Duration::from_secs(2);

pub(super) async fn tcp(host: &str, port: u16, deadline: Instant) -> Result<Stream, Failure> {
    let addresses = match host.parse::<IpAddr>() {
        Ok(ip) => vec![SocketAddr::new(ip, port)],
        Err(_) => lookup(host, port).await?,
    };
    let stream = race(&addresses, deadline).await?;
    // Requests are one small write; waiting to merge it with another would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot disable Nagle's algorithm");
    }
    Ok(Box::new(stream))
}

#[cfg(unix)]
pub(super) async fn unix(path: &Path) -> Result<Stream, Failure> {
    match tokio::net::UnixStream::connect(path).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(e) => Err(Failure::new(
            Reason::Connect,
            format!("unix socket {}: {e}", path.display()),
        )),
    }
}

#[cfg(not(unix))]
pub(super) async fn unix(path: &Path) -> Result<Stream, Failure> {
    let detail = format!("unix socket {}: this system has none", path.display());
    Err(Failure::new(Reason::Connect, detail))
}

async fn lookup(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    let failed = |detail: String| Failure::new(Reason::Dns, format!("lookup {host}: {detail}"));
    let found = tokio::net::lookup_host((host, port))
        .await
        .map_err(|e| failed(e.to_string()))?;
    let addresses: Vec<SocketAddr> = found.collect();
    if addresses.is_empty() {
        return Err(failed("no addresses".to_owned()));
    }
    Ok(addresses)
}

async fn race(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, Failure> {
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
async fn in_turn(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, Failure> {
    let mut last = Failure::new(Reason::Connect, "no addresses");
    for (tried, address) in addresses.iter().enumerate() {
        let now = Instant::now();
        let remaining = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = (deadline.saturating_duration_since(now) / remaining).max(MIN_ATTEMPT);
        last = match timeout_at((now + share).min(deadline), TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(e)) => Failure::new(Reason::Connect, format!("connect to {address}: {e}")),
            Err(_) => Failure::timeout(Reason::TimeoutConnect, &format!("connecting to {address}")),
        };
    }
    Err(last)
}
