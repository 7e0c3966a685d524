//! What was typed, resolved: paths chosen by mode, feature names turned into options, contradictions refused.

use crate::args::RunArgs;
use anyhow::{Context, Result, bail};
use scrape_config::LoadOptions;
use scrape_engine::ManagerOptions;
use scrape_parse::Format;
use scrape_storage::{Compression, StoreOptions};
use std::collections::BTreeMap;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

/// Everything `run` needs, decided.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) config_file: Option<PathBuf>,
    pub(crate) load: LoadOptions,
    pub(crate) auto_reload: Option<Duration>,
    /// At least one.
    pub(crate) listen: Vec<SocketAddr>,
    pub(crate) lifecycle: bool,
    pub(crate) external_url: Option<String>,
    pub(crate) storage_path: PathBuf,
    pub(crate) store: StoreOptions,
    pub(crate) retention_text: String,
    pub(crate) manager: ManagerOptions,
    /// Flags in force by their names, for the API.
    pub(crate) flags: BTreeMap<String, String>,
    /// What the user should know about what was typed.
    pub(crate) warnings: Vec<String>,
}

/// Features of Prometheus that are on here whether named or not, or that concern parts that are not here.
const FEATURES_WITHOUT_EFFECT: &[&str] = &[
    "auto-gomaxprocs",
    "auto-gomemlimit",
    "concurrent-rule-eval",
    "delayed-compaction",
    "exemplar-storage",
    "expand-external-labels",
    "memory-snapshot-on-shutdown",
    "metadata-wal-records",
    "native-histograms-in-rules",
    "new-service-discovery-manager",
    "no-default-scrape-port",
    "old-ui",
    "otlp-deltatocumulative",
    "promql-at-modifier",
    "promql-delayed-name-removal",
    "promql-duration-expr",
    "promql-experimental-functions",
    "promql-negative-offset",
    "promql-per-step-stats",
    "remote-write-receiver",
    "use-uncached-io",
    "utf8-names",
];

/// The feature that lets scrapes ask for OpenMetrics 2.0.
pub(crate) const OPENMETRICS2: &str = "openmetrics2";

/// Refuses the feature in a build that does not read the format.
pub(crate) fn openmetrics2_is_built_in() -> Result<()> {
    if !Format::OpenMetrics2.is_built_in() {
        bail!(
            "--enable-feature={OPENMETRICS2}: this build does not read OpenMetrics 2.0; \
             build it with `cargo build --release --features om2`, or leave the feature out"
        );
    }
    Ok(())
}

