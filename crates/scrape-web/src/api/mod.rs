//! The JSON API, one file per group of endpoints.

mod metadata;
mod pools;
mod status;
mod targets;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::reply::ApiError;
use crate::state::WebState;

/// The routes below `/api/v1`.
pub(crate) fn routes(state: &WebState) -> Router<WebState> {
    Router::new()
        .route("/targets", get(targets::targets))
        .route("/targets/metadata", get(metadata::targets_metadata))
        .route("/targets/relabel_steps", get(pools::relabel_steps))
        .route("/metadata", get(metadata::metadata))
        .route("/scrape_pools", get(pools::scrape_pools))
        .route("/scrape_pools/config", get(pools::scrape_pool_config))
        .route("/status/config", get(status::config))
        .route("/status/flags", get(status::flags))
        .route("/status/runtimeinfo", get(status::runtimeinfo))
        .route("/status/buildinfo", get(status::buildinfo))
        .route("/status/tsdb", get(status::tsdb))
        .fallback(async || ApiError::not_found())
        .layer(axum::middleware::from_fn_with_state(
            state.clone(),
            only_when_ready,
        ))
}

async fn only_when_ready(State(state): State<WebState>, request: Request, next: Next) -> Response {
    if state.is_ready() {
        next.run(request).await
    } else {
        ApiError::unavailable().into_response()
    }
}

#[cfg(test)]
mod tests;
