//! `/api/v1/scrape_pools`, its configuration, and relabeling step by step.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use scrape_core::Labels;
use scrape_core::relabel::ApiRule;
use serde::Serialize;

use crate::params::Params;
use crate::reply::{ApiError, ApiResult, blocking, success};
use crate::state::WebState;
use crate::view::RelabelStep;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pools {
    scrape_pools: Vec<Arc<str>>,
}

pub(super) async fn scrape_pools(State(state): State<WebState>) -> ApiResult {
    blocking(move || {
        success(Pools {
            scrape_pools: state.engine.pool_names(),
        })
    })
    .await
}

#[derive(Serialize)]
struct Config {
    yaml: String,
}

pub(super) async fn scrape_pool_config(State(state): State<WebState>, params: Params) -> ApiResult {
    let pool = params.required("scrapePool")?.to_owned();
    blocking(move || match state.engine.pool_config(&pool) {
        Some(yaml) => Ok(success(Config { yaml })),
        None => Err(unknown(&pool)),
    })
    .await?
}

#[derive(Serialize)]
struct Steps<'a> {
    steps: Vec<Step<'a>>,
}

#[derive(Serialize)]
struct Step<'a> {
    rule: ApiRule<'a>,
    output: Labels,
    keep: bool,
}

/// One step per rule. After the first drop the labels are gone and every later step drops.
pub(super) async fn relabel_steps(State(state): State<WebState>, params: Params) -> ApiResult {
    let pool = params.required("scrapePool")?.to_owned();
    let labels: BTreeMap<String, String> = serde_json::from_str(params.required("labels")?)
        .map_err(|e| ApiError::bad_data(format!("unable to decode labels: {e}")))?;
    let labels = Labels::from_pairs(labels);
    blocking(move || {
        let steps = state
            .engine
            .relabel_steps(&pool, &labels)
            .ok_or_else(|| unknown(&pool))?;
        Ok(success(Steps {
            steps: until_dropped(&steps),
        }))
    })
    .await?
}

fn until_dropped(steps: &[RelabelStep]) -> Vec<Step<'_>> {
    let mut alive = true;
    let mut out = Vec::with_capacity(steps.len());
    for step in steps {
        alive &= step.keep;
        let output = if alive {
            step.output.clone()
        } else {
            Labels::empty()
        };
        out.push(Step {
            rule: ApiRule(&step.rule),
            output,
            keep: alive,
        });
    }
    out
}

fn unknown(pool: &str) -> ApiError {
    ApiError::bad_data(format!("unknown scrape pool {pool:?}"))
}
