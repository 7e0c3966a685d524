//! Variable-length integers as the log uses them: unsigned LEB128 and its zigzag form, and a bounded cursor
//! over a record's bytes. Every length is checked against what is left before anything is taken.

use super::DecodeError;

/// Appends an unsigned LEB128 integer.
pub(crate) fn put_uv(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        // The low seven bits; the mask makes the narrowing exact.
        out.push((v & 0x7f) as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

/// Appends a zigzag LEB128 integer.
pub(crate) fn put_zv(out: &mut Vec<u8>, v: i64) {
    put_uv(out, ((v << 1) ^ (v >> 63)) as u64);
}

/// Appends a length-prefixed string.
pub(crate) fn put_str(out: &mut Vec<u8>, s: &str) {
    put_uv(out, s.len() as u64);
    out.extend_from_slice(s.as_bytes());
}

/// Appends the bits of a float.
pub(crate) fn put_f64(out: &mut Vec<u8>, v: f64) {
    out.extend_from_slice(&v.to_bits().to_be_bytes());
}

/// The unread rest of a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn bytes(&mut self, n: usize) -> Result<&'a [u8], DecodeError> {
        let (head, tail) = self.rest.split_at_checked(n).ok_or(DecodeError::Short)?;
        self.rest = tail;
        Ok(head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        let (first, tail) = self.rest.split_first().ok_or(DecodeError::Short)?;
        self.rest = tail;
        Ok(*first)
    }

    pub(crate) fn be64(&mut self) -> Result<u64, DecodeError> {
        let (head, tail) = self
            .rest
            .split_first_chunk::<8>()
            .ok_or(DecodeError::Short)?;
        self.rest = tail;
        Ok(u64::from_be_bytes(*head))
    }

    pub(crate) fn f64(&mut self) -> Result<f64, DecodeError> {
        self.be64().map(f64::from_bits)
    }

    pub(crate) fn uv(&mut self) -> Result<u64, DecodeError> {
        let mut v = 0u64;
        for (i, b) in self.rest.iter().enumerate().take(10) {
            // The tenth byte may only hold the top bit.
            if i == 9 && *b > 1 {
                return Err(DecodeError::Varint);
            }
            v |= u64::from(b & 0x7f) << (7 * i);
            if b & 0x80 == 0 {
                self.rest = &self.rest[i + 1..];
                return Ok(v);
            }
        }
        Err(if self.rest.len() < 10 {
            DecodeError::Short
        } else {
            DecodeError::Varint
        })
    }

    pub(crate) fn zv(&mut self) -> Result<i64, DecodeError> {
        let u = self.uv()?;
        Ok((u >> 1) as i64 ^ -((u & 1) as i64))
    }

    /// A count of items of at least `min_bytes` each: refused when the rest cannot hold them, so that a
    /// damaged length never makes us allocate.
    pub(crate) fn count(&mut self, min_bytes: usize) -> Result<usize, DecodeError> {
        let n = self.uv()?;
        match usize::try_from(n) {
            Ok(n) if n.checked_mul(min_bytes).is_some_and(|b| b <= self.left()) => Ok(n),
            _ => Err(DecodeError::Short),
        }
    }

    pub(crate) fn str(&mut self) -> Result<&'a str, DecodeError> {
        let n = self.count(1)?;
        std::str::from_utf8(self.bytes(n)?).map_err(|_| DecodeError::Utf8)
    }
}
