//! Transactions: samples are judged when they are appended, kept aside, judged again and written at commit.

mod batch;
mod commit;

pub(crate) use batch::{Batch, PendingHist, Pool};
pub(crate) use commit::Scratch;

use crate::head::page::{Kind, NEVER};
use crate::head::rules::{Verdict, Window};
use crate::head::{Head, Here, exemplars, lock, validate};
use crate::stats::{Counters, add};
use crate::store::Inner;
use crate::wal::record::HistValue;
use scrape_core::histogram::{CUSTOM_BUCKETS_SCHEMA, FloatHistogram, Histogram, ResetHint};
use scrape_core::sample::{is_stale_nan, stale_nan};
use scrape_core::{
    AppendError, AppendOpts, Appended, Appender, CommitError, CommitStats, Labels, MetricType,
    SeriesRef, Value, ZeroKind,
};
use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::Arc;

/// Series whose ids a transaction reserves at once, at most: they lie side by side.
const MAX_RESERVE: u64 = 128;
/// Claims given up before a commit may go in between.
const CLAIMS_AT_ONCE: usize = 4096;
/// Half of the range that upstream keeps in memory: how far behind the newest sample in-order ones may be.
pub(crate) const IN_ORDER_WINDOW_MS: i64 = 3_600_000;

/// Metadata that waits for the commit.
#[derive(Debug)]
pub(crate) struct PendingMetadata {
    pub(crate) series: u64,
    pub(crate) kind: MetricType,
    pub(crate) unit: String,
    pub(crate) help: String,
}

/// One open transaction.
pub(crate) struct Txn {
    store: Arc<Inner>,
    ticket: u64,
    window: Window,
    /// The head was empty when the transaction began: the window follows from its first sample.
    undecided: bool,
    batch: Batch,
    /// Batches before the current one: a series changed its kind.
    done: Vec<Batch>,
    /// A series changed its kind inside this transaction, so order across kinds matters from here on.
    mixed: bool,
    /// Series that it created or that other open transactions did: to be given up if it fails.
    claims: Vec<u64>,
    reserved: Range<u64>,
    reserve_next: u64,
    metadata: Vec<PendingMetadata>,
    scratch: Vec<u8>,
    finished: bool,
}

impl Txn {
    pub(crate) fn begin(store: Arc<Inner>) -> Self {
        let ticket = store.open_ticket();
        let max_t = store.head.max_t();
        let now = store.clock.now_ms();
        let max_valid = if store.limits.future_ms == 0 {
            i64::MAX
        } else {
            now.saturating_add(store.limits.future_ms)
        };
        let mut txn = Self {
            window: Window {
                min_valid: i64::MIN,
                ooo_from: None,
                max_valid,
            },
            undecided: max_t == NEVER,
            store,
            ticket,
            batch: Batch::default(),
            done: Vec::new(),
            mixed: false,
            claims: Vec::new(),
            reserved: 0..0,
            reserve_next: 8,
            metadata: Vec::new(),
            scratch: Vec::new(),
            finished: false,
        };
        if max_t != NEVER {
            txn.decide(max_t);
        }
        txn
    }

    fn decide(&mut self, max_t: i64) {
        self.undecided = false;
        self.window.min_valid = max_t.saturating_sub(IN_ORDER_WINDOW_MS);
        let ooo = self.store.limits.out_of_order_ms;
        self.window.ooo_from = (ooo > 0).then(|| max_t.saturating_sub(ooo));
    }

    /// The first sample into an empty head sets the range.
    fn decide_by(&mut self, t: i64) {
        if self.undecided && t <= self.window.max_valid {
            self.decide(t);
        }
    }

    fn window(&self, opts: &AppendOpts<'_>) -> Window {
        let ooo_from = if opts.reject_out_of_order {
            None
        } else {
            self.window.ooo_from
        };
        Window {
            ooo_from,
            ..self.window
        }
    }

