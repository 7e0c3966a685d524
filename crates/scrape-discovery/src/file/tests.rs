//! Real files and real notifications. Tests of notifications use intervals far beyond their patience, so
//! that a tick cannot take the place of an announcement; tests of ticks use a paused clock.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;

use scrape_core::units::PromDuration;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::config::ConfigError;

struct Watch {
    dir: tempfile::TempDir,
    metrics: Arc<FileMetrics>,
    cancel: CancellationToken,
    updates: mpsc::Receiver<Update>,
    task: JoinHandle<()>,
    /// Source (without the directory) to addresses.
    state: BTreeMap<String, Vec<String>>,
}

fn no_watcher(_: Arc<Notify>, _: Arc<FileMetrics>) -> Result<Box<dyn DirectoryWatcher>, String> {
    Err("no space left on device".into())
}

impl Watch {
    /// Patterns are relative to a fresh directory, which `prepare` fills.
    fn start(
        patterns: &[&str],
        interval: PromDuration,
        new_watcher: NewWatcher,
        prepare: impl Fn(&Dir<'_>),
    ) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        prepare(&Dir(dir.path()));
        let mut config = FileSdConfig {
            files: patterns.iter().map(|p| (*p).to_owned()).collect(),
            refresh_interval: interval,
        };
        config.validate().expect("valid patterns");
        config.resolve_paths(dir.path());
        let metrics = Arc::new(FileMetrics::default());
        let cancel = CancellationToken::new();
        let (tx, updates) = mpsc::channel(1);
        let provider = Box::new(FileProvider {
            config,
            metrics: metrics.clone(),
            new_watcher,
        });
        let task = tokio::spawn(provider.run(cancel.clone(), tx));
        Self {
            dir,
            metrics,
            cancel,
            updates,
            task,
            state: BTreeMap::new(),
        }
    }

    fn announced(patterns: &[&str], prepare: impl Fn(&Dir<'_>)) -> Self {
        Self::start(
            patterns,
            PromDuration::from_secs(3600 * 24),
            system_watcher,
            prepare,
        )
    }

    fn dir(&self) -> Dir<'_> {
        Dir(self.dir.path())
    }

    async fn update(&mut self) {
        let update = timeout(Duration::from_secs(3600), self.updates.recv())
            .await
            .expect("an update")
            .expect("runs");
        let prefix = format!("{}/", self.dir.path().display());
        for group in update {
            let source = group
                .source
                .strip_prefix(&prefix)
                .expect("sources are paths")
                .to_owned();
            let addresses: Vec<_> = group
                .targets
                .iter()
                .map(|t| t.value("__address__").to_owned())
                .collect();
            if addresses.is_empty() {
                assert!(
                    self.state.remove(&source).is_some(),
                    "only what was there is emptied: {source}"
                );
            } else {
                let file = source.rsplit_once(':').expect("path:index").0;
                assert_eq!(
                    group.labels.get("__meta_filepath"),
                    Some(format!("{prefix}{file}").as_str())
                );
                self.state.insert(source, addresses);
            }
        }
    }

    async fn until(&mut self, want: &str) {
        while self.shown() != want {
            self.update().await;
        }
    }

    fn shown(&self) -> String {
        let one = |(s, t): (&String, &Vec<String>)| format!("{s}={}", t.join(","));
        self.state.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    fn mtime_files(&self) -> Vec<String> {
        let prefix = format!("{}/", self.dir.path().display());
        self.metrics
            .snapshot()
            .mtime_seconds
            .keys()
            .map(|f| f.replace(&prefix, ""))
            .collect()
    }

    async fn stop(self) {
        self.cancel.cancel();
        self.task.await.expect("ends on cancel");
        let left = self.metrics.snapshot().mtime_seconds;
        assert!(left.is_empty(), "{left:?}");
    }
}

struct Dir<'a>(&'a std::path::Path);

impl Dir<'_> {
    fn write(&self, name: &str, content: &str) {
        fs::write(self.0.join(name), content).expect("written");
    }
    fn replace(&self, name: &str, content: &str) {
        let new = self.0.join(format!("{name}.new"));
        fs::write(&new, content).expect("written");
        fs::rename(new, self.0.join(name)).expect("renamed");
    }
    fn remove(&self, name: &str) {
        fs::remove_file(self.0.join(name)).expect("removed");
    }
}

