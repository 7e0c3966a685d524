//! The farm: a threaded HTTP server on loopback with one path per scenario. It counts the requests of each
//! scraper by itself, so that the k-th scrape of both sees the same body however they are out of step.

use super::case::{Ask, Case, Pause, Reply};
use anyhow::Result;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A head that is longer is none that a scraper sends.
const MAX_HEAD: usize = 64 << 10;

pub(super) struct Farm {
    pub(super) port: u16,
}

struct Shared {
    cases: Arc<Vec<Case>>,
    base_ms: i64,
    /// Scraper, host and URL → requests so far.
    counts: Mutex<HashMap<String, usize>>,
}

impl Farm {
    /// Listens on a free loopback port; the threads end with the process.
    pub(super) fn start(cases: Arc<Vec<Case>>, base_ms: i64) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            cases,
            base_ms,
            counts: Mutex::new(HashMap::new()),
        });
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                std::thread::spawn(move || {
                    // A scraper that hangs up is no error.
                    drop(serve(stream, &shared));
                });
            }
        });
        Ok(Self { port })
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut pending = Vec::new();
    while let Some(head) = read_head(&mut stream, &mut pending)? {
        let reply = answer(&head, shared);
        std::thread::sleep(reply.delay);
        if !write(&mut stream, &reply)? {
            return Ok(());
        }
    }
    Ok(())
}

fn read_head(stream: &mut TcpStream, pending: &mut Vec<u8>) -> std::io::Result<Option<String>> {
    let mut piece = [0; 4096];
    loop {
        if let Some(end) = pending.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&pending[..end]).into_owned();
            pending.drain(..end + 4);
            return Ok(Some(head));
        }
        let n = stream.read(&mut piece)?;
        if n == 0 || pending.len() > MAX_HEAD {
            return Ok(None);
        }
        pending.extend_from_slice(&piece[..n]);
    }
}

fn answer(head: &str, shared: &Shared) -> Reply {
    let mut lines = head.lines();
    let target = lines
        .next()
        .and_then(|l| l.split(' ').nth(1))
        .unwrap_or("/")
        .to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|l| l.split_once(':'))
        .map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned()))
        .collect();
    let mut ask = Ask {
        k: 0,
        target,
        headers,
        base_ms: shared.base_ms,
    };
    let name = ask
        .target
        .trim_start_matches("/c/")
        .split(['/', '?', '%', '#'])
        .next()
        .unwrap_or("");
    let Some(case) = shared.cases.iter().find(|c| c.name == name) else {
        return super::case::text("no such scenario\n").status(404);
    };
    let scraper = ask
        .header("user-agent")
        .split('/')
        .next()
        .unwrap_or("")
        .to_owned();
    let key = format!("{scraper} {} {}", ask.header("host"), ask.target);
    {
        let mut counts = shared.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let n = counts.entry(key).or_insert(0);
        ask.k = *n;
        *n += 1;
    }
    (case.serve)(&ask)
}

/// Writes the answer; false when the connection has to be closed.
fn write(stream: &mut TcpStream, reply: &Reply) -> std::io::Result<bool> {
    let mut head = format!("HTTP/1.1 {} farm\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if reply.status != 204 {
        head.push_str(&format!("Content-Length: {}\r\n", reply.body.len()));
    }
    head.push_str("\r\n");
    let mut out = head.into_bytes();
    let mut rest: &[u8] = if reply.status == 204 {
        &[]
    } else {
        &reply.body
    };
    if let Some((after, pause)) = reply.pause {
        let (first, second) = rest.split_at(after.min(rest.len()));
        out.extend_from_slice(first);
        stream.write_all(&out)?;
        match pause {
            Pause::HangUp => return Ok(false),
            Pause::Wait(d) => std::thread::sleep(d),
        }
        out.clear();
        rest = second;
    }
    out.extend_from_slice(rest);
    stream.write_all(&out)?;
    Ok(true)
}
