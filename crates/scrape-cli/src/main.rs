//! The scrape-cli binary.
fn main() {}
