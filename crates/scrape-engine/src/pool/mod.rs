//! The targets of one job and their loops.
//!
//! Guarantees:
//! - After a sync there is exactly one loop per unique target of the given groups. A target that is the same
//!   keeps its loop, cache and health, whatever else changed.
//! - A reload cancels no scrape: each loop finishes, then its successor starts; the reload returns when the
//!   last old loop has stopped. What cannot be built changes nothing.
//! - Looking at a pool ([`Pool::view`]) and giving it new groups ([`Pool::submit`]) never wait for a reload:
//!   groups that arrive meanwhile are taken over as its last step, the newest only.

pub(crate) mod generation;
mod reload;
pub(crate) mod shared;
mod sync;
pub(crate) mod view;

use crate::engine::Engine;
use crate::failure::ScrapeFailure;
use crate::reason::FailureReason;
use crate::scrape_loop::ScrapeLoop;
use crate::scrape_loop::control::{LoopControl, Stop};
use crate::target::RunningTarget;
use arc_swap::ArcSwap;
use generation::Generation;
use scrape_core::reconcile::check_target_limit;
use scrape_discovery::TargetGroup;
use shared::PoolShared;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use view::{Dropped, PoolView};

/// Groups of one job, complete.
pub(crate) type Groups = Vec<Arc<TargetGroup>>;

/// The scrape pool of one job.
pub(crate) struct Pool {
    pub(crate) shared: Arc<PoolShared>,
    engine: Arc<Engine>,
    /// Held during a sync, and during the whole of a reload.
    state: tokio::sync::Mutex<State>,
    /// The newest groups that were not synced yet.
    pending: Mutex<Option<Groups>>,
    view: ArcSwap<PoolView>,
}

struct State {
    generation: Arc<Generation>,
    /// By identity hash of the target.
    loops: HashMap<u64, RunningLoop>,
    /// Loops without a successor that may still be in their last scrape or have markers to write.
    leaving: HashMap<u64, Arc<LoopControl>>,
    /// What the loops were last synced with; `None` when that no longer says which there should be.
    synced: Option<Groups>,
    dropped: Arc<Dropped>,
    closed: bool,
}

struct RunningLoop {
    control: Arc<LoopControl>,
    target: Arc<RunningTarget>,
}

impl RunningLoop {
    /// The loop ended although nobody asked it to: it panicked.
    fn is_lost(&self) -> bool {
        self.control.has_stopped() && !self.control.is_stopping()
    }
}

impl Pool {
    /// A pool without targets. Must be called within a runtime.
    pub(crate) fn new(engine: Arc<Engine>, generation: Generation) -> Self {
        let generation = Arc::new(generation);
        let job: Arc<str> = generation.config.job_name.as_str().into();
        let shared = PoolShared::new(
            Arc::clone(&job),
            engine.metrics.job(&job),
            engine.cancel.child_token(),
        );
        shared
            .metrics
            .target_limit
            .set(generation.config.limits.targets as f64);
        let dropped = Arc::new(Dropped::default());
        let view = PoolView {
            generation: Arc::clone(&generation),
            active: Arc::from([]),
            dropped: Arc::clone(&dropped),
        };
        Self {
            shared: Arc::new(shared),
            engine,
            state: tokio::sync::Mutex::new(State {
                generation,
                loops: HashMap::new(),
                leaving: HashMap::new(),
                synced: None,
                dropped,
                closed: false,
            }),
            pending: Mutex::new(None),
            view: ArcSwap::from_pointee(view),
        }
    }

    /// The pool as it was after its last change.
    pub(crate) fn view(&self) -> Arc<PoolView> {
        self.view.load_full()
    }

    /// Takes over a complete list of groups: now, or when the reload that is under way is done. CPU work in
    /// proportion to the number of targets; never waits.
    pub(crate) fn submit(&self, groups: Groups) {
        *self.pending() = Some(groups);
        self.work_off();
    }

