//! What changes when the wanted targets and the running loops differ. Pure: hashes in, decisions out.

use hashbrown::HashSet;

/// What to do so that exactly the wanted targets run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Positions in the wanted list of targets that need a loop.
    pub start: Vec<usize>,
    /// Positions in the wanted list of targets whose loop goes on; their discovered labels may have changed.
    pub keep: Vec<usize>,
    /// Hashes of loops that nobody wants any more, in the order given.
    pub stop: Vec<u64>,
    /// How many wanted targets were repetitions of an earlier one.
    pub n_duplicates: usize,
}

impl Plan {
    /// The number of targets that run once the plan is carried out.
    pub fn n_unique(&self) -> usize {
        self.start.len() + self.keep.len()
    }
}

/// Compares the hashes of wanted targets with those of running loops. Of equal targets the first one counts.
pub fn reconcile(
    wanted: impl IntoIterator<Item = u64>,
    running: impl IntoIterator<Item = u64>,
) -> Plan {
    let running: Vec<u64> = running.into_iter().collect();
    let runs: HashSet<u64, foldhash::fast::RandomState> = running.iter().copied().collect();
    let mut seen: HashSet<u64, foldhash::fast::RandomState> = HashSet::default();
    let mut plan = Plan::default();
    for (i, hash) in wanted.into_iter().enumerate() {
        if !seen.insert(hash) {
            plan.n_duplicates += 1;
        } else if runs.contains(&hash) {
            plan.keep.push(i);
        } else {
            plan.start.push(i);
        }
    }
    plan.stop = running
        .into_iter()
        .filter(|hash| !seen.contains(hash))
        .collect();
    plan
}

/// A pool holds more targets than `target_limit` allows, so none of its loops may scrape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("target_limit exceeded (number of targets: {active}, limit: {limit})")]
pub struct TargetLimitExceeded {
    /// Unique targets of the pool, dropped ones not counted.
    pub active: usize,
    /// The limit in force.
    pub limit: u64,
}

/// Checks the number of unique targets of a pool. A limit of 0 means none.
///
/// # Errors
/// More targets than the limit.
pub fn check_target_limit(active: usize, limit: u64) -> Result<(), TargetLimitExceeded> {
    if limit > 0 && active as u64 > limit {
        Err(TargetLimitExceeded { active, limit })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
