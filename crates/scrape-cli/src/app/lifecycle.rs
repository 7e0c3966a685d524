//! Everything that can happen to a running program, the loop over it, and the way out.

use super::App;
use anyhow::{Context, Result};
use scrape_engine::Manager;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// How long the parts get to end.
const STOP_LIMIT: Duration = Duration::from_millis(3500);

enum Event {
    Stop(&'static str),
    Reload(Option<scrape_web::ReloadRequest>),
    LookForChanges,
}

/// The signals. Made before anything else, so that none of them kills a program that is still starting.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    pub(crate) fn listen() -> Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context("listening for SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("listening for SIGINT")?,
            hangup: signal(SignalKind::hangup()).context("listening for SIGHUP")?,
        })
    }

    /// Waits for a signal that ends the program; returns its name.
    pub(crate) async fn stop(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Waits for either kind.
    async fn event(&mut self) -> Event {
        tokio::select! {
            _ = self.terminate.recv() => Event::Stop("SIGTERM"),
            _ = self.interrupt.recv() => Event::Stop("SIGINT"),
            _ = self.hangup.recv() => Event::Reload(None),
        }
    }
}

impl App {
    /// Works until told to stop; then drains.
    pub(crate) async fn run(mut self, mut signals: Signals) -> Result<()> {
        let period = self
            .settings
            .auto_reload
            .unwrap_or(Duration::from_secs(3600));
        let mut look = interval_at(Instant::now() + period, period);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let event = tokio::select! {
                event = signals.event() => event,
                () = self.quit.cancelled() => Event::Stop("request"),
                Some(request) = self.reload_requests.recv() => Event::Reload(Some(request)),
                _ = look.tick(), if self.settings.auto_reload.is_some() => Event::LookForChanges,
            };
            match event {
                Event::Stop(reason) => {
                    tracing::info!(reason, "stopping");
                    return self.stop().await;
                }
                Event::Reload(request) => self.reload(request),
                Event::LookForChanges => {
                    let reloader = self.reloader.clone();
                    tokio::spawn(async move { reloader.reload_if_changed().await });
                }
            }
        }
    }

    /// A reload may wait for scrapes to end; signals must not.
    fn reload(&self, request: Option<scrape_web::ReloadRequest>) {
        let reloader = self.reloader.clone();
        tokio::spawn(async move {
            let result = reloader.reload().await;
            if let Some(request) = request {
                // The client may have gone.
                drop(request.send(result));
            }
        });
    }

    async fn stop(self) -> Result<()> {
        self.web.set_ready(false);
        let engine = self.engine.clone();
        let discovery = self.discovery.clone();
        let parts = async move {
            discovery.shutdown().await;
            engine.stop().await;
        };
        if tokio::time::timeout(STOP_LIMIT, parts).await.is_err() {
            tracing::warn!("not every task ended in time; what was committed is safe");
        }
        self.engine_task.abort();
        self.keeper.stop();
        let store = self.store.clone();
        let closed = tokio::task::spawn_blocking(move || store.close()).await;
        self.web_stop.cancel();
        // Open requests of slow clients do not hold up the exit.
        drop(tokio::time::timeout(Duration::from_millis(500), self.web_task).await);
        closed
            .context("closing the store was interrupted")?
            .context("closing the store")?;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Says how many targets there are as soon as discovery has found some and finds no more for the moment (or
/// nothing for a while).
pub(crate) fn announce_targets(engine: Manager) {
    tokio::spawn(async move {
        let (mut targets, mut same) = (0, 0);
        for _ in 0..50 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let now = engine
                .active_targets(None)
                .values()
                .map(Vec::len)
                .sum::<usize>();
            same = if now > 0 && now == targets {
                same + 1
            } else {
                0
            };
            targets = now;
            if same == 2 {
                break;
            }
        }
        tracing::info!(jobs = engine.scrape_pools().len(), targets, "scraping");
    });
}
