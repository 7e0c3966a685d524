//! SOCKS 5 (RFC 1928) with user and password (RFC 1929). Names are resolved by the proxy.

use std::net::IpAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Stream;
use crate::error::{Failure, Reason};
use crate::url::{Url, UserInfo};

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const USERNAME_PASSWORD: u8 = 2;
const USERNAME_PASSWORD_VERSION: u8 = 1;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Has the proxy connect the stream to a URL's host.
pub(super) async fn connect(
    stream: &mut Stream,
    user: Option<&UserInfo>,
    url: &Url,
) -> Result<(), Failure> {
    let methods: &[u8] = match user {
        Some(_) => &[VERSION, 2, NO_AUTHENTICATION, USERNAME_PASSWORD],
        None => &[VERSION, 1, NO_AUTHENTICATION],
    };
    write(stream, methods).await?;
    match (read::<2>(stream).await?, user) {
        ([VERSION, NO_AUTHENTICATION], _) => {}
        ([VERSION, USERNAME_PASSWORD], Some(user)) => authenticate(stream, user).await?,
        ([VERSION, _], _) => return Err(failed("no authentication method in common")),
        _ => return Err(failed("the answer is not SOCKS 5")),
    }
    write(stream, &request(url)?).await?;
    let [version, reply, _, kind] = read::<4>(stream).await?;
    if version != VERSION {
        return Err(failed("the answer is not SOCKS 5"));
    }
    if reply != 0 {
        return Err(failed(format!(
            "connecting to {}: {}",
            url.authority(),
            reply_text(reply)
        )));
    }
    // The address the proxy is bound to: of no use here, but it stands before the stream.
    match kind {
        IPV4 => read::<6>(stream).await.map(drop),
        IPV6 => read::<18>(stream).await.map(drop),
        NAME => {
            let [length] = read::<1>(stream).await?;
            let mut rest = vec![0; usize::from(length) + 2];
            stream.read_exact(&mut rest).await.map(drop).map_err(broken)
        }
        _ => Err(failed("unknown address type in the answer")),
    }
}

async fn authenticate(stream: &mut Stream, user: &UserInfo) -> Result<(), Failure> {
    let mut message = vec![USERNAME_PASSWORD_VERSION];
    for part in [
        user.username.as_str(),
        user.password.as_deref().unwrap_or_default(),
    ] {
        let length =
            u8::try_from(part.len()).map_err(|_| failed("user and password end at 255 bytes"))?;
        message.push(length);
        message.extend_from_slice(part.as_bytes());
    }
    write(stream, &message).await?;
    match read::<2>(stream).await? {
        [_, 0] => Ok(()),
        _ => Err(failed("user or password refused")),
    }
}

fn request(url: &Url) -> Result<Vec<u8>, Failure> {
    let mut message = vec![VERSION, CONNECT, 0];
    match url.host.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => {
            message.push(IPV4);
            message.extend_from_slice(&ip.octets());
        }
        Ok(IpAddr::V6(ip)) => {
            message.push(IPV6);
            message.extend_from_slice(&ip.octets());
        }
        Err(_) => {
            let length =
                u8::try_from(url.host.len()).map_err(|_| failed("host names end at 255 bytes"))?;
            message.extend_from_slice(&[NAME, length]);
            message.extend_from_slice(url.host.as_bytes());
        }
    }
    // The protocol wants network byte order: the port's high byte first.
    let port = url.port_or_default();
    message.extend_from_slice(&[(port >> 8) as u8, (port & 0xff) as u8]);
    Ok(message)
}

fn reply_text(code: u8) -> &'static str {
    match code {
        1 => "general failure",
        2 => "not allowed by the rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "time to live expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "unknown failure",
    }
}

async fn write(stream: &mut Stream, bytes: &[u8]) -> Result<(), Failure> {
    stream.write_all(bytes).await.map_err(broken)?;
    stream.flush().await.map_err(broken)
}

async fn read<const N: usize>(stream: &mut Stream) -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    stream
        .read_exact(&mut bytes)
        .await
        .map(drop)
        .map_err(broken)?;
    Ok(bytes)
}

fn broken(error: std::io::Error) -> Failure {
    failed(format!("SOCKS: {error}"))
}

fn failed(detail: impl Into<String>) -> Failure {
    Failure::new(Reason::Proxy, detail)
}
