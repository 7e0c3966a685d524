//! The text formats: Prometheus text (`OM = false`) and OpenMetrics 1.x (`OM = true`).
//!
//! Lines are never split off first: a label value may hold a line feed, a comment an unbalanced quote. A line
//! is read token by token from its start; if the piece ends first, it is read again when more has come.

use alloc::{string::String, vec::Vec};

pub(crate) mod exemplar;
pub(crate) mod labels;
pub(crate) mod lexer;
mod meta;
pub(crate) mod predict;
pub(crate) mod start_ts;
pub(crate) mod tail;

use alloc::borrow::Cow;

use crate::event::{Event, LabelContext, LabelSink, Series};
use crate::exemplar::{Exemplars, Source};
use crate::labels::{LabelSpan, LabelsRef, emit};
use crate::parser::{Cursor, Limits, Parser, Raw};
use crate::unescape::{unescape_help, unescape_label};
use crate::{ErrorClass, MetricType, ParseError};
use labels::series_key;
use lexer::{Fault, Input, Lex, Stop, bad, starts_name};
use meta::Meta;
use tail::{Expected, Tail, TailOptions, tail};

/// A parsed line that borrows the input. The labels of a series are in the parser's spans until the next line.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RawLine<'p> {
    /// `# HELP`.
    Help {
        family: &'p [u8],
        family_escaped: bool,
        text: &'p str,
    },
    /// `# TYPE`.
    Type {
        family: &'p [u8],
        family_escaped: bool,
        kind: MetricType,
    },
    /// `# UNIT`.
    Unit {
        family: &'p [u8],
        family_escaped: bool,
        unit: &'p str,
    },
    /// Any other `#` line of the text format.
    Comment(&'p [u8]),
    /// A sample.
    Series {
        key: &'p [u8],
        tail: Tail<'p>,
        start_timestamp: i64,
    },
}

/// What stands at the start of a line.
enum Line<'p> {
    /// Nothing; go on at the index.
    Blank(usize),
    /// An entry and the index past it.
    Entry(RawLine<'p>, usize),
    /// `# EOF` and the index past it.
    Complete(usize),
    /// The end of a text body.
    End,
}

impl Parser {
    /// A `# TYPE` line, of a family unescaped.
    #[inline]
    fn declare(&mut self, kind: MetricType, family: &[u8]) {
        self.kind = kind;
        self.family.clear();
        self.family.extend_from_slice(family);
        self.start_ts.new_family();
    }
}

impl<'p> Cursor<'p> {
    fn window(&self) -> Input<'p> {
        Input {
            buf: self.input,
            end: self.end,
        }
    }

    fn tail_options(&self) -> TailOptions {
        TailOptions {
            accept_negative_ts: self.parser.options.accept_negative_ts,
            limits: self.parser.options.limits,
        }
    }

    /// Finishes the parser with a fault of the line at the cursor. A line over its cap is reported as that if
    /// the cap comes first, whether or not the rest of the line was there to be looked at.
    #[cold]
    fn fault(&mut self, fault: Fault) -> ParseError {
        let cap = self.parser.options.limits.line;
        if cap != 0 && fault.reached - self.pos.min(fault.reached) > cap {
            return self.fail(
                ErrorClass::Limit,
                "the line is longer than the limit",
                self.pos + cap,
            );
        }
        self.fail(fault.class, fault.message, fault.at)
    }

    /// Whether the line from the cursor to `end` is over its cap.
    pub(crate) fn check_line(&mut self, end: usize) -> Result<(), ParseError> {
        let cap = self.parser.options.limits.line;
        if cap != 0 && end - self.pos > cap {
            return Err(self.fail(
                ErrorClass::Limit,
                "the line is longer than the limit",
                self.pos + cap,
            ));
        }
        Ok(())
    }

    /// The piece ends inside the line at the cursor. A long line is tried again only when the piece has grown
    /// by half, so that a line which arrives in dribs is not read over and over.
    #[cold]
    pub(crate) fn need_more(&mut self) -> Result<(), ParseError> {
        self.check_line(self.input.len())?;
        self.wait();
        Ok(())
    }

    fn wait(&mut self) {
        const WORTH_WAITING: usize = 64 << 10;
        let len = self.input.len() - self.pos;
        self.parser.retry_at = if len < WORTH_WAITING {
            0
        } else {
            len + len / 2
        };
    }

    /// Whether the unfinished line at the cursor is not worth another try yet.
    pub(crate) fn too_early(&self) -> bool {
        !self.end && self.input.len() - self.pos < self.parser.retry_at
    }
}

