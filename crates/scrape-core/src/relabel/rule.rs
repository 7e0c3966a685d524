//! A rule compiled and applied.

use std::cell::Cell;

use md5::{Digest, Md5};
use scrape_parse::names::{ValidationScheme, is_valid_label_name};

use super::letters;
use super::regex::Pattern;
use super::template::Template;
use super::{Action, RelabelConfig, RelabelError};
use crate::{Labels, LabelsBuilder};

/// A compiled rule.
#[derive(Debug, Clone)]
pub struct Rule {
    config: RelabelConfig,
    scheme: ValidationScheme,
    op: Op,
}

#[derive(Debug, Clone)]
enum Op {
    Replace {
        pattern: Pattern,
        target: Template,
        replacement: Template,
    },
    Keep(Pattern),
    Drop(Pattern),
    KeepEqual,
    DropEqual,
    HashMod,
    LabelMap {
        pattern: Pattern,
        replacement: Template,
    },
    LabelDrop(Pattern),
    LabelKeep(Pattern),
    Lowercase,
    Uppercase,
}

thread_local! {
    /// Room for joined source values and expanded texts, kept between rules.
    static SCRATCH: Cell<String> = const { Cell::new(String::new()) };
}

impl Rule {
    /// Checks and compiles a rule for names that follow `scheme`.
    ///
    /// # Errors
    /// Fields that do not fit the action, and a regex that does not compile.
    pub fn compile(config: &RelabelConfig, scheme: ValidationScheme) -> Result<Self, RelabelError> {
        config.validate(scheme)?;
        // Also where the action ignores it: a typo should not hide.
        let pattern = Pattern::new(config.regex()).map_err(RelabelError::Regex)?;
        Ok(Self {
            config: config.clone(),
            scheme,
            op: op(config, pattern),
        })
    }

    /// The same without shortcuts for simple patterns.
    #[cfg(test)]
    pub(super) fn compile_plain(
        config: &RelabelConfig,
        scheme: ValidationScheme,
    ) -> Result<Self, RelabelError> {
        config.validate(scheme)?;
        let pattern = Pattern::plain(config.regex()).map_err(RelabelError::Regex)?;
        Ok(Self {
            config: config.clone(),
            scheme,
            op: op(config, pattern),
        })
    }

    /// The rule as written.
    pub fn config(&self) -> &RelabelConfig {
        &self.config
    }

    /// Applies the rule; says whether the label set is kept.
    pub fn apply(&self, labels: &mut LabelsBuilder) -> bool {
        let mut scratch = SCRATCH.take();
        let keep = self.apply_with(labels, &mut scratch);
        SCRATCH.set(scratch);
        keep
    }

    fn apply_with(&self, labels: &mut LabelsBuilder, scratch: &mut String) -> bool {
        let target = &*self.config.target_label;
        match &self.op {
            Op::Keep(pattern) => return pattern.is_match(self.value(labels, scratch)),
            Op::Drop(pattern) => return !pattern.is_match(self.value(labels, scratch)),
            Op::KeepEqual => return self.value(labels, scratch) == labels.value(target),
            Op::DropEqual => return self.value(labels, scratch) != labels.value(target),
            Op::Replace {
                pattern,
                target,
                replacement,
            } => {
                self.replace(labels, scratch, pattern, target, replacement);
            }
            Op::HashMod => {
                let digest = Md5::digest(self.value(labels, scratch).as_bytes());
                let mut last = [0; 8];
                last.copy_from_slice(&digest[8..]);
                let bucket = u64::from_be_bytes(last) % self.config.modulus;
                set(labels, target, itoa::Buffer::new().format(bucket));
            }
            Op::Lowercase => {
                let text = letters::lower(self.value(labels, scratch));
                set(labels, target, &text);
            }
            Op::Uppercase => {
                let text = letters::upper(self.value(labels, scratch));
                set(labels, target, &text);
            }
            Op::LabelMap {
                pattern,
                replacement,
            } => map_names(labels, pattern, replacement),
            Op::LabelDrop(pattern) => labels.retain(|name, _| !pattern.is_match(name)),
            Op::LabelKeep(pattern) => labels.retain(|name, _| pattern.is_match(name)),
        }
        true
    }

