//! The mechanisms of this build, as the factory that the manager uses.

use std::sync::Arc;

use crate::config::{DiscoveryConfig, mechanism_of_key};
use crate::file::{FileMetrics, FileProvider};
use crate::provider::{BuildError, Provider, ProviderFactory};

/// Builds every mechanism that this build has.
#[derive(Debug, Clone, Default)]
pub struct Mechanisms {
    /// Where file discovery counts.
    pub file: Arc<FileMetrics>,
}

impl ProviderFactory for Mechanisms {
    fn build(&self, config: &DiscoveryConfig) -> Result<Box<dyn Provider>, BuildError> {
        config.validate()?;
        match config {
            DiscoveryConfig::File(file) => {
                Ok(Box::new(FileProvider::new(file.clone(), self.file.clone())))
            }
            DiscoveryConfig::Unsupported { key } => Err(BuildError::Unsupported {
                key,
                mechanism: mechanism_of_key(key).map_or("unknown", |k| k.mechanism),
            }),
            DiscoveryConfig::Static(_) => Err(BuildError::Other {
                mechanism: "static",
                reason: "static targets are stored by the manager and have no provider".into(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConfigError, FileSdConfig, UPSTREAM_KEYS};

    #[test]
    fn case_061_a_mechanism_that_is_not_in_this_build_is_named() {
        let mechanisms = Mechanisms::default();
        for key in UPSTREAM_KEYS.iter().filter(|k| !k.supported) {
            let config = DiscoveryConfig::Unsupported { key: key.key };
            assert_eq!(config.mechanism(), key.mechanism);
            let Err(e) = mechanisms.build(&config) else {
                panic!("{} was built", key.key)
            };
            let text = e.to_string();
            assert!(
                text.contains(key.key) && text.contains(key.mechanism),
                "{text}"
            );
        }
    }

    #[test]
    fn an_invalid_configuration_is_not_built() {
        let config = DiscoveryConfig::File(FileSdConfig::default());
        let Err(e) = Mechanisms::default().build(&config) else {
            panic!("built without files")
        };
        assert!(matches!(e, BuildError::Config(ConfigError::NoFiles)), "{e}");
    }
}
