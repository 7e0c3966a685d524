//! A unit file written for a Prometheus server starts this program.

use crate::process::Process;

#[tokio::test]
async fn flags_without_meaning_here_are_accepted_with_one_warning_each() {
    let ignored = [
        "--web.read-timeout=5m",
        "--web.max-connections=512",
        "--web.user-assets=/srv/assets",
        "--web.local-assets=/srv/assets",
        "--web.enable-admin-api",
        "--web.enable-remote-write-receiver",
        "--web.console.templates=/etc/consoles",
        "--web.console.libraries=/etc/libraries",
        "--web.page-title=Here",
        "--web.cors.origin=.*",
        "--storage.tsdb.use-lockfile",
        "--storage.tsdb.wal-compression-type=zstd",
        "--storage.tsdb.head-chunks-write-queue-size=0",
        "--storage.tsdb.wal-segment-size=128MB",
        "--storage.agent.retention.min-time=5m",
        "--storage.agent.retention.max-time=4h",
        "--storage.remote.flush-deadline=1m",
        "--storage.remote.read-sample-limit=5e7",
        "--rules.alert.for-outage-tolerance=1h",
        "--alertmanager.notification-queue-capacity=10000",
        "--query.lookback-delta=5m",
        "--query.max-samples=50000000",
        "--auto-gomemlimit.ratio=0.9",
        "--no-auto-gomemlimit",
    ];
    let in_force = [
        "--storage.tsdb.retention=30d",
        "--storage.tsdb.retention.size=1GB",
        "--storage.tsdb.no-lockfile",
        "--no-storage.tsdb.wal-compression",
        "--web.external-url=http://example.org/scrape/",
        "--web.enable-lifecycle",
        "--log.level=info",
        "--log.format=logfmt",
    ];
    let other = [
        "--storage.tsdb.min-block-duration=2h",
        "--storage.tsdb.max-block-duration=2h",
        "--enable-feature=exemplar-storage,no-such-feature",
        "--query.timeout",
        "2m",
    ];
    let dir = tempfile::tempdir().expect("a directory");
    let all = [&ignored[..], &in_force, &other].concat();
    let mut p = Process::start(dir.path(), &all).await;
    let log = p.log();
    for flag in ignored.iter().chain(&["--query.timeout"]) {
        let name = flag.split('=').next().expect("a name");
        let said = log
            .lines()
            .filter(|l| l.contains("level=WARN") && l.ends_with(&format!(" flag={name}")))
            .count();
        assert_eq!(said, 1, "{name}: {log}");
    }
    for part in [
        "block durations have no effect",
        "exemplar-storage",
        "no-such-feature",
    ] {
        let said = log
            .lines()
            .filter(|l| l.contains("level=WARN") && l.contains(part));
        assert_eq!(said.count(), 1, "{part}: {log}");
    }
    let flags = p.api("/scrape/api/v1/status/flags").await;
    for (name, value) in [
        ("storage.tsdb.retention.time", "30d"),
        ("storage.tsdb.retention.size", "1GiB"),
        ("storage.tsdb.wal-compression", "false"),
        ("storage.tsdb.no-lockfile", "true"),
        ("web.enable-lifecycle", "true"),
    ] {
        assert_eq!(flags[name], value, "{name}: {flags}");
    }
    assert!(!dir.path().join("data/lock").exists());
    p.stop().await;
}
