//! Flags of a Prometheus server that have no meaning here. They are accepted, so that an existing unit file
//! starts, and reported once; and Kingpin's `--no-x` spelling is translated.

use std::ffi::OsString;

/// Prefixes of flags that take a value.
const IGNORED_PREFIXES: &[&str] = &[
    "--query.",
    "--rules.",
    "--alertmanager.",
    "--web.console.",
    "--storage.remote.",
    "--web.cors.",
    "--web.page-title",
    "--web.max-connections",
    "--web.max-notifications-subscribers",
    "--web.read-timeout",
    "--web.user-assets",
    "--web.local-assets",
    "--web.route-prefix",
    "--auto-gomemlimit.ratio",
    "--storage.tsdb.head-chunks-write-queue-size",
    "--storage.tsdb.max-block-chunk-segment-size",
    "--storage.tsdb.samples-per-chunk",
    "--storage.tsdb.wal-segment-size",
    "--storage.tsdb.wal-compression-type",
    "--storage.agent.wal-compression-type",
    "--storage.agent.wal-segment-size",
    "--storage.agent.wal-truncate-frequency",
    "--storage.agent.retention.min-time",
    "--storage.agent.retention.max-time",
];

/// Flags without a value.
const IGNORED_SWITCHES: &[&str] = &[
    "--web.enable-admin-api",
    "--web.enable-remote-write-receiver",
    "--web.enable-otlp-receiver",
    "--auto-gomemlimit",
    "--auto-gomaxprocs",
    "--storage.tsdb.allow-overlapping-blocks",
    "--storage.tsdb.use-lockfile",
    "--storage.agent.use-lockfile",
    "--storage.tsdb.allow-overlapping-compaction",
];

/// Removes ignored flags (with their values) and rewrites `--no-x`; returns what is left and the names of
/// what was removed.
pub(crate) fn strip(argv: impl IntoIterator<Item = OsString>) -> (Vec<OsString>, Vec<String>) {
    let (mut kept, mut ignored) = (Vec::new(), Vec::new());
    let mut args = argv.into_iter().peekable();
    while let Some(arg) = args.next() {
        let Some(text) = arg.to_str().filter(|t| t.starts_with("--")) else {
            kept.push(arg);
            continue;
        };
        let (name, value) = match text.split_once('=') {
            Some((n, v)) => (n, Some(v)),
            None => (text, None),
        };
        let positive = name.strip_prefix("--no-").map(|n| format!("--{n}"));
        let base = positive.as_deref().unwrap_or(name);
        if IGNORED_SWITCHES.contains(&base) {
            ignored.push(name.to_owned());
        } else if IGNORED_PREFIXES.iter().any(|p| base.starts_with(p)) {
            ignored.push(name.to_owned());
            if value.is_none()
                && args
                    .peek()
                    .is_some_and(|a| !a.to_string_lossy().starts_with('-'))
            {
                args.next();
            }
        } else if let Some(positive) = positive
            && positive.contains('.')
            && value.is_none()
        {
            kept.push(format!("{positive}=false").into());
        } else {
            kept.push(arg);
        }
    }
    (kept, ignored)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str]) -> (Vec<String>, Vec<String>) {
        let (kept, ignored) = strip(args.iter().map(|a| OsString::from(*a)));
        (
            kept.into_iter()
                .map(|a| a.into_string().expect("text"))
                .collect(),
            ignored,
        )
    }

    #[test]
    fn server_flags_are_removed_with_their_values() {
        let (kept, ignored) = run(&[
            "scrape-cli",
            "run",
            "--query.timeout",
            "2m",
            "--web.console.templates=/etc/consoles",
            "--web.enable-admin-api",
            "--config.file=x.yml",
            "--no-storage.tsdb.wal-compression",
        ]);
        assert_eq!(
            kept,
            [
                "scrape-cli",
                "run",
                "--config.file=x.yml",
                "--storage.tsdb.wal-compression=false"
            ]
        );
        assert_eq!(
            ignored,
            [
                "--query.timeout",
                "--web.console.templates",
                "--web.enable-admin-api"
            ]
        );
    }

    #[test]
    fn a_flag_after_an_ignored_one_without_value_stays() {
        let (kept, _) = run(&["x", "--rules.alert.for-grace-period", "--log.level=debug"]);
        assert_eq!(kept, ["x", "--log.level=debug"]);
    }
}
