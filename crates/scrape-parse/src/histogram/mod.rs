//! Native histograms as data: the integer flavour (bucket-to-bucket deltas) and the float flavour (absolute
//! counts), with the span layout that Prometheus' storage and wire formats share.
//!
//! The operations are the ones that scraping and storing need: [`Histogram::validate`], compaction, lowering
//! the resolution, the bucket limit and schema cap of a scrape job, conversion, exact comparison. None of them
//! panics on hostile values: bucket indices wrap as 32-bit integers do and validation refuses the result.

use alloc::vec::Vec;

mod limit;
mod ops;
mod side;
mod validate;

#[cfg(test)]
mod tests;

pub use limit::BucketLimitError;
#[cfg(feature = "std")]
pub use limit::schema_for_bucket_factor;
pub use validate::{HistogramError, Side};

pub(crate) use side::{Bucket, SideBuilder, none_empty, spans_are_compact, walk};

/// Lowest resolution of an exponential schema.
pub const MIN_EXPONENTIAL_SCHEMA: i32 = -4;

/// Highest resolution of an exponential schema that storage takes.
pub const MAX_EXPONENTIAL_SCHEMA: i32 = 8;

/// Highest resolution of an exponential schema that a target may expose; it is reduced before it is stored.
pub const MAX_EXPOSED_SCHEMA: i32 = 52;

/// The bits of the float that marks a series as gone, also as the sum of a histogram.
pub const STALE_NAN_BITS: u64 = 0x7ff0_0000_0000_0002;

/// Schema of histograms with custom bucket bounds.
pub const CUSTOM_BUCKETS_SCHEMA: i32 = -53;

/// What is known about counter resets between a histogram and its predecessor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum ResetHint {
    /// Nothing is known.
    #[default]
    Unknown = 0,
    /// A counter reset happened.
    Reset = 1,
    /// No counter reset happened.
    NotReset = 2,
    /// A gauge histogram: resets have no meaning.
    Gauge = 3,
}

/// A run of consecutive buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// Gap to the previous span, or the index of the first bucket for the first span.
    pub offset: i32,
    /// Number of buckets.
    pub length: u32,
}

/// Native histogram with integer counts; buckets are deltas to their predecessor.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histogram {
    /// Reset hint.
    pub reset_hint: ResetHint,
    /// Resolution, -4 to 8, or [`CUSTOM_BUCKETS_SCHEMA`].
    pub schema: i32,
    /// Width of the zero bucket.
    pub zero_threshold: f64,
    /// Observations in the zero bucket.
    pub zero_count: u64,
    /// All observations.
    pub count: u64,
    /// Sum of observations.
    pub sum: f64,
    /// Spans of the positive buckets.
    pub positive_spans: Vec<Span>,
    /// Positive buckets, each the difference to its predecessor.
    pub positive_buckets: Vec<i64>,
    /// Spans of the negative buckets.
    pub negative_spans: Vec<Span>,
    /// Negative buckets, each the difference to its predecessor.
    pub negative_buckets: Vec<i64>,
    /// Upper bounds for [`CUSTOM_BUCKETS_SCHEMA`], strictly ascending, without `+Inf`.
    pub custom_values: Vec<f64>,
}

/// Native histogram with float counts; buckets are absolute.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FloatHistogram {
    /// Reset hint.
    pub reset_hint: ResetHint,
    /// Resolution, -4 to 8, or [`CUSTOM_BUCKETS_SCHEMA`].
    pub schema: i32,
    /// Width of the zero bucket.
    pub zero_threshold: f64,
    /// Observations in the zero bucket.
    pub zero_count: f64,
    /// All observations.
    pub count: f64,
    /// Sum of observations.
    pub sum: f64,
    /// Spans of the positive buckets.
    pub positive_spans: Vec<Span>,
    /// Positive buckets, absolute counts.
    pub positive_buckets: Vec<f64>,
    /// Spans of the negative buckets.
    pub negative_spans: Vec<Span>,
    /// Negative buckets, absolute counts.
    pub negative_buckets: Vec<f64>,
    /// Upper bounds for [`CUSTOM_BUCKETS_SCHEMA`], strictly ascending, without `+Inf`.
    pub custom_values: Vec<f64>,
}
