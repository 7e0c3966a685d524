//! Requests through HTTP and SOCKS proxies.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use scrape_http::config::{HttpClientConfig, TlsConfig};
use scrape_http::{Client, ClientOptions, ProxyEnvironment, Reason};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::server::{Server, answer, body, client, get, ok, read_request};
use crate::tls_server::{Authority, TlsServer};

/// What proxies were told, one text per connection.
type Told = Arc<Mutex<Vec<String>>>;

/// A proxy that connects where `CONNECT` says, whatever the name, to `target`.
async fn connect_proxy(target: SocketAddr, status: &'static str) -> (SocketAddr, Told) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let told = Told::default();
    let heard = Arc::clone(&told);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = read_request(&mut stream, 0).await.expect("a request");
            heard.lock().expect("no panic").push(request.head);
            let answer = format!("HTTP/1.1 {status}\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.expect("sends");
            if status.starts_with("200") {
                let mut onward = TcpStream::connect(target).await.expect("connects");
                tokio::spawn(async move { copy_bidirectional(&mut stream, &mut onward).await });
            }
        }
    });
    (address, told)
}

/// A SOCKS 5 proxy that leads everything to `target`, and demands a user and password if given.
async fn socks_proxy(
    target: SocketAddr,
    user: Option<(&'static str, &'static str)>,
) -> (SocketAddr, Told) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let told = Told::default();
    let heard = Arc::clone(&told);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let heard = Arc::clone(&heard);
            tokio::spawn(async move {
                // A client that goes away early is what some tests are about.
                if let Err(error) = serve_socks(stream, target, user, &heard).await {
                    heard.lock().expect("no panic").push(error.to_string());
                }
            });
        }
    });
    (address, told)
}

async fn serve_socks(
    mut stream: TcpStream,
    target: SocketAddr,
    user: Option<(&str, &str)>,
    told: &Told,
) -> std::io::Result<()> {
    assert_eq!(stream.read_u8().await?, 5);
    let mut methods = vec![0; usize::from(stream.read_u8().await?)];
    stream.read_exact(&mut methods).await?;
    if let Some((name, password)) = user {
        if !methods.contains(&2) {
            return stream.write_all(&[5, 0xff]).await;
        }
        stream.write_all(&[5, 2]).await?;
        assert_eq!(stream.read_u8().await?, 1);
        let mut given = Vec::new();
        for _ in 0..2 {
            let mut text = vec![0; usize::from(stream.read_u8().await?)];
            stream.read_exact(&mut text).await?;
            given.push(String::from_utf8(text).expect("text"));
        }
        let right = given == [name, password];
        stream.write_all(&[1, u8::from(!right)]).await?;
        if !right {
            return Ok(());
        }
    } else {
        stream.write_all(&[5, 0]).await?;
    }
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    assert_eq!(head[..3], [5, 1, 0]);
    let host = match head[3] {
        1 => {
            let mut ip = [0; 4];
            stream.read_exact(&mut ip).await?;
            std::net::Ipv4Addr::from(ip).to_string()
        }
        _ => {
            let mut name = vec![0; usize::from(stream.read_u8().await?)];
            stream.read_exact(&mut name).await?;
            String::from_utf8(name).expect("text")
        }
    };
    let port = stream.read_u16().await?;
    told.lock()
        .expect("no panic")
        .push(format!("{host}:{port}"));
    if host == "refused.example" {
        return stream.write_all(&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0]).await;
    }
    stream
        .write_all(&[5, 0, 0, 3, 4, b'h', b'o', b's', b't', 0, 80])
        .await?;
    let mut onward = TcpStream::connect(target).await?;
    copy_bidirectional(&mut stream, &mut onward).await.map(drop)
}

fn trusting(authority: &Authority, yaml: &str) -> HttpClientConfig {
    let config: HttpClientConfig = serde_yaml::from_str(yaml).expect("settings");
    HttpClientConfig {
        tls_config: TlsConfig {
            ca: authority.pem(),
            ..TlsConfig::default()
        },
        ..config
    }
}