impl Settings {
    /// Resolves the command line.
    pub(crate) fn resolve(args: RunArgs) -> Result<Self> {
        let flags = flags(&args);
        let mut warnings = Vec::new();
        if let Some(path) = &args.web_config {
            bail!(
                "--web.config.file={}: this build serves plain HTTP without authentication; it will not start \
                 pretending otherwise. Remove the flag and keep the listener on loopback, or put a proxy in front",
                path.display()
            );
        }
        if args.min_block_duration.is_some() || args.max_block_duration.is_some() {
            warnings.push("block durations have no effect: this build cuts no blocks".to_owned());
        }
        let mut load = LoadOptions {
            agent: args.agent,
            ..LoadOptions::default()
        };
        let mut manager = ManagerOptions {
            discovery_reload_interval: Duration::from_millis(
                args.discovery_reload_interval.as_millis(),
            ),
            discovery_reload_on_startup: true,
            adjust_timestamps: args.adjust_timestamps,
            timestamp_tolerance: Duration::from_millis(args.timestamp_tolerance.as_millis()),
            ..ManagerOptions::default()
        };
        for feature in args
            .features
            .iter()
            .map(|f| f.trim())
            .filter(|f| !f.is_empty())
        {
            match feature {
                "native-histograms" => {
                    load.scrape_native_histograms = true;
                    load.protobuf_first = true;
                }
                "created-timestamp-zero-ingestion" => {
                    manager.start_timestamp_zero_ingestion = true;
                    load.protobuf_first = true;
                }
                "st-storage" => {
                    manager.parse_start_timestamps = true;
                    load.protobuf_first = true;
                    warnings.push(
                        "--enable-feature=st-storage: start timestamps are read, but the log of this build \
                         has no place for them; created-timestamp-zero-ingestion keeps them as zero samples"
                            .to_owned(),
                    );
                }
                "st-synthesis" => {
                    manager.synthesize_start_timestamps = true;
                    warnings.push(
                        "--enable-feature=st-synthesis: values of counters, histograms and summaries are \
                         stored relative to the first one seen, which itself is not stored"
                            .to_owned(),
                    );
                }
                "type-and-unit-labels" => manager.type_and_unit_labels = true,
                OPENMETRICS2 => {
                    openmetrics2_is_built_in()?;
                    load.openmetrics2 = true;
                    manager.openmetrics2 = true;
                    warnings.push(
                        "--enable-feature=openmetrics2: the format is a draft (2.0.0-rc0); what is accepted may \
                         change with any version. Jobs ask for it by scrape_protocols: OpenMetricsText2.0.0"
                            .to_owned(),
                    );
                }
                "extra-scrape-metrics" => load.extra_scrape_metrics = true,
                "agent" => load.agent = true,
                f if FEATURES_WITHOUT_EFFECT.contains(&f) => {
                    warnings.push(format!("--enable-feature={f} has no effect in this build"));
                }
                f => warnings.push(format!("--enable-feature={f}: unknown feature, ignored")),
            }
        }
        let agent = load.agent;
        let compression = if agent {
            args.agent_wal_compression
        } else {
            args.wal_compression
        };
        let store = StoreOptions {
            compression: if compression {
                Compression::Snappy
            } else {
                Compression::None
            },
            retention: Duration::from_millis(args.retention_time.as_millis()),
            retention_size: args.retention_size.as_bytes(),
            // A Prometheus agent takes metadata records for corruption.
            log_metadata: !agent,
            no_lockfile: if agent {
                args.agent_no_lockfile
            } else {
                args.no_lockfile
            },
            ..StoreOptions::default()
        };
        let mut retention_text = args.retention_time.to_string();
        if args.retention_size.as_bytes() > 0 {
            retention_text = format!("{retention_text} or {}", args.retention_size);
        }
        let interval = Duration::from_millis(args.auto_reload_interval.as_millis())
            .max(Duration::from_secs(1));
        Ok(Self {
            config_file: args.config_file,
            load,
            auto_reload: args.auto_reload.then_some(interval),
            listen: args
                .listen
                .iter()
                .map(|text| listen_address(text))
                .collect::<Result<_>>()?,
            lifecycle: args.lifecycle,
            external_url: args.external_url,
            storage_path: if agent {
                args.agent_path
            } else {
                args.storage_path
            },
            store,
            retention_text,
            manager,
            flags,
            warnings,
        })
    }
}

/// `host:port`; an empty host means every address, as in Prometheus.
fn listen_address(text: &str) -> Result<SocketAddr> {
    let full = if text.starts_with(':') {
        format!("0.0.0.0{text}")
    } else {
        text.to_owned()
    };
    full.to_socket_addrs()
        .with_context(|| {
            format!("--web.listen-address={text} is not an address such as 127.0.0.1:9090")
        })?
        .next()
        .with_context(|| format!("--web.listen-address={text}: the name has no address"))
}

