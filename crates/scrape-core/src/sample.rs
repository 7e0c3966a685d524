//! Sample values: the bit patterns that have a meaning, exemplars and metadata.

use crate::labels::Labels;
use scrape_parse::MetricType;

/// The stale marker: says that a series has ended. A NaN with a payload of its own; compare by bits.
pub const STALE_NAN_BITS: u64 = 0x7ff0_0000_0000_0002;
/// Every other NaN is stored as this one.
pub const NORMAL_NAN_BITS: u64 = 0x7ff8_0000_0000_0001;

/// The stale marker as a float.
pub const fn stale_nan() -> f64 {
    f64::from_bits(STALE_NAN_BITS)
}

/// Whether a value is the stale marker (by bits; an ordinary NaN is not).
pub const fn is_stale_nan(v: f64) -> bool {
    v.to_bits() == STALE_NAN_BITS
}

/// Any NaN becomes the ordinary one, so that no target can inject a stale marker.
pub fn canonical(v: f64) -> f64 {
    if v.is_nan() {
        f64::from_bits(NORMAL_NAN_BITS)
    } else {
        v
    }
}

/// An exemplar: a labelled example of one observation.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// Its own labels, typically `trace_id`.
    pub labels: Labels,
    /// The observed value.
    pub value: f64,
    /// Unix milliseconds.
    pub ts: i64,
}

/// Type, unit and help of a series' family, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MetadataRef<'a> {
    /// Metric type.
    pub kind: MetricType,
    /// Unit, may be empty.
    pub unit: &'a str,
    /// Help text, may be empty.
    pub help: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_bits_are_a_stale_marker() {
        assert!(is_stale_nan(stale_nan()));
        assert!(!is_stale_nan(f64::NAN));
        assert_eq!(canonical(stale_nan()).to_bits(), NORMAL_NAN_BITS);
        assert_eq!(canonical(-0.0).to_bits(), (-0.0f64).to_bits());
    }
}
