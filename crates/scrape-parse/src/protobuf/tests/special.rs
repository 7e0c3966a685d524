//! The straight-line paths beside the general reader: at every edge between the two, the reference decides.

use super::encode::{GAUGE, HISTOGRAM, Msg, SUMMARY, bucket, family, label, span, varint, zigzag};
use super::{native, ok, options, run};
use crate::reference::lockstep;
use crate::{ErrorClass, Event, Expect, LabelSink, Parser, Series, Step};

/// All settings under which histograms are read differently agree with the reference.
fn agree(body: &[u8]) {
    for flags in [0, 1, 3, 4, 8, 15] {
        let data = [&[flags], body].concat();
        let (options, body) = lockstep::protobuf_options(&data);
        lockstep::protobuf(body, &options, 1 + body.len() / 3);
    }
}

/// A histogram of these bucket fields between two ordinary ones, so that what follows a special one is read too.
fn between(middle: &Msg) -> Vec<u8> {
    let h = Msg::new()
        .msg(3, bucket(0.25, 1))
        .raw(&middle.0)
        .msg(3, bucket(4.0, 300))
        .msg(3, bucket(8.0, 301))
        .int(1, 301)
        .double(2, 7.5);
    let metric = Msg::new().msg(1, label("a", "b")).msg(7, h);
    family("h", HISTOGRAM, &[metric.clone(), metric])
}

/// `value` in `length` bytes, padded with digits that are zero.
fn padded(value: u64, length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    varint(value, &mut bytes);
    assert!(bytes.len() <= length);
    while bytes.len() < length {
        *bytes.last_mut().expect("a varint has a byte") |= 0x80;
        bytes.push(0);
    }
    bytes
}

/// A bucket whose count takes these bytes.
fn with_count(count: &[u8]) -> Msg {
    let content = Msg::new().raw(&[8]).raw(count).double(2, 1.0);
    Msg::new().msg(3, content)
}

#[test]
fn bucket_counts_of_every_length() {
    for length in 1..=10 {
        let low = if length == 1 {
            1
        } else {
            1 << (7 * (length - 1))
        };
        let high = if length == 10 {
            u64::MAX
        } else {
            (1 << (7 * length)) - 1
        };
        for count in [low, low + 1, high - 1, high] {
            let body = between(&with_count(&padded(count, length)));
            agree(&body);
            let buckets = ok(&body, options());
            let wanted = format!("h_bucket{{a=\"b\",le=\"1.0\"}} {}", count as f64);
            assert_eq!(buckets[5].brief(), wanted, "{length} bytes");
        }
        for over_long in [0, 1, 127] {
            agree(&between(&with_count(&padded(over_long, length))));
        }
    }
    let (_, class) = run(&between(&with_count(&padded(1, 11))), options());
    assert_eq!(class, Some(ErrorClass::Wire));
    // Bits above 64 fall off.
    agree(&between(&with_count(&[
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ])));
}

#[test]
fn bucket_fields_in_every_order_and_number() {
    let time = Msg::new().int(1, 5);
    let exemplar = Msg::new()
        .msg(1, label("t", "x"))
        .double(2, 0.5)
        .msg(3, time);
    let fields = [
        Msg::new().int(1, 200),
        Msg::new().double(2, 1.0),
        Msg::new().msg(3, exemplar),
        Msg::new().double(4, 2.5),
        Msg::new().str(9, "unknown"),
        Msg::new().int(1, 7),
    ];
    // Every sequence of up to four of them, with repetitions.
    let mut sequences = vec![Vec::new()];
    for from in 0.. {
        let Some(sequence) = sequences.get(from).cloned() else {
            break;
        };
        let content = sequence
            .iter()
            .fold(Msg::new(), |msg: Msg, i: &usize| msg.raw(&fields[*i].0));
        let body = between(&Msg::new().msg(3, content));
        lockstep::protobuf(&body, &options(), body.len());
        if sequence.len() < 4 {
            sequences.extend((0..fields.len()).map(|i| [&sequence[..], &[i]].concat()));
        }
    }
    assert_eq!(sequences.len(), 1 + 6 + 36 + 216 + 1296);
}

