//! Keeps the last good answer of every source, so that providers can stay naive: they report what they saw
//! now, here it becomes the smallest update.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::group::TargetGroup;
use crate::provider::Update;

/// What one look at a source gave.
#[derive(Debug)]
pub(crate) enum Seen {
    /// The source's complete groups.
    Groups(Vec<TargetGroup>),
    /// It answered as before; known without comparing.
    Unchanged,
    /// It could not be read: what was known stays.
    Failed,
}

/// The groups last seen, by source of groups (a file, an address).
#[derive(Debug, Default)]
pub(crate) struct LastGood {
    known: BTreeMap<String, Vec<Arc<TargetGroup>>>,
}

impl LastGood {
    /// Takes a complete look: a source that is not in it is gone. Returns the groups that changed, those
    /// that vanished as empty ones.
    pub(crate) fn observe(&mut self, look: impl IntoIterator<Item = (String, Seen)>) -> Update {
        let mut update = Update::new();
        let mut before = std::mem::take(&mut self.known);
        for (source, seen) in look {
            let old = before.remove(&source);
            let now = match (seen, old) {
                (Seen::Groups(groups), old) => {
                    replace(groups, old.unwrap_or_default(), &mut update)
                }
                (Seen::Unchanged | Seen::Failed, Some(old)) => old,
                (Seen::Unchanged | Seen::Failed, None) => continue,
            };
            self.known.insert(source, now);
        }
        for group in before.into_values().flatten() {
            update.push(Arc::new(TargetGroup::empty(group.source.clone())));
        }
        update
    }

    /// The sources that have a good answer.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }
}

/// The new groups, sharing what did not change with the old.
fn replace(
    groups: Vec<TargetGroup>,
    old: Vec<Arc<TargetGroup>>,
    update: &mut Update,
) -> Vec<Arc<TargetGroup>> {
    let by_source: BTreeMap<&str, &Arc<TargetGroup>> =
        old.iter().map(|g| (&*g.source, g)).collect();
    let mut now = Vec::with_capacity(groups.len());
    let mut named = BTreeSet::new();
    for group in groups {
        named.insert(group.source.clone());
        match by_source.get(&*group.source) {
            Some(same) if ***same == group => now.push(Arc::clone(same)),
            _ => {
                let group = Arc::new(group);
                update.push(group.clone());
                now.push(group);
            }
        }
    }
    for gone in old.iter().filter(|g| !named.contains(&g.source)) {
        update.push(Arc::new(TargetGroup::empty(gone.source.clone())));
    }
    now
}

#[cfg(test)]
mod tests {
    use scrape_core::Labels;

    use super::*;

    fn group(source: &str, address: &str) -> TargetGroup {
        TargetGroup::from_addresses(source, [address], Labels::empty())
    }

    fn look(groups: &[(&str, Seen)]) -> Vec<(String, Seen)> {
        groups
            .iter()
            .map(|(s, seen)| {
                let seen = match seen {
                    Seen::Groups(g) => Seen::Groups(g.clone()),
                    Seen::Unchanged => Seen::Unchanged,
                    Seen::Failed => Seen::Failed,
                };
                ((*s).to_owned(), seen)
            })
            .collect()
    }

    fn shown(update: Update) -> Vec<(String, usize)> {
        update
            .iter()
            .map(|g| (g.source.to_string(), g.targets.len()))
            .collect()
    }

    #[test]
    fn only_what_changed_is_sent_and_what_vanished_is_emptied() {
        let mut last = LastGood::default();
        let first = look(&[(
            "f",
            Seen::Groups(vec![
                group("f:0", "a"),
                group("f:1", "b"),
                group("f:2", "c"),
            ]),
        )]);
        assert_eq!(
            shown(last.observe(first)),
            [("f:0".into(), 1), ("f:1".into(), 1), ("f:2".into(), 1)]
        );

        let same = look(&[(
            "f",
            Seen::Groups(vec![
                group("f:0", "a"),
                group("f:1", "b"),
                group("f:2", "c"),
            ]),
        )]);
        assert_eq!(shown(last.observe(same)), []);

        let shrunk = look(&[("f", Seen::Groups(vec![group("f:0", "z")]))]);
        assert_eq!(
            shown(last.observe(shrunk)),
            [("f:0".into(), 1), ("f:1".into(), 0), ("f:2".into(), 0)]
        );

        assert_eq!(shown(last.observe(look(&[("f", Seen::Failed)]))), []);
        assert_eq!(shown(last.observe(look(&[("f", Seen::Unchanged)]))), []);
        assert_eq!(last.sources().collect::<Vec<_>>(), ["f"]);

        assert_eq!(shown(last.observe(look(&[]))), [("f:0".into(), 0)]);
        assert_eq!(shown(last.observe(look(&[("f", Seen::Failed)]))), []);
        assert_eq!(last.sources().count(), 0);
    }
}
