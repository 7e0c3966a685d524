//! `relabel_configs` and `metric_relabel_configs`.

use scrape_core::relabel::{RelabelConfig, Rule};
use scrape_parse::names::ValidationScheme;

use crate::decode::At;

/// Reads a list of rules; each must compile under the job's validation scheme.
pub(super) fn read(at: &At<'_>, what: &str, validation: ValidationScheme) -> Vec<RelabelConfig> {
    let mut rules = Vec::new();
    for at in at.sections(what) {
        let Some(rule) = at.decode::<RelabelConfig>() else {
            continue;
        };
        if let Err(e) = Rule::compile(&rule, validation) {
            at.descend(e.field()).error(e.to_string());
        }
        rules.push(rule);
    }
    rules
}
