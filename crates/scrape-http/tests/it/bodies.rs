//! Bodies: compressed, oversized, cut, endless, lying about themselves.

use scrape_http::{BLOCK_BYTES, Reason};

use crate::server::{Server, Step, answer, body, client, get, gzip, ok, read};

#[tokio::test]
async fn case_054_a_body_fails_as_soon_as_the_limit_is_read() {
    let text = b"metric_a 1\nmetric_b 2\n";
    assert_eq!(text.len(), 22);
    let server = Server::start(move |seen| match seen.path() {
        "/gzip" => answer("200 OK", "Content-Encoding: gzip\r\n", gzip(text)),
        "/zstd" => {
            let body = zstd::bulk::compress(text, 3).expect("memory");
            answer("200 OK", "Content-Encoding: zstd\r\n", body)
        }
        _ => ok(text),
    })
    .await;
    let client = client("{}");
    for path in ["/plain", "/gzip", "/zstd"] {
        for (limit, fits) in [(15, false), (22, false), (23, true), (0, true)] {
            let request = get(&server.url(path)).body_size_limit(limit);
            match body(&client, &request).await {
                Ok(read) => assert!(fits && read.as_bytes() == text, "{path} {limit}"),
                Err(error) => {
                    assert!(!fits, "{path} {limit}: {error}");
                    assert_eq!(error.reason(), Reason::BodySizeLimit);
                    assert!(
                        error
                            .to_string()
                            .contains(&format!("limit of {limit} bytes")),
                        "{error}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn a_bomb_costs_one_block_and_stops_at_the_limit() {
    let bomb = gzip(&vec![b'0'; 32 << 20]);
    assert!(bomb.len() < 64 << 10, "it is a bomb");
    let server =
        Server::start(move |_| answer("200 OK", "Content-Encoding: gzip\r\n", &bomb)).await;
    let client = client("{}");
    let limit = 1_000_000;
    let request = get(&server.url("/")).body_size_limit(limit);
    let mut response = client.fetch(&request).await.expect("headers");
    let error = loop {
        match response.next_block().await {
            Ok(Some(block)) => assert!(block.len() <= BLOCK_BYTES),
            Ok(None) => panic!("the limit was not seen"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.reason(), Reason::BodySizeLimit);
    assert_eq!(response.inflated_bytes(), limit);
    assert_eq!(
        response.next_block().await.expect_err("still failed"),
        error
    );
    drop(response);
    assert_eq!(
        client.idle_connections(),
        0,
        "a half-read connection is closed"
    );
}

#[tokio::test]
async fn an_endless_body_is_cut_by_its_limit() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let server =
        Server::start(move |_| vec![Step::Send(head.clone()), Step::Forever(vec![b'x'; 10_000])])
            .await;
    let request = get(&server.url("/")).body_size_limit(5_000_000);
    let error = body(&client("{}"), &request).await.expect_err("endless");
    assert_eq!(error.reason(), Reason::BodySizeLimit);
}

#[tokio::test]
async fn large_bodies_of_every_framing_arrive_whole() {
    let text: String = (0..40_000)
        .map(|i| format!("metric{{i=\"{i}\"}} {i}\n"))
        .collect();
    let (sent, packed) = (text.clone(), gzip(text.as_bytes()));
    let mut chunked = Vec::new();
    for chunk in packed.chunks(777) {
        chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let packed_bytes = packed.len() as u64;
    let server = Server::start(move |seen| match seen.path() {
        "/length" => ok(&sent),
        "/gzip" => answer("200 OK", "Content-Encoding: GZIP\r\n", &packed),
        "/chunked" => vec![
            Step::Send(
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
                    .to_vec(),
            ),
            Step::Send(chunked.clone()),
        ],
        _ => vec![
            Step::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
            Step::Send(sent.clone().into_bytes()),
            Step::Close,
        ],
    })
    .await;
    let client = client("{}");
    for path in ["/length", "/gzip", "/chunked", "/until-close"] {
        let mut response = client
            .fetch(&get(&server.url(path)))
            .await
            .expect("headers");
        assert!(read(&mut response).await.expect("whole") == text, "{path}");
        assert_eq!(response.inflated_bytes(), text.len() as u64);
        let received = if path == "/gzip" || path == "/chunked" {
            packed_bytes
        } else {
            text.len() as u64
        };
        assert_eq!(response.received_bytes(), received, "{path}");
    }
    assert_eq!(server.log.connections(), 1);
}

#[tokio::test]
async fn cut_bodies_are_read_errors() {
    let packed = gzip(&[b'x'; 10_000]);
    let server = Server::start(move |seen| {
        let bytes = match seen.path() {
            "/length" => b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nmetric 1\n".to_vec(),
            "/chunked" => {
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nmetric 1\n\r\n".to_vec()
            }
            "/bad-chunk" => {
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nmetric 1\n\r\n"
                    .to_vec()
            }
            _ => {
                let mut bytes = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n".to_vec();
                bytes.extend_from_slice(&packed[..packed.len() / 2]);
                bytes
            }
        };
        vec![Step::Send(bytes), Step::Close]
    })
    .await;
    let client = client("{}");
    for (path, reason) in [
        ("/length", Reason::Read),
        ("/chunked", Reason::Read),
        ("/bad-chunk", Reason::Read),
        ("/gzip", Reason::Decompress),
    ] {
        let error = body(&client, &get(&server.url(path)))
            .await
            .expect_err(path);
        assert_eq!(error.reason(), reason, "{path}: {error}");
    }
    assert_eq!(client.idle_connections(), 0);
}

#[tokio::test]
async fn encodings_that_lie_or_are_unknown_are_refused() {
    let server = Server::start(|seen| {
        let headers = match seen.path() {
            "/br" => "Content-Encoding: br\r\n",
            "/twice" => "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n",
            "/lie" => "Content-Encoding: gzip\r\n",
            _ => "Content-Encoding: identity\r\n",
        };
        answer("200 OK", headers, "metric 1\n")
    })
    .await;
    let client = client("{}");
    for (path, reason) in [
        ("/br", Reason::ContentEncoding),
        ("/twice", Reason::ContentEncoding),
        ("/lie", Reason::Decompress),
    ] {
        let error = body(&client, &get(&server.url(path)))
            .await
            .expect_err(path);
        assert_eq!(error.reason(), reason, "{path}: {error}");
    }
    assert_eq!(
        body(&client, &get(&server.url("/identity")))
            .await
            .as_deref(),
        Ok("metric 1\n")
    );
}

#[tokio::test]
async fn what_is_left_of_a_body_is_drained_up_to_a_bound() {
    let server = Server::start(|seen| match seen.path() {
        "/short" => ok([b'x'; 40_000]),
        _ => ok(vec![b'x'; 4 << 20]),
    })
    .await;
    let client = client("{}");
    let mut short = client
        .fetch(&get(&server.url("/short")))
        .await
        .expect("headers");
    short.drain().await;
    assert_eq!(
        (client.idle_connections(), short.received_bytes()),
        (1, 40_000)
    );
    let mut long = client
        .fetch(&get(&server.url("/long")))
        .await
        .expect("headers");
    long.drain().await;
    assert_eq!(client.idle_connections(), 0);
    assert!(long.received_bytes() < 200_000, "{}", long.received_bytes());
    assert_eq!(server.log.connections(), 1);
}

#[tokio::test]
async fn the_whole_body_at_once_has_a_limit_of_its_own() {
    let server = Server::start(|_| ok("0123456789")).await;
    let client = client("{}");
    let mut response = client.fetch(&get(&server.url("/"))).await.expect("headers");
    assert_eq!(response.bytes(10).await.as_deref(), Ok(&b"0123456789"[..]));
    let mut response = client.fetch(&get(&server.url("/"))).await.expect("headers");
    assert_eq!(
        response.bytes(9).await.map_err(|e| e.reason()),
        Err(Reason::BodySizeLimit)
    );
}
