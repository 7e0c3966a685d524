//! `static_configs`: targets written in the configuration itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::ConfigError;

/// One entry of `static_configs`, and the shape of a group in a discovery file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct StaticConfig {
    /// Addresses, `host` or `host:port`.
    #[serde(default, deserialize_with = "null_as_empty_list")]
    pub targets: Vec<String>,
    /// Labels of every target of the group. Null and empty values are the same as an absent label.
    #[serde(
        default,
        deserialize_with = "null_as_empty_map",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub labels: BTreeMap<String, String>,
}

impl StaticConfig {
    /// Refuses addresses that look like URLs or paths, and empty label names.
    ///
    /// # Errors
    /// The first offender.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if let Some(address) = self.targets.iter().find(|t| t.contains('/')) {
            return Err(ConfigError::TargetWithSlash {
                address: address.clone(),
            });
        }
        match self.labels.keys().find(|n| n.is_empty()) {
            Some(name) => Err(ConfigError::LabelName { name: name.clone() }),
            None => Ok(()),
        }
    }
}

/// A list of strings in which null elements are empty strings and null is the empty list, as Go reads it.
fn null_as_empty_list<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    let list = Option::<Vec<Option<String>>>::deserialize(d)?.unwrap_or_default();
    Ok(list.into_iter().map(Option::unwrap_or_default).collect())
}

/// A map of strings in which null values are empty strings and null is the empty map, as Go reads it.
fn null_as_empty_map<'de, D: Deserializer<'de>>(
    d: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let map = Option::<BTreeMap<String, Option<String>>>::deserialize(d)?.unwrap_or_default();
    Ok(map
        .into_iter()
        .map(|(k, v)| (k, v.unwrap_or_default()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::super::{STATIC_KEY, require_sections};
    use super::*;

    #[test]
    fn case_014_null_sections_and_targets_with_a_slash_are_refused() {
        let list: Vec<Option<StaticConfig>> = serde_yaml::from_str("[null]").expect("yaml");
        let e = require_sections(STATIC_KEY, list).expect_err("a null section");
        assert_eq!(e.to_string(), "empty or null section in static_configs");

        let list: Vec<Option<StaticConfig>> = serde_yaml::from_str("[{}]").expect("yaml");
        let list = require_sections(STATIC_KEY, list).expect("an empty section is valid");
        assert_eq!(list, [StaticConfig::default()]);
        assert_eq!(list[0].validate(), Ok(()));

        let bad: StaticConfig =
            serde_yaml::from_str("targets: ['a:1', 'http://b:1/x']").expect("yaml");
        let e = bad.validate().expect_err("a URL");
        assert!(
            e.to_string()
                .starts_with("\"http://b:1/x\" is not a valid hostname"),
            "{e}"
        );
        let bad: StaticConfig = serde_yaml::from_str("labels: {'': x}").expect("yaml");
        assert_eq!(
            bad.validate(),
            Err(ConfigError::LabelName {
                name: String::new()
            })
        );
    }

    #[test]
    fn case_062_the_written_form_reads_back() {
        let text = "targets: [a:1, null]\nlabels: {n: 1.50, t: true, gone: null}\n";
        let config: StaticConfig = serde_yaml::from_str(text).expect("valid");
        assert_eq!(config.targets, ["a:1", ""]);
        assert_eq!(config.labels["n"], "1.50");
        let written = serde_yaml::to_string(&config).expect("serializes");
        assert_eq!(
            serde_yaml::from_str::<StaticConfig>(&written).expect("own form"),
            config
        );
        serde_yaml::from_str::<StaticConfig>("target: [a]").expect_err("unknown key");
    }
}