#[tokio::test]
async fn case_016_a_renamed_file_and_one_written_in_place_are_seen() {
    let mut w = Watch::announced(&["*.json", "one.yml"], |d| {
        d.write("a.json", r#"[{"targets":["h:1"]}]"#);
        d.write("other.txt", "not looked at");
    });
    w.until("a.json:0=h:1").await;
    w.dir().replace(
        "a.json",
        r#"[{"targets":["h:2"],"labels":{"__meta_filepath":"forged"}}]"#,
    );
    w.until("a.json:0=h:2").await;
    w.dir().write("a.json", r#"[{"targets":["h:3","h:4"]}]"#);
    w.until("a.json:0=h:3,h:4").await;
    w.dir().write("one.yml", "- targets: [y:1]\n");
    w.until("a.json:0=h:3,h:4 one.yml:0=y:1").await;
    assert_eq!(w.metrics.snapshot().watcher_errors, 0);
    w.stop().await;
}

#[tokio::test]
async fn case_016_a_swapped_symlink_of_a_directory_is_seen() {
    // The layout of a Kubernetes ConfigMap: targets.json -> ..data/targets.json, ..data -> ..v1.
    let mut w = Watch::announced(&["*.json"], |d| {
        for (version, target) in [("..v1", "h:1"), ("..v2", "h:2")] {
            fs::create_dir(d.0.join(version)).expect("created");
            d.write(
                &format!("{version}/targets.json"),
                &format!(r#"[{{"targets":["{target}"]}}]"#),
            );
        }
        symlink("..v1", d.0.join("..data")).expect("linked");
        symlink("..data/targets.json", d.0.join("targets.json")).expect("linked");
    });
    w.until("targets.json:0=h:1").await;
    symlink("..v2", w.dir.path().join("..data_tmp")).expect("linked");
    fs::rename(w.dir.path().join("..data_tmp"), w.dir.path().join("..data")).expect("swapped");
    w.until("targets.json:0=h:2").await;
    w.stop().await;
}

#[tokio::test]
async fn case_017_a_broken_file_keeps_its_targets_and_others_still_update() {
    let mut w = Watch::announced(&["*.json"], |d| {
        d.write("a.json", r#"[{"targets":["a:1"]}]"#);
        d.write("b.json", r#"[{"targets":["b:1"]}]"#);
    });
    w.until("a.json:0=a:1 b.json:0=b:1").await;
    assert_eq!(w.metrics.snapshot().read_errors, 0);
    w.dir().replace("a.json", "[{");
    w.dir().replace("b.json", r#"[{"targets":["b:2"]}]"#);
    w.until("a.json:0=a:1 b.json:0=b:2").await;
    assert!(w.metrics.snapshot().read_errors >= 1);
    assert_eq!(w.mtime_files(), ["a.json", "b.json"]);
    w.dir().replace("a.json", r#"[{"targets":["a:2"]}]"#);
    w.until("a.json:0=a:2 b.json:0=b:2").await;
    w.stop().await;
}

#[tokio::test]
async fn case_018_vanished_files_and_groups_lose_their_targets() {
    let three = r#"[{"targets":["a:1"]},{"targets":["a:2"]},{"targets":["a:3"]}]"#;
    let mut w = Watch::announced(&["*.json"], |d| {
        d.write("a.json", three);
        d.write("b.json", r#"[{"targets":["b:1"]}]"#);
    });
    w.until("a.json:0=a:1 a.json:1=a:2 a.json:2=a:3 b.json:0=b:1")
        .await;
    w.dir().replace("a.json", r#"[{"targets":["a:1"]}]"#);
    w.until("a.json:0=a:1 b.json:0=b:1").await;
    assert_eq!(
        w.mtime_files(),
        ["a.json", "b.json"],
        "a shorter list keeps its time"
    );
    w.dir().remove("b.json");
    w.until("a.json:0=a:1").await;
    assert_eq!(w.mtime_files(), ["a.json"]);
    w.dir().replace("a.json", "[]");
    w.until("").await;
    assert_eq!(w.mtime_files(), ["a.json"]);
    w.stop().await;
}

#[test]
fn case_019_patterns_with_a_star_in_a_directory_are_refused() {
    let config = FileSdConfig {
        files: vec!["d*/x.json".into()],
        ..Default::default()
    };
    assert_eq!(
        config.validate(),
        Err(ConfigError::FilePattern {
            path: "d*/x.json".into()
        })
    );
}

#[tokio::test(start_paused = true)]
async fn case_019_a_directory_that_comes_later_is_picked_up_by_the_tick() {
    let mut w = Watch::start(
        &["later/a*b*.json"],
        PromDuration::from_secs(300),
        system_watcher,
        |_| {},
    );
    w.update().await;
    assert_eq!(w.shown(), "", "the first update is complete, and empty");
    fs::create_dir(w.dir.path().join("later")).expect("created");
    w.dir().write("later/aXbY.json", r#"[{"targets":["h:1"]}]"#);
    let begin = Instant::now();
    w.until("later/aXbY.json:0=h:1").await;
    assert!(
        begin.elapsed() <= Duration::from_secs(300),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(w.metrics.snapshot().watcher_errors, 0);
    w.stop().await;
}

#[tokio::test(start_paused = true)]
async fn case_020_without_notifications_files_are_polled_and_the_error_is_counted() {
    let mut w = Watch::start(
        &["*.json"],
        PromDuration::from_secs(3600),
        no_watcher,
        |d| {
            d.write("a.json", r#"[{"targets":["h:1"]}]"#);
        },
    );
    w.until("a.json:0=h:1").await;
    assert_eq!(w.metrics.snapshot().watcher_errors, 1);
    w.dir().write("a.json", r#"[{"targets":["h:2"]}]"#);
    let begin = Instant::now();
    w.until("a.json:0=h:2").await;
    let waited = begin.elapsed();
    assert!(
        waited >= Duration::from_secs(29) && waited <= Duration::from_secs(31),
        "{waited:?}"
    );
    let m = w.metrics.snapshot();
    assert_eq!((m.watcher_errors, m.scans), (2, 2));
    w.stop().await;
}

#[tokio::test(start_paused = true)]
async fn unchanged_content_is_not_sent_again_and_a_directory_that_cannot_be_listed_keeps_its_files()
{
    let mut w = Watch::start(
        &["d/*.json"],
        PromDuration::from_secs(10),
        no_watcher,
        |d| {
            fs::create_dir(d.0.join("d")).expect("created");
            d.write("d/a.json", r#"[{"targets":["h:1"]}]"#);
        },
    );
    w.until("d/a.json:0=h:1").await;
    // Same groups, other bytes.
    w.dir().write("d/a.json", r#"[ {"targets":["h:1"]} ]"#);
    let silence = timeout(Duration::from_secs(95), w.updates.recv()).await;
    assert!(silence.is_err(), "nothing changed: {silence:?}");
    assert!(w.metrics.snapshot().scans >= 9);

    // A directory that turns into a loop of links cannot be listed; that says nothing about its files.
    fs::rename(w.dir.path().join("d"), w.dir.path().join("moved")).expect("moved");
    symlink("d", w.dir.path().join("d")).expect("linked");
    let silence = timeout(Duration::from_secs(25), w.updates.recv()).await;
    assert!(silence.is_err(), "kept: {silence:?}");
    assert!(w.metrics.snapshot().read_errors > 0);
    fs::remove_file(w.dir.path().join("d")).expect("removed");
    w.until("").await;
    w.stop().await;
}

#[tokio::test]
async fn a_named_pipe_is_refused_and_does_not_block() {
    let mut w = Watch::announced(&["*.json"], |d| {
        let path = d.0.join("pipe.json");
        let made = std::process::Command::new("mkfifo")
            .arg(&path)
            .status()
            .expect("mkfifo runs");
        assert!(made.success());
        d.write("a.json", r#"[{"targets":["h:1"]}]"#);
    });
    w.until("a.json:0=h:1").await;
    assert_eq!(w.metrics.snapshot().read_errors, 1);
    w.stop().await;
}
