//! The command line as typed. Long flags are spelled as Prometheus spells them.

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use scrape_core::{ByteSize, PromDuration};
use std::path::PathBuf;

/// Scrapes Prometheus targets and stores what they expose.
#[derive(Debug, Parser)]
#[command(name = "scrape-cli", version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Discover targets, scrape them on schedule and store the samples
    Run(Box<RunArgs>),
    /// Check files without running anything
    #[command(subcommand)]
    Check(CheckCommand),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RunArgs {
    /// Configuration file (YAML, or TOML by its extension). Without it `prometheus.yml` in the working
    /// directory is used, and without that the program scrapes itself
    #[arg(long = "config.file", value_name = "FILE")]
    pub(crate) config_file: Option<PathBuf>,

    /// Reload the configuration when its files change
    #[arg(long = "config.auto-reload", num_args = 0..=1, default_value_t = false, default_missing_value = "true", require_equals = true, value_name = "BOOL")]
    pub(crate) auto_reload: bool,

    /// How often to look for changed configuration files; at least 1s
    #[arg(long = "config.auto-reload-interval", default_value = "30s", value_name = "DURATION", value_parser = duration)]
    pub(crate) auto_reload_interval: PromDuration,

    /// Address to listen on; may be repeated. Nobody outside this host can read the default
    #[arg(
        long = "web.listen-address",
        default_value = "127.0.0.1:9090",
        value_name = "ADDRESS"
    )]
    pub(crate) listen: Vec<String>,

    /// Allow reload and shutdown by HTTP request
    #[arg(long = "web.enable-lifecycle", num_args = 0..=1, default_value_t = false, default_missing_value = "true", require_equals = true, value_name = "BOOL")]
    pub(crate) lifecycle: bool,

    /// URL under which this program is reachable from outside, for links
    #[arg(long = "web.external-url", value_name = "URL")]
    pub(crate) external_url: Option<String>,

    /// TLS and authentication of the listener; not available in this build
    #[arg(long = "web.config.file", value_name = "FILE")]
    pub(crate) web_config: Option<PathBuf>,

    /// Directory of the store
    #[arg(
        long = "storage.tsdb.path",
        default_value = "data/",
        value_name = "DIR"
    )]
    pub(crate) storage_path: PathBuf,

    /// How long samples are kept
    #[arg(long = "storage.tsdb.retention.time", alias = "storage.tsdb.retention", default_value = "15d", value_name = "DURATION", value_parser = duration)]
    pub(crate) retention_time: PromDuration,

    /// How many bytes the store may take, such as 10GB; 0 is no limit
    #[arg(long = "storage.tsdb.retention.size", default_value = "0", value_name = "SIZE", value_parser = size)]
    pub(crate) retention_size: ByteSize,

    /// Compress the write-ahead log with snappy
    #[arg(long = "storage.tsdb.wal-compression", num_args = 0..=1, default_value_t = true, default_missing_value = "true", require_equals = true, value_name = "BOOL")]
    pub(crate) wal_compression: bool,

    /// Do not create a lock file in the store's directory
    #[arg(long = "storage.tsdb.no-lockfile", num_args = 0..=1, default_value_t = false, default_missing_value = "true", require_equals = true, value_name = "BOOL")]
    pub(crate) no_lockfile: bool,

    /// Accepted for compatibility: this build keeps everything in the write-ahead log and cuts no blocks
    #[arg(long = "storage.tsdb.min-block-duration", value_name = "DURATION", value_parser = duration, hide = true)]
    pub(crate) min_block_duration: Option<PromDuration>,

    /// Accepted for compatibility: this build keeps everything in the write-ahead log and cuts no blocks
    #[arg(long = "storage.tsdb.max-block-duration", value_name = "DURATION", value_parser = duration, hide = true)]
    pub(crate) max_block_duration: Option<PromDuration>,

    /// Agent mode: the directory can be handed to a Prometheus agent (no metadata records in the log)
    #[arg(long = "agent", num_args = 0..=1, default_value_t = false, default_missing_value = "true", require_equals = true, value_name = "BOOL")]
    pub(crate) agent: bool,

    /// Directory of the store in agent mode
    #[arg(
        long = "storage.agent.path",
        default_value = "data-agent/",
        value_name = "DIR"
    )]
    pub(crate) agent_path: PathBuf,

    /// Compress the write-ahead log in agent mode
    #[arg(long = "storage.agent.wal-compression", num_args = 0..=1, default_value_t = true, default_missing_value = "true", require_equals = true, value_name = "BOOL")]
    pub(crate) agent_wal_compression: bool,

    /// Do not create a lock file in the store's directory in agent mode
    #[arg(long = "storage.agent.no-lockfile", num_args = 0..=1, default_value_t = false, default_missing_value = "true", require_equals = true, value_name = "BOOL")]
    pub(crate) agent_no_lockfile: bool,

    /// How often changed target lists are applied
    #[arg(long = "scrape.discovery-reload-interval", alias = "discovery.reload.interval", default_value = "5s", value_name = "DURATION", value_parser = duration)]
    pub(crate) discovery_reload_interval: PromDuration,

    /// Snap the timestamps of scrapes that start a little late to the schedule
    #[arg(long = "scrape.adjust-timestamps", num_args = 0..=1, default_value_t = true, default_missing_value = "true", require_equals = true, value_name = "BOOL", hide = true)]
    pub(crate) adjust_timestamps: bool,

    /// How much a scrape may be late and still be snapped to the schedule
    #[arg(long = "scrape.timestamp-tolerance", default_value = "2ms", value_name = "DURATION", value_parser = duration, hide = true)]
    pub(crate) timestamp_tolerance: PromDuration,

    /// Comma-separated feature names as Prometheus knows them; may be repeated
    #[arg(long = "enable-feature", value_delimiter = ',', value_name = "NAME")]
    pub(crate) features: Vec<String>,

    /// Least severe messages to log
    #[arg(long = "log.level", default_value = "info", value_name = "LEVEL")]
    pub(crate) log_level: LogLevel,

    /// Format of log messages
    #[arg(long = "log.format", default_value = "logfmt", value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Logfmt,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CheckCommand {
    /// Check configuration files and the files they refer to
    Config(CheckConfigArgs),
    /// Check an exposition: parse it, point at errors, lint names, types and units
    Metrics(CheckMetricsArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CheckConfigArgs {
    /// Files to check
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Only check the syntax, not the files that are referred to
    #[arg(long)]
    pub(crate) syntax_only: bool,

    /// Check as for agent mode
    #[arg(long)]
    pub(crate) agent: bool,

    /// Check as for a program with these features; the one of consequence is openmetrics2
    #[arg(long = "enable-feature", value_delimiter = ',', value_name = "NAME")]
    pub(crate) features: Vec<String>,

    /// Rules of thumb to apply: all, none, or a comma-separated list of duplicate-targets and
    /// too-long-scrape-interval
    #[arg(long, default_value = "all", value_name = "LINTS")]
    pub(crate) lint: String,

    /// Exit with 3 when a rule of thumb is broken; `--lint-fatal=false` only prints it
    #[arg(long, num_args = 0..=1, default_value_t = true, default_missing_value = "true", require_equals = true, value_name = "BOOL")]
    pub(crate) lint_fatal: bool,

    /// How to print
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    pub(crate) output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    Text,
    Json,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CheckMetricsArgs {
    /// File to check; `-` or nothing reads standard input
    #[arg(default_value = "-", value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Format of the body
    #[arg(long, default_value = "auto", value_name = "FORMAT")]
    pub(crate) format: MetricsFormat,

    /// Apply every rule of the format's specification, not only what Prometheus enforces
    #[arg(long)]
    pub(crate) strict: bool,

    /// Also print how many series and label values each metric has
    #[arg(long)]
    pub(crate) extended: bool,

    /// How to print
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    pub(crate) output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MetricsFormat {
    /// OpenMetrics if the body ends with `# EOF`, protobuf if it starts as such, otherwise text
    Auto,
    /// Prometheus text 0.0.4 and 1.0.0
    Text,
    /// OpenMetrics 1.x
    Openmetrics,
    /// OpenMetrics 2.0, a draft
    #[cfg(feature = "om2")]
    Openmetrics2,
    /// Delimited protobuf
    Protobuf,
}

fn duration(s: &str) -> Result<PromDuration, String> {
    s.parse().map_err(|e| format!("{e}"))
}

fn size(s: &str) -> Result<ByteSize, String> {
    s.parse().map_err(|e| format!("{e}"))
}
