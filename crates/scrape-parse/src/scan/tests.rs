//! The definition against written answers, and every kernel against the definition: all alignments, all stop
//! positions, all bytes.

use super::{kernel, scalar};
use proptest::prelude::*;

/// Behind a block of sixteen bytes and one of sixty-four, so that the answers hold for the vector part of a kernel
/// as well as for its rest.
const LEADS: [usize; 4] = [0, 5, 16, 70];

/// The text behind leads of letters and before tails that leave it in the last block or not, with where it begins.
fn everywhere(text: &[u8], check: impl Fn(&[u8], usize)) {
    for lead in LEADS {
        for tail in LEADS {
            let mut buf = vec![b'x'; lead];
            buf.extend_from_slice(text);
            buf.resize(lead + text.len() + tail, b'"');
            check(&buf, lead);
        }
    }
}

#[test]
fn quoted_stops_as_written_and_tells_ascii() {
    for (text, stop, ascii) in [
        (&b"\"x"[..], 0, true),
        (b"ab\"", 2, true),
        (b"ab\\n\"", 2, true),
        (b"a\nb", 1, true),
        (b"abc\0", 3, true),
        (b"\x01\x1f\x7f }{,=\"", 8, true),
        ("caf\u{e9}\"".as_bytes(), 5, false),
        // What comes behind the stop does not count.
        ("ab\"\u{e9}".as_bytes(), 2, true),
        (b"\x80\"", 1, false),
        (b"\xff\n", 1, false),
    ] {
        everywhere(text, |buf, lead| {
            assert_eq!(scalar::quoted(buf, 0), (lead + stop, ascii), "{buf:?}");
            assert_eq!(kernel::quoted(buf, 0), (lead + stop, ascii), "{buf:?}");
        });
    }
    assert_eq!(scalar::quoted(b"abc", 0), (3, true));
    assert_eq!(scalar::quoted(b"abc", 9), (3, true));
}

#[test]
fn names_end_as_written() {
    for (text, metric, label) in [
        (&b"aZ_09{"[..], 5, 5),
        (b"job:rate5m ", 10, 3),
        (b"/", 0, 0),
        (b"9:;", 2, 1),
        (b"z{", 1, 1),
        (b"Z[", 1, 1),
        (b"a`", 1, 1),
        (b"A@", 1, 1),
        (b"\0", 0, 0),
        // Bytes that are letters and digits but for their highest bit or for the bit of lower case.
        (b"\xe1", 0, 0),
        (b"\xb0", 0, 0),
        (b"\x10", 0, 0),
        (b"_\x7f", 1, 1),
    ] {
        everywhere(text, |buf, lead| {
            assert_eq!(scalar::name_end::<true>(buf, 0), lead + metric, "{buf:?}");
            assert_eq!(kernel::name_end::<true>(buf, 0), lead + metric, "{buf:?}");
            assert_eq!(scalar::name_end::<false>(buf, 0), lead + label, "{buf:?}");
            assert_eq!(kernel::name_end::<false>(buf, 0), lead + label, "{buf:?}");
        });
    }
    assert_eq!(scalar::name_end::<true>(b"abc", 0), 3);
    assert_eq!(scalar::name_end::<true>(b"abc", 9), 3);
}

#[test]
fn label_sets_end_as_written() {
    for (text, end) in [
        (&b"a=\"b\"} 1"[..], 5),
        (b"} 1", 0),
        (b"a=\"}\"} 1", 5),
        (b"a=\"\n\"\n", 5),
        (b"a=\"\\\"}\"} 1", 7),
        (b"a=\"\\\\\"} 1", 6),
        // A backslash outside quotes hides nothing.
        (b"\\\"}\"}", 4),
        (b"\\}", 1),
        (
            b"a=\"0123456789}0123456789}0123456789}0123456789}0123456789}0123456789}\",b=\"\"}",
            75,
        ),
    ] {
        everywhere(text, |buf, lead| {
            assert_eq!(scalar::label_set_end(buf, 0), lead + end, "{buf:?}");
            assert_eq!(kernel::label_set_end(buf, 0), lead + end, "{buf:?}");
        });
    }
    assert_eq!(scalar::label_set_end(b"a=\"}", 0), 4);
    assert_eq!(scalar::label_set_end(b"a=\"\\", 0), 4);
    assert_eq!(scalar::label_set_end(b"a", 9), 1);
}

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
