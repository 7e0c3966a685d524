//! Writer and reader together, over a simulated disk.

use super::compress::{Compression, FLAG_SNAPPY};
use super::reader::{Damage, DamageKind, Entry, SegmentReader};
use super::segment::{FRAGMENT_HEADER, PAGE, SEGMENT_BYTES, segment_path, segments};
use super::writer::Writer;
use crate::fs::{Fs, SimFs};
use std::path::Path;
use std::sync::Arc;

const DIR: &str = "/wal";

fn disk() -> SimFs {
    let fs = SimFs::new();
    fs.create_dir_all(Path::new(DIR)).expect("dir");
    fs
}

fn writer(fs: &SimFs, compression: Compression, segment_bytes: u64) -> Writer {
    Writer::create(
        Arc::new(fs.clone()),
        Path::new(DIR),
        compression,
        segment_bytes,
        Vec::new(),
        0,
    )
    .expect("writer")
}

/// Bytes that do not compress.
fn noise(n: usize, seed: u64) -> Vec<u8> {
    let mut x = seed | 1;
    let mut step = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x as u8
    };
    (0..n).map(|_| step()).collect()
}

fn read_all(bytes: &[u8]) -> (Vec<Vec<u8>>, Vec<Damage>) {
    let (mut records, mut damage) = (Vec::new(), Vec::new());
    let mut r = SegmentReader::new(bytes);
    while let Some(e) = r.read().expect("memory") {
        match e {
            Entry::Record { data, .. } => records.push(data.to_vec()),
            Entry::Damage(d) => damage.push(d),
        }
    }
    (records, damage)
}

fn segment(fs: &SimFs, n: u32) -> Vec<u8> {
    fs.read(&segment_path(Path::new(DIR), n))
        .expect("segment exists")
}

/// (kind, flags, payload length) of every fragment.
fn fragments(bytes: &[u8]) -> Vec<(u8, u8, usize)> {
    let mut out = Vec::new();
    for page in bytes.chunks(PAGE) {
        let mut pos = 0;
        while pos + FRAGMENT_HEADER <= page.len() && page[pos] != 0 {
            let len = usize::from(u16::from_be_bytes([page[pos + 1], page[pos + 2]]));
            out.push((page[pos] & 7, page[pos] & 0x18, len));
            pos += FRAGMENT_HEADER + len;
        }
    }
    out
}

#[test]
fn w02_records_that_leave_few_bytes_in_a_page_round_trip() {
    for left in [0, 1, 6, 7, 8] {
        let fs = disk();
        let mut w = writer(&fs, Compression::None, SEGMENT_BYTES);
        let records = [
            noise(PAGE - FRAGMENT_HEADER - left, 1),
            noise(100, 2),
            noise(PAGE, 3),
            Vec::new(),
            noise(9, 4),
        ];
        for r in &records {
            w.begin().expect("begin");
            w.log(r).expect("log");
            w.commit(0).expect("commit");
        }
        let bytes = segment(&fs, 0);
        let (got, damage) = read_all(&bytes);
        assert_eq!(damage, [], "{left} left");
        assert!(got == records, "{left} left");
        if left == 7 {
            assert_eq!(
                fragments(&bytes)[1],
                (2, 0, 0),
                "a first fragment of no bytes fills the page"
            );
        }
    }
}

#[test]
fn w03_large_records_are_split_and_roll() {
    let fs = disk();
    let mut w = writer(&fs, Compression::Snappy, SEGMENT_BYTES);
    // Half noise, so that it compresses and is still long.
    let record: Vec<u8> = noise(200 * 1024, 5)
        .into_iter()
        .flat_map(|b| [b, 0, 0, 0])
        .collect();
    w.begin().expect("begin");
    w.log(&record).expect("log");
    w.commit(0).expect("commit");
    let f = fragments(&segment(&fs, 0));
    assert!(f.len() > 2, "{f:?}");
    assert_eq!(f[0].0, 2);
    assert_eq!(f[f.len() - 1].0, 4);
    assert!(f[1..f.len() - 1].iter().all(|f| f.0 == 3));
    assert!(
        f.iter().all(|f| f.1 == FLAG_SNAPPY),
        "the flag is on every fragment: {f:?}"
    );
    assert!(read_all(&segment(&fs, 0)).0 == [record]);

    // Four pages: a record that fills them, one that is a byte too large.
    let four = 4 * PAGE as u64;
    let fits = 4 * (PAGE - FRAGMENT_HEADER) - FRAGMENT_HEADER - 1;
    for (len, rolled) in [(fits, false), (fits + 1, true)] {
        let fs = disk();
        let mut w = writer(&fs, Compression::None, four);
        w.begin().expect("begin");
        w.log(&[7]).expect("log");
        w.log(&noise(len, 6)).expect("log");
        w.commit(0).expect("commit");
        assert_eq!(w.current_number() == 1, rolled, "{len}");
        let last = u32::from(rolled);
        assert!(read_all(&segment(&fs, last)).0.last() == Some(&noise(len, 6)));
    }
}

#[test]
fn w03_a_record_larger_than_a_segment_makes_an_oversized_segment() {
    let fs = disk();
    let mut w = writer(&fs, Compression::None, PAGE as u64);
    w.begin().expect("begin");
    w.log(&noise(3 * PAGE, 7)).expect("log");
    w.log(&[1]).expect("log");
    w.commit(0).expect("commit");
    assert_eq!(segments(&fs, Path::new(DIR)).expect("list").len(), 2);
    assert!(read_all(&segment(&fs, 0)).0 == [noise(3 * PAGE, 7)]);
    assert!(read_all(&segment(&fs, 1)).0 == [vec![1]]);
}

