//! From Go's pattern syntax to that of the `regex` crate.
//!
//! The translator reads the whole grammar of Go itself and writes every literal escaped and every class
//! spelled out, so that nothing is left to the other dialect's reading. What Go refuses is refused here.
//! Groups are numbered and named here too: Go allows names that the crate does not.

use std::fmt::Write;

/// Go refuses repetition counts, and products of nested ones, above this.
const MAX_REPEAT: u32 = 1000;
/// Parentheses within parentheses. Go allows 1000; nobody writes them, and engines recurse over them.
const MAX_DEPTH: usize = 200;

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("pattern {pattern:?}, byte {at}: {kind}")]
pub struct PatternError {
    /// The pattern as written.
    pub pattern: String,
    /// Byte offset of the offending part.
    pub at: usize,
    /// What is wrong.
    pub kind: PatternErrorKind,
}

/// What is wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternErrorKind {
    /// `*`, `+`, `?` or `{n}` with nothing to repeat.
    #[error("nothing to repeat before {0:?}")]
    NothingToRepeat(String),
    /// `a**`.
    #[error("repetition of a repetition {0:?}, use parentheses")]
    NestedRepeat(String),
    /// `a{1001}`, `a{2,1}`, or nested repetitions whose product is too large.
    #[error("repetition {0:?} is out of range, counts go up to 1000 including nested ones")]
    RepeatSize(String),
    /// `[a` without end.
    #[error("missing ] after [")]
    MissingBracket,
    /// `(` without `)`.
    #[error("missing ) after (")]
    MissingParen,
    /// `)` without `(`.
    #[error("unexpected )")]
    UnexpectedParen,
    /// `\y`.
    #[error("unknown escape {0:?}, write \\\\ for a backslash")]
    Escape(String),
    /// `\` at the end.
    #[error("backslash at the end, write \\\\ for a backslash")]
    TrailingBackslash,
    /// `[z-a]`, `[[:nope:]]`.
    #[error("invalid range or class {0:?} between [ and ]")]
    ClassRange(String),
    /// `(?x)`, `(?=...)`.
    #[error(
        "unsupported group {0:?}, use (?i), (?m), (?s), (?U), (?:...), (?P<name>...) or (?<name>...)"
    )]
    Group(String),
    /// `(?P<a b>...)`.
    #[error("invalid group name {0:?}, use letters, digits and underscores")]
    GroupName(String),
    /// `\Q` without `\E`.
    #[error("missing \\E after \\Q")]
    MissingQuoteEnd,
    /// Beyond the limit of nesting.
    #[error("more than {MAX_DEPTH} parentheses within each other")]
    Depth,
    /// The engine refuses what is well-formed: unknown Unicode classes, patterns that need too much memory.
    #[error("{0}")]
    Engine(String),
}

/// The shape of a pattern, as far as shortcuts care.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// One character that matches itself only.
    Literal(char),
    /// `.*` (0) or `.+` (1), newlines included.
    Any { min: usize },
    /// `.`, newlines included.
    Dot,
    /// `|`
    Or,
    /// `^`
    Start,
    /// `$`
    End,
    /// `(` or `(?:`
    Open { capture: bool },
    /// `)`
    Close,
    /// Anything else.
    Other,
}

/// A pattern in the crate's syntax.
#[derive(Debug)]
pub(super) struct Translated {
    pub(super) text: String,
    pub(super) tokens: Vec<Token>,
    pub(super) names: Vec<(String, usize)>,
}

#[derive(Debug, Clone, Copy)]
struct Flags {
    fold: bool,
    dot_all: bool,
}

struct Frame {
    flags: Flags,
    at: usize,
    /// The largest product of nested repetitions before this group, in the enclosing one.
    outer_weight: u32,
}

pub(super) struct Translator<'p> {
    pub(super) pattern: &'p str,
    pub(super) at: usize,
    out: Translated,
    flags: Flags,
    frames: Vec<Frame>,
    n_groups: usize,
    /// The product of nested repetitions of the last atom; nothing when there is no atom to repeat.
    atom: Option<u32>,
    /// Whether the last thing read was a repetition.
    repeated: bool,
    /// The largest product of nested repetitions seen in the current group.
    weight: u32,
}

impl Translated {
    pub(super) fn new(pattern: &str) -> Result<Self, PatternError> {
        let mut t = Translator {
            pattern,
            at: 0,
            out: Self {
                text: String::with_capacity(pattern.len() + 8),
                tokens: Vec::new(),
                names: Vec::new(),
            },
            flags: Flags {
                fold: false,
                dot_all: true,
            },
            frames: Vec::new(),
            n_groups: 0,
            atom: None,
            repeated: false,
            weight: 1,
        };
        match t.run() {
            Ok(()) => Ok(t.out),
            Err((at, kind)) => Err(PatternError {
                pattern: pattern.to_owned(),
                at,
                kind,
            }),
        }
    }
}

