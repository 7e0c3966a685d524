//! The flat form of a label set: each string as its length (one byte below 255, otherwise 255 and four bytes
//! little-endian) and its bytes.

pub(super) fn put_str(out: &mut Vec<u8>, s: &str) {
    match u8::try_from(s.len()) {
        Ok(n) if n < 255 => out.push(n),
        _ => {
            out.push(255);
            // Strings beyond 4 GiB cannot reach here: every input is capped far below that.
            let n = u32::try_from(s.len()).expect("label text below 4 GiB");
            out.extend_from_slice(&n.to_le_bytes());
        }
    }
    out.extend_from_slice(s.as_bytes());
}

pub(super) fn take_str<'a>(rest: &mut &'a [u8]) -> &'a str {
    let (len, at) = match rest[0] {
        255 => (
            u32::from_le_bytes([rest[1], rest[2], rest[3], rest[4]]) as usize,
            5,
        ),
        n => (n as usize, 1),
    };
    let bytes = &rest[at..at + len];
    *rest = &rest[at + len..];
    // Only `put_str` writes this form, from a &str.
    std::str::from_utf8(bytes).expect("label text is UTF-8")
}
