//! Seeded exposition bodies, named by shape. Each is generated for a round; from one round to the next only the
//! values change, and only for a share of the samples, as between two scrapes of one target. A bucket whose value
//! changes shows another exemplar as well: the observation that was counted last.

use std::fmt::Write;

/// A body and what it holds.
#[derive(Debug, Clone)]
pub struct Body {
    /// The exposition.
    pub text: String,
    /// Samples in it.
    pub n_samples: usize,
}

/// Deterministic numbers (SplitMix64).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Starts a sequence.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.draw() % n
    }
}

/// Which values of a body are new.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    /// 0 for the first scrape.
    pub number: u64,
    /// Per cent of the samples whose value differs from round 0.
    pub changed: u64,
}

impl Round {
    /// The first scrape.
    pub const FIRST: Self = Self {
        number: 0,
        changed: 0,
    };

    /// A later scrape.
    pub fn later(changed: u64) -> Self {
        Self { number: 1, changed }
    }

    /// What to add to the value of a sample.
    fn step(self, sample: usize) -> u64 {
        let lot = Random::new(sample as u64).below(100);
        if lot < self.changed {
            self.number * (1 + lot)
        } else {
            0
        }
    }
}

fn push(body: &mut Body, line: std::fmt::Arguments<'_>) {
    body.text
        .write_fmt(line)
        .expect("a string takes everything");
    body.n_samples += 1;
}

fn meta(body: &mut Body, name: &str, kind: &str) {
    write!(
        body.text,
        "# HELP {name} What {name} counts, in a sentence of usual length.\n# TYPE {name} {kind}\n"
    )
    .expect("a string takes everything");
}

const BOUNDS: [&str; 20] = [
    "0.005", "0.025", "0.05", "0.1", "0.2", "0.4", "0.6", "0.8", "1", "1.25", "1.5", "2", "3", "4",
    "5", "6", "8", "10", "15", "+Inf",
];

/// Request histograms as a Kubernetes API server exposes them, at least `bytes` long.
pub fn kube_apiserver(bytes: usize, round: Round) -> Body {
    let mut body = Body {
        text: String::with_capacity(bytes + 4096),
        n_samples: 0,
    };
    let mut random = Random::new(7);
    let name = "apiserver_request_duration_seconds";
    meta(&mut body, name, "histogram");
    let verbs = ["GET", "LIST", "WATCH", "PATCH", "PUT", "POST", "DELETE"];
    let groups = [
        "",
        "apps",
        "batch",
        "policy",
        "networking.k8s.io",
        "rbac.authorization.k8s.io",
    ];
    while body.text.len() < bytes {
        let n = body.n_samples as u64;
        let verb = verbs[(n % 7) as usize];
        let group = groups[(n / 7 % 6) as usize];
        let resource = random.below(100_000);
        let labels = format!(
            "component=\"apiserver\",dry_run=\"\",group=\"{group}\",resource=\"resource{resource}s\",\
             scope=\"namespace\",subresource=\"\",verb=\"{verb}\",version=\"v1\""
        );
        let mut count = random.below(5000);
        for le in BOUNDS {
            count += random.below(100);
            let value = count + round.step(body.n_samples);
            push(
                &mut body,
                format_args!("{name}_bucket{{{labels},le=\"{le}\"}} {value}\n"),
            );
        }
        let sum = count as f64 * 0.123_456_789 + round.step(body.n_samples) as f64;
        push(&mut body, format_args!("{name}_sum{{{labels}}} {sum}\n"));
        let value = count + round.step(body.n_samples);
        push(
            &mut body,
            format_args!("{name}_count{{{labels}}} {value}\n"),
        );
    }
    body
}

/// Series with twenty labels each.
pub fn labels_20x(bytes: usize, round: Round) -> Body {
    let mut body = Body {
        text: String::with_capacity(bytes + 4096),
        n_samples: 0,
    };
    let mut random = Random::new(11);
    meta(&mut body, "wide_total", "counter");
    while body.text.len() < bytes {
        let mut labels = String::new();
        for l in 0..20 {
            write!(
                labels,
                "label_name_{l}=\"value-{}-of-{l}\",",
                random.below(1 << (l + 4))
            )
            .expect("a string takes everything");
        }
        labels.pop();
        let value = random.below(1 << 40) + round.step(body.n_samples);
        push(&mut body, format_args!("wide_total{{{labels}}} {value}\n"));
    }
    body
}

