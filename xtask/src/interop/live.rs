//! The body of a live exporter, for whoever measures on real input.

use super::http;
use super::peers::{Process, free_port, which};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

const PROGRAM: &str = "prometheus-node-exporter";

/// Writes what node_exporter says of this machine to a file in `dir`. `None` if the program is not installed.
pub(crate) fn node_exporter_body(dir: &Path) -> Result<Option<PathBuf>> {
    let Some(program) = which(PROGRAM) else {
        return Ok(None);
    };
    let port = free_port()?;
    let args = [format!("--web.listen-address=127.0.0.1:{port}")];
    let mut exporter = Process::start(PROGRAM, &program, &args, &dir.join("exporter.log"))?;
    exporter.wait_ready(port, "/")?;
    let answer = http::get(port, "/metrics")?;
    exporter.stop()?;
    if answer.status != 200 {
        bail!("{PROGRAM} answered {} to /metrics", answer.status);
    }
    let file = dir.join("node_exporter.prom.txt");
    std::fs::write(&file, &answer.body).with_context(|| format!("writing {}", file.display()))?;
    Ok(Some(file))
}
