use crate::world::World;
use scrape_core::cache::ScrapeCache;
use scrape_core::sample::{NORMAL_NAN_BITS, STALE_NAN_BITS};
use scrape_core::testing::wire::{double, family, message};
use scrape_core::{AppendError, AppendOpts, Appendable, Labels, SeriesRef, Value};
use scrape_parse::Format;
use scrape_storage::StoreOptions;

const GAUGE: u64 = 1;

fn specials() -> Vec<f64> {
    vec![
        -0.0,
        0.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::from_bits(1),
        -f64::from_bits(1),
        f64::MIN_POSITIVE / 2.0,
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::MIN,
        0.1 + 0.2,
    ]
}

fn gauge(v: f64) -> Vec<u8> {
    family("g", GAUGE, &[message(2, &[double(1, v)])])
}

#[test]
fn special_floats_arrive_with_their_bits_from_every_format() {
    for format in [Format::Text, Format::OpenMetrics, Format::Protobuf] {
        let w = World::new(StoreOptions::default());
        let mut cache = ScrapeCache::new();
        let mut expected = Vec::new();
        for (i, v) in (1..).zip(specials()) {
            let body = match format {
                Format::Text => format!("g {v:e}\n").into_bytes(),
                Format::OpenMetrics => format!("g {v:e}\n# EOF\n").into_bytes(),
                _ => gauge(v),
            };
            w.scrape(&mut cache, format, &body, i * 1000);
            expected.push((i * 1000, v.to_bits()));
        }
        let w = w.reopen();
        assert_eq!(w.bits("g"), expected, "{format:?}");
        assert_eq!(w.store.stats().replay.corruptions, 0);
    }
}

#[test]
fn a_nan_of_a_target_is_the_ordinary_one_and_a_marker_only_ours() {
    let w = World::new(StoreOptions::default());
    let mut cache = ScrapeCache::new();
    let payloads = [0x7ff8_0000_dead_beef, STALE_NAN_BITS, 0xfff8_0000_0000_0000];
    for (i, bits) in (1..).zip(payloads) {
        w.scrape(
            &mut cache,
            Format::Protobuf,
            &gauge(f64::from_bits(bits)),
            i * 1000,
        );
    }
    w.scrape(&mut cache, Format::Protobuf, b"", 4000);
    let w = w.reopen();
    assert_eq!(
        w.bits("g"),
        [
            (1000, NORMAL_NAN_BITS),
            (2000, NORMAL_NAN_BITS),
            (3000, NORMAL_NAN_BITS),
            (4000, STALE_NAN_BITS),
        ]
    );
}

#[test]
fn storage_keeps_the_payload_of_a_nan_and_knows_it_after_a_replay() {
    let w = World::new(StoreOptions::default());
    let labels = Labels::from_pairs([("__name__", "n")]);
    let payload = |bits: u64| Value::Float(f64::from_bits(bits));
    let put = |w: &World, bits: u64| {
        let mut app = w.store.appender();
        let done = app.append(
            SeriesRef::UNKNOWN,
            &labels,
            0,
            1000,
            payload(bits),
            &AppendOpts::default(),
        );
        app.commit().expect("a commit");
        done.map(|_| ())
    };
    let bits = 0x7ff8_0000_dead_beef;
    put(&w, bits).expect("taken");
    let w = w.reopen();
    assert_eq!(w.bits("n"), [(1000, bits)]);
    put(&w, bits).expect("the same sample again");
    assert_eq!(put(&w, bits ^ 1), Err(AppendError::Duplicate));
    assert_eq!(w.bits("n").len(), 1);
}
