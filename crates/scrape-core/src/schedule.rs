//! When a target is scraped, and which timestamp the samples get. Pure arithmetic on nanoseconds.
//!
//! Slots are pinned to absolute time: a target's place within the interval follows from its identity and from
//! a seed of this process, so that a restart or reload keeps it and two replicas with different external
//! labels do not hit a target at the same moment.

use crate::Labels;
use crate::fnv::fnv1a_64;

/// The largest distance from the grid that is corrected, unless configured otherwise.
pub const DEFAULT_TOLERANCE_NS: i64 = 2_000_000;

/// The seed of all slots of this process: the same for the same host and external labels.
pub fn offset_seed(fqdn: &str, external_labels: &Labels) -> u64 {
    fnv1a_64(&[fqdn.as_bytes(), external_labels.to_string().as_bytes()])
}

/// How long after `now_ns` a target's next slot comes: above 0, at most `interval_ns`.
///
/// An interval below 1 ns counts as 1 ns.
pub fn offset_ns(now_ns: i64, interval_ns: i64, target_hash: u64, seed: u64) -> i64 {
    let interval = interval_ns.max(1);
    let to_grid = interval - now_ns.rem_euclid(interval);
    // Below the interval, which fits.
    let slot = ((target_hash ^ seed) % interval.unsigned_abs()).cast_signed();
    // Not `to_grid + slot`, which could overflow.
    if slot > interval - to_grid {
        slot - (interval - to_grid)
    } else {
        to_grid + slot
    }
}

/// Moves timestamps that are close to the grid onto it. Samples at exact distances compress to almost nothing.
///
/// Timers fire a little late, sometimes a little early; both are corrected up to a tolerance of a hundredth
/// of the interval, at most [`DEFAULT_TOLERANCE_NS`]. What is farther off keeps its real time. When the clock
/// steps back, the grid starts again from there.
#[derive(Debug, Clone)]
pub struct Aligner {
    interval_ns: i64,
    tolerance_ns: i64,
    /// The last grid time that was reached.
    slot_ns: i64,
}

impl Aligner {
    /// A grid through `start_ns`, the time of the first scrape. `max_tolerance_ns` of 0 turns correction off.
    pub fn new(start_ns: i64, interval_ns: i64, max_tolerance_ns: i64) -> Self {
        let interval_ns = interval_ns.max(1);
        let tolerance_ns = (interval_ns / 100).min(max_tolerance_ns).max(0);
        Self {
            interval_ns,
            tolerance_ns,
            slot_ns: start_ns,
        }
    }

    /// The timestamp for a scrape that happens at `now_ns`.
    pub fn align(&mut self, now_ns: i64) -> i64 {
        if self.tolerance_ns == 0 {
            return now_ns;
        }
        if now_ns < self.slot_ns.saturating_sub(self.tolerance_ns) {
            // Keeping the old grid would give every scrape the same old time until the clock has caught up.
            self.slot_ns = now_ns;
            return now_ns;
        }
        let ahead = now_ns
            .saturating_sub(self.slot_ns)
            .saturating_add(self.tolerance_ns);
        // Whole intervals, where a little early already counts as the next.
        self.slot_ns = self
            .slot_ns
            .saturating_add(ahead / self.interval_ns * self.interval_ns);
        if now_ns.saturating_sub(self.slot_ns) <= self.tolerance_ns {
            self.slot_ns
        } else {
            now_ns
        }
    }
}

#[cfg(test)]
mod tests;
