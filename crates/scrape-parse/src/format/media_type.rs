//! Media types of RFC 2045, `type/subtype *( ";" name "=" value )`, read as strictly as Go reads them: the
//! choice between parser and fallback depends on it.

/// `type/subtype` of a well-formed header; a single `;` may trail.
pub(super) fn essence(header: &str) -> Option<&str> {
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
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Some(essence);
        }
        rest = rest.strip_prefix(';')?.trim_start();
        if rest.is_empty() {
            return Some(essence);
        }
        let (name, after) = rest.split_once('=')?;
        let name = name.trim_end();
        if !is_token(name) || seen.iter().any(|s| s.eq_ignore_ascii_case(name)) {
            return None;
        }
        seen.push(name);
        rest = value(after.trim_start())?;
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
