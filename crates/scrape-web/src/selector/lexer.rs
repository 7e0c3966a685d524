//! Text to tokens.

use super::SelectorError;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    OpenBrace,
    CloseBrace,
    Comma,
    Operator(&'static str),
    /// Letters, digits, underscores and colons.
    Name(&'a str),
    /// A quoted text, unescaped.
    Text(String),
    End,
}

impl Token<'_> {
    fn describe(&self) -> String {
        match self {
            Self::OpenBrace => "\"{\"".into(),
            Self::CloseBrace => "\"}\"".into(),
            Self::Comma => "\",\"".into(),
            Self::Operator(o) => format!("{o:?}"),
            Self::Name(n) => format!("{n:?}"),
            Self::Text(t) => format!("string {t:?}"),
            Self::End => "the end".into(),
        }
    }
}

pub(super) struct Lexer<'a> {
    text: &'a str,
    /// Byte offsets: where the last token begins, and what is left.
    start: usize,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            start: 0,
            at: 0,
        }
    }

    /// An error at the last token.
    pub(super) fn error(&self, reason: String) -> SelectorError {
        SelectorError {
            column: self.text[..self.start].chars().count() + 1,
            reason,
        }
    }

    pub(super) fn unexpected(&self, token: &Token<'_>, wanted: &str) -> SelectorError {
        self.error(format!(
            "unexpected {}, expected {wanted}",
            token.describe()
        ))
    }

    pub(super) fn next(&mut self) -> Result<Token<'a>, SelectorError> {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.start = self.text.len() - trimmed.len();
        self.at = self.start;
        let Some(first) = trimmed.chars().next() else {
            return Ok(Token::End);
        };
        let (token, len) = match first {
            '{' => (Token::OpenBrace, 1),
            '}' => (Token::CloseBrace, 1),
            ',' => (Token::Comma, 1),
            '=' if trimmed.starts_with("=~") => (Token::Operator("=~"), 2),
            '=' => (Token::Operator("="), 1),
            '!' if trimmed.starts_with("!=") => (Token::Operator("!="), 2),
            '!' if trimmed.starts_with("!~") => (Token::Operator("!~"), 2),
            '"' | '\'' | '`' => {
                let (text, len) = self.quoted(trimmed, first)?;
                (Token::Text(text), len)
            }
            c if c.is_ascii_alphabetic() || matches!(c, '_' | ':') => {
                let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
                let len = trimmed.find(|c| !in_name(c)).unwrap_or(trimmed.len());
                (Token::Name(&trimmed[..len]), len)
            }
            c => return Err(self.error(format!("unexpected character {c:?}"))),
        };
        self.at += len;
        Ok(token)
    }

    /// A quoted text and its length with quotes. Between backticks nothing is special; elsewhere Go's
    /// escapes apply.
    fn quoted(&self, rest: &str, quote: char) -> Result<(String, usize), SelectorError> {
        let mut out = Vec::new();
        let mut chars = rest.char_indices().skip(1);
        while let Some((i, c)) = chars.next() {
            match c {
                c if c == quote => {
                    let text = String::from_utf8(out)
                        .map_err(|_| self.error("a quoted string must be valid UTF-8".into()))?;
                    return Ok((text, i + 1));
                }
                '\n' if quote != '`' => break,
                '\\' if quote != '`' => {
                    let used = self.escape(&rest[i + 1..], quote, &mut out)?;
                    for _ in 0..used {
                        chars.next();
                    }
                }
                c => push(&mut out, c),
            }
        }
        Err(self.error("unterminated quoted string".into()))
    }

    /// What follows a backslash; gives how many characters it took.
    fn escape(&self, rest: &str, quote: char, out: &mut Vec<u8>) -> Result<usize, SelectorError> {
        let unknown = || self.error("unknown or incomplete escape sequence".into());
        let kind = rest.chars().next().ok_or_else(unknown)?;
        let number = |from: usize, len: usize, radix: u32| -> Result<u32, SelectorError> {
            let digits = rest
                .get(from..from + len)
                .filter(|d| d.chars().all(|c| c.is_digit(radix)));
            digits
                .and_then(|d| u32::from_str_radix(d, radix).ok())
                .ok_or_else(unknown)
        };
        let byte = |n: u32| u8::try_from(n).map_err(|_| unknown());
        let simple = match kind {
            'a' => 0x07,
            'b' => 0x08,
            'f' => 0x0c,
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            'v' => 0x0b,
            '\\' => b'\\',
            c if c == quote && c.is_ascii() => byte(u32::from(c))?,
            'x' => {
                out.push(byte(number(1, 2, 16)?)?);
                return Ok(3);
            }
            '0'..='7' => {
                out.push(byte(number(0, 3, 8)?)?);
                return Ok(3);
            }
            'u' | 'U' => {
                let len = if kind == 'u' { 4 } else { 8 };
                push(
                    out,
                    char::from_u32(number(1, len, 16)?).ok_or_else(unknown)?,
                );
                return Ok(1 + len);
            }
            _ => return Err(unknown()),
        };
        out.push(simple);
        Ok(1)
    }
}

fn push(out: &mut Vec<u8>, c: char) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}
