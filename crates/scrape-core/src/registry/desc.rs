//! What a family is called and says about itself, and what can be wrong with that.

use std::fmt;
use std::sync::Arc;

use crate::labels::{is_legacy_label_name, is_legacy_metric_name};

/// Name, help text and fixed labels of a family.
#[derive(Debug, Clone)]
pub struct Desc {
    pub(super) name: Arc<str>,
    pub(super) help: Arc<str>,
    pub(super) fixed: Vec<(Arc<str>, Arc<str>)>,
}

impl Desc {
    /// A family with this name and help text.
    pub fn new(name: &str, help: &str) -> Self {
        Self {
            name: name.into(),
            help: help.into(),
            fixed: Vec::new(),
        }
    }

    /// Adds a label that every series of the family carries.
    #[must_use]
    pub fn with_label(mut self, name: &str, value: &str) -> Self {
        self.fixed.push((name.into(), value.into()));
        self
    }

    /// Checks the names of the family and of its labels.
    pub(super) fn check(&self, kind: Kind, labels: &[&str]) -> Result<(), RegistryError> {
        let name = || self.name.to_string();
        if !is_legacy_metric_name(&self.name) {
            return Err(RegistryError::MetricName { name: name() });
        }
        let mut seen = Vec::new();
        for label in self
            .fixed
            .iter()
            .map(|(n, _)| &**n)
            .chain(labels.iter().copied())
        {
            let reserved = label.starts_with("__") || Some(label) == kind.own_label();
            if !is_legacy_label_name(label) || reserved {
                return Err(RegistryError::LabelName {
                    name: name(),
                    label: label.to_owned(),
                });
            }
            if seen.contains(&label) {
                return Err(RegistryError::DuplicateLabel {
                    name: name(),
                    label: label.to_owned(),
                });
            }
            seen.push(label);
        }
        Ok(())
    }
}

/// The type of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Only goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts in buckets.
    Histogram,
    /// Quantiles over a sliding window.
    Summary,
}

impl Kind {
    /// The word of the `# TYPE` line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
        }
    }

    /// The label that the rendering itself adds.
    const fn own_label(self) -> Option<&'static str> {
        match self {
            Self::Counter | Self::Gauge => None,
            Self::Histogram => Some("le"),
            Self::Summary => Some("quantile"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a family cannot be registered. All of these are mistakes of the caller, found at start.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The name is not `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    #[error("{name:?} is not a valid metric name")]
    MetricName {
        /// The family.
        name: String,
    },
    /// A label name is not `[a-zA-Z_][a-zA-Z0-9_]*`, starts with `__`, or is added by the rendering.
    #[error("metric {name}: {label:?} is not a usable label name")]
    LabelName {
        /// The family.
        name: String,
        /// The label.
        label: String,
    },
    /// A label name appears twice.
    #[error("metric {name}: label {label:?} appears twice")]
    DuplicateLabel {
        /// The family.
        name: String,
        /// The label.
        label: String,
    },
    /// The name is taken.
    #[error("metric {name} is already registered")]
    Duplicate {
        /// The family.
        name: String,
    },
    /// Bucket bounds are not finite and ascending.
    #[error("metric {name}: bucket bound {bound} must be finite and above its predecessor")]
    Buckets {
        /// The family.
        name: String,
        /// The offending bound.
        bound: f64,
    },
    /// A quantile outside 0..=1, or a tolerated error that is not above 0.
    #[error("metric {name}: quantile {quantile} with error {error} is out of range")]
    Objective {
        /// The family.
        name: String,
        /// The quantile.
        quantile: f64,
        /// The tolerated error of its rank.
        error: f64,
    },
}
