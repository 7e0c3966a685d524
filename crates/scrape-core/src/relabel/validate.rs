//! Which fields go with which action.

use scrape_parse::names::{ValidationScheme, is_valid_label_name};

use super::{Action, RelabelConfig, RelabelError};

impl RelabelConfig {
    /// Checks everything but the regex, which [`super::Rule::compile`] checks by compiling it.
    ///
    /// # Errors
    /// The first field that does not fit the action.
    pub fn validate(&self, scheme: ValidationScheme) -> Result<(), RelabelError> {
        use Action::{
            DropEqual, HashMod, KeepEqual, LabelDrop, LabelKeep, LabelMap, Lowercase, Replace,
            Uppercase,
        };
        let action = self.action;
        if let Some(name) = self.source_labels.iter().find(|name| name.is_empty()) {
            return Err(RelabelError::SourceLabel { name: name.clone() });
        }
        if action == HashMod && self.modulus == 0 {
            return Err(RelabelError::Modulus);
        }
        if matches!(
            action,
            Replace | HashMod | Lowercase | Uppercase | KeepEqual | DropEqual
        ) {
            let name = &self.target_label;
            if name.is_empty() {
                return Err(RelabelError::TargetLabelMissing { action });
            }
            let valid = if action == Replace && name.contains('$') {
                is_name_template(scheme, name)
            } else {
                is_valid_label_name(scheme, name.as_bytes())
            };
            if !valid {
                return Err(RelabelError::TargetLabel {
                    action,
                    name: name.clone(),
                });
            }
        }
        if action == LabelMap && !is_name_template(scheme, self.replacement()) {
            return Err(RelabelError::Replacement {
                text: self.replacement().to_owned(),
            });
        }
        // Written-out defaults are fine everywhere: a rule that was serialised must read back.
        let unused: &[&str] = match action {
            Lowercase | Uppercase => &["replacement"],
            KeepEqual | DropEqual => &["regex", "modulus", "separator", "replacement"],
            LabelDrop | LabelKeep => &[
                "source_labels",
                "target_label",
                "modulus",
                "separator",
                "replacement",
            ],
            _ => &[],
        };
        match unused.iter().find(|field| self.is_set(field)) {
            Some(field) => Err(RelabelError::Unused { action, field }),
            None => Ok(()),
        }
    }

    /// Whether a field differs from its default.
    fn is_set(&self, field: &str) -> bool {
        match field {
            "source_labels" => !self.source_labels.is_empty(),
            "separator" => self.separator() != Self::DEFAULT_SEPARATOR,
            "regex" => self.regex() != Self::DEFAULT_REGEX,
            "modulus" => self.modulus != 0,
            "target_label" => !self.target_label.is_empty(),
            "replacement" => self.replacement() != Self::DEFAULT_REPLACEMENT,
            _ => false,
        }
    }
}

/// Whether a text with group references can expand to a label name.
fn is_name_template(scheme: ValidationScheme, text: &str) -> bool {
    match scheme {
        ValidationScheme::Utf8 => !text.is_empty(),
        ValidationScheme::Legacy => is_legacy_name_template(text),
    }
}

/// Letters, digits and underscores mixed with `$name` and `${name}`, no digit first.
fn is_legacy_name_template(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c != '$' {
            if !is_word(c) {
                return false;
            }
            rest = &rest[1..];
            continue;
        }
        rest = &rest[1..];
        let braced = rest.starts_with('{');
        rest = &rest[usize::from(braced)..];
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        if end == 0 {
            return false;
        }
        rest = &rest[end..];
        if braced {
            match rest.strip_prefix('}') {
                Some(after) => rest = after,
                None => return false,
            }
        }
    }
    true
}