#[test]
fn w04_incompressible_records_are_stored_plain() {
    let fs = disk();
    let mut w = writer(&fs, Compression::Snappy, SEGMENT_BYTES);
    w.begin().expect("begin");
    w.log(&noise(1000, 8)).expect("log");
    w.log(&[9; 1000]).expect("log");
    w.commit(0).expect("commit");
    let bytes = segment(&fs, 0);
    let f = fragments(&bytes);
    assert_eq!((f[0], f[1].1), ((1, 0, 1000), FLAG_SNAPPY));
    assert!(read_all(&bytes).0 == [noise(1000, 8), vec![9; 1000]]);
}

#[test]
fn zstd_records_are_read() {
    let record = vec![3u8; 5000];
    let stored = zstd::stream::encode_all(record.as_slice(), 3).expect("zstd");
    let fs = disk();
    let mut w = writer(&fs, Compression::None, SEGMENT_BYTES);
    w.begin().expect("begin");
    w.log_stored(&stored, super::compress::FLAG_ZSTD)
        .expect("log");
    w.commit(0).expect("commit");
    assert!(read_all(&segment(&fs, 0)).0 == [record]);
}

/// A segment of many records of differing sizes, and the records.
fn sample_segment() -> (Vec<u8>, Vec<Vec<u8>>) {
    let fs = disk();
    let mut w = writer(&fs, Compression::Snappy, SEGMENT_BYTES);
    let records: Vec<Vec<u8>> = (0..60u64)
        .map(|i| noise(17 + (i as usize * 911) % 5000, i + 1))
        .collect();
    for r in &records {
        w.begin().expect("begin");
        w.log(r).expect("log");
        w.commit(0).expect("commit");
    }
    (segment(&fs, 0), records)
}

#[test]
fn a_file_cut_anywhere_gives_whole_records_and_says_torn() {
    let (bytes, records) = sample_segment();
    let mut ends = vec![0u64];
    let mut r = SegmentReader::new(bytes.as_slice());
    while let Some(e) = r.read().expect("memory") {
        if let Entry::Record { end, .. } = e {
            ends.push(end);
        }
    }
    for cut in (0..bytes.len())
        .step_by(41)
        .chain(bytes.len() - 50..=bytes.len())
    {
        let (got, damage) = read_all(&bytes[..cut]);
        let whole = ends.iter().filter(|e| **e <= cut as u64).count() - 1;
        assert!(got == records[..whole], "cut at {cut}");
        let rest_is_zero = bytes[ends[whole] as usize..cut].iter().all(|b| *b == 0);
        if rest_is_zero {
            assert_eq!(damage, [], "cut at {cut}");
        } else {
            assert_eq!(
                damage,
                [Damage {
                    start: ends[whole],
                    end: cut as u64,
                    kind: DamageKind::Torn
                }],
                "cut at {cut}"
            );
        }
    }
}

#[test]
fn a_flipped_bit_costs_the_records_it_touches() {
    let (bytes, records) = sample_segment();
    let mut spans = Vec::new();
    let mut r = SegmentReader::new(bytes.as_slice());
    while let Some(e) = r.read().expect("memory") {
        if let Entry::Record { start, end, .. } = e {
            spans.push((start, end));
        }
    }
    let mut flips = 0;
    for at in (0..bytes.len()).step_by(97) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x04;
        let (got, damage) = read_all(&damaged);
        assert_eq!(damage.len(), 1, "flip at {at}: {damage:?}");
        assert!(
            damage[0].start <= at as u64 && (at as u64) < damage[0].end,
            "flip at {at}: {damage:?}"
        );
        // Everything outside the reported range is there, in order, nothing invented.
        let lost = |s: &(u64, u64)| s.0 < damage[0].end && s.1 > damage[0].start;
        let want: Vec<_> = spans
            .iter()
            .zip(&records)
            .filter(|(s, _)| !lost(s))
            .map(|(_, r)| r.clone())
            .collect();
        assert!(got == want, "flip at {at}");
        assert!(
            damage[0].end - damage[0].start <= 2 * PAGE as u64,
            "flip at {at}: {damage:?}"
        );
        flips += 1;
    }
    assert!(flips > 100);
}

#[test]
fn zeros_at_the_end_are_a_clean_end() {
    let (mut bytes, records) = sample_segment();
    bytes.resize(bytes.len() + 3 * PAGE, 0);
    assert!(read_all(&bytes) == (records, Vec::new()));
}

#[test]
fn a_full_disk_takes_the_transaction_back() {
    for free in [0u64, 1, 500, 40_000, 90_000] {
        let fs = disk();
        let mut w = writer(&fs, Compression::None, 2 * PAGE as u64);
        w.begin().expect("begin");
        w.log(&noise(300, 1)).expect("log");
        w.commit(5).expect("commit");
        fs.set_free(Some(free));
        let failed = w.begin().and_then(|()| {
            for i in 0..10 {
                w.log(&noise(20_000, i))?;
            }
            w.commit(6)
        });
        let e = failed.expect_err("the disk is full");
        assert_eq!(e.cause.kind(), std::io::ErrorKind::StorageFull);
        fs.set_free(None);
        w.begin().expect("begin");
        w.log(&noise(400, 2)).expect("log");
        w.commit(7).expect("commit");
        let all = segments(&fs, Path::new(DIR)).expect("list");
        super::segment::check_sequence(Path::new(DIR), &all).expect("no gap");
        let mut got = Vec::new();
        for s in &all {
            let (r, d) = read_all(&segment(&fs, s.number));
            assert_eq!(d, [], "free {free}");
            got.extend(r);
        }
        assert!(got == [noise(300, 1), noise(400, 2)], "free {free}");
    }
}
