//! An appender that keeps everything in memory, with the outcomes of a real store and switches to force each
//! of them, one that only counts, and a writer of protobuf bodies. For tests and benches of ours and of whoever
//! builds on the ports; behind the feature `testing`.

mod counting;
mod memory;
pub mod wire;

pub use counting::CountingStore;
pub use memory::{MemorySample, MemoryStore, OwnedValue};
