//! How long a send waits, as a pure function of what was sent when.
//!
//! The first change after a quiet time leaves soon; under sustained churn the waits grow until one complete
//! map leaves every `max`. Everything that changes during a wait leaves with the same map.

use std::time::Duration;

use tokio::time::Instant;

/// The curve of waits before a send.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThrottleOptions {
    /// The wait before the first send after a quiet time. Zero sends at once, always.
    pub initial: Duration,
    /// The longest wait before randomisation, and the quiet time after which waits start over.
    pub max: Duration,
    /// By how much each wait exceeds the one before.
    pub factor: f64,
    /// Waits are spread over `1 ± jitter` times their length, so that many processes do not beat together.
    pub jitter: f64,
}

impl Default for ThrottleOptions {
    /// 100 ms growing by half to 5 s, give or take half.
    fn default() -> Self {
        Self {
            initial: Duration::from_millis(100),
            max: Duration::from_secs(5),
            factor: 1.5,
            jitter: 0.5,
        }
    }
}

impl ThrottleOptions {
    /// No waits at all.
    pub fn immediate() -> Self {
        Self {
            initial: Duration::ZERO,
            max: Duration::ZERO,
            factor: 1.0,
            jitter: 0.0,
        }
    }
}

#[derive(Debug)]
pub(super) struct Throttle {
    options: ThrottleOptions,
    next: Duration,
    last_sent: Option<Instant>,
    random: u64,
}

impl Throttle {
    pub(super) fn new(options: ThrottleOptions, seed: u64) -> Self {
        // Xorshift stands still at zero.
        Self {
            options,
            next: options.initial,
            last_sent: None,
            random: seed | 1,
        }
    }

    /// The wait for a change that was announced at `now`.
    pub(super) fn wait(&mut self, now: Instant) -> Duration {
        let quiet = self
            .last_sent
            .is_none_or(|t| now.saturating_duration_since(t) >= self.options.max);
        if quiet {
            self.next = self.options.initial;
        }
        let wait = self.next.mul_f64(self.spread());
        self.next = self
            .next
            .mul_f64(self.options.factor.max(1.0))
            .min(self.options.max);
        wait
    }

    pub(super) fn sent(&mut self, now: Instant) {
        self.last_sent = Some(now);
    }

    /// Uniform in `1 ± jitter`.
    fn spread(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let unit = (self.random >> 11) as f64 / (1u64 << 53) as f64;
        let jitter = self.options.jitter.clamp(0.0, 1.0);
        1.0 - jitter + 2.0 * jitter * unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[tokio::test(start_paused = true)]
    async fn waits_grow_by_half_to_the_cap_and_start_over_after_quiet() {
        let options = ThrottleOptions {
            jitter: 0.0,
            ..ThrottleOptions::default()
        };
        let mut t = Throttle::new(options, 7);
        let mut now = Instant::now();
        let mut waits = Vec::new();
        for _ in 0..12 {
            let w = t.wait(now);
            now += w;
            t.sent(now);
            waits.push(w);
        }
        assert_eq!(
            waits[..4],
            [ms(100), ms(150), ms(225), Duration::from_micros(337_500)]
        );
        assert_eq!(waits[11], ms(5000));
        assert_eq!(t.wait(now + ms(4999)), ms(5000));
        assert_eq!(
            t.wait(now + ms(5000)),
            ms(100),
            "quiet for the cap starts over"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn jitter_stays_within_half_and_does_vary() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 1..200 {
            let w =
                Throttle::new(ThrottleOptions::default(), seed * 0x9e37_79b9).wait(Instant::now());
            assert!(w >= ms(50) && w <= ms(150), "{w:?}");
            seen.insert(w);
        }
        assert!(seen.len() > 100);
    }

    #[tokio::test(start_paused = true)]
    async fn immediate_never_waits() {
        let mut t = Throttle::new(ThrottleOptions::immediate(), 1);
        let now = Instant::now();
        for _ in 0..3 {
            assert_eq!(t.wait(now), Duration::ZERO);
            t.sent(now);
        }
    }
}
