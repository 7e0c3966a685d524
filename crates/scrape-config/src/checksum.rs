//! A checksum over the main file and the files it includes, by which automatic reloading notices a change.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::diagnose::Diagnostic;
use crate::load::{paths_of_includes, read_bytes};

/// SHA-256 over everything that a configuration is made of. Equal sums mean that a reload would change
/// nothing, except for environment variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checksum([u8; 32]);

/// Why a checksum cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}", path = path.display())]
pub struct ChecksumError {
    /// The file.
    pub path: PathBuf,
    /// Why it cannot be read.
    pub reason: String,
}

impl From<(&Path, Box<Diagnostic>)> for ChecksumError {
    fn from((path, diagnostic): (&Path, Box<Diagnostic>)) -> Self {
        Self {
            path: path.to_path_buf(),
            reason: diagnostic.message,
        }
    }
}

/// The checksum of a configuration as it is on disk now. A file that is no valid configuration has one too:
/// it must be possible to notice that it was put right.
///
/// Names count as well as contents, so that a renamed file is a change.
///
/// # Errors
/// A file that cannot be read.
pub fn checksum(path: &Path) -> Result<Checksum, ChecksumError> {
    let main = read_bytes(path).map_err(|d| (path, d))?;
    let mut hash = Sha256::new();
    hash.update(&main);
    for included in paths_of_includes(path, main) {
        let content = read_bytes(&included).map_err(|d| (included.as_path(), d))?;
        // `s`: a scrape configuration file.
        hash.update(b"s\0");
        hash.update(included.as_os_str().as_encoded_bytes());
        hash.update(b"\0");
        hash.update(&content);
        hash.update(b"\0");
    }
    Ok(Checksum(hash.finalize().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_main_and_included_files_are_noticed_even_in_a_broken_file() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let write = |name: &str, text: &str| {
            std::fs::write(dir.path().join(name), text).expect("written");
        };
        let main = dir.path().join("main.yml");
        let sum = || checksum(&main).expect("readable");
        write("main.yml", "scrape_config_files: ['inc*.yml']\n");
        let nothing = sum();
        assert_eq!(nothing, sum());
        write("inc1.yml", "scrape_configs: []\n");
        let one = sum();
        assert_ne!(one, nothing);
        write("inc1.yml", "scrape_configs: [\n");
        assert_ne!(sum(), one, "no longer valid");
        write("other.yml", "");
        let before = sum();
        write("main.yml", "scrape_config_files: ['inc*.yml'\n");
        assert_ne!(sum(), before, "not valid at all");
        assert!(checksum(&dir.path().join("gone.yml")).is_err());
    }
}
