//! `CONNECT`: a tunnel through an HTTP proxy to a TLS target.

use bytes::Bytes;
use http::header::{HOST, HeaderValue, PROXY_AUTHORIZATION};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::{Proxy, Stream};
use crate::error::{Failure, Reason};
use crate::url::Url;

/// Asks the proxy for a tunnel and returns it.
pub(super) async fn connect(stream: Stream, proxy: &Proxy, url: &Url) -> Result<Stream, Failure> {
    let failed = |detail: String| Failure::new(Reason::Proxy, detail);
    let authority = url.authority();
    let mut request = http::Request::connect(&authority)
        .body(Empty::<Bytes>::new())
        .map_err(|e| failed(e.to_string()))?;
    let headers = request.headers_mut();
    headers.insert(
        HOST,
        HeaderValue::from_str(&authority).map_err(|e| failed(e.to_string()))?,
    );
    if let Some(authorization) = &proxy.authorization {
        headers.insert(PROXY_AUTHORIZATION, authorization.clone());
    }
    for (name, value) in &proxy.connect_headers {
        headers.append(name, value.clone());
    }
    let handshake = http1::Builder::new()
        .title_case_headers(true)
        .handshake(TokioIo::new(stream))
        .await;
    let (mut sender, connection) = handshake.map_err(|e| failed(e.to_string()))?;
    let connection = tokio::spawn(connection.with_upgrades());
    let response = sender
        .send_request(request)
        .await
        .map_err(|e| failed(e.to_string()))?;
    let status = response.status();
    if !status.is_success() {
        connection.abort();
        return Err(failed(format!("CONNECT {authority}: {status}")));
    }
    let upgraded = hyper::upgrade::on(response)
        .await
        .map_err(|e| failed(e.to_string()))?;
    Ok(Box::new(TokioIo::new(upgraded)))
}
