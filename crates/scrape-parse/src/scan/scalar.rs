//! The definition of every scan, byte by byte, and the tail of the vector kernels.

/// See [`super::quoted`].
#[inline]
pub(super) fn quoted(buf: &[u8], from: usize) -> (usize, bool) {
    let mut ascii = true;
    let mut i = from.min(buf.len());
    while let Some(&b) = buf.get(i) {
        if matches!(b, b'"' | b'\\' | b'\n' | 0) {
            break;
        }
        ascii &= b.is_ascii();
        i += 1;
    }
    (i, ascii)
}

/// See [`super::metric_name_end`] and [`super::label_name_end`].
#[inline]
pub(super) fn name_end<const COLON: bool>(buf: &[u8], from: usize) -> usize {
    let mut i = from.min(buf.len());
    while let Some(&b) = buf.get(i) {
        if !(b.is_ascii_alphanumeric() || b == b'_' || (COLON && b == b':')) {
            break;
        }
        i += 1;
    }
    i
}

/// See [`super::label_set_end`].
#[cfg(any(
    test,
    not(any(
        all(target_arch = "x86_64", target_feature = "sse2"),
        all(
            target_arch = "aarch64",
            target_feature = "neon",
            target_endian = "little"
        )
    ))
))]
#[inline]
pub(super) fn label_set_end(buf: &[u8], from: usize) -> usize {
    label_set_end_from(buf, from, false)
}

/// As [`label_set_end`], from inside quotes if `inside`.
pub(super) fn label_set_end_from(buf: &[u8], from: usize, mut inside: bool) -> usize {
    let mut i = from;
    while let Some(&b) = buf.get(i) {
        match b {
            b'"' => inside = !inside,
            b'\\' if inside => i += 1,
            b'}' | b'\n' if !inside => return i,
            _ => {}
        }
        i += 1;
    }
    buf.len()
}
