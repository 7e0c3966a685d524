//! `/api/v1/targets`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use scrape_core::Labels;
use serde::Serialize;

use crate::params::Params;
use crate::reply::{ApiResult, blocking, success};
use crate::state::{WebOptions, WebState};
use crate::time::{NEVER, rfc3339};
use crate::view::{BodyPosition, TargetView};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    active_targets: Vec<Active>,
    dropped_targets: Vec<Dropped>,
    /// Null when dropped targets were not asked for.
    dropped_target_counts: Option<BTreeMap<Arc<str>, usize>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Active {
    discovered_labels: Labels,
    labels: Labels,
    scrape_pool: Arc<str>,
    scrape_url: String,
    global_url: String,
    last_error: String,
    /// Not of upstream.
    last_error_reason: &'static str,
    /// Not of upstream.
    last_error_position: Option<BodyPosition>,
    last_scrape: String,
    last_scrape_duration: f64,
    health: &'static str,
    scrape_interval: String,
    scrape_timeout: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dropped {
    discovered_labels: Labels,
    scrape_pool: Arc<str>,
}

pub(super) async fn targets(State(state): State<WebState>, params: Params) -> ApiResult {
    let wanted = params.first("state").to_lowercase();
    let show_active = matches!(wanted.as_str(), "" | "any" | "active");
    let show_dropped = matches!(wanted.as_str(), "" | "any" | "dropped");
    let only = params.first("scrapePool").to_owned();

    blocking(move || {
        let pools = state.engine.pools();
        let named = || pools.iter().filter(|p| only.is_empty() || *p.name == *only);
        let mut answer = Answer {
            active_targets: Vec::new(),
            dropped_targets: Vec::new(),
            dropped_target_counts: None,
        };
        if show_active {
            for pool in named() {
                answer.active_targets.extend(
                    pool.active
                        .iter()
                        .map(|t| active(&pool.name, &**t, &state.options)),
                );
            }
        }
        if show_dropped {
            for pool in named() {
                answer
                    .dropped_targets
                    .extend(pool.dropped.iter().map(|labels| Dropped {
                        discovered_labels: labels.clone(),
                        scrape_pool: pool.name.clone(),
                    }));
            }
            answer.dropped_target_counts = Some(
                pools
                    .iter()
                    .map(|p| (p.name.clone(), p.dropped_count))
                    .collect(),
            );
        }
        success(answer)
    })
    .await
}

fn active(pool: &Arc<str>, target: &dyn TargetView, options: &WebOptions) -> Active {
    let status = target.status();
    let scrape_url = target.url();
    Active {
        discovered_labels: target.discovered_labels(),
        labels: target.labels(),
        scrape_pool: pool.clone(),
        global_url: options
            .external_url
            .global_url(&scrape_url, options.listen_port),
        scrape_url,
        last_error: status.last_error,
        last_error_reason: status.last_error_reason,
        last_error_position: status.last_error_position,
        last_scrape: status
            .last_scrape_ns
            .map_or_else(|| NEVER.to_owned(), rfc3339),
        last_scrape_duration: status.last_scrape_duration.as_secs_f64(),
        health: status.health.as_str(),
        scrape_interval: target.scrape_interval(),
        scrape_timeout: target.scrape_timeout(),
    }
}
