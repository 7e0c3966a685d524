//! A store on disk, a target, and scrapes of it.

use scrape_core::Labels;
use scrape_core::cache::ScrapeCache;
use scrape_core::pass::{PassConfig, PassStats, Scrape};
use scrape_core::ports::clock::ManualClock;
use scrape_core::report::Report;
use scrape_parse::Format;
use scrape_storage::{DumpSample, DumpValue, Store, StoreOptions, Surroundings, dump};
use std::sync::Arc;
use tempfile::TempDir;

pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) options: StoreOptions,
    pub(crate) store: Store,
    pub(crate) cfg: PassConfig,
    pub(crate) target: Labels,
}

fn open(dir: &TempDir, options: &StoreOptions) -> Store {
    // Samples are at fixed times; the wall clock has no say.
    let surroundings = Surroundings {
        clock: Arc::new(ManualClock::at_ms(0)),
        ..Surroundings::default()
    };
    Store::open_in(dir.path(), options.clone(), surroundings).expect("a store")
}

impl World {
    pub(crate) fn new(options: StoreOptions) -> Self {
        let dir = TempDir::new().expect("a directory");
        let store = open(&dir, &options);
        Self {
            dir,
            options,
            store,
            cfg: PassConfig::default(),
            target: Labels::from_pairs([("job", "j")]),
        }
    }

    pub(crate) fn scrape(
        &self,
        cache: &mut ScrapeCache,
        format: Format,
        body: &[u8],
        t: i64,
    ) -> PassStats {
        let mut s = Scrape::begin(cache, &self.cfg, &self.target, &self.store, t, t);
        s.start_body(Ok(format));
        s.feed(body);
        s.end_of_body().expect("a good body");
        let (stats, committed) = s.report(&Report {
            up: true,
            duration_seconds: 0.5,
            timeout_seconds: 1.0,
            body_bytes: 0,
        });
        committed.expect("a commit");
        stats
    }

    /// Closes the store and replays its log.
    pub(crate) fn reopen(self) -> Self {
        self.store.close().expect("closed");
        let Self {
            dir,
            options,
            store,
            cfg,
            target,
        } = self;
        drop(store);
        let store = open(&dir, &options);
        Self {
            dir,
            options,
            store,
            cfg,
            target,
        }
    }

    /// The samples of a metric in the files, by time.
    pub(crate) fn dumped(&self, name: &str) -> Vec<DumpSample> {
        let mut all: Vec<DumpSample> = dump(self.dir.path())
            .expect("readable")
            .map(|s| s.expect("undamaged"))
            .filter(|s| s.labels.name() == Some(name))
            .collect();
        all.sort_by_key(|s| s.t);
        all
    }

    /// (time, bits) of the floats of a metric.
    pub(crate) fn bits(&self, name: &str) -> Vec<(i64, u64)> {
        let bits = |s: DumpSample| match s.value {
            DumpValue::Float(v) => (s.t, v.to_bits()),
            DumpValue::Histogram(h) => panic!("not a float: {h:?}"),
        };
        self.dumped(name).into_iter().map(bits).collect()
    }
}
