//! Reading a tree into values. Each reader names the keys it knows by asking for them; what nobody asked
//! for is reported at the end, with the nearest of the known keys. A mistake is reported and read as if the
//! key were absent, so that one run finds them all.

mod path;
mod scalar;
mod serde;

use std::collections::HashMap;

pub(crate) use path::KeyPath;

use crate::diagnose::{Diagnostic, Location, Related, Reporter, Severity};
use crate::redact;
use crate::source::{Source, Span};
use crate::tree::{Entry, Kind, Node};

/// A value of a file, with what is needed to complain about it.
#[derive(Clone)]
pub(crate) struct At<'a> {
    pub(crate) source: &'a Source,
    pub(crate) reporter: &'a Reporter,
    pub(crate) node: &'a Node,
    pub(crate) path: KeyPath,
    /// Where the key stands, to be shown when there is no value to point at.
    key_span: Option<Span>,
    /// Whether the key is meant and not the value.
    on_key: bool,
    /// Whether the value must not be shown.
    secret: bool,
}

impl<'a> At<'a> {
    pub(crate) fn root(source: &'a Source, reporter: &'a Reporter, node: &'a Node) -> Self {
        Self {
            source,
            reporter,
            node,
            path: KeyPath::root(),
            key_span: None,
            on_key: false,
            secret: false,
        }
    }

    /// What a message about this value points at.
    fn span(&self) -> Span {
        let node = self.node.span;
        match (&self.node.kind, self.key_span) {
            (_, Some(key)) if self.on_key => key,
            // A mapping or list goes on for many lines, and nothing has no place: point at the key.
            (Kind::List(_) | Kind::Map(_), Some(key)) => key,
            (Kind::Scalar { .. }, Some(key)) if self.node.is_null() => key,
            (Kind::Map(entries), None) => entries.first().map_or(node, |e| e.key_span),
            _ => node,
        }
    }

    pub(crate) fn location(&self) -> Location {
        Location::of(self.source, self.span(), self.secret)
    }

    fn diagnostic(&self, severity: Severity, message: String) -> Diagnostic {
        Diagnostic {
            severity,
            message,
            location: self.location(),
            key_path: self.path.to_string(),
            help: None,
            related: Vec::new(),
        }
    }

    pub(crate) fn error(&self, message: impl Into<String>) {
        if self.reporter.skip(Severity::Error) {
            return;
        }
        let d = self.diagnostic(Severity::Error, message.into());
        self.reporter.report(d);
    }

    pub(crate) fn error_with_help(&self, message: impl Into<String>, help: impl Into<String>) {
        if self.reporter.skip(Severity::Error) {
            return;
        }
        let d = self.diagnostic(Severity::Error, message.into());
        self.reporter.report(d.with_help(help));
    }

    /// An error that another place explains.
    pub(crate) fn error_related(
        &self,
        message: impl Into<String>,
        location: Location,
        note: impl Into<String>,
    ) {
        let mut d = self.diagnostic(Severity::Error, message.into());
        d.related.push(Related {
            message: note.into(),
            location,
        });
        self.reporter.report(d);
    }

    pub(crate) fn warn(&self, message: impl Into<String>) {
        if self.reporter.skip(Severity::Warning) {
            return;
        }
        let d = self.diagnostic(Severity::Warning, message.into());
        self.reporter.report(d);
    }

    /// The key is what is wrong, whatever its value.
    pub(crate) fn on_key(mut self) -> Self {
        self.on_key = true;
        self
    }

    /// The mapping here. Nothing is an empty mapping.
    pub(crate) fn fields(&self) -> Option<Fields<'a>> {
        let entries: &'a [Entry] = match &self.node.kind {
            Kind::Map(entries) => entries,
            _ if self.node.is_null() => &[],
            _ => {
                self.mistyped("a mapping");
                return None;
            }
        };
        let mut index = HashMap::with_capacity(entries.len());
        for (i, entry) in entries.iter().enumerate() {
            // A repeated key is reported by `duplicates`; here the last one counts.
            index.insert(&*entry.key, i);
        }
        Some(Fields {
            at: self.clone(),
            entries,
            asked: vec![false; entries.len()],
            index,
            known: Vec::new(),
        })
    }

    /// The elements of the list here. Nothing is an empty list.
    pub(crate) fn items(&self) -> Option<Vec<At<'a>>> {
        let nodes: &'a [_] = match &self.node.kind {
            Kind::List(nodes) => nodes,
            _ if self.node.is_null() => &[],
            _ => {
                self.mistyped("a list");
                return None;
            }
        };
        let item = |(i, node): (usize, &'a std::sync::Arc<Node>)| At {
            node,
            path: self.path.index(i),
            on_key: false,
            key_span: node.is_null().then(|| self.key_span.unwrap_or(node.span)),
            ..self.clone()
        };
        Some(nodes.iter().enumerate().map(item).collect())
    }

    /// The elements of a list of mappings, in which a null element is a mistake.
    pub(crate) fn sections(&self, what: &str) -> Vec<At<'a>> {
        let items = self.items().unwrap_or_default();
        let (nulls, sections): (Vec<_>, Vec<_>) = items.into_iter().partition(|i| i.node.is_null());
        for null in nulls {
            null.error(format!("empty or null {what}"));
        }
        sections
    }

    /// The entries of a mapping with keys of the user's choice.
    pub(crate) fn entries(&self) -> Option<Vec<(&'a str, At<'a>)>> {
        let entries: &'a [Entry] = match &self.node.kind {
            Kind::Map(entries) => entries,
            _ if self.node.is_null() => &[],
            _ => {
                self.mistyped("a mapping");
                return None;
            }
        };
        Some(entries.iter().map(|e| (&*e.key, self.entry(e))).collect())
    }

    fn entry(&self, entry: &'a Entry) -> At<'a> {
        At {
            secret: self.secret || redact::is_secret(&entry.key),
            node: &entry.value,
            path: self.path.key(&entry.key),
            key_span: Some(entry.key_span),
            on_key: false,
            ..self.clone()
        }
    }

    /// The value at a path such as `tls_config.cert_file` below this one, or what of the path exists.
    pub(crate) fn descend(&self, path: &str) -> At<'a> {
        let Kind::Map(entries) = &self.node.kind else {
            return self.clone();
        };
        // Keys of the user's choice may hold dots themselves.
        let step = entries.iter().rev().find_map(|entry| {
            let rest = path.strip_prefix(&*entry.key)?;
            match rest.strip_prefix('.') {
                Some(rest) => Some((entry, rest)),
                None => rest.is_empty().then_some((entry, "")),
            }
        });
        match step {
            Some((entry, rest)) => self.entry(entry).descend(rest),
            None => self.clone(),
        }
    }

    fn mistyped(&self, wanted: &str) {
        let found = self.node.describe();
        self.error(format!("{wanted} is needed here, not {found}"));
    }
}

