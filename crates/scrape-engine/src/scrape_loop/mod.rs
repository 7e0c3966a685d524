//! One target's life: wait for its slot, scrape, wait for the next slot; when told to stop, hand the cache
//! over, end the series, or simply leave.
//!
//! Guarantees (spec: loop timing, end of run):
//! - Scrapes of one target never overlap, not even across a reload: a successor waits for its predecessor.
//! - Slots are pinned to absolute time by the target's identity; a scrape that overruns costs the slots it
//!   overran but the one it should have ended by, which runs at once.
//! - A scrape that we cancel ourselves leaves no trace in storage.
//! - A loop that ends for good writes the stale markers of its series two ticks and a tenth later, so that a
//!   successor that took over is never contradicted.
//!
//! Cost: an idle loop is one task without buffers; the state of a running scrape is allocated when it starts.

mod attempt;
pub(crate) mod control;

use crate::engine::Engine;
use crate::pool::generation::Generation;
use crate::pool::shared::PoolShared;
use crate::target::RunningTarget;
use control::{Carried, LoopControl, Stop, StoppedOnDrop};
use scrape_core::pass;
use scrape_core::schedule::{Aligner, offset_ns};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior};

/// Everything a loop works with.
pub(crate) struct ScrapeLoop {
    pub(crate) engine: Arc<Engine>,
    pub(crate) pool: Arc<PoolShared>,
    pub(crate) generation: Arc<Generation>,
    pub(crate) target: Arc<RunningTarget>,
    pub(crate) control: Arc<LoopControl>,
    /// The loop of the same target that this one succeeds.
    pub(crate) predecessor: Option<Arc<LoopControl>>,
}

impl ScrapeLoop {
    /// The task of the loop.
    pub(crate) async fn run(mut self) {
        let stopped = StoppedOnDrop(Arc::clone(&self.control));
        let mut carried = self.take_over().await;
        if !self.control.is_stopping() {
            self.scrape_until_stopped(&mut carried).await;
        }
        match self.control.why() {
            Stop::HandOver => self.control.leave(carried),
            Stop::Shutdown => {}
            Stop::EndOfRun => {
                drop(stopped);
                if carried.reported {
                    self.end_of_run(*carried).await;
                }
            }
        }
    }

    /// Waits for the predecessor and takes what it left. Also done by a loop that was stopped before it ran:
    /// its own successor counts on it.
    async fn take_over(&mut self) -> Box<Carried> {
        let mut carried = None;
        if let Some(predecessor) = self.predecessor.take() {
            predecessor.stopped().await;
            carried = predecessor.take();
        }
        carried.unwrap_or_else(|| {
            self.target.metadata().clear();
            Box::default()
        })
    }

    async fn scrape_until_stopped(&mut self, carried: &mut Carried) {
        let wait = self.until_slot() + self.engine.options.initial_scrape_offset;
        let stopped_early = tokio::select! {
            biased;
            () = self.control.stopping() => true,
            () = tokio::time::sleep(wait) => false,
        };
        let mut aligner = self.aligner();
        if !stopped_early {
            let mut ticks = ticks(self.target.interval(), self.target.interval());
            let mut last_start = None;
            loop {
                if self
                    .scrape(carried, &mut aligner, &mut last_start)
                    .await
                    .is_break()
                {
                    return;
                }
                tokio::select! {
                    biased;
                    () = self.control.stopping() => break,
                    _ = ticks.tick() => {}
                }
            }
        }
        if self.control.why() == Stop::Shutdown && self.engine.options.scrape_on_shutdown {
            let last = self.scrape(carried, &mut aligner, &mut None).await;
            if last.is_break() {
                tracing::debug!(scrape_job = %self.pool.job, target = self.target.url(), "last scrape cancelled");
            }
        }
    }

    /// One scrape. Breaks when the pool was cancelled meanwhile.
    async fn scrape(
        &self,
        carried: &mut Carried,
        aligner: &mut Aligner,
        last_start: &mut Option<Instant>,
    ) -> ControlFlow<()> {
        let start = Instant::now();
        if let Some(last) = last_start.replace(start) {
            self.target
                .intervals()
                .observe(start.saturating_duration_since(last));
        }
        let t_ms = aligner
            .align(self.engine.clock.now_ns())
            .div_euclid(1_000_000);
        // Boxed, so that the idle task does not hold room for it.
        let work = Box::pin(attempt::run(self, &mut carried.cache, t_ms, start));
        tokio::select! {
            biased;
            () = self.pool.cancel.cancelled() => ControlFlow::Break(()),
            () = work => {
                carried.reported = true;
                ControlFlow::Continue(())
            }
        }
    }

    async fn end_of_run(self, mut carried: Carried) {
        let interval = self.target.interval();
        let mut ticks = ticks(self.until_slot(), interval);
        let mut markers_at_ms = None;
        let wait = async {
            ticks.tick().await;
            markers_at_ms = Some(self.engine.clock.now_ms());
            ticks.tick().await;
            tokio::time::sleep(interval / 10).await;
        };
        tokio::select! {
            biased;
            () = self.pool.cancel.cancelled() => return,
            () = wait => {}
        }
        let Some(t_ms) = markers_at_ms else { return };
        if self.control.markers_disabled() {
            return;
        }
        let (cfg, labels) = (
            self.generation.pass(&self.target),
            self.target.public_labels(),
        );
        let ended = pass::end_of_run(
            &mut carried.cache,
            &cfg,
            labels,
            &*self.engine.appendable,
            t_ms,
        );
        match ended {
            Ok(stats) => tracing::debug!(
                scrape_job = %self.pool.job, target = self.target.url(), samples = stats.samples, "series ended"
            ),
            Err(error) => tracing::warn!(
                scrape_job = %self.pool.job, target = self.target.url(), %error, "writing end-of-run markers failed"
            ),
        }
    }

    fn until_slot(&self) -> Duration {
        let (interval, hash) = (nanos(self.target.interval()), self.target.hash());
        let wait = offset_ns(
            self.engine.clock.now_ns(),
            interval,
            hash,
            self.engine.seed(),
        );
        Duration::from_nanos(wait.unsigned_abs())
    }

    fn aligner(&self) -> Aligner {
        let o = &self.engine.options;
        let tolerance = if o.adjust_timestamps {
            nanos(o.timestamp_tolerance)
        } else {
            0
        };
        Aligner::new(
            self.engine.clock.now_ns(),
            nanos(self.target.interval()),
            tolerance,
        )
    }
}

/// Nanoseconds; what does not fit is longer than any process runs.
fn nanos(d: Duration) -> i64 {
    i64::try_from(d.as_nanos()).unwrap_or(i64::MAX)
}

/// Ticks after `first`, then every `interval`, on that grid: of several missed ticks one is delivered late.
fn ticks(first: Duration, interval: Duration) -> Interval {
    let mut ticks = tokio::time::interval_at(Instant::now() + first, interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks
}

#[cfg(test)]
mod tests;

/// Bytes of the state of a loop's task.
#[cfg(test)]
pub(crate) fn future_bytes() -> usize {
    fn size<F>(_: impl Fn(ScrapeLoop) -> F) -> usize {
        size_of::<F>()
    }
    size(ScrapeLoop::run)
}
