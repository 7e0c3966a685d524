//! Which path is answered by what, and what holds for all answers.

use axum::Router;
use axum::response::Redirect;
use axum::routing::{any, get};
use http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue, StatusCode};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::state::WebState;
use crate::{admin, api, pages};

/// No endpoint reads a body; clients that send one anyway are cut off here.
const MAX_BODY_BYTES: usize = 64 << 10;

/// Pages are plain HTML with their style inside: nothing is loaded, run, framed or sent elsewhere.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
];

/// The route prefix is not a plain path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "route prefix {prefix:?} must be empty, or start with \"/\", not end with it, and hold only letters, digits, \
     \"-\", \".\", \"_\", \"~\" and \"/\""
)]
pub struct RoutePrefixError {
    /// As given.
    pub prefix: String,
}

/// Everything under the route prefix.
///
/// # Errors
/// When [`WebOptions::route_prefix`](crate::WebOptions::route_prefix) cannot be one.
pub fn router(state: WebState) -> Result<Router, RoutePrefixError> {
    let prefix = state.options.route_prefix.clone();
    if !is_valid_prefix(&prefix) {
        return Err(RoutePrefixError { prefix });
    }
    let at = |path: &str| format!("{prefix}{path}");
    let mut routes = Router::new()
        .route(&at("/"), get(pages::overview))
        .route(&at("/targets"), get(pages::targets))
        .route(&at("/metrics"), get(admin::metrics))
        .route(&at("/-/healthy"), get(admin::healthy))
        .route(&at("/-/ready"), get(admin::ready))
        .route(&at("/-/reload"), any(admin::reload))
        .route(&at("/-/quit"), any(admin::quit))
        .nest(&at("/api/v1"), api::routes(&state))
        .with_state(state);
    if !prefix.is_empty() {
        let home = at("/");
        let redirect = get(async move || Redirect::to(&home));
        routes = routes.route("/", redirect.clone()).route(&prefix, redirect);
    }
    let routes = routes.fallback(async || (StatusCode::NOT_FOUND, "404 page not found\n"));
    Ok(with_headers(routes)
        .layer(RequestBodyLimitLayer::new(MAX_BODY_BYTES))
        .layer(CatchPanicLayer::new()))
}

/// What every answer says about itself.
pub(crate) fn with_headers(mut routes: Router) -> Router {
    for (name, value) in HEADERS {
        routes = routes.layer(SetResponseHeaderLayer::overriding(
            name,
            HeaderValue::from_static(value),
        ));
    }
    routes
}

fn is_valid_prefix(prefix: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '/');
    prefix.is_empty()
        || (prefix.starts_with('/')
            && !prefix.ends_with('/')
            && !prefix.contains("//")
            && prefix.chars().all(plain))
}
