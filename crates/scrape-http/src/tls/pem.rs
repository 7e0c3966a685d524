//! PEM texts to certificates and keys, with errors that say what is missing.

use std::path::Path;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::secret_file;

/// All certificates of a PEM text; at least one.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => {
            Err("holds no certificate in PEM form".to_owned())
        }
        Ok(certificates) => Ok(certificates),
        Err(e) => Err(format!("is not valid PEM: {e}")),
    }
}

/// The first private key of a PEM text.
pub(crate) fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|e| match e {
        rustls::pki_types::pem::Error::NoItemsFound => {
            "holds no unencrypted private key in PEM form".to_owned()
        }
        e => format!("is not valid PEM: {e}"),
    })
}

/// Trust anchors from a PEM text. Old bundles hold certificates that cannot be one: those are left out, as
/// long as any remains.
pub(crate) fn authorities(pem: &[u8]) -> Result<rustls::RootCertStore, String> {
    let mut roots = rustls::RootCertStore::empty();
    match roots.add_parsable_certificates(certificates(pem)?) {
        (0, _) => Err("holds no certificate that can be an authority".to_owned()),
        (_, ignored) => {
            if ignored > 0 {
                tracing::warn!(
                    ignored,
                    "some certificates of a CA bundle cannot be an authority"
                );
            }
            Ok(roots)
        }
    }
}

/// Whether a file can serve as `ca_file`.
pub(crate) fn check_authorities(path: &Path) -> Result<(), String> {
    authorities(&secret_file::read_bytes(path)?).map(drop)
}

/// Whether a file can serve as `cert_file`.
pub(crate) fn check_certificates(path: &Path) -> Result<(), String> {
    certificates(&secret_file::read_bytes(path)?).map(drop)
}

/// Whether a file can serve as `key_file`.
pub(crate) fn check_private_key(path: &Path) -> Result<(), String> {
    private_key(&secret_file::read_bytes(path)?).map(drop)
}
