//! From the body of a scrape to the files: what the pass accepts is in the log, bit for bit, after the store
//! was closed and opened again.

mod log;
mod restart;
mod values;
mod world;