#[test]
fn any_byte_of_a_bucket_is_any_byte() {
    let field = with_count(&[0x85, 0x01]).0;
    for at in 0..field.len() {
        for byte in 0..=255 {
            let mut damaged = field.clone();
            damaged[at] = byte;
            let body = between(&Msg::new().raw(&damaged));
            lockstep::protobuf(&body, &options(), body.len());
        }
    }
}

#[test]
fn a_bucket_ends_anywhere() {
    let field = with_count(&[0x85, 0x01]).0;
    for cut in 0..=field.len() {
        agree(&between(&Msg::new().raw(&field[..cut])));
        // The histogram ends there, and so does the metric, the message, or neither.
        let h = Msg::new().msg(3, bucket(0.5, 1)).raw(&field[..cut]);
        let last = Msg::new().msg(7, h.clone());
        agree(&family("h", HISTOGRAM, std::slice::from_ref(&last)));
        agree(&family("h", HISTOGRAM, &[last.clone(), last]));
        agree(&family(
            "h",
            HISTOGRAM,
            &[Msg::new()
                .msg(7, h)
                .int(6, 1 << 60)
                .msg(1, label("follows", "so that there is enough to read on"))],
        ));
    }
    let body = between(&Msg::new().raw(&field));
    for cut in 0..body.len() {
        lockstep::protobuf(&body[..cut], &options(), 1 + cut / 3);
    }
}

#[test]
fn exemplars_belong_to_their_buckets() {
    let exemplar = |value: f64| Msg::new().msg(1, label("t", "x")).double(2, value);
    // Bit i says whether bucket i has one; the last bucket is +Inf or not.
    for mask in 0..32u32 {
        for inf in [false, true] {
            let mut h = Msg::new();
            for i in 0..5u32 {
                let last = i == 4 && inf;
                let bound = if last { f64::INFINITY } else { f64::from(i) };
                let mut content = bucket(bound, i.into());
                if mask >> i & 1 == 1 {
                    content = content.msg(3, exemplar(f64::from(i)));
                }
                h = h.msg(3, content);
            }
            let metric = Msg::new().msg(7, h);
            let plain = Msg::new().msg(7, Msg::new().msg(3, bucket(1.0, 2)));
            let body = family("h", HISTOGRAM, &[metric.clone(), plain, metric]);
            agree(&body);
            let found = |event: &super::Owned| match event {
                super::Owned::Series { exemplars, .. } => exemplars.len() as u32,
                _ => 0,
            };
            let n: u32 = ok(&body, options()).iter().map(found).sum();
            assert_eq!(n, 2 * mask.count_ones());
        }
    }
}

/// A native histogram with these packed deltas on both sides, the places right or wrong.
fn with_deltas(packed: &[u8], n: usize) -> Vec<u8> {
    let h = Msg::new()
        .int(1, 9)
        .msg(9, span(-3, n as u64))
        .bytes(10, packed)
        .msg(12, span(1, n as u64))
        .bytes(13, packed);
    let metric = Msg::new().msg(7, h);
    family("h", HISTOGRAM, &[metric.clone(), metric])
}

#[test]
fn deltas_of_every_mix_of_lengths() {
    // Eight values of one or two bytes in every mix, then some of every other length at every place.
    for mask in 0..256u32 {
        let mut packed = Vec::new();
        for i in 0..8 {
            let two = mask >> i & 1 == 1;
            varint(
                zigzag(if two {
                    64 + i
                } else {
                    1 + i64::from(mask) % 50
                }),
                &mut packed,
            );
        }
        agree(&with_deltas(&packed, 8));
    }
    for length in 1..=11 {
        for before in 0..10 {
            for after in 0..10 {
                let mut packed = vec![2; before];
                packed.extend(padded(3, length));
                packed.extend(vec![4; after]);
                let body = with_deltas(&packed, before + 1 + after);
                lockstep::protobuf(&body, &native(), body.len());
            }
        }
    }
    for value in [i64::MIN, i64::MAX, -1, 0, 1, -64, 63, 64, -65, 8191, 8192] {
        let mut packed = vec![2, 2];
        varint(zigzag(value), &mut packed);
        packed.extend([2, 2, 2]);
        agree(&with_deltas(&packed, 6));
    }
}