    /// The id of a series, creating it if it has labels.
    fn resolve(&mut self, r: SeriesRef, labels: &Labels) -> Result<u64, AppendError> {
        if r.is_known()
            && let Some(claimed) = self.store.head.claim(r.0, self.ticket)
        {
            if claimed {
                self.claims.push(r.0);
            }
            return Ok(r.0);
        }
        if labels.is_empty() {
            return Err(if r.is_known() {
                AppendError::NotFound
            } else {
                AppendError::InvalidSample("empty label set".into())
            });
        }
        let Self {
            store,
            reserved,
            reserve_next,
            ticket,
            ..
        } = self;
        let found = store.head.find_or_create(labels, *ticket, || {
            if reserved.is_empty() {
                *reserved = store.head.reserve(*reserve_next);
                *reserve_next = (*reserve_next * 2).min(MAX_RESERVE);
            }
            reserved.next()
        });
        match found {
            Some((id, true)) => {
                self.claims.push(id);
                Ok(id)
            }
            Some((id, false)) => Ok(id),
            None => Err(AppendError::Unavailable(
                "the store can name no more series".into(),
            )),
        }
    }

    /// Begins a new batch where the order across kinds would otherwise be lost.
    fn separate(&mut self, was: Kind, kind: Kind) {
        let float = kind == Kind::Float;
        self.mixed |= was != Kind::None && (was == Kind::Float) != float;
        if self.mixed && self.batch.has_other(kind) {
            self.done.push(std::mem::take(&mut self.batch));
        }
    }

    /// Judges and keeps a float or the histogram that `hist` makes.
    fn take(
        &mut self,
        id: u64,
        t: i64,
        bits: u64,
        kind: Kind,
        window: Window,
        hist: Option<HistValue>,
    ) -> Result<(), AppendError> {
        let judged = self.store.head.with(id, |s| {
            let was = s.kind;
            let verdict = window.judge(s, t, bits, kind);
            if was == Kind::None && verdict.is_ok() {
                // A hint for what follows in this transaction; without samples it has no other meaning.
                s.kind = kind;
            }
            verdict.map(|v| (v, was))
        });
        match judged.unwrap_or(Err(AppendError::NotFound)) {
            Ok((Verdict::Known, _)) => Ok(()),
            Ok((_, was)) => {
                self.separate(was, kind);
                match hist {
                    Some(value) => self.batch.hists.push(PendingHist {
                        series: id,
                        t,
                        bits,
                        value,
                    }),
                    None => {
                        let pool = &self.store.pool;
                        self.batch
                            .open_chunk(|| lock(pool).take())
                            .push(id, t, bits);
                    }
                }
                Ok(())
            }
            Err(e) => {
                count(&self.store.counters, &e);
                Err(e)
            }
        }
    }

    fn take_hist(
        &mut self,
        id: u64,
        t: i64,
        window: Window,
        value: HistValue,
    ) -> Result<(), AppendError> {
        let bits = fingerprint(&mut self.scratch, &value);
        let kind = if matches!(value, HistValue::Int(_)) {
            Kind::Int
        } else {
            Kind::FloatHist
        };
        self.take(id, t, bits, kind, window, Some(value))
    }

    fn take_value(
        &mut self,
        id: u64,
        t: i64,
        value: Value<'_>,
        window: Window,
    ) -> Result<(), AppendError> {
        if !self.store.limits.native_histograms && !matches!(value, Value::Float(_)) {
            return Err(AppendError::NativeHistogramsDisabled);
        }
        match value {
            Value::Float(v) if is_stale_nan(v) => {
                let kind = self.store.head.with(id, |s| s.kind).unwrap_or_default();
                match stale_histogram(kind) {
                    Some(h) => self.take_hist(id, t, window, h),
                    None => self.take(id, t, v.to_bits(), Kind::Float, window, None),
                }
            }
            Value::Float(v) => self.take(id, t, v.to_bits(), Kind::Float, window, None),
            Value::Histogram(h) => {
                validate::histogram(h)?;
                self.take_hist(id, t, window, HistValue::Int(h.clone()))
            }
            Value::FloatHistogram(h) => {
                validate::float_histogram(h)?;
                self.take_hist(id, t, window, HistValue::Float(h.clone()))
            }
        }
    }

