//! Pools through a manager: which loops run after syncs and reloads, and what they keep.

mod reload;
mod sync;
