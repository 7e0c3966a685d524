//! Which parser reads a body: formats, and how a `Content-Type` header selects one.

mod media_type;

use crate::{ErrorClass, ParseError, ScrapeProtocol};

/// A family of exposition formats that one parser reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Prometheus text 0.0.4 and 1.0.0, which share a grammar.
    Text,
    /// OpenMetrics text 0.0.1 and 1.x.
    OpenMetrics,
    /// Length-delimited `io.prometheus.client.MetricFamily` messages.
    Protobuf,
}

impl From<ScrapeProtocol> for Format {
    fn from(protocol: ScrapeProtocol) -> Self {
        match protocol {
            ScrapeProtocol::PrometheusProto => Self::Protobuf,
            ScrapeProtocol::OpenMetricsText0_0_1 | ScrapeProtocol::OpenMetricsText1_0_0 => {
                Self::OpenMetrics
            }
            ScrapeProtocol::PrometheusText0_0_4 | ScrapeProtocol::PrometheusText1_0_0 => Self::Text,
        }
    }
}

impl Format {
    /// The format of a body with this `Content-Type`, and whether the fallback was needed, which callers report:
    /// such a target is configured by luck. Parameters (version, charset, escaping) are not looked at, but
    /// have to be well-formed.
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
        let problem = match media_type::essence(content_type) {
            Some(essence) => match essence.to_ascii_lowercase().as_str() {
                "text/plain" => return Ok((Self::Text, false)),
                "application/openmetrics-text" => return Ok((Self::OpenMetrics, false)),
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
