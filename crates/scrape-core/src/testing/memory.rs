//! The in-memory store.

use crate::histogram::{FloatHistogram, Histogram};
use crate::labels::Labels;
use crate::ports::append::{
    AppendError, AppendOpts, Appendable, Appended, Appender, CommitError, CommitStats, SeriesRef,
    Value, ZeroKind,
};
use crate::sample::{Exemplar, is_stale_nan};
use scrape_parse::MetricType;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// A stored value. Floats compare by bits.
#[derive(Debug, Clone)]
pub enum OwnedValue {
    /// A float.
    Float(f64),
    /// An integer histogram.
    Histogram(Histogram),
    /// A float histogram.
    FloatHistogram(FloatHistogram),
}

impl PartialEq for OwnedValue {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Histogram(a), Self::Histogram(b)) => a.bit_eq(b),
            (Self::FloatHistogram(a), Self::FloatHistogram(b)) => a.bit_eq(b),
            _ => false,
        }
    }
}

impl OwnedValue {
    fn of(v: Value<'_>) -> Self {
        match v {
            Value::Float(f) => Self::Float(f),
            Value::Histogram(h) => Self::Histogram(h.clone()),
            Value::FloatHistogram(h) => Self::FloatHistogram(h.clone()),
        }
    }

    /// The float, if it is one.
    pub fn float(&self) -> Option<f64> {
        match self {
            Self::Float(f) => Some(*f),
            _ => None,
        }
    }
}

/// One committed sample.
#[derive(Debug, Clone, PartialEq)]
pub struct MemorySample {
    /// The series.
    pub labels: Labels,
    /// Start time, 0 when unknown.
    pub st: i64,
    /// Unix milliseconds.
    pub t: i64,
    /// The value.
    pub value: OwnedValue,
}

impl MemorySample {
    /// Whether this is a stale marker.
    pub fn is_stale(&self) -> bool {
        self.value.float().is_some_and(is_stale_nan)
    }
}

type Refuse = dyn Fn(&Labels, i64) -> Option<AppendError> + Send + Sync;

#[derive(Default)]
struct Inner {
    by_labels: HashMap<Labels, SeriesRef>,
    series: HashMap<SeriesRef, Series>,
    next_ref: u64,
    samples: Vec<MemorySample>,
    exemplars: Vec<(Labels, Exemplar)>,
    metadata: HashMap<Labels, (MetricType, String, String)>,
    commits: u64,
    refuse: Option<Box<Refuse>>,
    fail_commits: bool,
    keep: bool,
}

struct Series {
    labels: Labels,
    last: Option<(i64, OwnedValue)>,
    last_exemplar: Option<i64>,
}

/// A store in memory. Clones share their content.
#[derive(Clone)]
pub struct MemoryStore(Arc<Mutex<Inner>>);

impl Default for MemoryStore {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Inner {
            keep: true,
            ..Inner::default()
        })))
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Everything committed, in order.
    pub fn samples(&self) -> Vec<MemorySample> {
        self.lock().samples.clone()
    }

    /// Takes everything committed so far.
    pub fn take_samples(&self) -> Vec<MemorySample> {
        std::mem::take(&mut self.lock().samples)
    }

    /// Committed exemplars with their series.
    pub fn exemplars(&self) -> Vec<(Labels, Exemplar)> {
        self.lock().exemplars.clone()
    }

    /// Metadata (type, unit, help) of a series.
    pub fn metadata(&self, labels: &Labels) -> Option<(MetricType, String, String)> {
        self.lock().metadata.get(labels).cloned()
    }

    /// Number of commits.
    pub fn commits(&self) -> u64 {
        self.lock().commits
    }

    /// Number of series known.
    pub fn series(&self) -> usize {
        self.lock().series.len()
    }

    /// Whether committed samples are kept; off for benches, which only count.
    pub fn keep_samples(&self, keep: bool) {
        self.lock().keep = keep;
    }

    /// Refuses samples for which `f` gives an error.
    pub fn refuse(&self, f: impl Fn(&Labels, i64) -> Option<AppendError> + Send + Sync + 'static) {
        self.lock().refuse = Some(Box::new(f));
    }

    /// Makes every commit fail from now on, or no longer.
    pub fn fail_commits(&self, fail: bool) {
        self.lock().fail_commits = fail;
    }

    /// Gives every series a new reference; the old ones become stale.
    pub fn renumber(&self) {
        let inner = &mut *self.lock();
        let old: Vec<Series> = inner.series.drain().map(|(_, s)| s).collect();
        for s in old {
            inner.next_ref += 100;
            let r = SeriesRef(inner.next_ref);
            inner.by_labels.insert(s.labels.clone(), r);
            inner.series.insert(r, s);
        }
    }
}

impl Inner {
    fn resolve(&mut self, r: SeriesRef, labels: &Labels) -> Result<SeriesRef, AppendError> {
        if self.series.contains_key(&r) {
            return Ok(r);
        }
        if labels.is_empty() {
            return Err(if r.is_known() {
                AppendError::NotFound
            } else {
                AppendError::InvalidSample("empty label set".to_owned())
            });
        }
        if let Some(r) = self.by_labels.get(labels) {
            return Ok(*r);
        }
        self.next_ref += 1;
        let r = SeriesRef(self.next_ref);
        self.by_labels.insert(labels.clone(), r);
        self.series.insert(
            r,
            Series {
                labels: labels.clone(),
                last: None,
                last_exemplar: None,
            },
        );
        Ok(r)
    }

