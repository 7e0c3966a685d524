//! Bodies as they were before the target compressed them, a block at a time.
//!
//! Guarantees: never more than the caller's buffer of output per call, so a bomb costs one block; gzip
//! checksums are verified and several members follow each other; a zstd window is at most 8 MiB. Any other
//! encoding is refused rather than handed to a parser.

use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{DParameter, Decoder as ZstdDecoder, InBuffer, Operation, OutBuffer};

/// The gzip format knows no larger window.
const GZIP_WINDOW_BITS: u8 = 15;
/// 8 MiB, what RFC 8878 recommends every decoder to support, and all that this one does.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// What a body is, or has to be turned back into.
pub(crate) enum Inflate {
    /// Nothing to do.
    Identity,
    /// `member_done` between members, where the body may end.
    Gzip {
        state: Box<Decompress>,
        member_done: bool,
    },
    /// `frame_done` between frames, where the body may end.
    Zstd {
        state: Box<ZstdDecoder<'static>>,
        frame_done: bool,
    },
}

/// What one call did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Bytes of the input that are no longer needed.
    pub(crate) consumed: usize,
    /// Bytes written to the output.
    pub(crate) produced: usize,
}

/// How a body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InflateError {
    /// The encoding is not supported.
    Unsupported(String),
    /// The compressed bytes are damaged or incomplete.
    Damaged(String),
}

impl Inflate {
    /// The decoder for a `Content-Encoding`.
    pub(crate) fn for_encoding(encoding: &str) -> Result<Self, InflateError> {
        let encoding = encoding.trim();
        let is = |name: &str| encoding.eq_ignore_ascii_case(name);
        if encoding.is_empty() || is("identity") {
            Ok(Self::Identity)
        } else if is("gzip") || is("x-gzip") {
            let state = Box::new(Decompress::new_gzip(GZIP_WINDOW_BITS));
            Ok(Self::Gzip {
                state,
                member_done: false,
            })
        } else if is("zstd") {
            let damaged = |e: std::io::Error| InflateError::Damaged(e.to_string());
            let mut state = ZstdDecoder::new().map_err(damaged)?;
            state
                .set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG_MAX))
                .map_err(damaged)?;
            Ok(Self::Zstd {
                state: Box::new(state),
                frame_done: false,
            })
        } else {
            Err(InflateError::Unsupported(encoding.to_owned()))
        }
    }

    /// Whether output may still be waiting although all input was consumed.
    pub(crate) fn may_hold_output(&self) -> bool {
        match self {
            Self::Identity => false,
            Self::Gzip { member_done, .. } => !member_done,
            Self::Zstd { frame_done, .. } => !frame_done,
        }
    }

    /// Reads some of the input and fills some of the output. No progress at all means: more input.
    pub(crate) fn run(
        &mut self,
        input: &[u8],
        output: &mut [u8],
    ) -> Result<Progress, InflateError> {
        match self {
            Self::Identity => {
                let n = input.len().min(output.len());
                output[..n].copy_from_slice(&input[..n]);
                Ok(Progress {
                    consumed: n,
                    produced: n,
                })
            }
            Self::Gzip { state, member_done } => gzip(state, member_done, input, output),
            Self::Zstd { state, frame_done } => zstd(state, frame_done, input, output),
        }
    }

    /// The body has ended: is it complete?
    pub(crate) fn finish(&self) -> Result<(), InflateError> {
        let (complete, what) = match self {
            Self::Identity => (true, ""),
            Self::Gzip { member_done, .. } => (*member_done, "gzip"),
            Self::Zstd { frame_done, .. } => (*frame_done, "zstd"),
        };
        match complete {
            true => Ok(()),
            false => Err(InflateError::Damaged(format!(
                "unexpected end of the {what} body"
            ))),
        }
    }
}

fn gzip(
    state: &mut Decompress,
    member_done: &mut bool,
    input: &[u8],
    output: &mut [u8],
) -> Result<Progress, InflateError> {
    if *member_done {
        if input.is_empty() {
            return Ok(Progress {
                consumed: 0,
                produced: 0,
            });
        }
        state.reset(true);
        *member_done = false;
    }
    let (before_in, before_out) = (state.total_in(), state.total_out());
    let status = state
        .decompress(input, output, FlushDecompress::None)
        .map_err(|e| {
            InflateError::Damaged(format!(
                "invalid gzip data: {}",
                e.message().unwrap_or("damaged")
            ))
        })?;
    *member_done = status == Status::StreamEnd;
    // Both differences are bounded by slice lengths.
    let consumed = (state.total_in() - before_in) as usize;
    let produced = (state.total_out() - before_out) as usize;
    if consumed == 0 && produced == 0 && !input.is_empty() && !output.is_empty() && !*member_done {
        return Err(InflateError::Damaged(
            "invalid gzip data: the decoder is stuck".to_owned(),
        ));
    }
    Ok(Progress { consumed, produced })
}

fn zstd(
    state: &mut ZstdDecoder<'static>,
    frame_done: &mut bool,
    input: &[u8],
    output: &mut [u8],
) -> Result<Progress, InflateError> {
    if *frame_done && input.is_empty() {
        return Ok(Progress {
            consumed: 0,
            produced: 0,
        });
    }
    let mut source = InBuffer::around(input);
    let mut sink = OutBuffer::around(output);
    let hint = state
        .run(&mut source, &mut sink)
        .map_err(|e| InflateError::Damaged(format!("invalid zstd data: {e}")))?;
    let progress = Progress {
        consumed: source.pos(),
        produced: sink.pos(),
    };
    // A call without input at the start of the body also asks for more.
    *frame_done = hint == 0;
    Ok(progress)
}

#[cfg(test)]
mod tests;
