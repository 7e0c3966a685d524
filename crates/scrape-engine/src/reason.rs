//! Why a scrape failed, as a small closed vocabulary: it labels `scrape_cli_target_failures_total`, so that an
//! alert can tell a refused connection from a broken exposition without reading messages.

use std::fmt;

/// The cause of a failed scrape. The set is closed and small: it is a metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FailureReason {
    /// No response, or not a usable one.
    Fetch(scrape_http::Reason),
    /// The pool has more targets than its limit: nothing is fetched.
    TargetLimit,
    /// The content type names no format we parse.
    ContentType,
    /// The body does not follow its format.
    Parse,
    /// A line, or all series text of the target, is longer than we hold.
    TooLarge,
    /// A series has no name, or a name or value that the validation scheme refuses.
    InvalidLabels,
    /// `label_limit`, `label_name_length_limit` or `label_value_length_limit`.
    LabelLimit,
    /// `sample_limit`.
    SampleLimit,
    /// `native_histogram_bucket_limit`.
    BucketLimit,
    /// The store refused the samples.
    Storage,
}

impl FailureReason {
    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fetch(reason) => reason.as_str(),
            Self::TargetLimit => "target_limit",
            Self::ContentType => "content_type",
            Self::Parse => "parse",
            Self::TooLarge => "too_large",
            Self::InvalidLabels => "invalid_labels",
            Self::LabelLimit => "label_limit",
            Self::SampleLimit => "sample_limit",
            Self::BucketLimit => "bucket_limit",
            Self::Storage => "storage",
        }
    }
}

impl From<scrape_http::Reason> for FailureReason {
    fn from(reason: scrape_http::Reason) -> Self {
        Self::Fetch(reason)
    }
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
