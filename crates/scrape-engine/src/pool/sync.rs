//! Groups to loops: builds the targets, then starts, keeps and stops.

use super::view::Dropped;
use super::{Groups, Pool, State};
use crate::scrape_loop::control::Stop;
use crate::target::RunningTarget;
use scrape_core::Labels;
use scrape_core::reconcile::reconcile;
use scrape_core::target::{Built, Group, Target, build_targets};
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use tokio::time::Instant;

impl Pool {
    /// Brings loops in line with groups. Targets that were stopped are not waited for: should one come back
    /// while its last scrape lasts, its new loop waits.
    pub(super) fn sync(&self, state: &mut State, groups: Groups) {
        let start = Instant::now();
        let metrics = &self.shared.metrics;
        // A loop that has written its markers, or will write none, has let go of its control.
        state
            .leaving
            .retain(|_, control| Arc::strong_count(control) > 1);
        if !state.is_synced_with(&groups) {
            let parts = groups.iter().map(|g| Group {
                source: &g.source,
                labels: &g.labels,
                targets: &g.targets,
            });
            let built = build_targets(&state.generation.targets, parts);
            metrics.sync_failed.add(built.failures.len() as u64);
            for failure in &built.failures {
                tracing::error!(scrape_job = %self.shared.job, error = %failure, "creating a target failed");
            }
            self.start_and_stop(state, built);
            state.synced = Some(groups);
            self.enforce_target_limit(state);
            metrics.symbols.set(count_symbols(state) as f64);
            self.publish(state);
        }
        metrics.syncs.inc();
        metrics.sync_length.observe(start.elapsed().as_secs_f64());
        metrics
            .sync_length_histogram
            .observe(start.elapsed().as_secs_f64());
    }

    fn start_and_stop(&self, state: &mut State, built: Built) {
        state.dropped = Arc::new(Dropped {
            kept: built.dropped,
            count: built.n_dropped,
        });
        for (hash, running) in state.loops.extract_if(|_, running| running.is_lost()) {
            tracing::error!(scrape_job = %self.shared.job, target = running.target.url(), "a scrape loop was lost");
            state.leaving.insert(hash, running.control);
        }
        let generation = Arc::clone(&state.generation);
        let wanted = built.targets.iter().map(Target::hash);
        let plan = reconcile(wanted, state.loops.keys().copied());
        let mut targets: Vec<Option<Target>> = built.targets.into_iter().map(Some).collect();
        // The plan names each position at most once.
        let mut take = |i: usize| targets.get_mut(i).and_then(Option::take);
        for target in plan.keep.into_iter().filter_map(&mut take) {
            if let Some(running) = state.loops.get(&target.hash()) {
                running.target.rediscovered(target.discovered_labels());
            }
        }
        for target in plan.start.into_iter().filter_map(&mut take) {
            let hash = target.hash();
            let intervals = self.engine.metrics.intervals.of(target.interval());
            let predecessor = state.leaving.remove(&hash);
            let target = Arc::new(RunningTarget::new(target, intervals));
            state
                .loops
                .insert(hash, self.start(&generation, target, predecessor));
        }
        for hash in plan.stop {
            if let Some(running) = state.loops.remove(&hash) {
                running.control.stop(Stop::EndOfRun);
                state.leaving.insert(hash, running.control);
            }
        }
        let sockets: HashSet<&Path> = state
            .loops
            .values()
            .filter_map(|l| l.target.unix_socket())
            .map(Path::new)
            .collect();
        generation.fetcher.retain_unix_sockets(&sockets);
    }
}

impl State {
    /// Whether these very groups were synced already and no loop was lost since.
    fn is_synced_with(&self, groups: &Groups) -> bool {
        let same = |synced: &Groups| {
            synced.len() == groups.len()
                && synced.iter().zip(groups).all(|(a, b)| Arc::ptr_eq(a, b))
        };
        self.synced.as_ref().is_some_and(same)
            && !self.loops.values().any(super::RunningLoop::is_lost)
    }
}

fn count_symbols(state: &State) -> usize {
    let labels = state.loops.values().map(|l| l.target.labels());
    let distinct: HashSet<&str> = labels
        .flat_map(Labels::iter)
        .flat_map(|(n, v)| [n, v])
        .collect();
    distinct.len()
}
