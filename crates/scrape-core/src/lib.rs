//! The part of a scrape that needs no socket, file, runtime or ambient clock: labels and samples, the ports
//! to storage and time, relabeling, targets, the scrape cache and the pass that joins them.

pub mod cache;
mod fnv;
pub mod labels;
pub mod pass;
pub mod ports;
pub mod reconcile;
pub mod registry;
pub mod relabel;
pub mod report;
pub mod sample;
pub mod schedule;
pub mod secret;
pub mod target;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod units;

pub use labels::{Labels, LabelsBuilder};
pub use ports::append::{
    AppendError, AppendOpts, Appendable, Appended, Appender, CommitError, CommitStats, SeriesRef,
    Value, ZeroKind,
};
pub use ports::clock::Clock;
pub use sample::{Exemplar, MetadataRef};
pub use scrape_parse::MetricType;
/// Native histogram types, shared with the parser.
pub use scrape_parse::histogram;
pub use secret::Secret;
pub use units::{ByteSize, PromDuration};