#[tokio::test]
async fn a_plain_request_is_forwarded_by_its_whole_url() {
    let proxy = Server::start(|_| ok("by proxy")).await;
    let client = client(&format!(
        "proxy_url: http://user:pass@{}\nproxy_connect_header: {{X-C: [c]}}",
        proxy.address
    ));
    for _ in 0..2 {
        let request = get("http://target.example:81/metrics?x=y");
        assert_eq!(body(&client, &request).await.as_deref(), Ok("by proxy"));
    }
    let seen = proxy.log.last();
    assert_eq!(
        seen.line(),
        "GET http://target.example:81/metrics?x=y HTTP/1.1"
    );
    assert_eq!(seen.header("host"), Some("target.example:81"));
    assert_eq!(
        seen.header("proxy-authorization"),
        Some("Basic dXNlcjpwYXNz")
    );
    assert_eq!(seen.header("x-c"), None, "that header is for CONNECT");
    assert_eq!(proxy.log.connections(), 1);
    assert_eq!(
        body(&client, &get("http://localhost:1/")).await.as_deref(),
        Ok("by proxy")
    );
}

#[tokio::test]
async fn a_tls_target_is_reached_through_connect() {
    let authority = Authority::new();
    let server = TlsServer::start(&authority.issue(&["target.example"])).await;
    let (proxy, told) = connect_proxy(server.address, "200 Connection established").await;
    let yaml =
        format!("proxy_url: http://user:pass@{proxy}\nproxy_connect_header: {{X-C: [c, d]}}");
    let client =
        Client::new(&trusting(&authority, &yaml), &ClientOptions::default()).expect("a client");
    let request = get("https://target.example/");
    for _ in 0..2 {
        assert_eq!(body(&client, &request).await.as_deref(), Ok("secure"));
    }
    let told = told.lock().expect("no panic").clone();
    assert_eq!(told.len(), 1, "the tunnel is kept");
    let connect = crate::server::Seen {
        connection: 0,
        head: told[0].clone(),
        body: String::new(),
    };
    assert_eq!(connect.line(), "CONNECT target.example:443 HTTP/1.1");
    assert_eq!(connect.header("host"), Some("target.example:443"));
    assert_eq!(
        connect.header("proxy-authorization"),
        Some("Basic dXNlcjpwYXNz")
    );
    assert_eq!(connect.all("x-c"), ["c", "d"]);
    let seen = server.log.last();
    assert_eq!(seen.line(), "GET / HTTP/1.1");
    assert_eq!(
        (seen.header("proxy-authorization"), seen.header("x-c")),
        (None, None)
    );
}

#[tokio::test]
async fn a_proxy_may_itself_speak_tls() {
    let authority = Authority::new();
    let proxy = TlsServer::start(&authority.issue(&["localhost"])).await;
    let yaml = format!("proxy_url: https://localhost:{}", proxy.address.port());
    let client =
        Client::new(&trusting(&authority, &yaml), &ClientOptions::default()).expect("a client");
    assert_eq!(
        body(&client, &get("http://target.example/"))
            .await
            .as_deref(),
        Ok("secure")
    );
    assert_eq!(
        proxy.log.last().line(),
        "GET http://target.example/ HTTP/1.1"
    );
}

#[tokio::test]
async fn a_refusing_or_absent_proxy_is_the_reason() {
    let target = "127.0.0.1:9".parse().expect("an address");
    let (refusing, _) = connect_proxy(target, "407 Proxy Authentication Required").await;
    let error = body(
        &client(&format!("proxy_url: http://u:hunter2@{refusing}")),
        &get("https://target.example/"),
    )
    .await
    .expect_err("refused");
    assert_eq!(error.reason(), Reason::Proxy);
    assert!(
        error
            .to_string()
            .contains("407 Proxy Authentication Required"),
        "{error}"
    );
    assert!(!error.to_string().contains("hunter2"), "{error}");
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|l| l.local_addr())
        .expect("a port");
    for scheme in ["http", "socks5"] {
        let client = client(&format!("proxy_url: {scheme}://{closed}"));
        let error = body(&client, &get("http://target.example/"))
            .await
            .expect_err("absent");
        assert_eq!(error.reason(), Reason::Proxy, "{error}");
    }
    // A proxy that answers a plain request with an error is a response like any other.
    let proxy = Server::start(|_| answer("502 Bad Gateway", "", "")).await;
    let client = client(&format!("proxy_url: http://{}", proxy.address));
    let error = body(&client, &get("http://target.example/"))
        .await
        .expect_err("not 200");
    assert_eq!(error.status(), Some(502));
}

