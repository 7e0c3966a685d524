//! The HTTP client of targets and discovery, built from the HTTP client keys of a `prometheus.yml`.
//!
//! - [`config`]: those keys as plain data, checked, with defaults and without showing secrets.
//! - [`Client`]: made once per job; [`Request`]: made once per target; [`Client::fetch`] sends one.
//! - [`Response`]: status and headers at once, the body in inflated blocks while it arrives.
//! - [`FetchError`]: a [`Reason`] out of a fixed set, and a text that names the URL.

#![forbid(unsafe_code)]

mod base64;
mod client;
pub mod config;
mod connect;
mod credentials;
mod error;
mod inflate;
mod oauth2;
mod pool;
mod redirect;
mod request;
mod response;
mod secret_file;
mod target;
mod tls;
mod transport;
mod url;

/// A value that is never shown, as used in [`config`].
pub use scrape_core::Secret;

pub use self::client::{Client, ClientOptions};
pub use self::connect::ProxyEnvironment;
pub use self::error::{FetchError, Reason};
pub use self::request::{Request, seconds_text};
pub use self::response::{BLOCK_BYTES, Response};
