//! Against the real thing. `promtool` and `prometheus` are used when they are installed; otherwise these
//! tests say so and pass. Peers work on copies: they may write.

use scrape_core::histogram::{Histogram, Span};
use scrape_core::{AppendOpts, Appendable, Labels, MetadataRef, MetricType, SeriesRef, Value};
use scrape_storage::{Compression, DumpValue, OpenError, Store, StoreOptions, dump};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Whether a program is there; says so if not.
fn have(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|o| o.status.success());
    if !found {
        println!("SKIPPED: {program} is not installed");
    }
    found
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("mkdir");
    for e in std::fs::read_dir(from).expect("list") {
        let e = e.expect("entry");
        let target = to.join(e.file_name());
        if e.file_type().expect("type").is_dir() {
            copy(&e.path(), &target);
        } else {
            std::fs::copy(e.path(), target).expect("copy");
        }
    }
}

/// The samples that promtool sees, as "{labels} bits time".
fn promtool_dump(dir: &Path) -> BTreeSet<String> {
    let work = tempfile::tempdir().expect("tempdir");
    copy(&dir.join("wal"), &work.path().join("wal"));
    let out = Command::new("promtool")
        .args(["tsdb", "dump"])
        .arg(work.path())
        .output()
        .expect("runs");
    let errors = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "promtool: {errors}");
    assert!(!errors.contains("corrupt"), "{errors}");
    let text = String::from_utf8(out.stdout).expect("text");
    text.lines()
        .map(|l| {
            let (labels, rest) = l.rsplit_once("} ").expect("labels");
            let (value, t) = rest.split_once(' ').expect("value and time");
            let value: f64 = value.replace("Inf", "inf").parse().expect("a number");
            format!("{labels}}} {value} {t}")
        })
        .collect()
}

/// The floats that we see, in the same form.
fn our_dump(dir: &Path) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for s in dump(dir).expect("readable") {
        let s = s.expect("no damage");
        if let DumpValue::Float(v) = s.value {
            assert!(
                out.insert(format!("{} {v} {}", s.labels, s.t)),
                "twice: {} {}",
                s.labels,
                s.t
            );
        }
    }
    out
}

fn options() -> StoreOptions {
    StoreOptions {
        future_limit: Duration::ZERO,
        segment_bytes: 8 * 32 * 1024,
        ..StoreOptions::default()
    }
}

const T0: i64 = 1_700_000_000_000;

fn series(i: i64) -> Labels {
    Labels::from_pairs([
        ("__name__", "interop"),
        ("i", &i.to_string()),
        ("utf8", "grün \"x\" \\"),
    ])
}

/// Commits `n` scrapes of `series` series with values that do and do not compress.
fn fill(store: &Store, n: i64, n_series: i64) {
    let from = store.stats().max_time.max(T0);
    for k in 1..=n {
        let t = from + k * 1000;
        let mut app = store.appender();
        for i in 0..n_series {
            let v = if i % 2 == 0 {
                i as f64
            } else {
                (t as f64 * 0.1 + i as f64).sin()
            };
            let m = MetadataRef {
                kind: MetricType::Gauge,
                unit: "",
                help: "some help",
            };
            let o = AppendOpts {
                metadata: Some(m),
                ..AppendOpts::default()
            };
            app.append(SeriesRef::UNKNOWN, &series(i), 0, t, Value::Float(v), &o)
                .expect("taken");
        }
        app.commit().expect("commits");
    }
}

#[test]
fn w02_w04_promtool_reads_what_we_write() {
    if !have("promtool") {
        return;
    }
    for compression in [Compression::Snappy, Compression::None] {
        let dir = tempfile::tempdir().expect("tempdir");
        for n_series in [1, 7, 300] {
            let store = Store::open(
                dir.path(),
                StoreOptions {
                    compression,
                    ..options()
                },
            )
            .expect("opens");
            // Many sizes of records, so that pages end in every way.
            (0..40).for_each(|k| fill(&store, 1, n_series + k));
            store.close().expect("closes");
        }
        let ours = our_dump(dir.path());
        assert!(ours.len() > 12_000, "{}", ours.len());
        assert!(
            std::fs::read_dir(dir.path().join("wal"))
                .expect("list")
                .count()
                >= 3
        );
        assert_eq!(promtool_dump(dir.path()), ours);
    }
}

#[test]
fn w02_promtool_reads_while_the_store_is_open() {
    if !have("promtool") {
        return;
    }
    let dir = tempfile::tempdir().expect("tempdir");
    let store = Store::open(dir.path(), options()).expect("opens");
    fill(&store, 30, 100);
    assert_eq!(
        promtool_dump(dir.path()),
        our_dump(dir.path()),
        "an unpadded last page is valid"
    );
    store.close().expect("closes");
}

