//! Series per metric and values per label: what a body costs to store, and which label drives it.

use super::families;
use crate::event::{Event, METRIC_NAME, Step};
use crate::{Format, LabelContext, ParseError, Parser, ParserOptions, decode_key};
use std::collections::{BTreeMap, HashSet};

/// How many series a body has, by metric.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cardinality {
    /// All series.
    pub total: usize,
    /// Per family; most series first, then by name.
    pub metrics: Vec<MetricCardinality>,
}

/// The series of one family.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetricCardinality {
    /// Name of the family.
    pub metric: String,
    /// Its series, buckets, sums and counts included; a native histogram is one.
    pub series: usize,
    /// Its labels; most values first, then by name.
    pub labels: Vec<LabelCardinality>,
}

/// The values of one label within a family.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelCardinality {
    /// Name of the label.
    pub label: String,
    /// Different values.
    pub values: usize,
}

impl MetricCardinality {
    /// Share of `total` series, in per cent.
    pub fn percentage(&self, total: usize) -> f64 {
        if total == 0 {
            0.0
        } else {
            self.series as f64 * 100.0 / total as f64
        }
    }
}

#[derive(Default)]
struct Counts {
    series: HashSet<u64>,
    labels: BTreeMap<Vec<u8>, HashSet<Vec<u8>>>,
}

/// Counts series per family and values per label. Needs memory for every distinct label value of the body.
///
/// # Errors
/// The body does not parse.
pub fn cardinality(body: &[u8], format: Format) -> Result<Cardinality, ParseError> {
    let options = ParserOptions {
        native_histograms: true,
        ..ParserOptions::new(format)
    };
    let mut parser = Parser::new(options);
    let mut cursor = parser.feed(body, true);
    let mut owners = families::Owners::default();
    let mut counts: BTreeMap<Vec<u8>, Counts> = BTreeMap::new();
    let mut labels: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    loop {
        labels.clear();
        match cursor.next()? {
            Step::NeedMore | Step::Eof => break,
            Step::Event(Event::Type { family, kind }) => {
                owners.declare(&family, kind);
                continue;
            }
            Step::Event(Event::Series(series)) => {
                decode_key(format, series.key, LabelContext::Other, &mut labels)?;
            }
            Step::Event(Event::Histogram(series)) => series.labels(&mut labels)?,
            Step::Event(_) => continue,
        }
        labels.sort();
        let name = labels
            .iter()
            .find(|label| label.0 == METRIC_NAME)
            .map(|label| label.1.as_slice());
        let owner = owners.of(name.unwrap_or_default(), format).0;
        let hash = families::hash(&labels);
        let count = counts.entry(owner).or_default();
        count.series.insert(hash);
        for (label, value) in labels.drain(..).filter(|label| label.0 != METRIC_NAME) {
            let values = count.labels.entry(label).or_default();
            if !values.contains(&value) {
                values.insert(value);
            }
        }
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let mut metrics: Vec<MetricCardinality> = counts
        .into_iter()
        .map(|(name, count)| {
            let mut labels: Vec<LabelCardinality> = count
                .labels
                .into_iter()
                .map(|(label, values)| LabelCardinality {
                    label: text(label),
                    values: values.len(),
                })
                .collect();
            labels.sort_by(|a, b| b.values.cmp(&a.values).then_with(|| a.label.cmp(&b.label)));
            MetricCardinality {
                metric: text(name),
                series: count.series.len(),
                labels,
            }
        })
        .collect();
    metrics.sort_by(|a, b| {
        b.series
            .cmp(&a.series)
            .then_with(|| a.metric.cmp(&b.metric))
    });
    Ok(Cardinality {
        total: metrics.iter().map(|metric| metric.series).sum(),
        metrics,
    })
}
