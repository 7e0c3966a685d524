//! The validator: what the specifications demand and a scraper does not enforce.
//!
//! A body goes through the ordinary parser first, whose errors keep their own class; what it accepts is then held
//! against the rules S1 to S28 of OpenMetrics 1.0, or the ones the documentation of the text format states. The
//! first violation ends the run with [`ErrorClass::Strict`] and its position. Rules that only recommend (S28)
//! become [`Summary::warnings`].
//!
//! Meant for people who write exporters and for tests: it needs the whole body and keeps every label set of the
//! family in work, so it is not for the scrape path.

mod family;
mod histogram;
mod scan;

#[cfg(test)]
mod tests;

use self::family::{Families, Metadata, Sample};
use self::scan::{Finding, scan_labels};
use crate::event::{Event, Series, Step};
use crate::{ErrorClass, Format, LabelContext, ParseError, Parser, ParserOptions, decode_key};

/// How strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StrictOptions {
    /// Accept quoted (UTF-8) names in OpenMetrics, which 1.0 does not know; relaxes S5.
    pub utf8_names: bool,
}

/// What a valid body holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Metric families, undeclared ones included.
    pub families: usize,
    /// Samples.
    pub samples: usize,
    /// Recommendations that the body does not follow, at most [`Summary::MAX_WARNINGS`].
    pub warnings: Vec<ParseError>,
}

impl Summary {
    /// The most warnings kept.
    pub const MAX_WARNINGS: usize = 100;
}

/// Validates a whole body of the text format or of OpenMetrics 1. A protobuf body is only parsed: what these rules
/// forbid cannot be expressed in it, or is checked by the parser. So is a body of OpenMetrics 2.0, for which there
/// are no rules yet beyond the parser's.
///
/// # Errors
/// The parser's error, or the first violated rule.
pub fn validate(
    body: &[u8],
    format: Format,
    options: StrictOptions,
) -> Result<Summary, ParseError> {
    let mut run = Run {
        body,
        format,
        options,
        families: Families::new(format),
        summary: Summary::default(),
        labels: Vec::new(),
    };
    let mut parser = Parser::new(ParserOptions::new(format));
    let mut cursor = parser.feed(body, true);
    loop {
        let step = cursor.next()?;
        match step {
            Step::NeedMore | Step::Eof => break,
            Step::Event(Event::Series(series)) => run.series(&series)?,
            Step::Event(Event::Help { family, .. }) => {
                let family = family.into_owned();
                run.metadata(Metadata::Help, &family, cursor.consumed())?;
            }
            Step::Event(Event::Type { family, kind }) => {
                let family = family.into_owned();
                run.metadata(Metadata::Type(kind), &family, cursor.consumed())?;
            }
            Step::Event(Event::Unit { family, unit }) => {
                let (family, has_unit) = (family.into_owned(), !unit.is_empty());
                run.metadata(Metadata::Unit { has_unit }, &family, cursor.consumed())?;
            }
            Step::Event(Event::Comment(_) | Event::Histogram(_)) => {}
        }
    }
    run.finish()
}

/// A violated rule, before it has a position in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Violation {
    rule: u8,
    message: &'static str,
    /// Byte of the body.
    at: usize,
}

impl Violation {
    fn new(rule: u8, at: usize, message: &'static str) -> Self {
        Self { rule, message, at }
    }
}