#[test]
fn w11_promtool_reads_what_was_repaired() {
    if !have("promtool") {
        return;
    }
    let dir = tempfile::tempdir().expect("tempdir");
    for _ in 0..3 {
        let store = Store::open(dir.path(), options()).expect("opens");
        fill(&store, 20, 50);
        store.close().expect("closes");
    }
    let all = our_dump(dir.path());
    let path = dir.path().join("wal/00000001");
    let mut bytes = std::fs::read(&path).expect("read");
    let at = bytes.iter().rposition(|b| *b != 0).expect("data") * 3 / 4;
    bytes[at] ^= 0x20;
    std::fs::write(&path, bytes).expect("write");
    // And the end of the newest one is torn.
    let path = dir.path().join("wal/00000002");
    let bytes = std::fs::read(&path).expect("read");
    let end = bytes.iter().rposition(|b| *b != 0).expect("data");
    std::fs::write(&path, &bytes[..end - 5]).expect("write");
    let store = Store::open(dir.path(), options()).expect("opens");
    let s = store.stats();
    assert_eq!((s.corruptions, s.replay.torn_tails), (1, 1));
    store.close().expect("closes");
    let ours = our_dump(dir.path());
    assert!(ours.len() >= all.len() - 100 && ours.is_subset(&all));
    assert_eq!(promtool_dump(dir.path()), ours);
}

#[test]
fn w16_promtool_reads_a_checkpoint() {
    if !have("promtool") {
        return;
    }
    let dir = tempfile::tempdir().expect("tempdir");
    let o = StoreOptions {
        retention: Duration::ZERO,
        retention_size: 400 * 1024,
        ..options()
    };
    let store = Store::open(dir.path(), o).expect("opens");
    for _ in 0..12 {
        fill(&store, 20, 300);
        store.maintain_now().expect("maintains");
    }
    assert!(store.stats().checkpoints > 0 && store.stats().checkpoints_failed == 0);
    store.close().expect("closes");
    let ours = our_dump(dir.path());
    assert!(ours.len() > 1000);
    assert_eq!(promtool_dump(dir.path()), ours);
}

/// A Prometheus server with a directory and a port of its own.
struct Server {
    child: Child,
    port: u16,
    log: Option<std::thread::JoinHandle<String>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that fails leaves no server behind; one that was stopped has ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .expect("bind")
        .local_addr()
        .expect("address")
        .port()
}

impl Server {
    /// Starts a server and waits until it is ready or gone.
    fn start(data: &Path, scrape: Option<u16>) -> Self {
        Self::start_as(data, scrape, false)
    }

    fn start_as(data: &Path, scrape: Option<u16>, agent: bool) -> Self {
        let port = free_port();
        let config = data.with_extension("yml");
        let target = scrape.unwrap_or(port);
        let jobs = format!(
            "scrape_configs:\n- job_name: p\n  scrape_interval: 200ms\n  scrape_timeout: 200ms\n  static_configs:\n  - targets: ['127.0.0.1:{target}']\n"
        );
        std::fs::write(
            &config,
            if scrape == Some(0) {
                String::new()
            } else {
                jobs
            },
        )
        .expect("config");
        let mut command = Command::new("prometheus");
        // Debian's package takes the lock only on demand; upstream always does.
        let help = Command::new("prometheus")
            .arg("--help")
            .output()
            .expect("runs");
        if [help.stdout, help.stderr]
            .iter()
            .any(|o| String::from_utf8_lossy(o).contains("--storage.tsdb.use-lockfile"))
            && !agent
        {
            command.arg("--storage.tsdb.use-lockfile");
        }
        if agent {
            command
                .args(["--enable-feature=agent", "--storage.agent.path"])
                .arg(data);
        } else {
            command
                .arg(format!("--storage.tsdb.path={}", data.display()))
                .args([
                    "--enable-feature=native-histograms,exemplar-storage",
                    "--storage.tsdb.retention.time=20y",
                ]);
        }
        let mut child = command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("starts");
        let mut err = BufReader::new(child.stderr.take().expect("piped"));
        // Reads up to the line that says how the start went; the rest goes on in a thread.
        let mut log = String::new();
        while err.read_line(&mut log).is_ok_and(|n| n > 0) {
            if log.contains("Server is ready") {
                break;
            }
        }
        let log = std::thread::spawn(move || {
            let _end = err.read_to_string(&mut log);
            log
        });
        Self {
            child,
            port,
            log: Some(log),
        }
    }

