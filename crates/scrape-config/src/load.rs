//! From a file name to a configuration that can be applied, or to everything that is wrong with it.

use std::collections::HashMap;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use scrape_engine::config::{EngineConfig, GlobalConfig, ScrapeConfig};

use crate::decode::{At, duplicates};
use crate::diagnose::{Diagnostic, Diagnostics, Location, Related, Reporter, Severity};
use crate::limits::MAX_FILE_BYTES;
use crate::schema::{self, Context, Job};
use crate::source::{Source, Span};
use crate::tree::Node;
use crate::{files, toml, yaml};

/// Looks up an environment variable.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What the command line decides about a configuration.
#[derive(Clone)]
pub struct LoadOptions {
    /// Sections without meaning for an agent are errors and not warnings.
    pub agent: bool,
    /// Jobs ask for protobuf first unless the file says otherwise.
    pub protobuf_first: bool,
    /// The default of `scrape_native_histograms`.
    pub scrape_native_histograms: bool,
    /// The default of `extra_scrape_metrics`.
    pub extra_scrape_metrics: bool,
    /// OpenMetrics 2.0 may be asked for. Only a build with the cargo feature `om2` knows it by name.
    pub openmetrics2: bool,
    /// Whether what the configuration refers to must be usable now: files of secrets, keys and certificates,
    /// keys and certificates that stand inline, and discovery files. A running program finds out when it
    /// needs them.
    pub check_files: bool,
    /// Where the variables in `external_labels` come from.
    pub environment: Environment,
}

impl Default for LoadOptions {
    /// The defaults of the documentation, and the environment of this process.
    fn default() -> Self {
        Self {
            agent: false,
            protobuf_first: false,
            scrape_native_histograms: false,
            extra_scrape_metrics: false,
            openmetrics2: false,
            check_files: false,
            environment: Arc::new(|name| std::env::var(name).ok()),
        }
    }
}

impl fmt::Debug for LoadOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadOptions")
            .field("agent", &self.agent)
            .field("protobuf_first", &self.protobuf_first)
            .field("scrape_native_histograms", &self.scrape_native_histograms)
            .field("extra_scrape_metrics", &self.extra_scrape_metrics)
            .field("openmetrics2", &self.openmetrics2)
            .field("check_files", &self.check_files)
            .finish_non_exhaustive()
    }
}

/// A configuration as loaded: resolved, valid, and with what there was to say about it.
#[derive(Debug, Clone)]
pub struct LoadedConfig {
    /// What the engine takes. Jobs of the main file come first.
    pub engine: EngineConfig,
    /// The main file.
    pub path: PathBuf,
    /// The included files that were read, in the order of reading.
    pub included: Vec<PathBuf>,
    /// The entries of `scrape_config_files`, relative ones resolved.
    pub scrape_config_files: Vec<String>,
    /// What has no effect or another one than it seems to have.
    pub warnings: Diagnostics,
    /// How many jobs the main file holds.
    pub(crate) main_jobs: usize,
    /// Where each job stands.
    pub(crate) places: Vec<Place>,
}

/// Where a job stands.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) location: Location,
    pub(crate) key_path: String,
}

impl LoadedConfig {
    /// A job by its name.
    pub fn job(&self, name: &str) -> Option<&Arc<ScrapeConfig>> {
        let mut jobs = self.engine.scrape_configs.iter();
        jobs.find(|job| job.job_name == name)
    }

    /// Every job with the place of its name and the path of its key.
    pub fn jobs(&self) -> impl Iterator<Item = (&Arc<ScrapeConfig>, &Location, &str)> {
        let places = self.places.iter();
        let jobs = self.engine.scrape_configs.iter().zip(places);
        jobs.map(|(job, place)| (job, &place.location, place.key_path.as_str()))
    }
}

/// Loads a file and what it includes. A name ending in `.toml` is read as TOML, any other as YAML.
///
/// # Errors
/// Everything that is wrong with the files, warnings included.
pub fn load_file(path: &Path, options: &LoadOptions) -> Result<LoadedConfig, Diagnostics> {
    let reporter = Reporter::default();
    let loaded = read(path, &reporter).and_then(|source| load(&source, options, &reporter));
    finish(loaded, reporter)
}

/// Loads a text as if it stood in the file `path`, which decides about the format, relative paths and the
/// names in messages. Included files are read from disk.
///
/// # Errors
/// Everything that is wrong with the text and the files, warnings included.
pub fn load_str(
    text: &str,
    path: &Path,
    options: &LoadOptions,
) -> Result<LoadedConfig, Diagnostics> {
    let reporter = Reporter::default();
    let loaded = if text.len() as u64 > MAX_FILE_BYTES {
        reporter.report(too_large(path));
        None
    } else {
        load(&Source::new(path, text.to_owned()), options, &reporter)
    };
    finish(loaded, reporter)
}

fn finish(loaded: Option<LoadedConfig>, reporter: Reporter) -> Result<LoadedConfig, Diagnostics> {
    let failed = reporter.errors() > 0;
    let diagnostics = reporter.into_diagnostics();
    match loaded {
        Some(mut config) if !failed => {
            config.warnings = diagnostics;
            Ok(config)
        }
        _ => Err(diagnostics),
    }
}

