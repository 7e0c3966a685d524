//! Advice about metrics, and how many series they make.
//!
//! [`lint`] finds what `promtool check metrics` finds, in words that its users know: names, types, units and help
//! texts that break the conventions. [`cardinality`] counts series per metric, as `--extended` does, and values
//! per label. Both read a whole body through the ordinary parser and remember families, not samples.

mod count;
mod families;
mod rules;

#[cfg(test)]
mod tests;

pub use count::{Cardinality, LabelCardinality, MetricCardinality, cardinality};
pub use families::{Family, families};

use crate::{Format, ParseError};

/// Something to improve in a metric.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The family.
    pub metric: String,
    /// What is wrong, a fragment.
    pub text: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.metric, self.text)
    }
}

/// Checks the conventions. Sorted by metric and text, each problem of a metric once.
///
/// # Errors
/// The body does not parse.
pub fn lint(body: &[u8], format: Format) -> Result<Vec<Problem>, ParseError> {
    let mut problems = Vec::new();
    for family in families(body, format)? {
        rules::check(&family, format, &mut problems);
    }
    problems.sort();
    problems.dedup();
    Ok(problems)
}
