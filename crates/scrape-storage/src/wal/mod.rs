//! The log: a directory of segments in Prometheus' format. `record` is bytes, `segment` names and sizes,
//! `writer` appends, `reader` reads and never writes, `repair` is the one step that changes damaged files,
//! `checkpoint` forgets what is no longer needed.

pub(crate) mod checkpoint;
pub mod compress;
pub mod reader;
pub mod record;
pub(crate) mod repair;
pub mod segment;
pub(crate) mod writer;

pub use compress::Compression;
pub use reader::{Damage, DamageKind, Entry, SegmentReader};

#[cfg(test)]
mod tests;
