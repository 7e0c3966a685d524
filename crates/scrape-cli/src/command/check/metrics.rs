//! `check metrics [FILE|-]`: parses an exposition and points at what is wrong with it.

use crate::args::{CheckMetricsArgs, MetricsFormat};
use crate::exit;
use anyhow::Context;
use scrape_parse::strict::{StrictOptions, validate};
use scrape_parse::{Format, Parser, ParserOptions, Step};
use std::io::Read;
use std::path::Path;

/// Exit code 0, or 1 on an error.
pub(super) fn main(args: &CheckMetricsArgs) -> anyhow::Result<u8> {
    let body = read(&args.file)?;
    let format = match args.format {
        MetricsFormat::Auto => guess(&body),
        MetricsFormat::Text => Format::Text,
        MetricsFormat::Openmetrics => Format::OpenMetrics,
        MetricsFormat::Protobuf => Format::Protobuf,
    };
    let result = if args.strict {
        validate(&body, format, StrictOptions::default()).map(|_| ())
    } else {
        parse(&body, format)
    };
    match result {
        Ok(()) => Ok(exit::OK),
        Err(e) => {
            eprintln!("{e}");
            Ok(exit::FAILURE)
        }
    }
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

/// OpenMetrics ends with its marker; a protobuf message begins with a length and a field tag, which no text does.
fn guess(body: &[u8]) -> Format {
    let trimmed = body.strip_suffix(b"\n").unwrap_or(body);
    if trimmed.ends_with(b"# EOF") {
        Format::OpenMetrics
    } else if std::str::from_utf8(body).is_err() || body.iter().take(64).any(|b| *b < b'\t') {
        Format::Protobuf
    } else {
        Format::Text
    }
}

fn parse(body: &[u8], format: Format) -> Result<(), scrape_parse::ParseError> {
    let mut parser = Parser::new(ParserOptions::new(format));
    let mut cursor = parser.feed(body, true);
    while let Step::Event(_) = cursor.next()? {}
    Ok(())
}
