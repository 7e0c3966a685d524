//! Messages become lists of fields.

use super::Result;
use crate::ErrorClass;

#[derive(Debug, Clone)]
pub(super) enum Value {
    Int(u64),
    Double(f64),
    Bytes(Vec<u8>),
    Other,
}

pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl Reader<'_> {
    pub(super) fn byte(&mut self) -> Result<u8> {
        let (first, rest) = self.0.split_first().ok_or(ErrorClass::Trunc)?;
        self.0 = rest;
        Ok(*first)
    }

    pub(super) fn take(&mut self, n: u64) -> Result<Vec<u8>> {
        if n > i64::MAX as u64 {
            return Err(ErrorClass::Wire);
        }
        if n > self.0.len() as u64 {
            return Err(ErrorClass::Trunc);
        }
        let (head, rest) = self.0.split_at(n as usize);
        self.0 = rest;
        Ok(head.to_vec())
    }

    pub(super) fn varint(&mut self) -> Result<u64> {
        let mut value = 0u128;
        for i in 0..10 {
            let byte = self.byte()?;
            value += u128::from(byte % 128) << (7 * i);
            if byte < 128 {
                return Ok(value as u64);
            }
        }
        Err(ErrorClass::Wire)
    }

    pub(super) fn value(&mut self, wire: u64) -> Result<Value> {
        Ok(match wire {
            0 => Value::Int(self.varint()?),
            1 => Value::Double(f64::from_le_bytes(
                self.take(8)?.try_into().expect("8 bytes"),
            )),
            2 => {
                let n = self.varint()?;
                Value::Bytes(self.take(n)?)
            }
            3 => {
                let mut open = 1;
                while open > 0 {
                    match self.varint()? % 8 {
                        3 => open += 1,
                        4 => open -= 1,
                        wire => {
                            self.value(wire)?;
                        }
                    }
                }
                Value::Other
            }
            5 => {
                self.take(4)?;
                Value::Other
            }
            _ => return Err(ErrorClass::Wire),
        })
    }
}

/// The fields of a message, up to the first malformed one.
pub(super) fn fields(message: &[u8]) -> impl Iterator<Item = Result<(i32, Value)>> {
    let mut reader = Reader(message);
    std::iter::from_fn(move || {
        if reader.0.is_empty() {
            return None;
        }
        let mut field = || {
            let tag = reader.varint()?;
            let number = (tag >> 3) as i32;
            if number <= 0 || tag % 8 == 4 {
                return Err(ErrorClass::Wire);
            }
            Ok((number, reader.value(tag % 8)?))
        };
        Some(field())
    })
}

impl Value {
    pub(super) fn int(self) -> Result<u64> {
        if let Self::Int(v) = self {
            Ok(v)
        } else {
            Err(ErrorClass::Wire)
        }
    }
    pub(super) fn double(self) -> Result<f64> {
        if let Self::Double(v) = self {
            Ok(v)
        } else {
            Err(ErrorClass::Wire)
        }
    }
    pub(super) fn bytes(self) -> Result<Vec<u8>> {
        if let Self::Bytes(v) = self {
            Ok(v)
        } else {
            Err(ErrorClass::Wire)
        }
    }
    pub(super) fn deltas(self) -> Result<Vec<i64>> {
        match self {
            Self::Int(v) => Ok(vec![unzigzag(v)]),
            other => {
                let bytes = other.bytes()?;
                let mut reader = Reader(&bytes);
                let mut out = Vec::new();
                while !reader.0.is_empty() {
                    out.push(unzigzag(reader.varint()?));
                }
                Ok(out)
            }
        }
    }
    pub(super) fn doubles(self) -> Result<Vec<f64>> {
        match self {
            Self::Double(v) => Ok(vec![v]),
            other => {
                let bytes = other.bytes()?;
                if bytes.len() % 8 != 0 {
                    return Err(ErrorClass::Trunc);
                }
                Ok(bytes
                    .chunks(8)
                    .map(|c| f64::from_le_bytes(c.try_into().expect("8 bytes")))
                    .collect())
            }
        }
    }
}

pub(super) fn read_value(message: &[u8], into: &mut f64) -> Result<()> {
    for entry in fields(message) {
        let (number, value) = entry?;
        if number == 1 {
            *into = value.double()?;
        }
    }
    Ok(())
}

pub(super) fn unzigzag(v: u64) -> i64 {
    if v & 1 == 0 {
        (v / 2) as i64
    } else {
        -((v / 2) as i64) - 1
    }
}
