//! Files that hold one secret. They are read anew for every request, so that rotating one needs no reload.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use scrape_core::Secret;

/// More than any password, token or PEM bundle needs, and little enough to read on every request.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Reads a secret and trims the whitespace around it. The error says why, without the path.
pub(crate) fn read_blocking(path: &Path) -> Result<Secret, String> {
    let bytes = read_bytes(path)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Secret::new(text.trim())),
        Err(_) => Err("is not UTF-8 text".to_owned()),
    }
}

/// Reads a file of bounded size.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| e.to_string())?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("is larger than {MAX_FILE_BYTES} bytes"));
    }
    Ok(bytes)
}
