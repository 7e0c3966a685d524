//! The programs we run against: found, or installed from Debian's packages, started on loopback ports and
//! stopped by pid when the scenario ends.

use super::http;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PACKAGES: &[(&str, &str)] = &[
    ("promtool", "prometheus"),
    ("prometheus", "prometheus"),
    ("prometheus-node-exporter", "prometheus-node-exporter"),
    ("prometheus-pushgateway", "prometheus-pushgateway"),
];

/// Paths of the peers' programs.
pub(crate) struct Peers {
    pub(crate) promtool: PathBuf,
    pub(crate) prometheus: PathBuf,
    pub(crate) node_exporter: PathBuf,
    pub(crate) pushgateway: PathBuf,
}

impl Peers {
    /// Finds the programs; installs what is missing. An error says what could not be had.
    pub(crate) fn find() -> Result<Self> {
        let mut missing: Vec<&str> = PACKAGES
            .iter()
            .filter(|(program, _)| which(program).is_none())
            .map(|(_, package)| *package)
            .collect();
        missing.dedup();
        if !missing.is_empty() {
            println!("interop: installing {}", missing.join(", "));
            install(&missing)?;
        }
        let program = |name: &str| {
            which(name).with_context(|| {
                format!("{name} is not there even after its package was installed")
            })
        };
        Ok(Self {
            promtool: program("promtool")?,
            prometheus: program("prometheus")?,
            node_exporter: program("prometheus-node-exporter")?,
            pushgateway: program("prometheus-pushgateway")?,
        })
    }
}

fn install(packages: &[&str]) -> Result<()> {
    let apt = |args: &[&str]| -> Result<()> {
        let status = Command::new("apt-get")
            .args(args)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdout(Stdio::null())
            .status()
            .context("running apt-get")?;
        if status.success() {
            Ok(())
        } else {
            bail!(
                "apt-get {} failed; interop needs {}",
                args.join(" "),
                packages.join(", ")
            )
        }
    };
    apt(&["update"])?;
    let mut args = vec!["install", "-y", "--no-install-recommends"];
    args.extend(packages);
    apt(&args)
}

pub(crate) fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|p| p.is_file())
}

/// A loopback port that nobody listens on now.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A process that we started; killed by pid when dropped.
pub(crate) struct Process {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Process {
    pub(crate) fn start(name: &str, program: &Path, args: &[String], log: &Path) -> Result<Self> {
        let out = File::options().create(true).append(true).open(log)?;
        let child = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        Ok(Self {
            child,
            name: name.to_owned(),
            log: log.to_owned(),
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until a GET of `path` on the port answers 200.
    pub(crate) fn wait_ready(&mut self, port: u16, path: &str) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!(
                    "{} ended with {status} before it was ready:\n{}",
                    self.name,
                    self.log_tail()
                );
            }
            if http::get(port, path).is_ok_and(|r| r.status == 200) {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("{} was not ready in time:\n{}", self.name, self.log_tail());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// SIGHUP: the configuration is read again.
    pub(crate) fn hang_up(&self) -> Result<()> {
        rustix::process::kill_process(self.rustix_pid()?, rustix::process::Signal::HUP)?;
        Ok(())
    }

    fn rustix_pid(&self) -> Result<rustix::process::Pid> {
        i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
            .context("pid")
    }

    /// SIGKILL, as a crash would have it.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM; returns how long the process took to end and its exit code.
    pub(crate) fn stop(mut self) -> Result<(Duration, Option<i32>)> {
        let begin = Instant::now();
        rustix::process::kill_process(self.rustix_pid()?, rustix::process::Signal::TERM)?;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok((begin.elapsed(), status.code()));
            }
            if begin.elapsed() > Duration::from_secs(30) {
                bail!(
                    "{} did not end within 30 s of SIGTERM:\n{}",
                    self.name,
                    self.log_tail()
                );
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Resident anonymous memory in bytes.
    pub(crate) fn rss_anon(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let line = status
            .lines()
            .find(|l| l.starts_with("RssAnon:"))
            .context("RssAnon")?;
        let kib: u64 = line
            .split_whitespace()
            .nth(1)
            .context("RssAnon value")?
            .parse()?;
        Ok(kib * 1024)
    }

    pub(crate) fn log_text(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn log_tail(&self) -> String {
        let text = self.log_text();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already ended is fine.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
