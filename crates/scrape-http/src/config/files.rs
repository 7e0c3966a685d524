//! The files a configuration refers to: where they are, and whether they can be used. A client reads them
//! anew while it runs; `check config` asks beforehand.

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

/// A file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {}: {message}", path.display())]
pub struct FileProblem {
    /// Path of the key inside the section.
    pub key: String,
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub message: String,
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

    /// Reads every file the configuration refers to and says which cannot be used.
    pub fn check_files(&self) -> Vec<FileProblem> {
        let check = |file: FileUse| {
            let checked = match file.kind {
                FileKind::Secret => secret_file::read_blocking(&file.path).map(drop),
                FileKind::CertificateAuthority => tls::check_authorities(&file.path),
                FileKind::Certificate => tls::check_certificates(&file.path),
                FileKind::PrivateKey => tls::check_private_key(&file.path),
            };
            let message = checked.err()?;
            Some(FileProblem {
                key: file.key,
                path: file.path,
                message,
            })
        };
        let problems: Vec<FileProblem> = self.files().into_iter().filter_map(check).collect();
        if !problems.is_empty() {
            return problems;
        }
        let token = self
            .oauth2
            .as_ref()
            .map(|oauth2| ("oauth2.tls_config", &oauth2.tls_config));
        let sections = [("tls_config", &self.tls_config)].into_iter().chain(token);
        sections
            .filter_map(|(section, tls)| mismatch(section, tls))
            .collect()
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

/// A certificate and a key that are fine each but not for each other.
fn mismatch(section: &str, config: &TlsConfig) -> Option<FileProblem> {
    let path = config
        .cert_file
        .clone()
        .or_else(|| config.key_file.clone())?;
    let made =
        tls::read_blocking(config).and_then(|material| tls::Tls::new(config, &material, false));
    Some(FileProblem {
        key: format!("{section}.cert_file"),
        path,
        message: made.err()?,
    })
}
