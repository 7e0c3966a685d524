//! Which parser reads a body: formats, and how a `Content-Type` header selects one.

use alloc::format;

mod media_type;

use crate::{ErrorClass, ParseError, ScrapeProtocol};

/// A family of exposition formats that one parser reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Prometheus text 0.0.4 and 1.0.0, which share a grammar.
    Text,
    /// OpenMetrics text 0.0.1 and 1.x.
    OpenMetrics,
    /// Length-delimited `io.prometheus.client.MetricFamily` messages.
    Protobuf,
    /// OpenMetrics text 2.0, a draft (2.0.0-rc0). A build without the cargo feature `om2` refuses every body of
    /// this format.
    OpenMetrics2,
}

impl From<ScrapeProtocol> for Format {
    fn from(protocol: ScrapeProtocol) -> Self {
        match protocol {
            ScrapeProtocol::PrometheusProto => Self::Protobuf,
            ScrapeProtocol::OpenMetricsText0_0_1 | ScrapeProtocol::OpenMetricsText1_0_0 => {
                Self::OpenMetrics
            }
            ScrapeProtocol::PrometheusText0_0_4 | ScrapeProtocol::PrometheusText1_0_0 => Self::Text,
            ScrapeProtocol::OpenMetricsText2_0_0 => Self::OpenMetrics2,
        }
    }
}

impl Format {
    /// Whether this build reads the format.
    pub const fn is_built_in(self) -> bool {
        !matches!(self, Self::OpenMetrics2) || cfg!(feature = "om2")
    }

    /// The format of a body with this `Content-Type`, and whether the fallback was needed, which callers report:
    /// such a target is configured by luck. Parameters (charset, escaping) are not looked at, but have to be
    /// well-formed; so is the version, except that OpenMetrics 2.0.0 counts as another type, which takes
    /// [`Format::from_content_type_with`].
    ///
    /// # Errors
    /// The header is absent (empty), malformed or names another type, and there is no fallback.
    ///
    /// # Examples
    /// ```
    /// use scrape_parse::{Format, ScrapeProtocol};
    ///
    /// let found = Format::from_content_type("text/plain; version=0.0.4", None)?;
    /// assert_eq!(found, (Format::Text, false));
    ///
    /// let fallback = Some(ScrapeProtocol::PrometheusText0_0_4);
    /// assert_eq!(Format::from_content_type("text/html", fallback)?, (Format::Text, true));
    /// assert!(Format::from_content_type("text/html", None).is_err());
    /// # Ok::<(), scrape_parse::ParseError>(())
    /// ```
    pub fn from_content_type(
        content_type: &str,
        fallback: Option<ScrapeProtocol>,
    ) -> Result<(Self, bool), ParseError> {
        Self::from_content_type_with(content_type, fallback, false)
    }