struct Run<'b> {
    body: &'b [u8],
    format: Format,
    options: StrictOptions,
    families: Families,
    summary: Summary,
    labels: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Run<'_> {
    fn error(&self, violation: Violation) -> ParseError {
        let class = ErrorClass::Strict(violation.rule);
        ParseError::locate(class, violation.message, self.body, violation.at, 0, 1)
    }

    fn check<T>(&self, result: Result<T, Violation>) -> Result<T, ParseError> {
        result.map_err(|violation| self.error(violation))
    }

    /// Formats that the rules do not speak of.
    fn is_only_parsed(&self) -> bool {
        matches!(self.format, Format::Protobuf | Format::OpenMetrics2)
    }

    fn is_openmetrics(&self) -> bool {
        self.format == Format::OpenMetrics
    }

    fn finish(mut self) -> Result<Summary, ParseError> {
        if self.is_only_parsed() {
            return Ok(self.summary);
        }
        let done = self.families.finish();
        self.check(done)?;
        // Parts that no finer rule looked at: comments, quoted names, the text of metadata.
        if let Err(error) = std::str::from_utf8(self.body) {
            return Err(self.error(Violation::new(
                3,
                error.valid_up_to(),
                "body is not valid UTF-8",
            )));
        }
        if !self.is_openmetrics() && !self.body.is_empty() && self.body.last() != Some(&b'\n') {
            let at = self.body.len() - 1;
            return Err(self.error(Violation::new(
                1,
                at,
                "last line does not end with a line feed",
            )));
        }
        self.summary.families = self.families.count();
        Ok(self.summary)
    }

    fn metadata(&mut self, what: Metadata, family: &[u8], end: usize) -> Result<(), ParseError> {
        if self.is_only_parsed() {
            return Ok(());
        }
        let before = self.body.get(..end).unwrap_or_default();
        let line_end = before.strip_suffix(b"\n").unwrap_or(before).len();
        let start = memchr::memrchr(b'\n', &self.body[..line_end]).map_or(0, |at| at + 1);
        let line = &self.body[start..line_end];
        let name = metadata_name(line);
        let quoted = name.is_some_and(|(_, quoted)| quoted);
        if quoted && self.is_openmetrics() && !self.options.utf8_names {
            return Err(self.error(Violation::new(5, start, "quoted family name")));
        }
        if let Some((name_end, false)) = name
            && line
                .get(name_end)
                .is_some_and(|byte| !matches!(byte, b' ' | b'\t'))
        {
            let at = start + name_end;
            return Err(self.error(Violation::new(2, at, "no blank after the family name")));
        }
        if matches!(what, Metadata::Help)
            && let Some((name_end, _)) = name
        {
            let text = line.get(name_end..).unwrap_or_default();
            let quote_escapes = self.is_openmetrics();
            if let Some(at) = scan::unknown_escape(text, quote_escapes) {
                self.warn(Violation::new(
                    28,
                    start + name_end + at,
                    "escape other than the specified ones",
                ));
            }
        }
        let result = self.families.metadata(what, family, start);
        self.check(result)
    }

    fn warn(&mut self, violation: Violation) {
        if self.summary.warnings.len() < Summary::MAX_WARNINGS {
            let error = self.error(violation);
            self.summary.warnings.push(error);
        }
    }

    fn series(&mut self, series: &Series<'_>) -> Result<(), ParseError> {
        self.summary.samples += 1;
        if self.is_only_parsed() {
            // Parsing does not look into labels; decoding does.
            self.labels.clear();
            return series.labels(&mut self.labels);
        }
        // Keys are verbatim pieces of the body, so their address gives their place.
        let key_at = (series.key.as_ptr() as usize).wrapping_sub(self.body.as_ptr() as usize);
        let key_end = key_at + series.key.len();
        let findings = scan_labels(series.key, true);
        self.findings(&findings, key_at)?;

        let rest = self.body.get(key_end..).unwrap_or_default();
        let rest = &rest[..self.tail_length(rest)];
        let mut exemplar = None;
        let mut point = rest;
        if self.is_openmetrics()
            && let Some(at) = memchr::memmem::find(rest, b" # ")
        {
            point = &rest[..at];
            exemplar = Some(key_end + at + 3);
        }
        let mut tokens = point
            .split(|byte| matches!(byte, b' ' | b'\t'))
            .filter(|token| !token.is_empty());
        let timestamp = match (tokens.next(), tokens.next()) {
            // Seconds or milliseconds, as written: finer than the parser's milliseconds.
            (Some(_), Some(text)) => crate::number::parse_go_float(text),
            _ => None,
        };

        // Labels as written: the validator judges the spelling of `le` too.
        self.labels.clear();
        decode_key(
            self.format,
            series.key,
            LabelContext::Other,
            &mut self.labels,
        )?;
        let mut sample = Sample {
            at: key_at,
            value: series.value,
            timestamp,
            exemplar: None,
            labels: &mut self.labels,
        };
        if let Some(at) = exemplar {
            let text = self.body.get(at..key_end + rest.len()).unwrap_or_default();
            sample.exemplar = { series.exemplars }.next().map(|exemplar| {
                let mut labels = Vec::new();
                exemplar.labels(&mut labels);
                family::ExemplarSample {
                    at,
                    value: exemplar.value,
                    labels,
                }
            });
            let findings = scan_labels(text, false);
            let result = self.families.sample(sample);
            self.check(result)?;
            return self.findings(&findings, at);
        }
        let result = self.families.sample(sample);
        self.check(result)
    }

    /// Length of what follows a key on its line. Exemplars are the only place where a quote can stand there,
    /// and no line feed can stand between them.
    fn tail_length(&self, rest: &[u8]) -> usize {
        memchr::memchr(b'\n', rest).unwrap_or(rest.len())
    }

    /// Judges what stood out in a label set that starts at `base`.
    fn findings(&mut self, findings: &scan::Findings, base: usize) -> Result<(), ParseError> {
        let strict = self.is_openmetrics();
        for (finding, at) in findings.iter() {
            let at = base + at;
            let violation = match finding {
                Finding::TrailingComma if strict => {
                    Violation::new(4, at, "trailing comma in a label set")
                }
                Finding::MissingComma => Violation::new(4, at, "no comma between labels"),
                Finding::QuotedName if strict && !self.options.utf8_names => {
                    Violation::new(5, at, "quoted metric or label name")
                }
                Finding::RawLineFeed => Violation::new(28, at, "line feed that is not escaped"),
                Finding::UnknownEscape => {
                    self.warn(Violation::new(
                        28,
                        at,
                        "escape other than the specified ones",
                    ));
                    continue;
                }
                Finding::TrailingComma | Finding::QuotedName => continue,
            };
            return Err(self.error(violation));
        }
        Ok(())
    }
}

/// Where the family name of a metadata line ends, and whether it is quoted.
fn metadata_name(line: &[u8]) -> Option<(usize, bool)> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let skip = |from: usize| {
        line.get(from..)
            .and_then(|rest| rest.iter().position(|byte| !blank(byte)))
            .map(|at| from + at)
    };
    let mut at = skip(0)?;
    // `#` and the keyword.
    at = skip(at + 1)?;
    at = skip(at + line.get(at..)?.iter().position(blank)?)?;
    if line.get(at) == Some(&b'"') {
        let mut escaped = false;
        let length = line.get(at + 1..)?.iter().position(|byte| {
            let end = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            end
        })?;
        return Some((at + length + 2, true));
    }
    let name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':');
    let length = line
        .get(at..)?
        .iter()
        .position(|byte| !name(byte))
        .unwrap_or(line.len() - at);
    Some((at + length, false))
}
