//! The configuration: what a `prometheus.yml` (or the same in TOML) may say, what it means after defaults and
//! inheritance, and what is wrong with it.

mod check;
mod checksum;
mod decode;
mod diagnose;
mod env;
mod files;
mod limits;
mod lint;
mod load;
mod redact;
mod render;
mod schema;
mod source;
mod toml;
mod tree;
mod yaml;

pub use check::{CheckOptions, CheckReport, FileReport, Lints, UnknownLint, check_config};
pub use checksum::{Checksum, ChecksumError, checksum};
pub use diagnose::{Diagnostic, Diagnostics, Location, Related, Severity};
pub use limits::MAX_FILE_BYTES;
pub use load::{Environment, LoadOptions, LoadedConfig, load_file, load_str};
pub use render::{RenderError, job_to_yaml};
