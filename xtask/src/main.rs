//! Workspace automation: what a release or a change needs besides `cargo build` and `cargo test`.

mod bench;
mod deps;
mod e2e;
mod fuzz;
mod interop;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND
  deps              check which crate may import which
  interop [NAME…]   run against node_exporter, Pushgateway, promtool and Prometheus
  bench [NAME]      run the benches: parse, protobuf, pass, wal, fetch (default: all of these);
                    only when named, the whole program beside Prometheus: e2e, e2e-gzip
  fuzz-smoke        build every fuzz target and run each for ten seconds";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rest = args.get(1..).unwrap_or_default();
    let result = match args.first().map(String::as_str) {
        Some("deps") => deps::run(),
        Some("interop") => interop::run(rest),
        Some("bench") => bench::run(rest),
        Some("fuzz-smoke") => fuzz::smoke(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("xtask: {e:#}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace.
fn root() -> std::path::PathBuf {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
