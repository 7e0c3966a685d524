//! Start timestamps by looking forward from every sample.

use super::{Item, Labels, NAME, unescape};
use crate::{MetricType, ParserOptions};

/// An item, with what the rule asks about it.
pub(super) struct Entry {
    pub(super) item: Item,
    /// Name and labels as written.
    pub(super) pairs: Labels,
    /// Type and family in force.
    pub(super) kind: MetricType,
    pub(super) family: Vec<u8>,
}

impl Entry {
    fn counts(&self) -> bool {
        matches!(self.item, Item::Sample(_))
            && matches!(
                self.kind,
                MetricType::Counter | MetricType::Histogram | MetricType::Summary
            )
    }

    fn raw_name(&self) -> &[u8] {
        self.pairs
            .iter()
            .find(|p| p.0 == NAME)
            .map_or(&[], |p| &p.1)
    }

    fn is_created(&self) -> bool {
        self.counts() && self.raw_name().ends_with(b"_created")
    }

    fn labels(&self) -> Vec<&(Vec<u8>, Vec<u8>)> {
        let ignored: &[u8] = match self.kind {
            MetricType::Histogram => b"le",
            MetricType::Summary => b"quantile",
            _ => NAME,
        };
        self.pairs
            .iter()
            .filter(|p| p.0 != NAME && p.0 != ignored)
            .collect()
    }

    fn belongs(&self) -> bool {
        unescape(self.raw_name(), true).starts_with(&self.family)
    }

    fn starts(&self, sample: &Entry) -> bool {
        unescape(self.raw_name(), true) == [&self.family[..], b"_created"].concat()
            && self.labels() == sample.labels()
    }

    fn millis(&self) -> i64 {
        match &self.item {
            Item::Sample(s) => (f64::from_bits(s.value) * 1000.0) as i64,
            _ => 0,
        }
    }
}

pub(super) fn resolve(mut entries: Vec<Entry>, options: &ParserOptions) -> Vec<Item> {
    if !options.start_timestamps {
        return entries.into_iter().map(|e| e.item).collect();
    }
    let is_meta = |e: &Entry| !matches!(e.item, Item::Sample(_));
    let mut found: Vec<i64> = Vec::new();
    // What was found last, until the next type line: the sample it was for.
    let mut memo: Option<(usize, i64)> = None;
    for (i, entry) in entries.iter().enumerate() {
        if matches!(entry.item, Item::Type(..)) {
            memo = None;
        }
        let mut st = 0;
        if entry.counts() && !entry.is_created() && entry.belongs() {
            let run = |e: &&Entry| !is_meta(e);
            let later = entries[i + 1..]
                .iter()
                .take_while(run)
                .find(|e| e.is_created());
            if options.st_anywhere {
                let start = entries[..i].iter().rposition(is_meta).map_or(0, |p| p + 1);
                let any = entries[start..]
                    .iter()
                    .take_while(run)
                    .find(|e| e.is_created() && e.starts(entry));
                st = any.map_or(0, Entry::millis);
            } else if let Some((j, known)) = memo
                && entries[j].labels() == entry.labels()
            {
                st = known;
            } else if let Some(created) = later
                && created.starts(entry)
            {
                st = created.millis();
                memo = Some((i, st));
            }
        }
        found.push(st);
    }
    for (entry, st) in entries.iter_mut().zip(found) {
        if let Item::Sample(s) = &mut entry.item {
            s.start_timestamp = st;
        }
    }
    entries
        .into_iter()
        .filter(|e| !e.is_created())
        .map(|e| e.item)
        .collect()
}