#[test]
fn empty_buckets_are_cut_wherever_they_are() {
    // Counts of 0 or 1 in every pattern.
    for pattern in 0..1u32 << 10 {
        let mut packed = Vec::new();
        let mut last = 0;
        for i in 0..10 {
            let count = i64::from(pattern >> i & 1);
            varint(zigzag(count - last), &mut packed);
            last = count;
        }
        let body = with_deltas(&packed, 10);
        lockstep::protobuf(&body, &native(), body.len());
    }
}

#[test]
fn deltas_end_anywhere() {
    let packed = [
        2, 0x82, 1, 2, 0x84, 1, 2, 2, 2, 0x86, 1, 0x82, 0x81, 1, 2, 2,
    ];
    for from in 0..packed.len() {
        for to in from..=packed.len() {
            let part = &packed[from..to];
            let n = part.iter().filter(|byte| **byte < 0x80).count();
            agree(&with_deltas(part, n));
        }
    }
}

fn metrics_with(labels: &Msg) -> Vec<Vec<u8>> {
    let h = Msg::new().msg(3, bucket(0.5, 1)).msg(3, bucket(1.0, 1));
    let q = Msg::new().double(1, 0.5).double(2, 7.0);
    let s = Msg::new().msg(3, q.clone()).msg(3, q);
    let with = |payload: Msg| Msg::new().raw(&labels.0).raw(&payload.0);
    vec![
        family("h", HISTOGRAM, &[with(Msg::new().msg(7, h))]),
        family("s", SUMMARY, &[with(Msg::new().msg(4, s))]),
        family("g", GAUGE, &[with(super::gauge(1.0))]),
    ]
}

#[test]
fn labels_of_every_form() {
    let long = "v".repeat(127);
    let longer = "v".repeat(128);
    let pairs = [
        label("a", "b"),
        label("a", ""),
        label("", "b"),
        label(&long, &long),
        label(&longer, "b"),
        label("a", &longer),
        label("a", "\u{fc}\n\"\\"),
        label("\u{fc}", "b"),
        Msg::new().str(2, "b").str(1, "a"),
        Msg::new().str(1, "a"),
        Msg::new().str(2, "b"),
        Msg::new(),
        Msg::new().str(1, "a").str(2, "b").str(2, "c"),
        Msg::new().str(1, "a").str(1, "c").str(2, "b"),
        Msg::new().str(1, "a").str(2, "b").int(7, 1),
        Msg::new().bytes(1, &[0xff]).str(2, "b"),
        Msg::new().str(1, "a").bytes(2, &[0xc3]),
        Msg::new().int(1, 5).str(2, "b"),
        Msg::new().raw(&[0x0a, 5, b'a']),
        Msg::new().raw(&[0x0a, 1, b'a', 0x12, 9, b'b']),
        Msg::new().raw(&[0x0a, 1, b'a', 0x12]),
        Msg::new().raw(&[0x0a]),
        // Two pieces of one character are none.
        Msg::new().bytes(1, &[b'a', 0xc3]).bytes(2, &[0xbc, b'b']),
    ];
    for first in &pairs {
        for second in &pairs {
            let labels = Msg::new().msg(1, first.clone()).msg(1, second.clone());
            for body in metrics_with(&labels) {
                agree(&body);
            }
        }
    }
}

/// What the sink has been told of one series.
fn told(series: &Series<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut labels = Vec::new();
    series.labels(&mut labels).expect("good labels");
    labels
}

#[test]
fn labels_may_be_asked_of_any_series_and_again() {
    let metrics: Vec<Msg> = ["x", "", "zz"]
        .iter()
        .map(|value| {
            let h = Msg::new()
                .msg(3, bucket(0.5, 1))
                .msg(3, bucket(0.005, 1))
                .msg(3, bucket(1e6, 1));
            Msg::new().msg(1, label("l", value)).msg(7, h)
        })
        .collect();
    let body = [
        family("one", HISTOGRAM, &metrics),
        family(&"two".repeat(60), HISTOGRAM, &metrics),
    ]
    .concat();
    let labels_of = |asked: u32| {
        let mut parser = Parser::new(options());
        let mut cursor = parser.feed(&body, true);
        let (mut all, mut n) = (Vec::new(), 0);
        while let Step::Event(event) = cursor.next().expect("a good body") {
            if let Event::Series(series) = event {
                n += 1;
                if asked >> (n % 7) & 1 == 0 {
                    all.push(None);
                    continue;
                }
                let labels = told(&series);
                assert_eq!(labels, told(&series));
                let mut of_key = Vec::new();
                crate::decode_key(
                    crate::Format::Protobuf,
                    series.key,
                    series.context,
                    &mut of_key,
                )
                .expect("a good key");
                assert_eq!(labels, of_key);
                all.push(Some(labels));
            }
        }
        all
    };
    let all = labels_of(u32::MAX);
    assert_eq!(all.len(), 2 * 3 * 6);
    for asked in 0..128 {
        for (some, all) in labels_of(asked).into_iter().zip(&all) {
            assert!(some.is_none() || some == *all);
        }
    }
}