    /// The source values joined by the separator.
    fn value<'l>(&self, labels: &'l LabelsBuilder, scratch: &'l mut String) -> &'l str {
        match &*self.config.source_labels {
            [] => "",
            [one] => labels.value(one),
            several => {
                scratch.clear();
                for (i, name) in several.iter().enumerate() {
                    if i > 0 {
                        scratch.push_str(self.config.separator());
                    }
                    scratch.push_str(labels.value(name));
                }
                scratch
            }
        }
    }

    fn replace(
        &self,
        labels: &mut LabelsBuilder,
        scratch: &mut String,
        pattern: &Pattern,
        target: &Template,
        replacement: &Template,
    ) {
        let (name, text) = {
            let value = self.value(labels, scratch);
            // Constants need the verdict only.
            if let (Some(name), Some(text)) = (target.fixed(), replacement.fixed()) {
                if pattern.is_match(value) {
                    self.write(labels, name, text);
                }
                return;
            }
            let Some(groups) = pattern.groups(value) else {
                return;
            };
            (target.text(&groups), replacement.text(&groups).into_owned())
        };
        self.write(labels, &name, &text);
    }

    fn write(&self, labels: &mut LabelsBuilder, name: &str, text: &str) {
        // A target that does not expand to a name leaves everything as it was.
        if is_valid_label_name(self.scheme, name.as_bytes()) {
            set(labels, name, text);
        }
    }
}

fn op(config: &RelabelConfig, pattern: Pattern) -> Op {
    let template = |text: &str, pattern: &Pattern| Template::new(text, pattern);
    match config.action {
        Action::Replace => Op::Replace {
            target: template(&config.target_label, &pattern),
            replacement: template(config.replacement(), &pattern),
            pattern,
        },
        Action::Keep => Op::Keep(pattern),
        Action::Drop => Op::Drop(pattern),
        Action::KeepEqual => Op::KeepEqual,
        Action::DropEqual => Op::DropEqual,
        Action::HashMod => Op::HashMod,
        Action::LabelMap => Op::LabelMap {
            replacement: template(config.replacement(), &pattern),
            pattern,
        },
        Action::LabelDrop => Op::LabelDrop(pattern),
        Action::LabelKeep => Op::LabelKeep(pattern),
        Action::Lowercase => Op::Lowercase,
        Action::Uppercase => Op::Uppercase,
    }
}

/// Sets a label unless it has the value already: the builder's text grows with every write.
fn set(labels: &mut LabelsBuilder, name: &str, value: &str) {
    if labels.value(name) != value {
        labels.set(name, value);
    }
}

/// Copies labels whose name matches to their new name; all names are those from before, ascending, and of
/// several that map to one name the last wins.
fn map_names(labels: &mut LabelsBuilder, pattern: &Pattern, replacement: &Template) {
    let mut copies = Vec::new();
    for (name, value) in labels.iter() {
        if let Some(groups) = pattern.groups(name) {
            copies.push((replacement.text(&groups).into_owned(), value.to_owned()));
        }
    }
    for (name, value) in copies {
        set(labels, &name, &value);
    }
}

/// Applies rules in order until one drops the label set; says whether it is kept.
pub fn apply(rules: &[Rule], labels: &mut LabelsBuilder) -> bool {
    rules.iter().all(|rule| rule.apply(labels))
}

/// What one rule made of a label set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The labels after the rule; empty once the set is dropped.
    pub output: Labels,
    /// Whether the set is still kept.
    pub keep: bool,
}

/// Applies rules in order and says what each one did. One step per rule, also behind the one that drops.
pub fn steps(rules: &[Rule], labels: &Labels) -> Vec<Step> {
    let mut builder = labels.to_builder();
    let mut keep = true;
    rules
        .iter()
        .map(|rule| {
            keep = keep && rule.apply(&mut builder);
            Step {
                output: if keep {
                    builder.labels()
                } else {
                    Labels::empty()
                },
                keep,
            }
        })
        .collect()
}
