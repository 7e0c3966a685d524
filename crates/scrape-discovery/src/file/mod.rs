//! `file_sd_configs`: lists of targets in files that others write.
//!
//! Directories are watched, not files, so that a rename onto a file and the swap of a symlink are seen.
//! Announcements are a hint only: everything is read again every `refresh_interval` (every 30 s at most
//! while the system refuses to watch), and a file that cannot be read keeps its targets.

pub mod glob;
mod metrics;
mod scan;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

pub use metrics::{FileMetrics, FileMetricsSnapshot};

use crate::config::FileSdConfig;
use crate::provider::{BoxFuture, Provider, Update};
use scan::Scanner;
use watch::{DirectoryWatcher, NewWatcher, system_watcher};

/// How long announcements are gathered: writers touch several files, and each several times.
const DEBOUNCE: Duration = Duration::from_millis(100);
/// A directory that changes all the time may cost a tenth of one core: after a scan that took t, the next
/// announced one waits 10 t, up to this.
const MAX_DEBOUNCE: Duration = Duration::from_secs(5);
/// How often everything is read while changes are not announced.
const POLL: Duration = Duration::from_secs(30);

/// Discovers the targets in the files of one configuration.
pub struct FileProvider {
    config: FileSdConfig,
    metrics: Arc<FileMetrics>,
    new_watcher: NewWatcher,
}

impl FileProvider {
    /// A provider for a validated configuration.
    pub fn new(config: FileSdConfig, metrics: Arc<FileMetrics>) -> Self {
        Self {
            config,
            metrics,
            new_watcher: system_watcher,
        }
    }
}

impl std::fmt::Debug for FileProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileProvider")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Provider for FileProvider {
    fn run(
        self: Box<Self>,
        cancel: CancellationToken,
        updates: mpsc::Sender<Update>,
    ) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            tokio::select! {
                () = cancel.cancelled() => {}
                () = self.watch_and_scan(updates) => {}
            }
        })
    }
}

/// What a scan needs, moved to a blocking thread and back.
struct Eyes {
    scanner: Scanner,
    watcher: Option<Box<dyn DirectoryWatcher>>,
}

impl FileProvider {
    /// Runs until the receiver is gone.
    async fn watch_and_scan(self, updates: mpsc::Sender<Update>) {
        let bell = Arc::new(Notify::new());
        let mut eyes = Eyes {
            scanner: Scanner::new(self.config.files.clone(), self.metrics.clone()),
            watcher: None,
        };
        let mut first = true;
        let mut watch_failed = false;
        loop {
            let looked = spawn_blocking({
                let (bell, metrics, new_watcher) =
                    (bell.clone(), self.metrics.clone(), self.new_watcher);
                move || look(eyes, bell, metrics, new_watcher)
            });
            // It fails when it panicked or the runtime is going down; what is known stays.
            let Ok(looked) = looked.await else { return };
            eyes = looked.eyes;
            if let Some(error) = &looked.watch_error
                && !watch_failed
            {
                tracing::error!(%error, "cannot watch files for changes, polling instead");
            }
            watch_failed = looked.watch_error.is_some();
            // The first update is the complete state, even if that is nothing.
            if (first || !looked.update.is_empty()) && updates.send(looked.update).await.is_err() {
                return;
            }
            first = false;

            let interval = self.config.refresh_interval.as_duration();
            let interval = if watch_failed {
                interval.min(POLL)
            } else {
                interval
            };
            let tick = Instant::now() + interval;
            tokio::select! {
                () = sleep_until(tick) => {}
                () = bell.notified() => {
                    sleep((looked.took * 10).clamp(DEBOUNCE, MAX_DEBOUNCE)).await;
                }
            }
        }
    }
}

struct Looked {
    eyes: Eyes,
    update: Update,
    watch_error: Option<String>,
    took: Duration,
}

/// Watches first, then reads: what changes in between rings again.
fn look(
    mut eyes: Eyes,
    bell: Arc<Notify>,
    metrics: Arc<FileMetrics>,
    new_watcher: NewWatcher,
) -> Looked {
    let started = std::time::Instant::now();
    let mut watch_error = None;
    if eyes.watcher.is_none() {
        match new_watcher(bell, metrics.clone()) {
            Ok(watcher) => eyes.watcher = Some(watcher),
            Err(error) => watch_error = Some(error),
        }
    }
    if let Some(watcher) = &mut eyes.watcher {
        watch_error = watcher.watch(&eyes.scanner.directories()).err();
    }
    if watch_error.is_some() {
        metrics.watcher_error();
    }
    let update = eyes.scanner.scan();
    let took = started.elapsed();
    metrics.scanned(took);
    Looked {
        eyes,
        update,
        watch_error,
        took,
    }
}

#[cfg(test)]
mod tests;
