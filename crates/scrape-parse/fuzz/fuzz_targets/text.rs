//! Any bytes as a body of this format: no panic, and the fast path says what the full grammar says.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scrape_parse::Format;
use scrape_parse::reference::agreement;

fuzz_target!(|data: &[u8]| {
    let (options, body) = agreement::options(Format::Text, data);
    agreement::lazy_and_full(body, &options);
});
