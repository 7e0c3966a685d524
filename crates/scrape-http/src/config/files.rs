//! The files a configuration refers to: where they are, and whether they can be used, as well as the
//! certificates and keys that stand in the configuration itself. A client reads files anew while it runs;
//! `check config` asks beforehand.

use std::path::{Path, PathBuf};

use super::{HttpClientConfig, TlsConfig};
use crate::secret_file;
use crate::tls;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// A user name, password, token or header value: text, trimmed.
    Secret,
    /// Certificate authorities, PEM.
    CertificateAuthority,
    /// A client certificate chain, PEM.
    Certificate,
    /// A private key, PEM.
    PrivateKey,
}

/// One file and the key that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileUse {
    /// Path of the key inside the section, such as `tls_config.ca_file`.
    pub key: String,
    /// The file.
    pub path: PathBuf,
    /// What it must hold.
    pub kind: FileKind,
}

/// A file, or an inline certificate or key, that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct MaterialProblem {
    /// Path of the key inside the section, such as `tls_config.ca_file`.
    pub key: String,
    /// Which file it is, if it is one, and what is wrong. Without any of the content.
    pub problem: String,
}

impl HttpClientConfig {
    /// Makes relative paths relative to `dir`, the directory of the configuration file.
    pub fn resolve_paths(&mut self, dir: &Path) {
        self.visit_paths(&mut |_, _, path| {
            if path.is_relative() && !path.as_os_str().is_empty() {
                *path = dir.join(&*path);
            }
        });
    }

    /// Every file the configuration refers to.
    pub fn files(&self) -> Vec<FileUse> {
        let mut files = Vec::new();
        self.clone().visit_paths(&mut |key, kind, path| {
            if !path.as_os_str().is_empty() {
                files.push(FileUse {
                    key: key.to_owned(),
                    path: path.clone(),
                    kind,
                });
            }
        });
        files
    }

    /// Reads every file the configuration refers to, looks at what stands inline, and says what cannot be
    /// used, as a client would find when it is made.
    pub fn check_material(&self) -> Vec<MaterialProblem> {
        let in_file = |file: FileUse| {
            let checked = secret_file::read_bytes(&file.path)
                .and_then(|content| check(file.kind, &content))
                .err()?;
            Some(MaterialProblem {
                key: file.key,
                problem: format!("{}: {checked}", file.path.display()),
            })
        };
        let inline = |(key, kind, text): (String, FileKind, &str)| {
            let checked = check(kind, text.as_bytes()).err()?;
            Some(MaterialProblem {
                key,
                problem: format!("the text {checked}"),
            })
        };
        let mut problems: Vec<_> = self.files().into_iter().filter_map(in_file).collect();
        problems.extend(self.inline().into_iter().filter_map(inline));
        for (section, tls) in self.tls_sections() {
            let broken = |p: &MaterialProblem| {
                let rest = p.key.strip_prefix(section);
                rest.is_some_and(|rest| rest.starts_with('.'))
            };
            if !problems.iter().any(broken) {
                problems.extend(mismatch(section, tls));
            }
        }
        problems
    }

    fn tls_sections(&self) -> Vec<(&'static str, &TlsConfig)> {
        let token = self.oauth2.as_ref();
        let token = token.map(|oauth2| ("oauth2.tls_config", &oauth2.tls_config));
        let own = [("tls_config", &self.tls_config)];
        own.into_iter().chain(token).collect()
    }

    /// Keys, kinds and texts of the certificates and keys that stand in the configuration.
    fn inline(&self) -> Vec<(String, FileKind, &str)> {
        let mut found = Vec::new();
        for (section, tls) in self.tls_sections() {
            let key = tls.key.as_ref().map_or("", |key| key.expose());
            found.extend([
                (
                    format!("{section}.ca"),
                    FileKind::CertificateAuthority,
                    tls.ca.as_str(),
                ),
                (
                    format!("{section}.cert"),
                    FileKind::Certificate,
                    tls.cert.as_str(),
                ),
                (format!("{section}.key"), FileKind::PrivateKey, key),
            ]);
        }
        let signing = self.oauth2.as_ref();
        if let Some(key) = signing.and_then(|oauth2| oauth2.client_certificate_key.as_ref()) {
            found.push((
                "oauth2.client_certificate_key".to_owned(),
                FileKind::PrivateKey,
                key.expose(),
            ));
        }
        found.retain(|(_, _, text)| !text.is_empty());
        found
    }

