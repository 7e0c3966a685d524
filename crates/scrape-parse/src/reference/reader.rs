//! A place in a body, and the tokens both formats share.

use super::Refusal;
use crate::ErrorClass;

pub(super) struct Reader<'a> {
    pub(super) body: &'a [u8],
    pub(super) i: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.body.get(self.i).copied()
    }

    pub(super) fn refuse<T>(&self, class: ErrorClass) -> Result<T, Refusal> {
        refuse_at(class, self.i)
    }

    pub(super) fn take_while(&mut self, keep: impl Fn(u8) -> bool) -> &'a [u8] {
        let from = self.i;
        while self.peek().is_some_and(&keep) {
            self.i += 1;
        }
        &self.body[from..self.i]
    }

    pub(super) fn blanks(&mut self) -> usize {
        self.take_while(|b| b == b' ' || b == b'\t').len()
    }

    pub(super) fn rest_starts_with(&self, text: &[u8]) -> bool {
        self.body[self.i..].starts_with(text)
    }

    /// The rest of the line, without its line feed, which is consumed.
    pub(super) fn rest_of_line(&mut self) -> &'a [u8] {
        let rest = self.take_while(|b| b != b'\n');
        self.i = (self.i + 1).min(self.body.len());
        rest
    }

    /// A metric name without quotes.
    pub(super) fn metric_name(&mut self) -> &'a [u8] {
        if self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return &[];
        }
        self.take_while(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':')
    }

    /// A label name without quotes.
    pub(super) fn label_name(&mut self) -> &'a [u8] {
        if self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return &[];
        }
        self.take_while(|b| b.is_ascii_alphanumeric() || b == b'_')
    }

    /// A quoted name from its opening quote, as written, without quotes.
    pub(super) fn quoted_name(
        &mut self,
        class: ErrorClass,
        line_feeds: bool,
    ) -> Result<&'a [u8], Refusal> {
        let open = self.i;
        self.i += 1;
        loop {
            match self.peek() {
                None => return refuse_at(class, open),
                Some(b'"') => {
                    self.i += 1;
                    return Ok(&self.body[open + 1..self.i - 1]);
                }
                Some(0) => return self.refuse(class),
                Some(b'\n') if !line_feeds => return self.refuse(class),
                Some(b'\\') => match self.body.get(self.i + 1) {
                    None => return refuse_at(class, open),
                    Some(b'\n') => return self.refuse(class),
                    Some(0) => return refuse_at(class, self.i + 1),
                    Some(_) => self.i += 2,
                },
                Some(_) => self.i += 1,
            }
        }
    }

    /// A label value from its opening quote, as written, without quotes.
    pub(super) fn label_value(
        &mut self,
        line_feeds: bool,
        nuls: bool,
    ) -> Result<&'a [u8], Refusal> {
        let class = ErrorClass::LabelValue;
        let open = self.i;
        self.i += 1;
        let value = loop {
            match self.peek() {
                None => return refuse_at(class, open),
                Some(b'"') => {
                    self.i += 1;
                    break &self.body[open + 1..self.i - 1];
                }
                Some(0) if !nuls => return self.refuse(class),
                Some(b'\n') if !line_feeds => return self.refuse(class),
                Some(b'\\') => {
                    self.i += 1;
                    if nuls {
                        self.take_while(|b| b == 0);
                    }
                    match self.peek() {
                        None => return refuse_at(class, open),
                        Some(b'\n') => return self.refuse(class),
                        Some(0) => return self.refuse(class),
                        Some(_) => self.i += 1,
                    }
                }
                Some(_) => self.i += 1,
            }
        };
        match std::str::from_utf8(value) {
            Ok(_) => Ok(value),
            Err(e) => refuse_at(ErrorClass::Utf8, open + 1 + e.valid_up_to()),
        }
    }

    /// UTF-8 of a slice that starts at `from`.
    pub(super) fn text(&self, slice: &[u8], from: usize) -> Result<(), Refusal> {
        match std::str::from_utf8(slice) {
            Ok(_) => Ok(()),
            Err(e) => refuse_at(ErrorClass::Utf8, from + e.valid_up_to()),
        }
    }
}

pub(super) fn refuse_at<T>(class: ErrorClass, at: usize) -> Result<T, Refusal> {
    Err((class, at as u64))
}
