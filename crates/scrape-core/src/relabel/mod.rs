//! Relabeling: the rules of `relabel_configs` and `metric_relabel_configs`, which rewrite, keep or drop label
//! sets. [`RelabelConfig`] is a rule as written.

mod action;
mod config;

pub use action::Action;
pub use config::{ApiRule, RelabelConfig};

#[cfg(test)]
mod tests;