fn too_large(path: &Path) -> Diagnostic {
    let limit = MAX_FILE_BYTES >> 20;
    Diagnostic::about_file(
        Severity::Error,
        path,
        format!("the file is larger than {limit} MiB"),
    )
}

/// Reads a file into memory, no more of it than is allowed.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, Box<Diagnostic>> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes));
    match read {
        Err(e) => Err(Box::new(Diagnostic::about_file(
            Severity::Error,
            path,
            format!("the file cannot be read: {e}"),
        ))),
        Ok(n) if n as u64 > MAX_FILE_BYTES => Err(Box::new(too_large(path))),
        Ok(_) => Ok(bytes),
    }
}

/// Reads a file as text.
fn read(path: &Path, reporter: &Reporter) -> Option<Source> {
    let bytes = read_bytes(path).map_err(|d| reporter.report(*d)).ok()?;
    match String::from_utf8(bytes) {
        Ok(text) => Some(Source::new(path, text)),
        Err(e) => {
            let at = e.utf8_error().valid_up_to();
            let mut valid = e.into_bytes();
            valid.truncate(at);
            let valid = String::from_utf8(valid).unwrap_or_default();
            let source = Source::new(path, valid);
            syntax(
                &source,
                reporter,
                "the file is not valid UTF-8 from here on",
                Span::new(at, at),
            );
            None
        }
    }
}

fn syntax(source: &Source, reporter: &Reporter, message: &str, span: Span) {
    reporter.report(Diagnostic {
        location: Location::of(source, span, false),
        ..Diagnostic::about_file(Severity::Error, source.path(), message)
    });
}

/// The tree of a file; syntax errors are reported.
fn parse(source: &Source, reporter: &Reporter) -> Option<Arc<Node>> {
    let toml = source.path().extension().is_some_and(|e| e == "toml");
    let parsed = if toml {
        toml::parse(source.text())
    } else {
        yaml::parse(source.text()).map_err(|e| vec![e])
    };
    parsed
        .map_err(|errors| {
            for e in errors {
                syntax(source, reporter, &e.message, e.span);
            }
        })
        .ok()
}

fn load(source: &Source, options: &LoadOptions, reporter: &Reporter) -> Option<LoadedConfig> {
    let context = Context { options };
    let tree = parse(source, reporter)?;
    let root = At::root(source, reporter, &tree);
    duplicates(&root);
    let document = schema::main(&root, context);
    let mut jobs = document.jobs;
    let main_jobs = jobs.len();
    let mut included: Vec<PathBuf> = Vec::new();
    for (pattern, at) in &document.includes {
        match files::matching(pattern) {
            Err(message) => at.error(message),
            Ok(paths) => {
                for path in paths {
                    // A file that two patterns match is read twice, and its job names are found to repeat.
                    jobs.extend(include(&path, &document.global, context, reporter));
                    included.push(path);
                }
            }
        }
    }
    unique(&jobs, reporter);
    let places = jobs
        .iter()
        .map(|job| Place {
            location: job.place.clone(),
            key_path: job.key_path.clone(),
        })
        .collect();
    Some(LoadedConfig {
        engine: EngineConfig {
            global: document.global,
            scrape_configs: jobs.into_iter().map(|job| job.config).collect(),
        },
        path: source.path().to_path_buf(),
        included,
        scrape_config_files: document.includes.into_iter().map(|(p, _)| p).collect(),
        warnings: Diagnostics::default(),
        main_jobs,
        places,
    })
}

fn include(
    path: &Path,
    global: &GlobalConfig,
    context: Context<'_>,
    reporter: &Reporter,
) -> Vec<Job> {
    let Some(source) = read(path, reporter) else {
        return Vec::new();
    };
    let Some(tree) = parse(&source, reporter) else {
        return Vec::new();
    };
    let root = At::root(&source, reporter, &tree);
    duplicates(&root);
    schema::included(&root, global, context)
}

/// Reports job names that are used again.
fn unique(jobs: &[Job], reporter: &Reporter) {
    let mut first: HashMap<&str, &Job> = HashMap::with_capacity(jobs.len());
    for job in jobs {
        let name = job.config.job_name.as_str();
        if name.is_empty() {
            continue;
        }
        let Some(earlier) = first.get(name) else {
            first.insert(name, job);
            continue;
        };
        reporter.report(Diagnostic {
            severity: Severity::Error,
            message: format!("job name {name:?} is used by more than one scrape config"),
            location: job.place.clone(),
            key_path: job.key_path.clone(),
            help: None,
            related: vec![Related {
                message: format!("first used in {}", earlier.place.file.display()),
                location: earlier.place.clone(),
            }],
        });
    }
}

/// The files that a main file includes, as far as the text can be read at all.
pub(crate) fn paths_of_includes(path: &Path, text: Vec<u8>) -> Vec<PathBuf> {
    let Ok(text) = String::from_utf8(text) else {
        return Vec::new();
    };
    // What is wrong with the file is said when it is loaded.
    let reporter = Reporter::default();
    let source = Source::new(path, text);
    let Some(tree) = parse(&source, &reporter) else {
        return Vec::new();
    };
    schema::patterns(&At::root(&source, &reporter, &tree))
        .iter()
        .filter_map(|(pattern, _)| files::matching(pattern).ok())
        .flatten()
        .collect()
}
