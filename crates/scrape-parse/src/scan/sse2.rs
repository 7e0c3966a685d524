//! Sixteen bytes at a time with SSE2, which every x86-64 has: no detection, and short tokens (the rule in
//! expositions) are found with one load.

use core::arch::x86_64::{
    __m128i, _mm_cmpeq_epi8, _mm_cmpgt_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_or_si128,
    _mm_set1_epi8, _mm_setzero_si128, _mm_sub_epi8,
};

use super::scalar;

const LANES: usize = 16;

/// The block at `i`, if one fits.
#[inline(always)]
fn load(buf: &[u8], i: usize) -> Option<__m128i> {
    let block: &[u8; LANES] = buf.get(i..)?.first_chunk()?;
    // SAFETY: `block` refers to 16 readable bytes; the load needs no alignment.
    Some(unsafe { _mm_loadu_si128(block.as_ptr().cast()) })
}

#[inline(always)]
fn splat(b: u8) -> __m128i {
    // SAFETY: SSE2 is part of the target, see the cfg on this module.
    unsafe { _mm_set1_epi8(b as i8) }
}

#[inline(always)]
fn equal(a: __m128i, b: u8) -> __m128i {
    // SAFETY: as in `splat`.
    unsafe { _mm_cmpeq_epi8(a, splat(b)) }
}

#[inline(always)]
fn or(a: __m128i, b: __m128i) -> __m128i {
    // SAFETY: as in `splat`.
    unsafe { _mm_or_si128(a, b) }
}

/// One bit per byte, its highest.
#[inline(always)]
fn mask(a: __m128i) -> u32 {
    // SAFETY: as in `splat`.
    unsafe { _mm_movemask_epi8(a) as u32 }
}

/// Bytes in `low..low + width`, for `width` up to 127: shifted so that the range is the lowest of the signed
/// numbers, one comparison decides.
#[inline(always)]
fn in_range(a: __m128i, low: u8, width: u8) -> __m128i {
    // SAFETY: as in `splat`.
    unsafe {
        let shifted = _mm_sub_epi8(a, splat(low.wrapping_add(128)));
        _mm_cmpgt_epi8(splat(width.wrapping_add(128)), shifted)
    }
}

/// See [`super::quoted`].
#[inline(always)]
pub(super) fn quoted(buf: &[u8], from: usize) -> (usize, bool) {
    let mut i = from;
    let mut high = 0;
    while let Some(block) = load(buf, i) {
        // SAFETY: as in `splat`.
        let nul = unsafe { _mm_cmpeq_epi8(block, _mm_setzero_si128()) };
        let stops = mask(or(
            or(equal(block, b'"'), equal(block, b'\\')),
            or(equal(block, b'\n'), nul),
        ));
        let non_ascii = mask(block);
        if stops != 0 {
            let n = stops.trailing_zeros();
            high |= non_ascii & ((1 << n) - 1);
            return (i + n as usize, high == 0);
        }
        high |= non_ascii;
        i += LANES;
    }
    let (stop, ascii) = scalar::quoted(buf, i);
    (stop, ascii && high == 0)
}

/// See [`super::metric_name_end`] and [`super::label_name_end`].
#[inline(always)]
pub(super) fn name_end<const COLON: bool>(buf: &[u8], from: usize) -> usize {
    let mut i = from;
    while let Some(block) = load(buf, i) {
        let letters = in_range(or(block, splat(0x20)), b'a', 26);
        // `:` follows `9`.
        let digits = in_range(block, b'0', if COLON { 11 } else { 10 });
        let stops = !mask(or(or(letters, digits), equal(block, b'_'))) & 0xffff;
        if stops != 0 {
            return i + stops.trailing_zeros() as usize;
        }
        i += LANES;
    }
    scalar::name_end::<COLON>(buf, i)
}

/// Bit n of the answer: whether an odd number of bits up to and including n is set.
#[inline(always)]
fn parity_up_to(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

/// The four blocks at `i`, if they fit.
#[inline(always)]
fn whole_blocks(buf: &[u8], i: usize) -> Option<&[u8; 4 * LANES]> {
    buf.get(i..)?.first_chunk()
}

/// See [`super::label_set_end`].
#[inline(always)]
pub(super) fn label_set_end(buf: &[u8], from: usize) -> usize {
    let mut i = from;
    let mut inside = false;
    while let Some(blocks) = whole_blocks(buf, i) {
        let (mut quotes, mut escapes, mut stops) = (0, 0, 0);
        for n in 0..4 {
            let Some(block) = load(blocks, n * LANES) else {
                break;
            };
            let at = n * LANES;
            quotes |= u64::from(mask(equal(block, b'"'))) << at;
            escapes |= u64::from(mask(equal(block, b'\\'))) << at;
            stops |= u64::from(mask(or(equal(block, b'}'), equal(block, b'\n')))) << at;
        }
        if escapes != 0 {
            break;
        }
        let quoted = parity_up_to(quotes) ^ if inside { !0 } else { 0 };
        let outside = stops & !quoted;
        if outside != 0 {
            return i + outside.trailing_zeros() as usize;
        }
        inside = quoted >> 63 == 1;
        i += 4 * LANES;
    }
    scalar::label_set_end_from(buf, i, inside)
}
