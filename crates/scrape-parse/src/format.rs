//! The formats a body can be in.

/// A family of exposition formats that one parser reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Prometheus text 0.0.4 and 1.0.0, which share a grammar.
    Text,
    /// OpenMetrics text 0.0.1 and 1.x.
    OpenMetrics,
    /// Length-delimited `io.prometheus.client.MetricFamily` messages.
    Protobuf,
}
