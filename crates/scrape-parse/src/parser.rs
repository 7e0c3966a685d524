//! The pull parser: a [`Parser`] keeps what outlives a piece of input, a [`Cursor`] walks one piece.
//!
//! Formats plug in through [`Raw`]: an event that borrows the input only, not the cursor. A wrapper that has to
//! look at an event before deciding what to yield (histogram conversion) works on `Raw` and turns the one it
//! yields into a public event with [`Cursor::view`].

use crate::event::{Expect, Known, KnownMeta, Plain, Scan, Step};
use crate::format::Format;
use crate::labels::LabelSpan;
use crate::nhcb::{self, Collector};
use crate::om2;
use crate::protobuf::{self, Decoder, Flavour};
use crate::text;
use crate::text::start_ts::StartTimestamps;
use crate::text::tail::Expected;
use crate::{ErrorClass, LabelContext, MetricType, ParseError};
use alloc::{boxed::Box, vec::Vec};

/// Caps on the parts of a body; 0 means none. A part over its cap fails the body with [`ErrorClass::Limit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Bytes of a line, the line feed excluded; a label value may contain line feeds and counts whole. For
    /// protobuf: bytes of one message.
    pub line: usize,
    /// Bytes of a metric name or label name as written.
    pub name: usize,
    /// Bytes of a label value as written.
    pub value: usize,
}

/// What to parse and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParserOptions {
    /// The format of the body.
    pub format: Format,
    /// Protobuf: yield native histograms; otherwise every histogram is yielded as classic series.
    pub native_histograms: bool,
    /// Yield the classic series of a histogram that is also yielded as a native one.
    pub keep_classic: bool,
    /// Convert classic histograms to native ones with custom buckets.
    pub nhcb: bool,
    /// Yield start timestamps. OpenMetrics: `_created` lines become start timestamps of their metric, and the
    /// parser may ask for more input until it has seen the one that belongs to a sample, or 4 MiB behind it.
    pub start_timestamps: bool,
    /// OpenMetrics: also find a `_created` line that stands before the samples of its metric.
    pub st_anywhere: bool,
    /// Text: accept timestamps before the epoch, which Prometheus refuses.
    pub accept_negative_ts: bool,
    /// OpenMetrics: hand out exemplar labels without unescaping them, as Prometheus does.
    pub raw_exemplars: bool,
    /// Protobuf: turn every NaN into the ordinary one, as the text formats always do.
    pub canonical_nan: bool,
    /// Caps.
    pub limits: Limits,
}

impl ParserOptions {
    /// The defaults of a scrape for a format: NaN canonical, everything else off.
    pub fn new(format: Format) -> Self {
        Self {
            format,
            native_histograms: false,
            keep_classic: false,
            nhcb: false,
            start_timestamps: false,
            st_anywhere: false,
            accept_negative_ts: false,
            raw_exemplars: false,
            canonical_nan: true,
            limits: Limits::default(),
        }
    }
}

/// What the parser remembers between the pieces of a body. Reusable: [`Parser::reset`] keeps its memory.
#[derive(Debug)]
pub struct Parser {
    pub(crate) options: ParserOptions,
    /// Offset in the body of the first byte of the next piece.
    pub(crate) offset: u64,
    /// Line number of that byte, from 1.
    pub(crate) line: u64,
    /// The type in force: the last `# TYPE` line.
    pub(crate) kind: MetricType,
    /// The family of that line, unescaped.
    pub(crate) family: Vec<u8>,
    /// `# EOF` was seen.
    pub(crate) complete: bool,
    /// The first error; every later call repeats it.
    pub(crate) failed: Option<Box<ParseError>>,
    /// Do not try an unfinished line again before the piece is this long.
    pub(crate) retry_at: usize,
    /// Items of the last series parsed in full.
    pub(crate) spans: Vec<LabelSpan>,
    pub(crate) start_ts: StartTimestamps,
    pub(crate) protobuf: Decoder,
    pub(crate) nhcb: Collector,
    pub(crate) om2: om2::State,
}

