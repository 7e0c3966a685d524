//! The client: one per job or discovery section, shared by all its targets.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, USER_AGENT,
};
use tokio::time::{Instant, timeout_at};

use crate::base64;
use crate::config::{HttpClientConfig, HttpConfigError};
use crate::connect::{Connector, DialCounters, Proxies, ProxyEnvironment};
use crate::credentials::{self, Credentials, Scope};
use crate::error::{Failure, FetchError, Reason};
use crate::oauth2::TokenSource;
use crate::pool::Key;
use crate::redirect;
use crate::request::{Method, Request};
use crate::response::{Response, Terms};
use crate::target::Target;
use crate::tls::{self, Tls};
use crate::transport::{Message, Transport};
use crate::url::Url;

/// What the program sets, as opposed to the configuration file.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// The `User-Agent` header.
    pub user_agent: String,
    /// What `proxy_from_environment` refers to; the variables of this process unless set.
    pub proxy_environment: Option<ProxyEnvironment>,
    /// The most a connection buffers of what it reads, at least 8192 bytes. Idle connections keep their
    /// buffer, so this times the number of targets is memory.
    pub buffer_bytes: usize,
    /// Counters of the connections that are made, if they are to be counted.
    pub dials: Option<DialCounters>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            user_agent: concat!("scrape-cli/", env!("CARGO_PKG_VERSION")).to_owned(),
            proxy_environment: None,
            buffer_bytes: 16 << 10,
            dials: None,
        }
    }
}

/// An HTTP client made from a configuration. Dropping it closes its idle connections.
pub struct Client {
    config: Arc<HttpClientConfig>,
    user_agent: HeaderValue,
    buffer_bytes: usize,
    dials: Option<DialCounters>,
    proxies: Arc<Proxies>,
    reads_tls_files: bool,
    current: Mutex<Current>,
    /// Fixed headers; unset if files must be read for them.
    credentials: Option<Arc<Credentials>>,
    tokens: Option<TokenSource>,
}

/// The transport and the digest of the TLS texts it was made from.
struct Current {
    transport: Arc<Transport>,
    digest: [u8; 32],
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Checks the configuration and everything it refers to for TLS: an authority, certificate or key that
    /// cannot be used is an error here, not at the first request. Reads files, hence may block shortly.
    pub fn new(
        config: &HttpClientConfig,
        options: &ClientOptions,
    ) -> Result<Self, HttpConfigError> {
        let mut config = config.clone();
        for warning in config.validate()? {
            tracing::debug!(%warning, "http client");
        }
        let at = |key: &str, message: String| HttpConfigError {
            key: key.to_owned(),
            message,
        };
        let user_agent = HeaderValue::from_str(&options.user_agent)
            .map_err(|_| at("user_agent", "cannot be sent in a header".to_owned()))?;
        let environment = match &options.proxy_environment {
            Some(environment) => environment.clone(),
            None if config.proxy_from_environment => ProxyEnvironment::of_process(),
            None => ProxyEnvironment::default(),
        };
        let proxies = Proxies::new(&config.proxy(), &environment).map_err(|e| at("proxy", e))?;
        let proxies = Arc::new(proxies);
        let credentials = if credentials::reads_files(&config) {
            None
        } else {
            let fixed =
                Credentials::read_blocking(&config).map_err(|f| at("http_headers", f.detail))?;
            Some(Arc::new(fixed))
        };
        let tokens = match &config.oauth2 {
            Some(oauth2) => Some(
                TokenSource::new(oauth2, options)
                    .map_err(|e| at(&format!("oauth2.{}", e.key), e.message))?,
            ),
            None => None,
        };
        let buffer_bytes = options.buffer_bytes.max(8192);
        let material = tls::read_blocking(&config.tls_config).map_err(|e| at("tls_config", e))?;
        let tls = Tls::new(&config.tls_config, &material, config.enable_http2)
            .map_err(|e| at("tls_config", e))?;
        let connector = Connector {
            tls,
            proxies: Arc::clone(&proxies),
            buffer_bytes,
            dials: options.dials.clone(),
        };
        let transport = Arc::new(Transport::new(connector));
        Ok(Self {
            reads_tls_files: tls::reads_files(&config.tls_config),
            config: Arc::new(config),
            user_agent,
            buffer_bytes,
            dials: options.dials.clone(),
            proxies,
            current: Mutex::new(Current {
                transport,
                digest: material.digest,
            }),
            credentials,
            tokens,
        })
    }

    /// Sends a request and returns the response as soon as its headers are there, whatever its status.
    pub async fn fetch(&self, request: &Request) -> Result<Response, FetchError> {
        let mut target = Arc::clone(&request.target);
        let deadline = deadline(request.timeout);
        self.follow(request, &mut target, deadline)
            .await
            .map_err(|failure| {
                FetchError::new(failure, request.method.name(), target.url.to_string())
            })
    }

    /// Closes the idle connections to Unix sockets that are not listed: call it when targets went away.
    pub fn retain_unix_sockets(&self, kept: &HashSet<&Path>) {
        let keep = |key: &Key| {
            key.unix_socket
                .as_deref()
                .is_none_or(|path| kept.contains(path))
        };
        self.transport().pool.retain(keep);
    }

    /// Closes all idle connections.
    pub fn close_idle_connections(&self) {
        self.transport().pool.retain(|_| false);
    }

    /// How many connections wait for a request.
    pub fn idle_connections(&self) -> usize {
        self.transport().pool.idle()
    }