    fn visit_paths(&mut self, visit: &mut dyn FnMut(&str, FileKind, &mut PathBuf)) {
        let mut one = |key: &str, kind: FileKind, path: &mut Option<PathBuf>| {
            if let Some(path) = path {
                visit(key, kind, path);
            }
        };
        if let Some(basic) = &mut self.basic_auth {
            one(
                "basic_auth.username_file",
                FileKind::Secret,
                &mut basic.username_file,
            );
            one(
                "basic_auth.password_file",
                FileKind::Secret,
                &mut basic.password_file,
            );
        }
        if let Some(authorization) = &mut self.authorization {
            one(
                "authorization.credentials_file",
                FileKind::Secret,
                &mut authorization.credentials_file,
            );
        }
        if let Some(oauth2) = &mut self.oauth2 {
            one(
                "oauth2.client_secret_file",
                FileKind::Secret,
                &mut oauth2.client_secret_file,
            );
            let key_file = &mut oauth2.client_certificate_key_file;
            one(
                "oauth2.client_certificate_key_file",
                FileKind::PrivateKey,
                key_file,
            );
            let tls = &mut oauth2.tls_config;
            one(
                "oauth2.tls_config.ca_file",
                FileKind::CertificateAuthority,
                &mut tls.ca_file,
            );
            one(
                "oauth2.tls_config.cert_file",
                FileKind::Certificate,
                &mut tls.cert_file,
            );
            one(
                "oauth2.tls_config.key_file",
                FileKind::PrivateKey,
                &mut tls.key_file,
            );
        }
        one(
            "bearer_token_file",
            FileKind::Secret,
            &mut self.bearer_token_file,
        );
        let tls = &mut self.tls_config;
        one(
            "tls_config.ca_file",
            FileKind::CertificateAuthority,
            &mut tls.ca_file,
        );
        one(
            "tls_config.cert_file",
            FileKind::Certificate,
            &mut tls.cert_file,
        );
        one(
            "tls_config.key_file",
            FileKind::PrivateKey,
            &mut tls.key_file,
        );
        for (name, header) in &mut self.http_headers.0 {
            for path in &mut header.files {
                visit(
                    &format!("http_headers.{name}.files"),
                    FileKind::Secret,
                    path,
                );
            }
        }
    }
}

/// Whether a content can serve its purpose.
fn check(kind: FileKind, content: &[u8]) -> Result<(), String> {
    match kind {
        FileKind::Secret => match std::str::from_utf8(content) {
            Ok(_) => Ok(()),
            Err(_) => Err("is not UTF-8 text".to_owned()),
        },
        FileKind::CertificateAuthority => tls::check_authorities(content),
        FileKind::Certificate => tls::check_certificates(content),
        FileKind::PrivateKey => tls::check_private_key(content),
    }
}

/// A certificate and a key that are fine each but not for each other, and whatever else only shows when all
/// is put together.
fn mismatch(section: &str, config: &TlsConfig) -> Option<MaterialProblem> {
    let made =
        tls::read_blocking(config).and_then(|material| tls::Tls::new(config, &material, false));
    let message = made.err()?;
    let (key, file) = match (&config.cert_file, config.cert.is_empty(), &config.ca_file) {
        (Some(file), _, _) => ("cert_file", Some(file)),
        (None, false, _) => ("cert", None),
        (None, true, Some(file)) => ("ca_file", Some(file)),
        (None, true, None) => ("ca", None),
    };
    Some(MaterialProblem {
        key: format!("{section}.{key}"),
        problem: match file {
            Some(path) => format!("{}: {message}", path.display()),
            None => message,
        },
    })
}
