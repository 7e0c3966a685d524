//! Targets written in the configuration. They are known at once, so the manager stores them while it
//! applies a configuration and no task runs for them.

use std::sync::Arc;

use scrape_core::Labels;

use crate::config::StaticConfig;
use crate::group::TargetGroup;

/// The groups of one job's `static_configs`; a group's source is its position.
pub(crate) fn groups(configs: &[StaticConfig]) -> Vec<Arc<TargetGroup>> {
    configs
        .iter()
        .enumerate()
        .map(|(i, c)| {
            let labels = Labels::from_pairs(&c.labels);
            Arc::new(TargetGroup::from_addresses(
                i.to_string(),
                &c.targets,
                labels,
            ))
        })
        .collect()
}
