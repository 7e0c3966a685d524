//! `scrape-cli`: arguments in, exit code out. Everything in between lives in the other crates.

mod app;
mod args;
mod command;
mod exit;
mod legacy_flags;
mod logging;

use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let (argv, ignored) = legacy_flags::strip(std::env::args_os());
    let args = match args::Args::try_parse_from(argv) {
        Ok(args) => args,
        Err(e) => {
            // Help and version go to standard output and are a success; the rest is a usage error.
            let code = if e.use_stderr() {
                exit::USAGE
            } else {
                exit::OK
            };
            if e.print().is_err() {
                return ExitCode::from(exit::FAILURE);
            }
            return ExitCode::from(code);
        }
    };
    let result = match args.command {
        args::Command::Run(run) => command::run::main(*run, &ignored),
        args::Command::Check(check) => command::check::main(check),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(e) => {
            eprintln!("scrape-cli: {e:#}");
            ExitCode::from(exit::FAILURE)
        }
    }
}
