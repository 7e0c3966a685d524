//! PEM texts to certificates and keys, with errors that say what is missing.

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{Error, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// All certificates of a PEM text; at least one.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => {
            Err("holds no certificate in PEM form".to_owned())
        }
        Ok(certificates) => Ok(certificates),
        Err(e) => Err(malformed(&e)),
    }
}

/// The first private key of a PEM text.
pub(crate) fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|e| match e {
        Error::NoItemsFound => "holds no unencrypted private key in PEM form".to_owned(),
        e => malformed(&e),
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

/// Whether a text can serve as authorities.
pub(crate) fn check_authorities(pem: &[u8]) -> Result<(), String> {
    authorities(pem).map(drop)
}

/// Whether a text can serve as a certificate chain.
pub(crate) fn check_certificates(pem: &[u8]) -> Result<(), String> {
    certificates(pem).map(drop)
}

/// Whether a text can serve as a private key.
pub(crate) fn check_private_key(pem: &[u8]) -> Result<(), String> {
    let key = private_key(pem)?;
    match aws_lc_rs::sign::any_supported_type(&key) {
        Ok(_) => Ok(()),
        Err(e) => Err(format!("holds no usable private key: {e}")),
    }
}

/// What is wrong with a PEM text. The library's words quote it, and it may be a key.
fn malformed(e: &Error) -> String {
    let what = match e {
        Error::MissingSectionEnd { .. } => "a BEGIN line without its END line",
        Error::IllegalSectionStart { .. } => "a BEGIN line that is malformed",
        Error::Base64Decode(_) => "text between BEGIN and END that is not base64",
        Error::NoItemsFound => "nothing to read",
        _ => "an error",
    };
    format!("is not valid PEM: it has {what}")
}
