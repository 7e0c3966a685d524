//! What can be wrong with a rule.

use super::Action;
use super::regex::PatternError;

/// A rule that cannot be used. [`RelabelError::field`] says which of its fields is to blame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RelabelError {
    /// A label name that no label can have.
    #[error("source_labels: {name:?} is not a valid label name")]
    SourceLabel {
        /// The name as written.
        name: String,
    },
    /// `hashmod` divides by it.
    #[error("modulus: action hashmod needs a modulus above 0")]
    Modulus,
    /// The action writes to, or compares with, a label that is not given.
    #[error("target_label: action {action} needs a target_label")]
    TargetLabelMissing {
        /// The action of the rule.
        action: Action,
    },
    /// The target cannot be a label name.
    #[error("target_label: {name:?} is not a valid label name for action {action}")]
    TargetLabel {
        /// The action of the rule.
        action: Action,
        /// The name as written.
        name: String,
    },
    /// The replacement of `labelmap` cannot become a label name.
    #[error("replacement: {text:?} is not a valid label name for action labelmap")]
    Replacement {
        /// The replacement as written.
        text: String,
    },
    /// A field that the action does not use.
    #[error("{field}: action {action} does not use it, remove it")]
    Unused {
        /// The action of the rule.
        action: Action,
        /// The field.
        field: &'static str,
    },
    /// A pattern that does not compile.
    #[error("regex: {0}")]
    Regex(#[source] PatternError),
}

impl RelabelError {
    /// The field of the rule that is to blame, as written in the configuration.
    pub fn field(&self) -> &'static str {
        match self {
            Self::SourceLabel { .. } => "source_labels",
            Self::Modulus => "modulus",
            Self::TargetLabelMissing { .. } | Self::TargetLabel { .. } => "target_label",
            Self::Replacement { .. } => "replacement",
            Self::Unused { field, .. } => field,
            Self::Regex(_) => "regex",
        }
    }
}
