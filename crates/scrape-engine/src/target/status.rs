//! How the last scrape of a target went, and when that is worth a log line.

use crate::failure::ScrapeFailure;
use std::fmt;
use std::time::Duration;

/// Whether the last scrape succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Health {
    /// Not scraped yet.
    #[default]
    Unknown,
    /// The last scrape succeeded.
    Up,
    /// The last scrape failed.
    Down,
}

impl Health {
    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One finished scrape.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) failure: Option<ScrapeFailure>,
    /// Timestamp of its samples, Unix milliseconds.
    pub(crate) scraped_at_ms: i64,
    pub(crate) duration: Duration,
}

/// What is known from the last scrape.
#[derive(Debug, Clone, Default)]
pub(crate) struct Status {
    pub(crate) health: Health,
    pub(crate) failure: Option<ScrapeFailure>,
    /// Unix milliseconds; `None` before the first scrape.
    pub(crate) scraped_at_ms: Option<i64>,
    pub(crate) duration: Duration,
}

impl Status {
    /// Takes over the outcome of a scrape and says what changed by it.
    pub(crate) fn conclude(&mut self, outcome: Outcome) -> Change {
        let health = if outcome.failure.is_none() {
            Health::Up
        } else {
            Health::Down
        };
        let reason = |failure: &Option<ScrapeFailure>| failure.as_ref().map(|f| f.reason);
        let change = if self.health != health || reason(&self.failure) != reason(&outcome.failure) {
            Change::Changed {
                from: self.health,
                to: health,
                failure: outcome.failure.clone(),
            }
        } else {
            Change::Same
        };
        self.health = health;
        self.failure = outcome.failure;
        self.scraped_at_ms = Some(outcome.scraped_at_ms);
        self.duration = outcome.duration;
        change
    }
}

/// What a scrape changed about a target. A target that fails for another reason than before has changed, one
/// that fails with another text for the same reason has not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    Same,
    Changed {
        from: Health,
        to: Health,
        failure: Option<ScrapeFailure>,
    },
}

impl Change {
    /// Writes the one line that a change gets.
    pub(crate) fn log(&self, job: &str, target: &str) {
        match self {
            Self::Same => {}
            Self::Changed {
                from,
                failure: Some(f),
                ..
            } => {
                let position = f.position.as_deref();
                tracing::warn!(
                    scrape_job = job,
                    target,
                    was = from.as_str(),
                    reason = f.reason.as_str(),
                    line = position.map(|p| p.line),
                    column = position.map(|p| p.column),
                    error = %f.message,
                    "target is down"
                );
            }
            // Thousands of these at every start would hide the lines that matter.
            Self::Changed {
                from: Health::Unknown,
                ..
            } => {
                tracing::debug!(scrape_job = job, target, "target is up");
            }
            Self::Changed { from, .. } => {
                tracing::info!(
                    scrape_job = job,
                    target,
                    was = from.as_str(),
                    "target is up"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests;
