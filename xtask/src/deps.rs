//! Who may import whom. The table is the architecture; this check is what keeps it true.

use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::process::Command;

/// Crate → the workspace crates that it may depend on (development dependencies are free).
const ALLOWED: &[(&str, &[&str])] = &[
    ("scrape-parse", &[]),
    ("scrape-core", &["scrape-parse"]),
    ("scrape-storage", &["scrape-core"]),
    ("scrape-http", &["scrape-core"]),
    ("scrape-discovery", &["scrape-core", "scrape-http"]),
    (
        "scrape-engine",
        &[
            "scrape-core",
            "scrape-parse",
            "scrape-http",
            "scrape-discovery",
        ],
    ),
    (
        "scrape-config",
        &[
            "scrape-core",
            "scrape-parse",
            "scrape-http",
            "scrape-discovery",
            "scrape-engine",
            "scrape-storage",
        ],
    ),
    (
        "scrape-web",
        &[
            "scrape-core",
            "scrape-parse",
            "scrape-engine",
            "scrape-config",
            "scrape-storage",
            "scrape-discovery",
            "scrape-http",
        ],
    ),
    (
        "scrape-cli",
        &[
            "scrape-core",
            "scrape-parse",
            "scrape-storage",
            "scrape-http",
            "scrape-discovery",
            "scrape-engine",
            "scrape-config",
            "scrape-web",
        ],
    ),
    (
        "scrape-benches",
        &[
            "scrape-core",
            "scrape-parse",
            "scrape-storage",
            "scrape-engine",
            "scrape-http",
        ],
    ),
    ("xtask", &["scrape-parse"]),
];

/// Packages that must not be in the tree at all: one cryptography provider only.
const FORBIDDEN: &[&str] = &["ring", "openssl-sys", "serde_yml", "libyml", "fxhash"];

pub(crate) fn run() -> Result<()> {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps"])
        .current_dir(crate::root())
        .output()
        .context("running cargo metadata")?;
    if !out.status.success() {
        bail!(
            "cargo metadata failed: {}",
            String::from_utf8_lossy(&out.stderr)
        );
    }
    let metadata: serde_json::Value =
        serde_json::from_slice(&out.stdout).context("reading cargo metadata")?;
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut wrong = Vec::new();
    let mut edges = 0;
    for package in metadata["packages"].as_array().context("packages")? {
        let name = package["name"].as_str().context("package name")?;
        let Some(may) = allowed.get(name) else {
            wrong.push(format!("{name} is not in the table of crates"));
            continue;
        };
        for dep in package["dependencies"].as_array().context("dependencies")? {
            let dep_name = dep["name"].as_str().context("dependency name")?;
            let ours = dep_name.starts_with("scrape-");
            if ours && dep["kind"].as_str() != Some("dev") {
                edges += 1;
                if !may.contains(&dep_name) {
                    wrong.push(format!("{name} imports {dep_name}"));
                }
            }
        }
    }
    forbidden(&mut wrong)?;
    if !wrong.is_empty() {
        bail!("import direction broken:\n  {}", wrong.join("\n  "));
    }
    println!(
        "deps: {edges} edges between crates, all allowed; none of {} in the build",
        FORBIDDEN.join(", ")
    );
    Ok(())
}

fn forbidden(wrong: &mut Vec<String>) -> Result<()> {
    let out = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--workspace",
            "--edges=normal,build",
            "--prefix=none",
            "--format={p}",
        ])
        .current_dir(crate::root())
        .output()
        .context("running cargo tree")?;
    if !out.status.success() {
        bail!(
            "cargo tree failed: {}",
            String::from_utf8_lossy(&out.stderr)
        );
    }
    let tree = String::from_utf8_lossy(&out.stdout);
    for name in FORBIDDEN {
        if tree.lines().any(|l| l.split(' ').next() == Some(name)) {
            wrong.push(format!("{name} is in the dependency tree"));
        }
    }
    let rustls: std::collections::BTreeSet<&str> = tree
        .lines()
        .filter(|l| l.starts_with("rustls v"))
        .map(|l| l.trim_end_matches(" (*)"))
        .collect();
    if rustls.len() > 1 {
        wrong.push(format!("more than one rustls: {rustls:?}"));
    }
    Ok(())
}
