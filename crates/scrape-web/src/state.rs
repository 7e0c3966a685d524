//! What all handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use scrape_core::registry::Registry;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::external::ExternalUrl;
use crate::view::{EngineView, StatusView};

/// Asks the program to load its configuration again; answered with what went wrong, if anything. The text
/// must not hold secrets.
pub type ReloadRequest = oneshot::Sender<Result<(), String>>;

/// Settings.
#[derive(Debug, Clone)]
pub struct WebOptions {
    /// Where users reach this server.
    pub external_url: ExternalUrl,
    /// The path under which everything is served, without a trailing slash; empty for the root.
    pub route_prefix: String,
    /// The port that is listened on, to recognise the server among its own targets.
    pub listen_port: u16,
    /// Whether `/-/reload` and `/-/quit` work.
    pub enable_lifecycle: bool,
}

/// What all handlers share. A clone is another handle to the same.
#[derive(Clone)]
pub struct WebState {
    pub(crate) options: Arc<WebOptions>,
    pub(crate) engine: Arc<dyn EngineView>,
    pub(crate) status: Arc<dyn StatusView>,
    pub(crate) registry: Registry,
    pub(crate) reload: mpsc::Sender<ReloadRequest>,
    pub(crate) quit: CancellationToken,
    ready: Arc<AtomicBool>,
}

impl WebState {
    /// A server that is not ready yet. Reloads are asked for through `reload`; `quit` fires when a client
    /// asks the program to end.
    pub fn new(
        options: WebOptions,
        engine: Arc<dyn EngineView>,
        status: Arc<dyn StatusView>,
        registry: Registry,
        reload: mpsc::Sender<ReloadRequest>,
        quit: CancellationToken,
    ) -> Self {
        Self {
            options: Arc::new(options),
            engine,
            status,
            registry,
            reload,
            quit,
            ready: Arc::default(),
        }
    }

    /// Says whether the program has started: before, the API answers 503.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Release);
    }

    /// Whether the program has started.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }
}

impl std::fmt::Debug for WebState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebState")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
