//! What to scrape: from the groups that discovery finds to targets with labels, address and timing. Follows
//! Prometheus step by step, because label rules in the wild depend on the order.

mod address;
mod build;
mod labels;
mod url;

pub use build::{Built, Failure, Group, TargetConfig, TargetError, build_targets};
pub use labels::names;

use std::time::Duration;

use crate::fnv::fnv1a_64;
use crate::{Labels, PromDuration};

/// One thing to scrape, after relabeling. Immutable; health and the like live with the loop.
#[derive(Debug, Clone)]
pub struct Target {
    labels: Labels,
    public: Labels,
    discovered: Labels,
    url: String,
    hash: u64,
    interval: PromDuration,
    timeout: PromDuration,
    histograms: HistogramSwitches,
}

/// Which forms of histograms are taken from a target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HistogramSwitches {
    /// Native histograms are stored.
    pub native: bool,
    /// Classic series are stored beside a native histogram.
    pub always_classic: bool,
    /// Classic histograms become native ones with custom buckets.
    pub convert_to_nhcb: bool,
}

impl Target {
    /// All labels after relabeling, reserved ones (`__address__`, `__scheme__`, ...) included.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The labels that go onto samples: names that do not start with `__`.
    pub fn public_labels(&self) -> &Labels {
        &self.public
    }

    /// The labels before relabeling.
    pub fn discovered_labels(&self) -> &Labels {
        &self.discovered
    }

    /// Takes over the discovered labels of an equal target, found again with other details.
    pub fn set_discovered_labels(&mut self, discovered: Labels) {
        self.discovered = discovered;
    }

    /// What is requested, escaped as in a request line.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The Unix socket to dial instead of the address, if any.
    pub fn unix_socket(&self) -> Option<&str> {
        self.labels.get(names::UNIX_SOCKET)
    }

    /// Identity: equal for targets with equal labels and URL, and the same after a restart.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Time between scrapes.
    pub fn interval(&self) -> Duration {
        self.interval.as_duration()
    }

    /// Time a scrape may take; at most the interval.
    pub fn timeout(&self) -> Duration {
        self.timeout.as_duration()
    }

    /// Which forms of histograms are taken.
    pub fn histograms(&self) -> HistogramSwitches {
        self.histograms
    }
}

fn identity(labels: &Labels, url: &str) -> u64 {
    fnv1a_64(&[
        format!("{:016}", labels.stable_hash()).as_bytes(),
        url.as_bytes(),
    ])
}

#[cfg(test)]
mod tests;
