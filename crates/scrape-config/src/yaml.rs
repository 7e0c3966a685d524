//! The only place that knows which YAML library stands behind the manifest's `serde_yaml`: text to
//! [`Node`]s on the way in, values to text on the way out.
//!
//! The dialect is the one Prometheus reads: YAML 1.1 merges (`<<`) and booleans, anchors, one document.
//! Differences, all towards refusing: a second document that holds something is an error (there it is
//! silently ignored), as is a key that is not a scalar.

use std::collections::HashMap;
use std::sync::Arc;

use serde_yaml::granit_parser::{self as parser, Event, Parser, ScalarStyle};

use crate::limits::{MAX_DEPTH, MAX_NODES};
use crate::source::Span;
use crate::tree::{Entry, Kind, Node};

/// Why a text is no YAML document, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) message: String,
    pub(crate) span: Span,
}

impl SyntaxError {
    pub(crate) fn new(message: impl Into<String>, span: Span) -> Self {
        Self {
            message: message.into(),
            span,
        }
    }
}

/// A collection whose end has not been seen.
struct Open {
    anchor: usize,
    start: Span,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Arc<Node>>),
    Map {
        entries: Vec<Entry>,
        /// The key whose value comes next, whether it is the merge key, and its place.
        key: Option<(Arc<str>, bool, Span)>,
        merges: Vec<(Arc<Node>, Span)>,
    },
}

/// Reads one document. An empty text is a null.
pub(crate) fn parse(text: &str) -> Result<Arc<Node>, SyntaxError> {
    let limit = MAX_DEPTH as usize;
    let options = parser::options! {
        emit_comments: false,
        flow_nesting_limit: limit,
        block_nesting_limit: limit,
    };
    let mut builder = Builder::default();
    for step in Parser::new_from_str_with_options(text, options) {
        let (event, span) = step.map_err(|e| {
            let at = e.marker().byte_offset().unwrap_or(text.len());
            SyntaxError::new(e.info(), Span::new(at, at + 1))
        })?;
        let range = span.byte_range().unwrap_or(0..0);
        builder.event(event, Span::new(range.start, range.end))?;
    }
    Ok(builder
        .root
        .unwrap_or_else(|| Arc::new(Node::null(Span::default()))))
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Arc<Node>>,
    root: Option<Arc<Node>>,
    documents: usize,
    nodes: u64,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), SyntaxError> {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                self.anchors.clear();
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                if tag.is_some_and(|t| t.suffix() == "binary" || t.suffix().ends_with(":binary")) {
                    return Err(SyntaxError::new(
                        "`!!binary` values are not supported",
                        span,
                    ));
                }
                let plain = style == ScalarStyle::Plain;
                self.count(1, span)?;
                if self.wants_key() {
                    return self.key(text.into(), plain, anchor, span);
                }
                self.value(Node::scalar(text, plain, span), anchor)
            }
            Event::SequenceStart(_, anchor, _) => {
                self.start(anchor, span, OpenKind::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, _) => self.start(
                anchor,
                span,
                OpenKind::Map {
                    entries: Vec::new(),
                    key: None,
                    merges: Vec::new(),
                },
            ),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else {
                    return Ok(());
                };
                let span = Span {
                    start: open.start.start,
                    end: span.end.max(open.start.start),
                };
                let node = match open.kind {
                    OpenKind::List(items) => Node::list(items, span),
                    OpenKind::Map {
                        entries, merges, ..
                    } => Node::map(merge(entries, merges)?, span),
                };
                self.value(node, open.anchor)
            }
            Event::Alias(id) => {
                let Some(node) = self.anchors.get(&id).cloned() else {
                    return Err(SyntaxError::new(
                        "this alias stands inside the value it refers to",
                        span,
                    ));
                };
                self.count(node.weight, span)?;
                if self.wants_key() {
                    return match &node.kind {
                        Kind::Scalar { text, plain } => self.key(text.to_string(), *plain, 0, span),
                        _ => Err(not_a_key(span)),
                    };
                }
                self.place(node, span)
            }
            _ => Ok(()),
        }
    }

    fn count(&mut self, more: u64, span: Span) -> Result<(), SyntaxError> {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes > MAX_NODES {
            return Err(SyntaxError::new(
                format!("the document, aliases expanded, holds more than {MAX_NODES} values"),
                span,
            ));
        }
        Ok(())
    }

    fn wants_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some(Open {
                kind: OpenKind::Map { key: None, .. },
                ..
            })
        )
    }

    fn key(
        &mut self,
        text: String,
        plain: bool,
        anchor: usize,
        span: Span,
    ) -> Result<(), SyntaxError> {
        if anchor != 0 {
            let node = Node::scalar(text.as_str(), plain, span);
            self.anchors.insert(anchor, Arc::new(node));
        }
        if let Some(Open {
            kind: OpenKind::Map { key, .. },
            ..
        }) = self.open.last_mut()
        {
            let merge = plain && text == "<<";
            *key = Some((text.into(), merge, span));
        }
        Ok(())
    }

    fn start(&mut self, anchor: usize, span: Span, kind: OpenKind) -> Result<(), SyntaxError> {
        if self.wants_key() {
            return Err(not_a_key(span));
        }
        self.count(1, span)?;
        self.open.push(Open {
            anchor,
            start: span,
            kind,
        });
        Ok(())
    }

    fn value(&mut self, node: Node, anchor: usize) -> Result<(), SyntaxError> {
        let span = node.span;
        let node = Arc::new(node);
        if anchor != 0 {
            self.anchors.insert(anchor, Arc::clone(&node));
        }
        self.place(node, span)
    }

    /// Puts a finished value where it belongs. `span` is where it is used, which for an alias is not where
    /// it stands.
    fn place(&mut self, node: Arc<Node>, span: Span) -> Result<(), SyntaxError> {
        if node.depth > MAX_DEPTH {
            return Err(SyntaxError::new(
                format!("values are nested deeper than {MAX_DEPTH} levels"),
                span,
            ));
        }
        match self.open.last_mut() {
            None => {
                if self.documents > 1 {
                    if node.is_null() {
                        return Ok(());
                    }
                    return Err(SyntaxError::new(
                        "a second document: everything has to stand in the first one",
                        span,
                    ));
                }
                self.anchors.clear();
                self.root = Some(node);
            }
            Some(Open {
                kind: OpenKind::List(items),
                ..
            }) => items.push(node),
            Some(Open {
                kind:
                    OpenKind::Map {
                        entries,
                        key,
                        merges,
                    },
                ..
            }) => match key.take() {
                Some((_, true, _)) => merges.push((node, span)),
                Some((text, false, key_span)) => entries.push(Entry {
                    key: text,
                    key_span,
                    value: node,
                }),
                None => return Err(not_a_key(span)),
            },
        }
        Ok(())
    }
}

