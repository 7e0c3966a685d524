//! The port to storage. One call takes floats, histograms, exemplars and metadata of a series; a batch call
//! takes the steady state: many floats that share a timestamp, by reference.
//!
//! Expected events (out of order, duplicate, out of bounds, too old) are values that the caller counts, not
//! failures of the appender: after any [`AppendError`] the appender stays usable.

use crate::histogram::{FloatHistogram, Histogram};
use crate::labels::Labels;
use crate::sample::{Exemplar, MetadataRef};

/// Names a series inside one storage instance. 0 means unknown. It may become invalid at any time (the store
/// may have forgotten the series); a stale one falls back to the labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct SeriesRef(pub u64);

impl SeriesRef {
    /// No reference is known.
    pub const UNKNOWN: Self = Self(0);

    /// Whether this is a reference at all.
    pub fn is_known(self) -> bool {
        self.0 != 0
    }
}

/// One value of a series.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// A float; [`crate::sample::stale_nan`] ends the series.
    Float(f64),
    /// A native histogram with integer counts.
    Histogram(&'a Histogram),
    /// A native histogram with float counts.
    FloatHistogram(&'a FloatHistogram),
}

/// Which kind of zero sample [`Appender::append_st_zero`] writes.
#[derive(Debug, Clone, Copy)]
pub enum ZeroKind<'a> {
    /// A float 0.
    Float,
    /// An empty integer histogram with this one's schema, threshold and bounds.
    Histogram(&'a Histogram),
    /// An empty float histogram with this one's schema, threshold and bounds.
    FloatHistogram(&'a FloatHistogram),
}

/// What goes along with a value.
#[derive(Debug, Clone, Copy, Default)]
pub struct AppendOpts<'a> {
    /// Metadata of the series; stored only when it differs from what is stored.
    pub metadata: Option<MetadataRef<'a>>,
    /// Exemplars of this value, ascending by time.
    pub exemplars: &'a [Exemplar],
    /// Refuse the sample when it is out of order even if an out-of-order window is configured.
    pub reject_out_of_order: bool,
}

/// The outcome of an accepted append.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Appended {
    /// The reference to use next time.
    pub series: SeriesRef,
    /// Exemplars that were refused; the sample itself was taken.
    pub exemplar_errors: Vec<AppendError>,
}

/// Why a sample, exemplar or histogram was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// Older than the newest sample of the series.
    #[error("out of order sample")]
    OutOfOrder,
    /// Same timestamp as the newest sample, other value.
    #[error("duplicate sample for timestamp")]
    Duplicate,
    /// Before the time range that storage still accepts, or too far in the future.
    #[error("out of bounds")]
    OutOfBounds,
    /// Older than the out-of-order window.
    #[error("too old sample")]
    TooOld,
    /// The reference is unknown and no labels were given.
    #[error("series not found")]
    NotFound,
    /// The label set cannot name a series (empty, duplicate name).
    #[error("invalid sample: {0}")]
    InvalidSample(String),
    /// The histogram is inconsistent.
    #[error("invalid histogram: {0}")]
    InvalidHistogram(String),
    /// The start time is at or before the newest sample of the series.
    #[error("start time out of order")]
    OutOfOrderSt,
    /// The start time is not before the sample.
    #[error("start time is newer or same as sample time")]
    StNewerThanSample,
    /// Exemplar older than the latest of its series.
    #[error("out of order exemplar")]
    OutOfOrderExemplar,
    /// Exemplar equal to the latest of its series.
    #[error("duplicate exemplar")]
    DuplicateExemplar,
    /// Exemplar labels longer than 128 characters.
    #[error("exemplar labels too long")]
    ExemplarLabelLength,
    /// Storage keeps no exemplars.
    #[error("exemplars are disabled")]
    ExemplarsDisabled,
    /// Storage keeps no native histograms.
    #[error("native histograms are disabled")]
    NativeHistogramsDisabled,
    /// Storage refuses to take anything now (disk full, failed log).
    #[error("storage unavailable: {0}")]
    Unavailable(String),
}

impl AppendError {
    /// Whether the scrape counts this refusal and goes on (everything else aborts it).
    pub fn is_counted(&self) -> bool {
        matches!(
            self,
            Self::OutOfOrder | Self::Duplicate | Self::OutOfBounds | Self::TooOld
        )
    }
}

/// What a commit did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CommitStats {
    /// Samples (floats and histograms) written and visible.
    pub samples: u64,
    /// Exemplars written.
    pub exemplars: u64,
    /// Samples that passed at append but were refused at commit because the series had moved on.
    pub rejected: u64,
}

/// The commit failed; nothing of it is visible.
#[derive(Debug, thiserror::Error)]
#[error("commit failed: {message}")]
pub struct CommitError {
    /// What went wrong, with the path concerned.
    pub message: String,
}

/// Something samples can be appended to.
pub trait Appendable: Send + Sync {
    /// Begins a transaction.
    fn appender(&self) -> Box<dyn Appender>;
}

/// One transaction. Dropping it without [`Appender::commit`] rolls it back.
pub trait Appender: Send {
    /// Appends one value. `labels` is used when `series` is unknown or stale and ignored otherwise; it may be
    /// empty for a known reference, in which case a stale one gives [`AppendError::NotFound`].
    /// `st` is the start time in Unix milliseconds, 0 when unknown; `t` is Unix milliseconds.
    fn append(
        &mut self,
        series: SeriesRef,
        labels: &Labels,
        st: i64,
        t: i64,
        value: Value<'_>,
        opts: &AppendOpts<'_>,
    ) -> Result<Appended, AppendError>;

    /// Appends floats that share the timestamp `t`, all by known reference. Refused ones are pushed to
    /// `refused` as (index in `samples`, why), ascending; the rest is taken.
    fn append_batch(
        &mut self,
        t: i64,
        samples: &[(SeriesRef, f64)],
        refused: &mut Vec<(usize, AppendError)>,
    ) {
        let none = Labels::empty();
        for (i, (r, v)) in samples.iter().enumerate() {
            if let Err(e) = self.append(*r, &none, 0, t, Value::Float(*v), &AppendOpts::default()) {
                refused.push((i, e));
            }
        }
    }

    /// Appends the zero sample that says when a counter or histogram started, at `st`, before its sample
    /// at `t`.
    fn append_st_zero(
        &mut self,
        series: SeriesRef,
        labels: &Labels,
        t: i64,
        st: i64,
        kind: ZeroKind<'_>,
    ) -> Result<SeriesRef, AppendError>;

    /// Makes everything appended durable (as the store's settings say) and visible.
    fn commit(self: Box<Self>) -> Result<CommitStats, CommitError>;

    /// Discards everything appended. References to series that were created may be unknown from now on.
    fn rollback(self: Box<Self>);
}
