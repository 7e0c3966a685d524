//! What a message yields, one event after another: its head, then metric by metric the series of its type.

use super::exemplar::Time;
use super::family::{Kind, METRIC};
use super::key::Part;
use super::native::{self, Flavour};
use super::wire::{Fault, Fields, Range};
use super::{Current, Decoder, Source, What};
use crate::ErrorClass;
use crate::parser::ParserOptions;

/// What to yield next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Next {
    #[default]
    Help,
    Unit,
    Type,
    Metric,
    SummarySum,
    Quantile(u32),
    ClassicCount,
    ClassicSum,
    ClassicBucket(u32),
    Nhcb,
}

/// Stands for the number of a bucket where there is none.
const NO_BUCKET: u32 = u32::MAX;

impl Decoder {
    /// Gets the next thing that the current message holds into `shown`. False at its end.
    #[inline]
    pub(super) fn step(&mut self, message: &[u8], options: &ParserOptions) -> Result<bool, Fault> {
        let head = self.current.head;
        self.shown = match self.current.next {
            Next::Help => {
                self.current.next = if head.unit.is_empty() {
                    Next::Type
                } else {
                    Next::Unit
                };
                What::Help(head.name, head.help)
            }
            Next::Unit => {
                self.current.next = Next::Type;
                What::Unit(head.name, head.unit)
            }
            Next::Type => {
                self.current.next = Next::Metric;
                What::Type(head.name, head.kind)
            }
            Next::Metric => {
                let Some(range) = next_metric(message, &mut self.current)? else {
                    return Ok(false);
                };
                self.metric_at = range.start;
                self.metric.read(message, range)?;
                self.key.start_metric(message, &self.metric.labels);
                self.labels.forget();
                self.timestamp = Some(self.metric.timestamp_ms).filter(|t| *t != 0);
                self.first_of_metric(options)?
            }
            Next::SummarySum => {
                self.current.next = self.quantile_or_next(0);
                self.classic(Part::Sum, self.metric.summary.sum, options)
            }
            Next::Quantile(i) => {
                self.current.next = self.quantile_or_next(i + 1);
                let (quantile, value) = self.metric.summary.quantiles[i as usize];
                self.key.finish_bound(Part::Quantile, quantile);
                What::Series {
                    value: number(value, options),
                    exemplar: Source::None,
                }
            }
            Next::ClassicCount => {
                self.current.next = Next::ClassicSum;
                self.classic(Part::Count, self.metric.histogram.count(), options)
            }
            Next::ClassicSum => {
                self.current.next = Next::ClassicBucket(0);
                self.find_exemplar(0);
                self.classic(Part::Sum, self.metric.histogram.sum, options)
            }
            Next::ClassicBucket(i) => self.bucket(i, options),
            Next::Nhcb => {
                self.current.next = Next::Metric;
                self.converted(options)?
            }
        };
        Ok(true)
    }

    fn classic(&mut self, part: Part, value: f64, options: &ParserOptions) -> What {
        self.key.finish(part);
        What::Series {
            value: number(value, options),
            exemplar: Source::None,
        }
    }

    /// A bucket between two others, without exemplar: all that is left to do is to take it out of the scratch.
    /// `None` if the next event is anything else.
    #[inline(always)]
    pub(super) fn inner_bucket(&mut self, options: &ParserOptions) -> Option<f64> {
        let Next::ClassicBucket(i @ 1..) = self.current.next else {
            return None;
        };
        if self.held {
            return None;
        }
        let bucket = self.metric.histogram.buckets.get(i as usize)?;
        if bucket.bound == f64::INFINITY || i == self.exemplar_at {
            return None;
        }
        let value = number(bucket.value, options);
        self.key.next_bound(bucket.bound);
        self.current.next = Next::ClassicBucket(i + 1);
        Some(value)
    }

    fn bucket(&mut self, i: u32, options: &ParserOptions) -> What {
        let histogram = &self.metric.histogram;
        let (bound, value) = match histogram.buckets.get(i as usize) {
            Some(bucket) => (bucket.bound, bucket.value),
            None => (f64::INFINITY, histogram.count()),
        };
        let exemplar = if i == self.exemplar_at {
            let source = Source::Bucket(self.exemplar);
            self.find_exemplar(self.exemplar + 1);
            source
        } else {
            Source::None
        };
        self.key.finish_bound(Part::Bucket, bound);
        self.current.next = if bound != f64::INFINITY {
            Next::ClassicBucket(i + 1)
        } else if options.nhcb && !self.native_yielded {
            Next::Nhcb
        } else {
            Next::Metric
        };
        What::Series {
            value: number(value, options),
            exemplar,
        }
    }

    /// Notes which bucket has the exemplar at `position` of their list.
    fn find_exemplar(&mut self, position: u32) {
        let list = &self.metric.histogram.bucket_exemplars;
        self.exemplar = position;
        self.exemplar_at = list.get(position as usize).map_or(NO_BUCKET, |(at, _)| *at);
    }