fn not_a_key(span: Span) -> SyntaxError {
    SyntaxError::new("a key has to be a plain or quoted text", span)
}

/// Adds what `<<` brings to a mapping's own entries, which win; of several merged mappings the earlier one
/// wins.
fn merge(
    mut entries: Vec<Entry>,
    merges: Vec<(Arc<Node>, Span)>,
) -> Result<Vec<Entry>, SyntaxError> {
    if merges.is_empty() {
        return Ok(entries);
    }
    let wrong = |span| SyntaxError::new("`<<` takes a mapping or a list of mappings", span);
    let mut known: std::collections::HashSet<Arc<str>> =
        entries.iter().map(|e| Arc::clone(&e.key)).collect();
    let mut add = |node: &Node, span| {
        let Kind::Map(more) = &node.kind else {
            return Err(wrong(span));
        };
        for entry in more {
            if known.insert(Arc::clone(&entry.key)) {
                entries.push(entry.clone());
            }
        }
        Ok(())
    };
    for (node, span) in &merges {
        match &node.kind {
            Kind::List(items) => {
                for item in items {
                    add(item, *span)?;
                }
            }
            _ => add(node, *span)?,
        }
    }
    Ok(entries)
}

/// Writes a value. Strings are never spread over lines, so that the text may be indented as a whole.
///
/// # Errors
/// A type that has no form in YAML.
pub(crate) fn write<T: serde::Serialize>(
    value: &T,
) -> Result<String, serde_yaml::ser_error::Error> {
    let options = serde_yaml::ser_options! { prefer_block_scalars: false };
    serde_yaml::to_string_with_options(value, options)
}