    fn take_exemplars(
        &mut self,
        id: u64,
        list: &[scrape_core::Exemplar],
        errors: &mut Vec<AppendError>,
    ) {
        let mut prev = match self.batch.exemplars.last() {
            Some((series, e)) if *series == id => Some(exemplars::Latest::of(e)),
            _ => lock(&self.store.head.exemplars).latest(id),
        };
        for e in list {
            if let Err(err) = exemplars::check_length(e) {
                errors.push(err);
                continue;
            }
            let latest = exemplars::Latest::of(e);
            match prev.map_or(Ok(true), |p| latest.follows(&p)) {
                Ok(true) => {
                    self.batch.exemplars.push((id, e.clone()));
                    prev = Some(latest);
                }
                // The same one again, as an unchanged target shows it on every scrape.
                Ok(false) => {}
                Err(err) => {
                    add(&self.store.counters.exemplars_out_of_order, 1);
                    errors.push(err);
                }
            }
        }
    }

    fn take_metadata(&mut self, id: u64, m: scrape_core::MetadataRef<'_>) {
        let store = &self.store;
        let meta = store.head.with(id, |s| s.meta).unwrap_or(0);
        if lock(&store.head.metadata).lookup(meta) == Some(m) {
            return;
        }
        let (kind, unit, help) = (m.kind, m.unit.to_owned(), m.help.to_owned());
        self.metadata.push(PendingMetadata {
            series: id,
            kind,
            unit,
            help,
        });
    }
}

/// The float path of a whole scrape: pages are entered once per run of neighbouring ids.
impl Txn {
    fn take_batch(
        &mut self,
        t: i64,
        samples: &[(SeriesRef, f64)],
        refused: &mut Vec<(usize, AppendError)>,
    ) {
        self.decide_by(t);
        // Slow cases are rare; they are noted here and done when no page is held.
        let mut slow: Vec<usize> = Vec::new();
        {
            let Self {
                store,
                batch,
                window,
                mixed,
                ticket,
                claims,
                ..
            } = self;
            let pages = store.head.pages();
            let mut here: Here<'_> = None;
            for (i, (r, v)) in samples.iter().enumerate() {
                let bits = v.to_bits();
                let Some(slot) =
                    Head::go(&pages, &mut here, r.0).and_then(|(p, off)| p.slot_mut(off))
                else {
                    refused.push((i, AppendError::NotFound));
                    continue;
                };
                if slot.is_provisional() && slot.claim(*ticket) {
                    claims.push(r.0);
                }
                if *mixed || !matches!(slot.kind, Kind::Float | Kind::None) {
                    slow.push(i);
                    continue;
                }
                slot.touched = true;
                match window.judge(slot, t, bits, Kind::Float) {
                    Ok(Verdict::Known) => {}
                    Ok(_) => {
                        slot.kind = Kind::Float;
                        batch
                            .open_chunk(|| lock(&store.pool).take())
                            .push(r.0, t, bits);
                    }
                    Err(e) => {
                        count(&store.counters, &e);
                        refused.push((i, e));
                    }
                }
            }
        }
        if slow.is_empty() {
            return;
        }
        for i in slow {
            let (r, v) = samples[i];
            let window = self.window;
            if let Err(e) = self.take_value(r.0, t, Value::Float(v), window) {
                refused.push((i, e));
            }
        }
        refused.sort_by_key(|(i, _)| *i);
    }
}

impl Appender for Txn {
    fn append(
        &mut self,
        series: SeriesRef,
        labels: &Labels,
        st: i64,
        t: i64,
        value: Value<'_>,
        opts: &AppendOpts<'_>,
    ) -> Result<Appended, AppendError> {
        // The log's record types have no room for start times; they become zero samples (`append_st_zero`).
        let _unused = st;
        let id = self.resolve(series, labels)?;
        self.decide_by(t);
        let window = self.window(opts);
        self.take_value(id, t, value, window)?;
        let mut appended = Appended {
            series: SeriesRef(id),
            exemplar_errors: Vec::new(),
        };
        if let Some(m) = opts.metadata {
            self.take_metadata(id, m);
        }
        if !opts.exemplars.is_empty() {
            if lock(&self.store.head.exemplars).enabled() {
                self.take_exemplars(id, opts.exemplars, &mut appended.exemplar_errors);
            } else {
                appended
                    .exemplar_errors
                    .push(AppendError::ExemplarsDisabled);
            }
        }
        Ok(appended)
    }

