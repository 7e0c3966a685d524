//! Why a scrape failed, and what a pass counted.

use crate::ports::append::AppendError;
use scrape_parse::ParseError;

/// Why the body of a scrape was refused as a whole. Everything appended before it is rolled back.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PassError {
    /// The body is not what its format demands.
    #[error("{0}")]
    Parse(ParseError),
    /// The content type is unusable.
    #[error("{0}")]
    ContentType(ParseError),
    /// A series has no metric name after relabeling.
    #[error("label set must contain a metric name (__name__)")]
    NameMissing,
    /// A metric name, label name or label set is not valid.
    #[error("{message}")]
    InvalidLabels {
        /// Which and why.
        message: String,
    },
    /// A label limit was exceeded.
    #[error("{message}")]
    LabelLimit {
        /// Which limit, which metric.
        message: String,
    },
    /// `sample_limit` was exceeded.
    #[error("sample limit exceeded: {added} samples after relabeling, limit {limit}")]
    SampleLimit {
        /// Samples after relabeling.
        added: u64,
        /// The limit.
        limit: u64,
    },
    /// A native histogram has too many buckets even at the lowest resolution.
    #[error("native histogram bucket limit exceeded: limit {limit}")]
    BucketLimit {
        /// The limit.
        limit: u64,
    },
    /// A line or group of lines that must be seen whole is longer than the pass will hold.
    #[error("a line, message or group of lines is longer than {limit} bytes")]
    LineTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// A target exposes more series text than the cache can address.
    #[error("the series text of this target exceeds 4 GiB")]
    TooLarge,
    /// Storage refused for a reason that is not counted per sample.
    #[error("storage: {0}")]
    Storage(AppendError),
}

impl PassError {
    /// The bounded reason used in metrics and in the API.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Parse(_) => "parse",
            Self::ContentType(_) => "content_type",
            Self::NameMissing | Self::InvalidLabels { .. } => "invalid_labels",
            Self::LabelLimit { .. } => "label_limit",
            Self::SampleLimit { .. } => "sample_limit",
            Self::BucketLimit { .. } => "bucket_limit",
            Self::TooLarge | Self::LineTooLong { .. } => "too_large",
            Self::Storage(_) => "storage",
        }
    }

    /// Line and column, from 1, for failures that have a place in the body.
    pub fn position(&self) -> Option<(u64, u64)> {
        match self {
            Self::Parse(e) => Some((e.line, e.column)),
            _ => None,
        }
    }
}

/// What one pass saw. Kept also when the scrape fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PassStats {
    /// Samples in the body (`scrape_samples_scraped`).
    pub total: u64,
    /// Samples that relabeling left over, refused ones included (`scrape_samples_post_metric_relabeling`).
    pub added: u64,
    /// Series not known before (`scrape_series_added`).
    pub series_added: u64,
    /// Refused: same series and timestamp, other value.
    pub duplicates: u64,
    /// Refused: older than the series.
    pub out_of_order: u64,
    /// Refused: outside the time range that is accepted.
    pub out_of_bounds: u64,
    /// Exemplars refused as out of order.
    pub exemplars_out_of_order: u64,
    /// Stale markers written.
    pub stale_markers: u64,
    /// Bytes of body handed to the pass.
    pub body_bytes: u64,
    /// The cache had to be flushed although the scrape failed.
    pub flush_forced: bool,
}
