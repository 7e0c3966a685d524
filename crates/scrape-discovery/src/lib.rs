//! Service discovery: providers say what they see, the [`Manager`] merges it per job and hands complete
//! maps to the engine.

pub mod config;
pub mod decode;
pub mod file;
pub mod metrics;

mod fixed;
mod group;
mod manager;
mod mechanisms;
mod provider;
mod recover;

pub use config::DiscoveryConfig;
pub use group::{ADDRESS_LABEL, TargetGroup, TargetSets};
pub use manager::{
    ApplyReport, Failure, Manager, ManagerOptions, TargetsReceiver, ThrottleOptions,
};
pub use mechanisms::Mechanisms;
pub use provider::{BoxFuture, BuildError, Provider, ProviderFactory, Update};