    /// The first event of the metric just read.
    #[inline]
    fn first_of_metric(&mut self, options: &ParserOptions) -> Result<What, Fault> {
        let metric = &self.metric;
        let start = match self.current.head.kind {
            Kind::Counter => metric.counter.start,
            Kind::Summary => metric.summary.start,
            Kind::Histogram | Kind::GaugeHistogram => metric.histogram.start,
            Kind::Gauge | Kind::Untyped => None,
        };
        self.start = start.map_or(0, Time::millis);
        self.current.next = Next::Metric;
        let (value, exemplar) = match self.current.head.kind {
            Kind::Gauge => (metric.gauge, Source::None),
            Kind::Untyped => (metric.untyped, Source::None),
            Kind::Counter if metric.counter_exemplar.is_empty() => {
                (metric.counter.value, Source::None)
            }
            Kind::Counter => (metric.counter.value, Source::Counter),
            Kind::Summary => {
                self.current.next = Next::SummarySum;
                self.key.finish(Part::Count);
                let value = number(self.metric.summary.count as f64, options);
                return Ok(What::Series {
                    value,
                    exemplar: Source::None,
                });
            }
            Kind::Histogram | Kind::GaugeHistogram => {
                self.native_yielded = options.native_histograms && metric.histogram.is_native();
                if self.native_yielded {
                    return self.native(options);
                }
                if options.nhcb && !options.keep_classic {
                    return self.converted(options);
                }
                self.current.next = Next::ClassicSum;
                self.key.finish(Part::Count);
                let value = number(self.metric.histogram.count(), options);
                return Ok(What::Series {
                    value,
                    exemplar: Source::None,
                });
            }
        };
        self.key.finish(Part::Plain);
        Ok(What::Series {
            value: number(value, options),
            exemplar,
        })
    }

    fn native(&mut self, options: &ParserOptions) -> Result<What, Fault> {
        let histogram = &mut self.metric.histogram;
        let gauge = self.current.head.kind == Kind::GaugeHistogram;
        let flavour = native::build(histogram, gauge, self.metric_at as usize, &mut self.native)?;
        if options.canonical_nan {
            match flavour {
                Flavour::Int => self.native.int.sum = canonical(self.native.int.sum),
                Flavour::Float => canonical_float(&mut self.native.float),
            }
        }
        self.key.finish(Part::Native);
        let classic_too = options.keep_classic && !histogram.buckets.is_empty();
        self.current.next = if classic_too {
            Next::ClassicCount
        } else {
            Next::Metric
        };
        Ok(What::Histogram {
            flavour,
            exemplar: Source::Native,
        })
    }

    /// The histogram with custom buckets that the classic buckets amount to.
    fn converted(&mut self, options: &ParserOptions) -> Result<What, Fault> {
        let histogram = &self.metric.histogram;
        self.nhcb.clear();
        self.nhcb.set_count(histogram.count());
        self.nhcb.set_sum(number(histogram.sum, options));
        for bucket in &histogram.buckets {
            self.nhcb.add_bucket(bucket.bound, bucket.value);
        }
        let gauge = self.current.head.kind == Kind::GaugeHistogram;
        let flavour = self
            .nhcb
            .convert(gauge, &mut self.native)
            .map_err(|error| {
                Fault::new(ErrorClass::Nhcb, self.metric_at as usize, error.message())
            })?;
        self.key.finish(Part::Native);
        Ok(What::Histogram {
            flavour,
            exemplar: Source::AllBuckets,
        })
    }

    fn quantile_or_next(&self, i: u32) -> Next {
        if (i as usize) < self.metric.summary.quantiles.len() {
            Next::Quantile(i)
        } else {
            Next::Metric
        }
    }
}

/// Finds the next metric field. The head has been read, so the fields are known to be well-formed.
fn next_metric(message: &[u8], current: &mut Current) -> Result<Option<Range>, Fault> {
    let mut fields = Fields::new(
        message,
        Range {
            start: current.rest,
            end: current.length,
        },
    );
    while let Some(tag) = fields.tag()? {
        if tag.number == METRIC {
            let range = fields.bytes(tag)?;
            current.rest = range.end;
            return Ok(Some(range));
        }
        fields.skip(tag)?;
    }
    current.rest = current.length;
    Ok(None)
}

/// Every NaN becomes the ordinary one, so that no target can pass off the stale marker as a value.
#[inline]
pub(super) fn canonical(value: f64) -> f64 {
    if value.is_nan() {
        crate::number::NAN
    } else {
        value
    }
}

/// The value as it is yielded.
#[inline]
fn number(value: f64, options: &ParserOptions) -> f64 {
    if options.canonical_nan {
        canonical(value)
    } else {
        value
    }
}

fn canonical_float(h: &mut crate::histogram::FloatHistogram) {
    for value in [&mut h.sum, &mut h.count, &mut h.zero_count] {
        *value = canonical(*value);
    }
    for value in h.positive_buckets.iter_mut().chain(&mut h.negative_buckets) {
        *value = canonical(*value);
    }
}
