//! Replacement texts such as `${1}:9100`, split once. The rules are those of Go's `Regexp.Expand`.

use std::borrow::Cow;

use super::regex::{Groups, Pattern};

/// A replacement text, split into what stands there and what a group supplies.
#[derive(Debug, Clone)]
pub(super) struct Template {
    parts: Box<[Part]>,
}

#[derive(Debug, Clone)]
enum Part {
    Text(Box<str>),
    /// The first of these groups that took part in the match.
    Groups(Box<[usize]>),
}

impl Template {
    /// Splits a text. Unknown groups stand for nothing, a `$` that starts no reference stands for itself.
    pub(super) fn new(text: &str, pattern: &Pattern) -> Self {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            literal.push_str(before);
            if let Some(after) = after.strip_prefix('$') {
                literal.push('$');
                rest = after;
            } else if let Some((name, after)) = reference(after) {
                let groups = group_numbers(name, pattern);
                if !groups.is_empty() {
                    if !literal.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut literal).into()));
                    }
                    parts.push(Part::Groups(groups.into()));
                }
                rest = after;
            } else {
                literal.push('$');
                rest = after;
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal.into()));
        }
        Self {
            parts: parts.into(),
        }
    }

    /// The text, if no group takes part in it.
    pub(super) fn fixed(&self) -> Option<&str> {
        match &*self.parts {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The text with the groups filled in.
    pub(super) fn text(&self, groups: &Groups<'_>) -> Cow<'_, str> {
        if let Some(text) = self.fixed() {
            return Cow::Borrowed(text);
        }
        let mut out = String::new();
        for part in &self.parts {
            out.push_str(match part {
                Part::Text(text) => text,
                Part::Groups(any) => any.iter().find_map(|g| groups.get(*g)).unwrap_or(""),
            });
        }
        Cow::Owned(out)
    }
}

/// The name behind a `$` (`name` or `{name}`) and what follows it.
fn reference(text: &str) -> Option<(&str, &str)> {
    let (braced, text) = match text.strip_prefix('{') {
        Some(inner) => (true, inner),
        None => (false, text),
    };
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() {
        return None;
    }
    let rest = if braced {
        rest.strip_prefix('}')?
    } else {
        rest
    };
    Some((name, rest))
}

fn group_numbers(name: &str, pattern: &Pattern) -> Vec<usize> {
    let numeric =
        name.bytes().all(|c| c.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    match name.parse::<usize>() {
        Ok(n) if numeric && n < 100_000_000 => vec![n],
        _ => pattern.group_numbers(name),
    }
}
