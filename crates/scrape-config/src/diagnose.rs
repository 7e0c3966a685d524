//! What is wrong with a configuration, said so that it can be put right: file, line, column, the line itself
//! with a caret, the path of the key, and where it helps the key that was probably meant.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use serde::Serialize;

use crate::limits::{MAX_DIAGNOSTICS, MAX_READ_LINE, MAX_SHOWN_LINE, MAX_SHOWN_MESSAGE};
use crate::redact;
use crate::source::{Source, Span};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can, but something in it has no effect or not the one it seems to have.
    Warning,
    /// A rule of thumb is broken.
    Lint,
}

/// A place in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Location {
    /// The file, as it was named or found.
    pub file: PathBuf,
    /// Line, from 1; 0 if the file as a whole is meant.
    pub line: usize,
    /// Column in characters, from 1; 0 if the file as a whole is meant.
    pub column: usize,
    #[serde(skip)]
    shown: Option<Shown>,
}

/// A piece of a source line, secrets blanked, and the bytes of it to point at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    text: String,
    caret: Range<usize>,
    /// Whether the piece begins where the line begins.
    from_start: bool,
}

/// A second place that explains the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related {
    /// What is there.
    pub message: String,
    /// Where.
    pub location: Location,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong. One sentence, lower case, without a full stop.
    pub message: String,
    /// Where.
    pub location: Location,
    /// The key, as in `scrape_configs[1].sample_limit`; empty for the file as a whole.
    pub key_path: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Other places that matter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
}

/// The findings of one run, in the order of the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    omitted: usize,
}

impl Location {
    /// A file as a whole.
    pub(crate) fn file(path: impl Into<PathBuf>) -> Self {
        Self {
            file: path.into(),
            line: 0,
            column: 0,
            shown: None,
        }
    }

    /// A stretch of a file. With `hide` the line itself is not shown.
    pub(crate) fn of(source: &Source, span: Span, hide: bool) -> Self {
        let start = source.floor(span.start as usize);
        let position = source.position(start);
        Self {
            file: source.path().to_path_buf(),
            line: position.line,
            column: position.column,
            shown: if hide {
                None
            } else {
                excerpt(source, start, span.end as usize)
            },
        }
    }

    /// A place that another reader has counted, from 1; 0 for the file as a whole.
    pub(crate) fn at(source: &Source, line: u64, column: u64) -> Self {
        let (Ok(line), Ok(column)) = (usize::try_from(line), usize::try_from(column)) else {
            return Self::file(source.path());
        };
        if line == 0 {
            return Self::file(source.path());
        }
        let range = source.line_range(line - 1);
        let text = source.text().get(range.clone()).unwrap_or_default();
        let before = column.saturating_sub(1);
        let start = text
            .char_indices()
            .nth(before)
            .map_or(text.len(), |(i, _)| i);
        let start = range.start + start;
        Self::of(source, Span::new(start, start + 1), false)
    }

    fn is_whole_file(&self) -> bool {
        self.line == 0
    }
}

/// Cuts the line around a place down to what can be shown.
fn excerpt(source: &Source, start: usize, end: usize) -> Option<Shown> {
    let index = source.line_index(start);
    let range = source.line_range(index);
    if range.len() > MAX_READ_LINE {
        return None;
    }
    let redact::Shown { mut text, intact } = redact::line(source, index)?;
    let from = start.min(range.end) - range.start;
    if from > intact {
        return None;
    }
    let mut to = source.floor(end.clamp(start, range.end).max(range.start)) - range.start;
    if to > intact {
        to = text.len().min(intact.max(from));
    }
    let mut caret = from..to.max(from);
    let mut from_start = true;
    if text.len() > MAX_SHOWN_LINE {
        let keep_from = text.floor_char_boundary(caret.start.saturating_sub(MAX_SHOWN_LINE / 2));
        let keep_to = text.floor_char_boundary(keep_from + MAX_SHOWN_LINE);
        from_start = keep_from == 0;
        text = text[keep_from..keep_to].to_owned();
        caret = caret.start - keep_from..caret.end.min(keep_to) - keep_from;
    }
    Some(Shown {
        text,
        caret,
        from_start,
    })
}

impl Diagnostic {
    /// A finding about a file as a whole.
    pub(crate) fn about_file(
        severity: Severity,
        path: impl Into<PathBuf>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            message: message.into(),
            location: Location::file(path),
            key_path: String::new(),
            help: None,
            related: Vec::new(),
        }
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The finding with its source line and caret, with or without terminal colours. No newline at the end.
    pub fn render(&self, colours: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Lint => Level::WARNING.with_name("lint"),
        };
        let mut group = level
            .primary_title(self.message.as_str())
            .elements(shown(&self.location, AnnotationKind::Primary));
        if self.location.shown.is_none() {
            group = group.element(origin(&self.location));
        }
        let key = (!self.key_path.is_empty()).then(|| format!("key: {}", self.key_path));
        group = group.elements(key.map(|k| Level::NOTE.no_name().message(k)));
        let help = self.help.as_deref();
        group = group.elements(help.map(|h| Level::HELP.message(h)));
        for related in &self.related {
            group = group.element(Level::NOTE.message(related.message.as_str()));
            match shown(&related.location, AnnotationKind::Context) {
                Some(snippet) => group = group.element(snippet),
                None => group = group.element(origin(&related.location)),
            }
        }
        let renderer = if colours {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.render(&[group])
    }
}

