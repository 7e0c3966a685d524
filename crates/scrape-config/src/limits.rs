//! Caps on what a configuration may cost, so that a hostile or mistaken file ends in a message and not in an
//! exhausted machine. Far above what real files need.

/// Bytes of one file.
pub const MAX_FILE_BYTES: u64 = 32 << 20;

/// Values in one file, each use of an alias counted as often as it is used.
pub(crate) const MAX_NODES: u64 = 2_000_000;

/// Levels of nesting, aliases followed.
pub(crate) const MAX_DEPTH: u32 = 128;

/// Diagnostics kept per run; the rest is counted.
pub(crate) const MAX_DIAGNOSTICS: usize = 200;

/// Bytes of a source line shown in a diagnostic; more is cut around the place in question.
pub(crate) const MAX_SHOWN_LINE: usize = 200;

/// Bytes of a message or key path; more is cut out of its middle.
pub(crate) const MAX_SHOWN_MESSAGE: usize = 600;

/// Bytes of the longest line that is searched for secrets, and thus can be shown.
pub(crate) const MAX_READ_LINE: usize = 4096;
