//! The wire format: tags, varints, lengths. Positions are bytes of the enclosing message, so that a fault deep
//! inside still says where it is. Accepts and refuses what the generated decoder of Prometheus does
//! (<https://protobuf.dev/programming-guides/encoding/>). Nothing here recurses: groups are counted, not nested.

use crate::ErrorClass;

/// A fault in a message. `at` counts from the start of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) class: ErrorClass,
    pub(crate) at: usize,
    pub(crate) message: &'static str,
}

impl Fault {
    #[cold]
    pub(crate) fn new(class: ErrorClass, at: usize, message: &'static str) -> Self {
        Self { class, at, message }
    }
}

pub(crate) type Result<T> = core::result::Result<T, Fault>;

/// Wire types that carry a value.
pub(crate) const VARINT: u8 = 0;
pub(crate) const FIXED64: u8 = 1;
pub(crate) const BYTES: u8 = 2;
const GROUP_START: u8 = 3;
const GROUP_END: u8 = 4;
const FIXED32: u8 = 5;

/// A stretch of a message, by offsets. Messages are capped at 4 GiB, so 32 bits are enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Range {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Range {
    pub(crate) fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The bytes. Empty if the range does not belong to `message`.
    pub(crate) fn of(self, message: &[u8]) -> &[u8] {
        message
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}

/// Walks the fields of `message[pos..end]`.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    message: &'a [u8],
    pos: usize,
}

/// A field's number and wire type, and where its tag began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tag {
    pub(crate) number: i32,
    pub(crate) wire: u8,
    pub(crate) at: usize,
}

impl<'a> Fields<'a> {
    /// The fields inside `range` of `message`.
    #[inline(always)]
    pub(crate) fn new(message: &'a [u8], range: Range) -> Self {
        let end = (range.end as usize).min(message.len());
        Self {
            message: &message[..end],
            pos: range.start as usize,
        }
    }

    pub(crate) fn pos(&self) -> usize {
        self.pos
    }

    /// Goes on at a place that another reader has got to.
    pub(crate) fn set_pos(&mut self, pos: usize) {
        self.pos = pos;
    }

    /// The next tag, or `None` at the end.
    #[inline(always)]
    pub(crate) fn tag(&mut self) -> Result<Option<Tag>> {
        let at = self.pos;
        let Some(byte) = self.message.get(at) else {
            return Ok(None);
        };
        // One byte, number 1 to 15 and a wire type that carries a value: nearly every tag.
        const VALUES: u8 = 1 << VARINT | 1 << FIXED64 | 1 << BYTES | 1 << FIXED32;
        if (8..0x80).contains(byte) && VALUES >> (byte & 7) & 1 == 1 {
            self.pos = at + 1;
            return Ok(Some(Tag {
                number: i32::from(byte >> 3),
                wire: byte & 7,
                at,
            }));
        }
        self.long_tag().map(Some)
    }

    #[cold]
    fn long_tag(&mut self) -> Result<Tag> {
        let at = self.pos;
        let raw = self.varint()?;
        // As upstream: the number is cut to 32 bits before it is checked.
        let number = (raw >> 3) as i32;
        let wire = (raw & 7) as u8;
        if number <= 0 {
            return Err(Fault::new(
                ErrorClass::Wire,
                at,
                "field number is not positive",
            ));
        }
        match wire {
            GROUP_END => Err(Fault::new(
                ErrorClass::Wire,
                at,
                "end of a group that was not started",
            )),
            6 | 7 => Err(Fault::new(ErrorClass::Wire, at, "unknown wire type")),
            _ => Ok(Tag { number, wire, at }),
        }
    }

    #[inline(always)]
    pub(crate) fn varint(&mut self) -> Result<u64> {
        let rest = self.message.get(self.pos..).unwrap_or_default();
        match rest {
            [byte, ..] if *byte < 0x80 => {
                self.pos += 1;
                Ok(u64::from(*byte))
            }
            [low, high, ..] if *high < 0x80 => {
                self.pos += 2;
                Ok(u64::from(low & 0x7f) | u64::from(*high) << 7)
            }
            _ => self.long_varint(),
        }
    }

