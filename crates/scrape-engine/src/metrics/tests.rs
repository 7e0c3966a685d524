use super::*;
use crate::testing::{Rig, Script, job, sets};
use scrape_core::registry::Kind;
use std::collections::BTreeMap;

/// Names, types and labels as dashboards know them.
const UPSTREAM: [(&str, Kind, &[&str]); 33] = [
    (
        "net_conntrack_dialer_conn_attempted_total",
        Kind::Counter,
        &["dialer_name"],
    ),
    (
        "net_conntrack_dialer_conn_closed_total",
        Kind::Counter,
        &["dialer_name"],
    ),
    (
        "net_conntrack_dialer_conn_established_total",
        Kind::Counter,
        &["dialer_name"],
    ),
    (
        "net_conntrack_dialer_conn_failed_total",
        Kind::Counter,
        &["dialer_name", "reason"],
    ),
    (
        "prometheus_target_interval_length_histogram_seconds",
        Kind::Histogram,
        &["interval"],
    ),
    (
        "prometheus_target_interval_length_seconds",
        Kind::Summary,
        &["interval"],
    ),
    (
        "prometheus_target_metadata_cache_bytes",
        Kind::Gauge,
        &["scrape_job"],
    ),
    (
        "prometheus_target_metadata_cache_entries",
        Kind::Gauge,
        &["scrape_job"],
    ),
    (
        "prometheus_target_reload_length_seconds",
        Kind::Summary,
        &["interval"],
    ),
    (
        "prometheus_target_scrape_duration_seconds",
        Kind::Histogram,
        &[],
    ),
    (
        "prometheus_target_scrape_pool_exceeded_label_limits_total",
        Kind::Counter,
        &[],
    ),
    (
        "prometheus_target_scrape_pool_exceeded_target_limit_total",
        Kind::Counter,
        &[],
    ),
    (
        "prometheus_target_scrape_pool_reloads_failed_total",
        Kind::Counter,
        &[],
    ),
    (
        "prometheus_target_scrape_pool_reloads_total",
        Kind::Counter,
        &[],
    ),
    (
        "prometheus_target_scrape_pool_symboltable_items",
        Kind::Gauge,
        &["scrape_job"],
    ),
    (
        "prometheus_target_scrape_pool_sync_total",
        Kind::Counter,
        &["scrape_job"],
    ),
    (
        "prometheus_target_scrape_pool_target_limit",
        Kind::Gauge,
        &["scrape_job"],
    ),
    (
        "prometheus_target_scrape_pool_targets",
        Kind::Gauge,
        &["scrape_job"],
    ),
    (
        "prometheus_target_scrape_pools_failed_total",
        Kind::Counter,
        &[],
    ),
    ("prometheus_target_scrape_pools_total", Kind::Counter, &[]),
    (
        "prometheus_target_scrapes_cache_flush_forced_total",
        Kind::Counter,
        &[],
    ),
    (
        "prometheus_target_scrapes_exceeded_body_size_limit_total",
        Kind::Counter,
        &[],
    ),
    (
        "prometheus_target_scrapes_exceeded_native_histogram_bucket_limit_total",
        Kind::Counter,
        &[],
    ),
    (
        "prometheus_target_scrapes_exceeded_sample_limit_total",
        Kind::Counter,
        &[],
    ),
    (
        "prometheus_target_scrapes_exemplar_out_of_order_total",
        Kind::Counter,
        &[],
    ),
    (
        "prometheus_target_scrapes_sample_duplicate_timestamp_total",
        Kind::Counter,
        &[],
    ),
    (
        "prometheus_target_scrapes_sample_out_of_bounds_total",
        Kind::Counter,
        &[],
    ),
    (
        "prometheus_target_scrapes_sample_out_of_order_total",
        Kind::Counter,
        &[],
    ),
    (
        "prometheus_target_sync_failed_total",
        Kind::Counter,
        &["scrape_job"],
    ),
    (
        "prometheus_target_sync_length_histogram_seconds",
        Kind::Histogram,
        &["scrape_job"],
    ),
    (
        "prometheus_target_sync_length_seconds",
        Kind::Summary,
        &["scrape_job"],
    ),
    ("scrape_cli_failure_log_dropped_total", Kind::Counter, &[]),
    (
        "scrape_cli_target_failures_total",
        Kind::Counter,
        &["reason", "scrape_job"],
    ),
];

#[tokio::test(start_paused = true)]
async fn names_types_and_labels_are_upstreams() {
    let rig = Rig::prompt(Script::always("# TYPE m gauge\nm not_a_number\n"));
    rig.apply(&[job("j")]).await;
    rig.send(sets(&[("j", &["a:1"])])).await;
    rig.seconds(25).await;
    let mut changed = job("j");
    changed.honor_labels = true;
    rig.apply(&[changed]).await;
    let gathered = rig.registry.gather();
    let seen: BTreeMap<&str, (Kind, Vec<&str>)> = gathered
        .iter()
        .map(|f| {
            let mut labels: Vec<&str> = f.series[0].labels.iter().map(|(n, _)| &**n).collect();
            labels.sort_unstable();
            (&*f.name, (f.kind, labels))
        })
        .collect();
    let wanted: BTreeMap<&str, (Kind, Vec<&str>)> = UPSTREAM
        .iter()
        .map(|(name, kind, labels)| (*name, (*kind, labels.to_vec())))
        .collect();
    assert_eq!(seen, wanted);
}

#[tokio::test(start_paused = true)]
async fn two_engines_cannot_share_a_registry() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    let error = EngineMetrics::try_new(&rig.registry).expect_err("names are taken");
    assert!(matches!(error, RegistryError::Duplicate { .. }));
}

#[tokio::test(start_paused = true)]
async fn the_counters_of_connections_come_and_go_with_their_job() {
    let rig = Rig::prompt(Script::always("m 1\n"));
    let shown = |job: &str| {
        let series = |what: &str, rest: &str| {
            rig.metric(&format!(
                "net_conntrack_dialer_conn_{what}_total{{dialer_name=\"{job}\"{rest}}}"
            ))
        };
        let mut all: Vec<_> = ["attempted", "established", "closed"]
            .map(|what| series(what, ""))
            .into();
        let reasons = ["resolution", "refused", "timeout", "unknown"];
        all.extend(reasons.map(|r| series("failed", &format!(",reason=\"{r}\""))));
        all.dedup();
        all
    };
    // A job whose client cannot be made has no pool, but it has a name.
    rig.script.refuse_job("b", true);
    rig.apply(&[job("a"), job("b")]).await;
    rig.send(sets(&[("a", &["a:1"]), ("b", &["b:1"])])).await;
    rig.seconds(25).await;
    assert_eq!((shown("a"), shown("b")), (vec![Some(0.0)], vec![Some(0.0)]));
    let mut changed = job("a");
    changed.honor_labels = true;
    rig.apply(&[changed]).await;
    assert_eq!((shown("a"), shown("b")), (vec![Some(0.0)], vec![None]));
    rig.apply(&[]).await;
    assert_eq!((shown("a"), shown("b")), (vec![None], vec![None]));
}
