//! The properties of protobuf bodies and of histogram conversion that tests and fuzzers assert. Every function
//! panics if its property does not hold.

use super::conversion::naive;
use super::owned::{Owned, keys, parse_expecting, parse_in_pieces};
use super::protobuf as slow;
use crate::{ErrorClass, Format, ParseError, ParserOptions};

/// Protobuf options from the first byte of a fuzzer's input, and the rest as the body.
pub fn protobuf_options(data: &[u8]) -> (ParserOptions, &[u8]) {
    let (&flags, body) = data.split_first().unwrap_or((&0, &[]));
    let flag = |n: u8| flags >> n & 1 == 1;
    let options = ParserOptions {
        native_histograms: flag(0),
        keep_classic: flag(1),
        nhcb: flag(2),
        canonical_nan: flag(3),
        ..ParserOptions::new(Format::Protobuf)
    };
    (options, body)
}

/// Fast and slow decoder find the same events and fail at the same place; so does the fast one fed in pieces.
/// Of two faults in one field the decoders may name either, so damage counts as one class.
pub fn protobuf(body: &[u8], options: &ParserOptions, piece: usize) {
    let (events, result) = parse_in_pieces(body, *options, 0);
    let (slow, slow_result) = slow::events(body, options);
    assert_eq!(events, slow, "slow decoder, {body:02x?}");
    // Only the fast one refuses lengths that no machine could hold before it looks for the bytes.
    let damage = |class| match class {
        ErrorClass::Trunc | ErrorClass::Limit => ErrorClass::Wire,
        class => class,
    };
    let class = result.as_ref().err().map(|error| damage(error.class));
    assert_eq!(
        class,
        slow_result.err().map(damage),
        "slow decoder, {body:02x?}"
    );
    let again = parse_in_pieces(body, *options, piece.max(1));
    assert_eq!(
        (&events, &result),
        (&again.0, &again.1),
        "pieces of {piece}, {body:02x?}"
    );
    expecting(body, options, piece.max(1), &events, &result);
}

/// Asking for series by key changes nothing, whichever keys are asked for; the right ones are all found.
fn expecting(
    body: &[u8],
    options: &ParserOptions,
    piece: usize,
    events: &[Owned],
    result: &Result<(), ParseError>,
) {
    let all = keys(body, *options);
    let mut some: Vec<_> = all.iter().skip(1).step_by(2).cloned().collect();
    some.push(b"no key".to_vec());
    for (keys, piece) in [(&all, body.len().max(1)), (&all, piece), (&some, piece)] {
        let (found, outcome, hits) = parse_expecting(body, *options, piece, keys);
        assert_eq!(found, events, "expecting, pieces of {piece}, {body:02x?}");
        assert_eq!(
            &outcome, result,
            "expecting, pieces of {piece}, {body:02x?}"
        );
        if std::ptr::eq(keys, &raw const all) {
            assert_eq!(hits, all.len(), "{body:02x?}");
        }
    }
}

/// Conversion while streaming yields what grouping of the finished events does, in pieces too.
pub fn conversion(body: &[u8], format: Format, keep_classic: bool, piece: usize) {
    let plain = ParserOptions {
        keep_classic,
        ..ParserOptions::new(format)
    };
    let (events, result) = parse_in_pieces(body, plain, 0);
    let shown = String::from_utf8_lossy(body);
    let converting = ParserOptions {
        nhcb: true,
        ..plain
    };
    let wanted = naive(events, keep_classic);
    // Pieces show less of a line in their errors, but name the same place.
    let place = |result: &Result<(), ParseError>| match result {
        Ok(()) => None,
        Err(e) => Some((e.class, e.offset, e.line, e.column)),
    };
    for piece in [0, piece.max(1)] {
        let (events, converted) = parse_in_pieces(body, converting, piece);
        assert_eq!(
            place(&converted),
            place(&result),
            "pieces of {piece}, {shown:?}"
        );
        if result.is_ok() {
            assert_eq!(events, wanted, "pieces of {piece}, {shown:?}");
        }
    }
}

/// OpenMetrics 2.0 options from the first byte of a fuzzer's input, and the rest as the body.
#[cfg(feature = "om2")]
pub fn openmetrics2_options(data: &[u8]) -> (ParserOptions, &[u8]) {
    let (&flags, body) = data.split_first().unwrap_or((&0, &[]));
    let flag = |n: u8| flags >> n & 1 == 1;
    let options = ParserOptions {
        native_histograms: flag(0),
        keep_classic: flag(1),
        nhcb: flag(2),
        start_timestamps: flag(3),
        ..ParserOptions::new(Format::OpenMetrics2)
    };
    (options, body)
}

/// Fast and slow parser of OpenMetrics 2.0 find the same events and fail alike at the same place; so does the
/// fast one fed in pieces.
#[cfg(feature = "om2")]
pub fn openmetrics2(body: &[u8], options: &ParserOptions, piece: usize) {
    let shown = String::from_utf8_lossy(body);
    let (events, result) = parse_in_pieces(body, *options, 0);
    let (slow, refusal) = super::openmetrics2::events(body, options);
    assert_eq!(events, slow, "slow parser, {shown:?}");
    let place = result.as_ref().err().map(|e| (e.class, e.offset));
    assert_eq!(place, refusal, "slow parser, {shown:?}");
    let (pieces, again) = parse_in_pieces(body, *options, piece.max(1));
    assert_eq!(events, pieces, "pieces of {piece}, {shown:?}");
    // Pieces show less of a line in their errors, but name the same place.
    let place = |e: ParseError| (e.class, e.offset, e.line, e.column);
    assert_eq!(
        result.err().map(place),
        again.err().map(place),
        "pieces of {piece}, {shown:?}"
    );
}
