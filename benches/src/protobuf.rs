//! Protobuf bodies by shape, written by a few lines of encoder.

use crate::bodies::Random;

/// A body and what it holds.
#[derive(Debug, Clone)]
pub struct ProtoBody {
    /// Delimited `MetricFamily` messages.
    pub bytes: Vec<u8>,
    /// Float samples and native histograms that parsing yields.
    pub n_samples: usize,
}

#[derive(Default)]
struct Msg(Vec<u8>);

impl Msg {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn int(mut self, field: u64, value: u64) -> Self {
        self.varint(field << 3);
        self.varint(value);
        self
    }

    fn double(mut self, field: u64, value: f64) -> Self {
        self.varint(field << 3 | 1);
        self.0.extend_from_slice(&value.to_bits().to_le_bytes());
        self
    }

    fn bytes(mut self, field: u64, content: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(content.len() as u64);
        self.0.extend_from_slice(content);
        self
    }

    fn labels(self, pairs: &[(&str, &str)]) -> Self {
        pairs.iter().fold(self, |msg, (name, value)| {
            let pair = Msg::default()
                .bytes(1, name.as_bytes())
                .bytes(2, value.as_bytes());
            msg.bytes(1, &pair.0)
        })
    }
}

fn family(body: &mut ProtoBody, name: &str, kind: u64, metrics: &[Msg]) {
    let head = Msg::default()
        .bytes(1, name.as_bytes())
        .bytes(2, b"What it counts, in a sentence of usual length.")
        .int(3, kind);
    let family = metrics.iter().fold(head, |msg, m| msg.bytes(4, &m.0));
    let mut prefix = Msg::default();
    prefix.varint(family.0.len() as u64);
    body.bytes.extend_from_slice(&prefix.0);
    body.bytes.extend_from_slice(&family.0);
}

const VERBS: [&str; 7] = ["GET", "LIST", "WATCH", "PATCH", "PUT", "POST", "DELETE"];

fn request_labels(random: &mut Random, i: u64) -> Msg {
    let resource = format!("resource{}s", random.below(100_000));
    Msg::default().labels(&[
        ("component", "apiserver"),
        ("dry_run", ""),
        ("group", "networking.k8s.io"),
        ("resource", &resource),
        ("scope", "namespace"),
        ("subresource", ""),
        ("verb", VERBS[(i % 7) as usize]),
        ("version", "v1"),
    ])
}

/// Counters and gauges with six labels, a hundred to a family, at least `bytes` long.
pub fn counters_6x(bytes: usize) -> ProtoBody {
    let mut body = ProtoBody {
        bytes: Vec::with_capacity(bytes + (64 << 10)),
        n_samples: 0,
    };
    let mut random = Random::new(17);
    let mut n = 0;
    while body.bytes.len() < bytes {
        let kind = n % 2;
        let metrics: Vec<Msg> = (0..100)
            .map(|i| {
                let pod = format!(
                    "workload-{}-{:08x}",
                    random.below(500),
                    random.draw() as u32
                );
                let labels = Msg::default().labels(&[
                    ("container", "main"),
                    ("endpoint", "https-metrics"),
                    ("namespace", "production"),
                    ("node", "node-17.cluster.example"),
                    ("pod", &pod),
                    ("verb", VERBS[i % 7]),
                ]);
                let value = Msg::default().double(1, random.below(1 << 40) as f64);
                labels.bytes(if kind == 0 { 3 } else { 2 }, &value.0)
            })
            .collect();
        body.n_samples += metrics.len();
        let name = format!("container_network_packets_{n}_total");
        family(&mut body, &name, kind, &metrics);
        n += 1;
    }
    body
}

/// Classic histograms of twenty buckets with eight labels, fifty to a family.
pub fn histograms_20_buckets(bytes: usize) -> ProtoBody {
    let mut body = ProtoBody {
        bytes: Vec::with_capacity(bytes + (64 << 10)),
        n_samples: 0,
    };
    let mut random = Random::new(19);
    while body.bytes.len() < bytes {
        let metrics: Vec<Msg> = (0..50)
            .map(|i| {
                let mut count = random.below(5000);
                let mut histogram = Msg::default();
                for le in 0..19 {
                    count += random.below(100);
                    let bucket = Msg::default().int(1, count).double(2, f64::from(le) * 0.25);
                    histogram = histogram.bytes(3, &bucket.0);
                }
                let histogram = histogram.int(1, count).double(2, count as f64 * 0.37);
                request_labels(&mut random, i).bytes(7, &histogram.0)
            })
            .collect();
        // Nineteen buckets on the wire, +Inf added, count and sum.
        body.n_samples += metrics.len() * 22;
        family(&mut body, "apiserver_request_duration_seconds", 4, &metrics);
    }
    body
}

/// Native histograms of sixty buckets in three spans with eight labels, fifty to a family.
pub fn native_60_buckets(bytes: usize) -> ProtoBody {
    let mut body = ProtoBody {
        bytes: Vec::with_capacity(bytes + (64 << 10)),
        n_samples: 0,
    };
    let mut random = Random::new(23);
    while body.bytes.len() < bytes {
        let metrics: Vec<Msg> = (0..50)
            .map(|i| {
                let (mut total, mut last) = (0, 0);
                let mut deltas = Msg::default();
                for _ in 0..60 {
                    let count = 1 + random.below(200);
                    let delta = count as i64 - last;
                    deltas.varint(((delta << 1) ^ (delta >> 63)) as u64);
                    last = count as i64;
                    total += count;
                }
                let span = |offset: u64| Msg::default().int(1, offset << 1).int(2, 20);
                let histogram = Msg::default()
                    .int(1, total)
                    .double(2, total as f64 * 0.37)
                    .int(5, 3 << 1)
                    .double(6, 1e-128)
                    .bytes(12, &span(4).0)
                    .bytes(12, &span(2).0)
                    .bytes(12, &span(7).0)
                    .bytes(13, &deltas.0);
                request_labels(&mut random, i).bytes(7, &histogram.0)
            })
            .collect();
        body.n_samples += metrics.len();
        family(&mut body, "rpc_latency_seconds", 4, &metrics);
    }
    body
}