impl Parser {
    /// A parser at the start of a body.
    pub fn new(options: ParserOptions) -> Self {
        Self {
            options,
            offset: 0,
            line: 1,
            kind: MetricType::Unknown,
            family: Vec::new(),
            complete: false,
            failed: None,
            retry_at: 0,
            spans: Vec::new(),
            start_ts: StartTimestamps::default(),
            protobuf: Decoder::default(),
            nhcb: Collector::default(),
            om2: om2::State::default(),
        }
    }

    /// Starts a new body with the same options, keeping scratch memory.
    pub fn reset(&mut self) {
        self.offset = 0;
        self.line = 1;
        self.kind = MetricType::Unknown;
        self.family.clear();
        self.complete = false;
        self.failed = None;
        self.retry_at = 0;
        self.spans.clear();
        self.start_ts.reset();
        self.protobuf.reset();
        self.nhcb.reset();
        self.om2.reset();
    }

    /// The options it was made with.
    pub fn options(&self) -> &ParserOptions {
        &self.options
    }

    /// Starts a piece. `input` begins with what the previous piece left unconsumed; `end` says that nothing
    /// follows it.
    pub fn feed<'p>(&'p mut self, input: &'p [u8], end: bool) -> Cursor<'p> {
        let plain_lines = self.failed.is_none()
            && !self.complete
            && !self.options.nhcb
            && match self.options.format {
                Format::Text => true,
                Format::OpenMetrics => !self.options.start_timestamps,
                Format::Protobuf | Format::OpenMetrics2 => false,
            };
        let longest = match self.options.limits.line {
            0 => usize::MAX,
            cap => cap,
        };
        Cursor {
            parser: self,
            input,
            pos: 0,
            line_at: usize::MAX,
            end,
            plain: if plain_lines { longest } else { 0 },
        }
    }
}

/// Walks one piece of input. Between calls it stands at the start of a line (of a message for protobuf).
///
/// Drop it (or take [`Cursor::consumed`] and let it go) before feeding the next piece.
#[derive(Debug)]
pub struct Cursor<'p> {
    pub(crate) parser: &'p mut Parser,
    pub(crate) input: &'p [u8],
    pub(crate) pos: usize,
    /// Where the line of the last event starts; past everything if there was none, or lines are not told apart.
    pub(crate) line_at: usize,
    pub(crate) end: bool,
    /// The longest line that may be taken without asking for anything but its text; 0 if none may.
    pub(crate) plain: usize,
}

/// An event that borrows the input alone. See the module documentation.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Raw<'p> {
    /// See [`Step::NeedMore`].
    NeedMore,
    /// See [`Step::Eof`].
    Eof,
    /// An event of the text formats.
    Text(text::RawLine<'p>),
    /// An event of the protobuf format: it is in the decoder and refers to this message.
    Protobuf(&'p [u8]),
    /// A histogram converted from the classic series before this place.
    Converted(Flavour),
}

/// A place to return to: see [`Cursor::mark`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pos: usize,
    complete: bool,
}