    fn append_batch(
        &mut self,
        t: i64,
        samples: &[(SeriesRef, f64)],
        refused: &mut Vec<(usize, AppendError)>,
    ) {
        self.take_batch(t, samples, refused);
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
        let id = self.resolve(series, labels)?;
        self.decide_by(t);
        let known = self
            .store
            .head
            .with(id, |s| s.last_t != NEVER && s.last_t >= st)
            .unwrap_or(false);
        if known {
            return Ok(SeriesRef(id));
        }
        let window = self.window(&AppendOpts {
            reject_out_of_order: true,
            ..AppendOpts::default()
        });
        match kind {
            ZeroKind::Float => self.take(id, st, 0f64.to_bits(), Kind::Float, window, None)?,
            _ if !self.store.limits.native_histograms => {
                return Err(AppendError::NativeHistogramsDisabled);
            }
            ZeroKind::Histogram(h) => {
                let zero = Histogram {
                    reset_hint: ResetHint::Reset,
                    schema: h.schema,
                    zero_threshold: h.zero_threshold,
                    custom_values: custom_bounds(h.schema, &h.custom_values),
                    ..Histogram::default()
                };
                self.take_hist(id, st, window, HistValue::Int(zero))?;
            }
            ZeroKind::FloatHistogram(h) => {
                let zero = FloatHistogram {
                    reset_hint: ResetHint::Reset,
                    schema: h.schema,
                    zero_threshold: h.zero_threshold,
                    custom_values: custom_bounds(h.schema, &h.custom_values),
                    ..FloatHistogram::default()
                };
                self.take_hist(id, st, window, HistValue::Float(zero))?;
            }
        }
        Ok(SeriesRef(id))
    }

    fn commit(mut self: Box<Self>) -> Result<CommitStats, CommitError> {
        self.finished = true;
        let mut batches = std::mem::take(&mut self.done);
        let done = commit::commit(
            &self.store,
            &mut batches,
            &mut self.batch,
            &self.metadata,
            &self.claims,
            self.window,
        );
        if done.is_err() {
            self.give_up_claims();
        }
        self.close(batches);
        done
    }

    fn rollback(self: Box<Self>) {
        // Dropping does it.
    }
}

impl Txn {
    /// Forgets the series that nobody else knows. What stays is logged with its first sample.
    fn give_up_claims(&mut self) {
        let mut ids = std::mem::take(&mut self.claims);
        ids.sort_unstable();
        for some in ids.chunks(CLAIMS_AT_ONCE) {
            // A commit that is under way may still undo what it did to one of them.
            let _no_commit = lock(&self.store.log);
            self.store.head.unclaim(some);
        }
    }

    fn close(&mut self, batches: Vec<Batch>) {
        self.store.head.give_back(self.reserved.clone());
        self.reserved = 0..0;
        let last = std::mem::take(&mut self.batch);
        self.store.recycle(batches.into_iter().chain([last]));
        self.store.close_ticket(self.ticket);
    }
}

impl Drop for Txn {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        self.give_up_claims();
        let batches = std::mem::take(&mut self.done);
        self.close(batches);
    }
}

fn custom_bounds(schema: i32, bounds: &[f64]) -> Vec<f64> {
    if schema == CUSTOM_BUCKETS_SCHEMA {
        bounds.to_vec()
    } else {
        Vec::new()
    }
}

/// The stale marker of a series whose last sample was a histogram.
fn stale_histogram(kind: Kind) -> Option<HistValue> {
    match kind {
        Kind::Int => Some(HistValue::Int(Histogram {
            sum: stale_nan(),
            ..Histogram::default()
        })),
        Kind::FloatHist => Some(HistValue::Float(FloatHistogram {
            sum: stale_nan(),
            ..FloatHistogram::default()
        })),
        Kind::Float | Kind::None => None,
    }
}

/// Stands for a histogram where only equality matters; the reset hint does not count. Not persisted.
pub(crate) fn fingerprint(scratch: &mut Vec<u8>, h: &HistValue) -> u64 {
    scratch.clear();
    crate::wal::record::put_histogram(scratch, h.as_ref(), true);
    foldhash::quality::FixedState::default().hash_one(&scratch[1..])
}

pub(crate) fn count(c: &Counters, e: &AppendError) {
    match e {
        AppendError::OutOfOrder => add(&c.out_of_order, 1),
        AppendError::OutOfBounds => add(&c.out_of_bounds, 1),
        AppendError::TooOld => add(&c.too_old, 1),
        AppendError::Duplicate => add(&c.duplicates, 1),
        _ => {}
    }
}
