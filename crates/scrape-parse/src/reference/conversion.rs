//! Conversion of classic histograms, the slow way: members are gathered from finished events.

use super::Labels;
use super::owned::{Owned, OwnedExemplar};
use super::protobuf::spans;
use crate::histogram::{CUSTOM_BUCKETS_SCHEMA, FloatHistogram, Histogram, ResetHint};
use crate::{MetricType, parse_go_float};
use std::collections::BTreeMap;

/// Classic buckets as a histogram with custom bounds, or `None` if they do not make one.
pub(crate) fn custom_buckets(
    buckets: Vec<(f64, f64)>,
    count: Option<f64>,
    sum: f64,
    reset_hint: ResetHint,
) -> Option<(String, u64)> {
    if buckets
        .iter()
        .any(|(bound, count)| bound.is_nan() || *count < 0.0)
        || count.is_some_and(|c| c < 0.0)
    {
        return None;
    }
    let mut sorted: Vec<(f64, f64)> = Vec::new();
    for (bound, count) in buckets {
        if !sorted.iter().any(|(known, _)| *known == bound) {
            sorted.push((bound, count));
        }
    }
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    if sorted.windows(2).any(|pair| pair[0].1 > pair[1].1) {
        return None;
    }
    let count = count.or(sorted.last().map(|last| last.1)).unwrap_or(0.0);
    if sorted.last().is_none_or(|last| last.0 != f64::INFINITY) {
        sorted.push((f64::INFINITY, count));
    }
    if sorted.last().is_none_or(|last| last.1 != count) {
        return None;
    }
    let custom_values: Vec<f64> = sorted
        .iter()
        .map(|b| b.0)
        .filter(|b| *b != f64::INFINITY)
        .collect();
    let integral = |v: f64| v < 9.2e18 && v.fract() == 0.0;
    let absolute: Vec<f64> = sorted
        .iter()
        .enumerate()
        .map(|(i, b)| if i == 0 { b.1 } else { b.1 - sorted[i - 1].1 })
        .collect();
    let base = FloatHistogram {
        reset_hint,
        schema: CUSTOM_BUCKETS_SCHEMA,
        count,
        sum,
        ..Default::default()
    };
    if sorted.iter().all(|b| integral(b.1)) {
        // Runs of at most two empty buckets stay.
        let whole: Vec<i64> = sorted
            .iter()
            .enumerate()
            .map(|(i, b)| b.1 as i64 - if i == 0 { 0 } else { sorted[i - 1].1 as i64 })
            .collect();
        let filled: Vec<usize> = (0..whole.len()).filter(|i| whole[*i] != 0).collect();
        let mut kept = BTreeMap::new();
        for (n, i) in filled.iter().enumerate() {
            if let Some(next) = filled.get(n + 1)
                && next - i <= 3
            {
                kept.extend((*i..*next).map(|j| (j as i32, whole[j])));
            }
            kept.insert(*i as i32, whole[*i]);
        }
        let mut previous = 0;
        let h = Histogram {
            reset_hint,
            schema: CUSTOM_BUCKETS_SCHEMA,
            count: count as u64,
            sum,
            positive_spans: spans(kept.keys().copied()),
            positive_buckets: kept
                .values()
                .map(|c| {
                    let d = c - previous;
                    previous = *c;
                    d
                })
                .collect(),
            custom_values,
            ..Default::default()
        };
        h.validate().ok()?;
        return Some((format!("{h:?}"), h.sum.to_bits()));
    }
    let kept: Vec<(i32, f64)> = absolute
        .iter()
        .enumerate()
        .filter(|(_, c)| **c != 0.0)
        .map(|(i, c)| (i as i32, *c))
        .collect();
    let h = FloatHistogram {
        positive_spans: spans(kept.iter().map(|(i, _)| *i)),
        positive_buckets: kept.iter().map(|(_, c)| *c).collect(),
        custom_values,
        ..base
    };
    h.validate().ok()?;
    Some((format!("{h:?}"), h.sum.to_bits()))
}

/// What the events of an unconverted body amount to.
pub(crate) fn naive(events: Vec<Owned>, keep_classic: bool) -> Vec<Owned> {
    struct Group {
        base: Vec<u8>,
        labels: Labels,
        buckets: Vec<(f64, f64)>,
        count: Option<f64>,
        sum: f64,
        timestamp: Option<i64>,
        start: i64,
        exemplars: Vec<OwnedExemplar>,
    }
    fn flush(group: &mut Option<Group>, out: &mut Vec<Owned>) {
        let Some(g) = group.take() else { return };
        if let Some(histogram) = custom_buckets(g.buckets, g.count, g.sum, ResetHint::Unknown) {
            let mut labels = vec![(b"__name__".to_vec(), g.base)];
            labels.extend(g.labels);
            let (timestamp, start, exemplars) = (g.timestamp, g.start, g.exemplars);
            out.push(Owned::Histogram {
                labels,
                histogram,
                timestamp,
                start,
                exemplars,
            });
        }
    }
    let mut out = Vec::new();
    let mut group: Option<Group> = None;
    let mut family: Option<Vec<u8>> = None;
    for event in events {
        let Owned::Series {
            labels,
            value,
            timestamp,
            start,
            exemplars,
        } = &event
        else {
            flush(&mut group, &mut out);
            if let Owned::Type(name, kind) = &event {
                family = Some(name.clone()).filter(|_| *kind == MetricType::Histogram);
            }
            out.push(event);
            continue;
        };
        let Some(family) = &family else {
            out.push(event);
            continue;
        };
        let find = |n: &[u8]| labels.iter().find(|l| l.0 == n).map(|l| l.1.clone());
        let name = find(b"__name__").unwrap_or_default();
        let suffixes: [&[u8]; 3] = [b"_bucket", b"_sum", b"_count"];
        let suffix = suffixes.iter().find(|s| name.ends_with(s));
        let base = name[..name.len() - suffix.map_or(0, |s| s.len())].to_vec();
        let mut rest: Labels = labels
            .iter()
            .filter(|l| l.0 != b"__name__" && l.0 != b"le")
            .cloned()
            .collect();
        rest.sort_by(|a, b| a.0.cmp(&b.0));
        if group
            .as_ref()
            .is_some_and(|g| g.base != base || g.labels != rest)
        {
            flush(&mut group, &mut out);
        }
        let bound = find(b"le")
            .and_then(|le| parse_go_float(&le))
            .filter(|b| !b.is_nan());
        let is_bucket = suffix.is_some_and(|s| *s == b"_bucket");
        if suffix.is_none() || base != *family || (is_bucket && bound.is_none()) {
            out.push(event);
            continue;
        }
        let value = f64::from_bits(*value);
        let g = group.get_or_insert_with(|| Group {
            base,
            labels: rest,
            buckets: Vec::new(),
            count: None,
            sum: 0.0,
            timestamp: *timestamp,
            start: *start,
            exemplars: Vec::new(),
        });
        g.exemplars.extend(exemplars.iter().cloned());
        match (suffix, bound) {
            (Some(s), Some(bound)) if *s == b"_bucket" => g.buckets.push((bound, value)),
            // A negative count spoils the group for good.
            (Some(s), _) if *s == b"_count" => {
                g.count = g.count.filter(|c| *c < 0.0).or(Some(value))
            }
            _ => g.sum = value,
        }
        if keep_classic {
            out.push(event);
        }
    }
    flush(&mut group, &mut out);
    out
}
