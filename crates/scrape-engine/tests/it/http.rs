use crate::server::{Requests, tcp, unix};
use scrape_core::Labels;
use scrape_core::ports::clock::SystemClock;
use scrape_core::registry::Registry;
use scrape_core::testing::MemoryStore;
use scrape_discovery::{TargetGroup, TargetSets};
use scrape_engine::config::{EngineConfig, Limits, ScrapeConfig};
use scrape_engine::snapshot::ActiveTarget;
use scrape_engine::{
    FailureReason, Health, HttpFetcherFactory, Manager, ManagerOptions, ManagerParts,
};
use scrape_http::Reason;
use std::sync::Arc;
use std::time::Duration;

/// Longer than any scrape here; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

struct Rig {
    manager: Manager,
    store: MemoryStore,
    requests: Requests,
    address: String,
}

impl Rig {
    async fn new() -> Self {
        let (store, requests) = (MemoryStore::new(), Requests::default());
        let manager = Manager::try_new(ManagerParts {
            appendable: Arc::new(store.clone()),
            clock: Arc::new(SystemClock),
            fetchers: Arc::new(HttpFetcherFactory::default()),
            registry: Registry::new(Arc::new(SystemClock)),
            options: ManagerOptions {
                discovery_reload_on_startup: true,
                ..ManagerOptions::default()
            },
        })
        .expect("an empty registry");
        let address = tcp(&requests).await;
        Self {
            manager,
            store,
            requests,
            address,
        }
    }

    /// Scrapes targets, given as labels, until each was scraped once.
    async fn scrape(&self, job: ScrapeConfig, targets: &[&[(&str, &str)]]) -> Vec<ActiveTarget> {
        let config = EngineConfig {
            scrape_configs: vec![Arc::new(job)],
            ..EngineConfig::default()
        };
        self.manager.apply_config(&config).await.expect("applied");
        let (sets, received) = tokio::sync::mpsc::channel(1);
        let runner = self.manager.clone();
        tokio::spawn(async move { runner.run(received).await });
        let group = TargetGroup {
            source: "0".into(),
            targets: targets
                .iter()
                .map(|t| Labels::from_pairs(t.iter().copied()))
                .collect(),
            labels: Labels::empty(),
        };
        let set = TargetSets::from([("j".to_owned(), vec![Arc::new(group)])]);
        sets.send(Arc::new(set)).await.expect("a running manager");
        let scraped = async {
            loop {
                let active = self
                    .manager
                    .active_targets(None)
                    .remove("j")
                    .unwrap_or_default();
                if active.len() == targets.len()
                    && active.iter().all(|t| t.health != Health::Unknown)
                {
                    return active;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let active = tokio::time::timeout(PATIENCE, scraped)
            .await
            .expect("scrapes end");
        self.manager.stop().await;
        active
    }

    fn values(&self, name: &str) -> Vec<Option<f64>> {
        let samples = self.store.samples();
        samples
            .iter()
            .filter(|s| s.labels.name() == Some(name))
            .map(|s| s.value.float())
            .collect()
    }
}

fn job() -> ScrapeConfig {
    ScrapeConfig {
        job_name: "j".to_owned(),
        scrape_interval: Duration::from_millis(200),
        scrape_timeout: Duration::from_millis(200),
        ..ScrapeConfig::default()
    }
}

#[tokio::test]
async fn a_scrape_asks_as_configured_and_stores_what_comes() {
    let rig = Rig::new().await;
    let active = rig.scrape(job(), &[&[("__address__", &rig.address)]]).await;
    assert_eq!(active[0].health, Health::Up, "{:?}", active[0].last_failure);
    assert_eq!(
        active[0].scrape_url,
        format!("http://{}/metrics", rig.address)
    );
    assert_eq!(active[0].metadata(Some("a")).len(), 1);
    assert_eq!(rig.values("up")[0], Some(1.0));
    assert_eq!(rig.values("a_total")[0], Some(1.0));
    assert_eq!(rig.values("b")[0], Some(2.0));
    let request = rig.requests.lock().expect("no panic")[0].to_ascii_lowercase();
    let header = |name: &str| {
        let line = request.lines().find(|l| l.starts_with(&format!("{name}:")));
        line.and_then(|l| l.split_once(": "))
            .map(|(_, v)| v.to_owned())
    };
    assert!(
        request.starts_with("get /metrics http/1.1\r\n"),
        "{request}"
    );
    assert_eq!(
        header("accept").as_deref(),
        Some(
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
        )
    );
    assert_eq!(header("accept-encoding").as_deref(), Some("gzip"));
    assert_eq!(
        header("x-prometheus-scrape-timeout-seconds").as_deref(),
        Some("0.2")
    );
    assert!(header("user-agent").is_some_and(|a| a.starts_with("scrape-cli/")));
}

#[tokio::test]
async fn answers_of_all_kinds_are_told_apart() {
    let rig = Rig::new().await;
    let cases: [(&str, Option<FailureReason>); 7] = [
        ("/metrics", None),
        ("/openmetrics", None),
        ("/chunked", None),
        ("/broken", Some(FailureReason::Parse)),
        ("/html", Some(FailureReason::ContentType)),
        ("/large", Some(FailureReason::Fetch(Reason::BodySizeLimit))),
        ("/missing", Some(FailureReason::Fetch(Reason::Status))),
    ];
    let targets: Vec<[(&str, &str); 2]> = cases
        .iter()
        .map(|(path, _)| {
            [
                ("__address__", rig.address.as_str()),
                ("__metrics_path__", *path),
            ]
        })
        .collect();
    let targets: Vec<&[(&str, &str)]> = targets.iter().map(|t| &t[..]).collect();
    let limited = ScrapeConfig {
        limits: Limits {
            body_size: 1000,
            ..Limits::default()
        },
        ..job()
    };
    for target in rig.scrape(limited, &targets).await {
        let path = &target.scrape_url[format!("http://{}", rig.address).len()..];
        let (_, expected) = cases.iter().find(|(p, _)| *p == path).expect("a case");
        let reason = target.last_failure.as_ref().map(|f| f.reason);
        assert_eq!(reason, *expected, "{path}: {:?}", target.last_failure);
    }
}

#[tokio::test]
async fn nobody_listening_is_a_failed_connection() {
    let rig = Rig::new().await;
    // Port 1 needs privileges that no test server has.
    let active = rig
        .scrape(job(), &[&[("__address__", "127.0.0.1:1")]])
        .await;
    let failure = active[0].last_failure.as_ref().expect("a failure");
    assert_eq!(
        failure.reason,
        FailureReason::Fetch(Reason::Connect),
        "{failure:?}"
    );
    assert_eq!(rig.values("up")[0], Some(0.0));
}

#[tokio::test]
async fn a_unix_socket_is_dialled_instead_of_the_address() {
    let rig = Rig::new().await;
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("metrics.sock");
    let over_socket = Requests::default();
    unix(&path, &over_socket);
    let socket = path.to_str().expect("text");
    let active = rig
        .scrape(
            job(),
            &[&[
                ("__address__", "nowhere.invalid:80"),
                ("__unix_socket__", socket),
            ]],
        )
        .await;
    assert_eq!(active[0].health, Health::Up, "{:?}", active[0].last_failure);
    assert!(!over_socket.lock().expect("no panic").is_empty());
    assert!(rig.requests.lock().expect("no panic").is_empty());
}
