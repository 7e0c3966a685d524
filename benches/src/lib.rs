//! Workload generators and helpers shared by the benches.

pub mod alloc;
pub mod bodies;
pub mod protobuf;
pub mod table;
