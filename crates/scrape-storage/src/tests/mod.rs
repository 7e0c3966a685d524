//! The store as a whole, over a simulated disk and a clock that stands still.

mod accept;
mod claims;
mod crash;
mod model;
mod retain;

use crate::fs::SimFs;
use crate::{DumpSample, DumpValue, Store, StoreOptions, Surroundings, dump_in};
use scrape_core::ports::clock::ManualClock;
use scrape_core::{
    AppendError, AppendOpts, Appendable, Appended, CommitStats, Labels, SeriesRef, Value,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Noon of some day, in milliseconds.
pub(crate) const NOW: i64 = 1_700_000_000_000;
pub(crate) const DIR: &str = "/data";
pub(crate) const MINUTE: i64 = 60_000;

pub(crate) struct Fixture {
    pub(crate) fs: SimFs,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) options: StoreOptions,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::on(SimFs::new())
    }

    pub(crate) fn on(fs: SimFs) -> Self {
        Self {
            fs,
            clock: Arc::new(ManualClock::at_ms(NOW)),
            options: StoreOptions::default(),
        }
    }

    pub(crate) fn try_open(&self) -> Result<Store, crate::OpenError> {
        let around = Surroundings {
            fs: Arc::new(self.fs.clone()),
            clock: self.clock.clone(),
        };
        Store::open_in(Path::new(DIR), self.options.clone(), around)
    }

    pub(crate) fn open(&self) -> Store {
        self.try_open().expect("opens")
    }

    /// All samples, and how many had no series. Fails on damage.
    pub(crate) fn dump(&self) -> Vec<DumpSample> {
        let mut d = dump_in(Path::new(DIR), Arc::new(self.fs.clone())).expect("dump");
        let all = d
            .by_ref()
            .collect::<Result<Vec<_>, _>>()
            .expect("no damage");
        assert_eq!(d.unknown(), 0, "every sample has its series");
        all
    }

    /// Floats by series and time. Each must be there once.
    pub(crate) fn floats(&self) -> BTreeMap<(String, i64), u64> {
        let mut out = BTreeMap::new();
        for s in self.dump() {
            if let DumpValue::Float(v) = s.value {
                let twice = out.insert((s.labels.to_string(), s.t), v.to_bits());
                assert_eq!(twice, None, "{} at {} is there twice", s.labels, s.t);
            }
        }
        out
    }
}

pub(crate) fn series(name: &str) -> Labels {
    Labels::from_pairs([
        ("__name__", name),
        ("instance", "localhost:9090"),
        ("job", "test"),
    ])
}

pub(crate) fn put(
    store: &Store,
    labels: &Labels,
    t: i64,
    v: f64,
) -> Result<CommitStats, AppendError> {
    let mut app = store.appender();
    app.append(
        SeriesRef::UNKNOWN,
        labels,
        0,
        t,
        Value::Float(v),
        &AppendOpts::default(),
    )?;
    app.commit()
        .map_err(|e| AppendError::Unavailable(e.to_string()))
}

pub(crate) fn append(
    store: &Store,
    labels: &Labels,
    t: i64,
    value: Value<'_>,
) -> Result<Appended, AppendError> {
    let mut app = store.appender();
    let a = app.append(
        SeriesRef::UNKNOWN,
        labels,
        0,
        t,
        value,
        &AppendOpts::default(),
    )?;
    app.commit()
        .map_err(|e| AppendError::Unavailable(e.to_string()))?;
    Ok(a)
}
