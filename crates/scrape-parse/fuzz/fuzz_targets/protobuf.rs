//! The protobuf parser agrees with the slow decoder, whole and in pieces.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scrape_parse::reference::lockstep;

fuzz_target!(|data: &[u8]| {
    let (options, body) = lockstep::protobuf_options(data);
    lockstep::protobuf(body, &options, 1 + body.len() / 7);
});
