//! What a composite value yields, one event at a time.

use super::composite::Field;
use super::key::Part;
use super::{Entry, Fault, Parsed, State, Which, native};
use crate::protobuf::Flavour;
use crate::{ErrorClass, MetricType, ParserOptions};

/// What to yield next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Next {
    #[default]
    Done,
    Native(Flavour),
    Count,
    Sum,
    Bucket(u32),
    Quantile(u32),
    Nhcb,
}

impl State {
    /// Decides what the composite value just read yields first, and checks what can be checked now.
    pub(super) fn start(&mut self, options: &ParserOptions) -> Parsed<()> {
        let classic_alone = !options.nhcb || options.keep_classic;
        self.next = if self.yields_native(options) {
            let gauge = self.kind == MetricType::GaugeHistogram;
            Next::Native(native::build(&self.composite, gauge, &mut self.native)?)
        } else if self.kind == MetricType::Summary || classic_alone {
            Next::Count
        } else {
            Next::Nhcb
        };
        Ok(())
    }

    fn yields_native(&self, options: &ParserOptions) -> bool {
        options.native_histograms && self.composite.has(Field::Schema)
    }

    /// The next event of the line; `None` if there is none left.
    pub(super) fn step<'p>(&mut self, options: &ParserOptions) -> Parsed<Option<Entry<'p>>> {
        let gauge = self.kind == MetricType::GaugeHistogram;
        let summary = self.kind == MetricType::Summary;
        let entry = match self.next {
            Next::Done => return Ok(None),
            Next::Native(flavour) => {
                let classic_too = options.keep_classic && self.composite.has(Field::Bucket);
                self.next = if classic_too { Next::Count } else { Next::Done };
                self.key.finish(Part::Native);
                Entry::Histogram(flavour)
            }
            Next::Count => {
                self.next = Next::Sum;
                self.key
                    .finish(if gauge { Part::GCount } else { Part::Count });
                // A summary has no bucket that an exemplar could go with.
                let exemplars = if summary { Which::All } else { Which::None };
                let value = self.composite.count.value;
                Entry::Member { value, exemplars }
            }
            Next::Sum => {
                self.next = match summary {
                    true if self.composite.pairs.is_empty() => Next::Done,
                    true => Next::Quantile(0),
                    false => Next::Bucket(0),
                };
                self.key.finish(if gauge { Part::GSum } else { Part::Sum });
                member(self.composite.sum)
            }
            Next::Quantile(i) => {
                let (quantile, value) = self.pair(i);
                self.next = if i as usize + 1 < self.composite.pairs.len() {
                    Next::Quantile(i + 1)
                } else {
                    Next::Done
                };
                self.key.finish_bound(Part::Quantile, quantile);
                member(value)
            }
            Next::Bucket(i) => {
                let (bound, value) = self.pair(i);
                self.next = if i as usize + 1 < self.composite.pairs.len() {
                    Next::Bucket(i + 1)
                } else if options.nhcb && !self.yields_native(options) {
                    Next::Nhcb
                } else {
                    Next::Done
                };
                self.key.finish_bound(Part::Bucket, bound);
                Entry::Member {
                    value,
                    exemplars: Which::Bucket(i),
                }
            }
            Next::Nhcb => {
                self.next = Next::Done;
                self.key.finish(Part::Native);
                Entry::Histogram(self.converted(gauge)?)
            }
        };
        Ok(Some(entry))
    }

    /// A classic bucket or quantile. A native histogram without classic buckets, shown as a classic one, has the
    /// bucket that holds everything.
    fn pair(&self, i: u32) -> (f64, f64) {
        let everything = (f64::INFINITY, self.composite.count.value);
        let pair = self.composite.pairs.get(i as usize);
        pair.copied().unwrap_or(everything)
    }

    /// The histogram with custom buckets that the classic buckets amount to.
    fn converted(&mut self, gauge: bool) -> Parsed<Flavour> {
        self.nhcb.clear();
        self.nhcb.set_count(self.composite.count.value);
        self.nhcb.set_sum(self.composite.sum);
        for (bound, count) in &self.composite.pairs {
            self.nhcb.add_bucket(*bound, *count);
        }
        let converted = self.nhcb.convert(gauge, &mut self.native);
        converted.map_err(|error| Fault {
            class: ErrorClass::Nhcb,
            message: error.message(),
            at: self.composite.open,
        })
    }
}

fn member<'p>(value: f64) -> Entry<'p> {
    Entry::Member {
        value,
        exemplars: Which::None,
    }
}
