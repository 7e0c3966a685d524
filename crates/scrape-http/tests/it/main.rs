//! The client against servers that misbehave: every byte they send is written by the test.

mod bodies;
mod credentials;
mod deadlines;
mod dials;
mod exchange;
mod oauth2;
mod proxies;
mod redirects;
mod server;
mod tls;
mod tls_server;
mod unix;
