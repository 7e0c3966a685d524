//! An appender that keeps everything in memory, with the outcomes of a real store and switches to force each
//! of them, one that only counts, a target in its steady state, and a writer of protobuf bodies. For tests and
//! benches of ours and of whoever builds on the ports; behind the feature `testing`.

mod counting;
mod memory;
mod steady;
pub mod wire;

pub use counting::CountingStore;
pub use memory::{MemorySample, MemoryStore, OwnedValue};
pub use steady::{SteadyTarget, counters, family_head};