/// A mapping of which the reader knows the keys.
pub(crate) struct Fields<'a> {
    at: At<'a>,
    entries: &'a [Entry],
    index: HashMap<&'a str, usize>,
    asked: Vec<bool>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The value of a key, if the key is there. Makes the key a known one.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<At<'a>> {
        self.known.push(key);
        let i = *self.index.get(key)?;
        self.asked[i] = true;
        Some(self.at.entry(&self.entries[i]))
    }

    /// The mapping as a whole.
    pub(crate) fn at(&self) -> &At<'a> {
        &self.at
    }

    /// A place for a complaint about a key that may be absent: the key, or else the mapping.
    pub(crate) fn place(&self, key: &str) -> At<'a> {
        match self.index.get(key) {
            Some(&i) => self.at.entry(&self.entries[i]),
            None => self.at.clone(),
        }
    }

    /// Reports the keys that nobody asked for. `describe` may know one that is no typing error.
    pub(crate) fn finish(self, describe: impl Fn(&str) -> Option<String>) {
        let known = self.known;
        for (entry, asked) in self.entries.iter().zip(&self.asked) {
            // An earlier occurrence of a repeated key was asked for under the same name.
            if *asked || known.contains(&&*entry.key) {
                continue;
            }
            let at = self.at.entry(entry);
            match describe(&entry.key) {
                Some(message) => at.on_key().error(message),
                None => unknown_key(&at, &entry.key, &known),
            }
        }
    }
}

/// Reports a key that nobody knows.
fn unknown_key(at: &At<'_>, key: &str, known: &[&str]) {
    if at.reporter.skip(Severity::Error) {
        return;
    }
    let shown: String = key.chars().take(80).collect();
    let message = format!("unknown key `{shown}`");
    let at = at.clone().on_key();
    match nearest(key, known) {
        Some(known) => at.error_with_help(message, format!("did you mean `{known}`?")),
        None => at.error(message),
    }
}

/// The known key that was probably meant.
pub(crate) fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    // Comparing costs the product of the lengths; no known key is this long.
    if key.len() > 100 {
        return None;
    }
    let lower = key.to_ascii_lowercase().replace('-', "_");
    known
        .iter()
        .map(|k| (strsim::osa_distance(&lower, k), *k))
        .min()
        .filter(|(distance, k)| *distance <= k.len().max(lower.len()) / 3)
        .map(|(_, k)| k)
}

/// Reports every key that a mapping anywhere in the tree repeats. Nodes used by several aliases are looked
/// at once.
pub(crate) fn duplicates(root: &At<'_>) {
    let mut seen = std::collections::HashSet::new();
    let mut todo = vec![root.clone()];
    while let Some(at) = todo.pop() {
        if !seen.insert(std::ptr::from_ref(at.node)) {
            continue;
        }
        match &at.node.kind {
            Kind::Scalar { .. } => {}
            Kind::List(nodes) => {
                if nodes.iter().any(|n| n.depth > 1) {
                    todo.extend(at.items().unwrap_or_default());
                }
            }
            Kind::Map(entries) => {
                let mut first: HashMap<&str, Span> = HashMap::with_capacity(entries.len());
                for entry in entries {
                    let here = at.entry(entry);
                    match first.entry(&entry.key) {
                        std::collections::hash_map::Entry::Vacant(v) => {
                            v.insert(entry.key_span);
                        }
                        std::collections::hash_map::Entry::Occupied(o) => {
                            if at.reporter.skip(Severity::Error) {
                                continue;
                            }
                            let earlier = Location::of(at.source, *o.get(), false);
                            let message = format!("key `{}` is repeated", entry.key);
                            let note = "first given here";
                            here.clone().on_key().error_related(message, earlier, note);
                        }
                    }
                    if entry.value.depth > 1 {
                        todo.push(here);
                    }
                }
            }
        }
    }
}
