//! Classic buckets on the wire. Nearly every sample of a body with histograms is one of these, and nearly every
//! one has the same form, which is read in a straight line: a tag, a length, a count, a bound.

use super::wire::{BYTES, FIXED64, VARINT};

/// A classic bucket.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Bucket {
    /// The cumulative count, whichever field held it.
    pub(super) value: f64,
    pub(super) bound: f64,
}

/// Field 3 of `Histogram`.
const BUCKET_TAG: u8 = 3 << 3 | BYTES;
/// Fields of `Bucket`.
const COUNT_TAG: u8 = 1 << 3 | VARINT;
const BOUND_TAG: u8 = 2 << 3 | FIXED64;

/// Bytes of a bucket field besides its count: tag and length, two tags, the bound.
const FRAME: usize = 2 + 2 + 8;
/// The longest count of the usual form, in bytes; 56 bits.
const COUNT: usize = 8;

/// The bucket whose field starts at `pos`, and the end of it, if it has count and bound in this order and nothing
/// else, and ends before `end`. `None` says nothing about what is there instead; so does the end of the message
/// if it is near.
#[inline(always)]
pub(super) fn usual(message: &[u8], pos: usize, end: usize) -> Option<(Bucket, usize)> {
    let bytes = message.get(pos..)?.first_chunk::<{ FRAME + COUNT }>()?;
    let [tag, length, count_tag, c @ .., _, _, _, _, _, _, _, _, _] = bytes;
    let count = u64::from_le_bytes(*c);
    // The top bit is clear in the last byte of a varint only.
    let stops = !count & 0x8080_8080_8080_8080;
    let n = (stops.trailing_zeros() / 8) as usize + 1;
    let (bound_tag, bound) = bytes.get(3 + n..)?.split_first()?;
    let bound = f64::from_le_bytes(*bound.first_chunk()?);
    let next = pos + FRAME + n;
    let usual = (*tag == BUCKET_TAG)
        & (usize::from(*length) == FRAME - 2 + n)
        & (*count_tag == COUNT_TAG)
        & (*bound_tag == BOUND_TAG)
        & (next <= end);
    if !usual {
        return None;
    }
    // Everything up to the lowest stop.
    let digits = count & (stops ^ stops.wrapping_sub(1));
    // It has 56 bits, so going through the signed form changes nothing but the speed.
    let value = join(digits) as i64 as f64;
    Some((Bucket { value, bound }, next))
}

/// The number whose base-128 digits are the low seven bits of eight bytes, the lowest first.
#[inline(always)]
pub(super) fn join(digits: u64) -> u64 {
    let pairs = (digits & 0x007f_007f_007f_007f) | (digits & 0x7f00_7f00_7f00_7f00) >> 1;
    let fours = (pairs & 0x0000_3fff_0000_3fff) | (pairs & 0x3fff_0000_3fff_0000) >> 2;
    (fours & 0x0fff_ffff) | (fours & 0x0fff_ffff_0000_0000) >> 4
}
