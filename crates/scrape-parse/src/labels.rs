//! Decoded labels from validated keys: unescaping, the metric name wherever it stands, and the canonical text
//! of `le` and `quantile`. Full parsing leaves spans behind, so decoding does not tokenise twice; a stored key
//! is tokenised again, which is the rare path.

use crate::ParseError;
use crate::event::{LabelContext, LabelSink, METRIC_NAME};
use crate::format::Format;
use crate::number::OmFloat;
use crate::om2;
use crate::protobuf::{self, PbLabels};
use crate::text;
use crate::unescape::unescape_label;

/// One item of a label set as offsets into its key, quotes excluded. `name_start == name_end == 0` marks the
/// metric name, whose text is then the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LabelSpan {
    pub(crate) name: (u32, u32),
    pub(crate) value: (u32, u32),
    pub(crate) name_escaped: bool,
    pub(crate) value_escaped: bool,
}

impl LabelSpan {
    pub(crate) const NO_NAME: (u32, u32) = (0, 0);
}

/// Where the labels of an event are, beside its key. Small, because every series carries one of these.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LabelsRef<'a> {
    /// The spans that full parsing found in a text key.
    Spans(&'a [LabelSpan]),
    /// A key to tokenise again, by [`decode_key`] of this format.
    Key(Format),
    /// A composed key of the protobuf format.
    Protobuf(PbLabels<'a>),
}

impl LabelsRef<'_> {
    #[inline]
    pub(crate) fn decode(
        self,
        key: &[u8],
        context: LabelContext,
        sink: &mut impl LabelSink,
    ) -> Result<(), ParseError> {
        match self {
            Self::Spans(spans) => {
                for span in spans {
                    emit(key, span, context, sink);
                }
                Ok(())
            }
            Self::Key(format) => decode_key(format, key, context, sink),
            Self::Protobuf(labels) => labels.decode(key, sink),
        }
    }
}

fn slice(key: &[u8], span: (u32, u32)) -> &[u8] {
    key.get(span.0 as usize..span.1 as usize)
        .unwrap_or_default()
}

/// Hands one item over, unescaped and normalised.
pub(crate) fn emit(key: &[u8], span: &LabelSpan, context: LabelContext, sink: &mut impl LabelSink) {
    let (mut name, mut value) = (slice(key, span.name), slice(key, span.value));
    let (unescaped_name, unescaped_value);
    if span.name_escaped {
        unescaped_name = unescape_label(name);
        name = &unescaped_name;
    }
    if span.value_escaped {
        unescaped_value = unescape_label(value);
        value = &unescaped_value;
    }
    if span.name == LabelSpan::NO_NAME {
        return sink.label(METRIC_NAME, value);
    }
    let numeric = match context {
        LabelContext::Other => false,
        LabelContext::Histogram => name == b"le",
        LabelContext::Summary => name == b"quantile",
    };
    if numeric && let Some(canonical) = OmFloat::canonical(value) {
        return sink.label(name, canonical.as_bytes());
    }
    sink.label(name, value);
}

/// Decodes name and labels from a key that a parser of the same format has returned before.
///
/// # Errors
/// The key is not one: it was cut, or belongs to another format.
pub fn decode_key(
    format: Format,
    key: &[u8],
    context: LabelContext,
    sink: &mut impl LabelSink,
) -> Result<(), ParseError> {
    match format {
        Format::Text => text::decode_key::<false>(key, context, sink),
        Format::OpenMetrics => text::decode_key::<true>(key, context, sink),
        Format::OpenMetrics2 => om2::decode_key(key, sink),
        Format::Protobuf => protobuf::decode_key(key, sink),
    }
}
