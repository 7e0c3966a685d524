//! Another configuration for a running pool.

use super::generation::{Generation, GenerationError, cache_is_reusable, loops_may_stay};
use super::{Pool, State};
use crate::config::ScrapeConfig;
use crate::scrape_loop::control::{LoopControl, Stop};
use scrape_core::units::go_duration_text;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::time::Instant;

impl Pool {
    /// Gives every loop a successor under a new configuration and returns when all old loops have stopped.
    /// Nothing happens when the configuration is the same, and loops go on when it does not concern them.
    ///
    /// `current` gives the configuration once it is this reload's turn: should several wait, none goes back to an
    /// older one. `building` bounds how many pools build clients at the same time, not how many wait for scrapes.
    ///
    /// # Errors
    /// When the client or a rule cannot be built; the pool goes on as before.
    pub(crate) async fn reload(
        &self,
        current: impl Fn() -> Option<Arc<ScrapeConfig>> + Send,
        building: &Semaphore,
    ) -> Result<(), GenerationError> {
        let result = self.reload_exclusively(current, building).await;
        self.work_off();
        result
    }

    async fn reload_exclusively(
        &self,
        current: impl Fn() -> Option<Arc<ScrapeConfig>> + Send,
        building: &Semaphore,
    ) -> Result<(), GenerationError> {
        let mut state = self.state.lock().await;
        let Some(config) = current() else {
            return Ok(());
        };
        if state.closed || *state.generation.config == *config {
            return Ok(());
        }
        let start = Instant::now();
        let metrics = &self.engine.metrics;
        metrics.pool_reloads.inc();
        let interval = go_duration_text(config.scrape_interval);
        let stopping = match self.replace(&mut state, config, building).await {
            Ok(stopping) => stopping,
            Err(error) => {
                metrics.pool_reloads_failed.inc();
                return Err(error);
            }
        };
        for control in stopping {
            control.stopped().await;
        }
        metrics
            .reload_length
            .with([&interval])
            .observe(start.elapsed().as_secs_f64());
        Ok(())
    }

    /// Replaces the generation and the loops; returns the old loops, which were told to stop.
    async fn replace(
        &self,
        state: &mut State,
        config: Arc<ScrapeConfig>,
        building: &Semaphore,
    ) -> Result<Vec<Arc<LoopControl>>, GenerationError> {
        let old = Arc::clone(&state.generation);
        let mut stopping = Vec::new();
        if loops_may_stay(&old.config, &config) {
            state.generation = Arc::new(old.reconfigured(config, &self.engine)?);
        } else {
            // The semaphore is never closed; if it were, there would be no bound to keep.
            let permit = building.acquire().await.ok();
            let engine = Arc::clone(&self.engine);
            let dials = self.shared.metrics.dials.clone();
            let built =
                tokio::task::spawn_blocking(move || Generation::try_new(config, &engine, &dials))
                    .await;
            let generation =
                Arc::new(built.unwrap_or_else(|e| Err(GenerationError::Panicked(e.to_string())))?);
            drop(permit);
            let why = match cache_is_reusable(&old.config, &generation.config) {
                true => Stop::HandOver,
                false => Stop::EndOfRun,
            };
            for running in state.loops.values_mut() {
                let before = Arc::clone(&running.control);
                let successor = self.start(
                    &generation,
                    Arc::clone(&running.target),
                    Some(Arc::clone(&before)),
                );
                before.stop(why);
                *running = successor;
                stopping.push(before);
            }
            state.generation = generation;
        }
        // Other relabel rules make other targets of the same groups.
        state.synced = None;
        self.enforce_target_limit(state);
        self.publish(state);
        Ok(stopping)
    }
}
