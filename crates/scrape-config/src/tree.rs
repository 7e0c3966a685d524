//! What YAML and TOML have in common: scalars, lists and mappings, each with its place in the text. The two
//! front ends build this tree, everything behind them reads it and knows no syntax.

use std::sync::Arc;

use crate::source::Span;

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
    /// Levels below, this one included.
    pub(crate) depth: u32,
    /// Values below, this one included, aliases counted as often as used.
    pub(crate) weight: u64,
}

/// The three shapes of a value.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A scalar as written, escapes decoded. Only a plain one (no quotes) may be a number, boolean or null.
    Scalar { text: Box<str>, plain: bool },
    /// A list.
    List(Vec<Arc<Node>>),
    /// A mapping, entries in the order of the text. Keys may repeat; see [`duplicates`].
    Map(Vec<Entry>),
}

/// One entry of a mapping.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: Arc<str>,
    pub(crate) key_span: Span,
    pub(crate) value: Arc<Node>,
}

impl Node {
    pub(crate) fn scalar(text: impl Into<Box<str>>, plain: bool, span: Span) -> Self {
        Self {
            span,
            kind: Kind::Scalar {
                text: text.into(),
                plain,
            },
            depth: 1,
            weight: 1,
        }
    }

    pub(crate) fn list(items: Vec<Arc<Node>>, span: Span) -> Self {
        let depth = 1 + items.iter().map(|n| n.depth).max().unwrap_or(0);
        let weight = items
            .iter()
            .fold(1, |sum: u64, n| sum.saturating_add(n.weight));
        Self {
            span,
            kind: Kind::List(items),
            depth,
            weight,
        }
    }

    pub(crate) fn map(entries: Vec<Entry>, span: Span) -> Self {
        let depth = 1 + entries.iter().map(|e| e.value.depth).max().unwrap_or(0);
        let weight = entries
            .iter()
            .fold(1, |sum: u64, e| sum.saturating_add(1 + e.value.weight));
        Self {
            span,
            kind: Kind::Map(entries),
            depth,
            weight,
        }
    }

    /// No value at all, as after `key:`.
    pub(crate) fn null(span: Span) -> Self {
        Self::scalar("", true, span)
    }

    /// Whether this is YAML's null: nothing, `~` or `null`, unquoted.
    pub(crate) fn is_null(&self) -> bool {
        matches!(
            &self.kind,
            Kind::Scalar { text, plain: true }
                if matches!(&**text, "" | "~" | "null" | "Null" | "NULL")
        )
    }

    /// What the value is, in words for a message.
    pub(crate) fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar { .. } if self.is_null() => "nothing",
            Kind::Scalar { plain: false, .. } => "a string",
            Kind::Scalar { text, .. } if boolean(text).is_some() => "a boolean",
            Kind::Scalar { text, .. } if text.parse::<f64>().is_ok() => "a number",
            Kind::Scalar { .. } => "a string",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }
}

/// A boolean as YAML 1.1 spells it.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => {
            Some(true)
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => {
            Some(false)
        }
        _ => None,
    }
}
