//! Lines that start with `#`.

use super::labels::quoted;
use super::{Entry, Name, Parsed, bad};
use crate::ErrorClass::{Limit, MetaName, MetaText, Start, Type, Unit, Utf8};
use crate::parser::Limits;
use crate::{MetricType, scan};

/// The keyword of a line and what it says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meta<'p> {
    pub(super) family: Name<'p>,
    pub(super) entry: Entry<'p>,
    /// An empty help or unit counts as absent.
    pub(super) absent: bool,
    /// Where the text starts.
    pub(super) text: usize,
}

#[derive(Debug, Clone, Copy)]
enum Keyword {
    Help,
    Type,
    Unit,
}

pub(super) fn meta<'p>(line: &'p [u8], limits: &Limits) -> Parsed<Meta<'p>> {
    let keyword = match line.get(..7) {
        Some(b"# HELP ") => Keyword::Help,
        Some(b"# TYPE ") => Keyword::Type,
        Some(b"# UNIT ") => Keyword::Unit,
        _ => {
            let message =
                "expected `# HELP `, `# TYPE `, `# UNIT ` or `# EOF`; OpenMetrics has no comments";
            return bad(Start, message, 0);
        }
    };
    let (family, next) = family(line, 7, limits)?;
    if line.get(next) != Some(&b' ') {
        let message = "expected a blank and a text after the metric name";
        return bad(MetaText, message, next);
    }
    let from = next + 1;
    let text = line.get(from..).unwrap_or_default();
    let utf8 = || match core::str::from_utf8(text) {
        Ok(text) if text.ends_with('\r') => {
            let message = "a line ends with a line feed alone";
            bad(MetaText, message, line.len() - 1)
        }
        Ok(text) => Ok(text),
        Err(e) => bad(Utf8, "this text must be UTF-8", from + e.valid_up_to()),
    };
    let entry = match keyword {
        Keyword::Help => Entry::Help {
            family,
            text: utf8()?,
        },
        Keyword::Unit => Entry::Unit {
            family,
            unit: utf8()?,
        },
        Keyword::Type => {
            let Some(kind) = MetricType::from_openmetrics(text) else {
                return bad(Type, "unknown metric type", from);
            };
            if kind == MetricType::Info && !family.text.ends_with(b"_info") {
                return bad(Type, "the name of an info has to end with `_info`", from);
            }
            Entry::Type { family, kind }
        }
    };
    Ok(Meta {
        family,
        entry,
        absent: text.is_empty(),
        text: from,
    })
}

fn family<'p>(line: &'p [u8], i: usize, limits: &Limits) -> Parsed<(Name<'p>, usize)> {
    let (from, to, next, escaped) = match line.get(i) {
        Some(b'"') => {
            let q = quoted(line, i, MetaName)?;
            (i + 1, q.next - 1, q.next, q.escaped)
        }
        Some(b) if b.is_ascii_alphabetic() || matches!(b, b'_' | b':') => {
            let end = scan::metric_name_end(line, i + 1);
            (i, end, end, false)
        }
        _ => return bad(MetaName, "expected a metric name", i),
    };
    if from == to {
        return bad(MetaName, "the metric name is empty", i);
    }
    if limits.name != 0 && to - from > limits.name {
        let message = "the name is longer than the limit";
        return bad(Limit, message, from + limits.name);
    }
    let text = line.get(from..to).unwrap_or_default();
    Ok((Name { text, escaped }, next))
}

/// Infos and state sets have no unit, whichever line comes first.
pub(super) fn unitless<T>(at: usize) -> Parsed<T> {
    bad(Unit, "a metric of this type has no unit", at)
}
