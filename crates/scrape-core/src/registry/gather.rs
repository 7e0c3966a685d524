//! A snapshot of all values, in a form that is always a valid exposition.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::desc::Kind;
use crate::labels::{is_legacy_label_name, is_legacy_metric_name};

/// The values of one family at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricFamily {
    /// The name, with `_total` for counters.
    pub name: Arc<str>,
    /// The help text.
    pub help: Arc<str>,
    /// The type.
    pub kind: Kind,
    /// Ascending by labels, each label set once.
    pub series: Vec<Series>,
}

/// One label set and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Names and values, in the order in which they are shown.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
    /// The value.
    pub value: SeriesValue,
}

/// The value of a series.
#[derive(Debug, Clone, PartialEq)]
pub enum SeriesValue {
    /// Of a counter or gauge.
    Number(f64),
    /// Of a histogram.
    Histogram {
        /// Upper bound and cumulative count; the last bound is `+Inf`.
        buckets: Vec<(f64, u64)>,
        /// Sum of observations.
        sum: f64,
        /// Number of observations.
        count: u64,
    },
    /// Of a summary.
    Summary {
        /// Quantile and its value; NaN without recent observations.
        quantiles: Vec<(f64, f64)>,
        /// Sum of all observations ever.
        sum: f64,
        /// Number of all observations ever.
        count: u64,
    },
}

/// Where collectors put their values.
#[derive(Debug, Default)]
pub struct Collected {
    families: BTreeMap<Arc<str>, MetricFamily>,
}

impl Collected {
    /// Adds a gauge.
    pub fn gauge(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: f64) {
        self.number(name, help, Kind::Gauge, labels, value);
    }

    /// Adds a counter.
    pub fn counter(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: f64) {
        self.number(name, help, Kind::Counter, labels, value);
    }

    fn number(&mut self, name: &str, help: &str, kind: Kind, labels: &[(&str, &str)], value: f64) {
        // What a collector says at run time must not be able to break the exposition for everybody.
        if !is_legacy_metric_name(name) || !labels.iter().all(|(n, _)| is_legacy_label_name(n)) {
            return;
        }
        self.family(name, help, kind);
        let mut labels: Vec<(Arc<str>, Arc<str>)> = labels
            .iter()
            .map(|(n, v)| (Arc::from(*n), Arc::from(*v)))
            .collect();
        labels.sort_unstable();
        labels.dedup_by(|b, a| a.0 == b.0);
        self.push(
            name,
            kind,
            Series {
                labels,
                value: SeriesValue::Number(value),
            },
        );
    }

    pub(super) fn family(&mut self, name: &str, help: &str, kind: Kind) {
        if !self.families.contains_key(name) {
            let name: Arc<str> = name.into();
            let family = MetricFamily {
                name: Arc::clone(&name),
                help: help.into(),
                kind,
                series: Vec::new(),
            };
            self.families.insert(name, family);
        }
    }

    pub(super) fn push(&mut self, name: &str, kind: Kind, series: Series) {
        if let Some(family) = self
            .families
            .get_mut(name)
            .filter(|family| family.kind == kind)
        {
            family.series.push(series);
        }
    }

    pub(super) fn finish(self) -> Vec<MetricFamily> {
        let mut families: Vec<_> = self
            .families
            .into_values()
            .filter(|f| !f.series.is_empty())
            .collect();
        for family in &mut families {
            // Stable: of equal label sets the first one stays.
            family.series.sort_by(|a, b| a.labels.cmp(&b.labels));
            family.series.dedup_by(|b, a| a.labels == b.labels);
        }
        families
    }
}
