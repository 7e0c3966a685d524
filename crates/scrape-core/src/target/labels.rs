//! Labels with a meaning.

/// Names of labels that steer a scrape.
pub mod names {
    /// Host and port.
    pub const ADDRESS: &str = "__address__";
    /// `http` or `https`.
    pub const SCHEME: &str = "__scheme__";
    /// Path of the request.
    pub const METRICS_PATH: &str = "__metrics_path__";
    /// Time between scrapes.
    pub const INTERVAL: &str = "__scrape_interval__";
    /// Time a scrape may take.
    pub const TIMEOUT: &str = "__scrape_timeout__";
    /// Unix socket to dial instead of the address.
    pub const UNIX_SOCKET: &str = "__unix_socket__";
    /// Whether native histograms are stored.
    pub const NATIVE_HISTOGRAMS: &str = "__scrape_native_histograms__";
    /// Whether classic series are stored beside native histograms.
    pub const ALWAYS_CLASSIC: &str = "__always_scrape_classic_histograms__";
    /// Whether classic histograms become native ones with custom buckets.
    pub const CONVERT_TO_NHCB: &str = "__convert_classic_histograms_to_nhcb__";
    /// Prefix of query parameters.
    pub const PARAM_PREFIX: &str = "__param_";
    /// Prefix of what discovery says about a target; gone after relabeling.
    pub const META_PREFIX: &str = "__meta_";
    /// Prefix of labels that never go onto samples.
    pub const RESERVED_PREFIX: &str = "__";
    /// The job's name.
    pub const JOB: &str = "job";
    /// Who exactly, by default the address.
    pub const INSTANCE: &str = "instance";
}
