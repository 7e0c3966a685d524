//! A TLS server whose identity can be changed while it runs, and the certificates for it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd,
};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::server::{Log, Seen, ok, serve};

/// A certificate authority.
pub(crate) struct Authority(pub(crate) CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub(crate) struct Identity {
    pub(crate) certificate: Certificate,
    pub(crate) key: KeyPair,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn issue(&self, names: &[&str]) -> Identity {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(names).expect("names");
        Identity {
            certificate: params.signed_by(&key, &self.0).expect("signed"),
            key,
        }
    }
}

impl Identity {
    /// Its own authority, as `openssl req -x509` makes it.
    pub(crate) fn self_signed(name: &str, until_year: i32) -> Self {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(until_year, 1, 1);
        let key = KeyPair::generate().expect("a key");
        Self {
            certificate: params.self_signed(&key).expect("signed"),
            key,
        }
    }

    pub(crate) fn write(&self, cert: &Path, key: &Path) {
        fs::write(cert, self.certificate.pem()).expect("writes");
        fs::write(key, self.key.serialize_pem()).expect("writes");
    }
}

/// The server side; `clients` is the authority whose certificates it demands.
pub(crate) fn settings(
    identity: &Identity,
    clients: Option<&Authority>,
    protocols: &[&str],
) -> Arc<ServerConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions");
    let builder = match clients {
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.0.der().clone()).expect("an authority");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
        }
        None => builder.with_no_client_auth(),
    };
    let chain = vec![identity.certificate.der().clone()];
    let key = PrivateKeyDer::try_from(identity.key.serialize_der()).expect("a key");
    let mut config = builder.with_single_cert(chain, key).expect("a certificate");
    config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// What is known of each handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shaken {
    pub(crate) client: Option<CertificateDer<'static>>,
    pub(crate) server_name: Option<String>,
    pub(crate) protocol: Option<Vec<u8>>,
}

/// A TLS server whose identity can be changed while it runs.
pub(crate) struct TlsServer {
    pub(crate) address: SocketAddr,
    pub(crate) log: Arc<Log>,
    settings: Arc<Mutex<Arc<ServerConfig>>>,
    shaken: Arc<Mutex<Vec<Shaken>>>,
    served: Arc<Mutex<Vec<JoinHandle<()>>>>,
    task: JoinHandle<()>,
}

impl TlsServer {
    pub(crate) async fn start(identity: &Identity) -> Self {
        Self::with(settings(identity, None, &[])).await
    }

    pub(crate) async fn with(first: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let log = Arc::new(Log::default());
        let settings = Arc::new(Mutex::new(first));
        let shaken = Arc::new(Mutex::new(Vec::new()));
        let served = Arc::new(Mutex::new(Vec::new()));
        let served2 = Arc::clone(&served);
        let (log2, settings2, shaken2) =
            (Arc::clone(&log), Arc::clone(&settings), Arc::clone(&shaken));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = TlsAcceptor::from(Arc::clone(&settings2.lock().expect("no panic")));
                let (log, shaken) = (Arc::clone(&log2), Arc::clone(&shaken2));
                let connection = log.next_connection();
                let connection = tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let seen = Shaken::of(stream.get_ref().1);
                    let http2 = seen.protocol.as_deref() == Some(b"h2");
                    shaken.lock().expect("no panic").push(seen);
                    if http2 {
                        serve_http2(stream, &log, connection).await;
                    } else {
                        serve(stream, connection, &log, &|_| ok("secure")).await;
                    }
                });
                served2.lock().expect("no panic").push(connection);
            }
        });
        Self {
            address,
            log,
            settings,
            shaken,
            served,
            task,
        }
    }

    /// Cuts every connection without a word.
    pub(crate) fn close_connections(&self) {
        for connection in self.served.lock().expect("no panic").drain(..) {
            connection.abort();
        }
    }

    pub(crate) fn replace(&self, settings: Arc<ServerConfig>) {
        *self.settings.lock().expect("no panic") = settings;
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}/", self.address.port())
    }

    pub(crate) fn last(&self) -> Shaken {
        self.shaken
            .lock()
            .expect("no panic")
            .last()
            .cloned()
            .expect("a handshake")
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shaken {
    fn of(connection: &ServerConnection) -> Self {
        Self {
            client: connection
                .peer_certificates()
                .and_then(|chain| chain.first())
                .map(|c| c.clone().into_owned()),
            server_name: connection.server_name().map(str::to_owned),
            protocol: connection.alpn_protocol().map(<[u8]>::to_vec),
        }
    }
}

async fn serve_http2(
    stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    log: &Arc<Log>,
    connection: usize,
) {
    let log = Arc::clone(log);
    let service =
        hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let head = format!(
                "{} {} {:?}",
                request.method(),
                request.uri(),
                request.version()
            );
            let fields = request
                .headers()
                .iter()
                .map(|(name, value)| format!("\n{name}: {}", value.to_str().expect("text")));
            log.push(Seen {
                connection,
                head: head + &fields.collect::<String>(),
                body: String::new(),
            });
            async {
                Ok::<_, std::convert::Infallible>(http::Response::new(http_body_util::Full::new(
                    bytes::Bytes::from("two"),
                )))
            }
        });
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    if let Err(error) = hyper::server::conn::http2::Builder::new(executor)
        .serve_connection(io, service)
        .await
    {
        assert!(!error.is_user(), "{error}");
    }
}
