//! The files that a pattern names.

use std::path::PathBuf;

use scrape_discovery::file::glob;

/// The existing files that match, ascending within a directory. A pattern or name that matches nothing is no
/// mistake.
pub(crate) fn matching(pattern: &str) -> Result<Vec<PathBuf>, String> {
    let paths = glob::expand(pattern).map_err(|e| e.to_string())?;
    Ok(paths.into_iter().map(PathBuf::from).collect())
}
