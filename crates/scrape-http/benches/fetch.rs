//! What one scrape's fetch costs over a kept connection: request, headers, body in blocks, nothing parsed.
//! The server answers from memory and is on another thread, so most of the time is the client's.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use scrape_http::config::HttpClientConfig;
use scrape_http::{Client, ClientOptions, Request};

/// Lines as exporters write them, so that gzip has its usual ratio.
fn exposition(lines: usize) -> Vec<u8> {
    let line = |i: usize| {
        let (cpu, mode) = (i / 8, i % 8);
        let value = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        format!("node_cpu_seconds_total{{cpu=\"{cpu}\",mode=\"m{mode}\"}} {value}.25\n")
    };
    (0..lines).map(line).collect::<String>().into_bytes()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

/// Answers every request of every connection with the same bytes.
fn serve(headers: &str, body: &[u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.expect("a connection"), answer.clone());
            stream.set_nodelay(true).expect("a socket");
            thread::spawn(move || {
                let mut request = Vec::new();
                let mut piece = [0; 4096];
                while let Ok(n @ 1..) = stream.read(&mut piece) {
                    request.extend_from_slice(&piece[..n]);
                    if request.ends_with(b"\r\n\r\n") {
                        request.clear();
                        if stream.write_all(&answer).is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    address
}

async fn fetch(client: &Client, request: &Request) -> u64 {
    let mut response = client.fetch(request).await.expect("headers");
    while response.next_block().await.expect("a block").is_some() {}
    response.inflated_bytes()
}

fn fetches(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let client =
        Client::new(&HttpClientConfig::default(), &ClientOptions::default()).expect("a client");
    let mut group = c.benchmark_group("fetch");
    group
        .measurement_time(Duration::from_secs(3))
        .warm_up_time(Duration::from_secs(1));
    for (name, lines) in [("2KB", 40), ("57KB", 1_100), ("1MB", 20_000)] {
        let body = exposition(lines);
        let packed = gzip(&body);
        for (kind, headers, sent) in [
            ("plain", "", &body),
            ("gzip", "Content-Encoding: gzip\r\n", &packed),
        ] {
            let request = Request::get(&format!("http://{}/metrics", serve(headers, sent)))
                .expect("a request");
            assert_eq!(
                runtime.block_on(fetch(&client, &request)),
                body.len() as u64
            );
            group.throughput(Throughput::Bytes(body.len() as u64));
            group.bench_function(format!("{kind}/{name}"), |b| {
                b.iter(|| runtime.block_on(fetch(&client, &request)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, fetches);
criterion_main!(benches);
