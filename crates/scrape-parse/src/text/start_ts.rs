//! Start timestamps of OpenMetrics: while the type in force is counter, histogram or summary, a series whose
//! name ends in `_created` is not a sample, but says since when its metric counts.
//!
//! The rule, for a sample: the first `_created` line behind it in the same run of series lines (a metadata line
//! ends the run) decides. If it is of the same family and has the same labels (`le` resp. `quantile` aside,
//! compared as written, in order), its value is the start timestamp; if not, there is none. A start timestamp
//! once found also holds for later samples with the same labels.
//!
//! One pass: the place of the next `_created` line is kept while the samples before it go by, so every line is
//! looked at ahead of its turn at most once. The price is that the run up to that line has to be in the piece; so
//! that a run without end cannot take all memory, nothing is looked for farther than [`LOOKAHEAD`] bytes ahead.

use super::lexer::{Lex, Stop};
use super::predict::{lazy_key, line_feed};
use super::tail::{Expected, millis, tail};
use super::{Line, labels::series_key};
use crate::labels::LabelSpan;
use crate::parser::{Cursor, Limits};
use crate::unescape::unescape_label;
use crate::{Format, MetricType, ParseError, scan};
use alloc::vec::Vec;

const SUFFIX: &[u8] = b"_created";

/// Bytes between a sample and the last line that is looked at for its sake. Real metrics need a few hundred.
pub(crate) const LOOKAHEAD: usize = if cfg!(test) { 8 << 10 } else { 4 << 20 };

/// What is known ahead of the cursor. Places are offsets in the body.
#[derive(Debug, Default)]
pub(crate) struct StartTimestamps {
    /// Lines before it have been looked at.
    scanned: u64,
    /// The line that ends the run, once met.
    run_end: Option<u64>,
    /// The first `_created` line not before the place asked for last, and its metric.
    found: Option<Found>,
    found_metric: Vec<u8>,
    /// The start timestamp found last, and its metric.
    memo: Option<i64>,
    memo_metric: Vec<u8>,
    /// The metric of the sample in hand.
    metric: Vec<u8>,
    spans: Vec<LabelSpan>,
    table: Table,
}

#[derive(Debug, Clone, Copy)]
struct Found {
    at: u64,
    millis: i64,
}

/// All `_created` lines of a run, for the option that finds earlier ones too.
#[derive(Debug, Default)]
struct Table {
    /// Where the run ends that the table describes.
    until: Option<u64>,
    metrics: Vec<u8>,
    /// Range in `metrics` and start timestamp, ascending by metric.
    rows: Vec<(usize, usize, i64)>,
}

/// Whether [`skip_created`] could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ahead {
    Ready,
    NeedMore,
}

impl StartTimestamps {
    pub(crate) fn reset(&mut self) {
        self.scanned = 0;
        self.run_end = None;
        self.found = None;
        self.memo = None;
        self.table.until = None;
    }

    /// A `# TYPE` line went by.
    pub(crate) fn new_family(&mut self) {
        self.memo = None;
    }
}

/// Whether `_created` lines are swallowed here.
#[inline]
pub(crate) fn active(cursor: &Cursor<'_>) -> bool {
    let options = &cursor.parser.options;
    options.start_timestamps
        && options.format == Format::OpenMetrics
        && matches!(
            cursor.parser.kind,
            MetricType::Counter | MetricType::Histogram | MetricType::Summary
        )
}

fn ignored_label(kind: MetricType) -> &'static [u8] {
    match kind {
        MetricType::Histogram => b"le",
        MetricType::Summary => b"quantile",
        _ => b"",
    }
}

fn part(key: &[u8], span: (u32, u32)) -> &[u8] {
    key.get(span.0 as usize..span.1 as usize)
        .unwrap_or_default()
}

fn name_span(spans: &[LabelSpan]) -> Option<&LabelSpan> {
    spans.iter().find(|s| s.name == LabelSpan::NO_NAME)
}

fn is_created(key: &[u8], spans: &[LabelSpan]) -> bool {
    name_span(spans).is_some_and(|s| part(key, s.value).ends_with(SUFFIX))
}

/// Whether the series just parsed in full is a `_created` line that yields no sample.
pub(crate) fn is_swallowed(cursor: &Cursor<'_>, key: &[u8]) -> bool {
    active(cursor) && is_created(key, &cursor.parser.spans)
}

