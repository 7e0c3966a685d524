//! The head of a `MetricFamily` message: everything but its metrics, which may come before or after.

use super::wire::{Fault, Fields, Range, Result};
use crate::{ErrorClass, MetricType};

/// What a family says about itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Head {
    pub(super) name: Range,
    pub(super) help: Range,
    pub(super) unit: Range,
    pub(super) kind: Kind,
    /// Where the first metric's tag is, if there is any metric.
    pub(super) first_metric: Option<u32>,
}

/// The types that the wire knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kind {
    #[default]
    Counter,
    Gauge,
    Summary,
    Untyped,
    Histogram,
    GaugeHistogram,
}

impl Kind {
    fn from_wire(raw: u64) -> Option<Self> {
        Some(match raw as i32 {
            0 => Self::Counter,
            1 => Self::Gauge,
            2 => Self::Summary,
            3 => Self::Untyped,
            4 => Self::Histogram,
            5 => Self::GaugeHistogram,
            _ => return None,
        })
    }

    pub(super) fn metric_type(self) -> MetricType {
        match self {
            Self::Counter => MetricType::Counter,
            Self::Gauge => MetricType::Gauge,
            Self::Summary => MetricType::Summary,
            Self::Untyped => MetricType::Unknown,
            Self::Histogram => MetricType::Histogram,
            Self::GaugeHistogram => MetricType::GaugeHistogram,
        }
    }
}

const NAME: i32 = 1;
const HELP: i32 = 2;
const TYPE: i32 = 3;
pub(super) const METRIC: i32 = 4;
const UNIT: i32 = 5;

/// Reads the head, stepping over the metrics. A family without metrics is not checked further: it yields no
/// event, whatever its name is.
pub(super) fn head(message: &[u8], whole: Range) -> Result<Head> {
    let mut head = Head::default();
    let mut kind = (0u64, 0usize);
    let mut fields = Fields::new(message, whole);
    while let Some(tag) = fields.tag()? {
        match tag.number {
            METRIC => {
                fields.bytes(tag)?;
                head.first_metric.get_or_insert(tag.at as u32);
            }
            NAME => head.name = fields.bytes(tag)?,
            HELP => head.help = fields.bytes(tag)?,
            UNIT => head.unit = fields.bytes(tag)?,
            TYPE => kind = (fields.int(tag)?, tag.at),
            _ => fields.skip(tag)?,
        }
    }
    if head.first_metric.is_some() {
        let name = head.name.of(message);
        if name.is_empty() || core::str::from_utf8(name).is_err() {
            let message = "family name is empty or not valid UTF-8";
            return Err(Fault::new(
                ErrorClass::PbName,
                head.name.start as usize,
                message,
            ));
        }
        if core::str::from_utf8(head.help.of(message)).is_err() {
            return Err(Fault::new(
                ErrorClass::Utf8,
                head.help.start as usize,
                "help is not valid UTF-8",
            ));
        }
        head.kind = Kind::from_wire(kind.0)
            .ok_or_else(|| Fault::new(ErrorClass::PbType, kind.1, "unknown metric type"))?;
    }
    Ok(head)
}
