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

/// Of a byte in two blocks and a rest; around the border of the blocks under Miri, which takes a thousand times as
/// long.
const PLACES: std::ops::Range<usize> = if cfg!(miri) { 15..17 } else { 0..35 };
/// Miri looks for loads out of bounds, and where a kernel loads hardly depends on the byte.
const EVERY: usize = if cfg!(miri) { 17 } else { 1 };

fn cases() -> ProptestConfig {
    if cfg!(miri) {
        // Miri gives a test no files.
        return ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(4)
        };
    }
    ProptestConfig::default()
}

#[test]
fn every_byte_at_every_place_of_two_blocks() {
    for byte in (0..=255).step_by(EVERY) {
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
    #![proptest_config(cases())]

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
    const LONGEST: usize = if cfg!(miri) { 66 } else { 150 };
    const ALIGNMENTS: usize = if cfg!(miri) { 2 } else { 17 };
    const STOPS: &[u8] = if cfg!(miri) {
        b"a}"
    } else {
        b"a\"}\\\n\0 \xc3"
    };
    for skip in 0..ALIGNMENTS {
        for len in 0..=LONGEST {
            for &stop in STOPS {
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
