//! The closed lists of words that global section and jobs share: validation and escaping schemes, protocols.

use scrape_parse::ScrapeProtocol;
use scrape_parse::escape::EscapingScheme;
use scrape_parse::names::ValidationScheme;

use super::Context;
use crate::decode::{At, Fields};

/// How names are checked and asked for, each from the file or from what it follows from.
pub(super) struct Naming {
    pub(super) validation: ValidationScheme,
    pub(super) escaping: EscapingScheme,
}

/// Reads the two keys. `inherited` is the global section's answer, absent in the global section itself.
pub(super) fn naming(fields: &mut Fields<'_>, inherited: Option<&Naming>) -> Naming {
    let validation: Option<ValidationScheme> = word(fields, "metric_name_validation_scheme");
    let escaping: Option<EscapingScheme> = word(fields, "metric_name_escaping_scheme");
    let escaping_place = fields.place("metric_name_escaping_scheme");
    let resolved = match (validation, inherited) {
        (Some(v), _) => v,
        (None, Some(inherited)) => inherited.validation,
        (None, None) => ValidationScheme::Utf8,
    };
    let escaping = match (escaping, validation, inherited) {
        (Some(e), ..) => e,
        (None, None, Some(inherited)) => inherited.escaping,
        // A job that only says `legacy` must not ask for what it then refuses.
        (None, ..) => match resolved {
            ValidationScheme::Utf8 => EscapingScheme::AllowUtf8,
            ValidationScheme::Legacy => EscapingScheme::Underscores,
        },
    };
    if escaping == EscapingScheme::AllowUtf8 && resolved != ValidationScheme::Utf8 {
        escaping_place.error_with_help(
            "metric_name_escaping_scheme is set to `allow-utf-8`, but metric_name_validation_scheme is not `utf8`",
            "use one of the schemes `underscores`, `dots` and `values`, or validate names as `utf8`",
        );
    }
    Naming {
        validation: resolved,
        escaping,
    }
}

/// A word of a closed list; nothing and the empty text leave it unset.
fn word<T>(fields: &mut Fields<'_>, key: &'static str) -> Option<T>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let at = fields.get(key)?;
    let text = at.string()?;
    if text.is_empty() {
        return None;
    }
    at.parse()
}

/// `scrape_protocols`: no entry twice, and not empty.
pub(super) fn protocols(
    fields: &mut Fields<'_>,
    context: Context<'_>,
) -> Option<Vec<ScrapeProtocol>> {
    let at = fields.get("scrape_protocols")?;
    if at.node.is_null() {
        return None;
    }
    let items = at.items()?;
    if items.is_empty() {
        at.error_with_help(
            "scrape_protocols cannot be empty",
            "leave the key out for the default list",
        );
        return None;
    }
    let mut list: Vec<ScrapeProtocol> = Vec::with_capacity(items.len());
    for item in &items {
        if let Some(protocol) = protocol(item, context) {
            if list.contains(&protocol) {
                item.error(format!("scrape protocol {protocol} is repeated"));
            } else {
                list.push(protocol);
            }
        }
    }
    Some(list).filter(|l| !l.is_empty())
}

/// `fallback_scrape_protocol`.
pub(super) fn fallback(at: &At<'_>, context: Context<'_>) -> Option<ScrapeProtocol> {
    let text = at.string()?;
    if text.is_empty() {
        None
    } else {
        protocol(at, context)
    }
}

/// A protocol that may be asked for.
fn protocol(at: &At<'_>, context: Context<'_>) -> Option<ScrapeProtocol> {
    let protocol = at.parse()?;
    if protocol == ScrapeProtocol::OpenMetricsText2_0_0 && !context.options.openmetrics2 {
        at.error_with_help(
            format!(
                "scrape protocol {protocol} is a draft, which takes --enable-feature=openmetrics2"
            ),
            "start the program with the feature, or leave the protocol out",
        );
        return None;
    }
    Some(protocol)
}
