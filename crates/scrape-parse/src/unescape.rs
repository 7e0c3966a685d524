//! Escapes of label values, quoted names and help texts. Only the listed ones exist; any other `\x` stays as
//! two bytes. Reading is left to right without overlap.

use alloc::vec::Vec;

/// Label values and quoted names: `\\`, `\"`, `\n`.
pub(crate) fn unescape_label(raw: &[u8]) -> Vec<u8> {
    unescape(raw, true)
}

/// Help of the text format: `\\` and `\n`.
pub(crate) fn unescape_help(raw: &[u8]) -> Vec<u8> {
    unescape(raw, false)
}

fn unescape(raw: &[u8], quotes: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (before, from) = rest.split_at(at);
        out.extend_from_slice(before);
        let (byte, len) = match from.get(1) {
            Some(b'\\') => (b'\\', 2),
            Some(b'n') => (b'\n', 2),
            Some(b'"') if quotes => (b'"', 2),
            _ => (b'\\', 1),
        };
        out.push(byte);
        rest = from.get(len..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_listed_escapes_exist() {
        assert_eq!(unescape_label(br#"\"q\\n\n\z\"#), b"\"q\\n\n\\z\\");
        assert_eq!(unescape_help(br#"a\\b\nc\"d"#), b"a\\b\nc\\\"d");
        assert_eq!(unescape_label(br"\\\\n"), b"\\\\n");
        assert_eq!(unescape_label(b""), b"");
    }
}
