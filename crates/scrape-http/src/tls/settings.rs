//! From a `tls_config` to what rustls wants.

use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use super::material::Material;
use super::verify::{AcceptAny, TrustedLeaf};
use super::{ALPN_HTTP2, pem};
use crate::config::{TlsConfig, TlsVersion};

/// Builds the client side of TLS.
pub(super) fn client_config(
    config: &TlsConfig,
    material: &Material,
    http2: bool,
) -> Result<ClientConfig, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions(config))
        .map_err(|e| e.to_string())?;
    let builder = if config.insecure_skip_verify {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AcceptAny::new(&provider)))
    } else if let Some(ca) = &material.ca {
        let verifier = verifier(ca, &provider).map_err(|e| format!("ca: {e}"))?;
        builder
            .dangerous()
            .with_custom_certificate_verifier(verifier)
    } else {
        builder.with_root_certificates(system_roots())
    };
    let mut built = match (&material.cert, &material.key) {
        (Some(cert), Some(key)) => {
            let chain = pem::certificates(cert).map_err(|e| format!("cert: {e}"))?;
            let key = pem::private_key(key).map_err(|e| format!("key: {e}"))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|e| format!("cert and key: {e}"))?
        }
        _ => builder.with_no_client_auth(),
    };
    if http2 {
        built.alpn_protocols = vec![ALPN_HTTP2.to_vec(), b"http/1.1".to_vec()];
    }
    Ok(built)
}

fn verifier(ca: &[u8], provider: &Arc<CryptoProvider>) -> Result<Arc<TrustedLeaf>, String> {
    let roots = Arc::new(pem::authorities(ca)?);
    let chains = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
        .build()
        .map_err(|e| e.to_string())?;
    Ok(Arc::new(TrustedLeaf::new(chains, pem::certificates(ca)?)))
}

fn versions(config: &TlsConfig) -> Vec<&'static SupportedProtocolVersion> {
    let min = config.min_version.unwrap_or(TlsVersion::Tls12);
    let max = config.max_version.unwrap_or(TlsVersion::Tls13);
    let known = [
        (TlsVersion::Tls12, &rustls::version::TLS12),
        (TlsVersion::Tls13, &rustls::version::TLS13),
    ];
    known
        .iter()
        .filter(|(version, _)| (min..=max).contains(version))
        .map(|(_, spoken)| *spoken)
        .collect()
}

/// The authorities this system trusts, read once per process.
fn system_roots() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let load = || {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "some of the system's certificate authorities cannot be read");
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        Arc::new(roots)
    };
    Arc::clone(ROOTS.get_or_init(load))
}
