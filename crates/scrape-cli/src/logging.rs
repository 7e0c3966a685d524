//! Log lines in the layout of Prometheus' own (`time=… level=… source=… msg=…`), as logfmt or JSON, on
//! standard error.

use crate::args::{LogFormat, LogLevel};
use std::fmt::{self, Write as _};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// Installs the logger for the whole process.
pub(crate) fn init(level: LogLevel, format: LogFormat) -> anyhow::Result<()> {
    let level = match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    };
    // Libraries speak only when they have something to say to an operator.
    let quiet = "hyper=warn,hyper_util=warn,h2=warn,rustls=warn,notify=warn,tower=warn";
    let filter = EnvFilter::builder().parse(format!("{level},{quiet}"))?;
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .event_format(Line {
            json: format == LogFormat::Json,
        });
    tracing_subscriber::registry()
        .with(layer.with_filter(filter))
        .try_init()?;
    Ok(())
}

/// Formats one event as one line.
struct Line {
    json: bool,
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let meta = event.metadata();
        let mut pairs: Vec<(&str, String)> = vec![
            (
                "time",
                jiff::Timestamp::now()
                    .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
                    .to_string(),
            ),
            ("level", level_name(*meta.level()).to_owned()),
            ("source", meta.target().to_owned()),
            ("msg", fields.message),
        ];
        pairs.extend(fields.rest.iter().map(|(k, v)| (*k, v.clone())));
        let mut line = String::with_capacity(160);
        if self.json {
            json_line(&mut line, &pairs)
        } else {
            logfmt_line(&mut line, &pairs)
        }
        writeln!(out, "{line}")
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARN",
        Level::INFO => "INFO",
        _ => "DEBUG",
    }
}

fn logfmt_line(line: &mut String, pairs: &[(&str, String)]) {
    for (i, (key, value)) in pairs.iter().enumerate() {
        if i > 0 {
            line.push(' ');
        }
        line.push_str(key);
        line.push('=');
        let plain = !value.is_empty()
            && value.chars().all(|c| {
                !c.is_whitespace() && !c.is_control() && c != '"' && c != '=' && c != '\\'
            });
        if plain {
            line.push_str(value);
        } else {
            quote(line, value);
        }
    }
}

fn json_line(line: &mut String, pairs: &[(&str, String)]) {
    let map: serde_json::Map<String, serde_json::Value> = pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), v.clone().into()))
        .collect();
    line.push_str(&serde_json::Value::Object(map).to_string());
}

fn quote(line: &mut String, value: &str) {
    line.push('"');
    for c in value.chars() {
        match c {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            c if c.is_control() => {
                // Writing to a String cannot fail.
                write!(line, "\\u{:04x}", c as u32).unwrap_or_default();
            }
            c => line.push(c),
        }
    }
    line.push('"');
}

#[derive(Default)]
struct Fields {
    message: String,
    rest: Vec<(&'static str, String)>,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = text;
        } else {
            self.rest.push((field.name(), text));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message = value.to_owned();
        } else {
            self.rest.push((field.name(), value.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logfmt_quotes_what_would_break_a_line() {
        let mut line = String::new();
        logfmt_line(
            &mut line,
            &[
                ("msg", "a b".into()),
                ("k", "plain".into()),
                ("x", "q\"\n\u{7}".into()),
                ("e", String::new()),
            ],
        );
        assert_eq!(line, r#"msg="a b" k=plain x="q\"\n\u0007" e="""#);
    }
}
