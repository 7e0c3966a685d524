//! Byte scans of the lexers. [`scalar`] defines what each one finds; the vector kernels are optimisations that
//! tests hold equal to it. All take a start index and answer the index of the first byte they stop at, or the
//! length of the buffer; a start past the end answers the length.
//!
//! This is the only module of the workspace's parsers with `unsafe` code: unaligned vector loads, each behind a
//! bounds check. `SAFETY.md` beside the crate's manifest has the argument for each kernel.
//!
//! Both instruction sets belong to their targets, so nothing is detected at run time. Wider vectors were tried: AVX2
//! behind detection made scanned keys of twenty labels 18 % faster and those of eight 5 to 13 %, and nothing else;
//! predicted lines, which are nearly all, do not scan.

#[cfg(all(
    target_arch = "aarch64",
    target_feature = "neon",
    target_endian = "little"
))]
#[expect(unsafe_code, reason = "vector loads behind bounds checks")]
mod neon;
mod scalar;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
#[expect(unsafe_code, reason = "vector loads behind bounds checks")]
mod sse2;
#[cfg(test)]
mod tests;

#[cfg(all(
    target_arch = "aarch64",
    target_feature = "neon",
    target_endian = "little"
))]
use neon as kernel;
#[cfg(not(any(
    all(target_arch = "x86_64", target_feature = "sse2"),
    all(
        target_arch = "aarch64",
        target_feature = "neon",
        target_endian = "little"
    )
)))]
use scalar as kernel;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
use sse2 as kernel;

/// First `"`, `\`, line feed or NUL, and whether all bytes before it are ASCII.
#[inline(always)]
pub(crate) fn quoted(buf: &[u8], from: usize) -> (usize, bool) {
    kernel::quoted(buf, from)
}

/// First byte that cannot continue a metric name (`[A-Za-z0-9_:]`).
#[inline(always)]
pub(crate) fn metric_name_end(buf: &[u8], from: usize) -> usize {
    kernel::name_end::<true>(buf, from)
}

/// First byte that cannot continue a label name (`[A-Za-z0-9_]`).
#[inline(always)]
pub(crate) fn label_name_end(buf: &[u8], from: usize) -> usize {
    kernel::name_end::<false>(buf, from)
}

/// From outside quotes: first `}` or line feed outside quotes, where a backslash inside quotes hides the byte
/// behind it.
#[inline(always)]
pub(crate) fn label_set_end(buf: &[u8], from: usize) -> usize {
    kernel::label_set_end(buf, from)
}
