//! The newest exemplar of each series that has any: enough to refuse repeated and older ones. The exemplars
//! themselves are in the log.

use hashbrown::HashMap;
use scrape_core::{AppendError, Exemplar};

/// Characters that the labels of an exemplar may have, names and values together.
const MAX_LABEL_CHARS: usize = 128;

/// What is remembered of an exemplar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Latest {
    ts: i64,
    value: f64,
    labels: u64,
}

impl Latest {
    pub(crate) fn of(e: &Exemplar) -> Self {
        Self {
            ts: e.ts,
            value: e.value,
            labels: e.labels.stable_hash(),
        }
    }

    /// Whether `self` may follow `prev`: `Ok(false)` when it is the same one.
    pub(crate) fn follows(&self, prev: &Self) -> Result<bool, AppendError> {
        if self.ts == prev.ts
            && self.value.to_bits() == prev.value.to_bits()
            && self.labels == prev.labels
        {
            return Ok(false);
        }
        let older = self.ts < prev.ts
            || (self.ts == prev.ts
                && (self.value < prev.value
                    || (self.value == prev.value && self.labels < prev.labels)));
        if older {
            Err(AppendError::OutOfOrderExemplar)
        } else {
            Ok(true)
        }
    }
}

/// Refuses exemplars whose labels are too long.
pub(crate) fn check_length(e: &Exemplar) -> Result<(), AppendError> {
    let chars: usize = e
        .labels
        .iter()
        .map(|(n, v)| n.chars().count() + v.chars().count())
        .sum();
    if chars > MAX_LABEL_CHARS {
        Err(AppendError::ExemplarLabelLength)
    } else {
        Ok(())
    }
}

/// The newest exemplar by series, of a bounded number of series.
#[derive(Debug)]
pub(crate) struct LatestExemplars {
    by_series: HashMap<u64, Latest, foldhash::fast::RandomState>,
    max: usize,
}

impl LatestExemplars {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            by_series: HashMap::default(),
            max,
        }
    }

    /// Whether exemplars are kept at all.
    pub(crate) fn enabled(&self) -> bool {
        self.max > 0
    }

    pub(crate) fn latest(&self, series: u64) -> Option<Latest> {
        self.by_series.get(&series).copied()
    }

    pub(crate) fn set(&mut self, series: u64, e: Latest) {
        if self.by_series.len() >= self.max && !self.by_series.contains_key(&series) {
            self.forget_older_half();
        }
        self.by_series.insert(series, e);
    }

    pub(crate) fn remove(&mut self, series: u64) {
        self.by_series.remove(&series);
    }

    pub(crate) fn len(&self) -> usize {
        self.by_series.len()
    }

    /// Costs only that a repeated exemplar of a forgotten series is stored once more.
    fn forget_older_half(&mut self) {
        let mut times: Vec<i64> = self.by_series.values().map(|e| e.ts).collect();
        let mid = times.len() / 2;
        if times.is_empty() {
            return;
        }
        let (_, median, _) = times.select_nth_unstable(mid);
        let median = *median;
        self.by_series.retain(|_, e| e.ts > median);
    }
}
