use super::*;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// Counts how often a task would have been woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

async fn pair() -> (Lane, DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    let stream: Stream = Box::new(ours);
    let made = http1::handshake(TokioIo::new(stream)).await;
    let (sender, connection) = made.expect("a handshake sends nothing");
    (Lane::new(sender, connection), theirs)
}

async fn send(lane: &mut Lane) -> hyper::Result<http::Response<Incoming>> {
    lane.beside(|sender, cx| sender.poll_ready(cx)).await?;
    let request = http::Request::new(Full::new(Bytes::new()));
    let mut sent = pin!(lane.sender.try_send_request(request));
    lane.beside(|_, cx| sent.as_mut().poll(cx))
        .await
        .map_err(hyper::client::conn::TrySendError::into_error)
}

async fn read_body(lane: &mut Lane, mut body: Incoming) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(frame) = lane
        .beside(|_, cx| Pin::new(&mut body).poll_frame(cx))
        .await
    {
        let frame = frame.expect("the body is whole");
        all.extend_from_slice(&frame.into_data().expect("data"));
    }
    all
}

async fn read_request(peer: &mut DuplexStream) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(peer.read_u8().await.expect("a request"));
    }
}

fn answer(body: &[u8]) -> Vec<u8> {
    let mut whole = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    whole.push_str(std::str::from_utf8(body).expect("text"));
    whole.into_bytes()
}

#[tokio::test]
async fn requests_follow_each_other_on_one_connection_without_a_task_of_its_own() {
    let (mut lane, mut peer) = pair().await;
    for body in [vec![b'a'; 200_000], Vec::new(), vec![b'b'; 10]] {
        let server = async {
            read_request(&mut peer).await;
            peer.write_all(&answer(&body)).await.expect("room");
        };
        let client = async {
            let response = send(&mut lane).await.expect("a response");
            read_body(&mut lane, response.into_body()).await
        };
        let ((), read) = tokio::join!(server, client);
        assert_eq!(read, body);
        assert!(!lane.is_closed());
    }
}

#[tokio::test]
async fn a_body_that_has_arrived_is_read_without_waking_the_task() {
    let (mut lane, mut peer) = pair().await;
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let mut cx = Context::from_waker(&waker);
    let body = vec![b'x'; 300_000];
    let mut work = pin!(async {
        let response = send(&mut lane).await.expect("a response");
        read_body(&mut lane, response.into_body()).await
    });
    assert!(work.as_mut().poll(&mut cx).is_pending());
    peer.write_all(&answer(&body)).await.expect("room");
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    match work.as_mut().poll(&mut cx) {
        Poll::Ready(read) => assert_eq!(read, body),
        Poll::Pending => panic!("it waits for what is there"),
    }
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn each_arrival_wakes_the_task_once() {
    let (mut lane, mut peer) = pair().await;
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let mut cx = Context::from_waker(&waker);
    let body = vec![b'x'; 50_000];
    let whole = answer(&body);
    let mut work = pin!(async {
        let response = send(&mut lane).await.expect("a response");
        read_body(&mut lane, response.into_body()).await
    });
    assert!(work.as_mut().poll(&mut cx).is_pending());
    let pieces: Vec<&[u8]> = whole.chunks(10_000).collect();
    for (n, piece) in pieces.iter().enumerate() {
        peer.write_all(piece).await.expect("room");
        assert_eq!(count.0.load(Ordering::SeqCst), n + 1);
        match work.as_mut().poll(&mut cx) {
            Poll::Ready(read) => assert_eq!((read.len(), n + 1), (body.len(), pieces.len())),
            Poll::Pending => assert!(n + 1 < pieces.len()),
        }
    }
}

#[tokio::test]
async fn an_idle_connection_that_the_peer_closed_is_closed_when_looked_at() {
    let (mut lane, peer) = pair().await;
    assert!(!lane.is_closed());
    drop(peer);
    assert!(lane.is_closed());
}

#[tokio::test]
async fn a_response_that_is_cut_off_is_an_error() {
    let (mut lane, mut peer) = pair().await;
    let server = async {
        read_request(&mut peer).await;
        let part = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc";
        peer.write_all(part).await.expect("room");
    };
    let ((), response) = tokio::join!(server, send(&mut lane));
    drop(peer);
    let mut body = response.expect("a response").into_body();
    let mut next = async || {
        lane.beside(|_, cx| Pin::new(&mut body).poll_frame(cx))
            .await
    };
    let first = next().await.expect("a piece").expect("data");
    assert_eq!(first.data_ref().map(Bytes::len), Some(3));
    let error = next().await.expect("an end").expect_err("it is cut off");
    let cause = std::error::Error::source(&error).expect("a cause");
    assert_eq!(
        cause.to_string(),
        "end of file before message length reached"
    );
    assert!(lane.is_closed());
}
