//! A store that keeps nothing but counts: for measuring everything before storage.

use crate::labels::Labels;
use crate::ports::append::{
    AppendError, AppendOpts, Appendable, Appended, Appender, CommitError, CommitStats, SeriesRef,
    Value, ZeroKind,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Accepts everything and counts it.
#[derive(Debug, Clone, Default)]
pub struct CountingStore {
    series: Arc<AtomicU64>,
    samples: Arc<AtomicU64>,
}

impl CountingStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Committed samples.
    pub fn samples(&self) -> u64 {
        self.samples.load(Ordering::Relaxed)
    }
}

impl Appendable for CountingStore {
    fn appender(&self) -> Box<dyn Appender> {
        Box::new(CountingAppender {
            store: self.clone(),
            pending: 0,
        })
    }
}

struct CountingAppender {
    store: CountingStore,
    pending: u64,
}

impl Appender for CountingAppender {
    fn append(
        &mut self,
        series: SeriesRef,
        _: &Labels,
        _: i64,
        _: i64,
        _: Value<'_>,
        _: &AppendOpts<'_>,
    ) -> Result<Appended, AppendError> {
        self.pending += 1;
        let series = if series.is_known() {
            series
        } else {
            SeriesRef(self.store.series.fetch_add(1, Ordering::Relaxed) + 1)
        };
        Ok(Appended {
            series,
            exemplar_errors: Vec::new(),
        })
    }

    fn append_batch(
        &mut self,
        _: i64,
        samples: &[(SeriesRef, f64)],
        _: &mut Vec<(usize, AppendError)>,
    ) {
        self.pending += samples.len() as u64;
    }

    fn append_st_zero(
        &mut self,
        series: SeriesRef,
        _: &Labels,
        _: i64,
        _: i64,
        _: ZeroKind<'_>,
    ) -> Result<SeriesRef, AppendError> {
        Ok(series)
    }

    fn commit(self: Box<Self>) -> Result<CommitStats, CommitError> {
        self.store
            .samples
            .fetch_add(self.pending, Ordering::Relaxed);
        Ok(CommitStats {
            samples: self.pending,
            ..CommitStats::default()
        })
    }

    fn rollback(self: Box<Self>) {}
}
