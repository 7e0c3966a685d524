//! Forgetting: idle series, old segments, checkpoints.

use super::*;
use crate::wal::reader::{Entry, SegmentReader};
use crate::wal::segment::{Layout, checkpoint_path, segment_path};
use scrape_core::{MetadataRef, MetricType};
use std::time::Duration;

const HOUR: i64 = 60 * MINUTE;

/// A store that keeps four hours, and a clock that goes with the samples.
fn four_hours() -> Fixture {
    let mut f = Fixture::new();
    f.options.retention = Duration::from_secs(4 * 3600);
    f
}

fn at(f: &Fixture, store: &Store, name: &str, t: i64, v: f64) -> SeriesRef {
    f.clock.set_ms(t);
    let m = MetadataRef {
        kind: MetricType::Counter,
        unit: "",
        help: name,
    };
    let o = AppendOpts {
        metadata: Some(m),
        ..AppendOpts::default()
    };
    let mut app = store.appender();
    let r = app
        .append(SeriesRef::UNKNOWN, &series(name), 0, t, Value::Float(v), &o)
        .expect("taken")
        .series;
    app.commit().expect("commits");
    r
}

fn layout(f: &Fixture) -> Layout {
    Layout::of(&f.fs, &Path::new(DIR).join("wal")).expect("layout")
}

#[test]
fn w16_old_segments_become_a_checkpoint_and_every_sample_keeps_its_series() {
    let f = four_hours();
    let store = f.open();
    for i in 0..40i64 {
        let t = NOW + i * 15 * MINUTE;
        at(&f, &store, "always", t, i as f64);
        // Comes and goes: idle long enough to be forgotten, then back under a new id.
        if i % 14 < 2 {
            at(&f, &store, "sometimes", t, i as f64);
        }
        store.maintain_now().expect("maintains");
    }
    let s = store.stats();
    assert!(s.checkpoints >= 2 && s.segments_dropped >= 2, "{s:?}");
    assert!(s.series_removed >= 2 && s.checkpoints_failed == 0, "{s:?}");
    let newest = NOW + 39 * 15 * MINUTE;
    let floats = f.floats();
    let expected = (0..40i64)
        .filter(|i| NOW + i * 15 * MINUTE >= newest - 4 * HOUR)
        .count();
    let always = floats
        .keys()
        .filter(|(l, t)| l.contains("always") && *t >= newest - 4 * HOUR)
        .count();
    assert_eq!(always, expected);
    assert!(floats.len() < 46, "old ones are gone: {}", floats.len());
    store.close().expect("closes");
    let again = f.open();
    let r = again.stats().replay;
    assert_eq!(
        (r.unknown_samples, r.unknown_metadata, r.corruptions),
        (0, 0, 0),
        "{r:?}"
    );
    assert_eq!(f.floats(), floats);
    assert_eq!(
        again
            .metadata(
                again
                    .0
                    .head
                    .find(&series("always"))
                    .map(SeriesRef)
                    .expect("known")
            )
            .map(|m| m.2),
        Some("always".to_owned())
    );
}

#[test]
fn w16_a_series_that_was_recreated_continues_under_its_newest_id() {
    let f = four_hours();
    let store = f.open();
    let first = at(&f, &store, "s", NOW, 1.0);
    at(&f, &store, "other", NOW + 3 * HOUR, 1.0);
    store.maintain_now().expect("marks");
    store.maintain_now().expect("collects");
    assert_eq!(store.stats().series, 1);
    assert_eq!(store.labels(first), None);
    let second = at(&f, &store, "s", NOW + 3 * HOUR + 1, 2.0);
    assert!(second > first, "ids are not used twice");
    store.close().expect("closes");
    let store = f.open();
    let s = store.stats();
    assert_eq!(
        (
            s.series,
            s.replay.duplicate_series,
            s.replay.unknown_samples
        ),
        (2, 1, 0)
    );
    assert_eq!(at(&f, &store, "s", NOW + 3 * HOUR + 2, 3.0), second);
    assert!(at(&f, &store, "new", NOW + 3 * HOUR + 2, 3.0) > second);
    // Now the checkpoint takes the segments in which the first id was named.
    for i in 1..8 {
        at(&f, &store, "other", NOW + (3 + i) * HOUR, 1.0);
        store.maintain_now().expect("maintains");
    }
    assert!(layout(&f).checkpoint.is_some());
    f.dump();
    drop(store);
    assert_eq!(f.open().stats().replay.unknown_samples, 0);
}

#[test]
fn an_open_transaction_holds_its_series() {
    let f = four_hours();
    let store = f.open();
    at(&f, &store, "s", NOW, 1.0);
    f.clock.set_ms(NOW + 30 * MINUTE);
    let mut slow = store.appender();
    slow.append(
        SeriesRef::UNKNOWN,
        &series("s"),
        0,
        NOW + 30 * MINUTE,
        Value::Float(2.0),
        &AppendOpts::default(),
    )
    .expect("taken");
    at(&f, &store, "other", NOW + 3 * HOUR, 1.0);
    for _ in 0..3 {
        assert_eq!(store.maintain_now().expect("maintains").series_collected, 0);
    }
    assert_eq!(slow.commit().expect("commits").samples, 1);
    at(&f, &store, "other", NOW + 4 * HOUR, 1.0);
    let n: u64 = (0..2)
        .map(|_| store.maintain_now().expect("maintains").series_collected)
        .sum();
    assert_eq!(n, 1);
}

/// Segments with old and new samples, ready for a checkpoint; nothing open.
fn prepared() -> Fixture {
    let f = four_hours();
    for i in 0..5i64 {
        let store = f.open();
        at(&f, &store, "a", NOW + i * HOUR, i as f64);
        at(&f, &store, "b", NOW + i * HOUR + 1, i as f64);
        store.close().expect("closes");
    }
    f.clock.set_ms(NOW + 6 * HOUR);
    f
}

