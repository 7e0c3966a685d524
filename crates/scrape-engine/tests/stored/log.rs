use crate::world::World;
use scrape_core::MetricType;
use scrape_core::cache::ScrapeCache;
use scrape_core::testing::wire::{double, family, int, message, sint, string};
use scrape_parse::Format;
use scrape_storage::wal::record::{Exemplars, HistValue, MetadataEntries, RecordType};
use scrape_storage::wal::{Entry, SegmentReader};
use scrape_storage::{DumpValue, StoreOptions};
use std::fs::File;

const HISTOGRAM: u64 = 4;

fn exemplar() -> Vec<u8> {
    let label = message(1, &[string(1, "trace"), string(2, "abc")]);
    message(16, &[label, double(2, 1.5), message(3, &[int(1, 1)])])
}

fn buckets() -> Vec<u8> {
    [
        double(2, 4.5),
        sint(5, 2),
        double(6, 0.001),
        message(12, &[sint(1, 3), int(2, 2)]),
    ]
    .concat()
}

fn body() -> Vec<u8> {
    let ints = [int(1, 3), buckets(), sint(13, 1), sint(13, 1), exemplar()].concat();
    let floats = [double(4, 2.5), buckets(), double(14, 1.0), double(14, 1.5)].concat();
    [
        family("ints", HISTOGRAM, &[message(7, &[ints])]),
        family("floats", HISTOGRAM, &[message(7, &[floats])]),
    ]
    .concat()
}

/// What the records of exemplars and metadata in the files say.
#[derive(Default)]
struct Records {
    /// Time, value, labels.
    exemplars: Vec<(i64, f64, String)>,
    /// Type and help.
    metadata: Vec<(MetricType, String)>,
}

fn records(w: &World) -> Records {
    let mut found = Records::default();
    let wal = w.dir.path().join("wal");
    let mut paths: Vec<_> = std::fs::read_dir(wal)
        .expect("a log")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.is_file())
        .collect();
    paths.sort();
    for path in paths {
        let mut reader = SegmentReader::new(File::open(path).expect("a segment"));
        while let Some(entry) = reader.read().expect("readable") {
            let Entry::Record { data, .. } = entry else {
                panic!("damage: {entry:?}")
            };
            match RecordType::of(data) {
                Some(RecordType::Exemplars) => {
                    for e in Exemplars::new(data).expect("a record") {
                        let (_, t, value, labels) = e.expect("an exemplar");
                        let text = labels.iter().map(|(n, v)| format!("{n}={v}")).collect();
                        found.exemplars.push((t, value, text));
                    }
                }
                Some(RecordType::Metadata) => {
                    for m in MetadataEntries::new(data).expect("a record") {
                        let m = m.expect("metadata");
                        found.metadata.push((m.kind, m.help.to_owned()));
                    }
                }
                _ => {}
            }
        }
    }
    found
}

#[test]
fn histograms_exemplars_and_metadata_of_a_scrape_are_in_the_log() {
    let mut w = World::new(StoreOptions::default());
    w.cfg.native_histograms = true;
    let mut cache = ScrapeCache::new();
    let stats = w.scrape(&mut cache, Format::Protobuf, &body(), 5000);
    assert_eq!((stats.total, stats.added), (2, 2));
    w.scrape(
        &mut ScrapeCache::new(),
        Format::Text,
        b"# HELP c Counted things.\n# TYPE c counter\nc 1\n",
        6000,
    );
    let w = w.reopen();

    let replay = w.store.stats().replay;
    assert_eq!((replay.histograms, replay.exemplars), (2, 1));
    assert_eq!((replay.corruptions, replay.undecodable_records), (0, 0));
    assert!(replay.metadata >= 3, "{replay:?}");

    let one = |name: &str| {
        let mut all = w.dumped(name);
        assert_eq!(all.len(), 1, "{name}");
        match all.remove(0).value {
            DumpValue::Histogram(h) => *h,
            DumpValue::Float(v) => panic!("{name} is the float {v}"),
        }
    };
    let HistValue::Int(h) = one("ints") else {
        panic!("float counts")
    };
    assert_eq!(
        (h.schema, h.count, h.sum, h.zero_threshold),
        (2, 3, 4.5, 0.001)
    );
    assert_eq!(h.positive_buckets, [1, 1]);
    assert_eq!(
        (h.positive_spans[0].offset, h.positive_spans[0].length),
        (3, 2)
    );
    let HistValue::Float(h) = one("floats") else {
        panic!("integer counts")
    };
    assert_eq!((h.schema, h.count, h.sum), (2, 2.5, 4.5));
    assert_eq!(h.positive_buckets, [1.0, 1.5]);

    let Records {
        exemplars,
        metadata,
    } = records(&w);
    assert_eq!(exemplars, [(1000, 1.5, "trace=abc".to_owned())]);
    assert!(metadata.contains(&(MetricType::Counter, "Counted things.".to_owned())));
    let histograms = metadata.iter().filter(|m| m.0 == MetricType::Histogram);
    assert_eq!(histograms.count(), 2);
}
