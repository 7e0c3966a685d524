//! Sixteen bytes at a time with NEON, which every AArch64 has: no detection, and short tokens (the rule in
//! expositions) are found with one load.
//!
//! NEON has no instruction that gathers one bit of each byte. Narrowing each pair of bytes by four bits does what
//! is needed instead: it leaves four bits of each byte, so that positions in a mask are positions in the block
//! times four.

use core::arch::aarch64::{
    uint8x16_t, vceqq_u8, vceqzq_u8, vcltq_u8, vcltzq_s8, vdupq_n_u8, vget_lane_u64, vld1q_u8,
    vorrq_u8, vreinterpret_u64_u8, vreinterpretq_s8_u8, vreinterpretq_u16_u8, vshrn_n_u16,
    vsubq_u8,
};

use super::scalar;

const LANES: usize = 16;
/// Bits of a mask that stand for one byte.
const BITS: u32 = 4;

/// The block at `i`, if one fits.
#[inline(always)]
fn load(buf: &[u8], i: usize) -> Option<uint8x16_t> {
    let block: &[u8; LANES] = buf.get(i..)?.first_chunk()?;
    // SAFETY: `block` refers to 16 readable bytes; the load needs no alignment.
    Some(unsafe { vld1q_u8(block.as_ptr()) })
}

#[inline(always)]
fn splat(b: u8) -> uint8x16_t {
    // SAFETY: NEON is part of the target, see the cfg on this module.
    unsafe { vdupq_n_u8(b) }
}

#[inline(always)]
fn equal(a: uint8x16_t, b: u8) -> uint8x16_t {
    // SAFETY: as in `splat`.
    unsafe { vceqq_u8(a, splat(b)) }
}

#[inline(always)]
fn zero(a: uint8x16_t) -> uint8x16_t {
    // SAFETY: as in `splat`.
    unsafe { vceqzq_u8(a) }
}

#[inline(always)]
fn non_ascii(a: uint8x16_t) -> uint8x16_t {
    // SAFETY: as in `splat`.
    unsafe { vcltzq_s8(vreinterpretq_s8_u8(a)) }
}

#[inline(always)]
fn or(a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
    // SAFETY: as in `splat`.
    unsafe { vorrq_u8(a, b) }
}

/// [`BITS`] bits per byte of the answer of a comparison, which are all set or all clear.
#[inline(always)]
fn mask(a: uint8x16_t) -> u64 {
    // SAFETY: as in `splat`.
    unsafe {
        let narrow = vshrn_n_u16::<{ BITS as i32 }>(vreinterpretq_u16_u8(a));
        vget_lane_u64::<0>(vreinterpret_u64_u8(narrow))
    }
}

/// The byte of the block that the lowest set bit of a mask stands for.
#[inline(always)]
fn first(mask: u64) -> usize {
    (mask.trailing_zeros() / BITS) as usize
}

/// Bytes in `low..low + width`.
#[inline(always)]
fn in_range(a: uint8x16_t, low: u8, width: u8) -> uint8x16_t {
    // SAFETY: as in `splat`.
    unsafe { vcltq_u8(vsubq_u8(a, splat(low)), splat(width)) }
}

/// See [`super::quoted`].
#[inline(always)]
pub(super) fn quoted(buf: &[u8], from: usize) -> (usize, bool) {
    let mut i = from;
    let mut high = 0;
    while let Some(block) = load(buf, i) {
        let stops = mask(or(
            or(equal(block, b'"'), equal(block, b'\\')),
            or(equal(block, b'\n'), zero(block)),
        ));
        let non_ascii = mask(non_ascii(block));
        if stops != 0 {
            high |= non_ascii & ((1 << stops.trailing_zeros()) - 1);
            return (i + first(stops), high == 0);
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
        let stops = !mask(or(or(letters, digits), equal(block, b'_')));
        if stops != 0 {
            return i + first(stops);
        }
        i += LANES;
    }
    scalar::name_end::<COLON>(buf, i)
}

/// The bits of byte n in the answer: set if an odd number of bytes up to and including n is set in the mask.
#[inline(always)]
fn parity_up_to(mut mask: u64) -> u64 {
    for bytes in [1, 2, 4, 8] {
        mask ^= mask << (bytes * BITS);
    }
    mask
}

/// See [`super::label_set_end`]. One block at a time: its mask fills a register already.
#[inline(always)]
pub(super) fn label_set_end(buf: &[u8], from: usize) -> usize {
    let mut i = from;
    let mut inside = false;
    while let Some(block) = load(buf, i) {
        if mask(equal(block, b'\\')) != 0 {
            break;
        }
        let stops = mask(or(equal(block, b'}'), equal(block, b'\n')));
        let quoted = parity_up_to(mask(equal(block, b'"'))) ^ if inside { !0 } else { 0 };
        let outside = stops & !quoted;
        if outside != 0 {
            return i + first(outside);
        }
        inside = quoted >> 63 == 1;
        i += LANES;
    }
    scalar::label_set_end_from(buf, i, inside)
}
