//! The properties that tests and fuzzers assert: all ways to read a body agree. Every function panics if they
//! do not, with the body in the message.

use super::{Outcome, parse, parse_fast, parse_lazily, predictions, wrong};
use crate::{Format, ParserOptions};

/// Options from the first byte of a fuzzer's input, and the rest as the body.
pub fn options(format: Format, data: &[u8]) -> (ParserOptions, &[u8]) {
    let (&flags, body) = data.split_first().unwrap_or((&0, &[]));
    let flag = |n: u8| flags >> n & 1 == 1;
    let options = ParserOptions {
        start_timestamps: flag(0),
        st_anywhere: flag(1),
        accept_negative_ts: flag(2),
        raw_exemplars: flag(3),
        ..ParserOptions::new(format)
    };
    (options, body)
}

/// The slow parser agrees with the fast one.
pub fn fast_and_slow(body: &[u8], options: &ParserOptions) -> Outcome {
    let whole = parse_fast(body, options, &[]);
    same(&whole, &parse(body, options), options, "slow parser", body);
    whole
}

/// Pieces agree with the whole body: cut once at many places, and at every byte if the body is short.
pub fn pieces_and_whole(body: &[u8], options: &ParserOptions) {
    let whole = parse_fast(body, options, &[]);
    for cut in (0..=body.len()).step_by(1 + body.len() / 400) {
        same(
            &parse_fast(body, options, &[cut]),
            &whole,
            options,
            "two pieces",
            body,
        );
    }
    if body.len() < SHORT {
        let every: Vec<usize> = (0..body.len()).collect();
        same(
            &parse_fast(body, options, &every),
            &whole,
            options,
            "single bytes",
            body,
        );
    }
}

/// The fast path agrees with the full grammar, with right predictions and with wrong ones, whole and byte by byte,
/// with histograms converted and without. Long bodies are left out: the check takes quadratic time.
pub fn lazy_and_full(body: &[u8], options: &ParserOptions) {
    if body.len() >= SHORT {
        return;
    }
    let right = predictions(body, options);
    let mut predicted = wrong(&right);
    predicted.push(right);
    let every: Vec<usize> = (0..body.len()).collect();
    for nhcb in [false, true] {
        let options = ParserOptions { nhcb, ..*options };
        let whole = parse_fast(body, &options, &[]);
        for predicted in &predicted {
            for cuts in [&[][..], &every] {
                let lazy = parse_lazily(body, &options, cuts, predicted);
                let shown = String::from_utf8_lossy(body);
                let lazy =
                    lazy.unwrap_or_else(|| panic!("the fast path contradicts itself: {shown:?}"));
                same(&lazy, &whole, &options, "fast path", body);
            }
        }
    }
}

/// The fast path with right predictions agrees with the full grammar wherever the body is cut in two.
pub fn lazy_in_pieces(body: &[u8], options: &ParserOptions) {
    let whole = parse_fast(body, options, &[]);
    let right = predictions(body, options);
    for cut in (0..=body.len()).step_by(1 + body.len() / 400) {
        let shown = String::from_utf8_lossy(body);
        let lazy = parse_lazily(body, options, &[cut], &right)
            .unwrap_or_else(|| panic!("the fast path contradicts itself: {shown:?}"));
        same(&lazy, &whole, options, "fast path in two pieces", body);
    }
}

const SHORT: usize = 2000;

/// Equal, except that the start timestamps before a refusal may differ: the slow parser does not look past it.
fn same(a: &Outcome, b: &Outcome, options: &ParserOptions, what: &str, body: &[u8]) {
    let shown = String::from_utf8_lossy(body);
    assert_eq!(a.1, b.1, "{what} refuses differently: {shown:?}");
    if a.1.is_none() || !options.start_timestamps {
        assert_eq!(a.0, b.0, "{what}: {shown:?}");
    } else {
        assert_eq!(a.0.len(), b.0.len(), "{what}: {shown:?}");
    }
}
