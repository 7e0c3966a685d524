//! One side (positive or negative) of a histogram: spans plus buckets, walked and rebuilt without caring
//! whether buckets are deltas or absolute counts.

use super::Span;
use alloc::vec::Vec;

/// A stored bucket: how it turns into an absolute count and back, given its predecessor's absolute count.
pub(crate) trait Bucket: Copy {
    /// The absolute count.
    type Abs: Copy + PartialEq;
    /// No observation.
    const ZERO: Self::Abs;
    /// Stored form to absolute count.
    fn absolute(previous: Self::Abs, stored: Self) -> Self::Abs;
    /// Absolute count to stored form.
    fn stored(previous: Self::Abs, absolute: Self::Abs) -> Self;
    /// Sum of two absolute counts.
    fn add(a: Self::Abs, b: Self::Abs) -> Self::Abs;
}

impl Bucket for i64 {
    type Abs = i64;
    const ZERO: i64 = 0;
    fn absolute(previous: i64, stored: i64) -> i64 {
        previous.wrapping_add(stored)
    }
    fn stored(previous: i64, absolute: i64) -> i64 {
        absolute.wrapping_sub(previous)
    }
    fn add(a: i64, b: i64) -> i64 {
        a.wrapping_add(b)
    }
}

impl Bucket for f64 {
    type Abs = f64;
    const ZERO: f64 = 0.0;
    fn absolute(_: f64, stored: f64) -> f64 {
        stored
    }
    fn stored(_: f64, absolute: f64) -> f64 {
        absolute
    }
    fn add(a: f64, b: f64) -> f64 {
        a + b
    }
}

/// Appends buckets in ascending index order to a pair of vectors, in compact form: empty buckets are left out
/// except runs of at most `max_empty` between two others.
pub(crate) struct SideBuilder<'a, B: Bucket> {
    spans: &'a mut Vec<Span>,
    buckets: &'a mut Vec<B>,
    max_empty: u32,
    /// Index after the last bucket written; 0 before the first, which makes the first offset absolute.
    end: i32,
    last: B::Abs,
}

impl<'a, B: Bucket> SideBuilder<'a, B> {
    /// Clears both vectors and starts.
    pub(crate) fn new(spans: &'a mut Vec<Span>, buckets: &'a mut Vec<B>, max_empty: u32) -> Self {
        spans.clear();
        buckets.clear();
        Self {
            spans,
            buckets,
            max_empty,
            end: 0,
            last: B::ZERO,
        }
    }

    /// The bucket with this index.
    pub(crate) fn push(&mut self, index: i32, count: B::Abs) {
        if count == B::ZERO {
            return;
        }
        let gap = index.wrapping_sub(self.end);
        match self.spans.last_mut() {
            Some(span) if (0..=i64::from(self.max_empty)).contains(&i64::from(gap)) => {
                for _ in 0..gap {
                    self.buckets.push(B::stored(self.last, B::ZERO));
                    self.last = B::ZERO;
                }
                span.length = span.length.wrapping_add(gap.unsigned_abs()).wrapping_add(1);
            }
            _ => self.spans.push(Span {
                offset: gap,
                length: 1,
            }),
        }
        self.buckets.push(B::stored(self.last, count));
        self.last = count;
        self.end = index.wrapping_add(1);
    }
}

/// Calls `f` with index and absolute count of every bucket that spans and buckets both know.
pub(crate) fn walk<B: Bucket>(spans: &[Span], buckets: &[B], mut f: impl FnMut(i32, B::Abs)) {
    let mut stored = buckets.iter();
    let mut index = 0i32;
    let mut absolute = B::ZERO;
    for span in spans {
        index = index.wrapping_add(span.offset);
        for _ in 0..span.length {
            let Some(bucket) = stored.next() else { return };
            absolute = B::absolute(absolute, *bucket);
            f(index, absolute);
            index = index.wrapping_add(1);
        }
    }
}

/// Whether [`compact`] would change nothing.
pub(crate) fn is_compact<B: Bucket>(spans: &[Span], buckets: &[B], max_empty: u32) -> bool {
    spans_are_compact(spans, max_empty) && none_empty(buckets)
}

/// Whether [`compact`] would leave the spans alone if no bucket is empty.
pub(crate) fn spans_are_compact(spans: &[Span], max_empty: u32) -> bool {
    let mergeable = |span: &Span| (0..=i64::from(max_empty)).contains(&i64::from(span.offset));
    !spans.iter().any(|span| span.length == 0) && !spans.iter().skip(1).any(mergeable)
}

/// Whether every bucket has an observation.
pub(crate) fn none_empty<B: Bucket>(buckets: &[B]) -> bool {
    let mut absolute = B::ZERO;
    buckets.iter().all(|bucket| {
        absolute = B::absolute(absolute, *bucket);
        absolute != B::ZERO
    })
}

/// Rewrites one side in compact form, see [`SideBuilder`].
pub(crate) fn compact<B: Bucket>(spans: &mut Vec<Span>, buckets: &mut Vec<B>, max_empty: u32) {
    if is_compact(spans, buckets, max_empty) {
        return;
    }
    let (mut new_spans, mut new_buckets) = (
        Vec::with_capacity(spans.len()),
        Vec::with_capacity(buckets.len()),
    );
    let mut builder = SideBuilder::new(&mut new_spans, &mut new_buckets, max_empty);
    walk(spans, buckets, |index, count| builder.push(index, count));
    *spans = new_spans;
    *buckets = new_buckets;
}

/// Merges buckets so that the resolution drops by `by` (each step halves it), in place. Buckets that spans do
/// not cover are dropped. Empty buckets inside spans stay, as upstream keeps them.
pub(crate) fn reduce<B: Bucket>(spans: &mut Vec<Span>, buckets: &mut Vec<B>, by: u32) {
    // Writing never overtakes reading: merging only joins buckets, and a gap in the target lies over a gap in
    // the source, so there are never more spans or buckets written than read.
    let (mut spans_out, mut buckets_out) = (0usize, 0usize);
    let mut read = 0usize;
    let mut source = 0i32;
    let mut source_abs = B::ZERO;
    let mut target_end = 0i32;
    let (mut previous, mut current) = (B::ZERO, B::ZERO);
    'spans: for i in 0..spans.len() {
        let span = spans[i];
        source = source.wrapping_add(span.offset);
        for _ in 0..span.length {
            if read == buckets.len() {
                break 'spans;
            }
            source_abs = B::absolute(source_abs, buckets[read]);
            read += 1;
            let target = reduced_index(source, by);
            source = source.wrapping_add(1);
            if buckets_out > 0 && target == target_end.wrapping_sub(1) {
                current = B::add(current, source_abs);
                buckets[buckets_out - 1] = B::stored(previous, current);
                continue;
            }
            if spans_out > 0 && target == target_end {
                spans[spans_out - 1].length += 1;
            } else {
                spans[spans_out] = Span {
                    offset: target.wrapping_sub(target_end),
                    length: 1,
                };
                spans_out += 1;
            }
            if buckets_out > 0 {
                previous = current;
            }
            current = source_abs;
            buckets[buckets_out] = B::stored(previous, current);
            buckets_out += 1;
            target_end = target.wrapping_add(1);
        }
    }
    spans.truncate(spans_out);
    buckets.truncate(buckets_out);
}

/// The bucket of the lower resolution that holds bucket `index`. Bucket i of schema s covers
/// (base^(i-1), base^i], so indices shift around 1.
fn reduced_index(index: i32, by: u32) -> i32 {
    (index.wrapping_sub(1) >> by.min(31)).wrapping_add(1)
}
