//! Which samples are taken. The same rules hold when a sample is appended and again when it is committed,
//! because in between another transaction may have moved the series on.

use super::page::{Kind, NEVER, Slot};
use scrape_core::AppendError;

/// What the rules need to know besides the series and the sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// Oldest timestamp that is taken in order.
    pub(crate) min_valid: i64,
    /// Oldest timestamp that is taken out of order; `None` without such a window.
    pub(crate) ooo_from: Option<i64>,
    /// Newest timestamp that is taken.
    pub(crate) max_valid: i64,
}

/// A sample that was not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// To be stored, as the series' newest.
    Take,
    /// To be stored, behind the series' newest.
    TakeOutOfOrder,
    /// The series has it already.
    Known,
}

impl Window {
    /// Judges a sample.
    #[inline]
    pub(crate) fn judge(
        &self,
        s: &Slot,
        t: i64,
        bits: u64,
        kind: Kind,
    ) -> Result<Verdict, AppendError> {
        if t > self.max_valid {
            return Err(AppendError::OutOfBounds);
        }
        if t >= self.min_valid {
            if s.last_t == NEVER || t > s.last_t {
                return Ok(Verdict::Take);
            }
            if t == s.last_t {
                let same = s.kind == kind && s.last_bits == bits;
                return if same {
                    Ok(Verdict::Known)
                } else {
                    Err(AppendError::Duplicate)
                };
            }
        }
        match self.ooo_from {
            Some(from) if t >= from && t > s.last_t => Ok(Verdict::Take),
            Some(from) if t >= from => Ok(Verdict::TakeOutOfOrder),
            Some(_) => Err(AppendError::TooOld),
            None if t < self.min_valid => Err(AppendError::OutOfBounds),
            None => Err(AppendError::OutOfOrder),
        }
    }
}
