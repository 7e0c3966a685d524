//! Tokens from an OAuth 2 endpoint: client credentials (RFC 6749 §4.4) or a signed assertion (RFC 7523).
//!
//! Guarantees: a token is asked for once and shared until shortly before it expires; another secret in the
//! file discards it; requests that need a token wait for the one being fetched. Without a token there is no
//! request: the failure is the scrape's.

mod assertion;
mod form;
mod token;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderValue;
use scrape_core::Secret;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use self::token::Token;
use crate::base64;
use crate::client::{Client, ClientOptions, blocking};
use crate::config::{GrantType, HttpConfigError, OAuth2};
use crate::credentials::secret_value;
use crate::error::{Failure, FetchError, Reason};
use crate::request::Request;
use crate::response::Response;
use crate::secret_file;

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// A token this close to its end is not used any more.
const EXPIRY_MARGIN: Duration = Duration::from_secs(10);
/// More than any token answer.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// Where tokens come from.
pub(crate) struct TokenSource {
    config: Arc<OAuth2>,
    client: Box<Client>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    cached: Option<Cached>,
    /// What the endpoint accepts; unset until it accepted something.
    style: Option<Style>,
}

struct Cached {
    header: HeaderValue,
    /// The secret that earned it.
    secret: Secret,
    /// Unset: never, or later than a clock can tell.
    expires: Option<Instant>,
}

/// How id and secret travel. Endpoints differ; the header is what the standard prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Header,
    Form,
}

/// Why the endpoint gave no token.
enum Refusal {
    /// It answered with another status than 2xx.
    Status(String),
    Other(String),
}

impl TokenSource {
    pub(crate) fn new(config: &OAuth2, options: &ClientOptions) -> Result<Self, HttpConfigError> {
        let options = ClientOptions {
            dials: None,
            ..options.clone()
        };
        Ok(Self {
            client: Box::new(Client::new(&config.token_client(), &options)?),
            config: Arc::new(config.clone()),
            state: Mutex::default(),
        })
    }

    /// The `Authorization` header, from the cache or the endpoint.
    pub(crate) async fn authorization(&self, deadline: Instant) -> Result<HeaderValue, Failure> {
        let secret = self.secret(deadline).await?;
        let waited = timeout_at(deadline, self.state.lock()).await;
        let mut state = waited
            .map_err(|_| Failure::timeout(Reason::TimeoutConnect, "waiting for an oauth2 token"))?;
        if let Some(cached) = &state.cached
            && cached.secret == secret
            && cached
                .expires
                .is_none_or(|expires| Instant::now() + EXPIRY_MARGIN < expires)
        {
            return Ok(cached.header.clone());
        }
        let asked = Instant::now();
        let token = self.ask(&mut state.style, &secret, deadline).await;
        let token = token
            .map_err(|detail| Failure::new(Reason::Credentials, format!("oauth2: {detail}")))?;
        let header = secret_value("oauth2", &token.header())?;
        let expires = token
            .lifetime
            .and_then(|lifetime| asked.checked_add(lifetime));
        state.cached = Some(Cached {
            header: header.clone(),
            secret,
            expires,
        });
        Ok(header)
    }

    /// The client secret or, for assertions, the private key.
    async fn secret(&self, deadline: Instant) -> Result<Secret, Failure> {
        let config = &self.config;
        let (key, inline, file) = match config.grant_type {
            GrantType::ClientCredentials => (
                "oauth2.client_secret_file",
                &config.client_secret,
                &config.client_secret_file,
            ),
            GrantType::JwtBearer => (
                "oauth2.client_certificate_key_file",
                &config.client_certificate_key,
                &config.client_certificate_key_file,
            ),
        };
        let Some(path) = file.clone() else {
            return Ok(inline.clone().unwrap_or_default());
        };
        let shown = path.display().to_string();
        let read = blocking(deadline, move || secret_file::read_blocking(&path)).await?;
        read.map_err(|e| {
            Failure::new(
                Reason::Credentials,
                format!("{key}: cannot read {shown}: {e}"),
            )
        })
    }

    async fn ask(
        &self,
        style: &mut Option<Style>,
        secret: &Secret,
        deadline: Instant,
    ) -> Result<Token, String> {
        let text = |refusal| match refusal {
            Refusal::Status(text) | Refusal::Other(text) => text,
        };
        if self.config.grant_type == GrantType::JwtBearer {
            let assertion = assertion::signed(&self.config, secret)?;
            let form = self.form(&[("grant_type", JWT_BEARER), ("assertion", &assertion)]);
            return self.post(form, None, deadline).await.map_err(text);
        }
        let tried = style.unwrap_or(Style::Header);
        let answer = match self.with_secret(tried, secret, deadline).await {
            Err(Refusal::Status(_)) if style.is_none() => {
                let answer = self.with_secret(Style::Form, secret, deadline).await;
                answer.inspect(|_| *style = Some(Style::Form))
            }
            answer => answer.inspect(|_| *style = Some(tried)),
        };
        answer.map_err(text)
    }

    async fn with_secret(
        &self,
        style: Style,
        secret: &Secret,
        deadline: Instant,
    ) -> Result<Token, Refusal> {
        let scope = self.config.scopes.join(" ");
        let mut fields = vec![("grant_type", "client_credentials")];
        if !scope.is_empty() {
            fields.push(("scope", &scope));
        }
        let id = self.config.client_id.as_str();
        match style {
            Style::Header => {
                let basic = base64::basic(&form::escape(id), &form::escape(secret.expose()));
                self.post(self.form(&fields), Some(basic), deadline).await
            }
            Style::Form => {
                fields.push(("client_id", id));
                if !secret.is_empty() {
                    fields.push(("client_secret", secret.expose()));
                }
                self.post(self.form(&fields), None, deadline).await
            }
        }
    }

    /// The fields and the configured parameters, which win.
    fn form(&self, fields: &[(&str, &str)]) -> String {
        let configured = &self.config.endpoint_params;
        let own = fields
            .iter()
            .copied()
            .filter(|(name, _)| !configured.contains_key(*name));
        form::encode(
            own.chain(
                configured
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str())),
            ),
        )
    }

    async fn post(
        &self,
        form: String,
        basic: Option<HeaderValue>,
        deadline: Instant,
    ) -> Result<Token, Refusal> {
        let other = |e: FetchError| Refusal::Other(e.to_string());
        let url = self.config.token_url.expose();
        let mut request =
            Request::post(url, "application/x-www-form-urlencoded", form).map_err(other)?;
        request = request.timeout(deadline.saturating_duration_since(Instant::now()));
        if let Some(basic) = basic {
            request.headers.insert(http::header::AUTHORIZATION, basic);
        }
        let mut response = self.fetch(&request).await.map_err(other)?;
        let body = response.bytes(MAX_ANSWER_BYTES).await.map_err(other)?;
        if !(200..300).contains(&response.status()) {
            let text = format!(
                "{}: status {}{}",
                response.url(),
                response.status(),
                token::error_text(&body)
            );
            return Err(Refusal::Status(text));
        }
        Token::decode(response.header("content-type").unwrap_or_default(), &body)
            .map_err(|e| Refusal::Other(format!("{}: {e}", response.url())))
    }

    /// Boxed because the client that needs a token is of the same type as the one that fetches it.
    fn fetch<'a>(
        &'a self,
        request: &'a Request,
    ) -> Pin<Box<dyn Future<Output = Result<Response, FetchError>> + Send + 'a>> {
        Box::pin(self.client.fetch(request))
    }
}
