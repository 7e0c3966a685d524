//! `check config FILE…`: every mistake of every file in one run, with its place.

use crate::app::settings::{OPENMETRICS2, openmetrics2_is_built_in};
use crate::args::CheckConfigArgs;
use crate::exit;
use anyhow::Context;
use scrape_config::{CheckOptions, CheckReport, LoadOptions, check_config};
use std::io::{IsTerminal, Write};

/// Exit code 0, 1 on an error, 3 when there are only lint findings and they are to count.
pub(crate) fn main(args: &CheckConfigArgs) -> anyhow::Result<u8> {
    let openmetrics2 = args.features.iter().any(|f| f.trim() == OPENMETRICS2);
    if openmetrics2 {
        openmetrics2_is_built_in()?;
    }
    let options = CheckOptions {
        load: LoadOptions {
            agent: args.agent,
            openmetrics2,
            ..LoadOptions::default()
        },
        syntax_only: args.syntax_only,
        lints: args.lint.parse().context("--lint")?,
        lint_fatal: args.lint_fatal,
        ..CheckOptions::default()
    };
    let report = check_config(&args.files, &options);
    let mut out = std::io::stdout();
    let text = match args.output {
        crate::args::Output::Text => report.render(out.is_terminal()),
        crate::args::Output::Json => {
            serde_json::to_string_pretty(&report).context("writing JSON")? + "\n"
        }
    };
    out.write_all(text.as_bytes())
        .context("writing the report")?;
    Ok(match report.exit_code() {
        CheckReport::SUCCESS => exit::OK,
        CheckReport::LINT => exit::LINT,
        _ => exit::FAILURE,
    })
}
