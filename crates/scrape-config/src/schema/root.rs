//! The top level of the main file and of the files it includes.

use std::sync::Arc;

use scrape_engine::config::{GlobalConfig, ScrapeConfig};

use super::{Context, global, job, other};
use crate::decode::At;
use crate::diagnose::Location;

/// The keys of the main file that an included file may not repeat.
const MAIN_KEYS: &[&str] = &[
    "global",
    "scrape_config_files",
    "rule_files",
    "alerting",
    "remote_write",
    "remote_read",
    "storage",
    "tracing",
    "otlp",
    "runtime",
];

/// A job and the place of its name.
pub(crate) struct Job {
    pub(crate) config: Arc<ScrapeConfig>,
    pub(crate) place: Location,
    pub(crate) key_path: String,
}

/// What the main file says.
pub(crate) struct Document<'a> {
    pub(crate) global: GlobalConfig,
    pub(crate) jobs: Vec<Job>,
    /// The entries of `scrape_config_files`.
    pub(crate) includes: Vec<(String, At<'a>)>,
}

/// Reads the main file.
pub(crate) fn main<'a>(at: &At<'a>, context: Context<'_>) -> Document<'a> {
    let mut document = Document {
        global: global::defaults(context),
        jobs: Vec::new(),
        includes: Vec::new(),
    };
    let Some(mut fields) = at.fields() else {
        return document;
    };
    if let Some(at) = fields.get("global") {
        document.global = global::read(&at, context);
    }
    if let Some(at) = fields.get("scrape_configs") {
        document.jobs = jobs(&at, &document.global, context);
    }
    if let Some(at) = fields.get("scrape_config_files") {
        document.includes = pattern_list(&at);
    }
    other::read(&mut fields, context);
    fields.finish(|_| None);
    document
}

/// Reads a file that the main file includes.
pub(crate) fn included(at: &At<'_>, global: &GlobalConfig, context: Context<'_>) -> Vec<Job> {
    let Some(mut fields) = at.fields() else {
        return Vec::new();
    };
    let jobs = fields
        .get("scrape_configs")
        .map(|at| jobs(&at, global, context))
        .unwrap_or_default();
    fields.finish(|key| {
        MAIN_KEYS.contains(&key).then(|| {
            format!("an included file may hold only `scrape_configs`; `{key}` belongs into the main file")
        })
    });
    jobs
}

fn jobs(at: &At<'_>, global: &GlobalConfig, context: Context<'_>) -> Vec<Job> {
    at.sections("scrape config section")
        .iter()
        .filter_map(|at| job::read(at, global, context))
        .collect()
}

/// The patterns of included files in a main file.
pub(crate) fn patterns<'a>(at: &At<'a>) -> Vec<(String, At<'a>)> {
    let list = at.descend("scrape_config_files");
    if list.path.is_root() {
        return Vec::new();
    }
    pattern_list(&list)
}

fn pattern_list<'a>(at: &At<'a>) -> Vec<(String, At<'a>)> {
    let items = at.items().unwrap_or_default().into_iter();
    items
        .filter_map(|item| Some((pattern(&item)?, item)))
        .collect()
}

/// A pattern of included files: only its last segment may hold `*`.
fn pattern(at: &At<'_>) -> Option<String> {
    let text = at.string()?;
    if text.is_empty() {
        at.error("empty or null scrape config file name");
        return None;
    }
    let star = text.find('*').unwrap_or(text.len());
    if text[star..].contains('/') {
        at.error(format!(
            "invalid scrape config file path {text:?}: only the last segment may hold `*`"
        ));
        return None;
    }
    Some(at.resolve(&text).to_string_lossy().into_owned())
}
