//! The keys of the HTTP client, which stand in a job among its own.

use scrape_http::config::{HttpClientConfig, HttpClientFields, HttpConfigError};

use super::Context;
use crate::decode::Fields;

/// Reads the keys, checks them against each other and resolves their paths. `whose` names the section.
pub(super) fn read(fields: &mut Fields<'_>, context: Context<'_>, whose: &str) -> HttpClientConfig {
    let Some(written) = fields.decode_inline::<HttpClientFields>() else {
        return HttpClientConfig::default();
    };
    let mut config = HttpClientConfig::from(written);
    match config.validate() {
        Ok(warnings) => {
            for warning in warnings {
                let key = warning.split(':').next().unwrap_or_default();
                fields.at().descend(key).warn(warning.as_str());
            }
        }
        Err(HttpConfigError { key, message }) => {
            fields.at().descend(&key).error(format!("{key}: {message}"));
        }
    }
    config.resolve_paths(fields.at().source.directory());
    if context.options.check_files {
        for problem in config.check_material() {
            // Validation moves the old key into `authorization`.
            let key = match problem.key.as_str() {
                "authorization.credentials_file" if fields.get("bearer_token_file").is_some() => {
                    "bearer_token_file"
                }
                key => key,
            };
            let at = fields.at().descend(key);
            at.error(format!("{whose}: {key}: {}", problem.problem));
        }
    }
    config
}
