//! The series of a job's connections. Dashboards know them by the names that upstream's library gave them.

use scrape_core::registry::{CounterFamily, Desc, Registry, RegistryError};
use scrape_http::DialCounters;

/// Families with a series per job.
#[derive(Debug, Clone)]
pub(super) struct DialFamilies {
    attempted: CounterFamily<1>,
    established: CounterFamily<1>,
    closed: CounterFamily<1>,
    failed: CounterFamily<2>,
}

impl DialFamilies {
    pub(super) fn try_new(r: &Registry) -> Result<Self, RegistryError> {
        let desc = |what: &str, help: &str| {
            Desc::new(&format!("net_conntrack_dialer_conn_{what}_total"), help)
        };
        let family = |what: &str, help: &str| r.counter_family(desc(what, help), ["dialer_name"]);
        Ok(Self {
            attempted: family("attempted", "Connections that a job tried to make.")?,
            established: family("established", "Connections that a job has made.")?,
            closed: family("closed", "Connections of a job that have ended.")?,
            failed: r.counter_family(
                desc("failed", "Connections that a job could not make, by cause."),
                ["dialer_name", "reason"],
            )?,
        })
    }

    /// The counters of a job, all of them shown from now on.
    pub(super) fn of(&self, job: &str) -> DialCounters {
        DialCounters {
            attempted: self.attempted.with([job]),
            established: self.established.with([job]),
            closed: self.closed.with([job]),
            failed: DialCounters::REASONS.map(|reason| self.failed.with([job, reason])),
        }
    }

    pub(super) fn delete(&self, job: &str) {
        self.attempted.remove([job]);
        self.established.remove([job]);
        self.closed.remove([job]);
        self.failed.remove_where("dialer_name", job);
    }
}
