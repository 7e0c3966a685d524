//! Every kernel against its definition: all alignments, all stop positions, all bytes.

use super::{kernel, scalar};
use proptest::prelude::*;

fn agree(buf: &[u8]) {
    for from in 0..=buf.len() + 1 {
        agree_at(buf, from);
    }
}

fn agree_at(buf: &[u8], from: usize) {
    assert_eq!(
        kernel::quoted(buf, from),
        scalar::quoted(buf, from),
        "quoted {buf:?} from {from}"
    );
    assert_eq!(
        kernel::name_end::<true>(buf, from),
        scalar::name_end::<true>(buf, from),
        "{buf:?} {from}"
    );
    assert_eq!(
        kernel::name_end::<false>(buf, from),
        scalar::name_end::<false>(buf, from),
        "{buf:?} {from}"
    );
    assert_eq!(
        kernel::label_set_end(buf, from),
        scalar::label_set_end(buf, from),
        "{buf:?} {from}"
    );
}

/// Of a byte in two blocks and a rest; a few under Miri, which takes a thousand times as long.
const PLACES: std::ops::Range<usize> = if cfg!(miri) { 14..18 } else { 0..35 };

#[test]
fn every_byte_at_every_place_of_two_blocks() {
    for byte in 0..=255 {
        for at in PLACES {
            let mut buf = [b'a'; 35];
            if let Some(b) = buf.get_mut(at) {
                *b = byte;
            }
            agree(&buf);
        }
    }
}

proptest! {
    #[test]
    fn kernels_agree_on_any_bytes(buf in proptest::collection::vec(any::<u8>(), 0..80)) {
        agree(&buf);
    }

    #[test]
    fn kernels_agree_on_label_sets(buf in "([a-z]{1,9}=\"[a-z}]{0,30}\",?|[\\\\\"}\n]|\\\\\"){0,20}") {
        agree(buf.as_bytes());
    }

    #[test]
    fn kernels_agree_on_likely_bytes(buf in "[a-z0-9_:\"\\\\{}\n é]{0,70}") {
        agree(buf.as_bytes());
    }
}

/// Every kernel on slices that end where their allocation ends and start at every place of a vector: a load past
/// the end is an error under Miri and the address sanitizer, and may fault anywhere. The buffer is of exactly the
/// slice's capacity, so nothing readable is owned behind it.
#[test]
fn kernels_stay_inside_at_every_alignment_and_length() {
    const LONGEST: usize = if cfg!(miri) { 70 } else { 150 };
    const ALIGNMENTS: usize = if cfg!(miri) { 4 } else { 17 };
    for skip in 0..ALIGNMENTS {
        for len in 0..=LONGEST {
            for stop in [b'a', b'"', b'}', b'\\', b'\n', 0, b' ', 0xc3] {
                let mut whole = vec![b'a'; skip + len].into_boxed_slice();
                if let Some(last) = whole.last_mut() {
                    *last = stop;
                }
                let buf = whole.get(skip..).unwrap_or_default();
                for from in [
                    0,
                    1,
                    len / 2,
                    len.saturating_sub(1),
                    len,
                    len + 1,
                    usize::MAX,
                ] {
                    agree_at(buf, from);
                }
            }
        }
    }
}
