//! The fetch port over the HTTP client.

use crate::config::ScrapeConfig;
use crate::fetch::{
    Body, BoxFuture, BuildError, FetchFailure, FetchRequest, Fetched, Fetcher, FetcherFactory,
};
use scrape_http::{Client, ClientOptions, DialCounters, FetchError, Request, Response};
use scrape_parse::accept_header;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

/// Makes HTTP clients.
#[derive(Debug, Clone, Default)]
pub struct HttpFetcherFactory {
    /// What the program sets of every client.
    pub options: ClientOptions,
}

impl FetcherFactory for HttpFetcherFactory {
    fn build(
        &self,
        config: &ScrapeConfig,
        dials: &DialCounters,
    ) -> Result<Arc<dyn Fetcher>, BuildError> {
        let options = ClientOptions {
            dials: Some(dials.clone()),
            ..self.options.clone()
        };
        let client =
            Client::new(&config.http_client, &options).map_err(|e| BuildError(e.to_string()))?;
        Ok(Arc::new(HttpFetcher {
            client,
            accept: accept_header(&config.scrape_protocols, config.escaping),
            compression: config.enable_compression,
            body_size_limit: config.limits.body_size,
        }))
    }
}

struct HttpFetcher {
    client: Client,
    accept: String,
    compression: bool,
    body_size_limit: u64,
}

impl HttpFetcher {
    /// Made anew for every scrape: some microseconds, against a kilobyte for every idle target.
    fn request(&self, wanted: &FetchRequest<'_>) -> Result<Request, FetchError> {
        let mut request = Request::get(wanted.url)?
            .header("accept", &self.accept)?
            .compression(self.compression)
            .scrape_timeout(wanted.timeout)
            .body_size_limit(self.body_size_limit);
        if let Some(path) = wanted.unix_socket {
            request = request.unix_socket(path);
        }
        Ok(request)
    }
}

impl Fetcher for HttpFetcher {
    fn fetch<'a>(
        &'a self,
        wanted: FetchRequest<'a>,
    ) -> BoxFuture<'a, Result<Fetched, FetchFailure>> {
        Box::pin(async move {
            let request = self.request(&wanted)?;
            let response = self.client.fetch(&request).await?.expect_ok().await?;
            let content_type = response.header("content-type").map(str::to_owned);
            Ok(Fetched {
                content_type,
                body: Box::new(HttpBody(response)),
            })
        })
    }

    fn retain_unix_sockets(&self, paths: &HashSet<&Path>) {
        self.client.retain_unix_sockets(paths);
    }
}

struct HttpBody(Response);

impl Body for HttpBody {
    fn next_block(&mut self) -> BoxFuture<'_, Result<Option<&[u8]>, FetchFailure>> {
        Box::pin(async move { Ok(self.0.next_block().await?) })
    }
}

impl From<FetchError> for FetchFailure {
    fn from(e: FetchError) -> Self {
        Self::new(e.reason(), e.to_string())
    }
}
