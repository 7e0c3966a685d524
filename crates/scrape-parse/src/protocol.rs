//! The names under which a configuration lists exposition formats, in order of preference.

use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::fmt;
use core::str::FromStr;

/// A format and its version, as `scrape_protocols` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ScrapeProtocol {
    /// Delimited protobuf.
    PrometheusProto,
    /// OpenMetrics text 0.0.1.
    OpenMetricsText0_0_1,
    /// OpenMetrics text 1.0.0.
    OpenMetricsText1_0_0,
    /// Prometheus text 0.0.4.
    PrometheusText0_0_4,
    /// Prometheus text 1.0.0.
    PrometheusText1_0_0,
    /// OpenMetrics text 2.0.0, a draft: known by name only to builds with the cargo feature `om2`.
    OpenMetricsText2_0_0,
}

impl ScrapeProtocol {
    /// Every protocol that is more than a draft.
    pub const ALL: [Self; 5] = [
        Self::PrometheusProto,
        Self::OpenMetricsText0_0_1,
        Self::OpenMetricsText1_0_0,
        Self::PrometheusText0_0_4,
        Self::PrometheusText1_0_0,
    ];

    /// What is asked for when nothing is configured, most wanted first.
    pub const DEFAULT: [Self; 4] = [
        Self::OpenMetricsText1_0_0,
        Self::OpenMetricsText0_0_1,
        Self::PrometheusText1_0_0,
        Self::PrometheusText0_0_4,
    ];

    /// The same where native histograms are wanted, which only protobuf carries.
    pub const PROTOBUF_FIRST: [Self; 5] = [
        Self::PrometheusProto,
        Self::OpenMetricsText1_0_0,
        Self::OpenMetricsText0_0_1,
        Self::PrometheusText1_0_0,
        Self::PrometheusText0_0_4,
    ];

    /// The name used in configuration files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PrometheusProto => "PrometheusProto",
            Self::OpenMetricsText0_0_1 => "OpenMetricsText0.0.1",
            Self::OpenMetricsText1_0_0 => "OpenMetricsText1.0.0",
            Self::PrometheusText0_0_4 => "PrometheusText0.0.4",
            Self::PrometheusText1_0_0 => "PrometheusText1.0.0",
            Self::OpenMetricsText2_0_0 => "OpenMetricsText2.0.0",
        }
    }
}

impl fmt::Display for ScrapeProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownProtocol {
    /// The text as written.
    pub text: String,
}

impl fmt::Display for UnknownProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text == ScrapeProtocol::OpenMetricsText2_0_0.as_str() {
            return write!(
                f,
                "scrape protocol {:?} takes a build with the cargo feature om2",
                self.text
            );
        }
        let names: Vec<_> = known().map(|p| p.as_str()).collect();
        let names = names.join(", ");
        write!(
            f,
            "unknown scrape protocol {:?}, use one of {names}",
            self.text
        )
    }
}

impl core::error::Error for UnknownProtocol {}

/// What this build knows by name.
fn known() -> impl Iterator<Item = ScrapeProtocol> {
    let draft = cfg!(feature = "om2").then_some(ScrapeProtocol::OpenMetricsText2_0_0);
    ScrapeProtocol::ALL.into_iter().chain(draft)
}

impl FromStr for ScrapeProtocol {
    type Err = UnknownProtocol;

    /// Case matters.
    fn from_str(text: &str) -> Result<Self, UnknownProtocol> {
        known()
            .find(|p| p.as_str() == text)
            .ok_or_else(|| UnknownProtocol {
                text: text.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_case_matters() {
        for protocol in known() {
            assert_eq!(protocol.to_string().parse(), Ok(protocol));
        }
        assert!("prometheusproto".parse::<ScrapeProtocol>().is_err());
    }

    #[test]
    fn om2_01_the_draft_has_a_name_in_builds_that_read_it() {
        let name = "OpenMetricsText2.0.0";
        let read = name.parse::<ScrapeProtocol>();
        assert_eq!(read.is_ok(), cfg!(feature = "om2"));
        match read {
            Ok(protocol) => assert_eq!(protocol, ScrapeProtocol::OpenMetricsText2_0_0),
            Err(e) => assert!(e.to_string().contains("cargo feature om2"), "{e}"),
        }
        assert!(!ScrapeProtocol::ALL.contains(&ScrapeProtocol::OpenMetricsText2_0_0));
    }
}
