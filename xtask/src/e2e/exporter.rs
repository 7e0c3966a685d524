//! An exporter that costs little itself: bodies made beforehand, one thread per connection, loopback only. From
//! one interval to the next a third of the values change. It ends with this process.

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// After so many intervals the bodies start over.
const ROUNDS: usize = 4;
/// Series of one family.
const FAMILY: usize = 50;
/// A request longer than this is not one of a scraper.
const MAX_REQUEST_BYTES: usize = 16 << 10;
const STACK_BYTES: usize = 64 << 10;

pub(crate) struct Exporter {
    port: u16,
}

/// Answers, whole as they are sent.
struct Answers {
    plain: Vec<Vec<u8>>,
    /// Empty if it does not compress.
    gzip: Vec<Vec<u8>>,
    start: Instant,
    interval: Duration,
}

impl Exporter {
    pub(crate) fn start(series: usize, interval: Duration, compresses: bool) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("the exporter's port")?;
        let port = listener.local_addr()?.port();
        let bodies = (0..ROUNDS)
            .map(|round| body(series, round))
            .collect::<Result<Vec<_>>>()?;
        let mut gzip = Vec::new();
        if compresses {
            for body in &bodies {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(body.as_bytes())?;
                gzip.push(answer(&encoder.finish()?, "Content-Encoding: gzip\r\n"));
            }
        }
        let plain = bodies.iter().map(|b| answer(b.as_bytes(), "")).collect();
        let answers = Arc::new(Answers {
            plain,
            gzip,
            start: Instant::now(),
            interval,
        });
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answers = Arc::clone(&answers);
                let served = std::thread::Builder::new()
                    .stack_size(STACK_BYTES)
                    .spawn(move || serve(stream, &answers));
                if let Err(e) = served {
                    println!("the exporter cannot serve a connection: {e}");
                }
            }
        });
        Ok(Self { port })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

/// Answers until the scraper hangs up.
fn serve(mut stream: TcpStream, answers: &Answers) {
    let mut request = Vec::new();
    let mut piece = [0; 2048];
    loop {
        match stream.read(&mut piece) {
            Ok(n) if n > 0 && request.len() < MAX_REQUEST_BYTES => {
                request.extend_from_slice(&piece[..n]);
            }
            _ => return,
        }
        if !request.ends_with(b"\r\n\r\n") {
            continue;
        }
        if stream.write_all(answers.to(&request)).is_err() {
            return;
        }
        request.clear();
    }
}

impl Answers {
    fn to(&self, request: &[u8]) -> &[u8] {
        let passed = self.start.elapsed().as_nanos() / self.interval.as_nanos().max(1);
        let round = (passed % ROUNDS as u128) as usize;
        let takes_gzip = String::from_utf8_lossy(request).lines().any(|line| {
            line.to_ascii_lowercase().starts_with("accept-encoding:") && line.contains("gzip")
        });
        match self.gzip.get(round) {
            Some(gzip) if takes_gzip => gzip,
            _ => &self.plain[round],
        }
    }
}

fn answer(body: &[u8], header: &str) -> Vec<u8> {
    let mut whole = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n{header}Content-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    whole.extend_from_slice(body);
    whole
}

fn body(series: usize, round: usize) -> Result<String> {
    let mut text = String::new();
    for n in 0..series {
        let family = n / FAMILY;
        if n % FAMILY == 0 {
            writeln!(
                text,
                "# HELP http_requests_{family}_total Requests handled.\n# TYPE http_requests_{family}_total counter"
            )?;
        }
        let value = n * 1000 + if n % 10 < 3 { round } else { 0 };
        writeln!(
            text,
            "http_requests_{family}_total{{handler=\"/api/v1/query_range\",code=\"200\",shard=\"{n}\"}} {value}"
        )?;
    }
    Ok(text)
}
