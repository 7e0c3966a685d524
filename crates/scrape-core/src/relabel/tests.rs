//! Rules as written, as compiled and as applied.

mod config;
mod rule;
