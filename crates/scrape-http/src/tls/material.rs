//! The PEM texts of a `tls_config`, and a digest that tells whether any of them changed.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::config::TlsConfig;
use crate::secret_file;

/// What the configuration's files and inline texts hold at one moment.
pub(crate) struct Material {
    pub(crate) ca: Option<Vec<u8>>,
    pub(crate) cert: Option<Vec<u8>>,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) digest: [u8; 32],
}

/// Whether a configuration reads files, hence must look at them again on every request.
pub(crate) fn reads_files(config: &TlsConfig) -> bool {
    config.ca_file.is_some() || config.cert_file.is_some() || config.key_file.is_some()
}

/// Reads everything. The error names the key and the file.
pub(crate) fn read_blocking(config: &TlsConfig) -> Result<Material, String> {
    let ca = one("ca_file", &config.ca, &config.ca_file)?;
    let cert = one("cert_file", &config.cert, &config.cert_file)?;
    let inline_key = config.key.as_ref().map_or("", |key| key.expose());
    let key = one("key_file", inline_key, &config.key_file)?;
    let mut hash = Sha256::new();
    for part in [&ca, &cert, &key] {
        // Lengths keep a text from moving between parts unnoticed.
        let bytes = part.as_deref().unwrap_or_default();
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    Ok(Material {
        ca,
        cert,
        key,
        digest: hash.finalize().into(),
    })
}

fn one(key: &str, inline: &str, file: &Option<PathBuf>) -> Result<Option<Vec<u8>>, String> {
    match file {
        Some(path) => match secret_file::read_bytes(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) => Err(format!("{key} {}: {e}", path.display())),
        },
        None if inline.is_empty() => Ok(None),
        None => Ok(Some(inline.as_bytes().to_vec())),
    }
}
