//! `check metrics [FILE|-]`: parses an exposition, points at what is wrong with it, and lints names, types,
//! help texts and units as promtool does.

use crate::args::{CheckMetricsArgs, MetricsFormat, Output};
use crate::exit;
use anyhow::Context;
use scrape_parse::lint::{Cardinality, cardinality, lint};
use scrape_parse::strict::{StrictOptions, validate};
use scrape_parse::{Format, ParseError};
use serde_json::json;
use std::io::{Read, Write};
use std::path::Path;

/// What was found in a body that parses.
struct Findings {
    /// Recommendations of the format that the body does not follow.
    warnings: Vec<ParseError>,
    /// (metric, what is wrong)
    problems: Vec<(String, String)>,
    cardinality: Option<Cardinality>,
}

/// Exit code 0, 1 on an error, 3 when there are only lint findings.
pub(super) fn main(args: &CheckMetricsArgs) -> anyhow::Result<u8> {
    let body = read(&args.file)?;
    let format = match args.format {
        MetricsFormat::Auto => guess(&body),
        MetricsFormat::Text => Format::Text,
        MetricsFormat::Openmetrics => Format::OpenMetrics,
        #[cfg(feature = "om2")]
        MetricsFormat::Openmetrics2 => Format::OpenMetrics2,
        MetricsFormat::Protobuf => Format::Protobuf,
    };
    let result = check(&body, format, args);
    let text = match args.output {
        Output::Text => as_text(&result),
        Output::Json => as_json(&result)? + "\n",
    };
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("writing the report")?;
    Ok(match result {
        Err(_) => exit::FAILURE,
        Ok(found) if found.problems.is_empty() => exit::OK,
        Ok(_) => exit::LINT,
    })
}

fn check(body: &[u8], format: Format, args: &CheckMetricsArgs) -> Result<Findings, ParseError> {
    let warnings = if args.strict {
        validate(body, format, StrictOptions::default())?.warnings
    } else {
        Vec::new()
    };
    let problems = lint(body, format)?
        .into_iter()
        .map(|p| (p.metric, p.text))
        .collect();
    let cardinality = if args.extended {
        Some(cardinality(body, format)?)
    } else {
        None
    };
    Ok(Findings {
        warnings,
        problems,
        cardinality,
    })
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut body = Vec::new();
        std::io::stdin()
            .read_to_end(&mut body)
            .context("reading standard input")?;
        return Ok(body);
    }
    std::fs::read(file).with_context(|| format!("reading {}", file.display()))
}

/// OpenMetrics ends with its marker. A protobuf message begins with a length and a field tag: control bytes
/// that no text begins with.
fn guess(body: &[u8]) -> Format {
    let trimmed = body.strip_suffix(b"\n").unwrap_or(body);
    let control = |b: &u8| *b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r');
    if trimmed.ends_with(b"# EOF") {
        Format::OpenMetrics
    } else if body.iter().take(16).any(control) {
        Format::Protobuf
    } else {
        Format::Text
    }
}

fn as_text(result: &Result<Findings, ParseError>) -> String {
    let found = match result {
        Ok(found) => found,
        Err(e) => return format!("error: {e}\n"),
    };
    let mut out = String::new();
    for w in &found.warnings {
        out += &format!("warning: {w}\n");
    }
    for (metric, text) in &found.problems {
        out += &format!("{metric} {text}\n");
    }
    let Some(c) = &found.cardinality else {
        return out;
    };
    out += &format!("{:<60} {:>10} {:>10}\n", "metric", "series", "share");
    for m in &c.metrics {
        out += &format!(
            "{:<60} {:>10} {:>9.2}%\n",
            m.metric,
            m.series,
            m.percentage(c.total)
        );
        for l in &m.labels {
            out += &format!("  {:<58} {:>10} values\n", l.label, l.values);
        }
    }
    out + &format!("{:<60} {:>10} {:>9.2}%\n", "total", c.total, 100.0)
}

fn as_json(result: &Result<Findings, ParseError>) -> anyhow::Result<String> {
    let place = |e: &ParseError| json!({"class": format!("{:?}", e.class), "message": e.message, "line": e.line, "column": e.column, "offset": e.offset});
    let value = match result {
        Err(e) => json!({"error": place(e)}),
        Ok(found) => {
            let metric = |m: &scrape_parse::lint::MetricCardinality| {
                let labels = m
                    .labels
                    .iter()
                    .map(|l| json!({"label": l.label, "values": l.values}));
                json!({"metric": m.metric, "series": m.series, "labels": labels.collect::<Vec<_>>()})
            };
            json!({
                "warnings": found.warnings.iter().map(place).collect::<Vec<_>>(),
                "problems": found.problems.iter().map(|(m, t)| json!({"metric": m, "text": t})).collect::<Vec<_>>(),
                "cardinality": found.cardinality.as_ref().map(|c| {
                    json!({"series": c.total, "metrics": c.metrics.iter().map(metric).collect::<Vec<_>>()})
                }),
            })
        }
    };
    serde_json::to_string_pretty(&value).context("writing JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_guessed_from_its_marks() {
        assert_eq!(guess(b"a 1\n# EOF\n"), Format::OpenMetrics);
        assert_eq!(guess(b"a 1\n"), Format::Text);
        assert_eq!(guess("# HELP a \u{e9}\na 1\n".as_bytes()), Format::Text);
        assert_eq!(guess(b""), Format::Text);
        assert_eq!(guess(b"\x18\x0a\x01c\x22\x13"), Format::Protobuf);
    }
}
