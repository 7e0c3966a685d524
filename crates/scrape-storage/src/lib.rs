//! The embedded store: a write-ahead log in Prometheus' format and the series table in front of it.
//!
//! [`Store::open`] takes a data directory whose `wal/` a Prometheus server, `promtool` and Thanos read. A
//! scrape appends through [`scrape_core::Appender`] and commits with one write; [`Store::maintain`] brings
//! commits to the medium, forgets idle series and drops old segments. [`dump`] reads everything back.
//!
//! Guarantees: a commit that was acknowledged survives the death of the process; the loss of power costs at
//! most what was committed since the last sync; damage costs the damaged bytes; reading never writes.
//! The bytes and the assumptions about the disk are in `docs/formats/wal.md`.

mod dump;
pub mod error;
pub mod fs;
mod head;
mod maintain;
mod options;
mod replay;
mod retention;
mod stats;
mod store;
#[cfg(test)]
mod tests;
mod txn;
pub mod wal;

pub use dump::{Dump, DumpSample, DumpValue, dump, dump_in};
pub use error::{MaintainError, OpenError, ReadError};
pub use maintain::Maintained;
pub use options::{StoreOptions, Surroundings};
pub use stats::{ReplayReport, StoreStats};
pub use store::Store;
pub use wal::Compression;
