//! The sections of a `prometheus.yml` that are not about scraping. Their presence must not keep a file from
//! being used, and must not go unnoticed either.

use super::Context;
use crate::decode::{At, Fields};

/// Reads and reports the sections.
pub(super) fn read(fields: &mut Fields<'_>, context: Context<'_>) {
    let agent = context.options.agent;
    for key in ["rule_files", "remote_read"] {
        let Some(at) = fields.get(key) else { continue };
        let Some(items) = at.items().filter(|items| !items.is_empty()) else {
            continue;
        };
        if key == "rule_files" {
            items.iter().for_each(|item| drop(item.string()));
        } else {
            at.sections("section in remote_read");
        }
        ignored(&at, key, agent);
    }
    for key in ["alerting", "storage", "tracing", "otlp", "runtime"] {
        let Some(at) = fields.get(key) else { continue };
        if at.entries().is_some_and(|entries| !entries.is_empty()) {
            ignored(&at, key, agent && key == "alerting");
        }
    }
    if let Some(at) = fields.get("remote_write") {
        if at.items().is_some_and(|sections| !sections.is_empty()) {
            at.on_key().error("this build has no remote_write yet");
        }
    } else if agent {
        fields.at().warn(
            "agent mode without remote_write: samples stay in the local log until it is truncated",
        );
    }
}

fn ignored(at: &At<'_>, key: &str, refused: bool) {
    let at = at.clone().on_key();
    if refused {
        at.error(format!("field `{key}` is not allowed in agent mode"));
    } else {
        at.warn(format!("`{key}` has no effect: this program only scrapes"));
    }
}
