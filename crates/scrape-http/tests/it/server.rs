//! A server that records what it is asked and answers with the bytes and pauses a test wants.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scrape_http::config::HttpClientConfig;
use scrape_http::{Client, ClientOptions, FetchError, Request, Response};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Far more than any exchange on loopback takes, so that only a client that waits forever meets it.
pub(crate) const PLENTY: Duration = Duration::from_secs(60);

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Counts the server's connections from 0.
    pub(crate) connection: usize,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Seen {
    /// `GET /path HTTP/1.1`
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().expect("a request line")
    }

    pub(crate) fn path(&self) -> &str {
        self.line().split(' ').nth(1).expect("a path")
    }

    /// Every value of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let fields = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'));
        fields
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .collect()
    }

    /// The only value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() < 2, "{name} was sent {} times", all.len());
        all.first().copied()
    }
}

/// One step of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Send(Vec<u8>),
    /// Sends this again and again until the client goes away.
    Forever(Vec<u8>),
    /// Neither sends nor closes.
    Hang,
    Close,
}

/// What a request is answered with.
pub(crate) type Answer = Vec<Step>;

/// An answer of status, header lines and a body of the right length.
pub(crate) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Answer {
    let body = body.as_ref();
    let length = if status.starts_with("204") {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", body.len())
    };
    let mut bytes = format!("HTTP/1.1 {status}\r\n{length}{headers}\r\n").into_bytes();
    bytes.extend_from_slice(body);
    vec![Step::Send(bytes)]
}

pub(crate) fn ok(body: impl AsRef<[u8]>) -> Answer {
    answer("200 OK", "", body)
}

pub(crate) fn redirect(to: &str) -> Answer {
    answer("302 Found", &format!("Location: {to}\r\n"), "moved")
}

pub(crate) fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

/// Requests and connections of a server so far.
#[derive(Default)]
pub(crate) struct Log {
    requests: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
}

impl Log {
    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.requests.lock().expect("no panic").clone()
    }

    pub(crate) fn last(&self) -> Seen {
        self.requests().pop().expect("a request")
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn next_connection(&self) -> usize {
        self.connections.fetch_add(1, Ordering::SeqCst)
    }

    pub(crate) fn push(&self, seen: Seen) {
        self.requests.lock().expect("no panic").push(seen);
    }
}

/// A plain HTTP server on 127.0.0.1; stops when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) log: Arc<Log>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(handler: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let log = Arc::new(Log::default());
        let (seen, handler) = (Arc::clone(&log), Arc::new(handler));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, handler) = (Arc::clone(&seen), Arc::clone(&handler));
                let connection = log.next_connection();
                tokio::spawn(async move { serve(stream, connection, &log, &*handler).await });
            }
        });
        Self { address, log, task }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The same server under its other name.
    pub(crate) fn localhost_url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.address.port())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers the requests of one connection until it ends.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    connection: usize,
    log: &Log,
    handler: &(dyn Fn(&Seen) -> Answer + Send + Sync),
) {
    while let Some(seen) = read_request(&mut stream, connection).await {
        log.push(seen.clone());
        for step in handler(&seen) {
            let sent = match step {
                Step::Send(bytes) => stream.write_all(&bytes).await,
                Step::Forever(bytes) => loop {
                    if let Err(e) = stream.write_all(&bytes).await {
                        break Err(e);
                    }
                },
                Step::Hang => std::future::pending().await,
                Step::Close => return,
            };
            if sent.is_err() || stream.flush().await.is_err() {
                return;
            }
        }
    }
}

/// Reads one request; nothing when the connection ends before it.
pub(crate) async fn read_request<S: AsyncRead + Unpin>(
    stream: &mut S,
    connection: usize,
) -> Option<Seen> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(bytes).expect("ASCII");
    let mut seen = Seen {
        connection,
        head,
        body: String::new(),
    };
    let length: usize = seen
        .header("content-length")
        .map_or(0, |text| text.parse().expect("a number"));
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    seen.body = String::from_utf8(body).expect("text");
    Some(seen)
}

/// A client of a configuration written in YAML.
pub(crate) fn client(yaml: &str) -> Client {
    let config: HttpClientConfig = serde_yaml::from_str(yaml).expect("settings");
    Client::new(&config, &ClientOptions::default()).expect("a client")
}

pub(crate) fn get(url: &str) -> Request {
    Request::get(url).expect("a request").timeout(PLENTY)
}

/// Fetches, requires status 200 and reads the body.
pub(crate) async fn body(client: &Client, request: &Request) -> Result<String, FetchError> {
    let mut response = client.fetch(request).await?.expect_ok().await?;
    read(&mut response).await
}

/// Reads the rest of a body, checking the size of every block.
pub(crate) async fn read(response: &mut Response) -> Result<String, FetchError> {
    let mut all = Vec::new();
    while let Some(block) = response.next_block().await? {
        assert!(
            !block.is_empty() && block.len() <= scrape_http::BLOCK_BYTES,
            "block of {}",
            block.len()
        );
        all.extend_from_slice(block);
    }
    Ok(String::from_utf8(all).expect("text"))
}
