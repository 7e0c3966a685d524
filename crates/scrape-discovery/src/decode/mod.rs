//! Lists of target groups as others write them: `[{targets: […], labels: {…}}]`, in JSON (files, HTTP) and
//! YAML (files). Pure: bytes in, groups or a reason with its place out.
//!
//! A document is taken whole or refused whole; half a list would make targets vanish.

mod json;
mod yaml;

pub use json::decode_json;
pub use yaml::decode_yaml;

use crate::config::StaticConfig;

/// Why a document is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct DecodeError {
    /// From 1; 0 if the document as a whole is meant.
    pub line: u64,
    /// From 1; 0 if the document as a whole is meant.
    pub column: u64,
    /// What is wrong.
    pub reason: String,
}

impl DecodeError {
    fn whole(reason: impl Into<String>) -> Self {
        Self {
            line: 0,
            column: 0,
            reason: reason.into(),
        }
    }
}

/// What both formats refuse after parsing: null groups and empty label names.
fn check(groups: Vec<Option<StaticConfig>>) -> Result<Vec<StaticConfig>, DecodeError> {
    let mut out = Vec::with_capacity(groups.len());
    for (i, group) in groups.into_iter().enumerate() {
        let group = group.ok_or_else(|| DecodeError::whole(format!("group {i} is null")))?;
        if group.labels.contains_key("") {
            return Err(DecodeError::whole(format!(
                "group {i} has a label with an empty name"
            )));
        }
        out.push(group);
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
