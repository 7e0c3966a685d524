//! Families, metrics and samples: which names belong together, what may follow what, and what a single sample may
//! say (all rules but the ones about spelling).

use super::Violation;
use super::histogram::{Member, Point};
use crate::event::METRIC_NAME;
use crate::{Format, MetricType, parse_go_float};
use std::collections::{HashMap, HashSet};

type Labels = Vec<(Vec<u8>, Vec<u8>)>;

/// A metadata line.
#[derive(Debug, Clone, Copy)]
pub(super) enum Metadata {
    Help,
    Type(MetricType),
    Unit { has_unit: bool },
}

/// A sample as written.
#[derive(Debug)]
pub(super) struct Sample<'a> {
    /// Where its line starts.
    pub(super) at: usize,
    pub(super) value: f64,
    /// In the unit of the format.
    pub(super) timestamp: Option<f64>,
    pub(super) exemplar: Option<ExemplarSample>,
    /// Name and labels; sorted here.
    pub(super) labels: &'a mut Labels,
}

/// An exemplar.
#[derive(Debug)]
pub(super) struct ExemplarSample {
    pub(super) at: usize,
    pub(super) value: f64,
    pub(super) labels: Labels,
}

/// All families so far, the one in work last.
#[derive(Debug)]
pub(super) struct Families {
    openmetrics: bool,
    /// Names taken: of families and of the samples that their types imply.
    taken: HashSet<Vec<u8>>,
    current: Option<Family>,
    count: usize,
}

#[derive(Debug)]
struct Family {
    name: Vec<u8>,
    kind: Option<MetricType>,
    help: bool,
    /// Whether there was a UNIT line, and whether it named one.
    unit: Option<bool>,
    at: usize,
    samples: usize,
    /// Metrics met: canonical labels and, for text, the position in `points`.
    seen: HashMap<Vec<u8>, usize>,
    /// One per metric, for histograms.
    points: Vec<Point>,
    /// Name and all labels of samples of the current metric and timestamp (of the family for text).
    series: HashSet<Vec<u8>>,
    /// The metric in work and its last timestamp.
    metric: Option<(Vec<u8>, Option<f64>)>,
    /// The last `quantile` of the metric in work.
    quantile: Option<f64>,
}

impl Family {
    fn new(name: Vec<u8>, at: usize) -> Self {
        Self {
            name,
            kind: None,
            help: false,
            unit: None,
            at,
            samples: 0,
            seen: HashMap::new(),
            points: Vec::new(),
            series: HashSet::new(),
            metric: None,
            quantile: None,
        }
    }

    fn kind(&self) -> MetricType {
        self.kind.unwrap_or_default()
    }

    fn is_histogram(&self) -> bool {
        matches!(
            self.kind(),
            MetricType::Histogram | MetricType::GaugeHistogram
        )
    }
}

/// Suffixes of the samples of a type. The first form of the text format knows fewer.
fn suffixes(kind: MetricType, openmetrics: bool) -> &'static [&'static str] {
    match (kind, openmetrics) {
        (MetricType::Counter, true) => &["_total", "_created"],
        (MetricType::Summary, true) => &["", "_count", "_sum", "_created"],
        (MetricType::Histogram, true) => &["_bucket", "_count", "_sum", "_created"],
        (MetricType::GaugeHistogram, true) => &["_bucket", "_gcount", "_gsum"],
        (MetricType::Info, true) => &["_info"],
        (MetricType::Summary, false) => &["", "_count", "_sum"],
        (MetricType::Histogram, false) => &["_bucket", "_count", "_sum"],
        _ => &[""],
    }
}

