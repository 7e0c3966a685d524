//! From a value to storage: limits before it, outcomes after it, and what the cache learns from them.

use super::mutate::{self, Fate};
use super::{PassError, Scrape};
use crate::cache::entry::{EntryId, Kind};
use crate::cache::metadata::Family;
use crate::labels::{Labels, LabelsBuilder};
use crate::ports::append::{AppendError, AppendOpts, Appended, SeriesRef, Value, ZeroKind};
use crate::sample::{Exemplar, canonical};
use scrape_parse::{Exemplars, LabelContext, LabelSink, MetricType};

/// A decoded value on its way to storage.
#[derive(Clone, Copy)]
pub(super) struct Sample<'a> {
    pub(super) value: Value<'a>,
    /// The exposed timestamp, if honoured.
    pub(super) own_ts: Option<i64>,
    pub(super) st: i64,
}

/// What goes along with a sample.
struct Extras<'a> {
    exemplars: &'a Exemplars<'a>,
    /// Position of the family whose metadata is handed over.
    metadata: Option<usize>,
    reject_out_of_order: bool,
}

impl Scrape<'_> {
    /// Applies the limits that come before storage; says whether the sample may be appended.
    #[inline]
    pub(super) fn admit(&mut self, own_ts: Option<i64>) -> bool {
        self.attempts += 1;
        if self.cfg.sample_limit > 0 && self.attempts > self.cfg.sample_limit {
            self.sample_limit_hit = true;
            return false;
        }
        if own_ts.unwrap_or(self.t) > self.latest {
            self.stats.out_of_bounds += 1;
            return false;
        }
        true
    }

    pub(super) fn append_new(
        &mut self,
        key: &[u8],
        context: LabelContext,
        fate: Fate,
        sample: &Sample<'_>,
        exemplars: &Exemplars<'_>,
    ) -> Result<Option<EntryId>, PassError> {
        let labels = match fate {
            Fate::Keep(labels) => labels,
            Fate::Drop => {
                let id = self.remember(key, context, Kind::Dropped, SeriesRef::UNKNOWN)?;
                self.cache.see(id);
                return Ok(None);
            }
        };
        self.stats.added += 1;
        if !self.admit(sample.own_ts) {
            return Ok(None);
        }
        if self.cfg.st_synthesis && self.anchors(&labels, sample) {
            let id = self.remember(key, context, Kind::Series, SeriesRef::UNKNOWN)?;
            self.cache.see(id);
            self.anchor(id, sample);
            self.count_new_series();
            return Ok(Some(id));
        }
        let extras = Extras {
            exemplars,
            metadata: self.family_of(&labels),
            reject_out_of_order: false,
        };
        let Some(series) = self.append(SeriesRef::UNKNOWN, &labels, sample, &extras)? else {
            return Ok(None);
        };
        let id = self.remember(key, context, Kind::Series, series)?;
        self.cache.see(id);
        self.track(id, sample.own_ts);
        self.count_new_series();
        Ok(Some(id))
    }

    fn count_new_series(&mut self) {
        if !self.sample_limit_hit && !self.bucket_limit_hit {
            self.stats.series_added += 1;
        }
    }

    pub(super) fn append_known(
        &mut self,
        id: EntryId,
        sample: &Sample<'_>,
        exemplars: &Exemplars<'_>,
    ) -> Result<(), PassError> {
        if self.cfg.st_synthesis && self.family_is_cumulative() {
            return self.append_relative(id, sample, exemplars);
        }
        self.append_known_as_is(id, sample, exemplars, false)
            .map(|_| ())
    }

    /// Appends to a known series; says whether storage took it.
    pub(super) fn append_known_as_is(
        &mut self,
        id: EntryId,
        sample: &Sample<'_>,
        exemplars: &Exemplars<'_>,
        reject_out_of_order: bool,
    ) -> Result<bool, PassError> {
        // A sample of the same series may still wait in the batch: keep their order.
        self.flush_batch();
        let series = self.cache.entry_mut(id).series;
        let first = !series.is_known();
        let mut labels = Labels::empty();
        let mut metadata = None;
        if first || self.family_changed() {
            labels = self.labels_of(id)?;
            metadata = self.family_of(&labels);
        }
        let mut extras = Extras {
            exemplars,
            metadata,
            reject_out_of_order,
        };
        let appended = match self.try_append(series, &labels, sample, &extras) {
            Err(AppendError::NotFound) => {
                let labels = self.labels_of(id)?;
                extras.metadata = self.family_of(&labels);
                self.append(SeriesRef::UNKNOWN, &labels, sample, &extras)?
            }
            result => self.classify(result)?,
        };
        if let Some(series) = appended {
            self.cache.entry_mut(id).series = series;
            self.track(id, sample.own_ts);
        }
        Ok(appended.is_some())
    }

    /// Hands the pending samples over and takes note of what became of them.
    pub(super) fn flush_batch(&mut self) {
        let mut scratch = self.scratch.take().expect("present until drop");
        if !scratch.batch.is_empty() {
            scratch.refused.clear();
            self.app
                .append_batch(self.t, &scratch.batch, &mut scratch.refused);
            let mut refused = scratch.refused.drain(..).peekable();
            for (i, id) in scratch.batch_ids.iter().enumerate() {
                match refused.next_if(|(at, _)| *at == i) {
                    None => self.cache.track(*id),
                    Some((_, error)) => {
                        if let Err(e) = self.refused_in_batch(*id, scratch.batch[i].1, error) {
                            self.failure.get_or_insert(e);
                        }
                    }
                }
            }
            drop(refused);
            scratch.batch.clear();
            scratch.batch_ids.clear();
        }
        self.scratch = Some(scratch);
    }

    fn refused_in_batch(
        &mut self,
        id: EntryId,
        value: f64,
        error: AppendError,
    ) -> Result<(), PassError> {
        if error != AppendError::NotFound {
            return self.classify(Err(error)).map(|_| ());
        }
        let labels = self.labels_of(id)?;
        let family = self.family_of(&labels);
        let metadata = family
            .and_then(|i| self.cache.metadata.at(i))
            .map(Family::as_ref);
        let opts = AppendOpts {
            metadata,
            ..AppendOpts::default()
        };
        let result = self.app.append(
            SeriesRef::UNKNOWN,
            &labels,
            0,
            self.t,
            Value::Float(value),
            &opts,
        );
        if let Some(series) = self.classify(result)? {
            self.cache.entry_mut(id).series = series;
            self.cache.track(id);
        }
        Ok(())
    }

    fn append(
        &mut self,
        series: SeriesRef,
        labels: &Labels,
        sample: &Sample<'_>,
        extras: &Extras<'_>,
    ) -> Result<Option<SeriesRef>, PassError> {
        let result = self.try_append(series, labels, sample, extras);
        self.classify(result)
    }

    fn try_append(
        &mut self,
        mut series: SeriesRef,
        labels: &Labels,
        sample: &Sample<'_>,
        extras: &Extras<'_>,
    ) -> Result<Appended, AppendError> {
        let t = sample.own_ts.unwrap_or(self.t);
        let native = !matches!(sample.value, Value::Float(_));
        let scratch = self.scratch();
        let mut list = std::mem::take(&mut scratch.exemplars);
        let builder = &mut scratch.exemplar_builder;
        decode_exemplars(extras.exemplars, t, native, builder, &mut list);
        if self.cfg.st_zero_ingestion && sample.st != 0 {
            let kind = match sample.value {
                Value::Float(_) => ZeroKind::Float,
                Value::Histogram(h) => ZeroKind::Histogram(h),
                Value::FloatHistogram(h) => ZeroKind::FloatHistogram(h),
            };
            // A start already covered by a sample is the normal case; it never concerns the sample itself.
            if let Ok(r) = self.app.append_st_zero(series, labels, t, sample.st, kind) {
                series = r;
            }
        }
        let opts = AppendOpts {
            metadata: extras
                .metadata
                .and_then(|i| self.cache.metadata.at(i))
                .map(Family::as_ref),
            exemplars: &list,
            reject_out_of_order: extras.reject_out_of_order,
        };
        let result = self
            .app
            .append(series, labels, sample.st, t, sample.value, &opts);
        if let Ok(done) = &result {
            let late = |e: &&AppendError| **e == AppendError::OutOfOrderExemplar;
            let n = done.exemplar_errors.iter().filter(late).count();
            // Some accepted: a partial update, not worth a report.
            if n > 0 && n == list.len() {
                self.stats.exemplars_out_of_order += n as u64;
            }
        }
        list.clear();
        self.scratch().exemplars = list;
        result
    }

    /// Counts what is counted, fails the scrape on the rest.
    fn classify(
        &mut self,
        result: Result<Appended, AppendError>,
    ) -> Result<Option<SeriesRef>, PassError> {
        match result {
            Ok(done) => return Ok(Some(done.series)),
            Err(AppendError::Duplicate) => self.stats.duplicates += 1,
            Err(AppendError::OutOfOrder) => self.stats.out_of_order += 1,
            Err(AppendError::OutOfBounds | AppendError::TooOld) => self.stats.out_of_bounds += 1,
            Err(e) => return Err(PassError::Storage(e)),
        }
        Ok(None)
    }

    pub(super) fn track(&mut self, id: EntryId, own_ts: Option<i64>) {
        if own_ts.is_none() || self.cfg.track_timestamps_staleness {
            self.cache.track(id);
        }
    }

    fn remember(
        &mut self,
        key: &[u8],
        context: LabelContext,
        kind: Kind,
        series: SeriesRef,
    ) -> Result<EntryId, PassError> {
        let id = self
            .cache
            .insert(key, context, kind, series)
            .ok_or(PassError::TooLarge)?;
        // The line came in between: it now precedes what was expected here.
        let expected = self.cache.successor(self.at);
        self.cache.entry_mut(id).next = expected;
        self.cache.link(self.at, id);
        self.at = id;
        Ok(id)
    }

    /// The labels of a cached series, derived again from its key.
    pub(super) fn labels_of(&mut self, id: EntryId) -> Result<Labels, PassError> {
        let mut exposed = mutate::Exposed::default();
        let entry = self.cache.entry(id).expect("a cached line");
        let format = self.format.expect("a line was parsed");
        scrape_parse::decode_key(format, self.cache.key(entry), entry.context, &mut exposed)
            .map_err(PassError::Parse)?;
        if let Some(schema) = self.cache.schema_of(id) {
            exposed.describe(schema);
        }
        let mut builder = LabelsBuilder::new();
        match mutate::mutate(&exposed, self.target, self.cfg, &mut builder)? {
            Fate::Keep(labels) => Ok(labels),
            // Relabeling is a function of the labels; it kept them before.
            Fate::Drop => Ok(Labels::empty()),
        }
    }

    /// Whether metadata of the current family must go to storage with known series too.
    pub(super) fn family_changed(&self) -> bool {
        self.cfg.append_metadata
            && self
                .family
                .and_then(|i| self.cache.metadata.at(i))
                .is_some_and(|f| f.changed_in(self.cache.iteration()))
    }

    /// The current family, if the series belongs to it and metadata is wanted.
    fn family_of(&self, labels: &Labels) -> Option<usize> {
        let i = self.family.filter(|_| self.cfg.append_metadata)?;
        let f = self.cache.metadata.at(i)?;
        belongs(labels.name()?, f.name(), f.kind).then_some(i)
    }
}