    fn check(&self, r: SeriesRef, t: i64, v: &OwnedValue) -> Result<(), AppendError> {
        let Some(s) = self.series.get(&r) else {
            return Err(AppendError::NotFound);
        };
        if let Some(e) = self.refuse.as_ref().and_then(|f| f(&s.labels, t)) {
            return Err(e);
        }
        match &s.last {
            Some((last, _)) if t < *last => Err(AppendError::OutOfOrder),
            Some((last, value)) if t == *last && value != v => Err(AppendError::Duplicate),
            _ => Ok(()),
        }
    }
}

impl Appendable for MemoryStore {
    fn appender(&self) -> Box<dyn Appender> {
        Box::new(MemoryAppender {
            store: self.clone(),
            pending: Vec::new(),
            exemplars: Vec::new(),
            metadata: Vec::new(),
        })
    }
}

struct Pending {
    series: SeriesRef,
    st: i64,
    t: i64,
    value: OwnedValue,
}

struct MemoryAppender {
    store: MemoryStore,
    pending: Vec<Pending>,
    exemplars: Vec<(SeriesRef, Exemplar)>,
    metadata: Vec<(SeriesRef, MetricType, String, String)>,
}

impl Appender for MemoryAppender {
    fn append(
        &mut self,
        series: SeriesRef,
        labels: &Labels,
        st: i64,
        t: i64,
        value: Value<'_>,
        opts: &AppendOpts<'_>,
    ) -> Result<Appended, AppendError> {
        let mut inner = self.store.lock();
        let series = inner.resolve(series, labels)?;
        let value = OwnedValue::of(value);
        inner.check(series, t, &value)?;
        let mut exemplar_errors = Vec::new();
        let last = inner.series.get(&series).and_then(|s| s.last_exemplar);
        for e in opts.exemplars {
            if last.is_some_and(|last| e.ts < last) {
                exemplar_errors.push(AppendError::OutOfOrderExemplar);
            } else {
                self.exemplars.push((series, e.clone()));
            }
        }
        if let Some(m) = opts.metadata {
            self.metadata
                .push((series, m.kind, m.unit.to_owned(), m.help.to_owned()));
        }
        drop(inner);
        self.pending.push(Pending {
            series,
            st,
            t,
            value,
        });
        Ok(Appended {
            series,
            exemplar_errors,
        })
    }

    fn append_st_zero(
        &mut self,
        series: SeriesRef,
        labels: &Labels,
        t: i64,
        st: i64,
        kind: ZeroKind<'_>,
    ) -> Result<SeriesRef, AppendError> {
        if st >= t {
            return Err(AppendError::StNewerThanSample);
        }
        let mut inner = self.store.lock();
        let series = inner.resolve(series, labels)?;
        if inner
            .series
            .get(&series)
            .and_then(|s| s.last.as_ref())
            .is_some_and(|(last, _)| st <= *last)
        {
            return Err(AppendError::OutOfOrderSt);
        }
        drop(inner);
        let value = match kind {
            ZeroKind::Float => OwnedValue::Float(0.0),
            ZeroKind::Histogram(h) => OwnedValue::Histogram(h.zero_like()),
            ZeroKind::FloatHistogram(h) => OwnedValue::FloatHistogram(h.zero_like()),
        };
        self.pending.push(Pending {
            series,
            st: 0,
            t: st,
            value,
        });
        Ok(series)
    }

    fn commit(self: Box<Self>) -> Result<CommitStats, CommitError> {
        let mut inner = self.store.lock();
        if inner.fail_commits {
            return Err(CommitError {
                message: "told to fail".to_owned(),
            });
        }
        inner.commits += 1;
        let mut stats = CommitStats::default();
        for p in self.pending {
            if inner.check(p.series, p.t, &p.value).is_err() {
                stats.rejected += 1;
                continue;
            }
            let keep = inner.keep;
            let Some(s) = inner.series.get_mut(&p.series) else {
                continue;
            };
            if s.last
                .as_ref()
                .is_some_and(|(t, v)| *t == p.t && *v == p.value)
            {
                continue;
            }
            s.last = Some((p.t, p.value.clone()));
            stats.samples += 1;
            if keep {
                let sample = MemorySample {
                    labels: s.labels.clone(),
                    st: p.st,
                    t: p.t,
                    value: p.value,
                };
                inner.samples.push(sample);
            }
        }
        for (r, e) in self.exemplars {
            let Some(s) = inner.series.get_mut(&r) else {
                continue;
            };
            s.last_exemplar = s.last_exemplar.max(Some(e.ts));
            let labels = s.labels.clone();
            inner.exemplars.push((labels, e));
            stats.exemplars += 1;
        }
        for (r, kind, unit, help) in self.metadata {
            let Some(labels) = inner.series.get(&r).map(|s| s.labels.clone()) else {
                continue;
            };
            inner.metadata.insert(labels, (kind, unit, help));
        }
        Ok(stats)
    }

    fn rollback(self: Box<Self>) {}
}
