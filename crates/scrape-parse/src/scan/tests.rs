//! Every kernel against its definition: all alignments, all stop positions, all bytes.

use super::{kernel, scalar};
use proptest::prelude::*;

fn agree(buf: &[u8]) {
    for from in 0..=buf.len() + 1 {
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
}

#[test]
fn every_byte_at_every_place_of_two_blocks() {
    for byte in 0..=255 {
        for at in 0..35 {
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
