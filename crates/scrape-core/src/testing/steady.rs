//! One target that is scraped again and again, and what it shows: the workload of tests and benches of the
//! steady state.

use super::CountingStore;
use crate::cache::ScrapeCache;
use crate::labels::Labels;
use crate::pass::{PassConfig, PassStats, Scrape};
use crate::report::Report;
use scrape_parse::Format;
use std::fmt::Write;

/// Bytes of a body that arrive at once.
const BLOCK: usize = 64 * 1024;
const FAMILY: usize = 50;

/// HELP and TYPE of a family of [`counters`].
pub fn family_head(family: usize) -> String {
    format!(
        "# HELP http_requests_{family}_total Requests handled.\n# TYPE http_requests_{family}_total counter\n"
    )
}

/// A text body of so many counters in families of fifty. Three values of ten depend on the round.
pub fn counters(series: usize, round: usize) -> String {
    let mut body = String::new();
    for i in 0..series {
        let f = i / FAMILY;
        if i % FAMILY == 0 {
            body.push_str(&family_head(f));
        }
        let changes = if i % 10 < 3 { round } else { 0 };
        let value = 1000 * i + changes;
        writeln!(body, "http_requests_{f}_total{{handler=\"/api/v1/query_range\",code=\"200\",shard=\"{i}\"}} {value}")
            .expect("a string takes everything");
    }
    body
}

/// A target over a store that only counts.
#[derive(Debug)]
pub struct SteadyTarget {
    /// What is remembered between scrapes.
    pub cache: ScrapeCache,
    /// Settings of the pass.
    pub cfg: PassConfig,
    /// Where the samples are counted.
    pub store: CountingStore,
    target: Labels,
    format: Format,
    t: i64,
}

impl SteadyTarget {
    /// A target that was never scraped.
    pub fn new(format: Format) -> Self {
        Self {
            cache: ScrapeCache::new(),
            cfg: PassConfig::default(),
            store: CountingStore::new(),
            target: Labels::from_pairs([("job", "bench"), ("instance", "127.0.0.1:9100")]),
            format,
            t: 0,
        }
    }

    /// Scrapes once, a second after the last time.
    ///
    /// # Panics
    /// When the body cannot be parsed.
    pub fn scrape(&mut self, body: &str) -> PassStats {
        self.t += 1000;
        let mut s = Scrape::begin(
            &mut self.cache,
            &self.cfg,
            &self.target,
            &self.store,
            self.t,
            self.t,
        );
        s.start_body(Ok(self.format));
        for block in body.as_bytes().chunks(BLOCK) {
            s.feed(block);
        }
        s.end_of_body().expect("a good body");
        let (stats, committed) = s.report(&Report {
            up: true,
            duration_seconds: 0.1,
            timeout_seconds: 1.0,
            body_bytes: 0,
        });
        committed.expect("counting never fails");
        stats
    }
}
