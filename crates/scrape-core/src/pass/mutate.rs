//! From the labels of a line to the labels of a series: target labels joined under the honor rule, metric
//! relabeling, validity and limits. Runs once per new line, never in the steady state.
//!
//! Order and outcomes follow upstream's `mutateSampleLabels` and the checks after it: labels of the target,
//! relabeling, dropped, name present, names valid, limits.

use super::{PassConfig, PassError};
use crate::cache::schema::Schema;
use crate::labels::{Labels, LabelsBuilder, METRIC_NAME};
use crate::relabel;
use scrape_parse::{LabelSink, MetricType, names};

/// Prefix of an exposed label that a target label displaces.
const EXPORTED: &str = "exported_";

/// The label that carries the type of the family, where that is wanted.
const METRIC_TYPE: &str = "__type__";
/// The label that carries the unit of the family.
const METRIC_UNIT: &str = "__unit__";

/// Labels as exposed: in order, empty values and repetitions included.
#[derive(Debug, Default)]
pub(super) struct Exposed {
    text: String,
    /// (name start, name end = value start, value end)
    spans: Vec<(usize, usize, usize)>,
    /// A label name that was not UTF-8, in lossy form.
    bad_label_name: Option<String>,
    /// Whether the metric name was not UTF-8.
    bad_metric_name: bool,
}

impl Exposed {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.spans.clear();
        self.bad_label_name = None;
        self.bad_metric_name = false;
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.spans
            .iter()
            .map(|(a, b, c)| (&self.text[*a..*b], &self.text[*b..*c]))
    }

    /// Puts type and unit in the place of what the line itself says under their names.
    pub(super) fn describe(&mut self, schema: &Schema) {
        if schema.kind != MetricType::Unknown {
            self.replace(METRIC_TYPE, schema.kind.as_str());
        }
        if !schema.unit.is_empty() {
            self.replace(METRIC_UNIT, &schema.unit);
        }
    }

    fn replace(&mut self, name: &str, value: &str) {
        let text = &self.text;
        self.spans.retain(|(a, b, _)| &text[*a..*b] != name);
        self.label(name.as_bytes(), value.as_bytes());
    }

    fn mentions(&self, name: &str) -> bool {
        self.iter().any(|(n, _)| n == name)
    }
}

impl LabelSink for Exposed {
    fn label(&mut self, name: &[u8], value: &[u8]) {
        // Invalid names are kept in lossy form: relabeling may still remove them; otherwise they are refused.
        let start = self.text.len();
        match std::str::from_utf8(name) {
            Ok(n) => self.text.push_str(n),
            Err(_) => {
                let lossy = String::from_utf8_lossy(name);
                self.text.push_str(&lossy);
                self.bad_label_name = Some(lossy.into_owned());
            }
        }
        let middle = self.text.len();
        match std::str::from_utf8(value) {
            Ok(v) => self.text.push_str(v),
            Err(_) => {
                self.text.push_str(&String::from_utf8_lossy(value));
                self.bad_metric_name |= name == METRIC_NAME.as_bytes();
            }
        }
        self.spans.push((start, middle, self.text.len()));
    }
}

/// What becomes of a new line.
pub(super) enum Fate {
    Keep(Labels),
    Drop,
}

/// Decides the fate of a line with these exposed labels.
pub(super) fn mutate(
    exposed: &Exposed,
    target: &Labels,
    cfg: &PassConfig,
    lb: &mut LabelsBuilder,
) -> Result<Fate, PassError> {
    lb.clear();
    let mut repeated: Option<&str> = None;
    for (n, v) in exposed.iter() {
        if !v.is_empty() && lb.get(n).is_some() {
            repeated = Some(n);
        } else if !v.is_empty() {
            lb.set(n, v);
        }
    }
    if cfg.honor_labels {
        for (n, v) in target {
            if !exposed.mentions(n) {
                lb.set(n, v);
            }
        }
    } else {
        override_with(lb, target);
    }
    if !relabel::apply(&cfg.metric_relabel, lb) || lb.is_empty() {
        return Ok(Fate::Drop);
    }
    if let Some(name) = repeated.filter(|n| lb.get(n).is_some()) {
        return Err(PassError::InvalidLabels {
            message: format!("label name {name:?} is not unique"),
        });
    }
    check_names(lb, exposed, cfg)?;
    check_limits(lb, cfg)?;
    Ok(Fate::Keep(lb.labels()))
}

/// Target labels win; what they displace comes back under an `exported_` name, shortest name first.
fn override_with(lb: &mut LabelsBuilder, target: &Labels) {
    let mut displaced: Vec<(String, String)> = Vec::new();
    for (n, v) in target {
        if let Some(old) = lb.get(n) {
            displaced.push((n.to_owned(), old.to_owned()));
        }
        lb.set(n, v);
    }
    displaced.sort_by_key(|(n, _)| n.len());
    for (n, v) in displaced {
        let mut name = format!("{EXPORTED}{n}");
        while lb.get(&name).is_some() {
            name.insert_str(0, EXPORTED);
        }
        lb.set(&name, &v);
    }
}

fn check_names(lb: &LabelsBuilder, exposed: &Exposed, cfg: &PassConfig) -> Result<(), PassError> {
    let Some(metric) = lb.name() else {
        return Err(PassError::NameMissing);
    };
    let lossy = exposed.bad_metric_name && metric.contains(char::REPLACEMENT_CHARACTER);
    if lossy || !names::is_valid_metric_name(cfg.validation, metric.as_bytes()) {
        return Err(PassError::InvalidLabels {
            message: format!("invalid metric name {metric:?}"),
        });
    }
    for (n, _) in lb.iter().filter(|(n, _)| *n != METRIC_NAME) {
        let lossy = exposed.bad_label_name.as_deref() == Some(n);
        if lossy || !names::is_valid_label_name(cfg.validation, n.as_bytes()) {
            return Err(PassError::InvalidLabels {
                message: format!("invalid label name {n:?} in metric {metric:?}"),
            });
        }
    }
    Ok(())
}

fn check_limits(lb: &LabelsBuilder, cfg: &PassConfig) -> Result<(), PassError> {
    let metric = || lb.name().unwrap_or_default().to_owned();
    let over = |limit: u64, n: usize| limit > 0 && n as u64 > limit;
    if over(cfg.label_limit, lb.len()) {
        return Err(PassError::LabelLimit {
            message: format!(
                "label_limit exceeded (metric {:.50}, {} labels, limit {})",
                metric(),
                lb.len(),
                cfg.label_limit
            ),
        });
    }
    if cfg.label_name_length_limit == 0 && cfg.label_value_length_limit == 0 {
        return Ok(());
    }
    for (n, v) in lb.iter() {
        if over(cfg.label_name_length_limit, n.len()) {
            return Err(PassError::LabelLimit {
                message: format!(
                    "label_name_length_limit exceeded (metric {:.50}, label name {n:.50}, length {}, limit {})",
                    metric(),
                    n.len(),
                    cfg.label_name_length_limit
                ),
            });
        }
        if over(cfg.label_value_length_limit, v.len()) {
            return Err(PassError::LabelLimit {
                message: format!(
                    "label_value_length_limit exceeded (metric {:.50}, label {n:.50}={v:.50}, length {}, limit {})",
                    metric(),
                    v.len(),
                    cfg.label_value_length_limit
                ),
            });
        }
    }
    Ok(())
}
