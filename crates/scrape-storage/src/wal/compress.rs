//! Compression of whole records, before they are split into fragments. Decompression is capped: a damaged
//! or hostile header must not make us allocate what it claims.

use super::reader::DamageKind;
use std::io::Read;

/// Fragment flag: the record is compressed with snappy (block format).
pub(crate) const FLAG_SNAPPY: u8 = 0x08;
/// Fragment flag: the record is a zstd frame.
pub(crate) const FLAG_ZSTD: u8 = 0x10;

/// Largest record that is decompressed, in bytes. Prometheus never writes more than one scrape per record.
pub const MAX_RECORD: usize = 512 * 1024 * 1024;
/// A snappy block cannot expand more than this: its densest element makes 64 bytes of 3.
const SNAPPY_MAX_RATIO: usize = 22;

/// How records are compressed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    None,
    /// Snappy, block format. Every version of Prometheus reads it.
    #[default]
    Snappy,
}

/// Compresses records into a buffer of its own.
#[derive(Debug)]
pub(crate) struct Compressor {
    snappy: snap::raw::Encoder,
    out: Vec<u8>,
}

impl Compressor {
    pub(crate) fn new() -> Self {
        Self {
            snappy: snap::raw::Encoder::new(),
            out: Vec::new(),
        }
    }

    /// The bytes to store and their fragment flag: compressed if that is smaller.
    pub(crate) fn compress<'a>(&'a mut self, how: Compression, record: &'a [u8]) -> (&'a [u8], u8) {
        if how == Compression::None || record.is_empty() {
            return (record, 0);
        }
        let max = snap::raw::max_compress_len(record.len());
        // 0 means too long for the format.
        if max == 0 {
            return (record, 0);
        }
        if self.out.len() < max {
            self.out.resize(max, 0);
        }
        match self.snappy.compress(record, &mut self.out) {
            Ok(n) if n < record.len() => (&self.out[..n], FLAG_SNAPPY),
            _ => (record, 0),
        }
    }

    /// Gives memory back after an unusually large record.
    pub(crate) fn trim(&mut self, keep: usize) {
        if self.out.len() > keep {
            self.out.truncate(keep);
            self.out.shrink_to_fit();
        }
    }
}

/// Decompresses records into a buffer of its own.
#[derive(Debug)]
pub(crate) struct Decompressor {
    snappy: snap::raw::Decoder,
    out: Vec<u8>,
}

impl Decompressor {
    pub(crate) fn new() -> Self {
        Self {
            snappy: snap::raw::Decoder::new(),
            out: Vec::new(),
        }
    }

    /// The record behind stored bytes.
    pub(crate) fn decompress<'a>(
        &'a mut self,
        flags: u8,
        stored: &'a [u8],
    ) -> Result<&'a [u8], DamageKind> {
        match flags {
            0 => Ok(stored),
            FLAG_SNAPPY => {
                let n = snap::raw::decompress_len(stored).map_err(|_| DamageKind::Compression)?;
                if n > MAX_RECORD || n > stored.len().saturating_mul(SNAPPY_MAX_RATIO) {
                    return Err(DamageKind::Compression);
                }
                if self.out.len() < n {
                    self.out.resize(n, 0);
                }
                let n = self
                    .snappy
                    .decompress(stored, &mut self.out)
                    .map_err(|_| DamageKind::Compression)?;
                Ok(&self.out[..n])
            }
            FLAG_ZSTD => {
                self.out.clear();
                let frame = zstd::stream::read::Decoder::with_buffer(stored)
                    .map_err(|_| DamageKind::Compression)?;
                let mut capped = frame.take(MAX_RECORD as u64 + 1);
                capped
                    .read_to_end(&mut self.out)
                    .map_err(|_| DamageKind::Compression)?;
                if self.out.len() > MAX_RECORD {
                    Err(DamageKind::Compression)
                } else {
                    Ok(&self.out)
                }
            }
            _ => Err(DamageKind::Flags),
        }
    }
}
