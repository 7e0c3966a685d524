//! The interface over a real engine: it scrapes the interface's own metrics and a port where nobody listens.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use scrape_config::{LoadOptions, load_str};
use scrape_core::ports::clock::SystemClock;
use scrape_core::registry::{Desc, Registry};
use scrape_core::testing::MemoryStore;
use scrape_discovery::{ManagerOptions as DiscoveryOptions, Mechanisms, ThrottleOptions};
use scrape_engine::{HttpFetcherFactory, Manager, ManagerOptions, ManagerParts};
use scrape_web::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

struct Process;

impl StatusView for Process {
    fn config_yaml(&self) -> String {
        String::new()
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

async fn get(port: u16, uri: &str) -> Value {
    let mut stream = TcpStream::connect(("127.0.0.1", port))
        .await
        .expect("connected");
    let request = format!("GET {uri} HTTP/1.0\r\nHost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answered");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    serde_json::from_str(body).unwrap_or_else(|e| panic!("{uri}: {e}: {answer}"))
}

#[tokio::test]
async fn case_102_a_real_engine_is_shown_with_its_failures() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let nobody = closed.local_addr().expect("an address").port();
    drop(closed);

    let config = format!(
        "scrape_configs:\n- job_name: self\n  scrape_interval: 1s\n  scrape_timeout: 1s\n  \
         static_configs:\n  - targets: ['127.0.0.1:{port}', '127.0.0.1:{nobody}', 'dropme:1']\n  \
         relabel_configs:\n  - source_labels: [__address__]\n    regex: dropme:1\n    action: drop\n  \
         - target_label: extra\n    replacement: x\n"
    );
    let config = load_str(
        &config,
        Path::new("prometheus.yml"),
        &LoadOptions::default(),
    )
    .expect("valid");
    let registry = Registry::new(Arc::new(SystemClock));
    registry
        .counter(Desc::new("demo_total", "A demonstration."))
        .expect("registered")
        .inc();
    let engine = Manager::try_new(ManagerParts {
        appendable: Arc::new(MemoryStore::new()),
        clock: Arc::new(SystemClock),
        fetchers: Arc::new(HttpFetcherFactory::default()),
        registry: registry.clone(),
        options: ManagerOptions {
            discovery_reload_on_startup: true,
            ..Default::default()
        },
    })
    .expect("registered once");
    engine.apply_config(&config.engine).await.expect("applied");

    let options = DiscoveryOptions {
        throttle: ThrottleOptions::immediate(),
        ..Default::default()
    };
    let (discovery, sets) =
        scrape_discovery::Manager::new(Arc::new(Mechanisms::default()), options);
    let jobs = config
        .engine
        .scrape_configs
        .iter()
        .map(|c| (c.job_name.clone(), c.discovery.clone()));
    assert!(discovery.apply_config(jobs.collect()).failures.is_empty());
    let running = tokio::spawn({
        let engine = engine.clone();
        async move { engine.run(sets).await }
    });

    let options = WebOptions {
        external_url: ExternalUrl::parse("http://mon:9090").expect("valid"),
        route_prefix: String::new(),
        listen_port: port,
        enable_lifecycle: false,
    };
    let (reload, _reloads) = mpsc::channel(1);
    let stop = CancellationToken::new();
    let state = WebState::new(
        options,
        Arc::new(engine.clone()),
        Arc::new(Process),
        registry,
        reload,
        stop.clone(),
    );
    state.set_ready(true);
    let server = tokio::spawn(serve(
        vec![listener],
        router(state).expect("a router"),
        ServerLimits::default(),
        stop.clone(),
    ));

    let scraped = async {
        loop {
            let answer = get(port, "/api/v1/targets").await;
            let active = answer["data"]["activeTargets"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            if active.len() == 2 && active.iter().all(|t| t["health"] != "unknown") {
                return answer["data"].clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let data = timeout(Duration::from_secs(120), scraped)
        .await
        .expect("both are scraped");
    let by_port = |port: u16| {
        let url = format!("http://127.0.0.1:{port}/metrics");
        let all = data["activeTargets"].as_array().expect("a list");
        all.iter()
            .find(|t| t["scrapeUrl"] == url)
            .expect("the target is shown")
            .clone()
    };
    let up = by_port(port);
    assert_eq!(
        (&up["health"], &up["lastError"]),
        (&json!("up"), &json!("")),
        "{up}"
    );
    assert_eq!(up["globalUrl"], "http://mon:9090/metrics");
    assert_eq!(
        up["labels"],
        json!({"instance": format!("127.0.0.1:{port}"), "job": "self", "extra": "x"})
    );
    assert_eq!(
        (&up["scrapeInterval"], &up["scrapeTimeout"]),
        (&json!("1s"), &json!("1s"))
    );
    assert!(
        up["lastScrape"]
            .as_str()
            .is_some_and(|t| t.starts_with("20") && t.ends_with('Z')),
        "{up}"
    );
    let down = by_port(nobody);
    assert_eq!(down["health"], "down");
    assert!(
        down["lastError"].as_str().is_some_and(|e| !e.is_empty()),
        "{down}"
    );
    assert_eq!(data["droppedTargetCounts"], json!({"self": 1}));
    assert_eq!(
        data["droppedTargets"][0]["discoveredLabels"]["__address__"],
        "dropme:1"
    );

    // The family's name in OpenMetrics, which the engine asks for first.
    let metadata = get(port, "/api/v1/metadata?metric=demo").await;
    assert_eq!(
        metadata["data"]["demo"][0]["help"], "A demonstration.",
        "{metadata}"
    );
    assert_eq!(
        get(port, "/api/v1/scrape_pools").await["data"],
        json!({"scrapePools": ["self"]})
    );
    let yaml = get(port, "/api/v1/scrape_pools/config?scrapePool=self").await;
    assert!(
        yaml["data"]["yaml"]
            .as_str()
            .is_some_and(|y| y.contains("job_name: self")),
        "{yaml}"
    );
    let uri = "/api/v1/targets/relabel_steps?scrapePool=self&labels=%7B%22__address__%22%3A%22dropme%3A1%22%7D";
    let steps = get(port, uri).await["data"]["steps"].clone();
    assert_eq!(steps[0]["rule"]["sourceLabels"], json!(["__address__"]));
    for i in [0, 1] {
        assert_eq!(
            (&steps[i]["keep"], &steps[i]["output"]),
            (&json!(false), &json!({})),
            "{steps}"
        );
    }

    discovery.shutdown().await;
    engine.stop().await;
    running.await.expect("no panic");
    stop.cancel();
    server.await.expect("no panic");
}
