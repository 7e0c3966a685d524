//! The HTTP client of targets and discovery, built from the `http_config` keys of a `prometheus.yml`.
//!
//! [`config`] is the plain data; [`Reason`] and [`FetchError`] say how a fetch fails.

#![forbid(unsafe_code)]

pub mod config;
mod error;
mod secret_file;
mod tls;
mod url;

/// A value that is never shown, as used in [`config`].
pub use scrape_core::Secret;

pub use self::error::{FetchError, Reason};