    fn get(&self, path: &str) -> String {
        let mut s = TcpStream::connect(("127.0.0.1", self.port)).expect("connects");
        write!(s, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").expect("sends");
        let mut out = String::new();
        s.read_to_string(&mut out).expect("answers");
        out
    }

    /// Ends it as an operator would, and gives its log.
    fn stop(mut self) -> String {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        let pid = rustix::process::Pid::from_raw(pid).expect("not 0");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("signalled");
        self.child.wait().expect("ends");
        self.log
            .take()
            .map(|log| log.join().expect("log"))
            .unwrap_or_default()
    }
}

#[test]
fn b10_a_real_prometheus_and_we_exclude_each_other() {
    if !have("prometheus") {
        return;
    }
    let dir = tempfile::tempdir().expect("tempdir");
    let data = dir.path().join("data");
    let store = Store::open(&data, options()).expect("opens");
    fill(&store, 5, 10);
    let log = Server::start(&data, Some(0)).stop();
    assert!(
        log.contains("lock") && !log.contains("Server is ready"),
        "{log}"
    );
    store.close().expect("closes");
    let server = Server::start(&data, Some(0));
    let e = Store::open(&data, options()).expect_err("Prometheus holds it");
    assert!(matches!(e, OpenError::Locked { .. }), "{e}");
    let log = server.stop();
    assert!(log.contains("Server is ready"), "{log}");
    Store::open(&data, options()).expect("free again");
}

#[test]
fn a_real_prometheus_serves_what_we_wrote() {
    if !have("prometheus") {
        return;
    }
    let dir = tempfile::tempdir().expect("tempdir");
    let data = dir.path().join("data");
    let store = Store::open(&data, options()).expect("opens");
    fill(&store, 30, 20);
    let t = store.stats().max_time;
    let h = Histogram {
        zero_threshold: 2f64.powi(-128),
        zero_count: 1,
        count: 4,
        sum: 6.5,
        positive_spans: vec![Span {
            offset: 0,
            length: 2,
        }],
        positive_buckets: vec![1, 1],
        ..Histogram::default()
    };
    let mut app = store.appender();
    app.append(
        SeriesRef::UNKNOWN,
        &Labels::from_pairs([("__name__", "h")]),
        0,
        t,
        Value::Histogram(&h),
        &AppendOpts::default(),
    )
    .expect("taken");
    app.commit().expect("commits");
    // As a crash leaves it: not closed, the last page not padded.
    let copy_dir = dir.path().join("copy");
    copy(&data.join("wal"), &copy_dir.join("wal"));
    let server = Server::start(&copy_dir, Some(0));
    let at = t / 1000;
    let counted = server.get(&format!(
        "/api/v1/query?query=sum(count_over_time(interop[1h]))&time={at}"
    ));
    assert!(counted.contains(&format!("\"{}\"", 30 * 20)), "{counted}");
    let hist = server.get(&format!("/api/v1/query?query=histogram_count(h)&time={at}"));
    assert!(hist.contains("\"4\""), "{hist}");
    let log = server.stop();
    assert!(
        log.contains("WAL replay completed") && !log.to_lowercase().contains("corrupt"),
        "{log}"
    );
    assert!(
        !log.contains("level=error") && !log.contains("repair"),
        "{log}"
    );
    store.close().expect("closes");
}

#[test]
fn w08_we_read_what_a_real_prometheus_wrote() {
    if !have("prometheus") || !have("promtool") {
        return;
    }
    let dir = tempfile::tempdir().expect("tempdir");
    let data = dir.path().join("data");
    let server = Server::start(&data, None);
    // Until it has scraped itself a few times.
    let mut samples = 0;
    for _ in 0..100_000 {
        if samples >= 3 {
            break;
        }
        let out = server.get("/api/v1/query?query=count_over_time(up[1m])");
        let value = out
            .split("\"value\":[")
            .nth(1)
            .and_then(|v| v.split('"').nth(1));
        samples = value.and_then(|v| v.parse().ok()).unwrap_or(0);
        std::thread::yield_now();
    }
    let log = server.stop();
    assert!(!log.contains("level=error"), "{log}");
    let theirs = promtool_dump(&data);
    let ours = our_dump(&data);
    assert!(ours.len() > 1000, "{}", ours.len());
    // NaN prints alike, and both sides read the same bytes.
    assert_eq!(theirs, ours);
    // Continue in its directory, and give it back.
    let store = Store::open(&data, options()).expect("opens");
    let s = store.stats();
    assert_eq!(
        (
            s.corruptions,
            s.replay.unknown_samples,
            s.replay.undecodable_records
        ),
        (0, 0, 0)
    );
    assert!(s.series > 100);
    fill(&store, 1, 5);
    store.close().expect("closes");
    let server = Server::start(&data, Some(0));
    let log = server.stop();
    assert!(
        log.contains("Server is ready") && !log.to_lowercase().contains("corrupt"),
        "{log}"
    );
}

#[test]
fn a_real_agent_opens_a_directory_without_metadata() {
    if !have("prometheus") {
        return;
    }
    let dir = tempfile::tempdir().expect("tempdir");
    let data = dir.path().join("agent");
    let store = Store::open(
        &data,
        StoreOptions {
            log_metadata: false,
            ..options()
        },
    )
    .expect("opens");
    fill(&store, 10, 20);
    store.close().expect("closes");
    let before = our_dump(&data);
    let log = Server::start_as(&data, Some(0), true).stop();
    assert!(log.contains("Server is ready"), "{log}");
    assert!(
        !log.contains("repair") && !log.to_lowercase().contains("corrupt"),
        "{log}"
    );
    assert_eq!(our_dump(&data), before);
    assert_eq!(before.len(), 200);
}
