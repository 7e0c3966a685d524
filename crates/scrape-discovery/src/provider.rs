//! What a discovery mechanism is to the manager: a task that says what it sees, again and again.
//!
//! Debouncing, keeping the last good answer, merging and throttling are not its business: they are written
//! once, around every provider.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config::DiscoveryConfig;
use crate::group::TargetGroup;

/// A boxed future, as the provider trait must be usable as an object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Groups to replace by their source. One without targets removes its source; sources that are not named
/// stay as they are. The first update of a provider is its complete state, be it empty.
pub type Update = Vec<Arc<TargetGroup>>;

/// A running mechanism.
pub trait Provider: Send {
    /// Runs until `cancel` fires or nothing is left to watch; every wait must end at once when it fires.
    /// A provider that returns leaves its targets in place.
    ///
    /// A failing source is not reported through `updates`: silence keeps what was known. A source that
    /// answers with nothing is reported as empty groups.
    fn run(
        self: Box<Self>,
        cancel: CancellationToken,
        updates: mpsc::Sender<Update>,
    ) -> BoxFuture<'static, ()>;
}

/// Makes providers from configurations. The manager's own is [`crate::Mechanisms`]; tests and embedders
/// bring others.
pub trait ProviderFactory: Send + Sync {
    /// Builds, without starting anything.
    ///
    /// # Errors
    /// What makes the configuration unusable now, such as a certificate file that is missing.
    fn build(&self, config: &DiscoveryConfig) -> Result<Box<dyn Provider>, BuildError>;
}

/// Why a provider could not be built. The rest of the configuration still applies.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The mechanism is not in this build.
    #[error(
        "{key} is not supported by this build (mechanism {mechanism}); its targets are not discovered"
    )]
    Unsupported {
        /// The configuration key.
        key: &'static str,
        /// The mechanism's short name.
        mechanism: &'static str,
    },
    /// The configuration cannot work.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    /// Anything that the mechanism found, such as an unreadable certificate.
    #[error("{mechanism}: {reason}")]
    Other {
        /// The mechanism's short name.
        mechanism: &'static str,
        /// What failed, without secrets.
        reason: String,
    },
}
