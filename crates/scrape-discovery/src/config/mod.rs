//! What a job may write about discovery: one type per mechanism, comparable as a whole, because equal
//! configurations share one provider.

mod file;
mod fixed;
mod keys;

pub use file::{DEFAULT_FILE_REFRESH, FileSdConfig};
pub use fixed::StaticConfig;
pub use keys::{FILE_KEY, MechanismKey, STATIC_KEY, UPSTREAM_KEYS, mechanism_of_key};

/// One discovery configuration of a job, fully defaulted.
///
/// Equality decides whether a reload keeps a provider running and whether two jobs share one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DiscoveryConfig {
    /// All `static_configs` of a job, in file order: they make one provider.
    Static(Vec<StaticConfig>),
    /// One entry of `file_sd_configs`.
    File(FileSdConfig),
    /// An entry of a mechanism that this build does not have. Building it fails; the job stays, without
    /// these targets.
    Unsupported {
        /// The key as written, such as `consul_sd_configs`.
        key: &'static str,
    },
}

impl DiscoveryConfig {
    /// The mechanism's name, as in `prometheus_sd_refresh_failures_total{mechanism="…"}`.
    pub fn mechanism(&self) -> &'static str {
        match self {
            Self::Static(_) => "static",
            Self::File(_) => "file",
            Self::Unsupported { key } => {
                mechanism_of_key(key).map_or("unsupported", |k| k.mechanism)
            }
        }
    }

    /// Checks what needs no I/O.
    ///
    /// # Errors
    /// The first thing wrong, with the key it stands under.
    pub fn validate(&self) -> Result<(), ConfigError> {
        match self {
            Self::Static(groups) => groups.iter().try_for_each(StaticConfig::validate),
            Self::File(file) => file.validate(),
            Self::Unsupported { .. } => Ok(()),
        }
    }

    /// Joins relative file names to the directory of the configuration file.
    pub fn resolve_paths(&mut self, dir: &std::path::Path) {
        match self {
            Self::File(file) => file.resolve_paths(dir),
            Self::Static(_) | Self::Unsupported { .. } => {}
        }
    }
}

/// The elements of a discovery key's list, none of which may be null.
///
/// # Errors
/// [`ConfigError::NullSection`].
pub fn require_sections<T>(key: &'static str, list: Vec<Option<T>>) -> Result<Vec<T>, ConfigError> {
    list.into_iter()
        .map(|element| element.ok_or(ConfigError::NullSection { key }))
        .collect()
}

/// Why a discovery configuration is refused at load.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A static target that is not `host` or `host:port`.
    #[error(
        "{address:?} is not a valid hostname: write host:port, the path goes into metrics_path"
    )]
    TargetWithSlash {
        /// The target as written.
        address: String,
    },
    /// A label name that may not be used.
    #[error("{name:?} is not a valid label name")]
    LabelName {
        /// The name as written.
        name: String,
    },
    /// `files` is missing or empty.
    #[error("file service discovery config must contain at least one path name in files")]
    NoFiles,
    /// A path that is not a file of a known format, or has `*` before its last segment.
    #[error(
        "path name {path:?} is not valid for file discovery: it must end in .json, .yml or .yaml, \
         and only its last segment may contain *"
    )]
    FilePattern {
        /// The pattern as written.
        path: String,
    },
    /// `refresh_interval` is zero.
    #[error("refresh_interval must be greater than zero")]
    RefreshInterval,
    /// A list element of a discovery key is null.
    #[error("empty or null section in {key}")]
    NullSection {
        /// The key whose list holds it.
        key: &'static str,
    },
}