impl<'p> Cursor<'p> {
    /// Parses the next entry with the full grammar.
    ///
    /// # Errors
    /// The body is malformed. The parser is then finished: the caller drops everything this body yielded, and
    /// every further call answers the same error.
    #[inline]
    #[expect(
        clippy::should_implement_trait,
        reason = "a lending iterator cannot implement Iterator"
    )]
    pub fn next(&mut self) -> Result<Step<'_>, ParseError> {
        if self.parser.options.format == Format::Protobuf {
            return protobuf::next(self);
        }
        if self.parser.options.format == Format::OpenMetrics2 {
            #[expect(
                clippy::needless_question_mark,
                reason = "a step written by another function straight into the place of ours would be kept in \
                          memory for all formats, and copied there before it is looked at"
            )]
            return Ok(om2::next(self)?);
        }
        let raw = if self.parser.options.nhcb {
            nhcb::next(self)?
        } else {
            self.raw()?
        };
        Ok(self.view(raw))
    }

    /// The bytes of the piece that need not be fed again.
    pub fn consumed(&self) -> usize {
        self.pos
    }

    /// The type in force: what the last `# TYPE` line said.
    pub fn kind(&self) -> MetricType {
        self.parser.kind
    }

    /// How the labels of a series at this place are to be read.
    pub fn context(&self) -> LabelContext {
        LabelContext::from(self.parser.kind)
    }

    /// Fast path: is the next line the series `key`, and has its value the text `value_text`? A hit needs one
    /// comparison of the key and one of the value, and no number is parsed when the text is equal. `key` must
    /// have been the key of a [`Series`](crate::Series) of the same format, and `value_text` the text of a value
    /// that was accepted before, or empty. Protobuf values have no text and are never called unchanged.
    ///
    /// # Errors
    /// The line is the expected series, but what follows the key is malformed.
    #[inline]
    pub fn expect(&mut self, key: &[u8], value_text: &[u8]) -> Result<Expect<'_>, ParseError> {
        self.expect_with_exemplar(key, value_text, &[])
    }

    /// As [`Cursor::expect`], for a series whose exemplar is known too: an exemplar whose text is `exemplar` needs
    /// no validation. It must be an [`Exemplars::text`](crate::Exemplars::text) that was accepted under the same
    /// options, or empty. The answer does not depend on it otherwise, and the exemplar is handed out either way.
    ///
    /// # Errors
    /// As [`Cursor::expect`].
    #[inline]
    pub fn expect_with_exemplar(
        &mut self,
        key: &[u8],
        value_text: &[u8],
        exemplar: &[u8],
    ) -> Result<Expect<'_>, ParseError> {
        let context = self.context();
        match self.expect_plain(key, value_text, exemplar) {
            Plain::Hit(plain) => Ok(Expect::Hit(plain.known(context))),
            Plain::Miss => Ok(Expect::Miss),
            Plain::Unclear => self.expect_full(key, value_text, exemplar),
        }
    }

    /// The first half of [`Cursor::expect_with_exemplar`], for loops in which every nanosecond counts: a line of
    /// nothing but a key, one blank, a plain number and perhaps a plain exemplar is answered for here, and the
    /// answer stays in registers. If it is [`Plain::Unclear`], nothing was consumed and [`Cursor::expect_full`]
    /// decides.
    #[inline(always)]
    pub fn expect_plain(&mut self, key: &[u8], value_text: &[u8], exemplar: &[u8]) -> Plain<'p> {
        // A message may begin with any bytes, those of a line among them.
        if self.parser.options.format == Format::Protobuf {
            return Plain::Unclear;
        }
        text::predict::plain(self, key, value_text, exemplar)
    }

    /// The second half of [`Cursor::expect_with_exemplar`]: any line, by the full grammar behind its key.
    ///
    /// # Errors
    /// As [`Cursor::expect`].
    pub fn expect_full(
        &mut self,
        key: &[u8],
        value_text: &[u8],
        exemplar: &[u8],
    ) -> Result<Expect<'_>, ParseError> {
        let expected = Expected {
            value: value_text,
            exemplar,
        };
        match self.parser.options.format {
            Format::Text => text::predict::expect::<false>(self, key, &expected),
            Format::OpenMetrics => text::predict::expect::<true>(self, key, &expected),
            Format::OpenMetrics2 => om2::expect(self, key, value_text),
            Format::Protobuf => protobuf::expect(self, key),
        }
    }

    /// Whether the next line is metadata or a comment, as far as its first byte tells: then no series can be
    /// expected here.
    #[inline]
    pub fn at_metadata(&self) -> bool {
        self.input.get(self.pos) == Some(&b'#') && self.parser.options.format != Format::Protobuf
    }

    /// Fast path: are the next lines the metadata that was here the last time? Then they are consumed, the type
    /// they declare is in force, and the caller knows what else they said; one comparison is all it takes.
    /// Otherwise, or if the piece ends before they do, nothing is consumed and [`Cursor::next`] reads them one by
    /// one. See [`KnownMeta`] for what may be expected.
    #[inline]
    pub fn expect_meta(&mut self, known: &KnownMeta<'_>) -> bool {
        self.parser.options.format != Format::OpenMetrics2 && text::predict::meta(self, known)
    }

    /// The line of the event that [`Cursor::next`] has just yielded, from its first byte to its line feed: what
    /// [`KnownMeta::lines`] is made of. Empty if the event is none of [`Format::Text`] or [`Format::OpenMetrics`],
    /// or no single line.
    pub fn line(&self) -> &[u8] {
        self.input.get(self.line_at..self.pos).unwrap_or_default()
    }

    /// Fast path: finds the key of the next line without validating or consuming it.
    ///
    /// # Errors
    /// The line is over its cap. Anything else that is wrong with it is for [`Cursor::next`] to say.
    pub fn scan_key(&mut self) -> Result<Scan<'_>, ParseError> {
        match self.parser.options.format {
            Format::Text => text::predict::scan_key::<false>(self),
            Format::OpenMetrics => text::predict::scan_key::<true>(self),
            Format::OpenMetrics2 | Format::Protobuf => Ok(Scan::Other),
        }
    }

    /// Fast path: consumes the line whose key, `key_len` bytes long, [`Cursor::scan_key`] has just found and
    /// the caller has recognised.
    ///
    /// # Errors
    /// What follows the key is malformed.
    pub fn take_known(&mut self, key_len: usize) -> Result<Known<'_>, ParseError> {
        match self.parser.options.format {
            Format::Text => text::predict::take_known::<false>(self, key_len),
            Format::OpenMetrics => text::predict::take_known::<true>(self, key_len),
            Format::OpenMetrics2 | Format::Protobuf => Err(ParseError::bare(
                ErrorClass::Start,
                "this format has no scanned keys",
            )),
        }
    }

    /// Whether the next line may be taken by key alone.
    pub(crate) fn fast_lane(&self) -> bool {
        // Members of a histogram in conversion are not the caller's.
        let converting = self.parser.options.nhcb && self.parser.kind == MetricType::Histogram;
        self.parser.failed.is_none() && !self.parser.complete && !converting
    }

    /// The next event of the format, before any conversion.
    #[inline(always)]
    pub(crate) fn raw(&mut self) -> Result<Raw<'p>, ParseError> {
        if let Some(error) = &self.parser.failed {
            return Err(ParseError::clone(error));
        }
        match self.parser.options.format {
            Format::Text => text::next::<false>(self),
            Format::OpenMetrics => text::next::<true>(self),
            Format::Protobuf => Ok(match protobuf::advance(self)? {
                protobuf::Ready::NeedMore => Raw::NeedMore,
                protobuf::Ready::Eof => Raw::Eof,
                protobuf::Ready::Event(message) => Raw::Protobuf(message),
            }),
            Format::OpenMetrics2 => Err(ParseError::bare(
                ErrorClass::Start,
                "this format has events of its own",
            )),
        }
    }

    /// The public form of an event.
    #[inline(always)]
    pub(crate) fn view(&mut self, raw: Raw<'p>) -> Step<'_> {
        match raw {
            Raw::NeedMore => Step::NeedMore,
            Raw::Eof => Step::Eof,
            Raw::Text(line) => Step::Event(text::view(self, line)),
            Raw::Protobuf(message) => Step::Event(protobuf::view(self, message)),
            Raw::Converted(flavour) => Step::Event(nhcb::view(self, flavour)),
        }
    }

    /// Remembers the place before [`Cursor::raw`], so that an event can be looked at and left for later.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            pos: self.pos,
            complete: self.parser.complete,
        }
    }

    /// Returns to a place: the same event will be parsed again.
    pub(crate) fn rewind(&mut self, mark: Mark) {
        self.pos = mark.pos;
        self.parser.complete = mark.complete;
    }

    /// Finishes the parser with an error at `at` in this piece.
    #[cold]
    pub(crate) fn fail(&mut self, class: ErrorClass, message: &str, at: usize) -> ParseError {
        let error = ParseError::locate(
            class,
            message,
            self.input,
            at,
            self.parser.offset,
            self.parser.line,
        );
        self.parser.failed = Some(Box::new(error.clone()));
        self.plain = 0;
        error
    }
}

impl Drop for Cursor<'_> {
    fn drop(&mut self) {
        // Lines are counted once per piece, at memory speed, and not at all for a body fed whole.
        let finished = self.end && self.pos == self.input.len();
        if !finished && let Some(consumed) = self.input.get(..self.pos) {
            // A protobuf "line" is a message and counted as it ends.
            if self.parser.options.format == Format::Protobuf {
                self.parser.offset += self.pos as u64;
                return;
            }
            self.parser.line += memchr::memchr_iter(b'\n', consumed).count() as u64;
            self.parser.offset += self.pos as u64;
        }
    }
}
