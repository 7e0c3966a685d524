//! Since when a cumulative series counts, worked out from its values when the exposition does not say.
//!
//! The first value is an anchor: it is not stored, later values are stored as the difference to it, with the
//! time of the anchor as start. When a value drops, the series began anew: the anchor is zero and the start is
//! put one millisecond before the value that showed it, the latest moment that is certainly not wrong.

use crate::histogram::{FloatHistogram, Histogram, ResetHint, Span};
use crate::ports::append::Value;
use scrape_parse::MetricType;

/// What is remembered of one series.
#[derive(Debug)]
pub(crate) enum Start {
    /// Not cumulative under this family type (the quantiles of a summary).
    NotCumulative(MetricType),
    Float {
        previous: f64,
        anchor: f64,
        st: i64,
    },
    Histogram(Box<HistogramStart<Histogram>>),
    FloatHistogram(Box<HistogramStart<FloatHistogram>>),
}

#[derive(Debug)]
pub(crate) struct HistogramStart<H> {
    previous: H,
    /// `None`: zero.
    anchor: Option<H>,
    st: i64,
}

/// A value with its anchor taken off.
#[derive(Debug)]
pub(crate) enum Relative {
    Float(f64),
    Histogram(Histogram),
    FloatHistogram(FloatHistogram),
}

impl Relative {
    pub(crate) fn as_value(&self) -> Value<'_> {
        match self {
            Self::Float(v) => Value::Float(*v),
            Self::Histogram(h) => Value::Histogram(h),
            Self::FloatHistogram(h) => Value::FloatHistogram(h),
        }
    }
}

/// What to do with a value.
#[derive(Debug)]
pub(crate) enum Next {
    /// It cannot be related to the anchor: it is the new one.
    Anchor,
    /// It is not newer than the anchor.
    Late,
    /// Store this, with this start.
    Store { value: Relative, st: i64 },
}

impl Start {
    /// The state after the first value, at `t`.
    pub(crate) fn first(value: Value<'_>, t: i64) -> Self {
        match value {
            Value::Float(v) => Self::Float {
                previous: v,
                anchor: v,
                st: t,
            },
            Value::Histogram(h) => Self::Histogram(HistogramStart::first(h, t)),
            Value::FloatHistogram(h) => Self::FloatHistogram(HistogramStart::first(h, t)),
        }
    }

    /// Takes the next value, at `t`.
    pub(crate) fn next(&mut self, value: Value<'_>, t: i64) -> Next {
        let next = match (&mut *self, value) {
            (
                Self::Float {
                    previous,
                    anchor,
                    st,
                },
                Value::Float(v),
            ) => next_float(previous, anchor, st, v, t),
            (Self::Histogram(s), Value::Histogram(h)) => match s.next(h, t) {
                Some(value) => store(Relative::Histogram(value), s.st, t),
                None => Next::Anchor,
            },
            (Self::FloatHistogram(s), Value::FloatHistogram(h)) => match s.next(h, t) {
                Some(value) => store(Relative::FloatHistogram(value), s.st, t),
                None => Next::Anchor,
            },
            _ => Next::Anchor,
        };
        if matches!(next, Next::Anchor) {
            *self = Self::first(value, t);
        }
        next
    }
}

fn store(value: Relative, st: i64, t: i64) -> Next {
    if t <= st {
        Next::Late
    } else {
        Next::Store { value, st }
    }
}

fn next_float(previous: &mut f64, anchor: &mut f64, st: &mut i64, v: f64, t: i64) -> Next {
    if t <= *st {
        return Next::Late;
    }
    if v < *previous {
        *anchor = 0.0;
        *st = t.saturating_sub(1);
    }
    *previous = v;
    store(Relative::Float(v - *anchor), *st, t)
}

/// The two flavours of histogram, as far as anchors are concerned.
pub(crate) trait Cumulative: Clone {
    fn layout(&self) -> Layout<'_>;
    /// Whether this is less than `other` in any respect: then observations were lost in between.
    fn fell_below(&self, other: &Self) -> bool;
    fn reduced_to(&self, schema: i32) -> Self;
    /// `self - anchor`; the buckets of `anchor` are among those of `self`.
    fn minus(&self, anchor: &Self) -> Self;
}

pub(crate) struct Layout<'a> {
    hint: ResetHint,
    schema: i32,
    zero_threshold: f64,
    bounds: &'a [f64],
}

impl<H: Cumulative> HistogramStart<H> {
    fn first(h: &H, t: i64) -> Box<Self> {
        Box::new(Self {
            previous: h.clone(),
            anchor: Some(h.clone()),
            st: t,
        })
    }