/// The next event.
pub(crate) fn next<'p, const OM: bool>(cursor: &mut Cursor<'p>) -> Result<Raw<'p>, ParseError> {
    if cursor.too_early() {
        return Ok(Raw::NeedMore);
    }
    loop {
        if cursor.parser.complete {
            return after_eof(cursor);
        }
        match line::<OM>(cursor) {
            Ok(Line::Blank(next)) => cursor.pos = next,
            Ok(Line::End) => return Ok(Raw::Eof),
            Ok(Line::Complete(next)) => {
                cursor.parser.complete = true;
                cursor.plain = 0;
                cursor.pos = next;
            }
            Ok(Line::Entry(entry, next)) => {
                cursor.check_line(next - 1)?;
                let swallowed = match entry {
                    RawLine::Type {
                        family,
                        family_escaped,
                        kind,
                    } => {
                        if family_escaped {
                            cursor.parser.declare(kind, &unescape_label(family));
                        } else {
                            cursor.parser.declare(kind, family);
                        }
                        false
                    }
                    RawLine::Series { key, .. } => start_ts::is_swallowed(cursor, key),
                    _ => false,
                };
                cursor.parser.retry_at = 0;
                cursor.line_at = cursor.pos;
                cursor.pos = next.min(cursor.input.len());
                if !swallowed {
                    return Ok(Raw::Text(entry));
                }
            }
            Err(Stop::More) => {
                cursor.need_more()?;
                return Ok(Raw::NeedMore);
            }
            Err(Stop::Ahead) => {
                cursor.wait();
                return Ok(Raw::NeedMore);
            }
            Err(Stop::Bad(fault)) => return Err(cursor.fault(fault)),
        }
    }
}

/// Behind `# EOF` nothing may follow.
fn after_eof<'p>(cursor: &mut Cursor<'p>) -> Result<Raw<'p>, ParseError> {
    if cursor.pos < cursor.input.len() {
        return Err(cursor.fail(
            ErrorClass::AfterEof,
            "nothing may follow `# EOF`",
            cursor.pos,
        ));
    }
    Ok(if cursor.end { Raw::Eof } else { Raw::NeedMore })
}

/// Reads the line at the cursor without moving it.
#[inline(always)]
fn line<'p, const OM: bool>(cursor: &mut Cursor<'p>) -> Lex<Line<'p>> {
    let input = cursor.window();
    let start = cursor.pos;
    let limits = cursor.parser.options.limits;
    let first = if OM { start } else { input.skip_blanks(start) };
    match input.byte(first)? {
        Some(b) if b == b'{' || starts_name(b) => {}
        Some(b'#') => {
            let meta = if OM {
                meta::om_line(input, first, &limits)?
            } else {
                meta::text_line(input, first, &limits)?
            };
            return Ok(match meta {
                Meta::Line(entry, next) => Line::Entry(entry, next),
                Meta::Eof(next) => Line::Complete(next),
            });
        }
        None if OM => return bad(ErrorClass::NoEof, "the body ends without `# EOF`", first),
        None if first == start => return Ok(Line::End),
        None => return Ok(Line::Blank(first)),
        Some(b'\n') if !OM => return Ok(Line::Blank(first + 1)),
        Some(_) => return bad(ErrorClass::Start, "a line cannot start with this", first),
    }
    start_ts::prepare(cursor)?;
    let options = cursor.tail_options();
    let spans = &mut cursor.parser.spans;
    spans.clear();
    let key_end = series_key::<OM>(input, start, &limits, spans)?;
    let tail = tail::<OM>(input, key_end, &Expected::NOTHING, &options)?;
    let key = input.slice(start, key_end);
    let start_timestamp = start_ts::lookup(cursor, key, tail.next, true)?;
    Ok(Line::Entry(
        RawLine::Series {
            key,
            tail,
            start_timestamp,
        },
        tail.next,
    ))
}