/// Whether a series name belongs to a family of this type.
pub(super) fn belongs(series: &str, family: &str, kind: MetricType) -> bool {
    let Some(suffix) = series.strip_prefix(family) else {
        return false;
    };
    match kind {
        MetricType::Counter => matches!(suffix, "" | "_total"),
        MetricType::Histogram => matches!(suffix, "" | "_bucket" | "_sum" | "_count"),
        MetricType::GaugeHistogram => matches!(suffix, "" | "_bucket" | "_gsum" | "_gcount"),
        MetricType::Summary => matches!(suffix, "" | "_sum" | "_count"),
        MetricType::Info => matches!(suffix, "" | "_info"),
        _ => suffix.is_empty(),
    }
}

fn decode_exemplars(
    exemplars: &Exemplars<'_>,
    t: i64,
    native: bool,
    builder: &mut LabelsBuilder,
    out: &mut Vec<Exemplar>,
) {
    out.clear();
    for e in *exemplars {
        let ts = match (e.timestamp, native) {
            (Some(ts), _) => ts,
            (None, false) => t,
            // A native histogram has no series per bucket: an untimed exemplar has no place in time.
            (None, true) => continue,
        };
        builder.clear();
        e.labels(&mut ExemplarLabels(builder));
        out.push(Exemplar {
            labels: builder.labels(),
            value: canonical(e.value),
            ts,
        });
    }
    out.sort_by(|a, b| {
        a.ts.cmp(&b.ts)
            .then(a.value.total_cmp(&b.value))
            .then_with(|| a.labels.cmp(&b.labels))
    });
}

/// The labels of an exemplar; text that is not UTF-8 is kept in lossy form.
struct ExemplarLabels<'a>(&'a mut LabelsBuilder);

impl LabelSink for ExemplarLabels<'_> {
    fn label(&mut self, name: &[u8], value: &[u8]) {
        match (std::str::from_utf8(name), std::str::from_utf8(value)) {
            (Ok(name), Ok(value)) => self.0.set(name, value),
            _ => self.0.set(
                &String::from_utf8_lossy(name),
                &String::from_utf8_lossy(value),
            ),
        };
    }
}
