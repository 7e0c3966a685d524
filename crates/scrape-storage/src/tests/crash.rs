//! Death of the process, loss of power, full disks and damaged files.

use super::*;
use crate::fs::Fs;
use crate::wal::reader::{Entry, SegmentReader};
use crate::wal::segment::{PAGE, segment_path, segments};
use crate::{OpenError, ReadError};
use std::path::PathBuf;

fn wal() -> PathBuf {
    Path::new(DIR).join("wal")
}

fn segment(n: u32) -> PathBuf {
    segment_path(&wal(), n)
}

/// Six segments (0 to 5) with ten commits each of three series; nothing open.
fn six_segments() -> Fixture {
    let f = Fixture::new();
    for i in 0..6 {
        let store = f.open();
        for j in 0..10 {
            commit(&store, NOW + i * 1000 + j);
        }
        store.close().expect("closes");
    }
    f
}

fn commit(store: &Store, t: i64) {
    let mut app = store.appender();
    for name in ["a", "b", "c"] {
        app.append(
            SeriesRef::UNKNOWN,
            &series(name),
            0,
            t,
            Value::Float(t as f64),
            &AppendOpts::default(),
        )
        .expect("taken");
    }
    app.commit().expect("commits");
}

#[test]
fn w01_each_opening_begins_a_segment() {
    let f = Fixture::new();
    let store = f.open();
    assert!(f.fs.read(&segment(0)).is_some());
    assert!(f.fs.read(Path::new("/data/lock")).is_some());
    assert_eq!(store.stats().clean_start, 1);
    assert!(matches!(f.try_open(), Err(OpenError::Locked { .. })));
    put(&store, &series("a"), NOW, 1.0).expect("taken");
    store.close().expect("closes");
    store.close().expect("twice is once");
    assert!(f.fs.read(Path::new("/data/lock")).is_none());
    let before = f.fs.read(&segment(0));
    let e = put(&store, &series("a"), NOW + 1, 1.0).expect_err("closed");
    assert!(e.to_string().contains("closed"), "{e}");
    let store = f.open();
    put(&store, &series("a"), NOW + 2, 1.0).expect("taken");
    assert_eq!(store.stats().segment_current, 1);
    assert_eq!(
        f.fs.read(&segment(0)),
        before,
        "the old segment is not touched"
    );
    assert_eq!(segments(&f.fs, &wal()).expect("list").len(), 2);
}

#[test]
fn w01_a_lock_that_was_left_says_so() {
    let f = Fixture::new();
    let store = f.open();
    let crashed = Fixture::on(f.fs.after_kill());
    assert_eq!(crashed.open().stats().clean_start, 0);
    drop(store);
    let mut without = Fixture::new();
    without.options.no_lockfile = true;
    assert_eq!(without.open().stats().clean_start, -1);
    assert!(without.fs.read(Path::new("/data/lock")).is_none());
}

#[test]
fn w07_what_is_not_understood_is_skipped_and_counted() {
    let f = Fixture::new();
    let store = f.open();
    put(&store, &series("a"), NOW, 1.0).expect("taken");
    {
        let mut log = crate::head::lock(&store.0.log);
        log.writer.begin().expect("begin");
        log.writer.log(&[]).expect("empty");
        log.writer.log(&[99, 1, 2, 3]).expect("unknown");
        log.writer.log(&[2, 0, 0]).expect("undecodable");
        log.writer.commit(NOW).expect("commit");
    }
    put(&store, &series("a"), NOW + 1, 2.0).expect("taken");
    drop(store);
    let r = f.open().stats().replay;
    assert_eq!(
        (
            r.skipped_records,
            r.undecodable_records,
            r.samples,
            r.corruptions
        ),
        (2, 1, 2, 0)
    );
}

