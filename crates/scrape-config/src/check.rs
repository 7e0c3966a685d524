//! `check config`: everything that can be known about configuration files without running them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

pub use crate::lint::{Lints, UnknownLint};

use crate::diagnose::{Diagnostic, Severity};
use crate::lint;
use crate::load::{LoadOptions, load_file};

/// How much to check.
#[derive(Debug, Clone)]
pub struct CheckOptions {
    /// How the file would be loaded. `check_files` follows from `syntax_only`.
    pub load: LoadOptions,
    /// Leave out everything that depends on other files than configuration files.
    pub syntax_only: bool,
    /// The rules of thumb to apply.
    pub lints: Lints,
    /// Whether a broken rule of thumb makes the check fail.
    pub lint_fatal: bool,
    /// How far back a query looks for the last sample of a series.
    pub lookback_delta: Duration,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self {
            load: LoadOptions::default(),
            syntax_only: false,
            lints: Lints::default(),
            lint_fatal: false,
            lookback_delta: Duration::from_secs(5 * 60),
        }
    }
}

/// What a check has found.
#[derive(Debug, Clone, Serialize)]
pub struct CheckReport {
    /// One for each file, in the order given.
    pub files: Vec<FileReport>,
    lint_fatal: bool,
}

/// What a check has found in one file and those it includes.
#[derive(Debug, Clone, Serialize)]
pub struct FileReport {
    /// The file.
    pub path: PathBuf,
    /// Whether it can be used.
    pub valid: bool,
    /// Jobs in it and the files it includes.
    pub jobs: usize,
    /// The files it includes.
    pub included: Vec<PathBuf>,
    /// Errors, warnings and broken rules of thumb.
    pub findings: Vec<Diagnostic>,
    /// Findings beyond those.
    pub omitted: usize,
}

/// Checks files, each on its own.
pub fn check_config(files: &[PathBuf], options: &CheckOptions) -> CheckReport {
    CheckReport {
        files: files.iter().map(|path| check_file(path, options)).collect(),
        lint_fatal: options.lint_fatal,
    }
}

fn check_file(path: &Path, options: &CheckOptions) -> FileReport {
    let load = LoadOptions {
        check_files: !options.syntax_only,
        ..options.load.clone()
    };
    let mut report = FileReport {
        path: path.to_path_buf(),
        valid: true,
        jobs: 0,
        included: Vec::new(),
        findings: Vec::new(),
        omitted: 0,
    };
    match load_file(path, &load) {
        Ok(config) => {
            report.jobs = config.engine.scrape_configs.len();
            report.omitted = config.warnings.omitted();
            if !options.syntax_only {
                let found = lint::run(&config, &options.lints, options.lookback_delta);
                report.findings = found;
            }
            report.findings.extend(config.warnings.iter().cloned());
            report.included = config.included;
        }
        Err(diagnostics) => {
            report.valid = false;
            report.omitted = diagnostics.omitted();
            report.findings = diagnostics.iter().cloned().collect();
        }
    }
    report
}

impl FileReport {
    /// Number of findings of one severity.
    pub fn count(&self, severity: Severity) -> usize {
        let of = |d: &&Diagnostic| d.severity == severity;
        self.findings.iter().filter(of).count()
    }

    /// The report as text, with or without terminal colours. Ends in a newline.
    pub fn render(&self, colours: bool) -> String {
        let path = self.path.display();
        let mut out = format!("Checking {path}\n");
        for finding in &self.findings {
            out.push_str(&finding.render(colours));
            out.push_str("\n\n");
        }
        if self.omitted > 0 {
            out.push_str(&format!("and {} more\n\n", self.omitted));
        }
        if !self.valid {
            let errors = self.count(Severity::Error) + self.omitted;
            let s = if errors == 1 { "" } else { "s" };
            out.push_str(&format!("  FAILED: {path} has {errors} error{s}\n"));
            return out;
        }
        if !self.included.is_empty() {
            let n = self.included.len();
            out.push_str(&format!("  SUCCESS: {n} scrape config files found\n"));
        }
        out.push_str(&format!(
            "  SUCCESS: {path} is valid prometheus config file syntax\n"
        ));
        out
    }
}

impl CheckReport {
    /// Exit code of a run that succeeds.
    pub const SUCCESS: u8 = 0;
    /// Exit code of a run that finds an error.
    pub const FAILURE: u8 = 1;
    /// Exit code of a run that finds no error but a broken rule of thumb, where that is to count.
    pub const LINT: u8 = 3;

    /// The exit code of the check.
    pub fn exit_code(&self) -> u8 {
        if self.files.iter().any(|f| !f.valid) {
            return Self::FAILURE;
        }
        let linted = self.files.iter().any(|f| f.count(Severity::Lint) > 0);
        if linted && self.lint_fatal {
            return Self::LINT;
        }
        Self::SUCCESS
    }

    /// The report as text, with or without terminal colours.
    pub fn render(&self, colours: bool) -> String {
        let files: Vec<_> = self.files.iter().map(|f| f.render(colours)).collect();
        files.join("\n")
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}