/// The exemplar of a sample from its text, if it has one.
#[inline(always)]
pub(crate) fn exemplars(text: Option<&[u8]>, raw: bool) -> Exemplars<'_> {
    match text {
        None => Exemplars(Source::None),
        Some(bytes) => Exemplars(Source::Text { bytes, raw }),
    }
}

fn family(name: &[u8], escaped: bool) -> Cow<'_, [u8]> {
    if escaped {
        Cow::Owned(unescape_label(name))
    } else {
        Cow::Borrowed(name)
    }
}

/// The public form of a line.
#[inline]
pub(crate) fn view<'a>(cursor: &'a Cursor<'_>, line: RawLine<'a>) -> Event<'a> {
    match line {
        RawLine::Help {
            family: name,
            family_escaped,
            text,
        } => {
            let text = if memchr::memchr(b'\\', text.as_bytes()).is_none() {
                Cow::Borrowed(text)
            } else if cursor.parser.options.format == crate::Format::OpenMetrics {
                owned_text(unescape_label(text.as_bytes()))
            } else {
                owned_text(unescape_help(text.as_bytes()))
            };
            Event::Help {
                family: family(name, family_escaped),
                text,
            }
        }
        RawLine::Type {
            family: name,
            family_escaped,
            kind,
        } => Event::Type {
            family: family(name, family_escaped),
            kind,
        },
        RawLine::Unit {
            family: name,
            family_escaped,
            unit,
        } => Event::Unit {
            family: family(name, family_escaped),
            unit: Cow::Borrowed(unit),
        },
        RawLine::Comment(text) => Event::Comment(text),
        RawLine::Series {
            key,
            tail,
            start_timestamp,
        } => Event::Series(Series {
            key,
            value: tail.value,
            value_text: tail.value_text,
            timestamp: tail.timestamp,
            start_timestamp,
            exemplars: exemplars(tail.exemplar, cursor.parser.options.raw_exemplars),
            context: cursor.context(),
            labels: LabelsRef::Spans(&cursor.parser.spans),
        }),
    }
}

/// Unescaping UTF-8 yields UTF-8: escapes and what they stand for are ASCII.
fn owned_text(bytes: Vec<u8>) -> Cow<'static, str> {
    Cow::Owned(
        String::from_utf8(bytes)
            .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()),
    )
}

/// See [`crate::decode_key`].
pub(crate) fn decode_key<const OM: bool>(
    key: &[u8],
    context: LabelContext,
    sink: &mut impl LabelSink,
) -> Result<(), ParseError> {
    let input = Input {
        buf: key,
        end: true,
    };
    let mut each = |span: LabelSpan| emit(key, &span, context, sink);
    match series_key::<OM>(input, 0, &Limits::default(), &mut each) {
        Ok(end) if end == key.len() => Ok(()),
        Ok(end) => Err(ParseError::locate(
            ErrorClass::Trail,
            "the key has a tail",
            key,
            end,
            0,
            1,
        )),
        Err(Stop::Bad(fault)) => Err(ParseError::locate(
            fault.class,
            fault.message,
            key,
            fault.at,
            0,
            1,
        )),
        Err(Stop::More | Stop::Ahead) => Err(ParseError::bare(ErrorClass::Sep, "the key is cut")),
    }
}