#[test]
fn w10_a_power_cut_costs_the_last_second() {
    let f = Fixture::new();
    let store = f.open();
    let mut synced = 0;
    for i in 0..40i64 {
        // Half a second passes per commit, so every second tick syncs.
        f.clock.advance_ms(500);
        commit(&store, NOW + i);
        if store.maintain().expect("maintains").synced {
            synced = i + 1;
        }
        let cut = Fixture::on(f.fs.after_power_cut());
        let reopened = cut.open();
        let kept = cut.floats().len() as i64 / 3;
        assert!(
            kept >= synced && kept >= i - 1,
            "after {} commits {kept} are left",
            i + 1
        );
        assert_eq!(reopened.stats().replay.corruptions, 0);
    }
    assert!(synced >= 39);
}

#[test]
fn w10_bytes_of_a_page_that_never_reached_the_medium_never_fail_opening() {
    let f = six_segments();
    let last = segment(5);
    let bytes = f.fs.read(&last).expect("there");
    for (from, to) in [
        (0, 10),
        (10, 200),
        (100, 101),
        (bytes.len() - 40, bytes.len()),
        (0, bytes.len()),
    ] {
        let cut = Fixture::on(f.fs.after_kill());
        let mut zeroed = bytes.clone();
        zeroed[from..to].fill(0);
        cut.fs.put(&last, zeroed);
        cut.open();
        assert!(cut.floats().len() >= 150, "segments before are whole");
    }
}

#[test]
fn a_torn_tail_is_put_aside_and_cut() {
    let f = six_segments();
    let bytes = f.fs.read(&segment(5)).expect("there");
    let mut ends = Vec::new();
    let mut r = SegmentReader::new(bytes.as_slice());
    while let Some(Entry::Record { end, .. }) = r.read().expect("memory") {
        ends.push(end as usize);
    }
    let whole = ends[ends.len() - 3];
    f.fs.put(&segment(5), bytes[..whole + 9].to_vec());
    let store = f.open();
    let s = store.stats();
    assert_eq!(
        (
            s.replay.torn_tails,
            s.corruptions,
            s.replay.quarantined_bytes
        ),
        (1, 0, 9)
    );
    assert_eq!(f.fs.read(&segment(5)), Some(bytes[..whole].to_vec()));
    let aside = quarantined(&f);
    assert_eq!(aside, [bytes[whole..whole + 9].to_vec()]);
    drop(store);
    assert_eq!(f.open().stats().replay.torn_tails, 0, "once");
}

fn quarantined(f: &Fixture) -> Vec<Vec<u8>> {
    let dir = Path::new("/data/scraper/quarantine");
    f.fs.paths()
        .iter()
        .filter(|p| p.starts_with(dir))
        .filter_map(|p| f.fs.read(p))
        .collect()
}

#[test]
fn w11_a_flipped_bit_costs_a_record_and_later_segments_load() {
    let f = six_segments();
    let before = f.floats();
    let mut bytes = f.fs.read(&segment(2)).expect("there");
    // A record of samples, not the one with the labels.
    let mut spans = Vec::new();
    let mut r = SegmentReader::new(bytes.as_slice());
    while let Some(Entry::Record { start, end, .. }) = r.read().expect("memory") {
        spans.push((start, end));
    }
    let (start, end) = spans[4];
    bytes[start as usize + 12] ^= 0x10;
    f.fs.put(&segment(2), bytes.clone());
    let reading = crate::dump_in(Path::new(DIR), Arc::new(f.fs.clone())).expect("dump");
    let faults: Vec<_> = reading.filter_map(Result::err).collect();
    assert!(
        matches!(&faults[..], [ReadError::Damaged { damage, .. }] if damage.start == start && damage.end == end)
    );
    assert_eq!(
        f.fs.read(&segment(2)),
        Some(bytes.clone()),
        "reading never repairs"
    );
    let store = f.open();
    let s = store.stats();
    assert_eq!(
        (s.corruptions, s.replay.quarantined_bytes),
        (1, end - start)
    );
    assert_eq!(quarantined(&f), [bytes], "the original is kept");
    let after = f.floats();
    assert_eq!(before.len() - after.len(), 3, "one commit is lost");
    assert!(after.iter().all(|(k, v)| before.get(k) == Some(v)));
    drop(store);
    assert_eq!(f.open().stats().corruptions, 0, "repaired");
}

