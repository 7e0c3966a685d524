//! Orchestration: which targets are scraped, when, and what is known about them.
//!
//! - [`Manager`]: takes configurations ([`config`]) and target sets, owns one pool per job.
//! - A pool owns the loops of a job's targets; a loop scrapes one target on a stable schedule, through the
//!   port in [`fetch`] into storage.
//! - [`snapshot`] is what can be seen of it; [`ManagerOptions`] what the process decides.

#![forbid(unsafe_code)]

pub mod config;
mod engine;
mod failure;
mod failure_log;
pub mod fetch;
mod http;
mod manager;
mod metrics;
mod options;
mod pool;
mod reason;
mod scrape_loop;
pub mod snapshot;
mod target;
#[cfg(test)]
mod testing;

pub use failure::{Position, ScrapeFailure};
pub use failure_log::FailureLogError;
pub use http::HttpFetcherFactory;
pub use manager::{
    ApplyError, Manager, ManagerParts, PoolFailure, RelabelStep, TargetSource, UnknownPool,
};
pub use options::{DEFAULT_RELOAD_INTERVAL, ManagerOptions};
pub use pool::generation::GenerationError;
pub use reason::FailureReason;
pub use target::Health;
