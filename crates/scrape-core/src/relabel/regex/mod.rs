//! Patterns in Go's dialect (RE2), always anchored at both ends, on top of the `regex` crate. The two agree on
//! speed (linear time) but not on language; `translate` bridges that. Most patterns of real configurations
//! are words or lists of words, so those never reach a regex engine at all.

mod class;
mod fast;
mod translate;

pub use translate::{PatternError, PatternErrorKind};

use fast::Fast;
use translate::Translated;

/// An anchored pattern, ready to match.
#[derive(Debug, Clone)]
pub struct Pattern {
    matcher: Matcher,
    /// Names of groups and their numbers.
    names: Vec<(String, usize)>,
}

#[derive(Debug, Clone)]
enum Matcher {
    Fast(Fast),
    Regex(Box<regex::bytes::Regex>),
}

/// What the groups of a pattern matched.
#[derive(Debug)]
pub(super) enum Groups<'t> {
    /// The whole text and the first group.
    Two(&'t str, Option<&'t str>),
    /// Positions by group.
    Many(&'t str, regex::bytes::CaptureLocations),
}

impl<'t> Groups<'t> {
    /// The text of a group; nothing when it took no part in the match or does not exist.
    pub(super) fn get(&self, group: usize) -> Option<&'t str> {
        match self {
            Self::Two(whole, first) => match group {
                0 => Some(whole),
                1 => *first,
                _ => None,
            },
            // Every atom of a translated pattern matches whole characters, so the ends are on boundaries.
            Self::Many(text, at) => at.get(group).and_then(|(from, to)| text.get(from..to)),
        }
    }
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// Syntax that Go refuses, and patterns too large for memory.
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        let translated = Translated::new(pattern)?;
        let fast = fast::classify(&translated.tokens);
        let matcher = match fast {
            Some(fast) => Matcher::Fast(fast),
            None => Matcher::Regex(Box::new(build(pattern, &translated)?)),
        };
        Ok(Self {
            matcher,
            names: translated.names,
        })
    }

    /// Compiles a pattern without looking for a shortcut: the definition that shortcuts must agree with.
    #[cfg(test)]
    pub(super) fn plain(pattern: &str) -> Result<Self, PatternError> {
        let translated = Translated::new(pattern)?;
        let matcher = Matcher::Regex(Box::new(build(pattern, &translated)?));
        Ok(Self {
            matcher,
            names: translated.names,
        })
    }

    /// Whether the pattern matches the whole text.
    pub fn is_match(&self, text: &str) -> bool {
        match &self.matcher {
            Matcher::Fast(fast) => fast.is_match(text),
            Matcher::Regex(regex) => regex.is_match(text.as_bytes()),
        }
    }

    /// The groups, if the pattern matches the whole text.
    pub(super) fn groups<'t>(&self, text: &'t str) -> Option<Groups<'t>> {
        match &self.matcher {
            Matcher::Fast(fast) => fast
                .is_match(text)
                .then(|| Groups::Two(text, fast.first_group(text))),
            Matcher::Regex(regex) => {
                // Most texts do not match, and finding that out needs no room for positions.
                if !regex.is_match(text.as_bytes()) {
                    return None;
                }
                let mut at = regex.capture_locations();
                regex.captures_read(&mut at, text.as_bytes())?;
                Some(Groups::Many(text, at))
            }
        }
    }

    /// The numbers of the groups with a name; Go allows several.
    pub(super) fn group_numbers(&self, name: &str) -> Vec<usize> {
        self.names
            .iter()
            .filter(|(n, _)| n == name)
            .map(|(_, number)| *number)
            .collect()
    }

    /// Whether matching needs no regex engine.
    pub fn is_fast(&self) -> bool {
        matches!(self.matcher, Matcher::Fast(_))
    }
}

/// Bounds the memory of one compiled pattern. Far above what repetitions up to 1000 of simple atoms need.
const SIZE_LIMIT: usize = 64 << 20;

fn build(pattern: &str, translated: &Translated) -> Result<regex::bytes::Regex, PatternError> {
    regex::bytes::RegexBuilder::new(&format!(r"\A(?s:{})\z", translated.text))
        .size_limit(SIZE_LIMIT)
        .nest_limit(1000)
        .build()
        .map_err(|e| {
            let why = match e {
                regex::Error::CompiledTooBig(_) => {
                    format!("needs more than {SIZE_LIMIT} bytes when compiled")
                }
                // The engine's own text shows the translated pattern; its last line says what is wrong.
                e => e
                    .to_string()
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim_start_matches("error: ")
                    .to_owned(),
            };
            PatternError {
                pattern: pattern.to_owned(),
                at: 0,
                kind: PatternErrorKind::Engine(why),
            }
        })
}

#[cfg(test)]
mod tests;
