//! Events of a line from what they have in common.

use super::super::owned::{Owned, OwnedExemplar};
use super::super::{Labels, number};

/// What all events of a line have in common.
pub(super) struct Show {
    pub(super) labels: Labels,
    pub(super) timestamp: Option<i64>,
    pub(super) start: i64,
}

impl Show {
    pub(super) fn series(
        &self,
        suffix: &str,
        bound: Option<(&str, f64)>,
        value: f64,
        exemplars: Vec<OwnedExemplar>,
    ) -> Owned {
        let mut labels = self.labels.clone();
        labels[0].1.extend_from_slice(suffix.as_bytes());
        if let Some((name, bound)) = bound {
            let text = number::om_text(bound).into_bytes();
            labels.push((name.as_bytes().to_vec(), text));
        }
        Owned::Series {
            labels,
            value: value.to_bits(),
            timestamp: self.timestamp,
            start: self.start,
            exemplars,
        }
    }

    pub(super) fn histogram(&self, histogram: (String, u64), exemplars: &[OwnedExemplar]) -> Owned {
        Owned::Histogram {
            labels: self.labels.clone(),
            histogram,
            timestamp: self.timestamp,
            start: self.start,
            exemplars: exemplars.to_vec(),
        }
    }
}
