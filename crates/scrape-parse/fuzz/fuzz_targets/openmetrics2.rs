//! Any bytes as a body of OpenMetrics 2.0: no panic; the slow parser, pieces and the fast path all agree.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scrape_parse::reference::{agreement, lockstep};

fuzz_target!(|data: &[u8]| {
    let (options, body) = lockstep::openmetrics2_options(data);
    lockstep::openmetrics2(body, &options, 1 + body.len() / 7);
    agreement::lazy_and_full(body, &options);
});
