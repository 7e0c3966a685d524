//! One line (or protobuf sample) of the body: predicted, looked up, or decoded.

use std::borrow::Cow;

use super::append::Sample;
use super::mutate::{self, Fate};
use super::scratch::BATCH;
use super::{PassError, Scrape};
use crate::cache::entry::{EntryId, Kind};
use crate::cache::metadata::{Fact, Family};
use crate::cache::schema::Schema;
use crate::histogram::{FloatHistogram, Histogram};
use crate::ports::append::{SeriesRef, Value};
use crate::sample::canonical;
use scrape_parse::{
    Cursor, Event, Exemplars, Expect, HistogramSeries, HistogramValue, Known, LabelContext, Plain,
    PlainSample, Scan, Series, Step,
};

/// Entries tried after the predicted one before the key is looked up.
const PREDICTIONS: usize = 3;

impl Scrape<'_> {
    /// Takes the next line. `false` when the input has no further whole line.
    pub(super) fn line(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, PassError> {
        if !self.recognise {
            return self.next_event(cursor);
        }
        if cursor.at_metadata() {
            return self.metadata(cursor);
        }
        let context = cursor.context();
        let mut id = self.cache.successor(self.at);
        for _ in 0..PREDICTIONS {
            let Some(e) = self.cache.entry(id) else { break };
            if e.kind != Kind::Free && e.fits(context) && self.cache.in_force(id) {
                let (key, value) = (self.cache.key(e), e.value_text());
                let exemplar = self.cache.exemplar(e);
                match cursor.expect_plain(key, value, exemplar) {
                    Plain::Hit(plain) if plain.exemplars.is_empty() => {
                        return self.plain(id, &plain).map(|()| true);
                    }
                    Plain::Hit(plain) => {
                        return self.known(id, &plain.known(context)).map(|()| true);
                    }
                    Plain::Miss => {}
                    Plain::Unclear => match cursor
                        .expect_full(key, value, exemplar)
                        .map_err(PassError::Parse)?
                    {
                        Expect::Hit(known) => return self.known(id, &known).map(|()| true),
                        Expect::NeedMore => return Ok(false),
                        Expect::Miss => {}
                    },
                }
            }
            id = e.next;
        }
        match cursor.scan_key().map_err(PassError::Parse)? {
            Scan::NeedMore => return Ok(false),
            Scan::Key(key) => {
                let n = key.len();
                if let Some(id) = self.cache.lookup(key, context) {
                    let known = cursor.take_known(n).map_err(PassError::Parse)?;
                    return self.known(id, &known).map(|()| true);
                }
            }
            Scan::Other => {}
        }
        self.next_event(cursor)
    }

    /// Takes the line with the full grammar.
    fn next_event(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, PassError> {
        let event = match cursor.next().map_err(PassError::Parse)? {
            Step::NeedMore | Step::Eof => return Ok(false),
            Step::Event(event) => event,
        };
        match event {
            Event::Type { family, kind } => self.learn(&family, Fact::Type(kind)),
            Event::Help { family, text } => self.learn(&family, Fact::Help(&text)),
            Event::Unit { family, unit } => self.learn(&family, Fact::Unit(&unit)),
            event => return self.event(event).map(|()| true),
        }
        self.run.line(cursor.line());
        Ok(true)
    }

    /// Takes the next line, which is metadata or a comment, and those after it that are known to follow.
    fn metadata(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, PassError> {
        let i = self.cache.metadata.expected(self.family);
        let lines = self.cache.metadata.lines(i);
        if !lines.is_some_and(|known| cursor.expect_meta(&known)) {
            return self.next_event(cursor);
        }
        let before = self.family.replace(i);
        let iteration = self.cache.iteration();
        self.cache.metadata.end_run(&mut self.run);
        self.cache.metadata.meet(i, before, iteration);
        self.special = self.cfg.st_synthesis || self.family_changed();
        if self.cfg.type_and_unit_labels {
            self.put_lines_in_force(i, before == Some(i));
        }
        Ok(true)
    }

    fn event(&mut self, event: Event<'_>) -> Result<(), PassError> {
        match event {
            // Metadata is learned where its line is at hand.
            Event::Type { .. } | Event::Help { .. } | Event::Unit { .. } | Event::Comment(_) => {}
            Event::Series(s) => match self.find(s.key, s.context) {
                Some(id) => self.known(id, &as_known(&s))?,
                None => self.new_series(&s)?,
            },
            Event::Histogram(h) => self.histogram(&h)?,
        }
        Ok(())
    }

    fn learn(&mut self, family: &[u8], fact: Fact<'_>) {
        // A family name that is not UTF-8 can have no valid series, hence no metadata.
        let before = self.family;
        let (iteration, metadata) = (self.cache.iteration(), &mut self.cache.metadata);
        self.family = match std::str::from_utf8(family) {
            Ok(name) => {
                let place = (before, self.stats.total);
                Some(metadata.learn(name, &fact, &mut self.run, place, iteration))
            }
            Err(_) => {
                metadata.end_run(&mut self.run);
                None
            }
        };
        // An anchor of a start time has an entry but nothing in storage, whatever family it is in now.
        self.special = self.cfg.st_synthesis || self.family_changed();
        if self.cfg.type_and_unit_labels {
            self.put_in_force(before.is_some() && before == self.family, &fact);
        }
    }

    /// Type and unit hold until a metadata line names another family.
    fn put_in_force(&mut self, same_family: bool, fact: &Fact<'_>) {
        let valid = self.family.is_some();
        let Some(schemas) = self.cache.schemas_mut() else {
            return;
        };
        let now = if same_family {
            schemas.now().clone()
        } else {
            Schema::default()
        };
        match fact {
            Fact::Type(kind) if valid => schemas.set(*kind, &now.unit),
            Fact::Unit(unit) if valid => schemas.set(now.kind, unit),
            _ => schemas.set(now.kind, &now.unit),
        }
    }

    /// The same for all lines of a family at once.
    fn put_lines_in_force(&mut self, i: usize, same_family: bool) {
        let declared = self.cache.metadata.at(i).map(Family::declared);
        let (kind, unit) = declared.unwrap_or_default();
        let unit = unit.map(str::to_owned);
        let Some(schemas) = self.cache.schemas_mut() else {
            return;
        };
        let now = if same_family {
            schemas.now().clone()
        } else {
            Schema::default()
        };
        schemas.set(
            kind.unwrap_or(now.kind),
            unit.as_deref().unwrap_or(&now.unit),
        );
    }

    /// Finds the entry of a decoded line: first where it is expected.
    fn find(&mut self, key: &[u8], context: LabelContext) -> Option<EntryId> {
        let id = self.cache.successor(self.at);
        if let Some(e) = self.cache.entry(id)
            && e.kind != Kind::Free
            && e.fits(context)
            && self.cache.in_force(id)
            && self.cache.key(e) == key
        {
            return Some(id);
        }
        self.cache.lookup(key, context)
    }

    /// A line whose key the cache knows: the series and its value, unless relabeling drops it, and whether the line
    /// was there before in this body.
    #[inline(always)]
    fn recall(
        &mut self,
        id: EntryId,
        value: f64,
        text: &[u8],
        unchanged: bool,
    ) -> Option<(SeriesRef, f64, bool)> {
        self.stats.total += 1;
        if self.cache.successor(self.at) != id {
            self.cache.link(self.at, id);
        }
        self.at = id;
        let seen = self.cache.see(id);
        let entry = self.cache.entry_mut(id);
        if entry.kind == Kind::Dropped {
            return None;
        }
        self.stats.added += 1;
        if !unchanged {
            entry.remember_value(text, canonical(value));
        }
        Some((entry.series, entry.value, seen))
    }

    /// A known line of nothing but a key and a value: nearly all of them.
    #[inline(always)]
    fn plain(&mut self, id: EntryId, plain: &PlainSample<'_>) -> Result<(), PassError> {
        let recalled = self.recall(id, plain.value, plain.value_text, plain.unchanged);
        let Some((series, value, seen)) = recalled else {
            return Ok(());
        };
        if seen {
            self.stats.duplicates += 1;
            return Ok(());
        }
        if !self.admit(None) {
            return Ok(());
        }
        if self.special {
            return self.append_plain(id, value);
        }
        self.put_in_batch(id, series, value);
        Ok(())
    }

    #[cold]
    fn append_plain(&mut self, id: EntryId, value: f64) -> Result<(), PassError> {
        let sample = Sample {
            value: Value::Float(value),
            own_ts: None,
            st: 0,
        };
        self.append_known(id, &sample, &Exemplars::default())
    }

    #[inline(always)]
    fn put_in_batch(&mut self, id: EntryId, series: SeriesRef, value: f64) {
        let scratch = self.scratch();
        scratch.batch.push((series, value));
        scratch.batch_ids.push(id);
        if scratch.batch.len() >= BATCH {
            self.flush_batch();
        }
    }

    /// Any line whose key the cache knows.
    fn known(&mut self, id: EntryId, known: &Known<'_>) -> Result<(), PassError> {
        let recalled = self.recall(id, known.value, known.value_text, known.unchanged);
        let Some((series, value, seen)) = recalled else {
            return Ok(());
        };
        if !known.exemplars.is_empty() {
            self.cache.remember_exemplar(id, known.exemplars.text());
        }
        let own_ts = if self.cfg.honor_timestamps {
            known.timestamp
        } else {
            None
        };
        if seen && own_ts.is_none() {
            self.stats.duplicates += 1;
            return Ok(());
        }
        if !self.admit(own_ts) {
            return Ok(());
        }
        let plain = own_ts.is_none() && known.exemplars.is_empty() && known.start_timestamp == 0;
        if plain && !self.special {
            self.put_in_batch(id, series, value);
            return Ok(());
        }
        let sample = Sample {
            value: Value::Float(value),
            own_ts,
            st: known.start_timestamp,
        };
        self.append_known(id, &sample, &known.exemplars)
    }

    /// A line seen for the first time (or one that storage refused the last time).
    fn new_series(&mut self, s: &Series<'_>) -> Result<(), PassError> {
        let value = canonical(s.value);
        let own_ts = if self.cfg.honor_timestamps {
            s.timestamp
        } else {
            None
        };
        let sample = Sample {
            value: Value::Float(value),
            own_ts,
            st: s.start_timestamp,
        };
        let labels = {
            let exposed = &mut self.scratch().exposed;
            exposed.clear();
            s.labels(exposed).map_err(PassError::Parse)?;
            // A line whose labels cannot be read is garbage and no sample: upstream's parser refuses it.
            self.stats.total += 1;
            self.mutate()?
        };
        let id = self.append_new(s.key, s.context, labels, &sample, &s.exemplars)?;
        if let Some(id) = id {
            self.cache.entry_mut(id).remember_value(s.value_text, value);
            self.cache.remember_exemplar(id, s.exemplars.text());
        }
        Ok(())
    }

    fn histogram(&mut self, h: &HistogramSeries<'_>) -> Result<(), PassError> {
        let own_ts = if self.cfg.honor_timestamps {
            h.timestamp
        } else {
            None
        };
        let id = self.find(h.key, LabelContext::Other);
        if id.is_none() {
            let exposed = &mut self.scratch().exposed;
            exposed.clear();
            h.labels(exposed).map_err(PassError::Parse)?;
        }
        self.stats.total += 1;
        if let Some(id) = id {
            if self.cache.successor(self.at) != id {
                self.cache.link(self.at, id);
            }
            self.at = id;
            let seen = self.cache.see(id);
            if self.cache.entry_mut(id).kind == Kind::Dropped {
                return Ok(());
            }
            if seen && own_ts.is_none() {
                self.stats.added += 1;
                self.stats.duplicates += 1;
                return Ok(());
            }
        }
        let labels = match id {
            Some(_) => None,
            None => Some(self.mutate()?),
        };
        if let Some(Fate::Drop) = labels {
            self.append_new(
                h.key,
                LabelContext::Other,
                Fate::Drop,
                &Sample {
                    value: Value::Float(0.0),
                    own_ts,
                    st: 0,
                },
                &h.exemplars,
            )?;
            return Ok(());
        }
        let (int, float);
        let fitted: Option<Value<'_>> = match h.value {
            HistogramValue::Int(v) => {
                int = self.fit_int(v);
                int.as_deref().map(Value::Histogram)
            }
            HistogramValue::Float(v) => {
                float = self.fit_float(v);
                float.as_deref().map(Value::FloatHistogram)
            }
        };
        let Some(value) = fitted else {
            self.stats.added += 1;
            self.bucket_limit_hit = true;
            return Ok(());
        };
        let sample = Sample {
            value,
            own_ts,
            st: h.start_timestamp,
        };
        match (id, labels) {
            (Some(id), _) => {
                self.stats.added += 1;
                if self.admit(own_ts) {
                    self.append_known(id, &sample, &h.exemplars)?;
                }
            }
            (None, Some(fate)) => {
                self.append_new(h.key, LabelContext::Other, fate, &sample, &h.exemplars)?;
            }
            (None, None) => {}
        }
        Ok(())
    }

    /// The histogram as the limits of the job allow it, copied only if that changes it.
    fn fit_int<'h>(&self, h: &'h Histogram) -> Option<Cow<'h, Histogram>> {
        let limit = self.bucket_limit();
        if canonical(h.sum).to_bits() == h.sum.to_bits() && h.is_within(self.cfg.max_schema, limit)
        {
            return Some(Cow::Borrowed(h));
        }
        let mut h = h.clone();
        h.sum = canonical(h.sum);
        h.cap_schema(self.cfg.max_schema);
        h.limit_buckets(limit).is_ok().then_some(Cow::Owned(h))
    }

    /// See [`Self::fit_int`].
    fn fit_float<'h>(&self, h: &'h FloatHistogram) -> Option<Cow<'h, FloatHistogram>> {
        let limit = self.bucket_limit();
        if canonical(h.sum).to_bits() == h.sum.to_bits() && h.is_within(self.cfg.max_schema, limit)
        {
            return Some(Cow::Borrowed(h));
        }
        let mut h = h.clone();
        h.sum = canonical(h.sum);
        h.cap_schema(self.cfg.max_schema);
        h.limit_buckets(limit).is_ok().then_some(Cow::Owned(h))
    }

    /// 0 is no limit.
    fn bucket_limit(&self) -> usize {
        usize::try_from(self.cfg.bucket_limit).unwrap_or(usize::MAX)
    }

    /// Labels in the scratch become the labels of the series.
    fn mutate(&mut self) -> Result<Fate, PassError> {
        let scratch = self.scratch.as_mut().expect("present until drop");
        if let Some(schema) = self.cache.schema_in_force() {
            scratch.exposed.describe(schema);
        }
        mutate::mutate(
            &scratch.exposed,
            self.target,
            self.cfg,
            &mut scratch.builder,
        )
    }
}

fn as_known<'a>(s: &Series<'a>) -> Known<'a> {
    Known {
        value: s.value,
        value_text: s.value_text,
        unchanged: false,
        timestamp: s.timestamp,
        start_timestamp: s.start_timestamp,
        exemplars: s.exemplars,
        context: s.context,
    }
}