impl Families {
    pub(super) fn new(format: Format) -> Self {
        let openmetrics = format == Format::OpenMetrics;
        Self {
            openmetrics,
            taken: HashSet::new(),
            current: None,
            count: 0,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Ends the family in work.
    pub(super) fn finish(&mut self) -> Result<(), Violation> {
        let Some(family) = self.current.take() else {
            return Ok(());
        };
        self.count += 1;
        let kind = family.kind();
        if family.unit == Some(true) && matches!(kind, MetricType::Info | MetricType::StateSet) {
            return Err(Violation::new(
                16,
                family.at,
                "info and state sets have no unit",
            ));
        }
        for point in &family.points {
            point.finish(self.openmetrics)?;
        }
        // A name counts as taken whether or not such a sample occurred.
        let names = suffixes(kind, self.openmetrics).iter().copied().chain([""]);
        let names: HashSet<Vec<u8>> = names
            .map(|suffix| [&family.name, suffix.as_bytes()].concat())
            .collect();
        for name in names {
            if !self.taken.insert(name) {
                return Err(Violation::new(
                    9,
                    family.at,
                    "name clashes with one of another family",
                ));
            }
        }
        Ok(())
    }

    fn open(&mut self, name: &[u8], at: usize) -> Result<(), Violation> {
        self.finish()?;
        self.current = Some(Family::new(name.to_vec(), at));
        Ok(())
    }

    pub(super) fn metadata(
        &mut self,
        what: Metadata,
        name: &[u8],
        at: usize,
    ) -> Result<(), Violation> {
        if self
            .current
            .as_ref()
            .is_none_or(|family| family.name != name)
        {
            self.open(name, at)?;
            if self.taken.contains(name) {
                return Err(Violation::new(9, at, "family was there before"));
            }
        }
        let Some(family) = &mut self.current else {
            return Ok(());
        };
        if family.samples > 0 {
            return Err(Violation::new(
                8,
                at,
                "metadata after the samples of its family",
            ));
        }
        let repeated = match what {
            Metadata::Help => std::mem::replace(&mut family.help, true),
            Metadata::Type(kind) => family.kind.replace(kind).is_some(),
            Metadata::Unit { has_unit } => family.unit.replace(has_unit).is_some(),
        };
        if repeated {
            return Err(Violation::new(
                7,
                at,
                "a family has one HELP, one TYPE and one UNIT at most",
            ));
        }
        Ok(())
    }

    pub(super) fn sample(&mut self, sample: Sample<'_>) -> Result<(), Violation> {
        let at = sample.at;
        sample.labels.sort();
        if sample
            .labels
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a.0 == b.0))
        {
            return Err(Violation::new(6, at, "label name occurs twice"));
        }
        let name = find(sample.labels, METRIC_NAME)
            .unwrap_or_default()
            .to_vec();
        let openmetrics = self.openmetrics;
        let belongs = |family: &Family| {
            let suffix = name
                .strip_prefix(family.name.as_slice())
                .and_then(|s| std::str::from_utf8(s).ok());
            suffix.is_some_and(|suffix| suffixes(family.kind(), openmetrics).contains(&suffix))
        };
        if !self.current.as_ref().is_some_and(belongs) {
            let mine = self
                .current
                .as_ref()
                .is_some_and(|family| family.name == name);
            if mine {
                return Err(Violation::new(
                    11,
                    at,
                    "sample has no suffix that its type allows",
                ));
            }
            self.open(&name, at)?;
            if self.taken.contains(&name) {
                return Err(Violation::new(
                    10,
                    at,
                    "samples of a family are not in one group",
                ));
            }
        }
        let Some(family) = &mut self.current else {
            return Ok(());
        };
        let suffix =
            String::from_utf8_lossy(name.get(family.name.len()..).unwrap_or_default()).into_owned();
        family.samples += 1;
        if openmetrics {
            check_value(family, &suffix, &sample)?;
        }
        let member = check_labels(family, &suffix, &sample)?;
        if openmetrics {
            if let Some(exemplar) = &sample.exemplar {
                check_exemplar(family, &suffix, exemplar, member)?;
            }
            place(family, &suffix, &sample, member)
        } else {
            place_text(family, &suffix, &sample, member)
        }
    }
}

fn find<'a>(labels: &'a Labels, name: &[u8]) -> Option<&'a [u8]> {
    labels
        .iter()
        .find(|label| label.0 == name)
        .map(|label| label.1.as_slice())
}

/// Labels as one string of bytes, without the one named; lengths keep them apart.
fn canonical(labels: &Labels, without: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in labels {
        if !without.contains(&name.as_slice()) {
            for part in [name, value] {
                out.extend_from_slice(&(part.len() as u64).to_le_bytes());
                out.extend_from_slice(part);
            }
        }
    }
    out
}