#[test]
fn w11_repair_is_safe_at_every_step() {
    let f = six_segments();
    let mut bytes = f.fs.read(&segment(2)).expect("there");
    let at = bytes.len() / 2;
    bytes[at.min(400)] ^= 1;
    f.fs.put(&segment(2), bytes);
    let want = {
        let f = Fixture::on(f.fs.after_kill());
        f.open();
        f.floats()
    };
    for n in 0.. {
        let f = Fixture::on(f.fs.after_kill());
        f.fs.stop_after(n);
        let opened = f.try_open().is_ok();
        let g = Fixture::on(f.fs.after_kill());
        g.open();
        assert_eq!(g.floats(), want, "killed after {n} operations");
        assert!(!quarantined(&g).is_empty());
        if opened {
            assert!(n > 5);
            return;
        }
    }
}

#[test]
fn w13_a_missing_segment_is_an_error_that_names_both_neighbours() {
    let f = six_segments();
    f.fs.remove_file(&segment(3)).expect("removed");
    let before = f.fs.paths();
    let e = f.try_open().expect_err("a gap");
    let text = e.to_string();
    assert!(
        text.contains("00000002") && text.contains("00000004") && text.contains("/data/wal"),
        "{text}"
    );
    let left: Vec<_> =
        f.fs.paths()
            .into_iter()
            .filter(|p| !p.ends_with("lock"))
            .collect();
    assert_eq!(left, before, "nothing is deleted");
    let e = crate::dump_in(Path::new(DIR), Arc::new(f.fs.clone())).expect_err("a gap");
    assert!(matches!(
        e,
        ReadError::Gap {
            before: 2,
            after: 4,
            ..
        }
    ));
}

#[test]
fn w13_an_interrupted_repair_of_upstream_is_taken_back() {
    let f = six_segments();
    let want = f.floats();
    let original = f.fs.read(&segment(5)).expect("there");
    for partial in [None, Some(original[..200].to_vec())] {
        let f = Fixture::on(f.fs.after_kill());
        f.fs.rename(&segment(5), &wal().join("00000005.repair"))
            .expect("renamed");
        if let Some(p) = &partial {
            f.fs.put(&segment(5), p.clone());
        }
        f.open();
        assert_eq!(f.floats(), want);
        assert_eq!(quarantined(&f), Vec::from_iter(partial));
    }
}

#[test]
fn w13_foreign_names_do_not_matter() {
    let f = six_segments();
    let want = f.floats();
    for name in [
        "000007",
        "4294967295",
        "notes.txt",
        "series_state.json",
        "checkpoint.00000009.tmp/00000000",
    ] {
        f.fs.put(&wal().join(name), b"x".to_vec());
    }
    f.open();
    assert_eq!(f.floats(), want);
    assert!(
        f.fs.read(&wal().join("checkpoint.00000009.tmp/00000000"))
            .is_none(),
        "unfinished ones are removed"
    );
    assert!(f.fs.read(&wal().join("notes.txt")).is_some());
}

#[test]
fn w14_a_full_disk_fails_the_commit_and_nothing_else() {
    for free in [0, 1, 7, 30, 31, 100, 150] {
        let f = Fixture::new();
        let store = f.open();
        commit(&store, NOW);
        f.fs.set_free(Some(free));
        let mut app = store.appender();
        // More than the free bytes, compressed or not.
        for i in 0..50i64 {
            let l = series(&format!("n{}", i * 7919));
            app.append(
                SeriesRef::UNKNOWN,
                &l,
                0,
                NOW + 1,
                Value::Float(i as f64),
                &AppendOpts::default(),
            )
            .expect("taken");
        }
        app.commit().expect_err("the disk is full");
        f.fs.set_free(None);
        commit(&store, NOW + 2);
        drop(store);
        let store = f.open();
        let s = store.stats();
        assert_eq!(
            (s.corruptions, s.replay.torn_tails, s.replay.unknown_samples),
            (0, 0, 0),
            "free {free}"
        );
        let times: Vec<i64> = f.floats().keys().map(|(_, t)| *t).collect();
        assert_eq!(
            times,
            [NOW, NOW + 2, NOW, NOW + 2, NOW, NOW + 2],
            "free {free}"
        );
    }
}

