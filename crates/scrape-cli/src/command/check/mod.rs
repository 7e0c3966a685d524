//! `scrape-cli check …`: look at files without running anything.

mod config;
mod metrics;

use crate::args::CheckCommand;

/// Runs the chosen check; returns the exit code.
pub(crate) fn main(command: CheckCommand) -> anyhow::Result<u8> {
    match command {
        CheckCommand::Config(args) => config::main(&args),
        CheckCommand::Metrics(args) => metrics::main(&args),
    }
}