    /// Follows redirects from request to request; `target` is always the one being talked to.
    async fn follow(
        &self,
        request: &Request,
        target: &mut Arc<Target>,
        deadline: Instant,
    ) -> Result<Response, Failure> {
        let transport = self.fresh_transport(deadline).await?;
        let credentials = self.fresh_credentials(deadline).await?;
        let token = match &self.tokens {
            Some(tokens) => Some(tokens.authorization(deadline).await?),
            None => None,
        };
        let mut scope = Scope::Own;
        let mut method = request.method;
        let mut sent = 0;
        loop {
            let mut headers =
                self.headers(request, &target.url, scope, &credentials, token.as_ref());
            let same_method = method == request.method;
            if !same_method {
                headers.remove(CONTENT_TYPE);
            }
            let body = if same_method {
                request.body.clone()
            } else {
                Bytes::new()
            };
            let message = Message {
                method,
                target: target.as_ref(),
                headers,
                body,
            };
            let (response, lease) = transport.exchange(&message, deadline).await?;
            sent += 1;
            let status = response.status();
            let location = response.headers().get(LOCATION).cloned();
            let terms = Terms {
                method,
                target: Arc::clone(target),
                deadline,
                body_size_limit: request.body_size_limit,
            };
            let mut response = Response::new(response, lease, terms, sent - 1);
            let Some(location) = location else {
                return Ok(response);
            };
            if !self.config.follow_redirects || !redirect::is_redirect(status) {
                return Ok(response);
            }
            response.drain().await;
            let refused = |detail: String| Failure::new(Reason::Redirect, detail);
            if sent >= redirect::MAX_REQUESTS {
                return Err(refused(format!("stopped after {sent} redirects")));
            }
            let location = location
                .to_str()
                .map_err(|_| refused("the Location header is not ASCII".to_owned()))?;
            let next = target
                .url
                .join(location)
                .map_err(|e| refused(format!("the Location header: {e}")))?;
            scope = redirect::scope(&request.target.url, &next, scope);
            if !redirect::keeps_method(status) {
                method = Method::Get;
            }
            let unix_socket = request.target.key.unix_socket.clone();
            *target = Arc::new(Target::new(next, unix_socket)?);
        }
    }

    /// All headers of one request, made anew.
    fn headers(
        &self,
        request: &Request,
        url: &Url,
        scope: Scope,
        credentials: &Credentials,
        token: Option<&HeaderValue>,
    ) -> HeaderMap {
        let foreign =
            |name: &HeaderName| scope == Scope::Foreign && credentials::is_sensitive(name);
        let mut headers = HeaderMap::with_capacity(request.headers.len() + 4);
        for (name, value) in request.headers.iter().filter(|(name, _)| !foreign(name)) {
            headers.append(name, value.clone());
        }
        headers
            .entry(USER_AGENT)
            .or_insert_with(|| self.user_agent.clone());
        if let (Some(token), Scope::Own) = (token, scope) {
            headers.insert(AUTHORIZATION, token.clone());
        }
        credentials.apply(&mut headers, scope);
        if let Some(user) = &url.user {
            let basic =
                || base64::basic(&user.username, user.password.as_deref().unwrap_or_default());
            headers.entry(AUTHORIZATION).or_insert_with(basic);
        }
        headers
    }

    /// The transport, made anew if a TLS file holds something else than last time.
    async fn fresh_transport(&self, deadline: Instant) -> Result<Arc<Transport>, Failure> {
        if !self.reads_tls_files {
            return Ok(self.transport());
        }
        let config = Arc::clone(&self.config);
        let material = blocking(deadline, move || tls::read_blocking(&config.tls_config)).await?;
        let failed = |e: String| Failure::new(Reason::Tls, format!("tls_config: {e}"));
        let material = material.map_err(failed)?;
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.digest != material.digest {
            let tls = Tls::new(&self.config.tls_config, &material, self.config.enable_http2)
                .map_err(failed)?;
            let connector = Connector {
                tls,
                proxies: Arc::clone(&self.proxies),
                buffer_bytes: self.buffer_bytes,
                dials: self.dials.clone(),
            };
            *current = Current {
                transport: Arc::new(Transport::new(connector)),
                digest: material.digest,
            };
        }
        Ok(Arc::clone(&current.transport))
    }

    async fn fresh_credentials(&self, deadline: Instant) -> Result<Arc<Credentials>, Failure> {
        if let Some(fixed) = &self.credentials {
            return Ok(Arc::clone(fixed));
        }
        let config = Arc::clone(&self.config);
        blocking(deadline, move || Credentials::read_blocking(&config))
            .await?
            .map(Arc::new)
    }

    fn transport(&self) -> Arc<Transport> {
        // The lock guards two assignments: nothing can be half done.
        Arc::clone(
            &self
                .current
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .transport,
        )
    }
}

/// Far enough to never be met, near enough to be an instant.
const NEVER: Duration = Duration::from_secs(10 * 365 * 86_400);

/// When a request that may take this long has to be done.
fn deadline(timeout: Duration) -> Instant {
    Instant::now() + timeout.min(NEVER)
}

/// Runs file reads where they may block, up to the deadline.
pub(crate) async fn blocking<T: Send + 'static>(
    deadline: Instant,
    read: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    match timeout_at(deadline, tokio::task::spawn_blocking(read)).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(e)) => Err(Failure::new(
            Reason::Credentials,
            format!("reading files: {e}"),
        )),
        Err(_) => Err(Failure::timeout(Reason::TimeoutConnect, "reading files")),
    }
}
