//! What a pass needs to know of its job: plain data, resolved by the configuration.

use crate::relabel::Rule;
use scrape_parse::names::ValidationScheme;
use std::sync::Arc;

/// Highest exponential schema that storage accepts.
pub const MAX_SCHEMA: i32 = 8;
/// Samples later than this after the start of the append are out of bounds, in milliseconds.
pub const MAX_AHEAD_MS: i64 = 10 * 60 * 1000;

/// The settings of a scrape pass. Limits: 0 means none.
#[derive(Debug, Clone)]
pub struct PassConfig {
    /// Exposed labels win over target labels.
    pub honor_labels: bool,
    /// Exposed timestamps are used.
    pub honor_timestamps: bool,
    /// Series with exposed timestamps take part in staleness too.
    pub track_timestamps_staleness: bool,
    /// Most samples per scrape after relabeling.
    pub sample_limit: u64,
    /// Most labels per series.
    pub label_limit: u64,
    /// Most bytes per label name.
    pub label_name_length_limit: u64,
    /// Most bytes per label value.
    pub label_value_length_limit: u64,
    /// Most buckets per native histogram.
    pub bucket_limit: u64,
    /// Highest schema that native histograms keep; see
    /// [`crate::histogram::schema_for_bucket_factor`].
    pub max_schema: i32,
    /// `metric_relabel_configs`, compiled.
    pub metric_relabel: Arc<[Rule]>,
    /// Which names are valid.
    pub validation: ValidationScheme,
    /// Ingest native histograms.
    pub native_histograms: bool,
    /// Keep the classic series of histograms that are also ingested as native or converted.
    pub keep_classic: bool,
    /// Convert classic histograms to native ones with custom buckets.
    pub convert_classic_to_nhcb: bool,
    /// Read start timestamps and write zero samples for them.
    pub st_zero_ingestion: bool,
    /// Read start timestamps and hand them to storage with the samples; implied by
    /// [`Self::st_zero_ingestion`].
    pub parse_st: bool,
    /// Work out the start timestamps of cumulative series that are exposed without: the first value is not
    /// stored, later ones are stored as the difference to it.
    pub st_synthesis: bool,
    /// Type (unless unknown) and unit of the family become the labels `__type__` and `__unit__`.
    pub type_and_unit_labels: bool,
    /// Hand metadata to storage.
    pub append_metadata: bool,
    /// Write the extra report series (timeout, sample limit, body size).
    pub extra_metrics: bool,
    /// Longest line, name or message that is read, in bytes: bounds what one hostile line may hold in memory.
    pub max_line_bytes: usize,
}

impl Default for PassConfig {
    fn default() -> Self {
        Self {
            honor_labels: false,
            honor_timestamps: true,
            track_timestamps_staleness: false,
            sample_limit: 0,
            label_limit: 0,
            label_name_length_limit: 0,
            label_value_length_limit: 0,
            bucket_limit: 0,
            max_schema: MAX_SCHEMA,
            metric_relabel: Arc::from([]),
            validation: ValidationScheme::Utf8,
            native_histograms: false,
            keep_classic: false,
            convert_classic_to_nhcb: false,
            st_zero_ingestion: false,
            parse_st: false,
            st_synthesis: false,
            type_and_unit_labels: false,
            append_metadata: true,
            extra_metrics: false,
            max_line_bytes: 16 << 20,
        }
    }
}