#[test]
fn w17_a_checkpoint_may_be_killed_at_every_step() {
    let f = prepared();
    let cutoff = NOW + 2 * HOUR;
    let before = f.floats();
    let mut states = 0;
    for n in 0.. {
        let g = Fixture {
            fs: f.fs.after_kill(),
            clock: f.clock.clone(),
            options: f.options.clone(),
        };
        let store = g.open();
        // Twice, so that a checkpoint replaces a checkpoint.
        g.fs.stop_after(n);
        let first = store.maintain_now();
        f.clock.set_ms(NOW + 7 * HOUR);
        let second = store.maintain_now();
        f.clock.set_ms(NOW + 6 * HOUR);
        let limit = if second.is_ok() {
            NOW + 3 * HOUR
        } else {
            cutoff + HOUR
        };
        for disk in [g.fs.after_kill(), g.fs.after_power_cut()] {
            let k = Fixture {
                fs: disk,
                clock: f.clock.clone(),
                options: f.options.clone(),
            };
            let s = k.open().stats();
            assert_eq!(
                (s.replay.unknown_samples, s.corruptions),
                (0, 0),
                "killed after {n} operations"
            );
            let after = k.floats();
            assert!(
                after.iter().all(|(key, v)| before.get(key) == Some(v)),
                "nothing is invented"
            );
            let young =
                |m: &BTreeMap<(String, i64), u64>| m.keys().filter(|(_, t)| *t >= limit).count();
            assert_eq!(young(&after), young(&before), "killed after {n} operations");
            let l = layout(&k);
            assert_eq!(
                (l.replaced.len(), l.superseded.len()),
                (0, 0),
                "opening finishes the deletion"
            );
        }
        states += 1;
        if first.is_ok() && second.is_ok() {
            assert!(states > 15, "{states}");
            assert!(layout(&g).checkpoint.is_some());
            return;
        }
    }
}

#[test]
fn w12_a_damaged_checkpoint_costs_only_what_is_damaged() {
    let f = prepared();
    let store = f.open();
    store.maintain_now().expect("maintains");
    store.close().expect("closes");
    let l = layout(&f);
    let number = l.checkpoint.as_ref().expect("there").number;
    let path = segment_path(&checkpoint_path(&Path::new(DIR).join("wal"), number), 0);
    let bytes = f.fs.read(&path).expect("there");
    let whole = Fixture {
        fs: f.fs.after_kill(),
        clock: f.clock.clone(),
        options: f.options.clone(),
    };
    let whole = whole.open().stats().replay;
    let mut spans = Vec::new();
    let mut reader = SegmentReader::new(bytes.as_slice());
    while let Some(Entry::Record { start, end, .. }) = reader.read().expect("memory") {
        spans.push((start as usize, end as usize));
    }
    assert!(spans.len() > 2);
    for at in spans
        .iter()
        .flat_map(|(start, end)| [*start + 1, *start + 9, *end - 1])
    {
        let g = Fixture {
            fs: f.fs.after_kill(),
            clock: f.clock.clone(),
            options: f.options.clone(),
        };
        let mut damaged = bytes.clone();
        damaged[at] ^= 2;
        g.fs.put(&path, damaged.clone());
        let store = g.open();
        let s = store.stats();
        assert_eq!(s.corruptions, 1, "byte {at}");
        let numbers = |l: &Layout| l.segments.iter().map(|s| s.number).collect::<Vec<_>>();
        let now = layout(&g);
        assert!(
            numbers(&now).starts_with(&numbers(&l)),
            "no segment is deleted"
        );
        assert_eq!(
            now.checkpoint.map(|c| c.number),
            Some(number),
            "nor is the checkpoint"
        );
        // Where the length is intact exactly one record is lost.
        let length_hit = spans.iter().any(|(start, _)| *start + 1 == at);
        assert!(
            length_hit || whole.records - s.replay.records == 1,
            "byte {at}"
        );
        let aside: Vec<_> =
            g.fs.paths()
                .iter()
                .filter(|p| p.starts_with("/data/scraper/quarantine"))
                .filter_map(|p| g.fs.read(p))
                .collect();
        assert_eq!(aside, [damaged]);
        drop(store);
        let again = g.open().stats();
        assert_eq!(again.corruptions, 0, "repaired");
        assert_eq!(
            again.replay.samples, s.replay.samples,
            "and nothing else is lost"
        );
    }
}

#[test]
fn the_limit_on_bytes_holds() {
    let mut f = Fixture::new();
    f.options.retention = Duration::ZERO;
    f.options.retention_size = 256 * 1024;
    f.options.compression = crate::Compression::None;
    let store = f.open();
    for i in 0..2000i64 {
        let mut app = store.appender();
        for j in 0..40 {
            app.append(
                SeriesRef::UNKNOWN,
                &series(&format!("s{j}")),
                0,
                NOW + i,
                Value::Float(i as f64),
                &AppendOpts::default(),
            )
            .expect("taken");
        }
        app.commit().expect("commits");
        if i % 50 == 0 {
            store.maintain_now().expect("maintains");
            assert!(
                store.stats().wal_bytes < 300 * 1024,
                "{}",
                store.stats().wal_bytes
            );
        }
    }
    assert!(store.stats().segments_dropped > 0);
    let floats = f.floats();
    assert!(floats.contains_key(&(series("s0").to_string(), NOW + 1999)));
    drop(store);
    assert_eq!(f.open().stats().replay.unknown_samples, 0);
}