/// S15, S16, S17, S22, S23: what the value may be.
fn check_value(family: &Family, suffix: &str, sample: &Sample<'_>) -> Result<(), Violation> {
    let (at, value) = (sample.at, sample.value);
    let rule = |rule, message| Err(Violation::new(rule, at, message));
    let counts = matches!(suffix, "_bucket" | "_count" | "_gcount");
    match family.kind() {
        MetricType::StateSet if value != 0.0 && value != 1.0 => {
            return rule(15, "state is neither 0 nor 1");
        }
        MetricType::Info if value != 1.0 => return rule(16, "value of an info is not 1"),
        MetricType::Summary if suffix.is_empty() && value < 0.0 => {
            return rule(23, "quantile is negative");
        }
        _ => {}
    }
    if matches!(suffix, "_total" | "_sum" | "_gsum") || counts {
        if value.is_nan() {
            return rule(17, "value that counts is NaN");
        }
        // Whether a negative _gsum is in order depends on the buckets.
        if value < 0.0 && suffix != "_gsum" {
            return rule(17, "value that counts is negative");
        }
    }
    if counts && value.fract() != 0.0 {
        return rule(22, "count is not a whole number");
    }
    Ok(())
}

/// S15, S18, S23: labels that the type demands. Answers what the sample is for a histogram.
fn check_labels(
    family: &Family,
    suffix: &str,
    sample: &Sample<'_>,
) -> Result<Option<Member>, Violation> {
    let at = sample.at;
    match family.kind() {
        MetricType::StateSet if find(sample.labels, &family.name).is_none() => Err(Violation::new(
            15,
            at,
            "state set without the label that carries the family's name",
        )),
        MetricType::Summary if suffix.is_empty() => {
            let text = find(sample.labels, b"quantile");
            let quantile = text
                .and_then(parse_go_float)
                .filter(|q| (0.0..=1.0).contains(q));
            match quantile {
                Some(_) => Ok(None),
                None => Err(Violation::new(
                    23,
                    at,
                    "quantile is not a number from 0 to 1",
                )),
            }
        }
        MetricType::Histogram | MetricType::GaugeHistogram => Ok(Some(match suffix {
            "_bucket" => {
                let text = find(sample.labels, b"le").unwrap_or_default();
                let bound = parse_go_float(text).filter(|bound| !bound.is_nan());
                let Some(bound) = bound else {
                    return Err(Violation::new(18, at, "bucket without a number as its le"));
                };
                if bound == f64::INFINITY && text != b"+Inf" {
                    return Err(Violation::new(18, at, "infinite bound is not spelled +Inf"));
                }
                Member::Bucket(bound)
            }
            "_count" | "_gcount" => Member::Count,
            "_sum" => Member::Sum,
            "_gsum" => Member::Gsum,
            _ => return Ok(None),
        })),
        _ => Ok(None),
    }
}

/// S24, S25, S26.
fn check_exemplar(
    family: &Family,
    suffix: &str,
    exemplar: &ExemplarSample,
    member: Option<Member>,
) -> Result<(), Violation> {
    const MAX_CHARS: usize = 128;
    let at = exemplar.at;
    let allowed = (family.kind() == MetricType::Counter && suffix == "_total")
        || (family.is_histogram() && suffix == "_bucket");
    if !allowed {
        return Err(Violation::new(
            24,
            at,
            "exemplar on a sample that is neither a counter's total nor a bucket",
        ));
    }
    let chars = |text: &[u8]| String::from_utf8_lossy(text).chars().count();
    let length: usize = exemplar
        .labels
        .iter()
        .map(|(name, value)| chars(name) + chars(value))
        .sum();
    if length > MAX_CHARS {
        return Err(Violation::new(
            25,
            at,
            "labels of an exemplar are longer than 128 characters",
        ));
    }
    let mut names: Vec<&[u8]> = exemplar
        .labels
        .iter()
        .map(|label| label.0.as_slice())
        .collect();
    names.sort_unstable();
    if names
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a == b))
    {
        return Err(Violation::new(
            6,
            at,
            "label name occurs twice in an exemplar",
        ));
    }
    if let Some(Member::Bucket(bound)) = member
        && exemplar.value > bound
    {
        return Err(Violation::new(
            26,
            at,
            "exemplar lies above the bound of its bucket",
        ));
    }
    Ok(())
}

