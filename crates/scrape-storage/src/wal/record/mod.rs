//! Records: the payloads of the log. A record is one type byte and then entries until its end; there is no
//! count and no length. This module knows bytes and nothing else: no files, no series table.
//!
//! Written are types 1 to 4, 6 to 8, and 9 and 10 only for histograms with custom bounds. Read are 1 to 13;
//! of other types only the number is known, and readers skip and count them.

mod decode;
mod encode;
mod histogram;
pub(crate) mod varint;

pub use decode::{
    Exemplars, Histograms, LabelPairs, MetadataEntries, MetadataEntry, Samples, SeriesEntries,
    Tombstone, Tombstones,
};
pub use encode::{
    ExemplarsEncoder, HistogramsEncoder, MetadataEncoder, SamplesEncoder, SeriesEncoder,
    TombstonesEncoder,
};
pub(crate) use histogram::put_histogram;
pub use histogram::{HistValue, HistValueRef};

/// The kinds of record that are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RecordType {
    /// Series references and their labels.
    Series = 1,
    /// Floats.
    Samples = 2,
    /// Deleted time ranges.
    Tombstones = 3,
    /// Exemplars.
    Exemplars = 4,
    /// Markers of memory-mapped chunks (only in a log of out-of-order samples).
    MmapMarkers = 5,
    /// Type, unit and help of series.
    Metadata = 6,
    /// Histograms with integer counts.
    Histograms = 7,
    /// Histograms with float counts.
    FloatHistograms = 8,
    /// Histograms with integer counts and custom bounds.
    CustomHistograms = 9,
    /// Histograms with float counts and custom bounds.
    CustomFloatHistograms = 10,
    /// Floats with start times.
    SamplesV2 = 11,
    /// Integer histograms with start times.
    HistogramsV2 = 12,
    /// Float histograms with start times.
    FloatHistogramsV2 = 13,
}

impl RecordType {
    /// The type of a record, by its first byte. `None`: an empty record, or a type that is not known.
    pub fn of(record: &[u8]) -> Option<Self> {
        Some(match record.first()? {
            1 => Self::Series,
            2 => Self::Samples,
            3 => Self::Tombstones,
            4 => Self::Exemplars,
            5 => Self::MmapMarkers,
            6 => Self::Metadata,
            7 => Self::Histograms,
            8 => Self::FloatHistograms,
            9 => Self::CustomHistograms,
            10 => Self::CustomFloatHistograms,
            11 => Self::SamplesV2,
            12 => Self::HistogramsV2,
            13 => Self::FloatHistogramsV2,
            _ => return None,
        })
    }

    /// Whether records of this type hold histograms.
    pub fn is_histogram(self) -> bool {
        matches!(
            self,
            Self::Histograms
                | Self::FloatHistograms
                | Self::CustomHistograms
                | Self::CustomFloatHistograms
                | Self::HistogramsV2
                | Self::FloatHistogramsV2
        )
    }
}

/// Why the bytes of a record make no sense. Its checksum was right, so this is a writer's defect or a
/// format that is newer than this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The record ends inside an entry.
    #[error("record ends inside an entry")]
    Short,
    /// A variable-length integer has more than 64 bits.
    #[error("integer of more than 64 bits")]
    Varint,
    /// A string is not UTF-8.
    #[error("text that is not UTF-8")]
    Utf8,
    /// The first byte names another type than the decoder was asked for.
    #[error("record of another type")]
    WrongType,
    /// A start time marker other than 0, 1, 2.
    #[error("unknown start time marker")]
    Marker,
}

#[cfg(test)]
mod tests;
