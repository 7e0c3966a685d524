//! What the process decides about scraping, as opposed to what the configuration file says.

use std::time::Duration;

/// How often changed target sets are taken over, unless told otherwise.
pub const DEFAULT_RELOAD_INTERVAL: Duration = Duration::from_secs(5);

/// Settings of the manager that do not change while the process runs.
#[derive(Debug, Clone)]
pub struct ManagerOptions {
    /// Time between two reloads of target sets; zero means [`DEFAULT_RELOAD_INTERVAL`].
    pub discovery_reload_interval: Duration,
    /// Take over the first target sets at once instead of at the first tick.
    pub discovery_reload_on_startup: bool,
    /// Added to the offset of every target before its first scrape.
    pub initial_scrape_offset: Duration,
    /// Scrape every target once more when the manager stops, even those that wait for their first scrape.
    pub scrape_on_shutdown: bool,
    /// Write the scheduled instead of the real time when a scrape starts at most
    /// [`Self::timestamp_tolerance`] from it.
    pub adjust_timestamps: bool,
    /// See [`Self::adjust_timestamps`]; one percent of the interval caps it.
    pub timestamp_tolerance: Duration,
    /// Name of this host, part of the seed that spreads scrapes over time. Fully qualified where known.
    pub host_name: String,
    /// Complete addresses without a port by `:80` or `:443`, as Prometheus 2 did.
    pub append_default_port: bool,
    /// Hand metadata (type, help, unit) to storage.
    pub append_metadata: bool,
    /// Read start timestamps and append zero samples for them.
    pub start_timestamp_zero_ingestion: bool,
    /// Read start timestamps and hand them to storage with the samples.
    pub parse_start_timestamps: bool,
    /// Work out the start timestamps of cumulative series exposed without: the first value of a series is not
    /// stored, later ones are stored as the difference to it.
    pub synthesize_start_timestamps: bool,
    /// Type and unit of a family become the labels `__type__` and `__unit__`.
    pub type_and_unit_labels: bool,
    /// Take bodies of OpenMetrics 2.0, in a build that reads them (cargo feature `om2`); otherwise their content
    /// type counts as unsupported.
    pub openmetrics2: bool,
    /// Pools that are created or reloaded at the same time; zero means one per CPU.
    pub concurrent_pool_operations: usize,
}

impl Default for ManagerOptions {
    fn default() -> Self {
        Self {
            discovery_reload_interval: DEFAULT_RELOAD_INTERVAL,
            discovery_reload_on_startup: false,
            initial_scrape_offset: Duration::ZERO,
            scrape_on_shutdown: false,
            adjust_timestamps: true,
            timestamp_tolerance: Duration::from_millis(2),
            host_name: String::new(),
            append_default_port: false,
            append_metadata: true,
            start_timestamp_zero_ingestion: false,
            parse_start_timestamps: false,
            synthesize_start_timestamps: false,
            type_and_unit_labels: false,
            openmetrics2: false,
            concurrent_pool_operations: 0,
        }
    }
}

impl ManagerOptions {
    /// The reload interval with its default applied.
    pub(crate) fn reload_interval(&self) -> Duration {
        match self.discovery_reload_interval {
            Duration::ZERO => DEFAULT_RELOAD_INTERVAL,
            interval => interval,
        }
    }

    /// How many pools may be worked on at once.
    pub(crate) fn pool_operations(&self) -> usize {
        match self.concurrent_pool_operations {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n,
        }
    }
}
