//! The part of the translator that reads escapes and bracketed classes.

use super::translate::{Fault, PatternErrorKind, Translator, push_char};

impl Translator<'_> {
    /// A backslash outside brackets.
    pub(super) fn escape(&mut self, start: usize) -> Result<(), Fault> {
        if self.eat(r"\Q") {
            // Unlike elsewhere in the language, an end is needed: the anchors behind the pattern would be
            // quoted otherwise.
            let Some((quoted, _)) = self.rest().split_once(r"\E") else {
                return Err((start, PatternErrorKind::MissingQuoteEnd));
            };
            self.at += quoted.len() + 2;
            for c in quoted.chars() {
                self.literal(c);
            }
            return Ok(());
        }
        for (go, ours) in [
            (r"\A", r"\A"),
            (r"\z", r"\z"),
            (r"\b", r"(?-u:\b)"),
            (r"\B", r"(?-u:\B)"),
        ] {
            if self.eat(go) {
                self.raw(ours);
                return Ok(());
            }
        }
        if let Some(class) = self.perl_class() {
            self.raw(class.ours);
            return Ok(());
        }
        if let Some(class) = self.unicode_class(start)? {
            self.raw(&class);
            return Ok(());
        }
        let c = self.escaped_char(start)?;
        self.literal(c);
        Ok(())
    }

    /// `\d` and its like, consumed when there.
    fn perl_class(&mut self) -> Option<PerlClass> {
        let class = PerlClass::ALL
            .into_iter()
            .find(|c| self.rest().starts_with(c.go))?;
        self.at += class.go.len();
        Some(class)
    }

    /// `\pL`, `\p{Greek}`, `\P{^Greek}`, consumed and rewritten when there.
    fn unicode_class(&mut self, start: usize) -> Result<Option<String>, Fault> {
        let mut negative = self.rest().starts_with(r"\P");
        if !negative && !self.rest().starts_with(r"\p") {
            return Ok(None);
        }
        self.at += 2;
        let bad = |t: &Self| {
            Err((
                start,
                PatternErrorKind::ClassRange(t.pattern[start..].to_owned()),
            ))
        };
        let name = match self.peek() {
            Some('{') => {
                let Some(end) = self.rest().find('}') else {
                    return bad(self);
                };
                let name = &self.rest()[1..end];
                self.at += end + 1;
                name
            }
            Some(c) => {
                let name = &self.rest()[..c.len_utf8()];
                self.bump(c);
                name
            }
            None => return bad(self),
        };
        let name = name
            .strip_prefix('^')
            .inspect(|_| negative = !negative)
            .unwrap_or(name);
        if name.is_empty() || !name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') {
            return bad(self);
        }
        Ok(Some(format!(
            r"\{}{{{name}}}",
            if negative { 'P' } else { 'p' }
        )))
    }

    /// An escape that stands for one character, inside or outside brackets.
    fn escaped_char(&mut self, start: usize) -> Result<char, Fault> {
        self.at += 1;
        let Some(c) = self.peek() else {
            return Err((start, PatternErrorKind::TrailingBackslash));
        };
        self.bump(c);
        let bad = |t: &Self| (start, PatternErrorKind::Escape(t.since(start)));
        let octal = |t: &Self| t.peek().and_then(|c| c.to_digit(8));
        Ok(match c {
            'a' => '\x07',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            // A lone digit from 1 to 7 would be a back reference.
            '1'..='7' if octal(self).is_none() => return Err(bad(self)),
            '0'..='7' => {
                let mut value = c.to_digit(8).unwrap_or_default();
                for _ in 0..2 {
                    if let Some(digit) = octal(self) {
                        value = value * 8 + digit;
                        self.at += 1;
                    }
                }
                char::from_u32(value).ok_or_else(|| bad(self))?
            }
            'x' => {
                let digits = if self.eat("{") {
                    let digits = self
                        .rest()
                        .split_once('}')
                        .map(|(digits, _)| digits)
                        .unwrap_or_default();
                    self.at += digits.len();
                    if !self.eat("}") {
                        return Err(bad(self));
                    }
                    digits
                } else {
                    let digits = self.rest().get(..2).unwrap_or_default();
                    self.at += digits.len();
                    digits
                };
                let hex = digits.bytes().all(|c| c.is_ascii_hexdigit());
                let value = if hex {
                    u32::from_str_radix(digits, 16).ok()
                } else {
                    None
                };
                value.and_then(char::from_u32).ok_or_else(|| bad(self))?
            }
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => c,
            _ => return Err(bad(self)),
        })
    }

    /// `[...]`, the opening bracket consumed.
    pub(super) fn class(&mut self, start: usize) -> Result<(), Fault> {
        let mut out = String::from(if self.eat("^") { "[^" } else { "[" });
        let mut first = true;
        loop {
            match self.peek() {
                None => return Err((start, PatternErrorKind::MissingBracket)),
                Some(']') if !first => break,
                Some(_) => {}
            }
            first = false;
            let item = self.at;
            if self.named_class(&mut out)? {
                continue;
            }
            if let Some(class) = self.unicode_class(item)? {
                out.push_str(&class);
                continue;
            }
            if let Some(class) = self.perl_class() {
                out.push_str(class.ours);
                continue;
            }
            let low = self.class_char(start)?;
            let mut high = low;
            // A dash before the end stands for itself.
            if self.rest().starts_with('-')
                && !self.rest().starts_with("-]")
                && self.rest().len() > 1
            {
                self.at += 1;
                high = self.class_char(start)?;
                if high < low {
                    return Err((item, PatternErrorKind::ClassRange(self.since(item))));
                }
            }
            push_char(&mut out, low);
            if high != low {
                out.push('-');
                push_char(&mut out, high);
            }
        }
        self.at += 1;
        out.push(']');
        self.raw(&out);
        Ok(())
    }

    /// `[:alpha:]` within brackets, consumed and written when there.
    fn named_class(&mut self, out: &mut String) -> Result<bool, Fault> {
        let start = self.at;
        let Some(body) = self.rest().strip_prefix("[:") else {
            return Ok(false);
        };
        let Some(end) = body.find(":]") else {
            return Ok(false);
        };
        self.at += end + 4;
        let name = body[..end].strip_prefix('^').unwrap_or(&body[..end]);
        const NAMES: [&str; 14] = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print",
            "punct", "space", "upper", "word", "xdigit",
        ];
        if !NAMES.contains(&name) {
            return Err((start, PatternErrorKind::ClassRange(self.since(start))));
        }
        out.push_str(&self.pattern[start..self.at]);
        Ok(true)
    }

    fn class_char(&mut self, class: usize) -> Result<char, Fault> {
        match self.peek() {
            None => Err((class, PatternErrorKind::MissingBracket)),
            Some('\\') => self.escaped_char(self.at),
            Some(c) => {
                self.bump(c);
                Ok(c)
            }
        }
    }
}

/// A class by escape; ASCII only in Go.
#[derive(Clone, Copy)]
struct PerlClass {
    go: &'static str,
    /// The same in the crate's syntax, as an atom or as a member of another class.
    ours: &'static str,
}

impl PerlClass {
    const ALL: [Self; 6] = [
        Self {
            go: r"\d",
            ours: "[0-9]",
        },
        Self {
            go: r"\D",
            ours: "[^0-9]",
        },
        Self {
            go: r"\s",
            ours: r"[\t\n\x0C\r ]",
        },
        Self {
            go: r"\S",
            ours: r"[^\t\n\x0C\r ]",
        },
        Self {
            go: r"\w",
            ours: "[0-9A-Za-z_]",
        },
        Self {
            go: r"\W",
            ours: "[^0-9A-Za-z_]",
        },
    ];
}
