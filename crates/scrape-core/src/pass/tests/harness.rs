use crate::cache::ScrapeCache;
use crate::labels::Labels;
use crate::pass::{PassConfig, PassError, PassStats, Scrape};
use crate::report::Report;
use crate::testing::{MemoryStore, OwnedValue};
use scrape_parse::Format;

/// What a stale marker prints as in [`Bench::stored`].
pub(super) const STALE: &str = "stale";

pub(super) struct Bench {
    pub(super) store: MemoryStore,
    pub(super) cache: ScrapeCache,
    pub(super) cfg: PassConfig,
    pub(super) target: Labels,
    pub(super) t: i64,
    pub(super) block: usize,
    pub(super) format: Format,
}

pub(super) struct Done {
    pub(super) result: Result<(), PassError>,
    pub(super) stats: PassStats,
}

impl Done {
    /// total / added / series_added
    pub(super) fn counts(&self) -> (u64, u64, u64) {
        (self.stats.total, self.stats.added, self.stats.series_added)
    }
}

/// A text body from its lines.
pub(super) fn text(lines: &[&str]) -> String {
    lines.iter().map(|l| format!("{l}\n")).collect()
}

impl Bench {
    pub(super) fn new() -> Self {
        Self {
            store: MemoryStore::new(),
            cache: ScrapeCache::new(),
            cfg: PassConfig::default(),
            target: Labels::empty(),
            t: 0,
            block: usize::MAX,
            format: Format::Text,
        }
    }

    pub(super) fn with(change: impl FnOnce(&mut PassConfig)) -> Self {
        let mut b = Self::new();
        change(&mut b.cfg);
        b
    }

    pub(super) fn target(mut self, pairs: &[(&str, &str)]) -> Self {
        self.target = Labels::from_pairs(pairs.iter().copied());
        self
    }

    pub(super) fn scrape(&mut self, body: impl AsRef<[u8]>) -> Done {
        self.run(Some(body.as_ref()))
    }

    pub(super) fn fetch_failure(&mut self) -> Done {
        self.run(None)
    }

    fn run(&mut self, body: Option<&[u8]>) -> Done {
        self.t += 1000;
        let mut s = Scrape::begin(
            &mut self.cache,
            &self.cfg,
            &self.target,
            &self.store,
            self.t,
            self.t,
        );
        let result = match body {
            Some(body) => {
                s.start_body(Ok(self.format));
                for block in body.chunks(self.block) {
                    s.feed(block);
                }
                s.end_of_body()
            }
            None => {
                s.fetch_failed();
                Ok(())
            }
        };
        let up = body.is_some() && result.is_ok();
        let report = Report {
            up,
            duration_seconds: 0.5,
            timeout_seconds: 10.0,
            body_bytes: 0,
        };
        let (stats, committed) = s.report(&report);
        committed.expect("commit");
        Done { result, stats }
    }

    /// Everything stored since the last call, without the report series: `labels value@t`.
    pub(super) fn stored(&mut self) -> Vec<String> {
        self.all().into_iter().filter(|s| !is_report(s)).collect()
    }

    /// Everything stored since the last call.
    pub(super) fn all(&mut self) -> Vec<String> {
        self.store
            .take_samples()
            .into_iter()
            .map(|s| {
                let value = match &s.value {
                    _ if s.is_stale() => STALE.to_owned(),
                    OwnedValue::Float(f) => f.to_string(),
                    OwnedValue::Histogram(h) => format!("int histogram count={}", h.count),
                    OwnedValue::FloatHistogram(h) => format!("float histogram count={}", h.count),
                };
                format!("{} {value}@{}", s.labels, s.t)
            })
            .collect()
    }
}

fn is_report(sample: &str) -> bool {
    ["\"up\"", "\"scrape_"]
        .iter()
        .any(|n| sample.contains(&format!("__name__={n}")))
}
