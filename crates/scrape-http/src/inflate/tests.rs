use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

fn gz(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

/// Decodes in pieces of `step` input bytes and `room` output bytes.
fn decode(encoding: &str, body: &[u8], step: usize, room: usize) -> Result<Vec<u8>, InflateError> {
    let mut inflate = Inflate::for_encoding(encoding)?;
    let mut out = Vec::new();
    let mut block = vec![0; room];
    for piece in body.chunks(step) {
        let mut piece = piece;
        loop {
            let p = inflate.run(piece, &mut block)?;
            piece = &piece[p.consumed..];
            out.extend_from_slice(&block[..p.produced]);
            if p.produced == 0 && piece.is_empty() {
                break;
            }
        }
    }
    inflate.finish().map(|()| out)
}

#[test]
fn every_cut_of_input_and_output_gives_the_same_body() {
    let text = "metric_total{job=\"a\"} 1\n".repeat(400);
    let zstd = zstd::bulk::compress(text.as_bytes(), 3).expect("memory");
    for (encoding, body) in [
        ("gzip", gz(text.as_bytes())),
        ("GZIP", gz(text.as_bytes())),
        ("zstd", zstd),
        ("", text.clone().into_bytes()),
    ] {
        for (step, room) in [
            (1, 1),
            (1, 4096),
            (7, 3),
            (100_000, 100),
            (100_000, 100_000),
        ] {
            let decoded = decode(encoding, &body, step, room).expect("whole");
            assert_eq!(decoded, text.as_bytes(), "{encoding} {step} {room}");
        }
    }
}

#[test]
fn members_and_frames_follow_each_other() {
    let mut body = gz(b"first ");
    body.extend(gz(b""));
    body.extend(gz(b"second"));
    for step in [1, 5, 1000] {
        assert_eq!(
            decode("gzip", &body, step, 64).expect("whole"),
            b"first second"
        );
    }
    let mut body = zstd::bulk::compress(b"first ", 1).expect("memory");
    body.extend(zstd::bulk::compress(b"second", 1).expect("memory"));
    for step in [1, 5, 1000] {
        assert_eq!(
            decode("zstd", &body, step, 64).expect("whole"),
            b"first second"
        );
    }
}

#[test]
fn every_truncation_and_every_damaged_checksum_is_noticed() {
    let body = gz("metric 1\n".repeat(50).as_bytes());
    for cut in 0..body.len() {
        assert!(
            decode("gzip", &body[..cut], 1000, 64).is_err(),
            "cut at {cut}"
        );
    }
    for byte in body.len() - 8..body.len() {
        let mut damaged = body.clone();
        damaged[byte] ^= 1;
        assert!(
            decode("gzip", &damaged, 1000, 64).is_err(),
            "trailer byte {byte}"
        );
    }
    let mut garbage = body.clone();
    garbage.extend_from_slice(b"garbage");
    assert!(decode("gzip", &garbage, 1000, 64).is_err());
    assert!(decode("gzip", b"metric 1\n", 1000, 64).is_err());
    let body = zstd::bulk::compress("metric 1\n".repeat(50).as_bytes(), 1).expect("memory");
    for cut in 0..body.len() {
        assert!(
            decode("zstd", &body[..cut], 1000, 64).is_err(),
            "cut at {cut}"
        );
    }
}

#[test]
fn a_zstd_frame_may_not_ask_for_a_huge_window() {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).expect("memory");
    encoder.window_log(26).expect("a parameter");
    encoder.include_contentsize(false).expect("a parameter");
    for _ in 0..200 {
        encoder.write_all(&[b'x'; 100_000]).expect("memory");
    }
    let body = encoder.finish().expect("memory");
    let error = decode("zstd", &body, 1000, 64).expect_err("too large a window");
    assert!(matches!(error, InflateError::Damaged(_)), "{error:?}");
}

#[test]
fn unknown_encodings_are_refused() {
    for encoding in ["br", "deflate", "gzip, gzip", "snappy"] {
        let refused = Inflate::for_encoding(encoding).err();
        assert_eq!(
            refused,
            Some(InflateError::Unsupported(encoding.to_owned()))
        );
    }
}

proptest::proptest! {
    #[test]
    fn damaged_bodies_are_read_or_refused_and_never_more_than_asked(
        flips in proptest::collection::vec((0..400_usize, 1..=255_u8), 0..6),
        step in 1..300_usize,
        room in 1..300_usize,
        zipped in proptest::bool::ANY,
    ) {
        let text = "metric_total{job=\"a\"} 1\n".repeat(40);
        let (encoding, mut body) = match zipped {
            true => ("gzip", gz(text.as_bytes())),
            false => ("zstd", zstd::bulk::compress(text.as_bytes(), 3).expect("memory")),
        };
        for (at, flip) in &flips {
            let at = at % body.len();
            body[at] ^= flip;
        }
        match decode(encoding, &body, step, room) {
            Ok(decoded) if flips.is_empty() => proptest::prop_assert_eq!(decoded, text.as_bytes()),
            Ok(decoded) if zipped => proptest::prop_assert_eq!(decoded, text.as_bytes(), "the checksum was wrong"),
            // zstd frames of the one-shot API carry no checksum.
            Ok(_) => {}
            Err(error) => proptest::prop_assert!(!flips.is_empty(), "{:?}", error),
        }
    }
}
