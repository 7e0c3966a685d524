//! The real program as a process: on free loopback ports, in directories of its own, ended by signals.

mod agent;
mod check;
mod crash;
mod data;
mod exporter;
mod flags;
mod input;
mod process;
mod reload;
mod secrets;
mod start;
mod stop;
mod targets;
