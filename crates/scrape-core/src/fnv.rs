//! FNV-1a, 64 bits: the hash behind target identities and slots, which must never change between versions.

/// FNV-1a over several pieces as if they were one text.
pub(crate) fn fnv1a_64(pieces: &[&[u8]]) -> u64 {
    pieces
        .iter()
        .flat_map(|piece| piece.iter())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
}

#[cfg(test)]
mod tests {
    use super::fnv1a_64;

    #[test]
    fn published_vectors_hold() {
        assert_eq!(fnv1a_64(&[]), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a_64(&[b"a"]), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a_64(&[b"foo", b"bar"]), 0x8594_4171_f739_67e8);
    }
}
