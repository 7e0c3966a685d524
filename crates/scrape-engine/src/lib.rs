//! Orchestration: the scrape manager, its pools and loops.

pub mod config;