fn origin(location: &Location) -> Origin<'_> {
    let origin = Origin::path(location.file.to_string_lossy());
    if location.is_whole_file() {
        return origin;
    }
    origin.line(location.line).char_column(location.column)
}

fn shown(
    location: &Location,
    kind: AnnotationKind,
) -> Option<Snippet<'_, annotate_snippets::Annotation<'_>>> {
    let shown = location.shown.as_ref()?;
    let path = if shown.from_start {
        location.file.to_string_lossy().into_owned()
    } else {
        // The renderer would count columns from the cut.
        format!(
            "{}:{}:{} (cut)",
            location.file.display(),
            location.line,
            location.column
        )
    };
    Some(
        Snippet::source(shown.text.as_str())
            .line_start(location.line)
            .path(path)
            .annotation(kind.span(shown.caret.clone())),
    )
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl Diagnostics {
    /// The findings.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// Those that make the configuration unusable.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter().filter(|d| d.severity == Severity::Error)
    }

    /// Those that do not.
    pub fn warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter().filter(|d| d.severity == Severity::Warning)
    }

    /// How many more there were than are kept.
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// Number of findings kept.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All findings, one after the other with an empty line between.
    pub fn render(&self, colours: bool) -> String {
        let mut out: Vec<String> = self.list.iter().map(|d| d.render(colours)).collect();
        if self.omitted > 0 {
            out.push(format!("and {} more", self.omitted));
        }
        out.join("\n\n")
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

/// Messages quote the file: long ones lose their middle, and what could steer a terminal is spelt out.
fn presentable(text: &mut String) {
    let steers = |c: char| c.is_control() && c != '\n';
    if text.contains(steers) {
        let spell = |c: char| match steers(c) {
            true => c.escape_default().to_string(),
            false => c.to_string(),
        };
        *text = text.chars().map(spell).collect();
    }
    if text.len() > MAX_SHOWN_MESSAGE {
        let third = MAX_SHOWN_MESSAGE / 3;
        let start = text.floor_char_boundary(2 * third);
        let end = text.ceil_char_boundary(text.len() - third);
        text.replace_range(start..end, "…");
    }
}

/// Collects findings while files are read. Shared by reference: decoding never stops at a finding.
#[derive(Debug, Default)]
pub(crate) struct Reporter {
    list: RefCell<Vec<Diagnostic>>,
    errors: Cell<usize>,
    warnings: Cell<usize>,
    omitted: Cell<usize>,
}

impl Reporter {
    pub(crate) fn report(&self, mut diagnostic: Diagnostic) {
        let related = diagnostic.related.iter_mut().map(|r| &mut r.message);
        let texts = [&mut diagnostic.message, &mut diagnostic.key_path];
        texts.into_iter().chain(related).for_each(presentable);
        // Counted apart, so that warnings cannot crowd out errors.
        let seen = match diagnostic.severity {
            Severity::Error => &self.errors,
            Severity::Warning | Severity::Lint => &self.warnings,
        };
        seen.set(seen.get() + 1);
        if seen.get() <= MAX_DIAGNOSTICS {
            self.list.borrow_mut().push(diagnostic);
        } else {
            self.omitted.set(self.omitted.get() + 1);
        }
    }

    /// Counts a finding that will not be kept anyway, and says whether it is one: composing it costs time.
    pub(crate) fn skip(&self, severity: Severity) -> bool {
        let seen = match severity {
            Severity::Error => &self.errors,
            Severity::Warning | Severity::Lint => &self.warnings,
        };
        let full = seen.get() >= MAX_DIAGNOSTICS;
        if full {
            seen.set(seen.get() + 1);
            self.omitted.set(self.omitted.get() + 1);
        }
        full
    }

    /// Errors so far.
    pub(crate) fn errors(&self) -> usize {
        self.errors.get()
    }

    /// All findings, files in the order in which they were first mentioned, each by line.
    pub(crate) fn into_diagnostics(self) -> Diagnostics {
        let mut list = self.list.into_inner();
        let mut files: Vec<PathBuf> = Vec::new();
        for d in &list {
            if !files.contains(&d.location.file) {
                files.push(d.location.file.clone());
            }
        }
        list.sort_by_key(|d| {
            let file = files.iter().position(|f| *f == d.location.file);
            (file, d.location.line, d.location.column)
        });
        Diagnostics {
            list,
            omitted: self.omitted.get(),
        }
    }
}
