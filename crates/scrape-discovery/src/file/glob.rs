//! Path patterns with the meaning of Go's `filepath.Glob`: `*` and `?` stay within a segment, `[a-z]` and
//! `[^a]` are classes, `\` escapes; a leading dot is nothing special.

use std::io;

/// Why a pattern could not be expanded. What was known of it before is then still the best knowledge.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GlobError {
    /// An unfinished class or escape.
    #[error("syntax error in pattern {0:?}")]
    BadPattern(String),
    /// A directory that exists cannot be read.
    #[error("cannot list {path}: {error}")]
    Io {
        /// The directory.
        path: String,
        /// Why.
        error: io::Error,
    },
}

/// The paths that match, ascending within each directory. What does not exist does not match.
///
/// # Errors
/// A pattern that is none, or a directory that cannot be listed.
pub fn expand(pattern: &str) -> Result<Vec<String>, GlobError> {
    if !has_meta(pattern) {
        return Ok(if exists(pattern)? {
            vec![pattern.to_owned()]
        } else {
            Vec::new()
        });
    }
    let (dir, name) = split(pattern);
    let mut found = Vec::new();
    let dirs = if has_meta(dir) {
        expand(dir)?
    } else {
        vec![dir.to_owned()]
    };
    for dir in dirs {
        list_matching(&dir, name, &mut found)?;
    }
    Ok(found)
}

/// The directories whose changes can change what a pattern matches.
pub(crate) fn directories(pattern: &str) -> Result<Vec<String>, GlobError> {
    let (dir, _) = split(pattern);
    if has_meta(dir) {
        expand(dir)
    } else {
        Ok(vec![dir.to_owned()])
    }
}

fn has_meta(text: &str) -> bool {
    text.contains(['*', '?', '[', '\\'])
}

/// (directory, last segment); the directory is `.` if there is none.
fn split(pattern: &str) -> (&str, &str) {
    match pattern.rfind('/') {
        None => (".", pattern),
        Some(0) => ("/", &pattern[1..]),
        Some(i) => (&pattern[..i], &pattern[i + 1..]),
    }
}

fn is_absence(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn exists(path: &str) -> Result<bool, GlobError> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(e) if is_absence(&e) => Ok(false),
        Err(error) => Err(GlobError::Io {
            path: path.to_owned(),
            error,
        }),
    }
}

fn list_matching(dir: &str, name_pattern: &str, found: &mut Vec<String>) -> Result<(), GlobError> {
    let io_error = |error| GlobError::Io {
        path: dir.to_owned(),
        error,
    };
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if is_absence(&e) => return Ok(()),
        Err(e) => return Err(io_error(e)),
    };
    let start = found.len();
    for entry in entries {
        let name = entry.map_err(io_error)?.file_name();
        // A label cannot hold a name that is no text.
        let Some(name) = name.to_str() else { continue };
        if matches(name_pattern, name)? {
            found.push(match dir {
                "." => name.to_owned(),
                "/" => format!("/{name}"),
                dir => format!("{dir}/{name}"),
            });
        }
    }
    found[start..].sort_unstable();
    Ok(())
}

/// Whether a name without slashes matches a pattern without slashes.
pub(crate) fn matches(pattern: &str, name: &str) -> Result<bool, GlobError> {
    let tokens = tokens(pattern).ok_or_else(|| GlobError::BadPattern(pattern.to_owned()))?;
    let name: Vec<char> = name.chars().collect();
    // The classic two-pointer walk: on a mismatch the last star takes one more character.
    let (mut t, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if let Some(Token::Star) = tokens.get(t) {
            star = Some((t, n));
            t += 1;
        } else if tokens.get(t).is_some_and(|token| token.accepts(name[n])) {
            t += 1;
            n += 1;
        } else if let Some((star_t, star_n)) = star {
            star = Some((star_t, star_n + 1));
            t = star_t + 1;
            n = star_n + 1;
        } else {
            return Ok(false);
        }
    }
    Ok(tokens[t..].iter().all(|token| matches!(token, Token::Star)))
}

#[derive(Debug)]
enum Token {
    Star,
    Any,
    Char(char),
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Token {
    fn accepts(&self, c: char) -> bool {
        match self {
            Self::Star => false,
            Self::Any => true,
            Self::Char(own) => *own == c,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(lo, hi)| *lo <= c && c <= *hi) != *negated
            }
        }
    }
}

fn tokens(pattern: &str) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(match c {
            '*' => Token::Star,
            '?' => Token::Any,
            '\\' => Token::Char(chars.next()?),
            '[' => {
                let negated = chars.next_if_eq(&'^').is_some();
                let mut ranges = Vec::new();
                while ranges.is_empty() || chars.next_if_eq(&']').is_none() {
                    let lo = class_char(&mut chars)?;
                    let hi = if chars.next_if_eq(&'-').is_some() {
                        class_char(&mut chars)?
                    } else {
                        lo
                    };
                    ranges.push((lo, hi));
                }
                Token::Class { negated, ranges }
            }
            c => Token::Char(c),
        });
    }
    Some(out)
}

/// One character of a class; `-` and `]` must be escaped.
fn class_char(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    match chars.next()? {
        '-' | ']' => None,
        '\\' => chars.next(),
        c => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_match_as_in_go() {
        for (pattern, name, want) in [
            ("*.json", "a.json", true),
            ("*.json", ".json", true),
            ("*.json", "..data.json", true),
            ("*.json", "a.yml", false),
            ("a*b*.json", "aXbY.json", true),
            ("a*b*.json", "aXY.json", false),
            ("*a*a*", "baab", true),
            ("?.yml", "é.yml", true),
            ("?.yml", "ab.yml", false),
            ("[a-c]x[^0-9]", "bxz", true),
            ("[a-c]x[^0-9]", "dxz", false),
            ("[a-c]x[^0-9]", "bx5", false),
            ("[\\]]", "]", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("", "", true),
            ("*", "", true),
        ] {
            assert_eq!(
                matches(pattern, name).expect("valid"),
                want,
                "{pattern} {name}"
            );
        }
        for bad in ["[", "[a", "[]a]", "[a-]", "[-x]", "a\\", "[^"] {
            assert!(matches(bad, "x").is_err(), "{bad}");
        }
    }

    #[test]
    fn expansion_lists_sorted_and_walks_directories_with_classes() {
        let tmp = tempfile::tempdir().expect("a directory");
        let root = tmp.path().to_str().expect("text");
        for d in ["d1", "d2"] {
            std::fs::create_dir(format!("{root}/{d}")).expect("created");
            for f in ["b.json", "a.json", "c.txt"] {
                std::fs::write(format!("{root}/{d}/{f}"), "").expect("written");
            }
        }
        assert_eq!(
            expand(&format!("{root}/d[12]/*.json")).expect("listed"),
            ["d1/a.json", "d1/b.json", "d2/a.json", "d2/b.json"].map(|f| format!("{root}/{f}"))
        );
        assert_eq!(
            directories(&format!("{root}/d?/*.json"))
                .expect("listed")
                .len(),
            2
        );
        assert_eq!(
            expand(&format!("{root}/d1/a.json")).expect("there"),
            [format!("{root}/d1/a.json")]
        );
        assert!(
            expand(&format!("{root}/none/*.json"))
                .expect("absence is no error")
                .is_empty()
        );
        assert!(
            expand(&format!("{root}/d1/a.json/x.json"))
                .expect("absence is no error")
                .is_empty()
        );
    }
}
