//! Packed `sint64` values: the bucket deltas of native histograms. They are small, so a value takes one or two
//! bytes, and which of the two is as good as random: a decoder that branches on it guesses wrong every few bytes.
//! Here four values of either length are taken out of eight bytes without a branch.

use super::wire::{Fields, Range, Result, zigzag};
use alloc::vec::Vec;

/// Deltas in the order of the wire, and what compaction needs to know of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Deltas {
    pub(super) values: Vec<i64>,
    /// The count of the last bucket.
    sum: i64,
    /// Some bucket is empty.
    pub(super) any_empty: bool,
}

/// The top bit of each byte.
const TOPS: u64 = 0x8080_8080_8080_8080;

impl Deltas {
    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.sum = 0;
        self.any_empty = false;
    }

    pub(super) fn push(&mut self, raw: u64) {
        self.extend([zigzag(raw)]);
    }

    #[inline(always)]
    fn extend<const N: usize>(&mut self, deltas: [i64; N]) {
        for delta in deltas {
            self.sum = self.sum.wrapping_add(delta);
            self.any_empty |= self.sum == 0;
        }
        self.values.extend_from_slice(&deltas);
    }

    /// Appends the values packed in `range` of `message`.
    pub(super) fn read(&mut self, message: &[u8], range: Range) -> Result<()> {
        let mut fields = Fields::new(message, range);
        let end = range.end as usize;
        // Each value takes a byte at least.
        self.values.reserve(range.of(message).len());
        let mut pos = fields.pos();
        while pos < end {
            // What follows the values may be read along: it is never taken for one.
            let Some(bytes) = message.get(pos..).and_then(<[u8]>::first_chunk::<8>) else {
                break;
            };
            let word = u64::from_le_bytes(*bytes);
            let more = word & TOPS;
            if more == 0 && pos + 8 <= end {
                self.extend(bytes.map(|byte| zigzag(u64::from(byte))));
                pos += 8;
                continue;
            }
            if more & more << 8 != 0 {
                // A long value, which the general reader takes.
                fields.set_pos(pos);
                self.push(fields.varint()?);
                pos = fields.pos();
                continue;
            }
            let (deltas, taken) = four(word);
            if pos + taken > end {
                break;
            }
            self.extend(deltas);
            pos += taken;
        }
        fields.set_pos(pos);
        while fields.pos() < end {
            self.push(fields.varint()?);
        }
        Ok(())
    }
}

/// The first four values in `word`, none of which is longer than two bytes, and the bytes they take.
#[inline(always)]
fn four(word: u64) -> ([i64; 4], usize) {
    let mut stops = !word & TOPS;
    let mut start = 0;
    let mut deltas = [0; 4];
    for delta in &mut deltas {
        let stop = stops.trailing_zeros();
        stops &= stops.wrapping_sub(1);
        let two = word >> (start & 63);
        // All ones if there is a second byte.
        let second = ((two & 0x80) >> 7).wrapping_neg();
        *delta = zigzag((two & 0x7f) | ((two & 0x7f00) >> 1 & second));
        start = stop + 1;
    }
    (deltas, start as usize / 8)
}