    /// The histogram to store; `None` when it has no common measure with its predecessor.
    fn next(&mut self, h: &H, t: i64) -> Option<H> {
        let (now, before) = (h.layout(), self.previous.layout());
        let comparable = now.schema <= before.schema
            && now.zero_threshold.to_bits() == before.zero_threshold.to_bits()
            && now.bounds == before.bounds;
        if now.hint == ResetHint::Gauge || (!comparable && now.hint != ResetHint::Reset) {
            return None;
        }
        let schema = now.schema;
        if now.hint == ResetHint::Reset || h.fell_below(&self.previous.reduced_to(schema)) {
            self.anchor = None;
            self.st = t.saturating_sub(1);
        }
        self.previous = h.clone();
        Some(match &self.anchor {
            Some(anchor) => h.minus(&anchor.reduced_to(schema)),
            None => h.clone(),
        })
    }
}

macro_rules! cumulative {
    ($type:ty, $absolute:path, $relative:path) => {
        impl Cumulative for $type {
            fn layout(&self) -> Layout<'_> {
                Layout {
                    hint: self.reset_hint,
                    schema: self.schema,
                    zero_threshold: self.zero_threshold,
                    bounds: &self.custom_values,
                }
            }

            fn fell_below(&self, other: &Self) -> bool {
                let side = |spans: &[Span], buckets, other_spans: &[Span], other_buckets| {
                    fell_below(
                        spans,
                        &$absolute(buckets),
                        other_spans,
                        &$absolute(other_buckets),
                    )
                };
                self.count < other.count
                    || self.zero_count < other.zero_count
                    || side(
                        &self.positive_spans,
                        &self.positive_buckets,
                        &other.positive_spans,
                        &other.positive_buckets,
                    )
                    || side(
                        &self.negative_spans,
                        &self.negative_buckets,
                        &other.negative_spans,
                        &other.negative_buckets,
                    )
            }

            fn reduced_to(&self, schema: i32) -> Self {
                let mut h = self.clone();
                h.reduce_resolution(schema);
                h
            }

            fn minus(&self, anchor: &Self) -> Self {
                let mut h = self.clone();
                h.count -= anchor.count;
                h.zero_count -= anchor.zero_count;
                h.sum -= anchor.sum;
                let mut positive = $absolute(&h.positive_buckets);
                let taken = $absolute(&anchor.positive_buckets);
                subtract(
                    &h.positive_spans,
                    &mut positive,
                    &anchor.positive_spans,
                    &taken,
                );
                h.positive_buckets = $relative(positive);
                let mut negative = $absolute(&h.negative_buckets);
                let taken = $absolute(&anchor.negative_buckets);
                subtract(
                    &h.negative_spans,
                    &mut negative,
                    &anchor.negative_spans,
                    &taken,
                );
                h.negative_buckets = $relative(negative);
                h.compact(0);
                h
            }
        }
    };
}

cumulative!(Histogram, summed, differences);
cumulative!(FloatHistogram, copied, std::convert::identity);

fn copied(counts: &[f64]) -> Vec<f64> {
    counts.to_vec()
}

fn summed(deltas: &[i64]) -> Vec<i64> {
    let mut count = 0i64;
    let sum = |d: &i64| {
        count = count.wrapping_add(*d);
        count
    };
    deltas.iter().map(sum).collect()
}

fn differences(mut counts: Vec<i64>) -> Vec<i64> {
    let mut last = 0i64;
    for c in &mut counts {
        let absolute = *c;
        *c = absolute.wrapping_sub(last);
        last = absolute;
    }
    counts
}

/// The index of every bucket that the spans describe, in order.
fn indices(spans: &[Span]) -> impl Iterator<Item = i64> + '_ {
    let mut next = 0i64;
    spans.iter().flat_map(move |s| {
        let from = next + i64::from(s.offset);
        next = from + i64::from(s.length);
        from..next
    })
}

fn fell_below<T: Copy + PartialOrd + Default>(
    spans: &[Span],
    counts: &[T],
    other_spans: &[Span],
    other: &[T],
) -> bool {
    let mut mine = indices(spans).zip(counts).peekable();
    indices(other_spans).zip(other).any(|(i, was)| {
        while mine.next_if(|(j, _)| *j < i).is_some() {}
        let is = mine
            .next_if(|(j, _)| *j == i)
            .map_or(T::default(), |(_, c)| *c);
        is < *was
    })
}

fn subtract<T: Copy + std::ops::Sub<Output = T>>(
    spans: &[Span],
    counts: &mut [T],
    other_spans: &[Span],
    other: &[T],
) {
    let mut taken = indices(other_spans).zip(other).peekable();
    for (i, count) in indices(spans).zip(counts) {
        while taken.next_if(|(j, _)| *j < i).is_some() {}
        if let Some((_, was)) = taken.next_if(|(j, _)| *j == i) {
            *count = *count - *was;
        }
    }
}

#[cfg(test)]
mod tests;