/// The identity of a metric within its family: its labels as written, length-prefixed. `None` if the name,
/// with `suffix` taken off, does not belong to the family.
fn write_metric(
    key: &[u8],
    spans: &[LabelSpan],
    family: &[u8],
    created: bool,
    ignored: &[u8],
    out: &mut Vec<u8>,
) -> bool {
    out.clear();
    let Some(span) = name_span(spans) else {
        return false;
    };
    let unescaped;
    let mut name = part(key, span.value);
    if span.value_escaped {
        unescaped = unescape_label(name);
        name = &unescaped;
    }
    let ours = if created {
        name.strip_suffix(SUFFIX) == Some(family)
    } else {
        name.starts_with(family)
    };
    if !ours {
        return false;
    }
    for span in spans.iter().filter(|s| s.name != LabelSpan::NO_NAME) {
        let name = part(key, span.name);
        if name == ignored {
            continue;
        }
        for text in [name, part(key, span.value)] {
            out.extend_from_slice(&(text.len() as u64).to_le_bytes());
            out.extend_from_slice(text);
        }
    }
    true
}

/// What a look at one line ahead shows.
enum Peek {
    /// An ordinary series; the next line starts at the index.
    Series(usize),
    /// A `_created` line, with its value; its items are in the scratch spans.
    Created {
        key_end: usize,
        millis: i64,
        next: usize,
    },
    /// The run ends here: metadata, the end, or a line that will fail when its turn comes.
    RunEnd,
}

/// Looks at the line at `i`.
fn peek(cursor: &mut Cursor<'_>, i: usize) -> Lex<Peek> {
    let input = cursor.window();
    if input.byte(i)?.is_none() {
        return Ok(Peek::RunEnd);
    }
    let Ok(Some(key_end)) = stop_on_more(lazy_key::<true>(input, i))? else {
        return Ok(Peek::RunEnd);
    };
    let Some(next) = line_feed(input, key_end) else {
        return Err(Stop::More);
    };
    if input.buf.get(i) != Some(&b'{') {
        let name_end = scan::metric_name_end(input.buf, i);
        if !input.slice(i, name_end).ends_with(SUFFIX) {
            return Ok(Peek::Series(next));
        }
    }
    let options = cursor.tail_options();
    let spans = &mut cursor.parser.start_ts.spans;
    spans.clear();
    let key = stop_on_more(series_key::<true>(input, i, &Limits::default(), spans))?;
    let Ok(key_end) = key else {
        return Ok(Peek::RunEnd);
    };
    if !is_created(input.slice(i, key_end), spans) {
        return Ok(Peek::Series(next));
    }
    match stop_on_more(tail::<true>(input, key_end, &Expected::NOTHING, &options))? {
        Ok(tail) => Ok(Peek::Created {
            key_end,
            millis: millis(tail.value),
            next: tail.next,
        }),
        Err(_) => Ok(Peek::RunEnd),
    }
}

/// Passes on that the piece ends; a malformed line is the reader's business when its turn comes.
fn stop_on_more<T>(result: Lex<T>) -> Lex<Result<T, ()>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Stop::Bad(_)) => Ok(Err(())),
        Err(stop) => Err(stop),
    }
}

/// Makes sure that the first `_created` line at or behind `from` (an index) is known, or that there is none.
pub(crate) fn ahead_of(cursor: &mut Cursor<'_>, from: usize) -> Lex<()> {
    let base = cursor.parser.offset;
    let place = base + from as u64;
    let state = &mut cursor.parser.start_ts;
    if state.found.is_some_and(|f| f.at >= place) || state.run_end.is_some_and(|end| end >= place) {
        return Ok(());
    }
    state.found = None;
    state.run_end = None;
    let mut i = (state.scanned.max(place) - base) as usize;
    while i - from <= LOOKAHEAD {
        let seen = peek(cursor, i);
        let state = &mut cursor.parser.start_ts;
        state.scanned = base + i as u64;
        match seen {
            Ok(Peek::Series(next)) => i = next,
            Ok(Peek::Created {
                key_end,
                millis,
                next,
            }) => {
                state.scanned = base + next as u64;
                state.found = Some(Found {
                    at: base + i as u64,
                    millis,
                });
                let ignored = ignored_label(cursor.parser.kind);
                let mut metric = core::mem::take(&mut cursor.parser.start_ts.found_metric);
                let key = cursor.input.get(i..key_end).unwrap_or_default();
                let parser = &mut *cursor.parser;
                if !write_metric(
                    key,
                    &parser.start_ts.spans,
                    &parser.family,
                    true,
                    ignored,
                    &mut metric,
                ) {
                    // Of another family: matches no sample.
                    metric.clear();
                    metric.push(0);
                }
                parser.start_ts.found_metric = metric;
                return Ok(());
            }
            Ok(Peek::RunEnd) => {
                state.run_end = Some(base + i as u64);
                return Ok(());
            }
            Err(_) => return Err(Stop::Ahead),
        }
    }
    cursor.parser.start_ts.scanned = base + i as u64;
    Ok(())
}

