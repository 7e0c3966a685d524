//! Text forms of a snapshot: Prometheus text 0.0.4 and OpenMetrics 1.0.0.

use super::desc::Kind;
use super::gather::{MetricFamily, Series, SeriesValue};
use crate::units::{push_go_float, push_openmetrics_float};

/// A text form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exposition {
    /// Prometheus text 0.0.4.
    Text,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
}

impl Exposition {
    /// The value of the `Content-Type` header.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    fn push_float(self, out: &mut String, value: f64) {
        match self {
            Self::Text => push_go_float(out, value),
            Self::OpenMetrics => push_openmetrics_float(out, value),
        }
    }
}

/// Writes a snapshot as text. Families appear in the order given.
pub fn render(families: &[MetricFamily], format: Exposition) -> String {
    let mut out = String::new();
    for family in families {
        header(&mut out, family, format);
        for series in &family.series {
            lines(&mut out, family, series, format);
        }
    }
    if format == Exposition::OpenMetrics {
        out.push_str("# EOF\n");
    }
    out
}

fn header(out: &mut String, family: &MetricFamily, format: Exposition) {
    let (mut name, mut kind) = (&*family.name, family.kind.as_str());
    if format == Exposition::OpenMetrics && family.kind == Kind::Counter {
        // A counter's family name goes without the suffix, and a name without the suffix is no counter there.
        match name.strip_suffix("_total") {
            Some(stem) => name = stem,
            None => kind = "unknown",
        }
    }
    out.push_str("# HELP ");
    out.push_str(name);
    out.push(' ');
    escape(out, &family.help, format == Exposition::OpenMetrics);
    out.push_str("\n# TYPE ");
    out.push_str(name);
    out.push(' ');
    out.push_str(kind);
    out.push('\n');
}

fn lines(out: &mut String, family: &MetricFamily, series: &Series, format: Exposition) {
    let name = &*family.name;
    let float = |out: &mut String, value: f64| format.push_float(out, value);
    // Counts are integers in both formats.
    let count = |out: &mut String, n: u64| out.push_str(itoa::Buffer::new().format(n));
    match &series.value {
        SeriesValue::Number(value) => {
            start(out, name, "", series, None);
            float(out, *value);
            out.push('\n');
        }
        SeriesValue::Histogram {
            buckets,
            sum,
            count: total,
        } => {
            for (bound, n) in buckets {
                start(out, name, "_bucket", series, Some(("le", *bound, format)));
                count(out, *n);
                out.push('\n');
            }
            sum_and_count(out, name, series, *sum, *total, format);
        }
        SeriesValue::Summary {
            quantiles,
            sum,
            count: total,
        } => {
            for (quantile, value) in quantiles {
                start(out, name, "", series, Some(("quantile", *quantile, format)));
                float(out, *value);
                out.push('\n');
            }
            sum_and_count(out, name, series, *sum, *total, format);
        }
    }
}

fn sum_and_count(
    out: &mut String,
    name: &str,
    series: &Series,
    sum: f64,
    count: u64,
    format: Exposition,
) {
    start(out, name, "_sum", series, None);
    format.push_float(out, sum);
    out.push('\n');
    start(out, name, "_count", series, None);
    out.push_str(itoa::Buffer::new().format(count));
    out.push('\n');
}

/// Name, labels and the space before the value.
fn start(
    out: &mut String,
    name: &str,
    suffix: &str,
    series: &Series,
    own: Option<(&str, f64, Exposition)>,
) {
    out.push_str(name);
    out.push_str(suffix);
    let mut separator = '{';
    for (label, value) in &series.labels {
        out.push(separator);
        separator = ',';
        out.push_str(label);
        out.push_str("=\"");
        escape(out, value, true);
        out.push('"');
    }
    if let Some((label, value, format)) = own {
        out.push(separator);
        separator = ',';
        out.push_str(label);
        out.push_str("=\"");
        format.push_float(out, value);
        out.push('"');
    }
    if separator == ',' {
        out.push('}');
    }
    out.push(' ');
}

fn escape(out: &mut String, text: &str, quotes: bool) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if quotes => out.push_str("\\\""),
            c => out.push(c),
        }
    }
}
