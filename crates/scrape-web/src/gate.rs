//! What answers while the program starts. Reading a long log takes minutes: meanwhile the process is alive, and
//! says so, and says that it can do nothing else yet.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::RETRY_AFTER;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use crate::admin;
use crate::router::with_headers;

/// Stands before the router until there is one.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<OnceLock<Router>>);

impl Gate {
    /// What to [`serve`](crate::serve). Until the gate is opened health is answered, and everything else with
    /// 503.
    pub fn router(&self, route_prefix: &str) -> Router {
        let starting = with_headers(
            Router::new()
                .route(&format!("{route_prefix}/-/healthy"), get(admin::healthy))
                .fallback(async || {
                    (
                        StatusCode::SERVICE_UNAVAILABLE,
                        [(RETRY_AFTER, "5")],
                        "Service Unavailable: starting, the write-ahead log is being read\n",
                    )
                }),
        );
        let opened = self.0.clone();
        Router::new().fallback(move |request: Request| {
            let router = opened.get().unwrap_or(&starting).clone();
            async move { answer(router, request).await }
        })
    }

    /// From now on `router` answers, also on connections that exist. Later calls change nothing.
    pub fn open(&self, router: Router) {
        if self.0.set(router).is_err() {
            tracing::debug!("the gate is open already");
        }
    }
}

async fn answer(router: Router, request: Request) -> Response {
    let answered: Result<Response, Infallible> =
        TowerToHyperService::new(router).call(request).await;
    match answered {
        Ok(response) => response,
        Err(never) => never.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router;
    use crate::testing::setup;
    use axum::body::{Body, to_bytes};
    use http::Method;

    async fn ask(router: &Router, method: Method, path: &str) -> (u16, String) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Body::empty());
        let response = answer(router.clone(), request.expect("a request")).await;
        let status = response.status().as_u16();
        let sniff = response.headers().get("x-content-type-options");
        assert_eq!(sniff.map(|v| v.as_bytes()), Some(&b"nosniff"[..]), "{path}");
        let body = to_bytes(response.into_body(), 1 << 20).await.expect("body");
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test]
    async fn only_health_is_answered_until_the_gate_opens() {
        for prefix in ["", "/scrape"] {
            let gate = Gate::default();
            let served = gate.router(prefix);
            let at = |path: &str| format!("{prefix}{path}");
            let healthy = (200, "scrape-cli is Healthy.\n".to_owned());
            assert_eq!(ask(&served, Method::GET, &at("/-/healthy")).await, healthy);
            for path in ["/", "/-/ready", "/metrics", "/api/v1/targets", "/nowhere"] {
                let (status, text) = ask(&served, Method::GET, &at(path)).await;
                assert_eq!(status, 503, "{path}");
                assert!(
                    text.starts_with("Service Unavailable") && text.contains("starting"),
                    "{text}"
                );
            }
            assert_eq!(ask(&served, Method::POST, &at("/-/quit")).await.0, 503);
            gate.open(router(setup(false, prefix).state).expect("a router"));
            assert_eq!(ask(&served, Method::GET, &at("/-/healthy")).await, healthy);
            for (path, status) in [("/-/ready", 200), ("/metrics", 200), ("/nowhere", 404)] {
                assert_eq!(
                    ask(&served, Method::GET, &at(path)).await.0,
                    status,
                    "{path}"
                );
            }
        }
    }
}
