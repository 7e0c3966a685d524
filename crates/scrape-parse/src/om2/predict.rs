//! The fast path: a line whose key the caller knows, with a number and nothing behind it.
//!
//! Sound because such a line means the same whatever the bytes around it are. The key was read before as the key
//! of a series of this format, and a blank ends it. That blank and the number with its line feed are compared or
//! scanned here. What a line may ask of the type in force is ruled out beforehand: the family has to be the one
//! in force, so that no type ends here, and its type one whose samples are plain numbers, NaN excepted. All else,
//! composite values among it, is for the full grammar.

use super::State;
use crate::MetricType::{Counter, Gauge, Unknown};
use crate::event::{Expect, Known, LabelContext};
use crate::exemplar::Exemplars;
use crate::number::scan_number;
use crate::parser::Cursor;
use crate::{ParseError, scan};

/// See [`Cursor::expect`].
#[inline]
pub(crate) fn expect<'a>(
    cursor: &'a mut Cursor<'_>,
    key: &[u8],
    expected: &[u8],
) -> Result<Expect<'a>, ParseError> {
    Ok(match plain(cursor, key, expected) {
        Some((value, unchanged, value_text)) => Expect::Hit(Known {
            value,
            value_text,
            unchanged,
            timestamp: None,
            start_timestamp: 0,
            exemplars: Exemplars::default(),
            context: LabelContext::Other,
        }),
        None => Expect::Miss,
    })
}

fn plain<'p>(
    cursor: &mut Cursor<'p>,
    key: &[u8],
    expected: &[u8],
) -> Option<(f64, bool, &'p [u8])> {
    let parser = &mut *cursor.parser;
    let state = &parser.om2;
    if parser.failed.is_some() || parser.complete || !state.is_plain(key) {
        return None;
    }
    let input: &'p [u8] = cursor.input;
    let line = input.get(cursor.pos..)?;
    let value_on = line.strip_prefix(key)?.strip_prefix(b" ")?;
    // A text that was accepted before is a number still, but NaN is not one of every type's.
    let comparable = !matches!(expected.first(), None | Some(b'n' | b'N'));
    let ends = |n: usize| value_on.get(n) == Some(&b'\n');
    let unchanged = comparable && value_on.starts_with(expected) && ends(expected.len());
    let (value, len) = if unchanged {
        (f64::NAN, expected.len())
    } else {
        scan_number(value_on).filter(|(_, n)| ends(*n))?
    };
    let line_len = key.len() + 1 + len;
    let cap = parser.options.limits.line;
    if cap != 0 && line_len > cap {
        return None;
    }
    parser.retry_at = 0;
    cursor.pos += line_len + 1;
    Some((value, unchanged, value_on.get(..len)?))
}

impl State {
    /// Whether a line with this key is of the family in force, and that family of plain numbers.
    #[inline]
    fn is_plain(&self, key: &[u8]) -> bool {
        let last = key.last().copied().unwrap_or_default();
        !self.active
            && !self.family.is_empty()
            && matches!(self.kind, Unknown | Gauge | Counter)
            && key.starts_with(&self.family)
            // A quoted name may hold more than a bare one can.
            && scan::metric_name_end(key, 0) == self.family.len()
            // Not the key of a series out of a composite value.
            && (last == b'}' || last.is_ascii_alphanumeric() || matches!(last, b'_' | b':'))
    }
}
