//! A body as metric families that own their parts: for tools, tests and anybody who wants the numbers rather
//! than the speed. The scrape path works on events instead and allocates nothing.

use alloc::{borrow::ToOwned, boxed::Box, format, string::String, string::ToString, vec::Vec};

#[cfg(test)]
mod tests;

use alloc::collections::BTreeMap;

use crate::histogram::{FloatHistogram, Histogram};
use crate::{
    ErrorClass, Event, Exemplars, Format, HistogramValue, LabelSink, METRIC_NAME, MetricType,
    ParseError, Parser, ParserOptions, Step,
};

/// Label names and values in the order of the exposition, the metric name not among them.
pub type LabelPairs = Vec<(String, String)>;

/// Samples that share metadata.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Family {
    /// Name of the family, without the suffixes of its samples.
    pub name: String,
    /// Type, unknown if the body does not say.
    pub kind: MetricType,
    /// Help, if the body has one.
    pub help: Option<String>,
    /// Unit, if the body has one.
    pub unit: Option<String>,
    /// The samples in the order of the exposition.
    pub samples: Vec<Sample>,
}

/// One sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Name as exposed, suffix included.
    pub name: String,
    /// The labels.
    pub labels: LabelPairs,
    /// The value.
    pub value: SampleValue,
    /// Milliseconds since the epoch, if the sample carries a timestamp.
    pub timestamp: Option<i64>,
    /// Start timestamp in milliseconds, if known.
    pub start_timestamp: Option<i64>,
    /// The exemplars.
    pub exemplars: Vec<OwnedExemplar>,
}

/// What a sample measures.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SampleValue {
    /// A number.
    Float(f64),
    /// A native histogram with integer counts.
    Histogram(Box<Histogram>),
    /// A native histogram with float counts.
    FloatHistogram(Box<FloatHistogram>),
}

/// An exemplar.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnedExemplar {
    /// Its labels.
    pub labels: LabelPairs,
    /// The observed value.
    pub value: f64,
    /// Milliseconds since the epoch, if it carries a timestamp.
    pub timestamp: Option<i64>,
}

/// Reads a whole body: native histograms kept, start timestamps found, everything else by default. Families
/// stand in the order of their first appearance.
///
/// # Errors
/// The body is malformed, or a name in it is not UTF-8.
///
/// # Examples
/// ```
/// use scrape_parse::families::{SampleValue, families};
/// use scrape_parse::{Format, MetricType};
///
/// let body = b"# HELP rpc_total Calls.\n# TYPE rpc_total counter\nrpc_total{code=\"200\"} 7\n";
/// let all = families(body, Format::Text)?;
/// assert_eq!(all[0].kind, MetricType::Counter);
/// assert_eq!(all[0].help.as_deref(), Some("Calls."));
/// assert_eq!(all[0].samples[0].labels, [("code".to_owned(), "200".to_owned())]);
/// assert_eq!(all[0].samples[0].value, SampleValue::Float(7.0));
/// # Ok::<(), scrape_parse::ParseError>(())
/// ```
pub fn families(body: &[u8], format: Format) -> Result<Vec<Family>, ParseError> {
    let options = ParserOptions {
        native_histograms: true,
        start_timestamps: true,
        ..ParserOptions::new(format)
    };
    families_with(body, options)
}

/// The same with options of one's own.
///
/// # Errors
/// As [`families`].
pub fn families_with(body: &[u8], options: ParserOptions) -> Result<Vec<Family>, ParseError> {
    let mut parser = Parser::new(options);
    let mut cursor = parser.feed(body, true);
    let mut collector = Collector::default();
    // A body that is complete never needs more.
    while let Step::Event(event) = cursor.next()? {
        collector.event(&event)?;
    }
    Ok(collector.families)
}

/// Suffixes of the samples of a type, longest family name first when several fit.
fn suffixes(kind: MetricType) -> &'static [&'static str] {
    match kind {
        MetricType::Counter => &["_total", "_created"],
        MetricType::Histogram => &["_bucket", "_sum", "_count", "_created"],
        MetricType::GaugeHistogram => &["_bucket", "_gsum", "_gcount", "_sum", "_count"],
        MetricType::Summary => &["_sum", "_count", "_created"],
        MetricType::Info => &["_info"],
        MetricType::Unknown | MetricType::Gauge | MetricType::StateSet => &[],
    }
}

