//! Wall time as a port, so that a pass reads it once and tests can set it.

use std::sync::atomic::{AtomicI64, Ordering};

/// A source of wall time.
pub trait Clock: Send + Sync {
    /// Nanoseconds since the Unix epoch.
    fn now_ns(&self) -> i64;

    /// Milliseconds since the Unix epoch, rounded down: the unit of sample timestamps.
    fn now_ms(&self) -> i64 {
        self.now_ns().div_euclid(1_000_000)
    }
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ns(&self) -> i64 {
        match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(d) => i64::try_from(d.as_nanos()).unwrap_or(i64::MAX),
            Err(e) => i64::try_from(e.duration().as_nanos()).map_or(i64::MIN, |n| -n),
        }
    }
}

/// A clock that stands still until told otherwise.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `ms` milliseconds since the Unix epoch.
    pub fn at_ms(ms: i64) -> Self {
        Self(AtomicI64::new(ms.saturating_mul(1_000_000)))
    }

    /// Sets the time, in milliseconds since the Unix epoch.
    pub fn set_ms(&self, ms: i64) {
        self.0.store(ms.saturating_mul(1_000_000), Ordering::SeqCst);
    }

    /// Moves the time by `ms` milliseconds.
    pub fn advance_ms(&self, ms: i64) {
        self.0
            .fetch_add(ms.saturating_mul(1_000_000), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ns(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}
