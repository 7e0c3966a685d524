//! The HTTP interface: metrics, health, lifecycle, the JSON API of Prometheus as far as it is about
//! scraping, and two plain pages.
//!
//! The crate reads the rest of the program through two small traits, [`EngineView`] and [`StatusView`], whose
//! answers are snapshots: no request waits for a reload or for a scrape. It never sees a secret: what it
//! shows of the configuration was redacted by its owner.

mod admin;
mod api;
mod engine;
mod external;
mod gate;
mod pages;
mod params;
mod reply;
mod router;
pub mod selector;
mod server;
mod stall;
mod state;
#[cfg(test)]
mod testing;
mod time;
mod view;

pub use external::{ExternalUrl, ExternalUrlError};
pub use gate::Gate;
pub use router::{RoutePrefixError, router};
pub use server::{ServerLimits, serve};
pub use state::{ReloadRequest, WebOptions, WebState};
pub use view::{
    BodyPosition, BuildInfo, EngineView, HeadStats, Health, MetadataEntry, PoolView, RelabelStep,
    RuntimeInfo, Stat, StatusView, TargetStatus, TargetView, TsdbStatus,
};
