//! The HTTP keys as they stand in a file. Jobs and discovery sections carry them among their own keys, and
//! flattening one struct into another loses the position of errors: a macro repeats the fields instead.

/// Declares a struct that has the keys of an HTTP client besides its own, and gives it
/// `http_client_config()`, which resolves the defaults.
///
/// The struct needs `#[derive(serde::Deserialize)]`; a missing key and `null` are the same for the added
/// fields. `#[derive(Default)]` and `#[serde(default)]` work as usual.
///
/// ```
/// scrape_http::http_client_fields! {
///     /// One `http_sd_configs` entry.
///     #[derive(Debug, serde::Deserialize)]
///     #[serde(deny_unknown_fields)]
///     pub struct HttpSd {
///         /// Where the groups are.
///         pub url: String,
///     }
/// }
/// let sd: HttpSd = serde_json::from_str(r#"{"url": "http://sd/", "follow_redirects": false}"#)?;
/// assert!(!sd.http_client_config().follow_redirects);
/// assert!(sd.http_client_config().enable_http2);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! http_client_fields {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field_vis:vis $field:ident : $ty:ty),* $(,)?
        }
    ) => {
        $(#[$meta])*
        $vis struct $name {
            $($(#[$field_meta])* $field_vis $field: $ty,)*
            /// `basic_auth` as written.
            #[serde(default)]
            pub basic_auth: Option<$crate::config::BasicAuth>,
            /// `authorization` as written.
            #[serde(default)]
            pub authorization: Option<$crate::config::Authorization>,
            /// `oauth2` as written.
            #[serde(default)]
            pub oauth2: Option<$crate::config::OAuth2>,
            /// `bearer_token` as written.
            #[serde(default)]
            pub bearer_token: Option<$crate::Secret>,
            /// `bearer_token_file` as written.
            #[serde(default)]
            pub bearer_token_file: Option<::std::path::PathBuf>,
            /// `tls_config` as written.
            #[serde(default)]
            pub tls_config: Option<$crate::config::TlsConfig>,
            /// `proxy_url` as written.
            #[serde(default)]
            pub proxy_url: Option<$crate::config::UrlText>,
            /// `no_proxy` as written.
            #[serde(default)]
            pub no_proxy: Option<String>,
            /// `proxy_from_environment` as written.
            #[serde(default)]
            pub proxy_from_environment: Option<bool>,
            /// `proxy_connect_header` as written.
            #[serde(default)]
            pub proxy_connect_header: Option<$crate::config::ProxyHeader>,
            /// `follow_redirects` as written.
            #[serde(default)]
            pub follow_redirects: Option<bool>,
            /// `enable_http2` as written.
            #[serde(default)]
            pub enable_http2: Option<bool>,
            /// `http_headers` as written.
            #[serde(default)]
            pub http_headers: Option<$crate::config::HttpHeaders>,
        }

        impl $name {
            /// The client's settings with defaults resolved; neither checked nor with paths resolved.
            $vis fn http_client_config(&self) -> $crate::config::HttpClientConfig {
                let default = $crate::config::HttpClientConfig::default();
                $crate::config::HttpClientConfig {
                    basic_auth: self.basic_auth.clone(),
                    authorization: self.authorization.clone(),
                    oauth2: self.oauth2.clone(),
                    bearer_token: self.bearer_token.clone().filter(|s| !s.is_empty()),
                    bearer_token_file: self
                        .bearer_token_file
                        .clone()
                        .filter(|p| !p.as_os_str().is_empty()),
                    tls_config: self.tls_config.clone().unwrap_or_default(),
                    proxy_url: self.proxy_url.clone().unwrap_or_default(),
                    no_proxy: self.no_proxy.clone().unwrap_or_default(),
                    proxy_from_environment: self
                        .proxy_from_environment
                        .unwrap_or(default.proxy_from_environment),
                    proxy_connect_header: self.proxy_connect_header.clone().unwrap_or_default(),
                    follow_redirects: self.follow_redirects.unwrap_or(default.follow_redirects),
                    enable_http2: self.enable_http2.unwrap_or(default.enable_http2),
                    http_headers: self.http_headers.clone().unwrap_or_default(),
                }
            }
        }
    };
}

http_client_fields! {
    /// The HTTP keys alone, as written: no key is set unless the file sets it.
    #[derive(Debug, Clone, Default, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct HttpClientFields {}
}

impl From<HttpClientFields> for super::HttpClientConfig {
    fn from(fields: HttpClientFields) -> Self {
        fields.http_client_config()
    }
}
