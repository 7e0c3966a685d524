//! The same configuration in TOML: text to [`Node`]s. TOML's own types take the place of YAML's guessing; a
//! duration or size is a string here.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::limits::{MAX_DEPTH, MAX_NODES};
use crate::source::Span;
use crate::tree::{Entry, Node};
use crate::yaml::SyntaxError;

/// Longest key path, `a.b.c`, that is read: the library nests as deep as a key has dots.
const MAX_DOTS: usize = MAX_DEPTH as usize;

/// Reads one document. The library recovers from mistakes: all of them are given back.
pub(crate) fn parse(text: &str) -> Result<Arc<Node>, Vec<SyntaxError>> {
    if let Some(at) = overlong_key(text) {
        let message = format!("a key holds more than {MAX_DOTS} dots");
        return Err(vec![SyntaxError::new(message, Span::new(at, at + 1))]);
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let syntax = |e: &toml::de::Error| {
            let span = e.span().unwrap_or(0..0);
            SyntaxError::new(e.message(), Span::new(span.start, span.end))
        };
        return Err(errors.iter().map(syntax).collect());
    }
    let mut reader = Reader { text, nodes: 0 };
    let span = table.span();
    reader
        .table(table.get_ref(), Span::new(span.start, span.end), 1)
        .map_err(|e| vec![e])
}

/// The first run of more dots than a key may have, wherever it stands: a text of that form is no
/// configuration either.
fn overlong_key(text: &str) -> Option<usize> {
    let mut dots = 0;
    for (i, b) in text.bytes().enumerate() {
        match b {
            b'.' => dots += 1,
            b'\n' | b'=' | b']' | b',' => dots = 0,
            _ => {}
        }
        if dots > MAX_DOTS {
            return Some(i);
        }
    }
    None
}

struct Reader<'t> {
    text: &'t str,
    nodes: u64,
}

impl Reader<'_> {
    fn table(
        &mut self,
        table: &DeTable<'_>,
        span: Span,
        depth: u32,
    ) -> Result<Arc<Node>, SyntaxError> {
        let mut entries = Vec::with_capacity(table.len());
        for (key, value) in table {
            let key_span = key.span();
            entries.push(Entry {
                key: key.get_ref().as_ref().into(),
                key_span: Span::new(key_span.start, key_span.end),
                value: self.value(value, depth + 1)?,
            });
        }
        // The library sorts by name; a person reads from the top.
        entries.sort_by_key(|e| e.key_span.start);
        Ok(Arc::new(Node::map(entries, span)))
    }

    fn value(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        depth: u32,
    ) -> Result<Arc<Node>, SyntaxError> {
        let range = value.span();
        let span = Span::new(range.start, range.end);
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let message = format!("the document holds more than {MAX_NODES} values");
            return Err(SyntaxError::new(message, span));
        }
        if depth > MAX_DEPTH {
            let message = format!("values are nested deeper than {MAX_DEPTH} levels");
            return Err(SyntaxError::new(message, span));
        }
        Ok(match value.get_ref() {
            DeValue::String(text) => Arc::new(Node::scalar(text.as_ref(), false, span)),
            DeValue::Array(items) => {
                let items = items
                    .iter()
                    .map(|item| self.value(item, depth + 1))
                    .collect::<Result<_, _>>()?;
                Arc::new(Node::list(items, span))
            }
            DeValue::Table(table) => self.table(table, span, depth)?,
            DeValue::Float(_) => {
                let text = self.text.get(range).unwrap_or_default();
                // YAML writes infinity with a dot.
                let text = text.replace("inf", ".inf");
                Arc::new(Node::scalar(text, true, span))
            }
            DeValue::Integer(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
                let text = self.text.get(range).unwrap_or_default();
                Arc::new(Node::scalar(text, true, span))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Kind;

    #[test]
    fn tables_arrays_and_scalars_keep_their_places() {
        let node =
            parse("[global]\nscrape_interval = \"5s\"\n[[scrape_configs]]\nsample_limit = 1_000\n");
        let node = node.expect("valid");
        let Kind::Map(entries) = &node.kind else {
            panic!("a table");
        };
        let keys: Vec<_> = entries.iter().map(|e| &*e.key).collect();
        assert_eq!(keys, ["global", "scrape_configs"]);
        let Kind::List(jobs) = &entries[1].value.kind else {
            panic!("a list");
        };
        let Kind::Map(job) = &jobs[0].kind else {
            panic!("a table");
        };
        assert!(
            matches!(&job[0].value.kind, Kind::Scalar { text, plain: true } if &**text == "1_000")
        );
        assert_eq!(job[0].key_span.start, 51);
    }

    #[test]
    fn every_mistake_is_found_and_depth_is_bounded() {
        let errors = parse("a = \nb = 1\nc = = 2\n").expect_err("two mistakes");
        assert!(errors.len() >= 2, "{errors:?}");
        for hostile in [
            "a.".repeat(100_000) + "a = 1",
            "[".repeat(100_000),
            "x = ".to_owned() + &"[".repeat(100_000),
            "x = ".to_owned() + &"{a=".repeat(100_000),
        ] {
            assert!(parse(&hostile).is_err());
        }
    }
}
