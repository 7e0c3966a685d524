//! `promtool tsdb dump`, always on a copy: promtool may write to the directory it reads.

use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Series (as promtool prints label sets) → samples (time, value text), ascending by time.
pub(crate) type Dump = BTreeMap<String, Vec<(i64, String)>>;

/// Copies a store, which may be in use, to a new directory.
pub(crate) fn copy_store(from: &Path, to: &Path) -> Result<PathBuf> {
    copy_dir(from, to).with_context(|| format!("copying {}", from.display()))?;
    // The copy is not locked by anybody.
    drop(std::fs::remove_file(to.join("lock")));
    Ok(to.to_owned())
}

fn copy_dir(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_dir(&entry.path(), &target)?;
        } else {
            match std::fs::copy(entry.path(), &target) {
                Ok(_) => {}
                // A segment may go while we copy.
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => return Err(e.into()),
            }
        }
    }
    Ok(())
}

/// Dumps a copy of a store.
pub(crate) fn dump(promtool: &Path, store_copy: &Path) -> Result<Dump> {
    let out = Command::new(promtool)
        .args(["tsdb", "dump"])
        .arg(store_copy)
        .output()
        .context("running promtool")?;
    let err = String::from_utf8_lossy(&out.stderr);
    if !out.status.success() || err.contains("corrupt") {
        bail!("promtool tsdb dump failed: {err}");
    }
    let text =
        String::from_utf8(out.stdout).context("promtool printed something that is not UTF-8")?;
    let mut dump = Dump::new();
    for line in text.lines() {
        let unreadable = || format!("unreadable dump line: {line}");
        let (labels, rest) = line.split_at(labels_end(line).with_context(unreadable)?);
        let (value, t) = rest
            .trim_start()
            .rsplit_once(' ')
            .with_context(unreadable)?;
        // A histogram is printed with blanks between its parts.
        let value = value.replace(' ', "");
        dump.entry(labels.to_owned())
            .or_default()
            .push((t.parse()?, value));
    }
    for samples in dump.values_mut() {
        samples.sort();
    }
    Ok(dump)
}

/// Index past the `}` of the label set that the line starts with.
fn labels_end(line: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (i, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '}' if !quoted => return Some(i + 1),
            _ => {}
        }
    }
    None
}

/// The label set as promtool prints it.
pub(crate) fn label_text(labels: &BTreeMap<String, String>) -> String {
    let parts: Vec<String> = labels
        .iter()
        .map(|(n, v)| format!("{n}={}", go_quote(v)))
        .collect();
    format!("{{{}}}", parts.join(", "))
}

/// Go's `%q` for the values that exporters send.
fn go_quote(s: &str) -> String {
    let mut out = String::from("\"");
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\x{:02x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