    /// Syncs with what is pending. If somebody else holds the state they do it instead: they look again after
    /// letting go of it.
    fn work_off(&self) {
        while self.pending().is_some() {
            let Ok(mut state) = self.state.try_lock() else {
                return;
            };
            let groups = self.pending().take();
            if let Some(groups) = groups.filter(|_| !state.closed) {
                self.sync(&mut state, groups);
            }
        }
    }

    /// Stops all loops and writes end-of-run markers in the background: the job is gone. Scrapes under way
    /// end in their own time; this does not wait for them.
    pub(crate) async fn retire(&self) {
        let mut state = self.state.lock().await;
        self.close(&mut state, Stop::EndOfRun);
    }

    /// Stops everything for good, without markers. Scrapes under way are cancelled, unless the manager is to
    /// scrape once more on shutdown: then this waits for those last scrapes.
    pub(crate) async fn stop(&self) {
        if !self.engine.options.scrape_on_shutdown {
            // Before taking the state: a reload that waits for a scrape holds it.
            self.shared.cancel.cancel();
        }
        let mut state = self.state.lock().await;
        for control in self.close(&mut state, Stop::Shutdown) {
            control.stopped().await;
        }
        self.shared.cancel.cancel();
    }

    /// Writes no end-of-run markers for the targets with these identities, from now on.
    pub(crate) async fn disable_markers(&self, targets: &[u64]) {
        let state = self.state.lock().await;
        for hash in targets {
            let running = state.loops.get(hash).map(|l| &l.control);
            for control in running.into_iter().chain(state.leaving.get(hash)) {
                control.disable_markers();
            }
        }
        drop(state);
        self.work_off();
    }

    fn close(&self, state: &mut State, why: Stop) -> Vec<Arc<LoopControl>> {
        state.closed = true;
        let mut controls: Vec<_> = state.leaving.drain().map(|(_, control)| control).collect();
        for (_, running) in state.loops.drain() {
            running.control.stop(why);
            controls.push(running.control);
        }
        state.dropped = Arc::default();
        self.publish(state);
        self.shared.metrics.delete();
        controls
    }

    /// Starts the loop of a target, after `predecessor` has stopped.
    fn start(
        &self,
        generation: &Arc<Generation>,
        target: Arc<RunningTarget>,
        predecessor: Option<Arc<LoopControl>>,
    ) -> RunningLoop {
        let control = Arc::new(LoopControl::default());
        let scrape_loop = ScrapeLoop {
            engine: Arc::clone(&self.engine),
            pool: Arc::clone(&self.shared),
            generation: Arc::clone(generation),
            target: Arc::clone(&target),
            control: Arc::clone(&control),
            predecessor,
        };
        self.engine.tasks.spawn(scrape_loop.run());
        RunningLoop { control, target }
    }

    /// Makes all scrapes fail while there are too many targets.
    fn enforce_target_limit(&self, state: &State) {
        let (n, limit) = (state.loops.len(), state.generation.config.limits.targets);
        self.shared.metrics.targets.set(n as f64);
        self.shared.metrics.target_limit.set(limit as f64);
        let exceeded = check_target_limit(n, limit).err();
        if exceeded.is_some() {
            self.engine.metrics.exceeded_target_limit.inc();
        }
        let forced =
            exceeded.map(|e| ScrapeFailure::new(FailureReason::TargetLimit, e.to_string()));
        self.shared.force_failure(forced);
    }

    fn publish(&self, state: &State) {
        let mut active: Vec<_> = state
            .loops
            .values()
            .map(|l| Arc::clone(&l.target))
            .collect();
        active.sort_unstable_by(|a, b| {
            a.url()
                .cmp(b.url())
                .then_with(|| a.public_labels().cmp(b.public_labels()))
        });
        self.view.store(Arc::new(PoolView {
            generation: Arc::clone(&state.generation),
            active: active.into(),
            dropped: Arc::clone(&state.dropped),
        }));
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, Option<Groups>> {
        // Replaced or taken in one step, so it is sound whatever a panicking holder did.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
