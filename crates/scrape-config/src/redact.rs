//! Source lines in messages, without the secrets that stand on them. A message about a configuration is
//! printed, logged and sent to others; it must be as free of secrets as any other log line.
//!
//! The work is done on text and not on the decoded tree, because a file that cannot be parsed has no tree.
//! When in doubt a line is not shown: its number still is.

use crate::limits::MAX_READ_LINE;
use crate::source::Source;

/// Keys whose value is a secret wherever they appear, in any section.
const SECRET_KEYS: &[&str] = &[
    "account_token",
    "api_key",
    "application_credential_secret",
    "application_secret",
    "bearer_token",
    "client_certificate_key",
    "client_secret",
    "consumer_key",
    "credentials",
    "key",
    "password",
    "proxy_connect_header",
    "secret",
    "secret_key",
    "secrets",
    "service_account_key",
    "token",
];

/// A line as it may be shown. What is left of `intact` stands where it stood in the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) text: String,
    pub(crate) intact: usize,
}

/// Whether the value of a key is a secret.
pub(crate) fn is_secret(key: &str) -> bool {
    SECRET_KEYS.contains(&key)
}

/// A line of a file fit for showing, or nothing if it belongs to a secret.
pub(crate) fn line(source: &Source, index: usize) -> Option<Shown> {
    let range = source.line_range(index);
    if in_multiline_string(source, range.start) || below_secret_key(source, index) {
        return None;
    }
    Some(without_secrets(&source.text()[range]))
}

/// Blanks the value of a secret key, and passwords in URLs.
fn without_secrets(line: &str) -> Shown {
    let mut text = line.to_owned();
    let mut intact = line.len();
    if let Some(value_at) = secret_value(line) {
        let rest = line[value_at..].trim();
        if !rest.is_empty() && !rest.starts_with('#') {
            text.truncate(value_at);
            intact = value_at;
            text.push_str(" <secret>");
        }
    }
    if let Some((at, end)) = url_password(&text) {
        text.replace_range(at..end, "xxxxx");
        intact = intact.min(at);
        // A second URL on the line, as in a list, is not worth a second look: it goes.
        if let Some((next, _)) = url_password(&text[at..]) {
            text.truncate(at + next);
            text.push('…');
        }
    }
    Shown { text, intact }
}

/// Where the value of the first secret key on the line begins, if there is such a key.
fn secret_value(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    line.char_indices()
        .filter(|(_, c)| matches!(c, ':' | '='))
        .map(|(i, _)| i)
        .find(|&i| {
            let before = line[..i].trim_end().trim_end_matches(['"', '\'']);
            let start = before
                .rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                .map_or(0, |j| {
                    j + before[j..].chars().next().map_or(1, char::len_utf8)
                });
            is_secret(&before[start..]) && bytes.get(i + 1) != Some(&b'/')
        })
        .map(|i| i + 1)
}

/// The password inside the first URL with one.
fn url_password(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(found) = text[from..].find("://") {
        let authority = from + found + 3;
        let len = text[authority..]
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\''))
            .unwrap_or(text.len() - authority);
        let user_info = text[authority..authority + len].rfind('@');
        if let Some(at) = user_info
            && let Some(colon) = text[authority..authority + at].find(':')
            && &text[authority + colon + 1..authority + at] != "xxxxx"
        {
            return Some((authority + colon + 1, authority + at));
        }
        from = authority + len;
    }
    None
}

/// Whether the offset lies inside a TOML string of several lines, which ends where its delimiter says and
/// not where the indentation does.
fn in_multiline_string(source: &Source, offset: usize) -> bool {
    let toml = source.path().extension().is_some_and(|e| e == "toml");
    toml && ["\"\"\"", "'''"]
        .iter()
        .any(|quote| source.text()[..offset].matches(quote).count() % 2 == 1)
}

/// Whether a line further up, less indented, is a secret key, and this line is thus part of its value.
fn below_secret_key(source: &Source, index: usize) -> bool {
    let text = |i| &source.text()[source.line_range(i)];
    let mut indent = indentation(text(index)).unwrap_or(usize::MAX);
    for i in (0..index).rev() {
        let line = text(i);
        match indentation(line) {
            Some(n) if n < indent => {
                // A line too long to be searched may hold anything.
                if line.len() > MAX_READ_LINE || secret_value(line).is_some() {
                    return true;
                }
                indent = n;
            }
            _ => {}
        }
        if indent == 0 {
            break;
        }
    }
    false
}

/// Depth of a line: list dashes count as half a level deeper than the key they stand under. `None` for a
/// blank line.
fn indentation(line: &str) -> Option<usize> {
    let content = line.trim_start();
    if content.is_empty() {
        return None;
    }
    let spaces = line.len() - content.len();
    Some(2 * spaces + usize::from(content.starts_with('-')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, index: usize) -> Option<String> {
        line(&Source::new("x.yml", text.to_owned()), index).map(|s| s.text)
    }

    #[test]
    fn values_of_secret_keys_are_blanked() {
        for (line, want) in [
            ("  password: hunter2", "  password: <secret>"),
            (
                "{username: a, \"password\": 'b', x: 1}",
                "{username: a, \"password\": <secret>",
            ),
            ("bearer_token = \"t\"", "bearer_token = <secret>"),
            ("password_file: /run/secret", "password_file: /run/secret"),
            ("password: # none", "password: # none"),
            (
                "proxy_url: http://u:p@h:1/x",
                "proxy_url: http://u:xxxxx@h:1/x",
            ),
            (
                "[\"http://u:p@h\", \"http://v:q@h\"]",
                "[\"http://u:xxxxx@h\", \"http://v:…",
            ),
            ("monkey: banana", "monkey: banana"),
        ] {
            assert_eq!(shown(line, 0).as_deref(), Some(want), "{line}");
        }
    }

    #[test]
    fn lines_that_continue_a_secret_are_not_shown() {
        let text =
            "a:\n  key: |\n    -----BEGIN\n\n    AAAA\n  b: 1\n  secrets:\n  - one\nlast: 1\n";
        let hidden: Vec<usize> = (0..9).filter(|i| shown(text, *i).is_none()).collect();
        assert_eq!(hidden, [2, 3, 4, 7]);
    }

    #[test]
    fn lines_inside_a_toml_string_are_not_shown() {
        let s = Source::new("x.toml", "key = '''\nAAAA\n'''\nb = 1\n".to_owned());
        assert_eq!(line(&s, 1), None);
        assert!(line(&s, 3).is_some());
    }
}
