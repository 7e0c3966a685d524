//! The numbered cases of OpenMetrics 2.0. Every body goes through [`parse`]: the fast parser whole, cut at every
//! byte and with the fast path, and the slow one; all must say the same.

mod composites;
mod keys;
mod limits;
mod lines;
mod prop;

use crate::reference::owned::{Owned, parse_in_pieces};
use crate::reference::{agreement, lockstep};
use crate::{ErrorClass, Format, ParseError, ParserOptions};

fn options() -> ParserOptions {
    ParserOptions {
        start_timestamps: true,
        ..ParserOptions::new(Format::OpenMetrics2)
    }
}

fn native() -> ParserOptions {
    ParserOptions {
        native_histograms: true,
        ..options()
    }
}

/// All ways to read a body at once; answers what they agree on.
fn parse(body: &[u8], options: ParserOptions) -> (Vec<Owned>, Result<(), ParseError>) {
    lockstep::openmetrics2(body, &options, 1);
    lockstep::openmetrics2(body, &options, 1 + body.len() / 3);
    agreement::pieces_and_whole(body, &options);
    agreement::lazy_and_full(body, &options);
    parse_in_pieces(body, options, 0)
}

/// The events of lines that have to be accepted; `# EOF` is added.
#[track_caller]
fn ok_with(lines: &str, options: ParserOptions) -> Vec<Owned> {
    let body = format!("{lines}\n# EOF\n");
    let (events, result) = parse(body.as_bytes(), options);
    assert_eq!(result, Ok(()), "{lines}");
    events
}

#[track_caller]
fn ok(lines: &str) -> Vec<Owned> {
    ok_with(lines, options())
}

/// The same, one short line each, metadata left out.
#[track_caller]
fn brief_with(lines: &str, options: ParserOptions) -> Vec<String> {
    let events = ok_with(lines, options);
    let samples = events
        .iter()
        .filter(|e| matches!(e, Owned::Series { .. } | Owned::Histogram { .. }));
    samples.map(Owned::brief).collect()
}

#[track_caller]
fn brief(lines: &str) -> Vec<String> {
    brief_with(lines, options())
}

/// Class and place (offset) that a body is refused with.
#[track_caller]
fn refusal_with(body: &[u8], options: ParserOptions) -> (ErrorClass, u64) {
    let (events, result) = parse(body, options);
    let error = result.expect_err(&format!("{events:?}"));
    (error.class, error.offset)
}

/// The same of lines, `# EOF` added.
#[track_caller]
fn refusal(lines: &str) -> (ErrorClass, u64) {
    refusal_with(format!("{lines}\n# EOF\n").as_bytes(), options())
}

#[track_caller]
fn refused(lines: &str, class: ErrorClass) {
    assert_eq!(refusal(lines).0, class, "{lines}");
}

/// (labels, value, timestamp) of the exemplars of an event.
fn exemplars(event: &Owned) -> Vec<(String, f64, Option<i64>)> {
    let (Owned::Series { exemplars, .. } | Owned::Histogram { exemplars, .. }) = event else {
        return Vec::new();
    };
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    exemplars
        .iter()
        .map(|e| {
            let labels = e.labels.iter().map(|(n, v)| text(n) + "=" + &text(v));
            let labels: Vec<String> = labels.collect();
            (labels.join(","), f64::from_bits(e.value), e.timestamp)
        })
        .collect()
}
