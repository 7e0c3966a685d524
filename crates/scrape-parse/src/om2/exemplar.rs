//! The exemplars of a line, validated with it; labels are decoded when somebody asks.

use super::Which;
use super::labels::{Place, label_set};
use crate::event::{LabelContext, LabelSink};
use crate::exemplar::Source;
use crate::labels::emit;
use crate::parser::{Cursor, Limits};

/// Those of one sample that are left to yield. Small, because every sample carries one of these.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exemplars<'a> {
    cursor: &'a Cursor<'a>,
    which: Which,
    next: u32,
}

/// The exemplars of the sample in hand.
#[inline]
pub(super) fn of<'a>(cursor: &'a Cursor<'_>, which: Which) -> crate::Exemplars<'a> {
    if which == Which::None || cursor.parser.om2.exemplars.is_empty() {
        return crate::Exemplars::default();
    }
    crate::Exemplars(Source::OpenMetrics2(Exemplars {
        cursor,
        which,
        next: 0,
    }))
}

impl Exemplars<'_> {
    /// Whether a value falls into the bucket asked for; NaN falls into the last one.
    fn wants(&self, value: f64) -> bool {
        let i = match self.which {
            Which::None => return false,
            Which::All => return true,
            Which::Bucket(i) => i as usize,
        };
        let buckets = &self.cursor.parser.om2.composite.pairs;
        let fits = |i: usize| buckets.get(i).is_some_and(|(bound, _)| value <= *bound);
        let is_last = i + 1 >= buckets.len();
        (is_last || fits(i)) && !i.checked_sub(1).is_some_and(fits)
    }
}

impl<'a> Iterator for Exemplars<'a> {
    type Item = Om2Exemplar<'a>;

    fn next(&mut self) -> Option<Om2Exemplar<'a>> {
        let state = &self.cursor.parser.om2;
        let line = self.cursor.input.get(state.line_start..)?;
        loop {
            let found = state.exemplars.get(self.next as usize)?;
            self.next += 1;
            if self.wants(found.value) {
                return Some(Om2Exemplar {
                    set: line.get(found.open as usize..found.labels_end as usize)?,
                    value: found.value,
                    timestamp: found.timestamp,
                });
            }
        }
    }
}

/// One exemplar whose labels are still text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Om2Exemplar<'a> {
    /// The label set with its braces.
    set: &'a [u8],
    pub(crate) value: f64,
    pub(crate) timestamp: i64,
}

impl Om2Exemplar<'_> {
    pub(crate) fn labels(&self, sink: &mut impl LabelSink) {
        let read = label_set(self.set, 1, Place::Exemplar, &Limits::default(), |span| {
            emit(self.set, &span, LabelContext::Other, sink);
        });
        debug_assert!(read.is_ok(), "the exemplar was validated");
    }
}
