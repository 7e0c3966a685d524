//! One running `scrape-cli`, and polling with a generous deadline.

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_scrape-cli");

/// When a condition that must come has not come, something is broken.
const DEADLINE: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(start.elapsed() < DEADLINE, "never came: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Runs the program to its end.
pub(crate) fn run(dir: &Path, args: &[&str]) -> Output {
    Command::new(PROGRAM)
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

/// Everything that a finished program said.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

/// A running program; killed when dropped.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
    client: reqwest::Client,
    /// `127.0.0.1:port`; known once it listens.
    pub(crate) address: String,
}

impl Process {
    /// Starts `run` with a port of its own and the store in `data/`, and waits until it listens.
    pub(crate) async fn start(dir: &Path, args: &[&str]) -> Self {
        let mut all = vec!["--storage.tsdb.path=data"];
        all.extend(args);
        Self::start_bare(dir, &all).await
    }

    /// [`Process::start`] without a choice of the store.
    pub(crate) async fn start_bare(dir: &Path, args: &[&str]) -> Self {
        let mut process = Self::start_at(dir, "", args);
        process.address = until("listening", async || {
            let ended = process.child.try_wait().expect("a child");
            assert!(ended.is_none(), "{ended:?}: {}", process.log());
            let log = process.log();
            let line = log.lines().find(|l| l.contains("listening"))?;
            let from = line.find("127.0.0.1:")?;
            let address = line.get(from..)?;
            let end = address.find(['"', ' ']).unwrap_or(address.len());
            address.get(..end).map(str::to_owned)
        })
        .await;
        process
    }

    /// Starts `run` and waits for nothing. `address` is where it will answer.
    pub(crate) fn start_at(dir: &Path, address: &str, args: &[&str]) -> Self {
        static LOGS: AtomicUsize = AtomicUsize::new(0);
        let log = dir.join(format!("log-{}", LOGS.fetch_add(1, Ordering::Relaxed)));
        let child = Command::new(PROGRAM)
            .args(["run", "--web.listen-address=127.0.0.1:0"])
            .args(args)
            .current_dir(dir)
            .env_remove("http_proxy")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("a log file"))
            .spawn()
            .expect("the program starts");
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            child,
            log,
            client,
            address: address.to_owned(),
        }
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("a log")
    }

    /// Waits for a line of the log that holds all of these; returns it.
    pub(crate) async fn logged(&self, parts: &[&str]) -> String {
        until(
            &format!("{parts:?} in {}", self.log.display()),
            async || {
                let log = self.log();
                log.lines()
                    .find(|l| parts.iter().all(|p| l.contains(p)))
                    .map(str::to_owned)
            },
        )
        .await
    }

    /// Asks for a path; status and body.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let response = self.client.get(format!("http://{}{path}", self.address));
        read(response).await
    }

    /// [`Process::get`] of a program that may not listen yet.
    pub(crate) async fn try_get(&self, path: &str) -> Option<(u16, String)> {
        let request = self.client.get(format!("http://{}{path}", self.address));
        let response = request.send().await.ok()?;
        Some((response.status().as_u16(), response.text().await.ok()?))
    }

    /// Posts nothing to a path; status and body.
    pub(crate) async fn post(&self, path: &str) -> (u16, String) {
        let response = self.client.post(format!("http://{}{path}", self.address));
        read(response).await
    }

    /// The data of an answer of the API.
    pub(crate) async fn api(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        let mut answer: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(answer["status"], "success", "{path}: {body}");
        answer["data"].take()
    }

    /// All targets being scraped.
    pub(crate) async fn targets(&self) -> Vec<Value> {
        match self.api("/api/v1/targets").await["activeTargets"].take() {
            Value::Array(targets) => targets,
            other => panic!("no list: {other}"),
        }
    }

    /// Waits until the only target of a job is as wanted; returns it.
    pub(crate) async fn target(&self, job: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        until(&format!("target of {job}"), async || {
            let mut targets = self.targets().await;
            targets.retain(|t| t["scrapePool"] == job);
            targets.pop().filter(|t| wanted(t))
        })
        .await
    }

    /// Waits until the jobs with targets are these.
    pub(crate) async fn scrapes(&self, jobs: &[&str]) {
        until(&format!("targets of exactly {jobs:?}"), async || {
            let targets = self.targets().await;
            let found: Vec<_> = targets
                .iter()
                .filter_map(|t| t["scrapePool"].as_str())
                .collect();
            (found == jobs).then_some(())
        })
        .await;
    }

    /// The value of one of the program's own series without labels.
    pub(crate) async fn metric(&self, name: &str) -> Option<f64> {
        let (status, body) = self.get("/metrics").await;
        assert_eq!(status, 200, "{body}");
        let line = body
            .lines()
            .find_map(|l| l.strip_prefix(name)?.strip_prefix(' '))?;
        Some(line.parse().expect("a number"))
    }

    /// Waits until one of its own series has this value.
    pub(crate) async fn metric_is(&self, name: &str, value: f64) {
        until(&format!("{name} {value}"), async || {
            (self.metric(name).await == Some(value)).then_some(())
        })
        .await;
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a pid");
        kill_process(Pid::from_raw(pid).expect("a pid"), signal).expect("it runs");
    }

    /// Lets it have only so many files and sockets from now on; returns how many it might have before.
    pub(crate) fn limit_descriptors(&self, most: Option<u64>) -> Option<u64> {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a pid"));
        let maximum = getrlimit(Resource::Nofile).maximum;
        let limit = Rlimit {
            current: most,
            maximum,
        };
        let before = prlimit(pid, Resource::Nofile, limit).expect("a limit within the maximum");
        before.current
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        until("the end of the program", async || {
            self.child.try_wait().expect("a child")
        })
        .await
    }

    /// Ends it as an operator does, and sees that it ends well.
    pub(crate) async fn stop(&mut self) {
        self.signal(Signal::TERM);
        let status = self.ended().await;
        assert_eq!(status.code(), Some(0), "{}", self.log());
    }

    /// Bytes of anonymous memory that are resident.
    pub(crate) fn anonymous_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path).expect("it runs");
        let line = text.lines().find_map(|l| l.strip_prefix("RssAnon:"));
        let kib: u64 = line
            .and_then(|l| l.trim().strip_suffix(" kB"))
            .and_then(|n| n.parse().ok())
            .expect("a size in kB");
        kib * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; in both cases it is gone after this.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

async fn read(request: reqwest::RequestBuilder) -> (u16, String) {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    (status, response.text().await.expect("a body"))
}
