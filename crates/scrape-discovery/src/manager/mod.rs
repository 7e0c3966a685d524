//! Runs providers for the jobs that want them, merges what they say and hands complete maps to one
//! consumer. [`Manager`] states what it guarantees.

mod output;
mod sender;
mod state;
mod throttle;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scrape_core::Clock;
use scrape_core::ports::clock::SystemClock;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use output::TargetsReceiver;
pub use state::Failure;
pub use throttle::ThrottleOptions;

use crate::config::DiscoveryConfig;
use crate::metrics::ManagerMetrics;
use crate::provider::{ProviderFactory, Update};
use state::{ProviderNumber, Start, State};
use throttle::Throttle;

/// Updates that a provider may have under way before it has to wait.
const UPDATE_QUEUE: usize = 4;
/// How long a cancelled provider may tidy up before it is dropped.
const PROVIDER_GRACE: Duration = Duration::from_millis(500);
/// How long a shutdown waits for everything.
const SHUTDOWN_LIMIT: Duration = Duration::from_millis(900);

/// Settings of a [`Manager`].
#[derive(Clone)]
pub struct ManagerOptions {
    /// The rate at which maps leave.
    pub throttle: ThrottleOptions,
    /// How long a job keeps the targets of a provider whose configuration changed while the new one has not
    /// answered yet. Zero drops them at once, as upstream does.
    pub hold_replaced: Duration,
    /// Time for metrics.
    pub clock: Arc<dyn Clock>,
    /// Where to count.
    pub metrics: Arc<ManagerMetrics>,
}

impl Default for ManagerOptions {
    fn default() -> Self {
        Self {
            throttle: ThrottleOptions::default(),
            hold_replaced: Duration::from_secs(30),
            clock: Arc::new(SystemClock),
            metrics: Arc::default(),
        }
    }
}

impl std::fmt::Debug for ManagerOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ManagerOptions")
            .field("throttle", &self.throttle)
            .field("hold_replaced", &self.hold_replaced)
            .finish_non_exhaustive()
    }
}

/// What became of a configuration.
#[derive(Debug, Default)]
pub struct ApplyReport {
    /// Entries that could not be built. Their jobs run with what else they have.
    pub failures: Vec<Failure>,
}

/// Runs providers for the jobs that want them, merges what they say and hands complete maps to one
/// consumer.
///
/// Guarantees: equal configurations share one provider; a reload leaves unchanged providers running and
/// their targets in place; every map names every subscribed job; the newest map is what a slow consumer
/// gets; maps leave at a bounded rate ([`ThrottleOptions`]); shutdown takes less than a second even if a
/// provider hangs.
pub struct Manager {
    shared: Arc<Shared>,
    factory: Arc<dyn ProviderFactory>,
    root: CancellationToken,
    tasks: TaskTracker,
}

/// What the tasks and the manager share. The lock is held for map work only, never across a wait.
struct Shared {
    state: Mutex<State>,
    trigger: Notify,
    options: ManagerOptions,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn received(&self, number: ProviderNumber, update: Update) {
        self.options.metrics.received();
        if self.state().update(number, update) {
            self.trigger.notify_one();
        }
    }
}

impl Manager {
    /// Starts a manager without jobs. Maps leave through the receiver.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn new(
        factory: Arc<dyn ProviderFactory>,
        options: ManagerOptions,
    ) -> (Self, TargetsReceiver) {
        let throttle = Throttle::new(options.throttle, RandomState::new().hash_one(0u8));
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            trigger: Notify::new(),
            options,
        });
        let (sink, receiver) = output::channel();
        let root = CancellationToken::new();
        let tasks = TaskTracker::new();
        tasks.spawn(sender::run(shared.clone(), throttle, sink, root.clone()));
        (
            Self {
                shared,
                factory,
                root,
                tasks,
            },
            receiver,
        )
    }

    /// Replaces the configuration, one entry per job, each validated and with paths resolved.
    ///
    /// Returns when the new subscriptions are in force; a map that lists every job follows within a
    /// throttle wait. Building a provider may read small files (certificates, passwords).
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn apply_config(&self, jobs: BTreeMap<String, Vec<DiscoveryConfig>>) -> ApplyReport {
        let options = &self.shared.options;
        let mut state = self.shared.state();
        let applied = state.apply(
            jobs,
            &*self.factory,
            &self.root,
            Instant::now(),
            options.hold_replaced,
        );
        drop(state);

        options.metrics.applied(
            applied.failures.len(),
            &applied.new_sets,
            &applied.gone_sets,
        );
        for f in &applied.failures {
            tracing::error!(job = %f.job, mechanism = f.mechanism, error = %f.error, "cannot create service discovery");
        }
        for start in applied.start {
            self.start(start);
        }
        self.shared.trigger.notify_one();
        ApplyReport {
            failures: applied.failures,
        }
    }

    /// Stops everything, in less than a second. The receiver ends after the last map.
    pub async fn shutdown(&self) {
        self.root.cancel();
        self.tasks.close();
        if timeout(SHUTDOWN_LIMIT, self.tasks.wait()).await.is_err() {
            tracing::warn!("service discovery did not stop in time");
        }
    }

    fn start(&self, start: Start) {
        let Start {
            number,
            mechanism,
            set,
            provider,
            cancel,
        } = start;
        tracing::debug!(provider = %format_args!("{mechanism}/{number}"), config = %set, "starting provider");
        let shared = self.shared.clone();
        self.tasks.spawn(async move {
            let (updates, mut received) = mpsc::channel(UPDATE_QUEUE);
            let pump = async {
                while let Some(update) = received.recv().await {
                    shared.received(number, update);
                }
            };
            let run = async { tokio::join!(provider.run(cancel.clone(), updates), pump) };
            let deadline = async {
                cancel.cancelled().await;
                tokio::time::sleep(PROVIDER_GRACE).await;
            };
            tokio::select! {
                _ = run => tracing::debug!(provider = %format_args!("{mechanism}/{number}"), "provider ended"),
                () = deadline => tracing::warn!(
                    provider = %format_args!("{mechanism}/{number}"),
                    "provider did not stop in time and was dropped"
                ),
            }
        });
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        self.root.cancel();
    }
}

impl std::fmt::Debug for Manager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Manager").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
