//! What a process has used, as the kernel counts it.

use anyhow::{Context, Result};
use std::path::Path;

/// Used so far.
pub(crate) struct Usage {
    /// User and system.
    pub(crate) cpu_seconds: f64,
    /// Resident now.
    pub(crate) anonymous_bytes: u64,
    /// Times that a thread gave up or lost its processor.
    pub(crate) switches: u64,
}

impl Usage {
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let process = format!("/proc/{pid}");
        let stat = std::fs::read_to_string(format!("{process}/stat"))?;
        // The name before the last parenthesis may contain anything; utime and stime are fields 14 and 15.
        let fields = stat.rsplit_once(')').context("stat")?.1;
        let mut ticks = 0;
        for field in fields.split_whitespace().skip(11).take(2) {
            ticks += field.parse::<u64>().context("stat: processor time")?;
        }
        let status = std::fs::read_to_string(format!("{process}/status"))?;
        let mut switches = 0;
        for task in std::fs::read_dir(format!("{process}/task"))? {
            // A thread may end between being listed and being read.
            let status = std::fs::read_to_string(task?.path().join("status")).unwrap_or_default();
            switches += value(&status, "voluntary_ctxt_switches:").unwrap_or(0)
                + value(&status, "nonvoluntary_ctxt_switches:").unwrap_or(0);
        }
        Ok(Self {
            cpu_seconds: ticks as f64 / rustix::param::clock_ticks_per_second() as f64,
            anonymous_bytes: value(&status, "RssAnon:").context("RssAnon")? * 1024,
            switches,
        })
    }
}

fn value(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with(key))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The sizes of all files below a directory.
pub(crate) fn disk_bytes(dir: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let about = entry.metadata()?;
        sum += if about.is_dir() {
            disk_bytes(&entry.path())?
        } else {
            about.len()
        };
    }
    Ok(sum)
}