    /// The same, where `openmetrics2` says that a body of OpenMetrics 2.0 is welcome; a build without the cargo
    /// feature `om2` never welcomes one.
    ///
    /// # Errors
    /// As [`Format::from_content_type`].
    pub fn from_content_type_with(
        content_type: &str,
        fallback: Option<ScrapeProtocol>,
        openmetrics2: bool,
    ) -> Result<(Self, bool), ParseError> {
        let openmetrics2 = openmetrics2 && Self::OpenMetrics2.is_built_in();
        let problem = match media_type::read(content_type) {
            Some(found) => match found.essence.to_ascii_lowercase().as_str() {
                "text/plain" => return Ok((Self::Text, false)),
                "application/openmetrics-text" => match found.version {
                    Some("2.0.0") if openmetrics2 => return Ok((Self::OpenMetrics2, false)),
                    Some("2.0.0") => "is OpenMetrics 2.0, which is not enabled,",
                    _ => return Ok((Self::OpenMetrics, false)),
                },
                "application/vnd.google.protobuf" => return Ok((Self::Protobuf, false)),
                _ => "is not an exposition format",
            },
            None if content_type.trim().is_empty() => "is empty or missing",
            None => "is malformed",
        };
        match fallback {
            Some(protocol) => Ok((Self::from(protocol), true)),
            None => {
                let shown = content_type.escape_debug();
                let message = format!(
                    "the content type \"{shown:.200}\" {problem} and no fallback_scrape_protocol is configured"
                );
                Err(ParseError::bare(ErrorClass::ContentType, &message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(content_type: &str) -> Option<ErrorClass> {
        Format::from_content_type(content_type, None)
            .err()
            .map(|e| e.class)
    }

    #[test]
    fn c01_no_content_type_and_no_fallback() {
        let error = Format::from_content_type("", None).expect_err("refused");
        assert_eq!(error.class, ErrorClass::ContentType);
        assert!(
            error.to_string().contains("fallback_scrape_protocol"),
            "{error}"
        );
    }

    #[test]
    fn c02_another_type_needs_the_fallback() {
        let fallback = Some(ScrapeProtocol::PrometheusText0_0_4);
        assert_eq!(
            Format::from_content_type("text/html", fallback),
            Ok((Format::Text, true))
        );
        assert_eq!(
            Format::from_content_type("", fallback),
            Ok((Format::Text, true))
        );
        let proto = Some(ScrapeProtocol::PrometheusProto);
        assert_eq!(
            Format::from_content_type("a/b/c", proto),
            Ok((Format::Protobuf, true))
        );
        assert_eq!(class("text/html"), Some(ErrorClass::ContentType));
    }

    #[test]
    fn c03_case_and_parameters_do_not_matter() {
        let om = "APPLICATION/OpenMetrics-Text; version=9; charset=utf-8;";
        assert_eq!(
            Format::from_content_type(om, None),
            Ok((Format::OpenMetrics, false))
        );
        let proto = "application/vnd.google.protobuf; proto=\"x;y\\\"z\"; encoding=text";
        assert_eq!(
            Format::from_content_type(proto, None),
            Ok((Format::Protobuf, false))
        );
        assert_eq!(
            Format::from_content_type(" text/plain ", None),
            Ok((Format::Text, false))
        );
    }

    #[test]
    fn om2_02_the_draft_is_selected_by_its_version_where_it_is_enabled() {
        let om2 = "application/openmetrics-text; version=2.0.0; charset=utf-8";
        let quoted = "Application/OpenMetrics-Text;Version=\"2.0.0\"";
        let fallback = Some(ScrapeProtocol::OpenMetricsText1_0_0);
        for text in [om2, quoted] {
            let error = Format::from_content_type(text, None).expect_err("not enabled");
            assert_eq!(error.class, ErrorClass::ContentType);
            assert!(error.to_string().contains("not enabled"), "{error}");
            assert_eq!(
                Format::from_content_type(text, fallback),
                Ok((Format::OpenMetrics, true))
            );
            let enabled = Format::from_content_type_with(text, None, true);
            if Format::OpenMetrics2.is_built_in() {
                assert_eq!(enabled, Ok((Format::OpenMetrics2, false)));
            } else {
                assert!(enabled.is_err());
            }
        }
        for version in ["1.0.0", "0.0.1", "2.0.1", "9"] {
            let text = format!("application/openmetrics-text; version={version}");
            let selected = Format::from_content_type_with(&text, None, true);
            assert_eq!(selected, Ok((Format::OpenMetrics, false)), "{version}");
        }
        let draft = Format::from(ScrapeProtocol::OpenMetricsText2_0_0);
        assert_eq!(draft, Format::OpenMetrics2);
    }

    #[test]
    fn c04_malformed_types() {
        for text in [
            "text/plain; a=1; a=2",
            "text/plain; a=1; A=2",
            "invalid/",
            "a/b/c",
            "text/plain;;",
            "/plain",
            "text",
            "text/plain; a",
            "text/plain; a=",
            "text/plain; =1",
            "text/plain; a=\"x",
            "text/plain; a=b c",
            "text/plain; a=1; a*=2; ;",
        ] {
            assert_eq!(class(text), Some(ErrorClass::ContentType), "{text}");
        }
    }
}
