//! `/api/v1/targets/metadata` and `/api/v1/metadata`.

use std::collections::{BTreeMap, HashSet};

use axum::extract::State;
use scrape_core::Labels;
use serde::Serialize;

use crate::params::Params;
use crate::reply::{ApiError, ApiResult, blocking, success};
use crate::selector::Selector;
use crate::state::WebState;
use crate::view::MetadataEntry;

#[derive(Serialize)]
struct OfTarget {
    target: Labels,
    /// Absent when the request names the metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    metric: Option<String>,
    #[serde(flatten)]
    told: Told,
}

#[derive(Serialize, PartialEq, Eq, Hash, Clone)]
struct Told {
    r#type: &'static str,
    help: String,
    unit: String,
}

impl From<MetadataEntry> for Told {
    fn from(entry: MetadataEntry) -> Self {
        Self {
            r#type: entry.kind.as_str(),
            help: entry.help,
            unit: entry.unit,
        }
    }
}

/// The limit is looked at between targets: the list of one is never cut.
pub(super) async fn targets_metadata(State(state): State<WebState>, params: Params) -> ApiResult {
    let limit = params.limit("limit")?.unwrap_or(usize::MAX);
    let selector = match params.first("match_target") {
        "" => None,
        text => Some(Selector::parse(text).map_err(|e| ApiError::bad_data(e.to_string()))?),
    };
    let metric = Some(params.first("metric").to_owned()).filter(|m| !m.is_empty());

    blocking(move || {
        let mut answer = Vec::new();
        let pools = state.engine.pools();
        for target in pools.iter().flat_map(|p| &p.active) {
            if answer.len() >= limit {
                break;
            }
            let labels = target.labels();
            if selector.as_ref().is_some_and(|s| !s.matches(&labels)) {
                continue;
            }
            answer.extend(
                target
                    .metadata(metric.as_deref())
                    .into_iter()
                    .map(|entry| OfTarget {
                        target: labels.clone(),
                        metric: metric.is_none().then(|| entry.family.clone()),
                        told: entry.into(),
                    }),
            );
        }
        success(answer)
    })
    .await
}

/// What targets say about each family, each statement once.
pub(super) async fn metadata(State(state): State<WebState>, params: Params) -> ApiResult {
    let limit = params.limit("limit")?.unwrap_or(usize::MAX);
    let per_metric = params.limit("limit_per_metric")?.unwrap_or(usize::MAX);
    let metric = Some(params.first("metric").to_owned()).filter(|m| !m.is_empty());

    blocking(move || {
        let mut seen: HashSet<(String, Told)> = HashSet::new();
        let mut families: BTreeMap<String, Vec<Told>> = BTreeMap::new();
        let pools = state.engine.pools();
        for target in pools.iter().flat_map(|p| &p.active) {
            for entry in target.metadata(metric.as_deref()) {
                let family = entry.family.clone();
                let told = Told::from(entry);
                if !families.contains_key(&family) && families.len() >= limit {
                    continue;
                }
                let list = families.entry(family.clone()).or_default();
                if list.len() < per_metric && seen.insert((family, told.clone())) {
                    list.push(told);
                }
            }
        }
        success(families)
    })
    .await
}
