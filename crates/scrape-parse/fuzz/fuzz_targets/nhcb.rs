//! Classic histograms converted while streaming are what the finished events amount to.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scrape_parse::Format;
use scrape_parse::reference::lockstep;

fuzz_target!(|data: &[u8]| {
    let (&flags, lines) = data.split_first().unwrap_or((&0, &[]));
    let keep_classic = flags & 1 == 1;
    let body = [b"# TYPE h histogram\n", lines].concat();
    lockstep::conversion(&body, Format::Text, keep_classic, 1 + body.len() / 5);
    let body = [&body, &b"\n# EOF\n"[usize::from(body.ends_with(b"\n"))..]].concat();
    lockstep::conversion(&body, Format::OpenMetrics, keep_classic, 1 + body.len() / 5);
});
