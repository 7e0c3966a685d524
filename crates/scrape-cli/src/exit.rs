//! Every exit code the program knows.

/// Done.
pub(crate) const OK: u8 = 0;
/// The command failed, or what was checked has an error.
pub(crate) const FAILURE: u8 = 1;
/// The command line could not be understood.
pub(crate) const USAGE: u8 = 2;
/// What was checked is usable but has lint findings.
pub(crate) const LINT: u8 = 3;
