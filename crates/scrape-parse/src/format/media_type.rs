//! Media types of RFC 2045, `type/subtype *( ";" name "=" value )`, read as strictly as Go reads them: the
//! choice between parser and fallback depends on it.

use alloc::vec::Vec;

/// What a well-formed header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MediaType<'h> {
    /// `type/subtype`.
    pub(super) essence: &'h str,
    /// The parameter `version`, quotes excluded.
    pub(super) version: Option<&'h str>,
}

/// Reads a header; a single `;` may trail.
pub(super) fn read(header: &str) -> Option<MediaType<'_>> {
    let (essence, mut rest) = match header.find(';') {
        Some(at) => header.split_at(at),
        None => (header, ""),
    };
    let essence = essence.trim();
    let (kind, subtype) = essence.split_once('/')?;
    if !is_token(kind) || !is_token(subtype) {
        return None;
    }
    let mut seen: Vec<&str> = Vec::new();
    let mut found = MediaType {
        essence,
        version: None,
    };
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Some(found);
        }
        rest = rest.strip_prefix(';')?.trim_start();
        if rest.is_empty() {
            return Some(found);
        }
        let (name, after) = rest.split_once('=')?;
        let name = name.trim_end();
        if !is_token(name) || seen.iter().any(|s| s.eq_ignore_ascii_case(name)) {
            return None;
        }
        seen.push(name);
        let after = after.trim_start();
        rest = value(after)?;
        if name.eq_ignore_ascii_case("version") {
            let written = after.strip_suffix(rest).unwrap_or(after);
            found.version = Some(written.trim_matches('"'));
        }
    }
}

/// What follows a token or quoted string.
fn value(text: &str) -> Option<&str> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|c| !is_token_char(c)).unwrap_or(text.len());
        return (end > 0).then(|| text.split_at(end).1);
    };
    let mut escaped = false;
    for (i, c) in quoted.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return quoted.get(i + 1..),
            '\r' | '\n' => return None,
            _ => {}
        }
    }
    None
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_token_char)
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_graphic() && !"()<>@,;:\\\"/[]?=".contains(c)
}
