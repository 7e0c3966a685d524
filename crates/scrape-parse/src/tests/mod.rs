//! The numbered cases of the formats' acceptance list and the lockstep of all ways to read a body. Every body
//! that a test mentions goes through [`check`]: the fast parser whole and cut at every byte, the slow one, and
//! the fast path with right and wrong predictions; all must say the same.

mod corpora;
mod errors;
mod expected;
mod keys;
mod limits;
mod lockstep;
mod openmetrics;
mod start_ts;
mod text;

use crate::reference::{Item, Labels, Outcome, Sample, agreement};
use crate::{ErrorClass, Format, MetricType, ParserOptions};

pub(crate) const NAN_BITS: u64 = 0x7ff8_0000_0000_0001;

/// All ways to read a body at once; answers what they agree on.
pub(crate) fn check_with(body: &[u8], options: ParserOptions) -> Outcome {
    let whole = agreement::fast_and_slow(body, &options);
    agreement::pieces_and_whole(body, &options);
    agreement::lazy_and_full(body, &options);
    agreement::lazy_in_pieces(body, &options);
    whole
}

pub(crate) fn check(format: Format, body: impl AsRef<[u8]>) -> Outcome {
    check_with(body.as_ref(), ParserOptions::new(format))
}

/// The events of a body that has to be accepted.
#[track_caller]
pub(crate) fn ok(format: Format, body: impl AsRef<[u8]>) -> Vec<Item> {
    let (items, refusal) = check(format, body.as_ref());
    assert_eq!(
        refusal,
        None,
        "{:?}",
        String::from_utf8_lossy(body.as_ref())
    );
    items
}

/// The samples of a body that has to be accepted.
#[track_caller]
pub(crate) fn samples(format: Format, body: impl AsRef<[u8]>) -> Vec<Sample> {
    let only = |item| match item {
        Item::Sample(s) => Some(s),
        _ => None,
    };
    ok(format, body).into_iter().filter_map(only).collect()
}

/// The one sample of a body.
#[track_caller]
pub(crate) fn one(format: Format, body: impl AsRef<[u8]>) -> Sample {
    let mut all = samples(format, body.as_ref());
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// The class a body has to be refused with.
#[track_caller]
pub(crate) fn refused(format: Format, body: impl AsRef<[u8]>, class: ErrorClass) {
    let (items, refusal) = check(format, body.as_ref());
    let shown = String::from_utf8_lossy(body.as_ref());
    assert_eq!(
        refusal.map(|r| r.0),
        Some(class),
        "{shown:?} yields {items:?}"
    );
}

pub(crate) fn labels<const N: usize>(pairs: [(&str, &str); N]) -> Labels {
    pairs
        .iter()
        .map(|(n, v)| (n.as_bytes().to_vec(), v.as_bytes().to_vec()))
        .collect()
}

pub(crate) fn bits(value: f64) -> u64 {
    value.to_bits()
}

pub(crate) fn type_of(family: &str, kind: MetricType) -> Item {
    Item::Type(family.as_bytes().to_vec(), kind)
}