/// Before the first line of a run is read: collects its `_created` lines, if earlier ones are to be found too.
pub(crate) fn prepare(cursor: &mut Cursor<'_>) -> Lex<()> {
    if !active(cursor) || !cursor.parser.options.st_anywhere {
        return Ok(());
    }
    let base = cursor.parser.offset;
    if cursor
        .parser
        .start_ts
        .table
        .until
        .is_some_and(|end| end > base + cursor.pos as u64)
    {
        return Ok(());
    }
    let mut table = core::mem::take(&mut cursor.parser.start_ts.table);
    let result = fill(cursor, &mut table);
    cursor.parser.start_ts.table = table;
    result
}

fn fill(cursor: &mut Cursor<'_>, table: &mut Table) -> Lex<()> {
    table.metrics.clear();
    table.rows.clear();
    table.until = None;
    let ignored = ignored_label(cursor.parser.kind);
    let mut metric = Vec::new();
    let mut i = cursor.pos;
    // A run that is longer gets a table for each stretch.
    while i - cursor.pos <= LOOKAHEAD {
        match peek(cursor, i) {
            Ok(Peek::Series(next)) => i = next,
            Ok(Peek::Created {
                key_end,
                millis,
                next,
            }) => {
                let key = cursor.input.get(i..key_end).unwrap_or_default();
                let parser = &*cursor.parser;
                if write_metric(
                    key,
                    &parser.start_ts.spans,
                    &parser.family,
                    true,
                    ignored,
                    &mut metric,
                ) {
                    let from = table.metrics.len();
                    table.metrics.extend_from_slice(&metric);
                    table.rows.push((from, table.metrics.len(), millis));
                }
                i = next;
            }
            Ok(Peek::RunEnd) => break,
            Err(_) => return Err(Stop::Ahead),
        }
    }
    table.until = Some(cursor.parser.offset + i as u64);
    let metrics = &table.metrics;
    // Stable: of equal metrics the first line wins.
    table
        .rows
        .sort_by(|a, b| metrics.get(a.0..a.1).cmp(&metrics.get(b.0..b.1)));
    Ok(())
}

impl Table {
    fn find(&self, metric: &[u8]) -> Option<i64> {
        let at = self
            .rows
            .partition_point(|r| self.metrics.get(r.0..r.1) < Some(metric));
        let row = self.rows.get(at)?;
        (self.metrics.get(row.0..row.1) == Some(metric)).then_some(row.2)
    }
}

/// The start timestamp of the sample with this key, whose line ends before `next`; 0 if unknown. `parsed` says
/// that the parser's spans are those of the key.
#[inline]
pub(crate) fn lookup(cursor: &mut Cursor<'_>, key: &[u8], next: usize, parsed: bool) -> Lex<i64> {
    if !active(cursor) {
        return Ok(0);
    }
    find(cursor, key, next, parsed)
}

fn find(cursor: &mut Cursor<'_>, key: &[u8], next: usize, parsed: bool) -> Lex<i64> {
    let parser = &mut *cursor.parser;
    if !parsed {
        parser.spans.clear();
        let input = super::Input {
            buf: key,
            end: true,
        };
        series_key::<true>(input, 0, &Limits::default(), &mut parser.spans)?;
    } else if is_created(key, &parser.spans) {
        return Ok(0);
    }
    let ignored = ignored_label(parser.kind);
    let state = &mut parser.start_ts;
    if !write_metric(
        key,
        &parser.spans,
        &parser.family,
        false,
        ignored,
        &mut state.metric,
    ) {
        return Ok(0);
    }
    if parser.options.st_anywhere {
        return Ok(state.table.find(&state.metric).unwrap_or(0));
    }
    if let Some(st) = state.memo
        && state.memo_metric == state.metric
    {
        return Ok(st);
    }
    ahead_of(cursor, next)?;
    let state = &mut cursor.parser.start_ts;
    match state.found {
        Some(found) if state.found_metric == state.metric => {
            state.memo = Some(found.millis);
            state.memo_metric.clone_from(&state.metric);
            Ok(found.millis)
        }
        _ => Ok(0),
    }
}

/// Consumes the `_created` lines at the cursor, so that the fast path meets samples only.
pub(crate) fn skip_created(cursor: &mut Cursor<'_>) -> Result<Ahead, ParseError> {
    loop {
        if prepare(cursor).is_err() || ahead_of(cursor, cursor.pos).is_err() {
            return Ok(Ahead::NeedMore);
        }
        let here = cursor.parser.offset + cursor.pos as u64;
        if cursor.parser.start_ts.found.is_none_or(|f| f.at != here) {
            return Ok(Ahead::Ready);
        }
        match super::line::<true>(cursor) {
            Ok(Line::Entry(_, next)) => {
                cursor.check_line(next - 1)?;
                cursor.pos = next.min(cursor.input.len());
            }
            Ok(_) => return Ok(Ahead::Ready),
            Err(Stop::Bad(fault)) => return Err(cursor.fault(fault)),
            Err(Stop::More | Stop::Ahead) => return Ok(Ahead::NeedMore),
        }
    }
}