#[test]
fn w14_a_disk_that_cannot_even_cut_is_tried_again() {
    let f = Fixture::new();
    let store = f.open();
    commit(&store, NOW);
    f.fs.stop_after(0);
    let fails = |t| {
        let mut app = store.appender();
        app.append(
            SeriesRef(1),
            &series("a"),
            0,
            t,
            Value::Float(1.0),
            &AppendOpts::default(),
        )
        .expect("taken");
        app.commit().is_err()
    };
    assert!(fails(NOW + 1));
    assert!(fails(NOW + 1));
    f.fs.resume();
    commit(&store, NOW + 2);
    drop(store);
    let s = f.open().stats();
    assert_eq!((s.corruptions, s.replay.torn_tails), (0, 0));
    assert_eq!(f.floats().len(), 6);
}

#[test]
fn a_failed_sync_is_reported_and_writing_goes_on_elsewhere() {
    let f = Fixture::new();
    let store = f.open();
    commit(&store, NOW);
    f.fs.fail_sync(true);
    f.clock.advance_ms(1000);
    let e = store.maintain().expect_err("the medium fails");
    assert!(e.to_string().contains("/data/wal"), "{e}");
    f.fs.fail_sync(false);
    commit(&store, NOW + 1);
    assert_eq!(
        store.stats().segment_current,
        1,
        "nothing is written behind the hole"
    );
    assert_eq!(store.stats().fsyncs_failed, 2);
    f.clock.advance_ms(1000);
    assert!(store.maintain().expect("works again").synced);
    assert_eq!(f.floats().len(), 6);
}

/// Kills the process after every single operation on the disk, and before that cuts the power.
#[test]
fn w09_every_operation_may_be_the_last() {
    for n in 0.. {
        let f = Fixture::new();
        f.fs.stop_after(n);
        let (mut acked, mut synced, mut finished) = (0, 0, false);
        if let Ok(store) = f.try_open() {
            for i in 0..12i64 {
                f.clock.advance_ms(400);
                let mut app = store.appender();
                for name in ["a", "b"] {
                    app.append(
                        SeriesRef::UNKNOWN,
                        &series(name),
                        0,
                        NOW + i,
                        Value::Float(1.0),
                        &AppendOpts::default(),
                    )
                    .expect("taken");
                }
                acked += usize::from(app.commit().is_ok());
                if store.maintain().is_ok_and(|m| m.synced) {
                    synced = acked;
                }
            }
            finished = acked == 12 && store.close().is_ok();
        }
        for (disk, least) in [(f.fs.after_kill(), acked), (f.fs.after_power_cut(), synced)] {
            let g = Fixture::on(disk);
            let s = g.open().stats();
            assert_eq!(s.corruptions, 0, "{n}");
            assert!(
                g.floats().len() >= 2 * least,
                "{n}: {least} commits were acknowledged"
            );
        }
        if finished {
            assert!(n > 20);
            return;
        }
    }
}

#[test]
fn a_large_commit_crosses_pages_and_segments() {
    let mut f = Fixture::new();
    f.options.segment_bytes = 4 * PAGE as u64;
    let store = f.open();
    let mut app = store.appender();
    for i in 0..40_000i64 {
        let l = Labels::from_pairs([("__name__", "m"), ("i", &i.to_string())]);
        app.append(
            SeriesRef::UNKNOWN,
            &l,
            0,
            NOW,
            Value::Float((i * i) as f64),
            &AppendOpts::default(),
        )
        .expect("taken");
    }
    assert_eq!(app.commit().expect("commits").samples, 40_000);
    assert!(store.stats().segments > 1);
    drop(store);
    let s = f.open().stats();
    assert_eq!(
        (s.replay.samples, s.series, s.replay.unknown_samples),
        (40_000, 40_000, 0)
    );
}
