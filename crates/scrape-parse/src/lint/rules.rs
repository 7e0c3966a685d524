//! The conventions, one function each. Untyped metrics are excused from those that depend on the type.

use super::{Family, Problem};
use crate::{Format, MetricType};

/// Units and the base unit to use instead; a base unit stands for itself.
const UNITS: [(&str, &str); 24] = [
    ("amperes", "amperes"),
    ("bytes", "bytes"),
    ("celsius", "celsius"),
    ("grams", "grams"),
    ("joules", "joules"),
    ("kelvin", "kelvin"),
    ("meters", "meters"),
    ("metres", "metres"),
    ("seconds", "seconds"),
    ("volts", "volts"),
    ("minutes", "seconds"),
    ("hours", "seconds"),
    ("days", "seconds"),
    ("weeks", "seconds"),
    ("kelvins", "kelvin"),
    ("fahrenheit", "celsius"),
    ("rankine", "celsius"),
    ("inches", "meters"),
    ("yards", "meters"),
    ("miles", "meters"),
    ("bits", "bytes"),
    ("calories", "joules"),
    ("pounds", "grams"),
    ("ounces", "grams"),
];

const PREFIXES: [&str; 18] = [
    "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega",
    "mibi", "giga", "gibi", "tera", "tebi", "peta", "pebi",
];

const ABBREVIATIONS: [&str; 14] = [
    "s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d",
];

/// Applies every rule.
pub(super) fn check(family: &Family, format: Format, problems: &mut Vec<Problem>) {
    let mut report = |text: String| {
        problems.push(Problem {
            metric: family.name.clone(),
            text,
        })
    };
    if family.help.is_none() {
        report("no help text".to_owned());
    }
    if let Some((unit, base)) = unit(&family.name)
        && unit != base
    {
        report(format!("use base unit \"{base}\" instead of \"{unit}\""));
    }
    counter(family, format, &mut report);
    reserved(family, &mut report);
    type_in_name(family, &mut report);
    if family.name.contains(':') {
        report("metric names should not contain ':'".to_owned());
    }
    if is_camel_case(&family.name) {
        report("metric names should be written in 'snake_case' not 'camelCase'".to_owned());
    }
    if family.labels.iter().any(|label| is_camel_case(label)) {
        report("label names should be written in 'snake_case' not 'camelCase'".to_owned());
    }
    if ABBREVIATIONS
        .iter()
        .any(|unit| has_word(&family.name.to_lowercase(), unit))
    {
        report("metric names should not contain abbreviated units".to_owned());
    }
    if family.repeated {
        report("metric not unique".to_owned());
    }
}

fn known_kind(family: &Family) -> Option<MetricType> {
    family.kind.filter(|kind| *kind != MetricType::Unknown)
}

fn counter(family: &Family, format: Format, report: &mut impl FnMut(String)) {
    let Some(kind) = known_kind(family) else {
        return;
    };
    let has_suffix = family.name.ends_with("_total");
    // In OpenMetrics the suffix belongs to the sample, not to the family, and the parser's samples carry it.
    let wants_suffix = kind == MetricType::Counter && format != Format::OpenMetrics;
    if wants_suffix && !has_suffix {
        report("counter metrics should have \"_total\" suffix".to_owned());
    } else if kind != MetricType::Counter && has_suffix {
        report("non-counter metrics should not have \"_total\" suffix".to_owned());
    }
}

fn reserved(family: &Family, report: &mut impl FnMut(String)) {
    let Some(kind) = known_kind(family) else {
        return;
    };
    let histogram = matches!(kind, MetricType::Histogram | MetricType::GaugeHistogram);
    let summary = kind == MetricType::Summary;
    if !histogram && family.name.ends_with("_bucket") {
        report("non-histogram metrics should not have \"_bucket\" suffix".to_owned());
    }
    for suffix in ["_count", "_sum"] {
        if !histogram && !summary && family.name.ends_with(suffix) {
            report(format!(
                "non-histogram and non-summary metrics should not have \"{suffix}\" suffix"
            ));
        }
    }
    if !histogram && family.labels.contains("le") {
        report("non-histogram metrics should not have \"le\" label".to_owned());
    }
    if !summary && family.labels.contains("quantile") {
        report("non-summary metrics should not have \"quantile\" label".to_owned());
    }
}

fn type_in_name(family: &Family, report: &mut impl FnMut(String)) {
    let Some(kind) = known_kind(family) else {
        return;
    };
    // The name that the type has in the protobuf schema.
    let word = match kind {
        MetricType::GaugeHistogram => "gauge_histogram",
        kind => kind.as_str(),
    };
    // An info's sample must end so.
    if kind != MetricType::Info && has_word(&family.name.to_lowercase(), word) {
        report(format!("metric name should not include type '{word}'"));
    }
}

/// Whether `name` has `word` between underscores or as its last word; not as its first.
fn has_word(name: &str, word: &str) -> bool {
    name.match_indices(word).any(|(at, _)| {
        let before = name.get(..at).unwrap_or_default();
        let after = name.get(at + word.len()..).unwrap_or_default();
        before.ends_with('_') && (after.is_empty() || after.starts_with('_'))
    })
}

fn is_camel_case(name: &str) -> bool {
    name.as_bytes()
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()))
}

/// The first word of a name that is a unit, and the base unit it stands for.
fn unit(name: &str) -> Option<(&str, &'static str)> {
    let base = |word: &str| {
        UNITS
            .iter()
            .find(|(unit, _)| *unit == word)
            .map(|(_, base)| *base)
    };
    name.split('_').find_map(|word| {
        let prefixed = || {
            PREFIXES
                .iter()
                .find_map(|prefix| word.strip_prefix(prefix).and_then(base))
        };
        base(word).or_else(prefixed).map(|base| (word, base))
    })
}
