//! The `Accept` header: which formats a scrape wants, most wanted first.

use crate::ScrapeProtocol;
use crate::escape::EscapingScheme;
use alloc::{format, string::String};

/// The header for these protocols in this order. Weights step down by a tenth from one above the number of
/// protocols there are, and the header ends with anything at all. The draft of OpenMetrics 2.0 counts only where it
/// is asked for. Names that the target should escape concern
/// only the formats that can carry any name.
///
/// # Examples
/// ```
/// use scrape_parse::{ScrapeProtocol, accept_header, escape::EscapingScheme};
///
/// let header = accept_header(&[ScrapeProtocol::PrometheusText1_0_0], EscapingScheme::AllowUtf8);
/// assert_eq!(header, "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.5");
/// ```
pub fn accept_header(protocols: &[ScrapeProtocol], escaping: EscapingScheme) -> String {
    let draft = protocols.contains(&ScrapeProtocol::OpenMetricsText2_0_0);
    let mut weight = ScrapeProtocol::ALL.len() + usize::from(draft) + 1;
    let mut out = String::new();
    for protocol in protocols {
        out.push_str(match protocol {
            ScrapeProtocol::PrometheusProto => {
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
            }
            ScrapeProtocol::OpenMetricsText0_0_1 => "application/openmetrics-text;version=0.0.1",
            ScrapeProtocol::OpenMetricsText1_0_0 => "application/openmetrics-text;version=1.0.0",
            ScrapeProtocol::PrometheusText0_0_4 => "text/plain;version=0.0.4",
            ScrapeProtocol::PrometheusText1_0_0 => "text/plain;version=1.0.0",
            ScrapeProtocol::OpenMetricsText2_0_0 => "application/openmetrics-text;version=2.0.0",
        });
        if matches!(
            protocol,
            ScrapeProtocol::OpenMetricsText1_0_0 | ScrapeProtocol::PrometheusText1_0_0
        ) {
            out.push_str(";escaping=");
            out.push_str(escaping.as_str());
        }
        push_weight(&mut out, weight);
        out.push(',');
        weight = weight.saturating_sub(1);
    }
    out.push_str("*/*");
    push_weight(&mut out, weight);
    out
}

fn push_weight(out: &mut String, tenths: usize) {
    out.push_str(&format!(";q=0.{tenths}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_051_a_single_protocol_keeps_the_highest_weight() {
        assert_eq!(
            accept_header(
                &[ScrapeProtocol::PrometheusText0_0_4],
                EscapingScheme::AllowUtf8
            ),
            "text/plain;version=0.0.4;q=0.6,*/*;q=0.5"
        );
    }

    #[test]
    fn c05_the_default_headers() {
        assert_eq!(
            accept_header(&ScrapeProtocol::DEFAULT, EscapingScheme::AllowUtf8),
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
        );
        assert_eq!(
            accept_header(&ScrapeProtocol::PROTOBUF_FIRST, EscapingScheme::AllowUtf8),
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
             application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
             application/openmetrics-text;version=0.0.1;q=0.4,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
        );
    }

    #[test]
    fn om2_03_the_draft_shifts_the_weights_where_it_is_asked_for() {
        let mut protocols = vec![ScrapeProtocol::OpenMetricsText2_0_0];
        protocols.extend(ScrapeProtocol::PROTOBUF_FIRST);
        assert_eq!(
            accept_header(&protocols, EscapingScheme::AllowUtf8),
            "application/openmetrics-text;version=2.0.0;q=0.7,\
             application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
             application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
             application/openmetrics-text;version=0.0.1;q=0.4,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
        );
    }

    #[test]
    fn c06_escaping_appears_in_the_entries_that_can_carry_any_name() {
        let header = accept_header(&ScrapeProtocol::PROTOBUF_FIRST, EscapingScheme::Underscores);
        let escaped: Vec<&str> = header
            .split(',')
            .filter(|e| e.contains("escaping=underscores"))
            .collect();
        assert_eq!(escaped.len(), 2);
        assert!(escaped.iter().all(|e| e.contains("version=1.0.0")));
        assert_eq!(header.matches("escaping").count(), 2);
    }
}
