//! The fast parser, the slow one and the fast path with right and wrong predictions say the same, refusals
//! included.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scrape_parse::Format;
use scrape_parse::reference::agreement;

fuzz_target!(|data: &[u8]| {
    for format in [Format::Text, Format::OpenMetrics] {
        let (options, body) = agreement::options(format, data);
        agreement::fast_and_slow(body, &options);
        agreement::lazy_and_full(body, &options);
    }
});
