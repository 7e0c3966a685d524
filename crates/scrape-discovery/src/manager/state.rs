//! Who subscribes to what, and what is known: the manager's whole state, without tasks, so that every rule
//! of a reload can be tested by calling functions.
//!
//! All subscribers of a provider see the same groups, so groups are stored once per provider; a job that
//! joins a running provider has its targets at once, without a request.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::DiscoveryConfig;
use crate::fixed;
use crate::group::{TargetGroup, TargetSets};
use crate::provider::{BuildError, Provider, ProviderFactory, Update};

type Groups = BTreeMap<Arc<str>, Arc<TargetGroup>>;

/// Counts up over the manager's life; only logs and the order of groups show it.
pub(super) type ProviderNumber = u64;

#[derive(Debug)]
struct ProviderState {
    config: Arc<DiscoveryConfig>,
    subs: BTreeSet<String>,
    groups: Groups,
    /// Whether the first update, the complete state, has arrived.
    delivered: bool,
    cancel: CancellationToken,
}

/// Rows of a provider that a job left for a changed configuration of the same mechanism. They stay visible
/// until the successors have spoken, lest the job's targets vanish for the time of one request.
#[derive(Debug)]
struct Held {
    set: String,
    mechanism: &'static str,
    number: ProviderNumber,
    groups: Groups,
    deadline: Instant,
    waits_for: BTreeSet<ProviderNumber>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    providers: BTreeMap<ProviderNumber, ProviderState>,
    by_config: HashMap<Arc<DiscoveryConfig>, ProviderNumber>,
    sets: BTreeSet<String>,
    held: Vec<Held>,
    next_number: ProviderNumber,
}

/// A provider that was built and is to be started.
pub(super) struct Start {
    pub(super) number: ProviderNumber,
    pub(super) mechanism: &'static str,
    /// The first subscriber by name, which logs show.
    pub(super) set: String,
    pub(super) provider: Box<dyn Provider>,
    pub(super) cancel: CancellationToken,
}