fn flags(args: &RunArgs) -> BTreeMap<String, String> {
    let path = |p: &PathBuf| p.display().to_string();
    let optional = |p: &Option<PathBuf>| p.as_ref().map(path).unwrap_or_default();
    [
        ("config.file", optional(&args.config_file)),
        ("config.auto-reload", args.auto_reload.to_string()),
        (
            "config.auto-reload-interval",
            args.auto_reload_interval.to_string(),
        ),
        ("web.listen-address", args.listen.join(",")),
        ("web.enable-lifecycle", args.lifecycle.to_string()),
        (
            "web.external-url",
            args.external_url.clone().unwrap_or_default(),
        ),
        ("storage.tsdb.path", path(&args.storage_path)),
        (
            "storage.tsdb.retention.time",
            args.retention_time.to_string(),
        ),
        (
            "storage.tsdb.retention.size",
            args.retention_size.to_string(),
        ),
        (
            "storage.tsdb.wal-compression",
            args.wal_compression.to_string(),
        ),
        ("storage.tsdb.no-lockfile", args.no_lockfile.to_string()),
        ("agent", args.agent.to_string()),
        ("storage.agent.path", path(&args.agent_path)),
        (
            "storage.agent.wal-compression",
            args.agent_wal_compression.to_string(),
        ),
        (
            "storage.agent.no-lockfile",
            args.agent_no_lockfile.to_string(),
        ),
        (
            "scrape.discovery-reload-interval",
            args.discovery_reload_interval.to_string(),
        ),
        (
            "scrape.adjust-timestamps",
            args.adjust_timestamps.to_string(),
        ),
        (
            "scrape.timestamp-tolerance",
            args.timestamp_tolerance.to_string(),
        ),
        ("enable-feature", args.features.join(",")),
        ("log.level", format!("{:?}", args.log_level).to_lowercase()),
        (
            "log.format",
            format!("{:?}", args.log_format).to_lowercase(),
        ),
    ]
    .into_iter()
    .map(|(k, v)| (k.to_owned(), v))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command};
    use clap::Parser;

    fn resolve(flags: &[&str]) -> Result<Settings> {
        let argv = ["scrape-cli", "run"]
            .into_iter()
            .chain(flags.iter().copied());
        match Args::try_parse_from(argv)?.command {
            Command::Run(run) => Settings::resolve(*run),
            Command::Check(_) => bail!("not run"),
        }
    }

    #[test]
    fn defaults_listen_on_loopback_and_store_in_data() {
        let s = resolve(&[]).expect("defaults");
        assert!(s.listen.len() == 1 && s.listen[0].ip().is_loopback());
        assert_eq!(s.storage_path, PathBuf::from("data/"));
        assert_eq!(s.store.retention, Duration::from_secs(15 * 86400));
        assert!(s.store.log_metadata && s.store.compression == Compression::Snappy);
    }

    #[test]
    fn addresses_to_listen_on_may_be_repeated() {
        let s = resolve(&[
            "--web.listen-address=127.0.0.1:1",
            "--web.listen-address=:2",
            "--web.listen-address=[::1]:3",
        ])
        .expect("addresses");
        let shown: Vec<_> = s.listen.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["127.0.0.1:1", "0.0.0.0:2", "[::1]:3"]);
        assert_eq!(s.flags["web.listen-address"], "127.0.0.1:1,:2,[::1]:3");
    }

    #[test]
    fn agent_mode_has_its_own_directory_and_no_metadata_records() {
        for flags in [&["--agent"], &["--enable-feature=agent"]] {
            let s = resolve(flags).expect("agent");
            assert_eq!(s.storage_path, PathBuf::from("data-agent/"));
            assert!(!s.store.log_metadata);
        }
    }

    #[test]
    fn boolean_flags_take_their_value_with_an_equals_sign() {
        let s = resolve(&[
            "--web.enable-lifecycle",
            "--storage.tsdb.wal-compression=false",
        ])
        .expect("flags");
        assert!(s.lifecycle);
        assert!(s.store.compression == Compression::None);
    }

    #[test]
    fn a_listener_that_should_be_protected_is_not_started_unprotected() {
        let e = resolve(&["--web.config.file=web.yml"])
            .expect_err("refused")
            .to_string();
        assert!(e.contains("web.yml"), "{e}");
    }

    #[test]
    fn features_reach_the_scrapes() {
        let m = resolve(&["--enable-feature=type-and-unit-labels"])
            .expect("known")
            .manager;
        assert!(m.type_and_unit_labels && !m.parse_start_timestamps);
        let s = resolve(&["--enable-feature=st-storage,st-synthesis"]).expect("known");
        assert!(s.manager.parse_start_timestamps && s.manager.synthesize_start_timestamps);
        assert!(s.load.protobuf_first && !s.manager.start_timestamp_zero_ingestion);
        assert_eq!(s.warnings.len(), 2);
    }

    #[test]
    fn om2_60_the_draft_takes_a_build_that_reads_it_and_the_flag() {
        let off = resolve(&[]).expect("defaults");
        assert!(!off.load.openmetrics2 && !off.manager.openmetrics2);
        let on = resolve(&["--enable-feature=openmetrics2"]);
        assert_eq!(on.is_ok(), Format::OpenMetrics2.is_built_in());
        match on {
            Ok(on) => {
                assert!(on.load.openmetrics2 && on.manager.openmetrics2);
                assert!(on.warnings[0].contains("draft"), "{:?}", on.warnings);
            }
            Err(e) => {
                let e = e.to_string();
                assert!(
                    e.contains("openmetrics2") && e.contains("--features om2"),
                    "{e}"
                );
            }
        }
    }

    #[test]
    fn unknown_features_are_said_and_bad_addresses_refused() {
        let s = resolve(&["--enable-feature=no-such-thing,exemplar-storage"]).expect("warned");
        assert_eq!(s.warnings.len(), 2);
        assert!(resolve(&["--web.listen-address=nonsense"]).is_err());
    }
}