pub(super) type Fault = (usize, PatternErrorKind);

impl<'p> Translator<'p> {
    fn run(&mut self) -> Result<(), Fault> {
        while let Some(c) = self.peek() {
            let start = self.at;
            match c {
                '*' | '+' | '?' => {
                    self.bump(c);
                    let (least, most) = match c {
                        '*' => (0, None),
                        '+' => (1, None),
                        _ => (0, Some(1)),
                    };
                    self.repeat(start, least, most)?;
                    continue;
                }
                '{' => {
                    if let Some((least, most)) = self.counts() {
                        self.repeat(start, least, most)?;
                        continue;
                    }
                    self.bump(c);
                    self.literal(c);
                }
                '|' => {
                    self.bump(c);
                    self.out.text.push('|');
                    self.out.tokens.push(Token::Or);
                    self.atom = None;
                }
                '(' => self.open()?,
                ')' => {
                    self.bump(c);
                    self.close(start)?;
                }
                '[' => {
                    self.bump(c);
                    self.class(start)?;
                }
                '.' => {
                    self.bump(c);
                    self.raw(".");
                    if self.flags.dot_all {
                        self.retag(Token::Dot);
                    }
                }
                '^' => {
                    self.bump(c);
                    self.raw("^");
                    self.retag(Token::Start);
                }
                '$' => {
                    self.bump(c);
                    self.raw("$");
                    self.retag(Token::End);
                }
                '\\' => self.escape(start)?,
                c => {
                    self.bump(c);
                    self.literal(c);
                }
            }
            self.repeated = false;
        }
        match self.frames.last() {
            Some(frame) => Err((frame.at, PatternErrorKind::MissingParen)),
            None => Ok(()),
        }
    }

    pub(super) fn rest(&self) -> &'p str {
        &self.pattern[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self, c: char) {
        self.at += c.len_utf8();
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    pub(super) fn since(&self, start: usize) -> String {
        self.pattern[start..self.at].to_owned()
    }

    /// An atom that is written as it stands in the crate's syntax.
    pub(super) fn raw(&mut self, text: &str) {
        self.out.text.push_str(text);
        self.out.tokens.push(Token::Other);
        self.atom = Some(1);
    }

    fn retag(&mut self, token: Token) {
        if let Some(last) = self.out.tokens.last_mut() {
            *last = token;
        }
    }

    pub(super) fn literal(&mut self, c: char) {
        push_char(&mut self.out.text, c);
        self.out.tokens.push(if self.flags.fold {
            Token::Other
        } else {
            Token::Literal(c)
        });
        self.atom = Some(1);
    }

    /// `{n}`, `{n,}` or `{n,m}`; anything else is a literal brace. Consumed only when it is one.
    fn counts(&mut self) -> Option<(u32, Option<u32>)> {
        let body = self.rest().strip_prefix('{')?;
        let end = body.find('}')?;
        let body = &body[..end];
        let (least, most) = match body.split_once(',') {
            None => (count(body)?, Some(count(body)?)),
            Some((least, "")) => (count(least)?, None),
            Some((least, most)) => (count(least)?, Some(count(most)?)),
        };
        self.at += end + 2;
        Some((least, most))
    }

    /// Writes the repetition that was just read. `most` is absent for "without end".
    fn repeat(&mut self, start: usize, least: u32, most: Option<u32>) -> Result<(), Fault> {
        let operator = self.since(start);
        let Some(inner) = self.atom else {
            return Err((start, PatternErrorKind::NothingToRepeat(operator)));
        };
        let counted = operator.starts_with('{');
        self.eat("?");
        if self.repeated {
            return Err((start, PatternErrorKind::NestedRepeat(operator)));
        }
        if counted {
            let bound = most.unwrap_or(least);
            let product = inner.saturating_mul(bound.max(1));
            if least > bound || bound > MAX_REPEAT || product > MAX_REPEAT {
                return Err((start, PatternErrorKind::RepeatSize(operator)));
            }
            self.atom = Some(product);
            self.weight = self.weight.max(product);
        }
        self.out.text.push_str(&self.pattern[start..self.at]);
        let token = match (self.out.tokens.last(), &*operator) {
            (Some(Token::Dot), "*") => Token::Any { min: 0 },
            (Some(Token::Dot), "+") => Token::Any { min: 1 },
            _ => Token::Other,
        };
        // After a group the token of its end is replaced, which spoils the pairing; that is intended, as no
        // shortcut covers repeated groups.
        self.retag(token);
        self.repeated = true;
        Ok(())
    }

    fn open(&mut self) -> Result<(), Fault> {
        let start = self.at;
        self.at += 1;
        let mut capture = true;
        let outer_flags = self.flags;
        if self.rest().starts_with('?') {
            if self.rest().starts_with("?P<") || self.rest().starts_with("?<") {
                self.name(start)?;
                self.out.text.push('(');
            } else {
                capture = false;
                if !self.flags(start)? {
                    // Flags for the rest of the enclosing group: no group, and nothing to repeat.
                    self.out.tokens.push(Token::Other);
                    self.atom = None;
                    return Ok(());
                }
            }
        } else {
            self.out.text.push('(');
        }
        if self.frames.len() >= MAX_DEPTH {
            return Err((start, PatternErrorKind::Depth));
        }
        self.n_groups += usize::from(capture);
        self.out.tokens.push(Token::Open { capture });
        self.frames.push(Frame {
            flags: outer_flags,
            at: start,
            outer_weight: self.weight,
        });
        self.weight = 1;
        self.atom = None;
        Ok(())
    }

    /// `?P<name>` or `?<name>`.
    fn name(&mut self, start: usize) -> Result<(), Fault> {
        self.at += if self.rest().starts_with("?P<") { 3 } else { 2 };
        let Some(end) = self.rest().find('>') else {
            return Err((
                start,
                PatternErrorKind::GroupName(self.pattern[start..].to_owned()),
            ));
        };
        let name = &self.rest()[..end];
        if name.is_empty() || !name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') {
            return Err((start, PatternErrorKind::GroupName(name.to_owned())));
        }
        self.at += end + 1;
        self.out.names.push((name.to_owned(), self.n_groups + 1));
        Ok(())
    }

