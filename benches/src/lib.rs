//! Workload generators and helpers shared by the benches.
