//! A rule as written in `prometheus.yml`. Fields that were left out stay apart from fields written empty:
//! an empty separator, regex or replacement means something else than the default.

use serde::de::Deserialize;
use serde::ser::SerializeStruct;

use super::Action;

/// One entry of `relabel_configs` or `metric_relabel_configs`.
///
/// Two rules are equal when they do the same after defaults: writing a default out changes nothing.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RelabelConfig {
    /// Labels whose values, joined by the separator, form the value that the rule looks at.
    #[serde(deserialize_with = "null_as_default")]
    pub source_labels: Vec<String>,
    /// Text between the values; [`RelabelConfig::DEFAULT_SEPARATOR`] when absent.
    #[serde(deserialize_with = "null_as_empty")]
    pub separator: Option<String>,
    /// RE2 pattern, anchored at both ends; [`RelabelConfig::DEFAULT_REGEX`] when absent. Null means empty.
    #[serde(deserialize_with = "null_as_empty")]
    pub regex: Option<String>,
    /// Divisor of `hashmod`.
    #[serde(deserialize_with = "null_as_default")]
    pub modulus: u64,
    /// The label to write or compare with; may hold `$1` for `replace`. Empty when absent.
    #[serde(deserialize_with = "null_as_default")]
    pub target_label: String,
    /// What to write; [`RelabelConfig::DEFAULT_REPLACEMENT`] when absent.
    #[serde(deserialize_with = "null_as_empty")]
    pub replacement: Option<String>,
    /// What to do; `replace` when absent.
    pub action: Action,
}

impl RelabelConfig {
    /// The separator when none is written.
    pub const DEFAULT_SEPARATOR: &'static str = ";";
    /// The regex when none is written.
    pub const DEFAULT_REGEX: &'static str = "(.*)";
    /// The replacement when none is written.
    pub const DEFAULT_REPLACEMENT: &'static str = "$1";

    /// The separator in force.
    pub fn separator(&self) -> &str {
        self.separator.as_deref().unwrap_or(Self::DEFAULT_SEPARATOR)
    }

    /// The regex in force, as written.
    pub fn regex(&self) -> &str {
        self.regex.as_deref().unwrap_or(Self::DEFAULT_REGEX)
    }

    /// The replacement in force.
    pub fn replacement(&self) -> &str {
        self.replacement
            .as_deref()
            .unwrap_or(Self::DEFAULT_REPLACEMENT)
    }
}

impl PartialEq for RelabelConfig {
    fn eq(&self, other: &Self) -> bool {
        let key = |c: &Self| (c.modulus, c.action);
        key(self) == key(other)
            && self.source_labels == other.source_labels
            && self.separator() == other.separator()
            && self.regex() == other.regex()
            && self.target_label == other.target_label
            && self.replacement() == other.replacement()
    }
}

impl Eq for RelabelConfig {}

impl serde::Serialize for RelabelConfig {
    /// With the defaults filled in, as Prometheus shows its configuration. Reading it back gives an equal rule.
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        write(self, s, "source_labels", "target_label")
    }
}

/// A rule as the HTTP API shows it: the same fields in camel case.
#[derive(Debug, Clone, Copy)]
pub struct ApiRule<'a>(pub &'a RelabelConfig);

impl serde::Serialize for ApiRule<'_> {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        write(self.0, s, "sourceLabels", "targetLabel")
    }
}

fn write<S: serde::Serializer>(
    c: &RelabelConfig,
    s: S,
    source_labels: &'static str,
    target_label: &'static str,
) -> Result<S::Ok, S::Error> {
    let (sources, modulus, target) = (
        !c.source_labels.is_empty(),
        c.modulus != 0,
        !c.target_label.is_empty(),
    );
    let fields = 4 + usize::from(sources) + usize::from(modulus) + usize::from(target);
    let mut out = s.serialize_struct("RelabelConfig", fields)?;
    if sources {
        out.serialize_field(source_labels, &c.source_labels)?;
    }
    out.serialize_field("separator", c.separator())?;
    out.serialize_field("regex", c.regex())?;
    if modulus {
        out.serialize_field("modulus", &c.modulus)?;
    }
    if target {
        out.serialize_field(target_label, &c.target_label)?;
    }
    out.serialize_field("replacement", c.replacement())?;
    out.serialize_field("action", &c.action)?;
    out.end()
}

/// A null that stands for the zero value.
fn null_as_default<'de, D: serde::Deserializer<'de>, T: Deserialize<'de> + Default>(
    d: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}

/// A null that stands for an explicit empty text.
fn null_as_empty<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    Ok(Some(Option::<String>::deserialize(d)?.unwrap_or_default()))
}
