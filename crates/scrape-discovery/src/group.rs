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
    /// reported when targets are built, not lost here.
    pub fn from_addresses<S: AsRef<str>>(
        source: impl Into<Arc<str>>,
        addresses: impl IntoIterator<Item = S>,
        labels: Labels,
    ) -> Self {
        let targets = addresses
            .into_iter()
            .map(|a| Labels::from_pairs([(ADDRESS_LABEL, a.as_ref())]))
            .collect();
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
