//! What a parser yields.

/// The type of a metric family, as `# TYPE` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
#[repr(u8)]
pub enum MetricType {
    /// Not declared, `untyped` (text) or `unknown` (OpenMetrics).
    #[default]
    Unknown = 0,
    /// Monotonic counter.
    Counter = 1,
    /// Gauge.
    Gauge = 2,
    /// Classic or native histogram.
    Histogram = 3,
    /// OpenMetrics gauge histogram.
    GaugeHistogram = 4,
    /// Summary.
    Summary = 5,
    /// OpenMetrics info.
    Info = 6,
    /// OpenMetrics state set.
    StateSet = 7,
}

impl MetricType {
    /// The name that OpenMetrics and the Prometheus API use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
        }
    }
}

/// Receives decoded labels. The metric name arrives as the label `__name__`; order is the order of the
/// exposition; duplicates and empty values are passed on.
pub trait LabelSink {
    /// One label, unescaped. Names and values are raw bytes; names may be invalid UTF-8 (validity is the
    /// caller's question, see the crate documentation), values are checked UTF-8.
    fn label(&mut self, name: &[u8], value: &[u8]);
}

impl LabelSink for Vec<(Vec<u8>, Vec<u8>)> {
    fn label(&mut self, name: &[u8], value: &[u8]) {
        self.push((name.to_vec(), value.to_vec()));
    }
}