    #[inline(never)]
    fn long_varint(&mut self) -> Result<u64> {
        let at = self.pos;
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let Some(byte) = self.message.get(self.pos) else {
                return Err(Fault::new(
                    ErrorClass::Trunc,
                    at,
                    "varint runs past the end of its message",
                ));
            };
            self.pos += 1;
            // Bits above 64 of the tenth byte fall off.
            value |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Fault::new(
            ErrorClass::Wire,
            at,
            "varint is longer than 10 bytes",
        ))
    }

    /// The value of a varint field.
    #[inline(always)]
    pub(crate) fn int(&mut self, tag: Tag) -> Result<u64> {
        self.expect(tag, VARINT)?;
        self.varint()
    }

    /// The value of a `double` field.
    #[inline(always)]
    pub(crate) fn double(&mut self, tag: Tag) -> Result<f64> {
        self.expect(tag, FIXED64)?;
        self.fixed64()
    }

    #[inline(always)]
    pub(crate) fn fixed64(&mut self) -> Result<f64> {
        match self
            .message
            .get(self.pos..)
            .and_then(<[u8]>::first_chunk::<8>)
        {
            Some(bytes) => {
                self.pos += 8;
                Ok(f64::from_bits(u64::from_le_bytes(*bytes)))
            }
            None => Err(Fault::new(
                ErrorClass::Trunc,
                self.pos,
                "number runs past the end of its message",
            )),
        }
    }

    /// The content of a string, bytes or message field.
    #[inline(always)]
    pub(crate) fn bytes(&mut self, tag: Tag) -> Result<Range> {
        self.expect(tag, BYTES)?;
        let at = self.pos;
        let length = self.varint()?;
        let left = (self.message.len() - self.pos) as u64;
        if length > left {
            return Err(if length > i64::MAX as u64 {
                Fault::new(ErrorClass::Wire, at, "length is negative")
            } else {
                Fault::new(
                    ErrorClass::Trunc,
                    at,
                    "length runs past the end of the enclosing message",
                )
            });
        }
        let start = self.pos as u32;
        self.pos += length as usize;
        Ok(Range {
            start,
            end: self.pos as u32,
        })
    }

    #[inline(always)]
    fn expect(&self, tag: Tag, wire: u8) -> Result<()> {
        if tag.wire == wire {
            Ok(())
        } else {
            Err(Fault::new(
                ErrorClass::Wire,
                tag.at,
                "known field has the wrong wire type",
            ))
        }
    }

    /// Steps over a field that nobody knows.
    pub(crate) fn skip(&mut self, tag: Tag) -> Result<()> {
        let mut depth = 0u32;
        let mut wire = tag.wire;
        loop {
            match wire {
                VARINT => {
                    self.varint()?;
                }
                FIXED64 => {
                    self.fixed64()?;
                }
                BYTES => {
                    self.bytes(Tag { wire, ..tag })?;
                }
                GROUP_START => depth += 1,
                GROUP_END if depth > 0 => depth -= 1,
                FIXED32 => {
                    if self.message.len() - self.pos < 4 {
                        return Err(Fault::new(
                            ErrorClass::Trunc,
                            self.pos,
                            "number runs past the end of its message",
                        ));
                    }
                    self.pos += 4;
                }
                _ => return Err(Fault::new(ErrorClass::Wire, self.pos, "unknown wire type")),
            }
            if depth == 0 {
                return Ok(());
            }
            wire = (self.varint()? & 7) as u8;
        }
    }
}

/// Undoes the zigzag coding of `sint64`.
#[inline]
pub(crate) fn zigzag(raw: u64) -> i64 {
    (raw >> 1) as i64 ^ -((raw & 1) as i64)
}

/// Undoes the zigzag coding of `sint32`, cutting the varint to 32 bits first.
#[inline]
pub(crate) fn zigzag32(raw: u64) -> i32 {
    let raw = raw as u32;
    (raw >> 1) as i32 ^ -((raw & 1) as i32)
}

/// The message starting at the beginning of `input`, without its length prefix.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Whole: bytes of the prefix, bytes of the message.
    Whole { prefix: usize, length: usize },
    /// Not all there yet. `needed` is the size including the prefix, if the prefix is whole.
    Partial { needed: Option<u64> },
}

/// The longest length prefix.
pub(crate) const MAX_PREFIX: usize = 5;

/// Reads the length prefix of the next message.
pub(crate) fn frame(input: &[u8], end: bool) -> Result<Frame> {
    let mut length = 0u64;
    for (i, byte) in input.iter().take(MAX_PREFIX).enumerate() {
        length |= u64::from(byte & 0x7f) << (7 * i);
        if *byte < 0x80 {
            let prefix = i + 1;
            let needed = prefix as u64 + length;
            if needed <= input.len() as u64 {
                return Ok(Frame::Whole {
                    prefix,
                    length: length as usize,
                });
            }
            if end {
                return Err(Fault::new(
                    ErrorClass::Trunc,
                    0,
                    "body ends inside a message",
                ));
            }
            return Ok(Frame::Partial {
                needed: Some(needed),
            });
        }
    }
    if input.len() >= MAX_PREFIX {
        return Err(Fault::new(
            ErrorClass::Varint,
            0,
            "length prefix of a message is longer than 5 bytes",
        ));
    }
    if end {
        return Err(Fault::new(
            ErrorClass::Varint,
            0,
            "body ends inside the length prefix of a message",
        ));
    }
    Ok(Frame::Partial { needed: None })
}
