//! Exemplars, decoded only when somebody asks: a scrape that does not store them pays for their validation,
//! not for their labels.

use crate::event::LabelSink;
#[cfg(feature = "om2")]
use crate::om2;
use crate::parser::Cursor;
use crate::protobuf::{PbExemplar, PbExemplars};
use crate::text::exemplar::TextExemplar;

/// The exemplars of one sample: an iterator that borrows the input. Cheap to copy; empty for most samples.
#[derive(Debug, Clone, Copy, Default)]
pub struct Exemplars<'a>(pub(crate) Source<'a>);

/// Where the exemplars of a sample are. Small, because every sample carries one of these: what the cursor knows
/// is asked of the cursor.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Source<'a> {
    #[default]
    None,
    /// From `{` to the end of the line, validated.
    Text {
        bytes: &'a [u8],
        /// Labels are handed out without unescaping, as Prometheus does.
        raw: bool,
    },
    /// Those of a converted histogram, validated and copied, from this one on.
    Collected { cursor: &'a Cursor<'a>, next: u32 },
    /// On the wire of a protobuf metric, validated.
    Protobuf(PbExemplars<'a>),
    /// On a line of OpenMetrics 2.0, validated.
    #[cfg(feature = "om2")]
    OpenMetrics2(om2::Exemplars<'a>),
}

impl<'a> Exemplars<'a> {
    pub(crate) fn protobuf(list: PbExemplars<'a>) -> Self {
        Self(Source::Protobuf(list))
    }

    /// The text of the one exemplar of an OpenMetrics sample, from `{` to the end of the line; empty if there is
    /// none or it is not from there. For [`Cursor::expect_with_exemplar`].
    #[inline]
    pub fn text(&self) -> &'a [u8] {
        match self.0 {
            Source::Text { bytes, .. } => bytes,
            _ => &[],
        }
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        match self.0 {
            Source::None => true,
            Source::Text { .. } => false,
            Source::Collected { cursor, next } => {
                cursor.parser.nhcb.exemplar(next as usize).is_none()
            }
            Source::Protobuf(mut list) => list.next().is_none(),
            #[cfg(feature = "om2")]
            Source::OpenMetrics2(mut list) => list.next().is_none(),
        }
    }
}

impl<'a> Iterator for Exemplars<'a> {
    type Item = Exemplar<'a>;

    fn next(&mut self) -> Option<Exemplar<'a>> {
        if let Source::Protobuf(list) = &mut self.0 {
            return list.next().map(|e| Exemplar {
                value: e.point.value,
                timestamp: e.point.timestamp,
                labels: Labels::Protobuf(e),
            });
        }
        if let Source::Collected { cursor, next } = &mut self.0 {
            let parser = &cursor.parser;
            let bytes = parser.nhcb.exemplar(*next as usize)?;
            *next += 1;
            return decode_text(bytes, parser.options.raw_exemplars);
        }
        #[cfg(feature = "om2")]
        if let Source::OpenMetrics2(list) = &mut self.0 {
            return list.next().map(|e| Exemplar {
                value: e.value,
                timestamp: Some(e.timestamp),
                labels: Labels::OpenMetrics2(e),
            });
        }
        match core::mem::take(&mut self.0) {
            Source::Text { bytes, raw } => decode_text(bytes, raw),
            _ => None,
        }
    }
}

fn decode_text(bytes: &[u8], raw: bool) -> Option<Exemplar<'_>> {
    TextExemplar::decode(bytes, raw).map(|e| Exemplar {
        value: e.value,
        timestamp: e.timestamp,
        labels: Labels::Text(e),
    })
}

/// One exemplar.
#[derive(Debug, Clone, Copy)]
pub struct Exemplar<'a> {
    /// The observed value.
    pub value: f64,
    /// Milliseconds since the epoch, if the exemplar carries a timestamp.
    pub timestamp: Option<i64>,
    labels: Labels<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Labels<'a> {
    Text(TextExemplar<'a>),
    Protobuf(PbExemplar<'a>),
    #[cfg(feature = "om2")]
    OpenMetrics2(om2::Om2Exemplar<'a>),
}

impl Exemplar<'_> {
    /// Decodes the labels into `sink`, in the order of the exposition.
    pub fn labels(&self, sink: &mut impl LabelSink) {
        match &self.labels {
            Labels::Text(e) => e.labels(sink),
            Labels::Protobuf(e) => e.labels(sink),
            #[cfg(feature = "om2")]
            Labels::OpenMetrics2(e) => e.labels(sink),
        }
    }
}
