//! A body cut anywhere yields what the whole one yields, by the fast path too.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scrape_parse::Format;
use scrape_parse::reference::agreement;

fuzz_target!(|data: &[u8]| {
    for format in [Format::Text, Format::OpenMetrics] {
        let (options, body) = agreement::options(format, data);
        agreement::pieces_and_whole(body, &options);
        agreement::lazy_in_pieces(body, &options);
    }
});
