//! The YAML form: strict keys, scalars taken verbatim as text.

use serde_yaml::options::AliasLimits;

use super::{DecodeError, check};
use crate::config::StaticConfig;

/// Reads a list of groups; an empty document is the empty list.
///
/// # Errors
/// Anything else than one such document, with line and column where known. Expansion of aliases is bounded
/// by the size of the input.
pub fn decode_yaml(input: &[u8]) -> Result<Vec<StaticConfig>, DecodeError> {
    let text = std::str::from_utf8(input).map_err(|e| {
        let before = &input[..e.valid_up_to()];
        let line_start = before
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |i| i + 1);
        DecodeError {
            line: before.iter().filter(|b| **b == b'\n').count() as u64 + 1,
            column: (before.len() - line_start) as u64 + 1,
            reason: "not valid UTF-8".into(),
        }
    })?;
    let groups: Option<Vec<Option<StaticConfig>>> =
        serde_yaml::from_str_with_options(text, options(input.len())).map_err(|e| {
            let at = e.location();
            DecodeError {
                line: at.map_or(0, |l| l.line()),
                column: at.map_or(0, |l| l.column()),
                reason: e.without_snippet().to_string(),
            }
        })?;
    check(groups.unwrap_or_default())
}

/// The library's limits suit configuration files; lists of targets are longer. Every node takes a byte at
/// least, so the input's own size, which the reader caps, is a limit that no honest file meets.
fn options(input_len: usize) -> serde_yaml::Options {
    let defaults = AliasLimits::default();
    let mut alias_limits = defaults;
    alias_limits.max_total_replayed_events = defaults.max_total_replayed_events.max(input_len);
    serde_yaml::options! {
        legacy_octal_numbers: true,
        with_snippet: false,
        alias_limits: alias_limits,
        budget: serde_yaml::budget! {
            max_events: 1_000_000_usize.max(2 * input_len),
            max_nodes: 250_000_usize.max(input_len),
            max_total_scalar_bytes: (64 << 20).max(2 * input_len),
            max_documents: 2,
            // One set of common labels used by every group is the usual reason for aliases.
            enforce_alias_anchor_ratio: false,
            max_aliases: 50_000_usize.max(input_len / 4),
            max_merge_keys: 10_000_usize.max(input_len / 8),
        },
    }
}
