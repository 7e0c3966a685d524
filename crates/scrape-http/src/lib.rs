//! The HTTP client of targets and discovery, built from the HTTP client keys of a `prometheus.yml`.
//!
//! - [`config`]: those keys as plain data, checked, with defaults and without showing secrets.
//! - [`Client`]: made once per job; [`Request`]: made once per target; [`Client::fetch`] sends one.
//! - [`Response`]: status and headers at once, the body in inflated blocks while it arrives.
//! - [`FetchError`]: a [`Reason`] out of a fixed set, and a text that names the URL.
//!
//! It stands on hyper's connections rather than on a ready-made client, because a scrape needs to know in
//! which step a deadline passed, to send a `server_name` that is not the URL's host, to bound what an idle
//! connection keeps in memory, and to decide itself what a redirect may carry.
//!
//! ```no_run
//! use scrape_http::{Client, ClientOptions, Request, config::HttpClientConfig};
//! # async fn scrape() -> Result<(), Box<dyn std::error::Error>> {
//! let config: HttpClientConfig = serde_json::from_str(r#"{"bearer_token_file": "/run/token"}"#)?;
//! let client = Client::new(&config, &ClientOptions::default())?;
//! let request = Request::get("https://localhost:9100/metrics")?.compression(true).body_size_limit(10 << 20);
//! let mut response = client.fetch(&request).await?.expect_ok().await?;
//! while let Some(block) = response.next_block().await? {
//!     println!("{} bytes", block.len());
//! }
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod base64;
mod client;
pub mod config;
mod connect;
mod credentials;
mod error;
mod inflate;
mod lane;
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
pub use self::connect::{DialCounters, ProxyEnvironment};
pub use self::error::{FetchError, Reason};
pub use self::request::{Request, seconds_text};
pub use self::response::{BLOCK_BYTES, Response};
