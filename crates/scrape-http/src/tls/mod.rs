//! TLS towards targets, token endpoints and proxies: rustls with the aws-lc provider.
//!
//! Guarantees: TLS 1.2 at least; a certificate's common name is never looked at; what comes from files is
//! read anew per request and a changed content leads to a new configuration. The cost per request is reading
//! and hashing those files.

mod pem;

pub(crate) use self::pem::{check_authorities, check_certificates, check_private_key};
