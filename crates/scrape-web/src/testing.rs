//! A made-up program behind the interface, for tests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use scrape_core::ports::clock::ManualClock;
use scrape_core::registry::{Desc, Registry};
use scrape_core::relabel::RelabelConfig;
use scrape_core::{Labels, MetricType};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::*;

pub(crate) struct Target {
    pub(crate) labels: Labels,
    pub(crate) url: String,
    pub(crate) status: TargetStatus,
    pub(crate) metadata: Vec<MetadataEntry>,
}

impl TargetView for Target {
    fn discovered_labels(&self) -> Labels {
        let mut b = self.labels.to_builder();
        b.set("__address__", self.labels.value("instance"));
        b.labels()
    }
    fn labels(&self) -> Labels {
        self.labels.clone()
    }
    fn url(&self) -> String {
        self.url.clone()
    }
    fn scrape_interval(&self) -> String {
        "15s".into()
    }
    fn scrape_timeout(&self) -> String {
        "10s".into()
    }
    fn status(&self) -> TargetStatus {
        self.status.clone()
    }
    fn metadata(&self, family: Option<&str>) -> Vec<MetadataEntry> {
        self.metadata
            .iter()
            .filter(|m| family.is_none_or(|f| f == m.family))
            .cloned()
            .collect()
    }
}

pub(crate) fn entry(family: &str, help: &str) -> MetadataEntry {
    MetadataEntry {
        family: family.into(),
        kind: MetricType::Counter,
        help: help.into(),
        unit: "seconds".into(),
    }
}

pub(crate) struct Program;

impl EngineView for Program {
    fn pools(&self) -> Vec<PoolView> {
        let up = Target {
            labels: Labels::from_pairs([("instance", "h1:9100"), ("job", "node"), ("path", "<b>")]),
            url: "http://localhost:9100/metrics".into(),
            status: TargetStatus {
                health: Health::Up,
                last_scrape_ns: Some(1_700_000_000_250_000_000),
                last_scrape_duration: Duration::from_millis(125),
                ..Default::default()
            },
            metadata: vec![entry("a_total", "A."), entry("b_total", "B.")],
        };
        let down = Target {
            labels: Labels::from_pairs([("instance", "h2:9100"), ("job", "node")]),
            url: "http://h2:9100/metrics?x=<script>".into(),
            status: TargetStatus {
                health: Health::Down,
                last_error: "connection <refused> & \"lost\"".into(),
                last_error_reason: "parse",
                last_error_position: Some(BodyPosition { line: 3, column: 7 }),
                last_scrape_ns: Some(1_700_000_000_000_000_000),
                last_scrape_duration: Duration::from_secs(10),
            },
            metadata: vec![entry("a_total", "A."), entry("b_total", "Another B.")],
        };
        let new = Target {
            labels: Labels::from_pairs([("instance", "localhost:9090"), ("job", "self")]),
            url: "http://localhost:9090/metrics".into(),
            status: TargetStatus::default(),
            metadata: vec![],
        };
        let dropped = Labels::from_pairs([("__address__", "h3:9100")]);
        vec![
            PoolView {
                name: "node".into(),
                active: vec![Arc::new(up), Arc::new(down)],
                dropped: vec![dropped],
                dropped_count: 7,
            },
            PoolView {
                name: "self".into(),
                active: vec![Arc::new(new)],
                dropped: vec![],
                dropped_count: 0,
            },
        ]
    }

    fn pool_names(&self) -> Vec<Arc<str>> {
        vec!["node".into(), "self".into()]
    }

    fn pool_config(&self, pool: &str) -> Option<String> {
        (pool == "node").then(|| "job_name: node\nbasic_auth:\n  password: <secret>\n".into())
    }

    fn relabel_steps(&self, pool: &str, labels: &Labels) -> Option<Vec<RelabelStep>> {
        let rule = |target: &str| RelabelConfig {
            target_label: target.into(),
            ..RelabelConfig::default()
        };
        let keep = labels.value("job") != "dropme";
        (pool == "node").then(|| {
            [("one", true), ("two", keep), ("three", true)]
                .map(|(name, keep)| RelabelStep {
                    rule: rule(name),
                    output: labels.clone(),
                    keep,
                })
                .into()
        })
    }
}

impl StatusView for Program {
    fn config_yaml(&self) -> String {
        "scrape_configs:\n- job_name: node\n".into()
    }
    fn flags(&self) -> BTreeMap<String, String> {
        BTreeMap::from([("web.listen-address".into(), "127.0.0.1:9090".into())])
    }
    fn runtime(&self) -> RuntimeInfo {
        RuntimeInfo {
            start_time_ns: 1_700_000_000_000_000_000,
            cwd: "/".into(),
            hostname: "host".into(),
            server_time_ns: 1_700_000_001_500_000_000,
            reload_config_success: true,
            last_config_time_ns: None,
            corruption_count: 0,
            tasks: 12,
            threads: 2,
            storage_retention: "15d".into(),
        }
    }
    fn build(&self) -> BuildInfo {
        BuildInfo {
            version: "0.1.0".into(),
            compiler: "rustc 1.95.0".into(),
            ..Default::default()
        }
    }
    fn tsdb(&self, limit: usize) -> TsdbStatus {
        let stats = (0..20)
            .map(|i| Stat {
                name: format!("m{i}"),
                value: 20 - i,
            })
            .take(limit);
        TsdbStatus {
            head: HeadStats {
                num_series: 5,
                num_label_pairs: 9,
                chunk_count: 6,
                min_time: -1,
                max_time: 2,
            },
            series_count_by_metric_name: stats.collect(),
            ..Default::default()
        }
    }
}

pub(crate) struct Setup {
    pub(crate) state: WebState,
    pub(crate) reloads: mpsc::Receiver<ReloadRequest>,
    pub(crate) quit: CancellationToken,
}

pub(crate) fn setup(enable_lifecycle: bool, route_prefix: &str) -> Setup {
    let registry = Registry::new(Arc::new(ManualClock::at_ms(0)));
    registry
        .counter(Desc::new("demo_total", "A demonstration."))
        .expect("registered")
        .inc();
    let options = WebOptions {
        external_url: ExternalUrl::parse(&format!("https://mon.example.org{route_prefix}"))
            .expect("valid"),
        route_prefix: route_prefix.into(),
        listen_port: 9090,
        enable_lifecycle,
    };
    let (reload, reloads) = mpsc::channel(1);
    let quit = CancellationToken::new();
    let program = Arc::new(Program);
    let state = WebState::new(
        options,
        program.clone(),
        program,
        registry,
        reload,
        quit.clone(),
    );
    state.set_ready(true);
    Setup {
        state,
        reloads,
        quit,
    }
}