/// The labels that tell metrics of a family apart.
fn metric_labels(family: &Family, suffix: &str, labels: &Labels) -> Vec<u8> {
    match family.kind() {
        // Each info is a metric of its own that may change, so they cannot be told apart.
        MetricType::Info => Vec::new(),
        MetricType::StateSet => canonical(labels, &[METRIC_NAME, &family.name]),
        MetricType::Summary if suffix.is_empty() => canonical(labels, &[METRIC_NAME, b"quantile"]),
        MetricType::Histogram | MetricType::GaugeHistogram if suffix == "_bucket" => {
            canonical(labels, &[METRIC_NAME, b"le"])
        }
        _ => canonical(labels, &[METRIC_NAME]),
    }
}

/// S10, S12, S27 and, through the point, S18 to S21: where the sample stands among its neighbours.
fn place(
    family: &mut Family,
    suffix: &str,
    sample: &Sample<'_>,
    member: Option<Member>,
) -> Result<(), Violation> {
    let at = sample.at;
    let metric = metric_labels(family, suffix, sample.labels);
    let known = family.seen.contains_key(&metric);
    let mut new_point = !known;
    match &family.metric {
        Some((last, timestamp)) if *last == metric => match (*timestamp, sample.timestamp) {
            (None, Some(_)) | (Some(_), None) => {
                return Err(Violation::new(
                    12,
                    at,
                    "some samples of a metric have timestamps, some have not",
                ));
            }
            (Some(before), Some(now)) if now < before && family.kind() != MetricType::Info => {
                return Err(Violation::new(12, at, "timestamps of a metric decrease"));
            }
            (before, now) => new_point |= before != now,
        },
        _ if known => {
            return Err(Violation::new(
                10,
                at,
                "samples of a metric are not in one group",
            ));
        }
        _ => {}
    }
    if new_point {
        family.series.clear();
        for point in family.points.drain(..) {
            point.finish(true)?;
        }
        if family.is_histogram() {
            family.points.push(Point::default());
        }
    }
    let repeated = !family.series.insert(canonical(sample.labels, &[]));
    if repeated && sample.timestamp.is_none() {
        return Err(Violation::new(
            27,
            at,
            "series occurs twice without timestamps",
        ));
    }
    // Equal timestamps may come from coarse clocks; the repetition then says nothing about the point.
    if let (false, Some(member), Some(point)) = (repeated, member, family.points.last_mut()) {
        point.add(member, sample.value, at)?;
    }
    family.metric = Some((metric.clone(), sample.timestamp));
    family.seen.insert(metric, 0);
    Ok(())
}

/// The text format groups by family only, and wants every series once.
fn place_text(
    family: &mut Family,
    suffix: &str,
    sample: &Sample<'_>,
    member: Option<Member>,
) -> Result<(), Violation> {
    let at = sample.at;
    if !family.series.insert(canonical(sample.labels, &[])) {
        return Err(Violation::new(27, at, "series occurs twice"));
    }
    let metric = metric_labels(family, suffix, sample.labels);
    if let Some(member) = member {
        let next = family.points.len();
        let index = *family.seen.entry(metric).or_insert(next);
        if index == next {
            family.points.push(Point::default());
        }
        if let Some(point) = family.points.get_mut(index) {
            point.add(member, sample.value, at)?;
        }
        return Ok(());
    }
    if family.kind() == MetricType::Summary && suffix.is_empty() {
        let quantile = find(sample.labels, b"quantile").and_then(parse_go_float);
        let same = family
            .metric
            .as_ref()
            .is_some_and(|(last, _)| *last == metric);
        if same && quantile <= family.quantile {
            return Err(Violation::new(
                23,
                at,
                "quantiles are not in ascending order",
            ));
        }
        family.quantile = quantile;
        family.metric = Some((metric, None));
    }
    Ok(())
}
