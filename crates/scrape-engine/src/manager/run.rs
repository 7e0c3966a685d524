//! The two halves of a running manager: one takes target sets as fast as they come, the other reloads at its
//! own pace. A trigger that holds one notification is all that lies between them.

use super::Manager;
use scrape_discovery::{TargetSets, TargetsReceiver};
use std::future::Future;
use std::sync::Arc;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Where complete target sets come from.
pub trait TargetSource: Send {
    /// The next complete set; `None` when there will be no more. Safe to cancel.
    fn next(&mut self) -> impl Future<Output = Option<Arc<TargetSets>>> + Send;
}

impl TargetSource for TargetsReceiver {
    fn next(&mut self) -> impl Future<Output = Option<Arc<TargetSets>>> + Send {
        TargetsReceiver::next(self)
    }
}

impl TargetSource for tokio::sync::mpsc::Receiver<Arc<TargetSets>> {
    fn next(&mut self) -> impl Future<Output = Option<Arc<TargetSets>>> + Send {
        self.recv()
    }
}

impl Manager {
    /// Takes target sets until there are no more or the manager stops. Reloads that are pending then still
    /// happen. Call it once.
    pub async fn run(&self, mut sets: impl TargetSource) {
        let reloader = self.clone();
        let cancel = self.0.engine.cancel.clone();
        let stop = cancel.clone();
        self.0.engine.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = reloader.reload_when_triggered() => {}
            }
        });
        loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                next = sets.next() => match next {
                    Some(sets) => self.update_targets(sets),
                    None => return,
                },
            }
        }
    }

    /// Takes over a complete target set: jobs it does not name keep their targets, jobs it names with an
    /// empty list lose them. Returns at once; the reload follows.
    pub fn update_targets(&self, sets: Arc<TargetSets>) {
        self.0.target_sets.store(sets);
        self.0.trigger.notify_one();
    }

    async fn reload_when_triggered(&self) {
        let options = &self.0.engine.options;
        if options.discovery_reload_on_startup {
            self.0.trigger.notified().await;
            self.reload().await;
        }
        let period = options.reload_interval();
        let mut ticks = interval_at(Instant::now() + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            self.0.trigger.notified().await;
            self.reload().await;
        }
    }
}