#[derive(Default)]
struct Collector {
    families: Vec<Family>,
    by_name: BTreeMap<String, usize>,
}

impl Collector {
    fn event(&mut self, event: &Event<'_>) -> Result<(), ParseError> {
        match event {
            Event::Help { family, text } => {
                self.family(utf8(family)?).help = Some(text.to_string())
            }
            Event::Type { family, kind } => self.family(utf8(family)?).kind = *kind,
            Event::Unit { family, unit } => {
                self.family(utf8(family)?).unit = Some(unit.to_string())
            }
            Event::Comment(_) => {}
            Event::Series(s) => {
                let mut sink = Pairs::default();
                s.labels(&mut sink)?;
                let value = SampleValue::Float(s.value);
                self.sample(sink, value, s.timestamp, s.start_timestamp, s.exemplars)?;
            }
            Event::Histogram(h) => {
                let mut sink = Pairs::default();
                h.labels(&mut sink)?;
                let value = match h.value {
                    HistogramValue::Int(h) => SampleValue::Histogram(Box::new(h.clone())),
                    HistogramValue::Float(h) => SampleValue::FloatHistogram(Box::new(h.clone())),
                };
                self.sample(sink, value, h.timestamp, h.start_timestamp, h.exemplars)?;
            }
        }
        Ok(())
    }

    fn sample(
        &mut self,
        sink: Pairs,
        value: SampleValue,
        timestamp: Option<i64>,
        start_timestamp: i64,
        exemplars: Exemplars<'_>,
    ) -> Result<(), ParseError> {
        let (name, labels) = sink.finish()?;
        let mut owned = Vec::new();
        for e in exemplars {
            let mut sink = Pairs::default();
            e.labels(&mut sink);
            let (_, labels) = sink.finish()?;
            owned.push(OwnedExemplar {
                labels,
                value: e.value,
                timestamp: e.timestamp,
            });
        }
        let start_timestamp = (start_timestamp != 0).then_some(start_timestamp);
        let family = self.family_of(&name);
        family.samples.push(Sample {
            name,
            labels,
            value,
            timestamp,
            start_timestamp,
            exemplars: owned,
        });
        Ok(())
    }

    /// The family with this name, made if need be.
    fn family(&mut self, name: String) -> &mut Family {
        let next = self.families.len();
        let at = *self.by_name.entry(name.clone()).or_insert(next);
        if at == next {
            self.families.push(Family {
                name,
                ..Family::default()
            });
        }
        &mut self.families[at]
    }

    /// The declared family whose type allows a sample of this name, or one of its own.
    fn family_of(&mut self, sample: &str) -> &mut Family {
        let declared = |name: &str| {
            self.by_name
                .get(name)
                .map(|&at| (at, self.families[at].kind))
        };
        let at = sample
            .rfind('_')
            .map(|at| sample.split_at(at))
            .filter(|_| declared(sample).is_none())
            .and_then(|(base, suffix)| {
                declared(base)
                    .filter(|&(_, kind)| suffixes(kind).contains(&suffix))
                    .map(|(at, _)| at)
            });
        match at {
            Some(at) => &mut self.families[at],
            None => self.family(sample.to_owned()),
        }
    }
}

fn utf8(name: &[u8]) -> Result<String, ParseError> {
    String::from_utf8(name.to_vec()).map_err(|e| {
        let shown = name.escape_ascii();
        let at = e.utf8_error().valid_up_to();
        ParseError::bare(
            ErrorClass::Utf8,
            &format!("the name \"{shown}\" is not UTF-8 at byte {at}"),
        )
    })
}

/// Collects labels; the first thing wrong is kept for the end.
#[derive(Default)]
struct Pairs {
    name: String,
    labels: LabelPairs,
    failed: Option<ParseError>,
}

impl LabelSink for Pairs {
    fn label(&mut self, name: &[u8], value: &[u8]) {
        match (utf8(name), utf8(value)) {
            (Ok(_), Ok(value)) if name == METRIC_NAME => self.name = value,
            (Ok(name), Ok(value)) => self.labels.push((name, value)),
            (Err(e), _) | (_, Err(e)) => self.failed = Some(self.failed.take().unwrap_or(e)),
        }
    }
}

impl Pairs {
    fn finish(self) -> Result<(String, LabelPairs), ParseError> {
        match self.failed {
            Some(error) => Err(error),
            None => Ok((self.name, self.labels)),
        }
    }
}
