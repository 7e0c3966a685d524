//! Quantiles of a stream in bounded memory (Greenwald, Khanna: "Space-Efficient Online Computation of
//! Quantile Summaries"), for several streams taken together.
//!
//! With error `e`, the answer for quantile `q` is a value that was observed and whose rank lies within
//! `e * n` of `q * n`, whatever the order of arrival. Below `1 / 2e` observations the answer is exact. Memory
//! is `O(log(e * n) / e)`: some 2000 samples of 24 bytes for the strictest error used here.
//!
//! Upstream's client sketches each quantile with its own error, which saves memory but does not hold its
//! promise for every order of arrival. One uniform error, the strictest, does.

use super::desc::RegistryError;

/// A quantile to watch and the tolerated error of its rank, as a share of the observations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Objective {
    /// Between 0 and 1.
    pub quantile: f64,
    /// Above 0 and at most 1.
    pub error: f64,
}

impl Objective {
    /// The quantiles of Prometheus's scrape summaries.
    pub const SCRAPE: [Self; 5] = [
        Self {
            quantile: 0.01,
            error: 0.001,
        },
        Self {
            quantile: 0.05,
            error: 0.005,
        },
        Self {
            quantile: 0.5,
            error: 0.05,
        },
        Self {
            quantile: 0.9,
            error: 0.01,
        },
        Self {
            quantile: 0.99,
            error: 0.001,
        },
    ];

    pub(super) fn check(self, name: &str) -> Result<(), RegistryError> {
        let Self { quantile, error } = self;
        if (0.0..=1.0).contains(&quantile) && error > 0.0 && error <= 1.0 {
            Ok(())
        } else {
            Err(RegistryError::Objective {
                name: name.to_owned(),
                quantile,
                error,
            })
        }
    }
}

/// A summary of one stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Stream {
    /// Ascending by value.
    samples: Vec<Sample>,
    n: u64,
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    value: f64,
    /// Observations between the previous sample (exclusive) and this one (inclusive), at least.
    width: u64,
    /// How many more that may be.
    delta: u64,
}

impl Stream {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Adds a batch that is sorted ascending and free of NaN.
    pub(super) fn merge(&mut self, sorted: &[f64], error: f64) {
        let old = std::mem::take(&mut self.samples);
        let mut out = Vec::with_capacity(old.len() + sorted.len());
        let mut rest = old.iter().peekable();
        for value in sorted {
            while let Some(sample) = rest.next_if(|s| s.value <= *value) {
                out.push(*sample);
            }
            // Somewhere in the gap that ends at the next sample; the extremes are known exactly.
            let delta = match rest.peek() {
                Some(next) if !out.is_empty() => next.width + next.delta - 1,
                _ => 0,
            };
            out.push(Sample {
                value: *value,
                width: 1,
                delta,
            });
        }
        out.extend(rest.copied());
        self.n += sorted.len() as u64;
        self.samples = out;
        self.compress(error);
    }

    /// Joins neighbours as long as no gap grows beyond twice the error.
    fn compress(&mut self, error: f64) {
        let slack = (2.0 * error * self.n as f64) as u64;
        let Some(mut current) = self.samples.pop() else {
            return;
        };
        let mut kept = Vec::with_capacity(self.samples.len() + 1);
        while let Some(sample) = self.samples.pop() {
            // The smallest value stays.
            let joinable = !self.samples.is_empty();
            if joinable && sample.width + current.width + current.delta <= slack {
                current.width += sample.width;
            } else {
                kept.push(current);
                current = sample;
            }
        }
        kept.push(current);
        kept.reverse();
        kept.shrink_to_fit();
        self.samples = kept;
    }

    #[cfg(test)]
    pub(super) fn n_samples(&self) -> usize {
        self.samples.len()
    }
}

/// The values at the given quantiles of all streams together; nothing without observations.
pub(super) fn query(streams: &[Stream], quantiles: impl Iterator<Item = f64>) -> Option<Vec<f64>> {
    let ranks = merged_ranks(streams);
    let n: u64 = streams.iter().map(|s| s.n).sum();
    if ranks.is_empty() {
        return None;
    }
    let answers = quantiles.map(|quantile| {
        let target = ((quantile * n as f64).ceil() as u64).clamp(1, n);
        let doubt = |r: &Rank| target.abs_diff(r.least).max(target.abs_diff(r.most));
        ranks
            .iter()
            .min_by_key(|r| doubt(r))
            .map_or(f64::NAN, |r| r.value)
    });
    Some(answers.collect())
}

/// A candidate answer: how many observations are certainly, and how many possibly, not above it.
struct Rank {
    value: f64,
    least: u64,
    most: u64,
}

fn merged_ranks(streams: &[Stream]) -> Vec<Rank> {
    // (value, stream); the rank of a value among all is the sum of its ranks in each stream.
    let mut events: Vec<(f64, usize)> = Vec::new();
    for (i, stream) in streams.iter().enumerate() {
        events.extend(stream.samples.iter().map(|s| (s.value, i)));
    }
    events.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut next = vec![0_usize; streams.len()];
    // Per stream: how many beyond the certain ones may lie below the current value.
    let gap = |stream: &Stream, next: usize| match stream.samples.get(next) {
        Some(s) if next > 0 => s.width + s.delta - 1,
        _ => 0,
    };
    let (mut least, mut gaps) = (0, 0);
    let mut ranks = Vec::with_capacity(events.len());
    for (value, i) in events {
        let sample = &streams[i].samples[next[i]];
        gaps -= gap(&streams[i], next[i]);
        least += sample.width;
        // Its own stream knows the value's rank up to delta, the others up to the gap it falls into.
        ranks.push(Rank {
            value,
            least,
            most: least + gaps + sample.delta,
        });
        next[i] += 1;
        gaps += gap(&streams[i], next[i]);
    }
    ranks
}
