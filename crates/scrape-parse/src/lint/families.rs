//! Families as a body declares and uses them.

use crate::event::{Event, METRIC_NAME, Step};
use crate::{Format, LabelContext, MetricType, ParseError, Parser, ParserOptions, decode_key};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A metric family: its metadata and which labels its series carry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Family {
    /// Name; bytes that are not UTF-8 are replaced.
    pub name: String,
    /// The declared type, if any.
    pub kind: Option<MetricType>,
    /// The help text, if there is a HELP line.
    pub help: Option<String>,
    /// The unit, if there is a UNIT line.
    pub unit: Option<String>,
    /// Names of the labels of its series, `le` of buckets and `quantile` of summaries left out.
    pub labels: BTreeSet<String>,
    /// Samples, histogram and summary members each for itself.
    pub samples: usize,
    /// Whether two samples of one name have the same labels and timestamp.
    pub repeated: bool,
}

/// The families of a body, by name. A native histogram counts as one sample.
///
/// # Errors
/// The body does not parse.
pub fn families(body: &[u8], format: Format) -> Result<Vec<Family>, ParseError> {
    let options = ParserOptions {
        native_histograms: true,
        ..ParserOptions::new(format)
    };
    let mut parser = Parser::new(options);
    let mut cursor = parser.feed(body, true);
    let mut families = Table::default();
    let mut labels: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    loop {
        match cursor.next()? {
            Step::NeedMore | Step::Eof => break,
            Step::Event(Event::Help { family, text }) => {
                // Protobuf does not tell an absent help from an empty one.
                let given = format != Format::Protobuf || !text.is_empty();
                families.declare(&family).help = given.then(|| text.into_owned());
            }
            Step::Event(Event::Type { family, kind }) => {
                families.owners.declare(&family, kind);
                families.declare(&family).kind = Some(kind);
            }
            Step::Event(Event::Unit { family, unit }) => {
                families.declare(&family).unit = Some(unit.into_owned());
            }
            Step::Event(Event::Comment(_)) => {}
            Step::Event(Event::Series(series)) => {
                labels.clear();
                decode_key(format, series.key, LabelContext::Other, &mut labels)?;
                families.sample(&mut labels, series.timestamp, format);
            }
            Step::Event(Event::Histogram(series)) => {
                labels.clear();
                series.labels(&mut labels)?;
                families.sample(&mut labels, series.timestamp, format);
            }
        }
    }
    Ok(families
        .rows
        .into_values()
        .filter(|family| !is_empty(family, format))
        .collect())
}

/// Upstream's text parser forgets families that are declared but have no samples.
fn is_empty(family: &Family, format: Format) -> bool {
    family.samples == 0 && format == Format::Text
}

/// Types by family, and which sample belongs to which.
#[derive(Debug, Default)]
pub(super) struct Owners(HashMap<Vec<u8>, MetricType>);

impl Owners {
    pub(super) fn declare(&mut self, family: &[u8], kind: MetricType) {
        self.0.insert(family.to_vec(), kind);
    }

    /// The family that a sample belongs to, and the label that only tells the members of its metric apart.
    pub(super) fn of(&self, name: &[u8], format: Format) -> (Vec<u8>, Option<&'static [u8]>) {
        use MetricType::{Counter, GaugeHistogram, Histogram, Info, Summary};
        if self.0.get(name) == Some(&Summary) {
            return (name.to_vec(), Some(b"quantile"));
        }
        let openmetrics = matches!(format, Format::OpenMetrics | Format::OpenMetrics2);
        let suffixes: [(&[u8], &[MetricType], bool); 8] = [
            (b"_bucket", &[Histogram, GaugeHistogram], true),
            (b"_count", &[Histogram, GaugeHistogram, Summary], true),
            (b"_sum", &[Histogram, GaugeHistogram, Summary], true),
            (b"_gcount", &[GaugeHistogram], openmetrics),
            (b"_gsum", &[GaugeHistogram], openmetrics),
            (b"_total", &[Counter], openmetrics),
            (b"_info", &[Info], openmetrics),
            (b"_created", &[Counter, Histogram, Summary], openmetrics),
        ];
        for (suffix, kinds, known) in suffixes {
            let Some(base) = name.strip_suffix(suffix).filter(|_| known) else {
                continue;
            };
            if self.0.get(base).is_some_and(|kind| kinds.contains(kind)) {
                let hidden: Option<&'static [u8]> = if suffix == b"_bucket" {
                    Some(b"le")
                } else {
                    None
                };
                return (base.to_vec(), hidden);
            }
        }
        (name.to_vec(), None)
    }
}

/// A fixed hash of sorted labels.
pub(super) fn hash(labels: &[(Vec<u8>, Vec<u8>)]) -> u64 {
    let mut hasher = DefaultHasher::new();
    labels.hash(&mut hasher);
    hasher.finish()
}

#[derive(Debug, Default)]
struct Table {
    rows: BTreeMap<Vec<u8>, Family>,
    owners: Owners,
    /// Samples met: hash of name and labels, and timestamp.
    seen: HashSet<(u64, Option<i64>)>,
}

impl Table {
    fn declare(&mut self, name: &[u8]) -> &mut Family {
        self.rows.entry(name.to_vec()).or_insert_with(|| Family {
            name: String::from_utf8_lossy(name).into_owned(),
            ..Family::default()
        })
    }

    fn sample(
        &mut self,
        labels: &mut [(Vec<u8>, Vec<u8>)],
        timestamp: Option<i64>,
        format: Format,
    ) {
        labels.sort();
        let name = labels
            .iter()
            .find(|label| label.0 == METRIC_NAME)
            .map(|label| label.1.as_slice());
        let (owner, hidden) = self.owners.of(name.unwrap_or_default(), format);
        let repeated = !self.seen.insert((hash(labels), timestamp));
        let family = self.declare(&owner);
        family.samples += 1;
        family.repeated |= repeated;
        for (label, _) in labels.iter() {
            let shown = label != METRIC_NAME && Some(label.as_slice()) != hidden;
            if shown && !family.labels.contains(&*String::from_utf8_lossy(label)) {
                family
                    .labels
                    .insert(String::from_utf8_lossy(label).into_owned());
            }
        }
    }
}
