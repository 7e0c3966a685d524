//! One look at all files of a configuration: expand, read, decode, compare. Blocking, without a clock.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use scrape_core::LabelsBuilder;

use super::glob;
use super::metrics::{FileMetrics, Mtimes};
use crate::config::StaticConfig;
use crate::decode::{DecodeError, decode_json, decode_yaml};
use crate::group::TargetGroup;
use crate::provider::Update;
use crate::recover::{LastGood, Seen};

/// The label that names the file, as its pattern matched it.
const FILEPATH_LABEL: &str = "__meta_filepath";

/// A file beyond this size is refused: a list of a million targets is a quarter of it.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// Reads the files of one configuration, again and again.
#[derive(Debug)]
pub(super) struct Scanner {
    patterns: Vec<String>,
    /// Size and hash of the content that the known groups were decoded from.
    contents: BTreeMap<String, (usize, u64)>,
    hasher: RandomState,
    last: LastGood,
    mtimes: Mtimes,
    metrics: Arc<FileMetrics>,
}

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("larger than {MAX_FILE_BYTES} bytes")]
    TooLarge,
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

impl Scanner {
    pub(super) fn new(patterns: Vec<String>, metrics: Arc<FileMetrics>) -> Self {
        Self {
            patterns,
            contents: BTreeMap::new(),
            hasher: RandomState::new(),
            last: LastGood::default(),
            mtimes: Mtimes::new(metrics.clone()),
            metrics,
        }
    }

    /// The directories in which a change matters, as far as they exist.
    pub(super) fn directories(&self) -> BTreeSet<String> {
        self.patterns
            .iter()
            .filter_map(|p| glob::directories(p).ok())
            .flatten()
            .collect()
    }

    /// Looks at everything; gives what changed.
    pub(super) fn scan(&mut self) -> Update {
        let mut files = BTreeSet::new();
        for pattern in &self.patterns {
            match glob::expand(pattern) {
                Ok(found) => files.extend(found),
                Err(error) => {
                    // A directory that cannot be listed says nothing about its files.
                    tracing::error!(%pattern, %error, "cannot expand pattern of file discovery");
                    self.metrics.read_error();
                    files.extend(self.last.sources().map(str::to_owned));
                }
            }
        }
        self.contents.retain(|file, _| files.contains(file));
        self.mtimes.retain(|file| files.contains(file));
        let look: Vec<_> = files.into_iter().map(|file| self.look(file)).collect();
        self.last.observe(look)
    }

    fn look(&mut self, file: String) -> (String, Seen) {
        match self.read(&file) {
            Ok(Some(groups)) => {
                let seen = groups
                    .into_iter()
                    .enumerate()
                    .map(|(i, g)| target_group(&file, i, g))
                    .collect();
                (file, Seen::Groups(seen))
            }
            Ok(None) => (file, Seen::Unchanged),
            Err(error) => {
                tracing::error!(%file, %error, "cannot read file of file discovery, its previous targets stay");
                self.metrics.read_error();
                (file, Seen::Failed)
            }
        }
    }

    /// The file's groups, or `None` if its content is that of the last good read.
    fn read(&mut self, file: &str) -> Result<Option<Vec<StaticConfig>>, ReadError> {
        let metadata = std::fs::metadata(file)?;
        if !metadata.is_file() {
            // Opening a named pipe would hold the reader for ever.
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file").into());
        }
        let mut content = Vec::new();
        std::fs::File::open(file)?
            .take(MAX_FILE_BYTES + 1)
            .read_to_end(&mut content)?;
        if content.len() as u64 > MAX_FILE_BYTES {
            return Err(ReadError::TooLarge);
        }
        let print = (content.len(), self.hasher.hash_one(&content));
        let groups = if self.contents.get(file) == Some(&print) {
            None
        } else {
            Some(decode(file, &content)?)
        };
        if let Ok(mtime) = metadata.modified() {
            let seconds = match mtime.duration_since(UNIX_EPOCH) {
                Ok(d) => d.as_secs_f64(),
                Err(e) => -e.duration().as_secs_f64(),
            };
            self.mtimes.set(file, seconds);
        }
        self.contents.insert(file.to_owned(), print);
        Ok(groups)
    }
}

/// The form is told by the extension, which the configuration check has limited to these.
fn decode(file: &str, content: &[u8]) -> Result<Vec<StaticConfig>, DecodeError> {
    let extension = file.rsplit_once('.').map_or("", |(_, e)| e);
    if extension.eq_ignore_ascii_case("json") {
        decode_json(content)
    } else {
        decode_yaml(content)
    }
}

fn target_group(file: &str, index: usize, group: StaticConfig) -> TargetGroup {
    let mut labels = LabelsBuilder::new();
    for (name, value) in &group.labels {
        labels.set(name, value);
    }
    labels.set(FILEPATH_LABEL, file);
    TargetGroup::from_addresses(format!("{file}:{index}"), &group.targets, labels.labels())
}
