//! TLS towards targets, token endpoints and proxies: rustls with the aws-lc provider.
//!
//! Guarantees: TLS 1.2 at least; a certificate's common name is never looked at; what comes from files is
//! read anew per request and a changed content leads to a new configuration. The cost per request is reading
//! and hashing those files.

mod material;
mod pem;
mod settings;
mod validity;
mod verify;

use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

pub(crate) use self::material::{Material, read_blocking, reads_files};
pub(crate) use self::pem::{check_authorities, check_certificates, check_private_key, private_key};
use crate::config::TlsConfig;
use crate::connect::Stream;

const ALPN_HTTP2: &[u8] = b"h2";

/// TLS as one configuration wants it, with the contents its files had when it was made.
pub(crate) struct Tls {
    config: TlsConfig,
    http2: bool,
    /// Made on first use unless the configuration brings certificates of its own: the system's
    /// authorities are read for nobody who speaks plain HTTP.
    made: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl Tls {
    /// Checks and takes over what the configuration brings.
    pub(crate) fn new(
        config: &TlsConfig,
        material: &Material,
        http2: bool,
    ) -> Result<Self, String> {
        let made = OnceLock::new();
        if material.ca.is_some() || material.cert.is_some() {
            let built = settings::client_config(config, material, http2)?;
            // Nobody else can have filled a cell that was made three lines above.
            drop(made.set(Ok(Arc::new(built))));
        }
        Ok(Self {
            config: config.clone(),
            http2,
            made,
        })
    }

    fn client_config(&self) -> Result<Arc<ClientConfig>, String> {
        let make = || {
            let nothing = Material {
                ca: None,
                cert: None,
                key: None,
                digest: [0; 32],
            };
            settings::client_config(&self.config, &nothing, self.http2).map(Arc::new)
        };
        self.made.get_or_init(make).clone()
    }

    /// Shakes hands with the target. Also says whether HTTP/2 was agreed on.
    pub(crate) async fn handshake(
        &self,
        host: &str,
        stream: Stream,
    ) -> Result<(Stream, bool), String> {
        let name = match self.config.server_name.as_str() {
            "" => host,
            name => name,
        };
        let stream = connect(self.client_config()?, name, stream).await?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(ALPN_HTTP2);
        Ok((Box::new(stream), http2))
    }

    /// Shakes hands with a proxy, which is known by its own name and always spoken to in HTTP/1.1.
    pub(crate) async fn proxy_handshake(
        &self,
        host: &str,
        stream: Stream,
    ) -> Result<Stream, String> {
        let mut config = (*self.client_config()?).clone();
        config.alpn_protocols.clear();
        Ok(Box::new(connect(Arc::new(config), host, stream).await?))
    }
}

async fn connect(
    config: Arc<ClientConfig>,
    name: &str,
    stream: Stream,
) -> Result<tokio_rustls::client::TlsStream<Stream>, String> {
    // A zone says through which interface, not who.
    let name = name
        .split('%')
        .next()
        .unwrap_or_default()
        .trim_end_matches('.');
    let name =
        ServerName::try_from(name.to_owned()).map_err(|e| format!("server name {name:?}: {e}"))?;
    TlsConnector::from(config)
        .connect(name, stream)
        .await
        .map_err(|e| e.to_string())
}
