//! An appender that keeps everything in memory, with the outcomes of a real store and switches to force each
//! of them, and one that only counts. For tests and benches of ours and of whoever builds on the ports;
//! behind the feature `testing`.

mod counting;
mod memory;

pub use counting::CountingStore;
pub use memory::{MemorySample, MemoryStore, OwnedValue};
