//! The file in which failed scrapes are logged, one JSON object per line. One writer per distinct path,
//! shared by all jobs that name it, opened anew at every configuration apply so that log rotation works.
//!
//! Guarantees: logging never delays a scrape (a bounded queue, what does not fit is counted and dropped);
//! lines reach the file whole and in order; [`FailureLog::flush`] returns when everything queued before it
//! was written. A write error is logged once until a write succeeds again.

use crate::metrics::Counter;
use crate::reason::FailureReason;
use serde::Serialize;
use std::path::{Path, PathBuf};
use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

/// Lines that wait for the disk before further ones are dropped.
const QUEUE_LINES: usize = 1024;

/// The log file cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("open scrape failure log {path}: {source}", path = path.display())]
pub struct FailureLogError {
    path: PathBuf,
    source: std::io::Error,
}

/// One failed scrape.
#[derive(Debug, Serialize)]
pub(crate) struct Entry<'a> {
    /// RFC 3339, UTC.
    pub(crate) time: String,
    pub(crate) level: &'static str,
    pub(crate) msg: &'a str,
    pub(crate) job_name: &'a str,
    pub(crate) target: &'a str,
    pub(crate) reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<u64>,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(
        now_ns: i64,
        reason: FailureReason,
        msg: &'a str,
        job_name: &'a str,
        target: &'a str,
    ) -> Self {
        let time = jiff::Timestamp::from_nanosecond(i128::from(now_ns))
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let (level, reason) = ("ERROR", reason.as_str());
        Self {
            time: time.to_string(),
            level,
            msg,
            job_name,
            target,
            reason,
            line: None,
            column: None,
        }
    }
}

enum Message {
    Line(Vec<u8>),
    Flush(oneshot::Sender<()>),
}

/// A handle to the writer of one file. The file is closed when the last handle is gone and the queue is
/// written.
#[derive(Debug)]
pub(crate) struct FailureLog {
    queue: mpsc::Sender<Message>,
    dropped: Counter,
}

impl FailureLog {
    /// Opens a file for appending; its writer is one of `writers` until all handles are gone and the queue is
    /// written. `dropped` counts lines that found the queue full.
    pub(crate) async fn open(
        path: &Path,
        dropped: Counter,
        writers: &TaskTracker,
    ) -> Result<Self, FailureLogError> {
        let file = tokio::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .await
            .map_err(|source| FailureLogError {
                path: path.to_owned(),
                source,
            })?;
        let (queue, lines) = mpsc::channel(QUEUE_LINES);
        writers.spawn(write_lines(file, path.to_owned(), lines));
        Ok(Self { queue, dropped })
    }

    /// Queues one entry.
    pub(crate) fn log(&self, entry: &Entry<'_>) {
        let line = serde_json::to_vec(entry).map(|mut line| {
            line.push(b'\n');
            line
        });
        // Serialising plain strings and numbers cannot fail; should it, the line counts as dropped.
        let queued = line.is_ok_and(|line| self.queue.try_send(Message::Line(line)).is_ok());
        if !queued {
            self.dropped.inc();
        }
    }

    /// Waits until all entries logged so far are in the file.
    pub(crate) async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        if self.queue.send(Message::Flush(done)).await.is_ok() {
            // An error means that the writer is gone; there is nothing left to wait for.
            flushed.await.ok();
        }
    }
}

async fn write_lines(mut file: tokio::fs::File, path: PathBuf, mut lines: mpsc::Receiver<Message>) {
    let mut failing = false;
    let mut batch = Vec::new();
    while lines.recv_many(&mut batch, QUEUE_LINES).await > 0 {
        let mut bytes = Vec::new();
        let mut waiting = Vec::new();
        for message in batch.drain(..) {
            match message {
                Message::Line(line) => bytes.extend_from_slice(&line),
                Message::Flush(done) => waiting.push(done),
            }
        }
        let written = async {
            file.write_all(&bytes).await?;
            file.flush().await
        };
        match written.await {
            Ok(()) => failing = false,
            Err(error) if !failing => {
                failing = true;
                tracing::error!(path = %path.display(), %error, "cannot write the scrape failure log");
            }
            Err(_) => {}
        }
        for done in waiting {
            // Whoever waited may have given up.
            done.send(()).ok();
        }
    }
}

#[cfg(test)]
mod tests;