/// Asks for the labels again while it is being told.
struct Nested<'a> {
    series: Series<'a>,
    n: usize,
}

impl LabelSink for Nested<'_> {
    fn label(&mut self, _: &[u8], _: &[u8]) {
        self.n += told(&self.series).len();
    }
}

#[test]
fn a_sink_may_ask_too() {
    for body in metrics_with(&Msg::new().msg(1, label("l", "v"))) {
        let mut parser = Parser::new(options());
        let mut cursor = parser.feed(&body, true);
        while let Step::Event(event) = cursor.next().expect("a good body") {
            if let Event::Series(series) = event {
                let mut sink = Nested { series, n: 0 };
                series.labels(&mut sink).expect("good labels");
                assert_eq!(sink.n, told(&series).len().pow(2));
            }
        }
    }
}

#[test]
fn what_is_not_the_expected_series_stays() {
    let exemplar = Msg::new().msg(1, label("t", "x")).double(2, 0.5);
    let h = Msg::new()
        .msg(3, bucket(0.25, 1))
        .msg(3, bucket(0.5, 2))
        .msg(3, bucket(1.0, 3).msg(3, exemplar))
        .int(1, 4);
    let body = family("h", HISTOGRAM, &[Msg::new().msg(7, h)]);
    let keys = crate::reference::owned::keys(&body, options());
    assert_eq!(keys.len(), 6);
    let mut parser = Parser::new(options());
    let mut cursor = parser.feed(&body, true);
    let missed = |cursor: &mut crate::Cursor<'_>, key: &[u8]| {
        matches!(cursor.expect(key, b""), Ok(Expect::Miss))
    };
    // Help and type are no series, whatever is expected.
    for _ in 0..2 {
        assert!(missed(&mut cursor, &keys[0]));
        assert!(matches!(
            cursor.next(),
            Ok(Step::Event(Event::Help { .. } | Event::Type { .. }))
        ));
        assert_eq!(cursor.line(), b"");
    }
    for (i, key) in keys.iter().enumerate() {
        for other in keys.iter().filter(|other| *other != key) {
            assert!(missed(&mut cursor, other));
        }
        if i % 2 == 0 {
            let Ok(Step::Event(Event::Series(series))) = cursor.next() else {
                panic!("series {i} is gone");
            };
            assert_eq!(series.key, key);
            assert_eq!(series.exemplars.is_empty(), i != 4);
        } else {
            let Ok(Expect::Hit(known)) = cursor.expect(key, b"") else {
                panic!("series {i} is not found");
            };
            assert_eq!(known.value, [4.0, 0.0, 1.0, 2.0, 3.0, 4.0][i]);
            assert!(!known.unchanged);
        }
    }
    assert!(missed(&mut cursor, &keys[0]));
    assert!(matches!(cursor.next(), Ok(Step::Eof)));
}

#[test]
fn a_message_is_never_read_as_a_line() {
    // It begins with the bytes of its own key, a blank, a number and a line feed.
    let with_name = |name: &[u8]| {
        Msg::new()
            .bytes(15, b"\xff\x00 1\n")
            .bytes(1, name)
            .int(3, GAUGE)
            .msg(4, super::gauge(7.0))
            .delimited()
    };
    let start = with_name(b"abc");
    let body = with_name(&start[..3]);
    let keys = crate::reference::owned::keys(&body, options());
    assert!(body.starts_with(&keys[0]) && body[keys[0].len()..].starts_with(b" 1\n"));
    agree(&body);
    let mut parser = Parser::new(options());
    let mut cursor = parser.feed(&body, true);
    assert!(matches!(cursor.expect(&keys[0], b"1"), Ok(Expect::Miss)));
    assert_eq!(cursor.consumed(), 0);
}
