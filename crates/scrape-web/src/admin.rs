//! Health, readiness, lifecycle and the program's own metrics.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, Method, StatusCode};
use scrape_core::registry::Exposition;
use tokio::sync::oneshot;

use crate::reply::blocking;
use crate::state::WebState;

pub(crate) async fn healthy() -> &'static str {
    "scrape-cli is Healthy.\n"
}

pub(crate) async fn ready(State(state): State<WebState>) -> Response {
    if state.is_ready() {
        "scrape-cli is Ready.\n".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable\n").into_response()
    }
}

/// Answers when the new configuration is in force or has been refused.
pub(crate) async fn reload(
    State(state): State<WebState>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    if let Some(refusal) = refusal(&state, &method, &headers) {
        return refusal;
    }
    let (answer, answered) = oneshot::channel();
    if state.reload.send(answer).await.is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the program is ending\n").into_response();
    }
    match answered.await {
        Ok(Ok(())) => StatusCode::OK.into_response(),
        Ok(Err(error)) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("failed to reload config: {error}\n"),
        )
            .into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the program is ending\n").into_response(),
    }
}

pub(crate) async fn quit(
    State(state): State<WebState>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    if let Some(refusal) = refusal(&state, &method, &headers) {
        return refusal;
    }
    tracing::warn!("termination was requested over HTTP");
    state.quit.cancel();
    "Requesting termination... Goodbye!".into_response()
}

/// Why a request may not control the program, if so. It must be POST or PUT, with the lifecycle switched on,
/// and not from a page of another site: a browser would send such a request to a loopback address without
/// asking.
fn refusal(state: &WebState, method: &Method, headers: &HeaderMap) -> Option<Response> {
    if method != Method::POST && method != Method::PUT {
        let text = "Only POST or PUT requests allowed\n";
        return Some(
            (
                StatusCode::METHOD_NOT_ALLOWED,
                [("allow", "POST, PUT")],
                text,
            )
                .into_response(),
        );
    }
    if !state.options.enable_lifecycle {
        return Some((StatusCode::FORBIDDEN, "Lifecycle API is not enabled.\n").into_response());
    }
    let foreign = headers
        .get("sec-fetch-site")
        .is_some_and(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"));
    if foreign {
        return Some(
            (
                StatusCode::FORBIDDEN,
                "requests from other sites are not allowed\n",
            )
                .into_response(),
        );
    }
    None
}

pub(crate) async fn metrics(State(state): State<WebState>, headers: HeaderMap) -> Response {
    let accept = headers
        .get(ACCEPT)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let format = wanted_format(accept);
    let registry = state.registry.clone();
    match blocking(move || registry.render(format)).await {
        Ok(text) => ([(CONTENT_TYPE, format.content_type())], text).into_response(),
        Err(e) => e.into_response(),
    }
}

/// OpenMetrics for those who prefer it to text, text for everybody else.
fn wanted_format(accept: &str) -> Exposition {
    let (mut openmetrics, mut text) = (0.0_f32, 0.0_f32);
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or("");
        let quality = parts
            .filter_map(|p| p.strip_prefix("q="))
            .next_back()
            .map_or(1.0, |q| q.parse().unwrap_or(0.0));
        match media {
            "application/openmetrics-text" => openmetrics = openmetrics.max(quality),
            "text/plain" | "text/*" | "*/*" => text = text.max(quality),
            _ => {}
        }
    }
    if openmetrics > text {
        Exposition::OpenMetrics
    } else {
        Exposition::Text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_format_is_chosen() {
        let prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                          text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
        assert_eq!(wanted_format(prometheus), Exposition::OpenMetrics);
        for accept in [
            "",
            "*/*",
            "text/html,*/*;q=0.8",
            "application/openmetrics-text;q=0.1,text/plain;q=0.2",
        ] {
            assert_eq!(wanted_format(accept), Exposition::Text, "{accept}");
        }
        assert_eq!(
            wanted_format("application/openmetrics-text;q=bad"),
            Exposition::Text
        );
    }
}
