//! Blocks in, whole lines to the parser. A line that a block cuts is carried over: only its missing part is
//! copied, the rest of the next block is parsed in place.

use super::{PassError, Scrape};
use scrape_parse::Parser;

impl Scrape<'_> {
    pub(super) fn parse_block(&mut self, block: &[u8]) {
        let Some(mut parser) = self.parser.take() else {
            return;
        };
        let mut carry = std::mem::take(&mut self.scratch().carry);
        let mut rest = block;
        while !rest.is_empty() && self.failure.is_none() {
            if carry.is_empty() {
                let used = self.parse(&mut parser, rest, false);
                carry.extend_from_slice(&rest[used..]);
                self.carry_retry_at = 0;
                break;
            }
            // Complete the carried line. Each failed attempt doubles what the next one waits for, so that a
            // line of n bytes costs O(n) however small the blocks are.
            let line_end = memchr::memchr(b'\n', rest).map_or(rest.len(), |i| i + 1);
            let wanted = self
                .carry_retry_at
                .saturating_sub(carry.len())
                .max(line_end)
                .min(rest.len());
            let before = carry.len();
            carry.extend_from_slice(&rest[..wanted]);
            rest = &rest[wanted..];
            if carry.len() < self.carry_retry_at {
                break;
            }
            let used = self.parse(&mut parser, &carry, false);
            if used >= before {
                // The carried part is through; what is left of it lies in the block.
                let back = carry.len() - used;
                rest = &block[block.len() - rest.len() - back..];
                carry.clear();
                self.carry_retry_at = 0;
            } else {
                carry.drain(..used);
                self.carry_retry_at = self.next_attempt(carry.len());
            }
            self.check_line_limit(carry.len());
        }
        self.scratch().carry = carry;
        self.parser = Some(parser);
    }

    pub(super) fn parse_end(&mut self) {
        let Some(mut parser) = self.parser.take() else {
            return;
        };
        let carry = std::mem::take(&mut self.scratch().carry);
        self.parse(&mut parser, &carry, true);
        self.scratch().carry = carry;
        self.parser = Some(parser);
    }

    /// Parses what is whole in `input`; returns how many bytes are done with.
    fn parse(&mut self, parser: &mut Parser, input: &[u8], end: bool) -> usize {
        let mut cursor = parser.feed(input, end);
        loop {
            match self.line(&mut cursor) {
                Ok(true) => {}
                Ok(false) => break,
                Err(e) => {
                    self.failure = Some(e);
                    break;
                }
            }
        }
        cursor.consumed()
    }

    /// How much must be carried before parsing is tried again: twice as much, but no more than it takes for
    /// the parser to refuse the line.
    fn next_attempt(&self, held: usize) -> usize {
        let limit = self.cfg.max_line_bytes;
        let doubled = held.saturating_mul(2);
        if held <= limit {
            doubled.min(limit.saturating_add(1))
        } else {
            doubled
        }
    }

    fn check_line_limit(&mut self, held: usize) {
        let limit = self.cfg.max_line_bytes;
        if limit > 0 && held > limit.saturating_mul(2) && self.failure.is_none() {
            // The parser refuses long lines itself; this bounds what it asks to be held for look-ahead.
            self.failure = Some(PassError::LineTooLong { limit });
        }
    }
}
