//! `/api/v1/status/*`.

use axum::extract::State;
use serde::Serialize;

use crate::params::Params;
use crate::reply::{ApiError, ApiResult, blocking, success};
use crate::state::WebState;
use crate::time::{NEVER, rfc3339};
use crate::view::{HeadStats, Stat};

#[derive(Serialize)]
struct Config {
    yaml: String,
}

pub(super) async fn config(State(state): State<WebState>) -> ApiResult {
    blocking(move || {
        success(Config {
            yaml: state.status.config_yaml(),
        })
    })
    .await
}

pub(super) async fn flags(State(state): State<WebState>) -> ApiResult {
    blocking(move || success(state.status.flags())).await
}

/// Upstream's fields; those about Go's runtime carry the nearest thing there is here, or nothing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Runtime {
    start_time: String,
    #[serde(rename = "CWD")]
    cwd: String,
    hostname: String,
    server_time: String,
    reload_config_success: bool,
    last_config_time: String,
    corruption_count: u64,
    goroutine_count: u64,
    #[serde(rename = "GOMAXPROCS")]
    threads: u64,
    #[serde(rename = "GOMEMLIMIT")]
    memory_limit: i64,
    #[serde(rename = "GOGC")]
    gogc: &'static str,
    #[serde(rename = "GODEBUG")]
    godebug: &'static str,
    storage_retention: String,
}

pub(super) async fn runtimeinfo(State(state): State<WebState>) -> ApiResult {
    blocking(move || {
        let r = state.status.runtime();
        success(Runtime {
            start_time: rfc3339(r.start_time_ns),
            cwd: r.cwd,
            hostname: r.hostname,
            server_time: rfc3339(r.server_time_ns),
            reload_config_success: r.reload_config_success,
            last_config_time: r
                .last_config_time_ns
                .map_or_else(|| NEVER.to_owned(), rfc3339),
            corruption_count: r.corruption_count,
            goroutine_count: r.tasks,
            threads: r.threads,
            memory_limit: i64::MAX,
            gogc: "",
            godebug: "",
            storage_retention: r.storage_retention,
        })
    })
    .await
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Build {
    version: String,
    revision: String,
    branch: String,
    build_user: String,
    build_date: String,
    go_version: String,
}

pub(super) async fn buildinfo(State(state): State<WebState>) -> ApiResult {
    blocking(move || {
        let b = state.status.build();
        success(Build {
            version: b.version,
            revision: b.revision,
            branch: b.branch,
            build_user: b.build_user,
            build_date: b.build_date,
            go_version: b.compiler,
        })
    })
    .await
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tsdb {
    head_stats: HeadStats,
    series_count_by_metric_name: Vec<Stat>,
    label_value_count_by_label_name: Vec<Stat>,
    memory_in_bytes_by_label_name: Vec<Stat>,
    series_count_by_label_value_pair: Vec<Stat>,
}

/// Entries per list if the request does not say.
const DEFAULT_STATS: usize = 10;
/// Entries per list at most.
const MAX_STATS: usize = 10_000;

pub(super) async fn tsdb(State(state): State<WebState>, params: Params) -> ApiResult {
    let limit = match params.first("limit") {
        "" => DEFAULT_STATS,
        text => match text.parse::<usize>() {
            Ok(0) | Err(_) => return Err(ApiError::bad_data("limit must be a positive number")),
            Ok(n) if n > MAX_STATS => {
                return Err(ApiError::bad_data(format!(
                    "limit must not exceed {MAX_STATS}"
                )));
            }
            Ok(n) => n,
        },
    };
    blocking(move || {
        let s = state.status.tsdb(limit);
        success(Tsdb {
            head_stats: s.head,
            series_count_by_metric_name: s.series_count_by_metric_name,
            label_value_count_by_label_name: s.label_value_count_by_label_name,
            memory_in_bytes_by_label_name: s.memory_in_bytes_by_label_name,
            series_count_by_label_value_pair: s.series_count_by_label_value_pair,
        })
    })
    .await
}