    /// `?flags)` or `?flags:`, written out; says whether a group opened.
    fn flags(&mut self, start: usize) -> Result<bool, Fault> {
        self.at += 1;
        let bad = |t: &Self| {
            let end = t
                .rest()
                .chars()
                .next()
                .map_or(t.at, |c| t.at + c.len_utf8());
            Err((
                start,
                PatternErrorKind::Group(t.pattern[start..end].to_owned()),
            ))
        };
        let mut flags = self.flags;
        let (mut on, mut off) = (String::new(), String::new());
        let mut negative = false;
        loop {
            let Some(c) = self.peek() else {
                return Err((start, PatternErrorKind::MissingParen));
            };
            match c {
                'i' | 'm' | 's' | 'U' => {
                    let list = if negative { &mut off } else { &mut on };
                    if !list.contains(c) {
                        list.push(c);
                    }
                    match c {
                        'i' => flags.fold = !negative,
                        's' => flags.dot_all = !negative,
                        _ => {}
                    }
                }
                '-' if !negative => negative = true,
                ')' | ':' if !negative || !off.is_empty() => {
                    self.bump(c);
                    // A flag both set and cleared ends up cleared.
                    on.retain(|c| !off.contains(c));
                    let off = if off.is_empty() {
                        off
                    } else {
                        format!("-{off}")
                    };
                    let nothing = on.is_empty() && off.is_empty();
                    if !(nothing && c == ')') {
                        // Writing to a string cannot fail.
                        write!(self.out.text, "(?{on}{off}{c}").expect("string");
                    }
                    self.flags = flags;
                    return Ok(c == ':');
                }
                _ => return bad(self),
            }
            self.bump(c);
        }
    }

    fn close(&mut self, start: usize) -> Result<(), Fault> {
        let Some(frame) = self.frames.pop() else {
            return Err((start, PatternErrorKind::UnexpectedParen));
        };
        self.out.text.push(')');
        self.out.tokens.push(Token::Close);
        self.flags = frame.flags;
        self.atom = Some(self.weight);
        self.weight = self.weight.max(frame.outer_weight);
        Ok(())
    }
}

/// A repetition count as Go reads it: digits without leading zeros. Beyond `u32` it is too large anyway.
fn count(digits: &str) -> Option<u32> {
    let valid = !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit());
    let leading_zero = digits.len() > 1 && digits.starts_with('0');
    (valid && !leading_zero).then(|| digits.parse().unwrap_or(u32::MAX))
}

/// A literal that means itself in every position of the crate's syntax.
pub(super) fn push_char(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() || (!c.is_ascii() && !c.is_whitespace()) {
        out.push(c);
    } else {
        write!(out, r"\x{{{:X}}}", u32::from(c)).expect("string");
    }
}
