//! Start timestamps for cumulative series whose exposition does not tell them; see [`crate::cache::start`] for
//! the arithmetic. Off unless asked for: the stored values are then no longer the exposed ones.

use super::append::{Sample, belongs};
use super::{PassError, Scrape};
use crate::cache::entry::EntryId;
use crate::cache::start::{Next, Start};
use crate::labels::Labels;
use crate::ports::append::Value;
use scrape_parse::{Exemplars, MetricType};

impl Scrape<'_> {
    fn family_kind(&self) -> MetricType {
        let family = self.family.and_then(|i| self.cache.metadata.at(i));
        family.map_or(MetricType::Unknown, |f| f.kind)
    }

    /// Whether the family in hand has series that only grow.
    pub(super) fn family_is_cumulative(&self) -> bool {
        matches!(
            self.family_kind(),
            MetricType::Counter | MetricType::Histogram | MetricType::Summary
        )
    }

    /// Whether a series of these labels only grows.
    fn is_cumulative(&self, labels: &Labels) -> bool {
        let Some(f) = self.family.and_then(|i| self.cache.metadata.at(i)) else {
            return false;
        };
        let Some(name) = labels.name().filter(|n| belongs(n, f.name(), f.kind)) else {
            return false;
        };
        match f.kind {
            MetricType::Counter | MetricType::Histogram => true,
            MetricType::Summary => name.ends_with("_sum") || name.ends_with("_count"),
            _ => false,
        }
    }

    /// Whether the first sample of a series is an anchor.
    pub(super) fn anchors(&self, labels: &Labels, sample: &Sample<'_>) -> bool {
        sample.st == 0 && can_anchor(sample.value) && self.is_cumulative(labels)
    }

    /// The sample is the anchor of its series.
    pub(super) fn anchor(&mut self, id: EntryId, sample: &Sample<'_>) {
        let t = sample.own_ts.unwrap_or(self.t);
        self.cache.starts.insert(id, Start::first(sample.value, t));
    }

    /// Appends a sample of a known series relative to its anchor, if it is cumulative.
    pub(super) fn append_relative(
        &mut self,
        id: EntryId,
        sample: &Sample<'_>,
        exemplars: &Exemplars<'_>,
    ) -> Result<(), PassError> {
        if sample.st != 0 || !can_anchor(sample.value) {
            self.cache.starts.remove(&id);
            return self
                .append_known_as_is(id, sample, exemplars, false)
                .map(|_| ());
        }
        let (t, kind) = (sample.own_ts.unwrap_or(self.t), self.family_kind());
        let next = match self.cache.starts.get_mut(&id) {
            Some(Start::NotCumulative(under)) if *under == kind => None,
            None | Some(Start::NotCumulative(_)) => {
                let labels = self.labels_of(id)?;
                if self.is_cumulative(&labels) {
                    self.anchor(id, sample);
                    Some(Next::Anchor)
                } else {
                    self.cache.starts.insert(id, Start::NotCumulative(kind));
                    None
                }
            }
            Some(start) => Some(start.next(sample.value, t)),
        };
        match next {
            None => self
                .append_known_as_is(id, sample, exemplars, false)
                .map(|_| ()),
            Some(Next::Anchor) => {
                self.keep_alive(id, sample.own_ts);
                Ok(())
            }
            Some(Next::Late) => {
                self.stats.out_of_order += 1;
                self.cache.starts.remove(&id);
                Ok(())
            }
            Some(Next::Store { value, st }) => {
                let relative = Sample {
                    value: value.as_value(),
                    st,
                    ..*sample
                };
                if !self.append_known_as_is(id, &relative, exemplars, true)? {
                    // What was refused may have been a drop that nobody saw: begin again.
                    self.cache.starts.remove(&id);
                }
                Ok(())
            }
        }
    }

    /// A new anchor is not stored, but the series is still there and must not get a stale marker.
    fn keep_alive(&mut self, id: EntryId, own_ts: Option<i64>) {
        if self.cache.entry_mut(id).series.is_known() {
            self.track(id, own_ts);
        }
    }
}

/// A difference to a number that is none says nothing.
fn can_anchor(value: Value<'_>) -> bool {
    match value {
        Value::Float(v) => v.is_finite(),
        Value::Histogram(_) | Value::FloatHistogram(_) => true,
    }
}