/// The mechanism that could not be built, and why.
type Refused = (&'static str, BuildError);

/// What a change of configuration led to.
pub(super) struct Applied {
    pub(super) start: Vec<Start>,
    pub(super) failures: Vec<Failure>,
    pub(super) new_sets: Vec<String>,
    pub(super) gone_sets: Vec<String>,
}

/// A configuration of a job whose provider could not be built.
#[derive(Debug)]
pub struct Failure {
    /// The job.
    pub job: String,
    /// Which of its mechanisms.
    pub mechanism: &'static str,
    /// Why.
    pub error: BuildError,
}

impl State {
    /// Replaces the configuration. Providers whose configuration is still wanted are left alone; the others
    /// are cancelled and forgotten.
    pub(super) fn apply(
        &mut self,
        configs: BTreeMap<String, Vec<DiscoveryConfig>>,
        factory: &dyn ProviderFactory,
        root: &CancellationToken,
        now: Instant,
        hold: Duration,
    ) -> Applied {
        let mut failures = Vec::new();
        let mut built = Vec::new();
        let mut wanted: BTreeMap<ProviderNumber, BTreeSet<String>> = BTreeMap::new();
        let sets: BTreeSet<String> = configs.keys().cloned().collect();
        for (set, configs) in configs {
            for config in configs {
                let number = match self.by_config.get(&config) {
                    Some(number) => *number,
                    None => match self.build(config, factory, root) {
                        Ok((number, provider)) => {
                            built.extend(provider.map(|p| (number, p)));
                            number
                        }
                        Err((mechanism, error)) => {
                            failures.push(Failure {
                                job: set.clone(),
                                mechanism,
                                error,
                            });
                            continue;
                        }
                    },
                };
                wanted.entry(number).or_default().insert(set.clone());
            }
        }

        self.hold_rows(&sets, &wanted, now, hold);
        self.drop_unwanted(&mut wanted);

        let gone_sets = self.sets.difference(&sets).cloned().collect();
        let new_sets = sets.difference(&self.sets).cloned().collect();
        self.sets = sets;
        let start = built.into_iter().filter_map(|(number, provider)| {
            let state = self.providers.get(&number)?;
            Some(Start {
                number,
                mechanism: state.config.mechanism(),
                set: state.subs.first()?.clone(),
                provider,
                cancel: state.cancel.clone(),
            })
        });
        Applied {
            start: start.collect(),
            failures,
            new_sets,
            gone_sets,
        }
    }

    /// Makes a provider known. Static targets are complete at once and need no task.
    fn build(
        &mut self,
        config: DiscoveryConfig,
        factory: &dyn ProviderFactory,
        root: &CancellationToken,
    ) -> Result<(ProviderNumber, Option<Box<dyn Provider>>), Refused> {
        let (groups, provider) = match &config {
            DiscoveryConfig::Static(configs) => {
                let groups = fixed::groups(configs)
                    .into_iter()
                    .filter(|g| !g.targets.is_empty());
                (groups.map(|g| (g.source.clone(), g)).collect(), None)
            }
            other => match factory.build(other) {
                Ok(provider) => (Groups::new(), Some(provider)),
                Err(error) => return Err((config.mechanism(), error)),
            },
        };
        let number = self.next_number;
        self.next_number += 1;
        let config = Arc::new(config);
        self.by_config.insert(config.clone(), number);
        let state = ProviderState {
            config,
            subs: BTreeSet::new(),
            groups,
            delivered: provider.is_none(),
            cancel: root.child_token(),
        };
        self.providers.insert(number, state);
        Ok((number, provider))
    }

    /// Sets aside the rows that jobs are about to lose to providers that have said nothing yet. Reads the
    /// old subscriptions, so it runs before they are replaced.
    fn hold_rows(
        &mut self,
        sets: &BTreeSet<String>,
        wanted: &BTreeMap<ProviderNumber, BTreeSet<String>>,
        now: Instant,
        hold: Duration,
    ) {
        let is_wanted = |number: &ProviderNumber, set: &str| {
            wanted.get(number).is_some_and(|s| s.contains(set))
        };
        let successors = |set: &str, mechanism: &str| -> BTreeSet<ProviderNumber> {
            let joins = |(number, p): &(&ProviderNumber, &ProviderState)| {
                !p.delivered
                    && p.config.mechanism() == mechanism
                    && !p.subs.contains(set)
                    && is_wanted(number, set)
            };
            self.providers
                .iter()
                .filter(joins)
                .map(|(number, _)| *number)
                .collect()
        };

        let mut held = std::mem::take(&mut self.held);
        for h in &mut held {
            h.waits_for.retain(|number| is_wanted(number, &h.set));
            h.waits_for.extend(successors(&h.set, h.mechanism));
        }
        if !hold.is_zero() {
            for (number, p) in &self.providers {
                let leaving = p
                    .subs
                    .iter()
                    .filter(|s| sets.contains(*s) && !is_wanted(number, s));
                for set in leaving.filter(|_| !p.groups.is_empty()) {
                    held.push(Held {
                        set: set.clone(),
                        mechanism: p.config.mechanism(),
                        number: *number,
                        groups: p.groups.clone(),
                        deadline: now + hold,
                        waits_for: successors(set, p.config.mechanism()),
                    });
                }
            }
        }
        held.retain(|h| !h.waits_for.is_empty());
        self.held = held;
    }

    /// Puts the new subscriptions in force; providers that nobody wants are cancelled and forgotten.
    fn drop_unwanted(&mut self, wanted: &mut BTreeMap<ProviderNumber, BTreeSet<String>>) {
        let by_config = &mut self.by_config;
        self.providers.retain(|number, p| {
            p.subs = wanted.remove(number).unwrap_or_default();
            if p.subs.is_empty() {
                p.cancel.cancel();
                by_config.remove(&p.config);
            }
            !p.subs.is_empty()
        });
    }

    /// Merges what a provider sent; `false` if the provider is no longer known.
    pub(super) fn update(&mut self, number: ProviderNumber, update: Update) -> bool {
        let Some(p) = self.providers.get_mut(&number) else {
            return false;
        };
        for group in update {
            if group.targets.is_empty() {
                p.groups.remove(&group.source);
            } else {
                // Not `insert` alone: the key must be the new group's text, or the old group stays alive.
                p.groups.remove(&group.source);
                p.groups.insert(group.source.clone(), group);
            }
        }
        if !p.delivered {
            p.delivered = true;
            self.held.retain_mut(|h| {
                h.waits_for.remove(&number);
                !h.waits_for.is_empty()
            });
        }
        true
    }

    /// Lets go of rows that were held for too long; whether there were any.
    pub(super) fn expire(&mut self, now: Instant) -> bool {
        let before = self.held.len();
        self.held.retain(|h| h.deadline > now);
        self.held.len() != before
    }

    /// When the next held row is let go.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.held.iter().map(|h| h.deadline).min()
    }

    /// The complete map: every subscribed job, ordered by (provider number, source).
    pub(super) fn target_sets(&self) -> TargetSets {
        let mut out: TargetSets = self.sets.iter().map(|s| (s.clone(), Vec::new())).collect();
        let held = self.held.iter().map(|h| (h.number, &h.set, &h.groups));
        let current = self
            .providers
            .iter()
            .flat_map(|(n, p)| p.subs.iter().map(|s| (*n, s, &p.groups)));
        let mut rows: Vec<_> = held.chain(current).collect();
        rows.sort_by_key(|(number, ..)| *number);
        for (_, set, groups) in rows {
            if let Some(list) = out.get_mut(set) {
                list.extend(groups.values().cloned());
            }
        }
        out
    }

    /// The sources of all stored groups.
    #[cfg(test)]
    pub(super) fn stored_sources(&self) -> Vec<String> {
        self.providers
            .values()
            .flat_map(|p| p.groups.keys().map(|s| s.to_string()))
            .collect()
    }
}