/// OpenMetrics counters and histogram buckets with an exemplar each and `_created` lines.
pub fn openmetrics_exemplars(bytes: usize, round: Round) -> Body {
    let mut body = Body {
        text: String::with_capacity(bytes + 4096),
        n_samples: 0,
    };
    let mut random = Random::new(13);
    let mut family = 0;
    while body.text.len() < bytes {
        let name = format!("rpc_{family}_latency_seconds");
        family += 1;
        meta(&mut body, &name, "histogram");
        for method in 0..10 {
            let mut count = 0;
            for le in BOUNDS {
                count += random.below(50);
                let step = round.step(body.n_samples);
                let value = count + step;
                // A step above zero stands for a new observation.
                let drawn = random.draw();
                let trace = Random::new(drawn.wrapping_add(step)).draw();
                let (observed, millis) = (trace % 1000, 123 + step % 800);
                let second = 1_700_000_000 + if step > 0 { 15 * round.number } else { 0 };
                push(
                    &mut body,
                    format_args!(
                        "{name}_bucket{{method=\"m{method}\",le=\"{le}\"}} {value} # {{trace_id=\"{trace:016x}\"}} 0.{observed} {second}.{millis}\n"
                    ),
                );
            }
            let value = count + round.step(body.n_samples);
            push(
                &mut body,
                format_args!("{name}_count{{method=\"m{method}\"}} {value}\n"),
            );
            let sum = count as f64 * 0.37;
            push(
                &mut body,
                format_args!("{name}_sum{{method=\"m{method}\"}} {sum}\n"),
            );
            push(
                &mut body,
                format_args!("{name}_created{{method=\"m{method}\"}} 1699999999.5\n"),
            );
        }
    }
    body.text.push_str("# EOF\n");
    body
}

/// OpenMetrics 2.0: of each family ten classic histograms of 20 buckets with an exemplar, ten native ones, and ten
/// counters. A histogram counts as the samples that it becomes.
pub fn openmetrics2(bytes: usize, round: Round) -> Body {
    let mut body = Body {
        text: String::with_capacity(bytes + 4096),
        n_samples: 0,
    };
    let mut random = Random::new(17);
    let mut family = 0;
    while body.text.len() < bytes {
        let name = format!("rpc_{family}_latency_seconds");
        family += 1;
        meta(&mut body, &name, "histogram");
        for method in 0..10 {
            let step = round.step(body.n_samples);
            let mut count = step;
            let buckets = BOUNDS.map(|le| {
                count += random.below(50);
                format!("{le}:{count}")
            });
            let (sum, buckets) = (count as f64 * 0.37, buckets.join(","));
            let trace = random.draw();
            push(
                &mut body,
                format_args!(
                    "{name}{{method=\"m{method}\"}} {{count:{count},sum:{sum},bucket:[{buckets}]}} st@1699999999.5 # {{trace_id=\"{trace:016x}\"}} 0.3 1700000000.123\n"
                ),
            );
            body.n_samples += 2 + BOUNDS.len() - 1;
        }
        let name = format!("rpc_{family}_size_bytes");
        meta(&mut body, &name, "histogram");
        for method in 0..10 {
            let counts: [u64; 24] = std::array::from_fn(|_| 1 + random.below(50));
            let step = round.step(body.n_samples);
            let count: u64 = counts.iter().sum::<u64>() + step;
            let texts: Vec<String> = counts.iter().map(u64::to_string).collect();
            push(
                &mut body,
                format_args!(
                    "{name}{{method=\"m{method}\"}} {{count:{count},sum:{count}.5,schema:3,zero_threshold:1e-128,zero_count:{step},positive_spans:[-4:10,3:14],positive_buckets:[{}]}}\n",
                    texts.join(",")
                ),
            );
        }
        let name = format!("rpc_{family}_calls_total");
        meta(&mut body, &name, "counter");
        for method in 0..10 {
            let value = random.below(1 << 30) + round.step(body.n_samples);
            push(
                &mut body,
                format_args!("{name}{{method=\"m{method}\",code=\"200\"}} {value}\n"),
            );
        }
    }
    body.text.push_str("# EOF\n");
    body
}

/// The values of a text body changed for a share of its samples: the last digit of an integer part is turned.
/// For bodies that were not generated here.
pub fn with_changed_values(text: &str, changed: u64) -> Body {
    let mut body = Body {
        text: String::with_capacity(text.len()),
        n_samples: 0,
    };
    for line in text.lines() {
        match line.rsplit_once(' ') {
            Some((key, value)) if !line.starts_with('#') => {
                let lot = Random::new(body.n_samples as u64).below(100);
                let turned = match value.as_bytes().first() {
                    Some(digit @ b'0'..=b'8') if lot < changed => {
                        format!("{}{}", digit - b'0' + 1, &value[1..])
                    }
                    _ => value.to_owned(),
                };
                push(&mut body, format_args!("{key} {turned}\n"));
            }
            _ => {
                body.text.push_str(line);
                body.text.push('\n');
            }
        }
    }
    body
}
