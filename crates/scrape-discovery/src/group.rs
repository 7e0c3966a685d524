//! The unit that discovery hands on: targets that share labels and come from one place.

use std::collections::BTreeMap;
use std::sync::Arc;

use scrape_core::Labels;

/// The label that holds a target's `host:port`.
pub const ADDRESS_LABEL: &str = "__address__";

/// Targets that share labels. Immutable once sent; every subscriber shares it through an [`Arc`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TargetGroup {
    /// Names the group within its provider: a later group of the same source replaces this one, and one
    /// without targets removes it.
    pub source: Arc<str>,
    /// One label set per target, at least `__address__` unless the address was written empty.
    pub targets: Vec<Labels>,
    /// Labels of all targets of the group; a target's own labels win.
    pub labels: Labels,
}

impl TargetGroup {
    /// A group of plain addresses. An empty address is kept as a target without one, so that it is
    /// reported when targets are built, not lost here. An address among the group's labels is ignored: each
    /// target has its own, even if it is empty.
    pub fn from_addresses<S: AsRef<str>>(
        source: impl Into<Arc<str>>,
        addresses: impl IntoIterator<Item = S>,
        labels: Labels,
    ) -> Self {
        let targets = addresses
            .into_iter()
            .map(|a| Labels::from_pairs([(ADDRESS_LABEL, a.as_ref())]))
            .collect();
        let labels = match labels.get(ADDRESS_LABEL) {
            Some(_) => labels.to_builder().del(ADDRESS_LABEL).labels(),
            None => labels,
        };
        Self {
            source: source.into(),
            targets,
            labels,
        }
    }

    /// The group that removes a source.
    pub fn empty(source: impl Into<Arc<str>>) -> Self {
        Self {
            source: source.into(),
            targets: Vec::new(),
            labels: Labels::empty(),
        }
    }
}

/// Every subscribed job with its complete groups, in a reproducible order (provider number, then source).
/// A job without targets is present with an empty list: that is what removes its stale targets.
pub type TargetSets = BTreeMap<String, Vec<Arc<TargetGroup>>>;

#[cfg(test)]
mod tests {
    use scrape_core::target::{Group, TargetConfig, build_targets};

    use crate::decode::decode_json;
    use crate::fixed;

    #[test]
    fn case_015_group_labels_set_everything_but_the_address() {
        let text = br#"[{"targets":["own:1",""],"labels":{"__address__":"group:1","job":"q","__scheme__":"https",
                         "__scrape_interval__":"5m","__metrics_path__":"/m"}}]"#;
        let groups = fixed::groups(&decode_json(text).expect("valid"));
        let config = TargetConfig {
            job_name: "configured".into(),
            ..TargetConfig::default()
        };
        let built = build_targets(
            &config,
            groups.iter().map(|g| Group {
                source: &g.source,
                labels: &g.labels,
                targets: &g.targets,
            }),
        );
        assert_eq!(built.targets.len(), 1);
        let target = &built.targets[0];
        assert_eq!(target.url(), "https://own:1/m");
        assert_eq!(target.public_labels().value("job"), "q");
        assert_eq!(target.interval().as_secs(), 300);
        assert_eq!(built.failures.len(), 1, "the one without an address");
        assert!(
            built.failures[0].to_string().contains("no address"),
            "{}",
            built.failures[0]
        );
    }
}
