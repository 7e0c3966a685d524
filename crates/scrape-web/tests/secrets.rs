//! No endpoint shows a secret: a configuration full of planted ones is loaded, shown by everything that shows
//! configurations, and every answer is searched.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use scrape_config::{LoadOptions, LoadedConfig, job_to_yaml, load_str};
use scrape_core::Labels;
use scrape_core::ports::clock::ManualClock;
use scrape_core::registry::Registry;
use scrape_web::*;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Part of every planted secret.
const PLANTED: &str = "pl4nted";

const CONFIG: &str = r#"
global:
  scrape_interval: 15s
scrape_configs:
- job_name: basic
  basic_auth: {username: u, password: pl4nted-password}
  proxy_url: http://pu:pl4nted-proxy@proxy:3128
  static_configs: [{targets: ["a:1"]}]
- job_name: bearer
  authorization: {type: Bearer, credentials: pl4nted-token}
  http_headers: {X-Key: {secrets: [pl4nted-header]}}
- job_name: oauth
  oauth2:
    client_id: c
    client_secret: pl4nted-client
    token_url: https://tu:pl4nted-tokenurl@auth/token
    endpoint_params: {audience: x}
- job_name: tls
  tls_config:
    cert: pl4nted-no-cert
    key: pl4nted-key
"#;

struct Shown(LoadedConfig);

impl EngineView for Shown {
    fn pools(&self) -> Vec<PoolView> {
        let pool = |name| PoolView {
            name,
            active: vec![],
            dropped: vec![],
            dropped_count: 0,
        };
        self.pool_names().into_iter().map(pool).collect()
    }
    fn pool_names(&self) -> Vec<Arc<str>> {
        self.0
            .jobs()
            .map(|(job, ..)| job.job_name.as_str().into())
            .collect()
    }
    fn pool_config(&self, pool: &str) -> Option<String> {
        self.0
            .job(pool)
            .map(|job| job_to_yaml(job).expect("a job can be shown"))
    }
    fn relabel_steps(&self, pool: &str, _: &Labels) -> Option<Vec<RelabelStep>> {
        self.0.job(pool).map(|_| Vec::new())
    }
}

impl StatusView for Shown {
    fn config_yaml(&self) -> String {
        self.0.to_yaml().expect("a configuration can be shown")
    }
    fn flags(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }
    fn runtime(&self) -> RuntimeInfo {
        RuntimeInfo::default()
    }
    fn build(&self) -> BuildInfo {
        BuildInfo::default()
    }
    fn tsdb(&self, _: usize) -> TsdbStatus {
        TsdbStatus::default()
    }
}

fn load(text: &str) -> Result<LoadedConfig, String> {
    load_str(text, Path::new("prometheus.yml"), &LoadOptions::default()).map_err(|e| e.to_string())
}

async fn call(router: &axum::Router, method: Method, uri: &str) -> (StatusCode, String) {
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .body(Body::empty())
        .expect("a valid request");
    let response = TowerToHyperService::new(router.clone())
        .call(request)
        .await
        .expect("infallible");
    let status = response.status();
    let body = response
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn no_endpoint_shows_a_secret() {
    // A certificate and its key are checked at load; the other secrets are not.
    let text = CONFIG
        .split("- job_name: tls")
        .next()
        .expect("the part before");
    let shown = Arc::new(Shown(load(text).unwrap_or_else(|e| panic!("{e}"))));
    let options = WebOptions {
        external_url: ExternalUrl::parse("http://h:9090").expect("valid"),
        route_prefix: String::new(),
        listen_port: 9090,
        enable_lifecycle: true,
    };
    let (reload, mut reloads) = mpsc::channel::<ReloadRequest>(1);
    let registry = Registry::new(Arc::new(ManualClock::at_ms(0)));
    let state = WebState::new(
        options,
        shown.clone(),
        shown,
        registry,
        reload,
        CancellationToken::new(),
    );
    state.set_ready(true);
    let router = router(state).expect("a router");

    for uri in [
        "/",
        "/targets",
        "/metrics",
        "/-/healthy",
        "/-/ready",
        "/api/v1/targets",
        "/api/v1/targets/metadata",
        "/api/v1/metadata",
        "/api/v1/scrape_pools",
        "/api/v1/scrape_pools/config?scrapePool=basic",
        "/api/v1/scrape_pools/config?scrapePool=bearer",
        "/api/v1/scrape_pools/config?scrapePool=oauth",
        "/api/v1/targets/relabel_steps?scrapePool=basic&labels=%7B%7D",
        "/api/v1/status/config",
        "/api/v1/status/flags",
        "/api/v1/status/runtimeinfo",
        "/api/v1/status/buildinfo",
        "/api/v1/status/tsdb",
    ] {
        let (status, body) = call(&router, Method::GET, uri).await;
        assert_eq!(status, StatusCode::OK, "{uri}: {body}");
        assert!(!body.contains(PLANTED), "{uri}: {body}");
    }
    let (_, config) = call(&router, Method::GET, "/api/v1/status/config").await;
    assert!(
        config.contains("<secret>") && config.contains("job_name: oauth"),
        "it is shown otherwise: {config}"
    );

    // A reload that fails tells why, next to a secret.
    let answer = tokio::spawn(async move {
        let request = reloads.recv().await.expect("a reload is asked for");
        let broken = CONFIG
            .replace("pl4nted-password", "[pl4nted-password]")
            .replace("- job_name: bearer", "- job: b");
        let error = load(&broken).expect_err("refused");
        request.send(Err(error)).expect("somebody waits");
    });
    let (status, body) = call(&router, Method::POST, "/-/reload").await;
    answer.await.expect("answered");
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(body.contains("failed to reload config"), "{body}");
    assert!(!body.contains(PLANTED), "{body}");
}
