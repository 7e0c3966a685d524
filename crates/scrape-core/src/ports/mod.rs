//! What the core needs and others implement: somewhere to append samples, and a clock.

pub mod append;
pub mod clock;