#[tokio::test]
async fn socks_carries_plain_and_tls_requests_and_resolves_names() {
    let authority = Authority::new();
    let secure = TlsServer::start(&authority.issue(&["target.example"])).await;
    let plain = Server::start(|_| ok("plain")).await;
    let (proxy, told) = socks_proxy(plain.address, None).await;
    let direct = client(&format!("proxy_url: socks5://{proxy}"));
    assert_eq!(
        body(&direct, &get("http://target.example:81/x"))
            .await
            .as_deref(),
        Ok("plain")
    );
    assert_eq!(plain.log.last().line(), "GET /x HTTP/1.1");
    assert_eq!(
        body(&direct, &get("http://192.0.2.1/")).await.as_deref(),
        Ok("plain")
    );
    assert_eq!(
        *told.lock().expect("no panic"),
        ["target.example:81", "192.0.2.1:80"]
    );
    let error = body(&direct, &get("http://refused.example/"))
        .await
        .expect_err("refused");
    assert_eq!(error.reason(), Reason::Proxy);
    assert!(error.to_string().contains("connection refused"), "{error}");

    let (proxy, told) = socks_proxy(secure.address, Some(("user", "p:ss"))).await;
    let config = trusting(
        &authority,
        &format!("proxy_url: socks5://user:p%3Ass@{proxy}"),
    );
    let client = Client::new(&config, &ClientOptions::default()).expect("a client");
    assert_eq!(
        body(&client, &get("https://target.example/"))
            .await
            .as_deref(),
        Ok("secure")
    );
    assert_eq!(*told.lock().expect("no panic"), ["target.example:443"]);
}

#[tokio::test]
async fn socks_without_the_right_password_is_refused() {
    let target = "127.0.0.1:9".parse().expect("an address");
    let (proxy, _) = socks_proxy(target, Some(("user", "right"))).await;
    for (userinfo, text) in [
        ("user:wrong@", "user or password refused"),
        ("", "no authentication method in common"),
    ] {
        let client = client(&format!("proxy_url: socks5://{userinfo}{proxy}"));
        let error = body(&client, &get("http://target.example/"))
            .await
            .expect_err("refused");
        assert_eq!(error.reason(), Reason::Proxy);
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[tokio::test]
async fn listed_hosts_and_the_environment_are_respected() {
    let proxy = Server::start(|_| ok("by proxy")).await;
    let target = Server::start(|_| ok("direct")).await;
    let listed = client(&format!(
        "proxy_url: http://{}\nno_proxy: spared.example",
        proxy.address
    ));
    assert_eq!(
        body(&listed, &get(&target.url("/"))).await.as_deref(),
        Ok("direct"),
        "loopback is spared"
    );
    assert_eq!(
        body(&listed, &get("http://other.example/"))
            .await
            .as_deref(),
        Ok("by proxy")
    );

    let environment = ProxyEnvironment {
        http_proxy: proxy.address.to_string(),
        no_proxy: "spared.invalid".to_owned(),
        ..ProxyEnvironment::default()
    };
    let options = ClientOptions {
        proxy_environment: Some(environment),
        ..ClientOptions::default()
    };
    let config = HttpClientConfig {
        proxy_from_environment: true,
        ..HttpClientConfig::default()
    };
    let client = Client::new(&config, &options).expect("a client");
    assert_eq!(
        body(&client, &get("http://other.example/"))
            .await
            .as_deref(),
        Ok("by proxy")
    );
    assert_eq!(
        body(&client, &get(&target.localhost_url("/")))
            .await
            .as_deref(),
        Ok("direct")
    );
    let error = body(&client, &get("http://spared.invalid/"))
        .await
        .expect_err("reached directly");
    assert_eq!(error.reason(), Reason::Dns);
}
