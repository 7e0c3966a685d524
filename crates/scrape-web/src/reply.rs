//! The envelope around every answer of the API.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

/// A refused or failed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    status: StatusCode,
    kind: &'static str,
    text: String,
}

impl ApiError {
    /// The request is wrong.
    pub(crate) fn bad_data(text: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "bad_data",
            text: text.into(),
        }
    }

    /// There is nothing under this path.
    pub(crate) fn not_found() -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            kind: "not_found",
            text: "no such endpoint".into(),
        }
    }

    /// We failed.
    pub(crate) fn internal(text: impl Into<String>) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            kind: "internal",
            text: text.into(),
        }
    }

    /// Not started yet.
    pub(crate) fn unavailable() -> Self {
        let text = "the server is starting".into();
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            kind: "unavailable",
            text,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'a> {
    status: &'static str,
    error_type: &'static str,
    error: &'a str,
}

#[derive(Serialize)]
struct Success<T> {
    status: &'static str,
    data: T,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = Failure {
            status: "error",
            error_type: self.kind,
            error: &self.text,
        };
        json(self.status, &body)
    }
}

/// What a handler of the API returns.
pub(crate) type ApiResult = Result<Response, ApiError>;

/// Wraps data in the envelope.
pub(crate) fn success(data: impl Serialize) -> Response {
    json(
        StatusCode::OK,
        &Success {
            status: "success",
            data,
        },
    )
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let bytes = match serde_json::to_vec(body) {
        Ok(bytes) => bytes,
        Err(error) => {
            tracing::error!(%error, "an answer could not be written as JSON");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, bytes).into_response()
}

/// Runs work that may take a lock or build a large answer, away from the threads that serve connections.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| ApiError::internal("the request could not be completed"))
}
